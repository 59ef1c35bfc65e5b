import { klDivergence } from "./law-distance.ts";
import type { PooledMeasure } from "./measure.ts";
import { countNGrams, nGramTableSize } from "./n-gram-counts.ts";
import { type ReferenceLaw, referenceLaw } from "./reference-law.ts";

/**
 * KL( n-gram law of the samples || n-gram law of the data ) in nats.
 *
 * The samples' law is their pooled n-gram frequencies, unsmoothed; the data's is (counts + a) / sum, or exact.
 * In this direction an n-gram that the data hardly know costs the samples its whole log ratio, and one that
 * the samples miss costs little: it asks whether what was written could have been written. The smoothing a
 * sets the price of an unseen n-gram; it leaves good samples alone and moves bad ones (from 0.1 to 1,
 * by a sixth), so compare figures of one smoothing only.
 *
 * The plug-in figure is biased upwards, by about (cells in use) / (2 n-grams seen): perfect samples do not
 * score 0 but the sampling floor (see `samplingFloor`), and figures at different counts do not compare.
 * An n-gram that an exact law excludes makes it Infinity.
 *
 * @param options.n 2 for bigrams, 3 for trigrams; V^n <= 2^24
 */
export function nGramKL(options: { n: number; vocabulary: number } & ReferenceLaw): PooledMeasure {
  const { n, vocabulary } = options;
  const size = nGramTableSize("nGramKL", options);
  const law = referenceLaw("nGramKL", options, { size, shape: `V^n = ${vocabulary}^${n} = ${size}` });
  const gram = n === 2 ? "bigram" : n === 3 ? "trigram" : `${n}-gram`;
  return {
    name: `${gram}-kl`,
    label: `${gram} KL to the data, nats`,
    better: "lower",
    of(tokens, length) {
      const counts = countNGrams(tokens, length, { n, vocabulary });
      const total = (tokens.length / length) * (length - n + 1);
      return klDivergence(
        counts.map((count) => count / total),
        law,
      );
    },
  };
}
