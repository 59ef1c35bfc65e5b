/** Pseudo-count that every case of a counted reference gets: an unseen one is unlikely, not impossible. */
const SMOOTHING = 0.1;

/** Where a reference law comes from: counts of real data, or a law that is known. */
export type ReferenceLaw =
  | {
      /** Counts in the data; of n-grams [V^n], the first token the slowest index. */
      readonly counts: ArrayLike<number>;
      /** Added to every count; default 0.1. */
      readonly smoothing?: number;
    }
  | {
      /** Exact law of the same shape, as from `chainNGramLaw`. */
      readonly law: ArrayLike<number>;
    };

/**
 * The law (counts + a) / sum, or the exact one as it is.
 *
 * @param expected.size cases there are @param expected.shape the size as an error says it: "V^n = 3^2 = 9"
 * @returns [size], sums to 1
 * @throws RangeError on another size, or if there is no finite positive mass
 */
export function referenceLaw(
  where: string,
  reference: ReferenceLaw,
  { size, shape }: { size: number; shape: string },
): Float64Array {
  const weights = Float64Array.from("law" in reference ? reference.law : reference.counts);
  const smoothing = "law" in reference ? 0 : (reference.smoothing ?? SMOOTHING);
  if (weights.length !== size) {
    throw new RangeError(`${where}: the reference has ${weights.length} entries; expected ${shape}`);
  }
  const total = weights.reduce((sum, weight) => sum + (weight >= 0 ? weight : Number.NaN), smoothing * size);
  if (!(smoothing >= 0 && total > 0 && total < Number.POSITIVE_INFINITY)) {
    throw new RangeError(
      `${where}: the reference sums to ${total} with smoothing ${smoothing}; expected finite numbers >= 0, not all 0`,
    );
  }
  if ("law" in reference && Math.abs(total - 1) > 1e-6) {
    throw new RangeError(`${where}: law sums to ${total}; expected 1 (give counts as \`counts\`)`);
  }
  return weights.map((weight) => (weight + smoothing) / total);
}
