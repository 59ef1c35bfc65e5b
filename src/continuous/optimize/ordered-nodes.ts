import type { Differentiable } from "./quasi-newton.ts";

/** What a step has at least, in lambda: integrals over shorter ones are lost to rounding. */
export const LEAST_GAP = 1e-6;

/**
 * Nodes that rise from one end to the other, by free numbers: the steps are shares of the whole,
 *
 *     lambda_{i+1} - lambda_i = L e^(v_i) / sum_j e^(v_j),   v of the last step = 0,   L = lambda_N - lambda_0
 *
 * so that every v in R^(N-1) is a schedule, and every schedule has its v.
 */
export interface OrderedNodes {
  /** [N - 1] of lambdas, [N + 1] strictly rising from end to end. */
  free(lambdas: ArrayLike<number>): Float64Array;
  /** [N + 1] of v. */
  nodes(v: Float64Array): Float64Array;
  /** A function of nodes as one of v; Infinity where a step is shorter than LEAST_GAP. */
  of(f: Differentiable): Differentiable;
}

/** @param ends lambda of the first node and of the last, rising */
export function orderedNodes([first, last]: readonly [number, number]): OrderedNodes {
  const length = last - first;
  const nodes = (v: Float64Array): Float64Array => {
    const most = v.reduce((a, b) => Math.max(a, b), 0);
    const shares = Float64Array.from([...v, 0], (value) => Math.exp(value - most));
    const total = shares.reduce((a, b) => a + b, 0);
    const out = new Float64Array(v.length + 2);
    let sum = 0;
    for (let i = 0; i < shares.length; i++) {
      out[i] = first + (length * sum) / total;
      sum += shares[i]!;
    }
    out[v.length + 1] = last;
    return out;
  };
  return {
    nodes,
    free: (lambdas) => {
      const gaps = Array.from({ length: lambdas.length - 1 }, (_, i) =>
        Math.log(lambdas[i + 1]! - lambdas[i]!),
      );
      return Float64Array.from(gaps.slice(0, -1), (gap) => gap - gaps.at(-1)!);
    },
    of: (f) => (v) => {
      const lambdas = nodes(v);
      const steps = v.length + 1;
      for (let i = 0; i < steps; i++) {
        if (!(lambdas[i + 1]! - lambdas[i]! >= LEAST_GAP)) {
          return { value: Number.POSITIVE_INFINITY, gradient: new Float64Array(v.length) };
        }
      }
      const { value, gradient } = f(lambdas);
      // d lambda_i / d v_j = (gap of step j) ((1 if j < i) - (lambda_i - lambda_0) / L)
      let mean = 0;
      for (let i = 1; i < steps; i++) mean += (gradient[i]! * (lambdas[i]! - first)) / length;
      const own = new Float64Array(v.length);
      let after = 0;
      for (let j = v.length - 1; j >= 0; j--) {
        after += gradient[j + 1]!;
        own[j] = (lambdas[j + 1]! - lambdas[j]!) * (after - mean);
      }
      return { value, gradient: own };
    },
  };
}
