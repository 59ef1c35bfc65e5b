/** The inputs of the golden files of Duo (chapters I and II), in the names of its code. */
import { linear, type Noise } from "../../src/index.ts";
import { sine } from "../../src/noise/sine.ts";

/** A noise by its name in the Duo code. */
export interface NoiseInputs {
  readonly type: "log-linear" | "cosine";
  readonly eps: number;
}

/** One step t -> s of one row, [D] tokens and [D][V] logits. */
export interface StepInputs {
  readonly V: number;
  readonly noise: NoiseInputs;
  readonly t: number;
  readonly s: number;
  readonly x: number[];
  readonly raw_logits: number[][];
}

/** The noise that is meant. */
export function noiseOf({ type, eps }: NoiseInputs): Noise {
  return type === "cosine" ? sine({ eps }) : linear({ eps });
}
