import type { WeightFormatName } from "../../src/import/weight-formats/weight-format.ts";
import type { Best } from "./interleaved.ts";
import type { Memory } from "./peak-memory.ts";
import type { Mode } from "./reference.ts";
import type { Shape } from "./shapes.ts";

/** Seconds of a run of sampling, and of these the seconds inside the network. */
export interface RunTime {
  readonly seconds: number;
  readonly network: number;
}

/** One sequence in so many steps. */
export interface Sampled {
  readonly steps: number;
  /** With only the rows that are decided. */
  readonly sparse: Best<RunTime>;
  /** With all rows at every call. */
  readonly dense?: Best<RunTime>;
}

/** What was measured of one network. */
export interface MeasuredModel {
  readonly weights: WeightFormatName;
  /** Milliseconds of a call, by the number of rows that are asked for. */
  readonly forward: readonly { readonly rows: number; readonly best: Best<number> }[];
  readonly sampled: readonly Sampled[];
  /** Memory with only the rows that are decided, and with all. */
  readonly memory?: { readonly sparse: Memory; readonly dense: Memory };
  /** Differences of the logits of some rows: computed alone or with all, and from those of float32. */
  readonly alone: { readonly worst: number };
  readonly fromFloat32?: { readonly worst: number; readonly typical: number };
}

/** What was measured of PyTorch. */
export interface MeasuredReference {
  readonly torch: string;
  /** The largest difference of the two sides' logits, and the largest logit. */
  readonly check: { readonly worst: number; readonly largest: number };
  readonly forward: Readonly<Record<Mode, Best<number>>>;
  /** Runs of `REFERENCE_STEPS` steps; of 0 runs: at least that long, by the forward passes alone. */
  readonly sampled: Readonly<Record<Mode, Best<RunTime>>>;
}

/** What was measured of one shape. */
export interface Measured {
  readonly shape: Shape;
  readonly models: readonly MeasuredModel[];
  /** Or the sentence that says why there is none. */
  readonly reference: MeasuredReference | string;
}

/** Steps of the runs that are held against PyTorch's. */
export const REFERENCE_STEPS = 16;
