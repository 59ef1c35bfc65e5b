import type { ModelData } from "../model/model-measures.ts";
import type { Model } from "../node/index.ts";
import type { Found, SearchMethod } from "../optimize/find-schedules.ts";
import { plainSchedules } from "../parts.ts";
import type { Selector } from "../selectors/selector.ts";
import type { Progress } from "./progress.ts";

/** Names that `--schedule` takes: the plain ones, and those that are searched for. */
export const searchMethods: readonly SearchMethod[] = ["optimal", "jys", "bisect"];
export const scheduleNames: readonly string[] = [...Object.keys(plainSchedules), ...searchMethods];

/** Whether a method finds schedules by halving. */
export function halves(method: string | undefined): boolean {
  return method === "jys" || method === "bisect";
}

/** Whether n is 1, 2, 4, 8, ... */
export function isPowerOfTwo(n: number): boolean {
  return Number.isInteger(Math.log2(n));
}

export interface SearchSettings {
  readonly sequences: number;
  readonly levels: number;
  readonly seed: number;
  readonly batch: number;
  readonly predictSequences?: number;
}

/** A search for schedules of a model with its progress shown; also says where the data came from. */
export async function search(
  model: Model,
  request: {
    readonly steps: readonly number[];
    readonly method: SearchMethod;
    /** Absent where the process has no mask. */
    readonly selector?: Selector;
  },
  settings: SearchSettings & { readonly progress: Progress },
): Promise<Found & { readonly data: ModelData }> {
  const { steps, method, selector } = request;
  if (method === "bisect" && model.process.mask === undefined) {
    throw new RangeError(
      `schedule "bisect" is searched on masked data and the process ${model.process.name} has no mask; use optimal or jys`,
    );
  }
  // Picked one by one: callers pass all their options, and those have steps of their own.
  const { sequences, levels, seed, batch, predictSequences, progress } = settings;
  // Only here, as commands that search for nothing start faster without.
  const [{ searchData }, { findSchedules }] = await Promise.all([
    import("../model/model-measures.ts"),
    import("../optimize/find-schedules.ts"),
  ]);
  const data = await searchData(model, { count: sequences, seed, batch });
  const found = await findSchedules(model.denoiser, {
    steps,
    method,
    ...(selector ? { selector } : {}),
    data: data.tokens,
    process: model.process,
    noise: model.noise,
    levels,
    seed,
    batch,
    ...(predictSequences === undefined ? {} : { predictSequences }),
    progress: ({ what, share }) => progress.update(what, share),
  });
  return { ...found, data };
}
