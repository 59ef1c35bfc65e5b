import { philox, purposes } from "../../random.ts";
import { normals } from "../normals.ts";
import type { Denoiser } from "./denoiser.ts";

/** Levels at which x = alpha x0 + sigma eps. */
export interface Levels {
  readonly alpha: number;
  readonly sigma: number;
}

/** Data whose every question has an exact answer. */
export interface GaussianMixture extends Denoiser {
  /** [components], they sum to 1 */
  readonly weights: Float64Array;
  /** [components, dimension] */
  readonly means: Float64Array;
  /** [components] */
  readonly deviations: Float64Array;
  /** log p(x) of one x, [dimension], at these levels; of data itself without. */
  logDensity(x: Float64Array, levels?: Levels): number;
  /** grad log p(x), [dimension]. */
  score(x: Float64Array, levels?: Levels): Float64Array;
  /** Mean and covariance, [dimension] and [dimension, dimension], of x0 given x. */
  posterior(x: Float64Array, levels: Levels): { mean: Float64Array; covariance: Float64Array };
  /** Mean and covariance of data. */
  moments(): { mean: Float64Array; covariance: Float64Array };
  /** Exact draws, [count, dimension]; a row is the same whatever the count. */
  draw(options: { count: number; seed?: number }): Float64Array;
}

/**
 * A mixture of isotropic Gaussians sum_k w_k N(mu_k, s_k^2 I), and its exact denoiser. At levels alpha, sigma component
 * k has mean alpha mu_k and variance v_k = alpha^2 s_k^2 + sigma^2; with responsibilities r_k(x), by log-sum-exp,
 * score = sum_k r_k (alpha mu_k - x) / v_k and eps = -sigma score. Given x and k, x0 has mean
 * mu_k + (alpha s_k^2 / v_k)(x - alpha mu_k) and variance s_k^2 sigma^2 / v_k.
 *
 * @param options.weights [K] positive, scaled to sum to 1 @param options.means [K][D] @param options.deviations [K] s_k
 * @throws RangeError if they do not agree in size or are not positive and finite
 */
