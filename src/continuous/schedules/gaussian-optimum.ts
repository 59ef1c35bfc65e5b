import { rhoAt } from "../noise/noise.ts";
import { type EvenOptions, evenly, type Schedule } from "./schedule.ts";

/**
 * Evenly spaced in arctan(rho / c): for Gaussian data of deviation c in every direction the times at which DDIM ends
 * nearest to the data, in KL divergence,
 *
 *     rho_i = c tan((1 - i / N) arctan(rho_0 / c) + (i / N) arctan(rho_N / c))
 *
 * Its samples have cos((arctan(rho_0 / c) - arctan(rho_N / c)) / N)^N of their deviation.
 *
 * Source: Sabour, Fidler and Kreis 2024 (2404.14507), theorem 3.1.
 *
 * @param options.deviation c > 0, default 0.5
 */
export function gaussianOptimum({
  deviation = 0.5,
  ...options
}: EvenOptions & { readonly deviation?: number }): Schedule {
  if (!(deviation > 0 && Number.isFinite(deviation))) {
    throw new RangeError(
      `gaussianOptimum: deviation = ${deviation}; expected that of the data, a positive number such as 0.5`,
    );
  }
  return evenly(`gaussian-optimum:deviation=${deviation}`, options, (noise) => ({
    clock: (t) => Math.atan(rhoAt(noise, t) / deviation),
    back: (angle) => noise.timeAt(-Math.log(deviation * Math.tan(angle))),
  }));
}
