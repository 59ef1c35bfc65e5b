import { countSequences, type PooledMeasure } from "./measure.ts";

/**
 * Share of distinct n-grams: different n-grams / all n-grams, pooled over sequences. A figure of diversity;
 * it falls with the number of sequences, so only equal counts compare.
 *
 * Source: Li et al. 2016, arXiv 1510.03055 (distinct-n).
 */
export function distinct({ n = 4 }: { n?: number } = {}): PooledMeasure {
  if (!Number.isInteger(n) || n < 1) {
    throw new RangeError(`distinct: n = ${n}; expected a whole number >= 1`);
  }
  return {
    name: `distinct-${n}`,
    label: `share of distinct ${n}-grams`,
    better: "neither",
    of(tokens, length) {
      const count = countSequences("distinct", tokens, length, n);
      const places = length - n + 1;
      const base = tokens.reduce((largest, token) => Math.max(largest, token), 0) + 1;
      // keys[i] names the gram at place i so far; names are renumbered before they outgrow exact integers.
      const keys = new Float64Array(count * places);
      let bound = 1;
      for (let further = 0; further < n; further++) {
        if (bound * base > Number.MAX_SAFE_INTEGER) bound = renumber(keys);
        for (let i = 0; i < keys.length; i++) {
          const row = Math.floor(i / places);
          keys[i] = keys[i]! * base + tokens[row * length + (i % places) + further]!;
        }
        bound *= base;
      }
      return new Set(keys).size / keys.length;
    },
  };
}

/** Replaces equal names by equal small numbers 0, 1, ... and returns how many there are. */
function renumber(keys: Float64Array): number {
  const numbers = new Map<number, number>();
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i]!;
    const number = numbers.get(key) ?? numbers.size;
    numbers.set(key, number);
    keys[i] = number;
  }
  return numbers.size;
}
