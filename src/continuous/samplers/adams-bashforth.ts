import type { Noise } from "../noise/noise.ts";
import type { Clock } from "./clocks.ts";

/**
 * Weights of Adams-Bashforth with uneven steps: x / alpha changes from t to s by the sum of w_j eps_j with
 *
 *     w_j = integral of l_j d rho from rho(t) to rho(s),   l_j = prod_{k != j} (c - c_k) / (c_j - c_k)
 *
 * where c is the reading of a clock and c_j that at times[j], so that eps is taken for the polynomial in c through the
 * predictions. The weights add up to rho(s) - rho(t).
 *
 * @param options.times when the predictions were made, newest first; times[0] is t
 * @returns [times] one for each prediction, newest first
 */
export function adamsBashforth({
  noise,
  clock,
  times,
  s,
}: {
  noise: Noise;
  clock: Clock;
  times: ArrayLike<number>;
  s: number;
}): Float64Array {
  const nodes = Array.from(times, (t) => clock.at(noise, t));
  const { points, weights } = clock.quadrature(noise, times[0]!, s);
  return Float64Array.from(nodes, (own) => {
    const others = nodes.filter((node) => node !== own);
    return points.reduce(
      (sum, point, q) =>
        sum + others.reduce((product, node) => (product * (point - node)) / (own - node), weights[q]!),
      0,
    );
  });
}
