import { type Measured, meanOf } from "../../measures/measured.ts";
import type { GaussianMixture } from "../denoisers/gaussian-mixture.ts";
import { countRows } from "./count-rows.ts";

/**
 * Mean of -log p(x) of points, in nats a point, under a law whose density is known. For points of a law q it estimates
 * H(q) + KL(q || p): the law's own draws score its entropy. A sampler whose points are too alike scores below that,
 * so read it beside a distance.
 *
 * @param x [n, dimension]
 * @param law the exact law of data, or of noised data: `noisedMixture`
 * @throws RangeError if they are not whole rows of finite numbers
 */
export function negativeLogLikelihood(
  x: ArrayLike<number>,
  law: Pick<GaussianMixture, "dimension" | "logDensity">,
): Measured {
  const { dimension } = law;
  const rows = countRows(x, { measure: "negativeLogLikelihood", name: "x", dimension, least: 1 });
  const points = Float64Array.from(x);
  return meanOf(
    Array.from(
      { length: rows },
      (_, row) => -law.logDensity(points.subarray(row * dimension, (row + 1) * dimension)),
    ),
  );
}
