import type { Noise } from "../noise/noise.ts";
import { remember } from "./history.ts";
import { rhoChange, rhoStepInto } from "./rho-step.ts";
import type { Sampler } from "./sampler.ts";

/** What a multistep method in rho weighs its predictions by. */
export interface Weighing {
  readonly noise: Noise;
  /** When the predictions were made, newest first; times[0] is t. */
  readonly times: Float64Array;
  readonly s: number;
}

/**
 * An explicit multistep method for d(x / alpha) / d rho = eps: x_s = alpha_s (x_t / alpha_t + sum_j w_j eps_j) with the
 * predictions of the latest steps. It starts with the one prediction there is and adds one a step. A last step to the
 * clean end, sigma = 0, goes to the predicted x0.
 *
 * One model call a step.
 *
 * @param options.keep predictions it uses at most
 * @param options.weights [times] weights of the predictions, newest first
 */
export function rhoMultistep({
  name,
  keep,
  weights,
}: {
  name: string;
  keep: number;
  weights(options: Weighing): ArrayLike<number>;
}): Sampler {
  return {
    name,
    calls: 1,
    stochastic: false,
    async stepInto({ t, s, x, next, noise, memory, predict }) {
      const kept = remember(memory, { t, value: await predict() }, keep);
      const times = Float64Array.from(kept, (one) => one.t);
      rhoStepInto(next, {
        x,
        noise,
        t,
        s,
        weights: noise.sigma(s) === 0 ? [rhoChange(noise, t, s)] : weights({ noise, times, s }),
        predictions: noise.sigma(s) === 0 ? [kept[0]!.value] : kept.map(({ value }) => value),
      });
    },
  };
}
