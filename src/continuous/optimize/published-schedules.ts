import type { Noise } from "../noise/noise.ts";
import type { Schedule } from "../schedules/schedule.ts";
import { logLinear } from "./log-linear.ts";

/**
 * The published schedules of Align Your Steps for 10 steps, by model: rho = sigma / alpha, falling.
 *
 * Source: Sabour, Fidler and Kreis 2024 (2404.14507), table 3.
 */
export const publishedSchedules: Readonly<Record<PublishedModel, readonly number[]>> = {
  "stable-diffusion-1.5": [14.615, 6.475, 3.861, 2.697, 1.886, 1.396, 0.963, 0.652, 0.399, 0.152, 0.029],
  sdxl: [14.615, 6.315, 3.771, 2.181, 1.342, 0.862, 0.555, 0.38, 0.234, 0.113, 0.029],
  "deepfloyd-if": [160.41, 8.081, 3.315, 1.885, 1.207, 0.785, 0.553, 0.293, 0.186, 0.03, 0.006],
  "stable-video-diffusion": [700, 54.5, 15.886, 7.977, 4.248, 1.789, 0.981, 0.403, 0.173, 0.034, 0.002],
};

/** Models that a schedule was published for. */
export type PublishedModel = "stable-diffusion-1.5" | "sdxl" | "deepfloyd-if" | "stable-video-diffusion";

/**
 * The same for models of 1000 levels, as levels, 0 the least noised: for `levelTimes`. Each is the nearest to its sigma up
 * to one level; the schedule ends at level 0 or clean.
 *
 * Source: the released code of diffusers, after the authors' notebook.
 */
export const publishedLevels: Readonly<Record<"stable-diffusion-1.5" | "sdxl", readonly number[]>> = {
  "stable-diffusion-1.5": [999, 850, 736, 645, 545, 455, 343, 233, 124, 24],
  sdxl: [999, 845, 730, 587, 443, 310, 193, 116, 53, 13],
};

/**
 * A published schedule on any noise: the times at which rho = sigma / alpha is as published, for other numbers of steps by
 * `logLinear`. Printed levels are rounded: where the first or the last lies beyond the noise's own horizon or cutoff, it is
 * that.
 *
 * @param options.steps default 10
 * @throws RangeError if the model has no published schedule, or when resolved for a noise that is too narrow for it
 */
export function publishedSchedule(model: PublishedModel, { steps = 10 }: { steps?: number } = {}): Schedule {
  if (!Object.hasOwn(publishedSchedules, model)) {
    throw new RangeError(
      `publishedSchedule: no schedule was published for "${model}"; expected one of ${Object.keys(publishedSchedules).join(", ")}`,
    );
  }
  const name = `align-your-steps:${model}`;
  const levels = logLinear(publishedSchedules[model], steps);
  return { name, steps, resolve: (noise) => timesAtLevels(name, levels, noise) };
}

function timesAtLevels(name: string, levels: Float64Array, noise: Noise): Float64Array {
  const { horizon, cutoff } = noise;
  const times = levels.map((rho) => Math.min(horizon, Math.max(cutoff, noise.timeAt(-Math.log(rho)))));
  const stuck = times.findIndex((t, i) => i > 0 && !(t < times[i - 1]!));
  if (stuck > 0) {
    throw new RangeError(
      `${name}: sigma / alpha from ${levels[0]} to ${levels.at(-1)} is wider than noise ${noise.name}, which has times from ${horizon} to ${cutoff}; expected a noise like that of the model`,
    );
  }
  return times;
}
