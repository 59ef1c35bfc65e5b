import { klDivergence } from "./law-distance.ts";
import { countSequences, type PooledMeasure } from "./measure.ts";
import { type ReferenceLaw, referenceLaw } from "./reference-law.ts";
import type { NoteTokens } from "./sounding-notes.ts";

/**
 * KL( law of melodic steps in the samples || that in the data ) in nats. A step is the interval in semitones from one
 * onset of a sequence to the next, whatever is held or silent between them; it does not depend on the key.
 *
 * Token n-grams hardly see a melody: with most notes held for several ticks, the tokens beside an onset are holds
 * or rests. Smoothing, direction and the bias by about (cells in use) / (2 steps seen) are those of `nGramKL`.
 * Samples without two onsets in any sequence score Infinity.
 *
 * @param options.counts or `law`: [2 P - 1] of the steps -(P - 1) .. P - 1, P = V - firstOnset, as from
 * `countIntervals`
 * The choice of steps is this library's.
 */
export function intervalKL(options: { notes: NoteTokens } & ReferenceLaw): PooledMeasure {
  const { notes } = options;
  const size = 2 * (notes.vocabulary - notes.firstOnset) - 1;
  const law = referenceLaw("intervalKL", options, { size, shape: `2 P - 1 = ${size} steps` });
  return {
    name: "interval-kl",
    label: "melodic interval KL to the data, nats",
    better: "lower",
    of(tokens, length) {
      const counts = countIntervals(tokens, length, notes);
      const total = counts.reduce((sum, count) => sum + count, 0);
      if (total === 0) return Number.POSITIVE_INFINITY;
      return klDivergence(
        counts.map((count) => count / total),
        law,
      );
    },
  };
}

/**
 * Counts the steps from each onset to the next of the same sequence.
 *
 * @param tokens [count, length]
 * @returns [2 P - 1] counts of -(P - 1) .. P - 1, P = V - firstOnset
 * @throws RangeError if a token is not below the vocabulary
 */
export function countIntervals(
  tokens: Int32Array,
  length: number,
  { firstOnset, vocabulary }: NoteTokens,
): Float64Array {
  countSequences("countIntervals", tokens, length);
  const reach = vocabulary - firstOnset - 1;
  const counts = new Float64Array(2 * reach + 1);
  let before: number | undefined;
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at]!;
    if (!(token >= 0 && token < vocabulary)) {
      throw new RangeError(
        `countIntervals: token ${token} in row ${Math.floor(at / length)} at position ${at % length}; expected a clean token from 0 to ${vocabulary - 1}`,
      );
    }
    if (at % length === 0) before = undefined;
    if (token < firstOnset) continue;
    if (before !== undefined) counts[token - before + reach]!++;
    before = token;
  }
  return counts;
}
