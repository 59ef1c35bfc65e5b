import { countSequences } from "./measure.ts";

/** A map of sequences to points: [count, length] tokens to [count, width]. */
export interface Features {
  readonly width: number;
  of(tokens: Int32Array, length: number): Float64Array;
}

/**
 * One layer with tanh over tokens that are amounts, such as greys:
 *
 *   f_j(x) = tanh( sum_d w_dj x_d / (V - 1) + b_j ),   j = 0 .. width - 1.
 *
 * @param options.weights [length + 1, width] row-major, the last row b; the hidden layer of a small classifier, say
 * @param options.vocabulary V: token V - 1 is the amount 1
 * @throws RangeError if the weights are not finite or no such table; at use if the sequences are of another length
 */
export function tanhFeatures({
  weights,
  length,
  vocabulary,
}: {
  weights: ArrayLike<number>;
  length: number;
  vocabulary: number;
}): Features {
  const table = Float64Array.from(weights);
  const width = table.length / (length + 1);
  if (!(Number.isInteger(width) && width >= 1 && table.every(Number.isFinite))) {
    throw new RangeError(
      `tanhFeatures: ${table.length} weights; expected ${length + 1} rows of finite numbers, one for each position and one for the bias`,
    );
  }
  return {
    width,
    of(tokens, own) {
      if (own !== length) {
        throw new RangeError(`tanhFeatures: length = ${own}; expected that of the weights, ${length}`);
      }
      const count = countSequences("tanhFeatures", tokens, length);
      const out = new Float64Array(count * width);
      for (let row = 0; row < count; row++) {
        const sums = table.slice(length * width);
        for (let d = 0; d < length; d++) {
          const amount = tokens[row * length + d]! / (vocabulary - 1);
          for (let j = 0; j < width; j++) sums[j]! += table[d * width + j]! * amount;
        }
        out.set(sums.map(Math.tanh), row * width);
      }
      return out;
    },
  };
}
