import type { Step } from "../samplers/sampler.ts";
import type { StepSize } from "./step-size.ts";

/** A Langevin move of a batch: x + displacement + deviation z. */
export interface Move {
  /** [batch, dimension] the move without its noise */
  readonly displacement: Float64Array;
  /** [batch] */
  readonly deviation: Float64Array;
}

/** How a score becomes a move. */
export interface Dynamics {
  readonly name: string;
  /** Whether the deviation is sqrt(2 s), known before the score is. */
  readonly plainNoise: boolean;
  /**
   * The next move.
   *
   * @param score [batch, dimension] grad log p_t where x is @param z [batch, dimension] the noise of the move
   * @param step its memory is where a dynamics keeps what it remembers
   */
  move(score: Float64Array, z: Float64Array, size: StepSize, step: Step): Move;
}

/**
 * Langevin: displacement s g along the score g, deviation sqrt(2 s). Keeps p_t as s goes to 0; of a Gaussian of variance v
 * the stationary variance is v / (1 - s / (2 v)).
 */
export function overdamped(): Dynamics {
  return {
    name: "overdamped",
    plainNoise: true,
    move(score, z, size, step) {
      const sizes = size.of(score, z, step);
      return {
        displacement: scaledRows(score, sizes),
        deviation: sizes.map((s) => Math.sqrt(2 * s)),
      };
    },
  };
}

/** Every row times its own factor. @param values [batch, dimension] @param factors [batch] */
export function scaledRows(values: Float64Array, factors: Float64Array): Float64Array {
  const dimension = values.length / factors.length;
  return Float64Array.from(values, (value, at) => factors[Math.floor(at / dimension)]! * value);
}

/** Adds every row times its own factor. */
export function addRowsInto(out: Float64Array, values: Float64Array, factors: Float64Array): void {
  const dimension = values.length / factors.length;
  for (let at = 0; at < out.length; at++) out[at]! += factors[Math.floor(at / dimension)]! * values[at]!;
}
