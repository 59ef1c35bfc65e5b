import type { SampleJob } from "./job.ts";
import type { JobRows, Range, RangeCost } from "./sample-range.ts";

/** What a thread is started with. */
export interface ThreadData {
  /** Without given tokens: those of a range come with it. */
  readonly job: Omit<SampleJob, "given">;
  /** Threads of one model call. */
  readonly threads: number;
  /** Shared with the thread that opened this one. */
  readonly flags: Int32Array;
}

/** Flags that can be read when no message can: STOP, is the thread to stop? BUSY, may the runtime be at work? */
export const STOP = 0;
export const BUSY = 1;

/** What a thread is told: to make a range, or to end. */
export type ThreadRequest = { readonly range: Range; readonly given?: Int32Array } | "end";

/** What a thread says. */
export type ThreadAnswer =
  | { readonly kind: "ready"; readonly length: number; readonly grown: number }
  | { readonly kind: "step"; readonly share: number }
  | { readonly kind: "rows"; readonly rows: JobRows & { readonly cost: RangeCost } }
  | { readonly kind: "failed"; readonly message: string; readonly outOfRange: boolean };
