/**
 * Real beginnings to go on from: the first `prefix` tokens of every row of the data, the rest free.
 *
 * @param data [n, length]
 * @returns [n, length] for `given`, -1 where free
 * @throws RangeError unless 0 < prefix < length
 */
export function givenPrefix(
  data: Int32Array,
  { length, prefix }: { length: number; prefix: number },
): Int32Array {
  if (!Number.isInteger(prefix) || prefix < 1 || prefix >= length) {
    throw new RangeError(
      `givenPrefix: prefix = ${prefix}; expected a whole number from 1 to ${length - 1}, one below the length`,
    );
  }
  return data.map((token, at) => (at % length < prefix ? token : -1));
}