export function gaussianMixture(options: {
  weights: ArrayLike<number>;
  means: ArrayLike<ArrayLike<number>>;
  deviations: ArrayLike<number>;
}): GaussianMixture {
  checkMixture(options);
  const count = options.weights.length;
  const dimension = options.means[0]!.length;
  const total = Array.from(options.weights).reduce((sum, weight) => sum + weight, 0);
  const weights = Float64Array.from(options.weights, (weight) => weight / total);
  const means = Float64Array.from(Array.from(options.means, (mean) => Array.from(mean)).flat());
  const deviations = Float64Array.from(options.deviations);
  const data: Levels = { alpha: 1, sigma: 0 };

  const varianceOf = (k: number, { alpha, sigma }: Levels): number =>
    alpha * alpha * deviations[k]! * deviations[k]! + sigma * sigma;

  /** log w_k N(x; alpha mu_k, v_k I) of every k. */
  function logParts(x: Float64Array, levels: Levels): Float64Array {
    return Float64Array.from({ length: count }, (_, k) => {
      const variance = varianceOf(k, levels);
      let square = 0;
      for (let d = 0; d < dimension; d++) square += (x[d]! - levels.alpha * means[k * dimension + d]!) ** 2;
      return Math.log(weights[k]!) - 0.5 * (square / variance + dimension * Math.log(2 * Math.PI * variance));
    });
  }

  function responsibilities(x: Float64Array, levels: Levels): Float64Array {
    const parts = logParts(x, levels);
    const most = parts.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    const shares = parts.map((part) => Math.exp(part - most));
    const sum = shares.reduce((a, b) => a + b, 0);
    return shares.map((share) => share / sum);
  }

  function score(x: Float64Array, levels: Levels = data): Float64Array {
    const shares = responsibilities(x, levels);
    const out = new Float64Array(dimension);
    for (let k = 0; k < count; k++) {
      const scale = shares[k]! / varianceOf(k, levels);
      for (let d = 0; d < dimension; d++)
        out[d]! += scale * (levels.alpha * means[k * dimension + d]! - x[d]!);
    }
    return out;
  }

  /** Mean and covariance of a mixture of N(centre_k, spread_k I) with these shares. */
  function pooled(shares: Float64Array, centres: Float64Array, spreads: Float64Array) {
    const mean = new Float64Array(dimension);
    const covariance = new Float64Array(dimension * dimension);
    for (let k = 0; k < count; k++) {
      for (let d = 0; d < dimension; d++) mean[d]! += shares[k]! * centres[k * dimension + d]!;
    }
    for (let k = 0; k < count; k++) {
      for (let d = 0; d < dimension; d++) {
        covariance[d * dimension + d]! += shares[k]! * spreads[k]!;
        const away = shares[k]! * (centres[k * dimension + d]! - mean[d]!);
        for (let e = 0; e < dimension; e++) {
          covariance[d * dimension + e]! += away * (centres[k * dimension + e]! - mean[e]!);
        }
      }
    }
    return { mean, covariance };
  }

  return {
    dimension,
    weights,
    means,
    deviations,
    score,
    predict({ x, batch, alpha, sigma }) {
      const eps = new Float64Array(x.length);
      for (let row = 0; row < batch; row++) {
        const own = x.subarray(row * dimension, (row + 1) * dimension);
        const at = score(own, { alpha: alpha[row]!, sigma: sigma[row]! });
        for (let d = 0; d < dimension; d++) eps[row * dimension + d] = -sigma[row]! * at[d]!;
      }
      return eps;
    },
    logDensity(x, levels = data) {
      const parts = logParts(x, levels);
      const most = parts.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
      return most + Math.log(parts.reduce((sum, part) => sum + Math.exp(part - most), 0));
    },
    posterior(x, levels) {
      const centres = new Float64Array(means.length);
      const spreads = new Float64Array(count);
      for (let k = 0; k < count; k++) {
        const square = deviations[k]! ** 2;
        const variance = varianceOf(k, levels);
        spreads[k] = (square * levels.sigma ** 2) / variance;
        for (let d = 0; d < dimension; d++) {
          const at = k * dimension + d;
          centres[at] =
            means[at]! + ((levels.alpha * square) / variance) * (x[d]! - levels.alpha * means[at]!);
        }
      }
      return pooled(responsibilities(x, levels), centres, spreads);
    },
    moments: () =>
      pooled(
        weights,
        means,
        deviations.map((deviation) => deviation * deviation),
      ),
    draw({ count: rows, seed = 0 }) {
      const randomness = philox(seed);
      const source = normals(randomness);
      const out = new Float64Array(rows * dimension);
      for (let row = 0; row < rows; row++) {
        const own = out.subarray(row * dimension, (row + 1) * dimension);
        source.fill(own, { row, index: "start", stage: 0 });
        const k = randomness.at(row, 0, purposes.data).categorical(weights, count, 0);
        for (let d = 0; d < dimension; d++) own[d] = means[k * dimension + d]! + deviations[k]! * own[d]!;
      }
      return out;
    },
  };
}

function checkMixture({
  weights,
  means,
  deviations,
}: {
  weights: ArrayLike<number>;
  means: ArrayLike<ArrayLike<number>>;
  deviations: ArrayLike<number>;
}): void {
  const count = weights.length;
  if (count < 1 || means.length !== count || deviations.length !== count) {
    throw new RangeError(
      `gaussianMixture: ${count} weights, ${means.length} means, ${deviations.length} deviations; expected as many of each, at least one`,
    );
  }
  const dimension = means[0]!.length;
  for (let k = 0; k < count; k++) {
    const [weight, mean, deviation] = [weights[k]!, Array.from(means[k]!), deviations[k]!];
    if (!(weight > 0 && deviation > 0 && Number.isFinite(weight) && Number.isFinite(deviation))) {
      throw new RangeError(
        `gaussianMixture: component ${k} has weight ${weight} and deviation ${deviation}; expected positive numbers`,
      );
    }
    if (mean.length !== dimension || dimension < 1 || !mean.every(Number.isFinite)) {
      throw new RangeError(
        `gaussianMixture: mean ${k} is [${mean.join(", ")}]; expected ${Math.max(1, dimension)} finite numbers, as many as the first has`,
      );
    }
  }
}
