import type { Denoiser } from "../denoisers/denoiser.ts";
import { givenRows } from "../given.ts";
import type { NamedPart } from "../make-part.ts";
import type { Model } from "../model/model.ts";
import { methodOptions, type PlainSchedule, type StoredSchedule } from "../optimize/method-parts.ts";
import { type SampleOptions, type State, steps } from "../sample.ts";

/** What to sample, in names and numbers as plans store them. Everything but the schedule and the count has a default. */
export interface Job {
  /** Counts or times, or the name of a plain schedule with its number of steps. */
  readonly schedule: StoredSchedule | PlainSchedule;
  /** Default `ancestral`. */
  readonly sampler?: NamedPart;
  /** Default `stratified`; leave it out where the process has no mask or the sampler decides itself. */
  readonly selector?: NamedPart;
  readonly corrector?: NamedPart;
  readonly temperature?: number;
  readonly topP?: number;
  /** Rows to make. */
  readonly count: number;
  /** Rows run together, default 8. */
  readonly batch?: number;
  /** Index of the first row; default 0. */
  readonly firstRow?: number;
  /** Default 0. Same seed and row, same tokens. */
  readonly seed?: number;
  /** Tokens that stay, -1 where the model fills in: [length], or [count, length]. */
  readonly given?: readonly number[];
}

/** The sampling options that a job stands for. @throws RangeError if a name or a number is not known */
export function jobOptions(job: Job, { process, noise }: Pick<Model, "process" | "noise">): SampleOptions {
  const { sampler = { name: "ancestral" }, topP, seed } = job;
  return {
    ...methodOptions({ ...job, sampler }, { process, noise }),
    ...(topP === undefined ? {} : { topP }),
    ...(seed === undefined ? {} : { seed }),
  };
}

/**
 * Every state of a job, batch after batch: what `sample()` goes through.
 *
 * @throws RangeError if a part is not known or an option is out of range
 */
export async function* jobStates(
  denoiser: Denoiser,
  job: Job,
  options: SampleOptions,
): AsyncGenerator<State, void, undefined> {
  const { count, batch = 8, firstRow = 0 } = job;
  const { length } = denoiser;
  for (const [name, value] of Object.entries({ count, batch })) {
    if (!Number.isInteger(value) || value < 1) {
      throw new RangeError(`sample: ${name} = ${value}; expected a whole number >= 1`);
    }
  }
  const given = job.given && givenRows(job.given, denoiser, count);
  for (let row = 0; row < count; row += batch) {
    const size = Math.min(batch, count - row);
    const own = given && { given: given.subarray(row * length, (row + size) * length) };
    yield* steps(denoiser, { ...options, ...own, count: size, firstRow: firstRow + row });
  }
}
