import type { Schedule } from "../schedules/schedule.ts";

/** Times that a search found, and what it took. */
export interface FoundTimes {
  readonly schedule: Schedule;
  /** [steps + 1] falling, what the schedule resolves to. */
  readonly times: Float64Array;
  /** What was made small: of the times the search began with, and of those it found. Not the error of samples. */
  readonly objective: { readonly before: number; readonly after: number };
  /** Model calls of the search. */
  readonly calls: number;
  /** Rows sent through the model: a call on a batch of 8 counts 8. */
  readonly evaluations: number;
}
