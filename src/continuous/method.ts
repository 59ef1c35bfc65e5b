import { type Factories, makePart, type NamedPart, row } from "../make-part.ts";
import type { Noise } from "./noise/noise.ts";
import { makeSampler, schedules } from "./parts.ts";
import type { SampleOptions } from "./sample.ts";
import { dcSolver } from "./samplers/dc-solver.ts";
import type { Sampler } from "./samplers/sampler.ts";
import type { Ends, Schedule } from "./schedules/schedule.ts";
import { times } from "./schedules/times.ts";

/** Times as plans store them: a schedule by its name, or the times themselves, falling. */
export type StoredTimes = ({ readonly name: string } & Ends) | { readonly times: readonly number[] };

/** A way to sample a continuous model by names and numbers: plain data, as plans store it. */
export interface ContinuousMethod {
  /** A sampler of the parts table, or one that takes ratios. */
  readonly solver: NamedPart;
  readonly schedule: StoredTimes;
  readonly steps: number;
  /** [steps] of DC-Solver, found for one model, schedule and guidance. */
  readonly ratios?: readonly number[];
  /** Ends with the predicted x0 at the last time, for one call more; default false. */
  readonly denoise?: boolean;
}

/** Samplers made with a ratio a step, by name. */
export const ratioSamplers: Factories<(ratios: readonly number[]) => Sampler> = {
  "dc-solver": row((numbers) => (ratios) => dcSolver({ ...numbers, ratios }), "order", "compensationOrder"),
};

/**
 * The sampling options that a method stands for.
 *
 * @throws RangeError if a name or a number is not known, or there are not as many times or ratios as steps
 */
export function continuousOptions(
  method: ContinuousMethod,
  { noise }: { readonly noise: Noise },
): Pick<SampleOptions, "noise" | "schedule" | "sampler" | "denoise"> {
  return {
    noise,
    schedule: scheduleOf(method),
    sampler: samplerOf(method),
    denoise: method.denoise ?? false,
  };
}

/** Model calls of one run, at most. */
export function continuousCalls({ steps, denoise = false, ...method }: ContinuousMethod): number {
  return steps * samplerOf({ steps, ...method }).calls + (denoise ? 1 : 0);
}

function samplerOf({ solver, ratios, steps }: ContinuousMethod): Sampler {
  const takesRatios = Object.hasOwn(ratioSamplers, solver.name);
  if (takesRatios !== (ratios !== undefined)) {
    throw new RangeError(
      takesRatios
        ? `solver "${solver.name}" needs ratios, one a step; run a plan that has them`
        : `solver "${solver.name}" takes no ratios; expected one of ${Object.keys(ratioSamplers).join(", ")}`,
    );
  }
  if (!ratios) return makeSampler(solver);
  if (ratios.length !== steps) {
    throw new RangeError(`ratios: ${ratios.length} numbers for ${steps} steps; expected one for each`);
  }
  return makePart("solver", ratioSamplers, solver)(ratios);
}

function scheduleOf({ schedule, steps }: ContinuousMethod): Schedule {
  if ("times" in schedule) {
    const made = times(schedule);
    if (made.steps === steps) return made;
    throw new RangeError(
      `schedule: ${made.steps + 1} times for ${steps} steps; expected ${steps + 1}, the first and one after each step`,
    );
  }
  const { name, ...ends } = schedule;
  const make = Object.hasOwn(schedules, name) ? schedules[name] : undefined;
  if (make) return make({ steps, ...ends });
  throw new RangeError(
    `schedule "${name}" is not known; expected one of ${Object.keys(schedules).join(", ")}, or a list of times`,
  );
}
