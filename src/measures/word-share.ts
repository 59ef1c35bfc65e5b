import type { PooledMeasure } from "./measure.ts";
import { wholeWords } from "./whole-words.ts";

/**
 * Share of the words in the samples that are in a word list.
 *
 * Words are those of `wholeWords`: a run of letters that an end may have cut does not count. Samples without a
 * whole word score 0.
 *
 * @param options.alphabet one character per token
 * @param options.words the list; made by the same rule from the text, real text scores 1
 */
export function wordShare({ alphabet, words }: { alphabet: string; words: Iterable<string> }): PooledMeasure {
  const list = new Set(words);
  const characters = [...alphabet];
  return {
    name: "word-share",
    label: "share of real words",
    better: "higher",
    modeSeeking: true,
    of(tokens, length) {
      const all = wholeWords("wordShare", tokens, { length, alphabet: characters }).flat();
      return all.length > 0 ? all.filter((word) => list.has(word)).length / all.length : 0;
    },
  };
}
