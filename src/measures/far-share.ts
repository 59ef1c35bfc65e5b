import type { SequenceMeasure } from "./measure.ts";
import { nearestDistances, type Reference } from "./nearest-distances.ts";

/**
 * Share of samples that are further from every real sequence than real ones are from each other:
 *
 *   #{ x : d(x, reference) > q } / count,
 *
 * d the Euclidean distance to the nearest reference sequence, q the 95 % quantile of the same distance within the
 * reference, each to its nearest other. Real sequences score about 0.05 by construction, noise 1; no classifier is
 * asked, and a sample that is counted can be looked at. A copy of the reference scores 0, better than real: below
 * 0.05 look at `nearestDistance`. It asks whether each sample is near the data, not whether all of the data is met.
 *
 * @param options.reference [n, length], n >= 2
 * Source: distance-based outliers, Knorr and Ng 1998, "Algorithms for mining distance-based outliers in large
 * datasets"; the threshold from the data's own distances is our choice.
 */
export function farShare({ reference, length }: Reference): SequenceMeasure {
  const within = nearestDistances(reference, { reference, length, leaveOut: true }).sort();
  if (within.length < 2) {
    throw new RangeError("farShare: the reference is a single sequence; expected two or more");
  }
  const limit = within[Math.ceil(0.95 * within.length) - 1]!;
  return {
    name: "far-share",
    label: "share far from all real images (real: 0.05)",
    better: "lower",
    scores: (tokens, own) =>
      nearestDistances(whole(tokens, own, length), { reference, length }).map((distance) =>
        distance > limit ? 1 : 0,
      ),
  };
}

/**
 * Mean Euclidean distance to the nearest real sequence, in tokens: stands beside `farShare`. Well below what
 * fresh data score means copies of the reference; well above, noise.
 *
 * @param options.reference [n, length], n >= 1
 */
export function nearestDistance({ reference, length }: Reference): SequenceMeasure {
  return {
    name: "nearest-distance",
    label: "distance to the nearest real image",
    better: "neither",
    scores: (tokens, own) => nearestDistances(whole(tokens, own, length), { reference, length }),
  };
}

/** @throws RangeError unless the sequences are as long as the reference's */
function whole(tokens: Int32Array, own: number, length: number): Int32Array {
  if (own === length) return tokens;
  throw new RangeError(`farShare: length = ${own}; expected that of the reference, ${length}`);
}
