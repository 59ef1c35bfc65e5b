import { checkOrder } from "./check-order.ts";
import { type DpmForm, dataForm, noiseForm } from "./dpm-form.ts";
import { dpmStep } from "./dpm-step.ts";
import { remember } from "./history.ts";
import type { Sampler } from "./sampler.ts";

/** What the multistep solvers are made with. */
export interface DpmSolverOptions {
  /** 1, 2 or 3, default 2. */
  readonly order?: number;
  /** How much noise, >= 0: 0 (default) follows the probability flow, 1 the reverse SDE. */
  readonly eta?: number;
  /**
   * How order 2 weights the slope of M: by its exact integral, phi_2 (true; "taylor", in SDE solvers also called "heun"),
   * or by phi_1 / 2 (false, default; "dpmsolver", "midpoint"). Order 3 has its own weights but for its second step.
   */
  readonly taylor?: boolean;
  /** Falls to order 1 towards the end, so that few steps stay stable; default true. Order 3 is reached without. */
  readonly lowerOrderFinal?: boolean;
  /** Multiplies the noise that is added, default 1. */
  readonly noiseScale?: number;
}

/**
 * DPM-Solver, multistep: eps is expanded in lambda around t, with slopes from the predictions of the steps before. Order
 * 1 is DDIM with eta = 0; with eta = 1 it differs from the ancestral step of DDPM, by h^2 in the mean and h^1.5 in the
 * deviation. The first steps have as many orders as there are predictions.
 *
 * One model call a step. Order: `order` (eta = 0); in law, by the variance of a Gaussian, 1 for order 1 and 2 for orders 2
 * and 3 (eta > 0). Source: Lu et al. 2022 (2206.00927) and, for the multistep form, 2211.01095, algorithm 2; the SDE with
 * eta = 1 is sde-dpmsolver of diffusers. Update in dpm-step.ts.
 */
export function dpmSolver(options: DpmSolverOptions = {}): Sampler {
  const { order = 2, eta = 0, taylor = false } = options;
  const variant = `${eta > 0 ? "-sde" : ""}${taylor ? "-taylor" : ""}`;
  return multistep(noiseForm, {
    ...options,
    name: `dpm-solver${variant}:order=${order}${eta > 0 ? `:eta=${eta}` : ""}`,
  });
}

/**
 * DPM-Solver++, multistep: x0 is expanded in lambda around t. Order 2 is known as DPM++ 2M and order 3 as DPM++ 3M; with
 * eta = 1 they are DPM++ 2M SDE and 3M SDE. Order 1 is DDIM with eta = 0, and with eta = 1 the ancestral step of DDPM; in
 * between the two add different amounts of noise, the variance here being sigma_s^2 (1 - e^(-2 eta h)).
 *
 * One model call a step. Order: `order` (eta = 0); in law, by the variance of a Gaussian, 1 for order 1 and 2 for orders 2
 * and 3 (eta > 0). Source: Lu et al. 2022 (2211.01095), algorithm 2; any eta and order 3 with noise as in
 * k-diffusion (Crowson 2022), whose 3M SDE takes `taylor`, no `lowerOrderFinal`, and half of the second derivative
 * (dpm-step.ts).
 */
export function dpmSolverPlusPlus(options: DpmSolverOptions = {}): Sampler {
  const { order = 2, eta = 0, taylor = false } = options;
  const variant = `${eta > 0 ? "-sde" : ""}${taylor ? (eta > 0 ? "-heun" : "-taylor") : ""}`;
  return multistep(dataForm, {
    ...options,
    name: `dpmpp-${order}m${variant}${eta > 0 ? `:eta=${eta}` : ""}`,
  });
}

function multistep(
  form: DpmForm,
  {
    name,
    order = 2,
    eta = 0,
    taylor = false,
    lowerOrderFinal = true,
    noiseScale = 1,
  }: DpmSolverOptions & { readonly name: string },
): Sampler {
  checkOrder(name, order, [1, 3]);
  checkNoise(name, { eta, noiseScale });
  return {
    name,
    calls: 1,
    stochastic: eta > 0,
    async stepInto({ t, s, x, next, ahead, noise, memory, predict, normal }) {
      const levels = { alpha: noise.alpha(t), sigma: noise.sigma(t) };
      const value = form.prediction(x, await predict(), levels);
      const [latest, ...before] = remember(memory, { t, value }, order);
      const most = lowerOrderFinal ? Math.min(order, ahead.length) : order;
      const others = before.slice(0, most - 1);
      const z = eta > 0 && noise.sigma(s) > 0 ? normal() : undefined;
      const midpoint = !taylor && others.length === 1;
      next.set(dpmStep({ form, noise, s, x, latest: latest!, others, midpoint, eta, noiseScale, z }));
    },
  };
}

/** @throws RangeError unless both are >= 0 and finite */
export function checkNoise(name: string, { eta, noiseScale }: { eta: number; noiseScale: number }): void {
  if (!(eta >= 0 && noiseScale >= 0 && Number.isFinite(eta) && Number.isFinite(noiseScale))) {
    throw new RangeError(`${name}: eta = ${eta}, noiseScale = ${noiseScale}; expected numbers >= 0`);
  }
}
