import { countSequences } from "./measure.ts";

/** Real sequences that samples are compared with, one by one. */
export interface Reference {
  /** [n, length] tokens that are amounts, such as greys */
  readonly reference: Int32Array;
  readonly length: number;
}

/**
 * Euclidean distance of every sequence to the nearest of the reference, in tokens: sqrt(min_r sum_d (x_d - r_d)^2).
 *
 * @param tokens [count, length]
 * @param options.leaveOut true where tokens are the reference itself: no sequence is its own neighbour
 * @returns [count]
 * @throws RangeError if tokens are not whole sequences of the reference's length
 */
export function nearestDistances(
  tokens: Int32Array,
  { reference, length, leaveOut = false }: Reference & { leaveOut?: boolean },
): Float64Array {
  const count = countSequences("nearestDistances", tokens, length);
  const others = countSequences("nearestDistances", reference, length);
  return Float64Array.from({ length: count }, (_, row) => {
    let nearest = Number.POSITIVE_INFINITY;
    for (let other = 0; other < others; other++) {
      if (leaveOut && other === row) continue;
      let squares = 0;
      for (let d = 0; d < length && squares < nearest; d++) {
        const difference = tokens[row * length + d]! - reference[other * length + d]!;
        squares += difference * difference;
      }
      nearest = Math.min(nearest, squares);
    }
    return Math.sqrt(nearest);
  });
}
