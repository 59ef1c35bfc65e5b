import { countSequences } from "./measure.ts";

/** A word: letters, and apostrophes where the alphabet has them. */
const WORD = /[a-z']+/g;

/**
 * The whole words of each sequence, in order: maximal runs of a-z and apostrophe. A run that touches the first
 * or the last position may be cut and is left out.
 *
 * @param tokens [count, length] @param alphabet one character per token
 * @returns [count] lists
 * @throws RangeError naming the caller if a token is not in the alphabet
 */
export function wholeWords(
  where: string,
  tokens: Int32Array,
  { length, alphabet }: { length: number; alphabet: readonly string[] },
): string[][] {
  const count = countSequences(where, tokens, length);
  return Array.from({ length: count }, (_, row) => {
    const text = Array.from(tokens.subarray(row * length, (row + 1) * length), (token) => {
      const character = alphabet[token];
      if (character !== undefined) return character;
      throw new RangeError(
        `${where}: token ${token} in row ${row}; expected 0 to ${alphabet.length - 1}, one per character of the alphabet`,
      );
    }).join("");
    return Array.from(text.matchAll(WORD))
      .filter(({ 0: word, index }) => index > 0 && index + word.length < text.length)
      .map(([word]) => word);
  });
}
