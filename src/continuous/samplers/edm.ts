/**
 * The samplers of EDM: Euler, Heun and DPM-Solver-2 in rho = sigma / alpha, with churn. Made for models that speak in
 * sigma (`varianceExploding`, `polynomial` times, sigma 0 last), where rho is sigma; they run on any noise. Without churn
 * they follow the probability flow, of order 1, 2 and 2, and Euler is DDIM.
 *
 * Source: Karras et al. 2022 (2206.00364), algorithms 1 and 2; `edmDpm2` is sample_dpm_2 of k-diffusion (Crowson 2022).
 */
import { type ChurnOptions, churned } from "./churned.ts";
import { dpmSolverSinglestep } from "./dpm-singlestep.ts";
import { rhoRungeKutta } from "./rho-runge-kutta.ts";
import type { Sampler } from "./sampler.ts";
import { tableaus } from "./tableaus.ts";

/** Euler with churn. One model call a step. */
export function edmEuler(options: ChurnOptions = {}): Sampler {
  return churned({ ...rhoRungeKutta(tableaus.euler), name: "edm-euler" }, options);
}

/** Heun with churn. Two model calls a step, one in a last step to sigma 0. */
export function edmHeun(options: ChurnOptions = {}): Sampler {
  return churned({ ...rhoRungeKutta(tableaus.heun), name: "edm-heun" }, options);
}

/**
 * DPM-Solver-2 with churn: x / alpha moves by (rho_s - rho_t)((1 - 1 / (2 r)) eps_t + eps_u / (2 r)), where u lies the
 * fraction r of the way in lambda, rho_u = rho_t^(1 - r) rho_s^r. Two model calls a step, one in a last step to sigma 0.
 *
 * @param options.ratio r in (0, 1], default 0.5: then eps_t has no weight. With 1 it is Heun
 */
export function edmDpm2({
  ratio = 0.5,
  ...options
}: ChurnOptions & { readonly ratio?: number } = {}): Sampler {
  if (!(ratio > 0 && ratio <= 1)) {
    throw new RangeError(`edmDpm2: ratio = ${ratio}; expected a number above 0 and up to 1, such as 0.5`);
  }
  const base = dpmSolverSinglestep({
    order: 2,
    inner: ({ steps, from, to }) => ({
      name: `ratio=${ratio}`,
      steps,
      resolve({ lambda, timeAt, horizon, cutoff }) {
        const [t, s] = [from ?? horizon, to ?? cutoff];
        const between = ratio === 1 ? s : timeAt((1 - ratio) * lambda(t) + ratio * lambda(s));
        return Float64Array.of(t, between, s);
      },
    }),
  });
  return churned({ ...base, name: ratio === 0.5 ? "edm-dpm-2" : `edm-dpm-2:ratio=${ratio}` }, options);
}
