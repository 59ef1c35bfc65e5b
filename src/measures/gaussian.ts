import { symmetricEigen } from "./symmetric-eigen.ts";

/** A normal law in f dimensions. */
export interface Gaussian {
  /** [f] */
  readonly mean: Float64Array;
  /** [f, f] symmetric, without negative eigenvalues */
  readonly covariance: Float64Array;
}

/**
 * The normal law with the points' mean and unbiased covariance, 1 / (n - 1) sum (x - mean)(x - mean)^T; covariance
 * 0 for a single point.
 *
 * @param points [n, width], n >= 1
 */
export function fitGaussian(points: Float64Array, width: number): Gaussian {
  const count = points.length / width;
  const mean = new Float64Array(width);
  points.forEach((value, at) => {
    mean[at % width]! += value / count;
  });
  const covariance = new Float64Array(width * width);
  for (let row = 0; row < count; row++) {
    const centred = mean.map((centre, i) => points[row * width + i]! - centre);
    for (let i = 0; i < width; i++) {
      for (let j = 0; j < width; j++) covariance[i * width + j]! += centred[i]! * centred[j]!;
    }
  }
  const divisor = Math.max(1, count - 1);
  return { mean, covariance: covariance.map((sum) => sum / divisor) };
}

/**
 * Squared Frechet (2-Wasserstein) distance of two normal laws,
 *
 *   |mean_a - mean_b|^2 + trace(A + B - 2 (A^1/2 B A^1/2)^1/2),
 *
 * A and B the covariances, which may be singular. The last trace is the sum of the roots of eigenvalues of a
 * symmetric matrix; eigenvalues that rounding made negative count as 0.
 *
 * Source: Dowson and Landau 1982, "The Frechet distance between multivariate normal distributions", Journal of
 * Multivariate Analysis 12.
 */
export function gaussianDistance(a: Gaussian, b: Gaussian): number {
  const width = a.mean.length;
  if (b.mean.length !== width) {
    throw new RangeError(
      `gaussianDistance: a has ${width} dimensions, b has ${b.mean.length}; expected as many`,
    );
  }
  const apart = a.mean.reduce((sum, value, i) => sum + (value - b.mean[i]!) ** 2, 0);
  const root = squareRoot(a.covariance, width);
  const between = multiply(multiply(root, b.covariance, width), root, width);
  const { values } = symmetricEigen(between, width);
  const shared = values.reduce((sum, value) => sum + Math.sqrt(Math.max(0, value)), 0);
  return Math.max(0, apart + trace(a.covariance, width) + trace(b.covariance, width) - 2 * shared);
}

/** V diag(sqrt(values)) V^T. */
function squareRoot(matrix: Float64Array, n: number): Float64Array {
  const { values, vectors } = symmetricEigen(matrix, n);
  const roots = values.map((value) => Math.sqrt(Math.max(0, value)));
  const scaled = vectors.map((entry, at) => entry * roots[at % n]!);
  const transposed = vectors.map((_, at) => vectors[(at % n) * n + Math.floor(at / n)]!);
  return multiply(scaled, transposed, n);
}

function multiply(a: Float64Array, b: Float64Array, n: number): Float64Array {
  const product = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < n; k++) {
      const left = a[i * n + k]!;
      for (let j = 0; j < n; j++) product[i * n + j]! += left * b[k * n + j]!;
    }
  }
  return product;
}

function trace(matrix: Float64Array, n: number): number {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += matrix[i * n + i]!;
  return sum;
}
