/** A rule for integrals: the sum of weights[q] f(points[q]). */
export interface Quadrature {
  readonly points: Float64Array;
  readonly weights: Float64Array;
}

/**
 * Gauss-Legendre on [from, to]: exact for polynomials of degree 2 count - 1. The points are the roots of the Legendre
 * polynomial P_n on [-1, 1], found by Newton's method; the weights are 2 / ((1 - z^2) P_n'(z)^2).
 *
 * Source: Abramowitz and Stegun 1964, 25.4.29 and 25.4.30.
 *
 * @param options.to may lie below `from`; the weights are then negative @param options.count number of points
 */
export function gaussLegendre({ from, to, count }: { from: number; to: number; count: number }): Quadrature {
  const { points, weights } = unitRule(count);
  const [middle, half] = [0.5 * (from + to), 0.5 * (to - from)];
  return {
    points: points.map((z) => middle + half * z),
    weights: weights.map((weight) => half * weight),
  };
}

/** Rules on [-1, 1] by number of points: constants, worked out once. */
const unitRules = new Map<number, Quadrature>();

function unitRule(count: number): Quadrature {
  const known = unitRules.get(count);
  if (known) return known;
  const rule = { points: new Float64Array(count), weights: new Float64Array(count) };
  for (let q = 0; q < count; q++) {
    let z = Math.cos((Math.PI * (q + 0.75)) / (count + 0.5));
    let slope = 0;
    // Newton doubles the digits: from this start four rounds reach the last one.
    for (let round = 0; round < 6; round++) {
      const value = legendre(count, z);
      slope = (count * (z * value.last - value.before)) / (z * z - 1);
      z -= value.last / slope;
    }
    rule.points[q] = z;
    rule.weights[q] = 2 / ((1 - z * z) * slope * slope);
  }
  unitRules.set(count, rule);
  return rule;
}

/** P_n(z) and P_{n-1}(z), by (k + 1) P_{k+1} = (2k + 1) z P_k - k P_{k-1}. */
function legendre(n: number, z: number): { last: number; before: number } {
  let [before, last] = [1, z];
  for (let k = 1; k < n; k++) [before, last] = [last, ((2 * k + 1) * z * last - k * before) / (k + 1)];
  return { last, before };
}
