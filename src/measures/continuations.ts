import { countSequences } from "./measure.ts";

/** Real sequences, of which a run is given the first `prefix` tokens. */
export interface Truth {
  /** [n, length] */
  readonly truth: Int32Array;
  readonly length: number;
  /** Tokens given to each sequence. */
  readonly prefix: number;
}

/**
 * Finds the real sequences that begin as a sequence does, so that rows may come in any order and any subset.
 *
 * @returns of sequences [count, length] the rows of the truth that share the first `prefix` tokens of each, one
 * or more
 * @throws RangeError at once if the prefix does not fit; at use if a sequence begins like none of the truth
 */
export function trueRows(
  where: string,
  { truth, length, prefix }: Truth,
): (tokens: Int32Array, length: number) => number[][] {
  const count = checkTruth(where, { truth, length, prefix });
  const beginning = (tokens: Int32Array, row: number) =>
    tokens.subarray(row * length, row * length + prefix).join();
  const rowsOf = new Map<string, number[]>();
  for (let row = 0; row < count; row++) {
    const key = beginning(truth, row);
    rowsOf.set(key, [...(rowsOf.get(key) ?? []), row]);
  }
  return (tokens, ownLength) => {
    if (ownLength !== length) {
      throw new RangeError(`${where}: length = ${ownLength}; expected that of the real sequences, ${length}`);
    }
    return Array.from({ length: countSequences(where, tokens, length) }, (_, row) => {
      const rows = rowsOf.get(beginning(tokens, row));
      if (rows) return rows;
      throw new RangeError(
        `${where}: the first ${prefix} tokens of row ${row} begin none of the ${count} real sequences; give each row the first ${prefix} tokens of one of them`,
      );
    });
  };
}

/**
 * Real but unrelated continuations: every real sequence keeps its first `prefix` tokens and goes on as another
 * one does, half the set further on, and if that begins alike the next that does not. What conditional measures
 * say of these is the value of music as such that pays no heed to what was given; the truth itself scores 0.
 *
 * @returns [n, length]
 * @throws RangeError if all sequences begin alike
 */
export function unrelatedContinuations({ truth, length, prefix }: Truth): Int32Array {
  const count = checkTruth("unrelatedContinuations", { truth, length, prefix });
  const row = (at: number) => truth.subarray(at * length, (at + 1) * length);
  const alike = (a: number, b: number) => {
    const other = row(b);
    return row(a)
      .subarray(0, prefix)
      .every((token, at) => token === other[at]);
  };
  const mixed = truth.slice();
  for (let at = 0; at < count; at++) {
    let ahead = Math.floor(count / 2);
    const last = ahead + count;
    while (ahead < last && alike(at, (at + ahead) % count)) ahead++;
    if (ahead === last) {
      throw new RangeError(
        `unrelatedContinuations: all ${count} sequences share their first ${prefix} tokens; expected two that differ`,
      );
    }
    mixed.set(row((at + ahead) % count).subarray(prefix), at * length + prefix);
  }
  return mixed;
}

function checkTruth(where: string, { truth, length, prefix }: Truth): number {
  if (!Number.isInteger(prefix) || prefix < 1 || prefix >= length) {
    throw new RangeError(`${where}: prefix = ${prefix}; expected a whole number from 1 to ${length - 1}`);
  }
  return countSequences(where, truth, length);
}
