import type { Model } from "../node/index.ts";

/**
 * Real beginnings to go on from: the first `prefix` tokens of the rows of a model's fresh data, the rest free.
 *
 * @param fresh [n, length], if the model has any
 * @returns [n, length] for `given`, -1 where free; undefined where the prefix is 0
 * @throws RangeError unless 0 <= prefix < length, and there are data where it is not 0
 */
export function givenPrefix(
  { name, denoiser: { length } }: Pick<Model, "name" | "denoiser">,
  fresh: Int32Array | undefined,
  prefix: number,
): Int32Array | undefined {
  if (!Number.isInteger(prefix) || prefix < 0 || prefix >= length) {
    throw new RangeError(
      `givenPrefix: prefix = ${prefix}; expected a whole number from 0 to ${length - 1}, one below the length`,
    );
  }
  if (prefix === 0) return undefined;
  if (!fresh) {
    throw new RangeError(
      `a prefix of ${prefix} tokens was asked for, and "${name}" has no data to take it from; name some in the manifest's "fresh"`,
    );
  }
  return fresh.map((token, at) => (at % length < prefix ? token : -1));
}
