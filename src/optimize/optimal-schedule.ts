import { shortestPaths } from "./shortest-paths.ts";

/**
 * The best reveal counts for every number of steps at once, by dynamic programming on one curve.
 *
 * With h(m) the expected entropy of a still masked token when m of D are revealed, a run with counts
 * 0 = c_0 < c_1 < ... < c_N = D costs
 *
 *     cost(c) = sum over i of (c_{i+1} - c_i) h(c_i)
 *
 * and KL(data || samples, on average over reveal orders) = cost(c) - sum over m of h(m): the left Riemann
 * error of the curve. The cost is additive over steps, so the best counts are a shortest path:
 *
 *     best_n(m) = min over c > m of (c - m) h(m) + best_{n-1}(c),   best_1(m) = (D - m) h(m)
 *
 * Source: Chen, Cong, Li 2025, arXiv 2511.04647. O(D^2 N) time, O(D N) memory, no model calls.
 *
 * @param curve [D] h(0) .. h(D - 1) in nats
 * @param maxSteps N, 1 <= N <= D
 * @returns for every n = 1 .. N the optimal counts [n + 1] and their cost in nats
 */
export function optimalSchedules(
  curve: ArrayLike<number>,
  maxSteps: number,
): { steps: number; counts: Int32Array; cost: number }[] {
  const length = curve.length;
  if (!Number.isInteger(maxSteps) || maxSteps < 1 || maxSteps > length) {
    throw new RangeError(
      `optimalSchedules: ${maxSteps} steps for ${length} tokens; expected from 1 to ${length}, one token a step`,
    );
  }
  const h = Float64Array.from(curve);
  h.forEach((value, m) => {
    if (!(value >= 0 && value < Number.POSITIVE_INFINITY)) {
      throw new RangeError(`optimalSchedules: curve[${m}] = ${value}; expected a finite number >= 0`);
    }
  });
  return shortestPaths(length, maxSteps, (from, to) => (to - from) * h[from]!).map(
    ({ nodes, cost }, index) => ({
      steps: index + 1,
      counts: nodes,
      cost,
    }),
  );
}

/** cost(c) = sum (c_{i+1} - c_i) h(c_i), the expected nats a run with these reveal counts spends. */
export function scheduleCost(curve: ArrayLike<number>, counts: ArrayLike<number>): number {
  let cost = 0;
  for (let i = 0; i + 1 < counts.length; i++) cost += (counts[i + 1]! - counts[i]!) * curve[counts[i]!]!;
  return cost;
}
