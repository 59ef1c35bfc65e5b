import { type Factories, makePart, type NamedPart, row } from "../make-part.ts";
import type { Noise } from "./noise/noise.ts";
import { makeSampler, schedules } from "./parts.ts";
import type { SampleOptions } from "./sample.ts";
import { dcSolver } from "./samplers/dc-solver.ts";
import type { Sampler } from "./samplers/sampler.ts";
import type { Ends, Schedule } from "./schedules/schedule.ts";
import { times } from "./schedules/times.ts";
import { decidedSampler, type StoredDecisions, storedCalls } from "./stored-decisions.ts";

/** Times as plans store them: a schedule by its name, or the times themselves, falling. */
export type StoredTimes = ({ readonly name: string } & Ends) | { readonly times: readonly number[] };

/** A way to sample a continuous model by names and numbers: plain data, as plans store it. */
export interface ContinuousMethod {
  /** A sampler of the parts table, one that takes ratios, or "unified", which takes decisions. */
  readonly solver: NamedPart;
  readonly schedule: StoredTimes;
  readonly steps: number;
  /** [steps] of DC-Solver, found for one model, schedule and guidance. */
  readonly ratios?: readonly number[];
  /** [steps] of the unified solver, found for one model and these times. */
  readonly decisions?: StoredDecisions;
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

/** Model calls of one run, at most. @throws RangeError as `continuousOptions` */
export function continuousCalls(method: ContinuousMethod): number {
  const steps = scheduleOf(method).steps;
  const calls = steps * samplerOf(method).calls;
  return (method.decisions ? storedCalls(method.decisions) : calls) + (method.denoise ? 1 : 0);
}

function samplerOf(method: ContinuousMethod): Sampler {
  const { solver, ratios, decisions, steps } = method;
  if ((solver.name === "unified") !== (decisions !== undefined)) {
    throw new RangeError(
      decisions
        ? `solver "${solver.name}" takes no decisions; expected "unified"`
        : `solver "unified" needs decisions, one a step; run a plan that has them`,
    );
  }
  const takesRatios = Object.hasOwn(ratioSamplers, solver.name);
  if (takesRatios !== (ratios !== undefined)) {
    throw new RangeError(
      takesRatios
        ? `solver "${solver.name}" needs ratios, one a step; run a plan that has them`
        : `solver "${solver.name}" takes no ratios; expected one of ${Object.keys(ratioSamplers).join(", ")}`,
    );
  }
  if (decisions) {
    if (decisions.steps.length === steps) return decidedSampler(decisions);
    throw new RangeError(`decisions: ${decisions.steps.length} for ${steps} steps; expected one for each`);
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
