import type { Denoiser } from "../denoisers/denoiser.ts";
import type { Predictions } from "../denoisers/predictions.ts";
import type { Noise } from "../noise/noise.ts";
import type { Process } from "../processes/process.ts";
import type { Draw, Purpose } from "../random.ts";
import type { Selector } from "../selectors/selector.ts";

/** One step t -> s of a batch, as a sampler sees it: never the schedule it belongs to. */
export interface Step {
  readonly t: number;
  readonly s: number;
  readonly batch: number;
  readonly length: number;
  /** [batch, length] the tokens at t; not to be written. */
  readonly tokens: Int32Array;
  /** [batch, length] the tokens at s; starts as a copy of `tokens`. */
  readonly next: Int32Array;
  /** [batch, length] 1 where a token was given and must stay. */
  readonly fixed: Uint8Array;
  /** [batch] how many positions the schedule leaves masked after this step. */
  readonly left: Int32Array;
  readonly process: Process;
  readonly noise: Noise;
  readonly selector: Selector;
  /**
   * What a sampler remembers between steps of a run, part of the saved state. Replace an array, do not write
   * into it: earlier states hold it too.
   */
  readonly memory: Record<string, Float64Array>;
  /**
   * Predicted laws of the clean tokens: one model call, or none if a time-free model's input did not change.
   * The next call of `predict` for the same model ends what an earlier one returned: copy the rows that are needed
   * longer.
   */
  predict(input?: Prediction): Promise<Predictions>;
  /** The draws of a row in this step; `stage` separates several model calls. */
  draw(row: number, purpose: Purpose, stage?: number): Draw;
}

/** What to predict; by default the tokens at t. */
export interface Prediction {
  /** [batch, length] */
  readonly tokens?: Int32Array;
  /** One time for all rows, or [batch]. */
  readonly time?: number | Float64Array;
  /** Flat indexes row * length + position that will be read, ascending; absent means all. */
  readonly wanted?: Int32Array;
  /** Another model of the same tokens and positions than the run's own; its calls count too. */
  readonly denoiser?: Denoiser;
}

/** How one step is made. */
export interface Sampler {
  readonly name: string;
  /** Model calls a step makes at most. */
  readonly calls: number;
  /** Whether it asks the selector which positions commit; a selector set for one that does not is refused. */
  readonly selects: boolean;
  /** True where the rows of a run act on each other, as particles do: all are then run together. Default false. */
  readonly coupled?: boolean;
  /** Why this sampler cannot run on the process, or undefined if it can. */
  refuses(process: Process): string | undefined;
  /** Writes the tokens at s into `step.next`. */
  stepInto(step: Step): Promise<void>;
}
