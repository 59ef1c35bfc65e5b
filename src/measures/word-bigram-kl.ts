import { klDivergence } from "./law-distance.ts";
import type { PooledMeasure } from "./measure.ts";
import { type ReferenceLaw, referenceLaw } from "./reference-law.ts";
import { wholeWords } from "./whole-words.ts";

/**
 * KL( law of neighbouring words in the samples || that in the data ) in nats: what a character n-gram cannot
 * see, whether words follow one another as they do in the text.
 *
 * A pair is two neighbouring real words of one sequence, whatever stands between them, cut words left out (see
 * `wholeWords`). Pairs with a word that is none are left out as well: `wordShare` counts those, and with an
 * unseen case each they would be nearly all of the KL. The n listed common
 * words are a class each, all others one more.
 *
 * Smoothing, direction and the bias by about (cells in use) / (2 pairs seen) are those of `nGramKL`. Pairs are
 * few, so the bias is large (64 sequences of 256 characters have about 3,000), and fewer real words mean more
 * of it. Samples without a single pair score Infinity.
 *
 * @param options.words every real word @param options.common the n common words, in the order of the reference
 * @param options.counts or `law`: [n + 1, n + 1] of the data, the first word the slower index
 * The classes are this library's choice; n-gram laws of words are Shannon's (1951, "Prediction and entropy of
 * printed English", Bell System Technical Journal 30).
 */
export function wordBigramKL(
  options: { alphabet: string; words: Iterable<string>; common: Iterable<string> } & ReferenceLaw,
): PooledMeasure {
  const alphabet = [...options.alphabet];
  const real = new Set(options.words);
  const common = new Map(Array.from(options.common, (word, at) => [word, at]));
  const classes = common.size + 1;
  const law = referenceLaw("wordBigramKL", options, {
    size: classes ** 2,
    shape: `(n + 1)^2 = ${classes}^2 = ${classes ** 2} for ${common.size} common words`,
  });
  const classOf = (word: string) => common.get(word) ?? (real.has(word) ? common.size : undefined);
  return {
    name: "word-bigram-kl",
    label: "word bigram KL to the data, nats",
    better: "lower",
    of(tokens, length) {
      const counts = new Float64Array(classes ** 2);
      let pairs = 0;
      for (const words of wholeWords("wordBigramKL", tokens, { length, alphabet })) {
        let before: number | undefined;
        for (const own of words.map(classOf)) {
          if (before !== undefined && own !== undefined) {
            counts[before * classes + own]!++;
            pairs++;
          }
          before = own;
        }
      }
      if (pairs === 0) return Number.POSITIVE_INFINITY;
      return klDivergence(
        counts.map((count) => count / pairs),
        law,
      );
    },
  };
}
