import { type Noise, rhoAt } from "../noise/noise.ts";
import { rhoChange, rhoStepInto } from "./rho-step.ts";
import type { Sampler } from "./sampler.ts";
import { type Tableau, tableaus } from "./tableaus.ts";

/**
 * rhoRK-DEIS: a Runge-Kutta method on d(x / alpha) / d rho = eps. Stage i sits at rho_i = rho_t + c_i (rho_s - rho_t) and
 * asks the model at the time that belongs to it.
 *
 * As many model calls a step as stages; the order is the tableau's. With Euler it is DDIM, with Heun on
 * variance-exploding noise the sampler of EDM. A last step to the clean end, sigma = 0, is one of Euler, to the predicted
 * x0: no model can be asked there.
 *
 * Source: Zhang and Chen 2023 (2204.13902), section 4; Karras et al. 2022 (2206.00364), algorithm 1.
 */
export function rhoRungeKutta(tableau: Tableau): Sampler {
  return {
    name: `rho-${tableau.name}`,
    calls: tableau.b.length,
    stochastic: false,
    async stepInto({ t, s, x, next, noise, predict }) {
      const { a, b } = noise.sigma(s) === 0 ? tableaus.euler : tableau;
      const step = rhoChange(noise, t, s);
      const predictions = [await predict()];
      for (const row of a.slice(1)) {
        const time = stageTime({ noise, t, s, fraction: row.reduce((sum, weight) => sum + weight, 0) });
        const stage = new Float64Array(x.length);
        const weights = row.map((weight) => weight * step);
        rhoStepInto(stage, { x, noise, t, s: time, weights, predictions: predictions.slice(0, row.length) });
        predictions.push(await predict({ x: stage, time }));
      }
      rhoStepInto(next, { x, noise, t, s, weights: b.map((weight) => weight * step), predictions });
    },
  };
}

/** The time a fraction of the way in rho; the ends as they are, for models that know few times. */
function stageTime({
  noise,
  t,
  s,
  fraction,
}: {
  noise: Noise;
  t: number;
  s: number;
  fraction: number;
}): number {
  if (fraction === 0) return t;
  if (fraction === 1) return s;
  return noise.timeAt(-Math.log(rhoAt(noise, t) + fraction * rhoChange(noise, t, s)));
}
