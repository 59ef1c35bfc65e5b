import type { Denoiser } from "../denoisers/denoiser.ts";
import type { Noise } from "../noise/noise.ts";

/** One step t -> s of a batch. */
export interface Step {
  readonly t: number;
  readonly s: number;
  /** Steps done before this one. */
  readonly index: number;
  /**
   * The times after t, `ahead[0]` being s. A step is a function of t and s; the rest is read by methods that lower their
   * order towards the end, and by those that solve several steps at once.
   */
  readonly ahead: Float64Array;
  readonly batch: number;
  readonly dimension: number;
  /** [batch, dimension] at t; not to be written. */
  readonly x: Float64Array;
  /** [batch, dimension] at s; starts as a copy of `x`. */
  readonly next: Float64Array;
  readonly noise: Noise;
  /**
   * What a sampler remembers between steps of a run, part of the saved state. Replace an array, do not write into it:
   * earlier states hold it too.
   */
  readonly memory: Record<string, Float64Array>;
  /** eps(x, t), a fresh [rows, dimension] array: one model call. */
  predict(input?: Prediction): Promise<Float64Array>;
  /**
   * Standard normals, a fresh [batch, dimension] array. The same for the same row, step and stage, in any batch.
   *
   * @param options.stage tells the draws of one step apart, default 0
   * @param options.index the step they belong to, default this one
   */
  normal(options?: { stage?: number; index?: number }): Float64Array;
}

/** What to predict; by default x at t. */
export interface Prediction {
  /** [rows, dimension]; any number of rows go through the model as one call. */
  readonly x?: Float64Array;
  /** One time for all rows, or [rows]. */
  readonly time?: number | Float64Array;
  /** Another model of the same numbers than the run's own; its calls count too. */
  readonly denoiser?: Denoiser;
}

/** How one step is made. */
export interface Sampler {
  readonly name: string;
  /** Predictions a step makes at most, one after the other. */
  readonly calls: number;
  /** Whether it draws noise on the way; without, it follows the probability flow. */
  readonly stochastic: boolean;
  /** True where the rows of a run act on each other, as particles do: all are then run together. Default false. */
  readonly coupled?: boolean;
  /** What the deviation of the points that a run draws to start from is multiplied by. Default 1. */
  readonly startScale?: number;
  /** Writes x at s into `step.next`. */
  stepInto(step: Step): Promise<void>;
}
