import { exponentialWeights } from "./exponential-weights.ts";

/** What the bound is of. */
export interface ErrorBoundOptions {
  /** Of the solver: orders rise 1, 2, .. to it, and fall again at the end. Default 3. */
  readonly order?: number;
  /** The model's error in x0 is taken to grow like sigma^p / alpha; default 2. */
  readonly p?: number;
  /** Steps that are bounded one by one, before errors of several steps are let cancel; default 0. */
  readonly truncation?: number;
}

/** The bound and how it changes with the nodes. */
export interface ErrorBound {
  readonly value: number;
  /** [N + 1] d value / d lambda_i; at a kink, where a c_n is 0, that of one side. */
  readonly gradient: Float64Array;
}

/**
 * A bound of the error that a multistep exponential integrator of x0 makes at the end of its run, if the model's own error
 * at lambda is e(lambda) = sigma^p / alpha. Step i has order k = min(order, i + 1, N - i), and weighs the predictions at
 * its k latest nodes by J (exponential-weights.ts):
 *
 *     sum over the first steps, and steps of order 1, of |(e_n J_n)_n|_2   +   sum_n |c_n|
 *     c_n = e_n sum over the other steps of J_n
 *
 * With alpha^2 = 1 / (1 + e^(-2 lambda)) and sigma^2 = 1 / (1 + e^(2 lambda)) all of it follows from lambda, also for noise
 * that is not variance-preserving: what the model knows of x0 depends on lambda alone.
 *
 * No model call. Source: Xue et al. 2024 (2402.17376), section 3 and the released objective; the gradient is ours.
 *
 * @param lambdas [N + 1] strictly rising
 */
export function errorBound(
  lambdas: ArrayLike<number>,
  { order = 3, p = 2, truncation = 0 }: ErrorBoundOptions = {},
): ErrorBound {
  const nodes = Float64Array.from(lambdas);
  const [count, steps] = [nodes.length, nodes.length - 1];
  const own = Array.from(nodes, (lambda) => modelError(lambda, p));
  // c_n, and d c_n / d lambda_i: [steps] and [steps, N + 1]
  const shared = new Float64Array(steps);
  const sharedSlopes = new Float64Array(steps * count);
  const gradient = new Float64Array(count);
  let value = 0;
  for (let i = 0; i < steps; i++) {
    const used = Math.min(order, i + 1, steps - i);
    const first = i + 1 - used;
    const { weights, slopes } = exponentialWeights(nodes.subarray(first, i + 1), nodes[i + 1]!);
    const alone = used === 1 || i < truncation;
    let square = 0;
    for (let k = 0; k < used; k++) square += (own[first + k]!.value * weights[k]!) ** 2;
    const size = Math.sqrt(square);
    if (alone) value += size;
    for (let k = 0; k < used; k++) {
      const n = first + k;
      const term = own[n]!.value * weights[k]!;
      const into = alone ? gradient : sharedSlopes;
      const at = alone ? 0 : n * count;
      const scale = alone ? term / size : 1;
      for (let m = 0; m <= used; m++) {
        into[at + first + m]! += scale * own[n]!.value * slopes[k * (used + 1) + m]!;
      }
      into[at + n]! += scale * own[n]!.logSlope * term;
      if (!alone) shared[n]! += term;
    }
  }
  for (let n = 0; n < steps; n++) {
    value += Math.abs(shared[n]!);
    for (let m = 0; m < count; m++) gradient[m]! += Math.sign(shared[n]!) * sharedSlopes[n * count + m]!;
  }
  return { value, gradient };
}

/** e = sigma^p / alpha, and d log e / d lambda = -p alpha^2 - sigma^2. */
function modelError(lambda: number, p: number): { value: number; logSlope: number } {
  const [alpha2, sigma2] = [1 / (1 + Math.exp(-2 * lambda)), 1 / (1 + Math.exp(2 * lambda))];
  return { value: Math.sqrt(sigma2 ** p / alpha2), logSlope: -p * alpha2 - sigma2 };
}
