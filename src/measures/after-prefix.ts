import { countSequences, type Measure } from "./measure.ts";

/**
 * The same measure of what comes after the first `prefix` tokens of every sequence, for runs where those were
 * given: what nobody made is neither praise nor blame. Pooled and by-sequence measures stay what they are.
 *
 * @param prefix tokens cut from the start of each sequence; 0 returns the measure itself
 * @throws RangeError unless prefix is a whole number >= 0; at use, unless it is below the length
 */
export function afterPrefix(measure: Measure, prefix: number): Measure {
  if (!Number.isInteger(prefix) || prefix < 0) {
    throw new RangeError(`afterPrefix: prefix = ${prefix}; expected a whole number >= 0`);
  }
  if (prefix === 0) return measure;
  const cut = (tokens: Int32Array, length: number) => columnsFrom(tokens, { length, prefix });
  return "scores" in measure
    ? { ...measure, scores: (tokens, length) => measure.scores(cut(tokens, length), length - prefix) }
    : { ...measure, of: (tokens, length) => measure.of(cut(tokens, length), length - prefix) };
}

/**
 * The columns from `prefix` on.
 *
 * @param tokens [count, length]
 * @returns [count, length - prefix], fresh
 */
export function columnsFrom(
  tokens: Int32Array,
  { length, prefix }: { length: number; prefix: number },
): Int32Array {
  if (prefix >= length) {
    throw new RangeError(`afterPrefix: prefix = ${prefix}; expected less than the length, ${length}`);
  }
  const count = countSequences("afterPrefix", tokens, length);
  const rest = new Int32Array(count * (length - prefix));
  for (let row = 0; row < count; row++) {
    rest.set(tokens.subarray(row * length + prefix, (row + 1) * length), row * (length - prefix));
  }
  return rest;
}
