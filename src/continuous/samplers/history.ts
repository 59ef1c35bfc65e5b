/**
 * What a multistep method remembers: the latest predictions and the times they were made at, newest first, in the
 * memory of the run, so that a saved run goes on with them.
 */
import type { Step } from "./sampler.ts";

/** One prediction of an earlier step, or of this one. */
export interface Remembered {
  readonly t: number;
  /** [batch, dimension] */
  readonly value: Float64Array;
}

/** The predictions so far, newest first. */
export function recall(memory: Step["memory"]): Remembered[] {
  const times = memory["times"] ?? new Float64Array(0);
  return Array.from(times, (t, i) => ({ t, value: memory[`value${i}`]! }));
}

/** Puts a prediction before the others and keeps the newest `keep`; returns them. */
export function remember(memory: Step["memory"], latest: Remembered, keep: number): Remembered[] {
  return store(memory, [latest, ...recall(memory)].slice(0, keep));
}

/** Replaces what is remembered. */
export function store(memory: Step["memory"], kept: Remembered[]): Remembered[] {
  memory["times"] = Float64Array.from(kept, ({ t }) => t);
  kept.forEach(({ value }, i) => {
    memory[`value${i}`] = value;
  });
  return kept;
}
