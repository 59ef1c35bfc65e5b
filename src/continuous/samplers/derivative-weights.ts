import { leastSquares } from "../least-squares.ts";

/**
 * Weights a_k with which differences of M estimate its derivatives: M^(i)(lambda) is sum_k a_k (M(lambda + d_k) -
 * M(lambda)), exact for polynomials of as high a degree as there are distances. They solve
 *
 *     sum_k a_k d_k^j / j! = 1 if j = i, else 0,  j = 1 .. distances
 *
 * in distances scaled to at most 1, so that short steps lose no digits.
 *
 * Source: Liu et al. 2023 (2312.07243), section 3.3, "Difference_m" with m distances.
 *
 * @param distances d_k, different and none 0 @param order i, 1 .. distances.length
 * @returns [distances]
 */
export function derivativeWeights(distances: readonly number[], order: number): Float64Array {
  const unit = Math.max(...distances.map(Math.abs));
  const columns = distances.map((distance) => {
    let term = 1;
    return distances.map((_, j) => {
      term *= distance / unit / (j + 1);
      return term;
    });
  });
  const wanted = distances.map((_, j) => (j + 1 === order ? 1 : 0));
  return leastSquares(columns, wanted).map((weight) => weight / unit ** order);
}
