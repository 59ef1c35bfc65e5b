import { makePart, type NamedPart } from "../make-part.ts";
import type { Noise } from "../noise/noise.ts";
import { correctors, plainSchedules, samplers, selectors } from "../parts.ts";
import type { Process } from "../processes/process.ts";
import type { SampleOptions } from "../sample.ts";
import { counts } from "../schedules/counts.ts";
import type { Schedule } from "../schedules/schedule.ts";
import { times } from "../schedules/times.ts";

/** A grid as plans store it: reveal counts from 0 to the length, or times from 1 to 0. */
export type StoredSchedule = { readonly name: string } & (
  | { readonly counts: readonly number[] }
  | { readonly times: readonly number[] }
);

/** A schedule that needs nothing but a number of steps, by its name. */
export interface PlainSchedule {
  readonly name: string;
  readonly steps: number;
}

/** A way to sample by the names of its parts: plain data, as plans store it. */
export interface MethodParts {
  readonly sampler: NamedPart;
  /** Absent where the process or the sampler leaves nothing to select. */
  readonly selector?: NamedPart;
  readonly corrector?: NamedPart;
  /** Divides the logits; default 1. */
  readonly temperature?: number;
  readonly schedule: StoredSchedule;
}

/** The sampling options that the parts stand for. @throws RangeError if a name or a number is not known */
export function methodOptions(
  {
    sampler,
    selector,
    corrector,
    temperature,
    schedule,
  }: Omit<MethodParts, "schedule"> & { readonly schedule: StoredSchedule | PlainSchedule },
  { process, noise }: { process: Process; noise: Noise },
): SampleOptions {
  return {
    process,
    noise,
    sampler: makePart("sampler", samplers, sampler),
    ...(selector ? { selector: makePart("selector", selectors, selector) } : {}),
    ...(corrector ? { corrector: makePart("corrector", correctors, corrector) } : {}),
    ...(temperature === undefined ? {} : { temperature }),
    schedule: scheduleFrom(schedule),
  };
}

/** The schedule of stored counts or times, or a plain one. @throws RangeError if it is not known or is none */
export function scheduleFrom(stored: StoredSchedule | PlainSchedule): Schedule {
  if ("steps" in stored) {
    const { name, steps } = stored;
    const make = Object.hasOwn(plainSchedules, name) ? plainSchedules[name] : undefined;
    if (make) return make({ steps });
    throw new RangeError(
      `schedule "${name}" is not known; expected one of ${Object.keys(plainSchedules).join(", ")}, or a list of counts or times`,
    );
  }
  return "counts" in stored
    ? counts(stored.counts, { name: stored.name })
    : times(stored.times, { name: stored.name });
}

/** A schedule as plans store it: reveal counts where the process has a mask, else times. */
export function storedSchedule(
  schedule: Schedule,
  { process, noise, length }: { process: Process; noise: Noise; length: number },
): StoredSchedule {
  const grid = schedule.resolve(noise, length);
  const { name } = schedule;
  return process.mask === undefined
    ? { name, times: Array.from(grid.times) }
    : { name, counts: Array.from(grid.counts) };
}

/** What one step and what its correction call the model. */
function callsPerStep({ sampler, corrector }: Pick<MethodParts, "sampler" | "corrector">): {
  step: number;
  correction: number;
} {
  return {
    step: makePart("sampler", samplers, sampler).calls,
    correction: corrector ? makePart("corrector", correctors, corrector).calls : 0,
  };
}

/** Model calls of one run, at most: those of every step, and of a correction after each but the last. */
export function callsOf(parts: MethodParts): number {
  const { step, correction } = callsPerStep(parts);
  const { schedule } = parts;
  const steps = ("counts" in schedule ? schedule.counts : schedule.times).length - 1;
  return steps * step + (steps - 1) * correction;
}

/** The most steps that fit in a number of model calls; 0 if not even one does. */
export function stepsWithin(calls: number, parts: Pick<MethodParts, "sampler" | "corrector">): number {
  const { step, correction } = callsPerStep(parts);
  return Number.isFinite(step) ? Math.floor((calls + correction) / (step + correction)) : calls;
}

/** A method as tables name it: "stratified, optimal", "psi:kappa=0.9, power:a=1:b=1.25". */
export function partsText({ sampler, selector, corrector, temperature, schedule }: MethodParts): string {
  return [
    schedule.name,
    ...(selector ? [partText(selector)] : []),
    ...(sampler.name === "ancestral" ? [] : [partText(sampler)]),
    ...(corrector ? [partText(corrector)] : []),
    ...(temperature === undefined ? [] : [`temperature ${temperature}`]),
  ].join(", ");
}

/** A part as it is typed on the command line. */
export function partText({ name, ...numbers }: NamedPart): string {
  return [name, ...Object.entries(numbers).map(([key, value]) => `${key}=${value}`)].join(":");
}
