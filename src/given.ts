/**
 * Given tokens, one row for each sample.
 *
 * @param given [length] for all rows alike, or [count, length]; -1 where free
 * @returns [count, length]
 * @throws RangeError if there are fewer or more, or one is neither -1 nor a clean token
 */
export function givenRows(
  given: ArrayLike<number>,
  { length, vocabulary }: { length: number; vocabulary: number },
  count: number,
): Int32Array {
  if (given.length !== length && given.length !== count * length) {
    throw new RangeError(
      `sample: given has ${given.length} tokens; expected ${length}${count > 1 ? `, or ${count} rows of ${length}` : ""}, with -1 where free`,
    );
  }
  const rows = Int32Array.from({ length: count * length }, (_, at) => given[at % given.length]!);
  for (let at = 0; at < given.length; at++) {
    const token = given[at]!;
    if (!(Number.isInteger(token) && token >= -1 && token < vocabulary)) {
      throw new RangeError(
        `sample: given[${at}] = ${token}; expected -1 (free) or a token from 0 to ${vocabulary - 1}`,
      );
    }
  }
  return rows;
}

/**
 * How many positions of a row are free: the schedule is the same for all, so each row must have as many.
 *
 * @param given [count, length]
 * @throws RangeError if rows differ
 */
export function freePositions(given: Int32Array, length: number): number {
  const free = new Int32Array(given.length / length);
  given.forEach((token, at) => {
    if (token < 0) free[Math.floor(at / length)]!++;
  });
  const odd = free.findIndex((each) => each !== free[0]);
  if (odd >= 0) {
    throw new RangeError(
      `sample: given leaves ${free[0]} positions free in row 0 and ${free[odd]} in row ${odd}; expected as many in every row`,
    );
  }
  return free[0]!;
}
