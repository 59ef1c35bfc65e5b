/** A mixture in the plane, for tests that ask about thousands of particles: its denoiser and its exact powers. */
import { type Denoiser, type GaussianMixture, gaussianMixture } from "../../src/continuous/index.ts";

/** The denoiser of a planar mixture written out, without the arrays that `gaussianMixture` makes for every row. */
export function planarDenoiser({ weights, means, deviations }: GaussianMixture): Denoiser {
  return {
    dimension: 2,
    predict({ x, batch, alpha, sigma }) {
      const eps = new Float64Array(x.length);
      for (let row = 0; row < batch; row++) {
        const [a, s] = [alpha[row]!, sigma[row]!];
        let [most, total, east, north] = [Number.NEGATIVE_INFINITY, 0, 0, 0];
        for (let k = 0; k < weights.length; k++) {
          const variance = a * a * deviations[k]! * deviations[k]! + s * s;
          const right = a * means[2 * k]! - x[2 * row]!;
          const up = a * means[2 * k + 1]! - x[2 * row + 1]!;
          const log = Math.log(weights[k]! / variance) - (0.5 * (right * right + up * up)) / variance;
          const kept = log > most ? Math.exp(most - log) : 1;
          most = Math.max(most, log);
          const share = Math.exp(log - most);
          total = kept * total + share;
          east = kept * east + (share * right) / variance;
          north = kept * north + (share * up) / variance;
        }
        eps[2 * row] = (-s * east) / total;
        eps[2 * row + 1] = (-s * north) / total;
      }
      return eps;
    },
  };
}

/** What is known of the law q^beta / Z of a planar mixture q. */
export interface ExactPower {
  /** log Z, Z = integral of q^beta. */
  readonly logConstant: number;
  readonly mean: number[];
  /** [2][2] */
  readonly covariance: number[][];
  /** Mass of the points nearest to each mean, ... */
  readonly masses: number[];
  /** ... and their variance about their own mean, averaged over the two dimensions. */
  readonly variances: number[];
}

/** By the trapezoid rule on [-reach, reach]^2, exact to many digits as the deviations are well above the spacing. */
export function exactPower(
  q: GaussianMixture,
  exponent: number,
  { reach = 8 }: { reach?: number } = {},
): ExactPower {
  const narrowest = q.deviations.reduce((a, b) => Math.min(a, b)) / Math.sqrt(exponent);
  const spacing = Math.min(0.06, narrowest / 1.5);
  const half = Math.ceil(reach / spacing);
  const point = new Float64Array(2);
  const cells = Array.from(q.weights, () => [0, 0, 0, 0]);
  let total = 0;
  const [first, second] = [
    [0, 0],
    [0, 0, 0],
  ];
  for (let i = -half; i <= half; i++) {
    for (let j = -half; j <= half; j++) {
      point.set([i * spacing, j * spacing]);
      const mass = Math.exp(exponent * q.logDensity(point));
      total += mass;
      const [x, y] = [point[0]!, point[1]!];
      const cell = cells[nearestMean(q, point)]!;
      for (const [at, value] of [1, x, y, x * x + y * y].entries()) cell[at]! += mass * value;
      for (const [at, value] of [x, y].entries()) first[at]! += mass * value;
      for (const [at, value] of [x * x, x * y, y * y].entries()) second[at]! += mass * value;
    }
  }
  const mean = first.map((sum) => sum / total);
  const [xx, xy, yy] = second.map((sum) => sum / total) as [number, number, number];
  const [x, y] = mean as [number, number];
  return {
    logConstant: Math.log(total * spacing * spacing),
    mean,
    covariance: [
      [xx - x * x, xy - x * y],
      [xy - x * y, yy - y * y],
    ],
    masses: cells.map(([mass]) => mass! / total),
    variances: cells.map((cell) => {
      const [mass, cx, cy, square] = cell as [number, number, number, number];
      return 0.5 * (square / mass - (cx / mass) ** 2 - (cy / mass) ** 2);
    }),
  };
}

/** The component whose mean is nearest to a point. */
export function nearestMean({ means }: Pick<GaussianMixture, "means">, point: ArrayLike<number>): number {
  let [nearest, least] = [0, Number.POSITIVE_INFINITY];
  for (let k = 0; 2 * k < means.length; k++) {
    const away = (point[0]! - means[2 * k]!) ** 2 + (point[1]! - means[2 * k + 1]!) ** 2;
    if (away < least) [nearest, least] = [k, away];
  }
  return nearest;
}

/**
 * The product of two mixtures, normalised, in closed form: components i and j give
 * w_i w_j N(mu_i - mu_j; 0, v I), v = s_i^2 + s_j^2, of N((mu_i s_j^2 + mu_j s_i^2) / v, s_i^2 s_j^2 / v I).
 */
export function exactProduct(
  one: GaussianMixture,
  other: GaussianMixture,
): { logConstant: number; product: GaussianMixture } {
  const { dimension } = one;
  const parts: { weight: number; mean: number[]; deviation: number }[] = [];
  for (const [i, first] of one.deviations.entries()) {
    for (const [j, second] of other.deviations.entries()) {
      const variance = first * first + second * second;
      const [a, b] = [one.means, other.means].map((means, which) => {
        const k = which === 0 ? i : j;
        return means.slice(k * dimension, (k + 1) * dimension);
      }) as [Float64Array, Float64Array];
      const square = a.reduce((sum, value, d) => sum + (value - b[d]!) ** 2, 0);
      parts.push({
        weight:
          (one.weights[i]! * other.weights[j]! * Math.exp(-square / (2 * variance))) /
          (2 * Math.PI * variance) ** (dimension / 2),
        mean: Array.from(a, (value, d) => (value * second * second + b[d]! * first * first) / variance),
        deviation: (first * second) / Math.sqrt(variance),
      });
    }
  }
  return {
    logConstant: Math.log(parts.reduce((sum, { weight }) => sum + weight, 0)),
    product: gaussianMixture({
      weights: parts.map(({ weight }) => weight),
      means: parts.map(({ mean }) => mean),
      deviations: parts.map(({ deviation }) => deviation),
    }),
  };
}
