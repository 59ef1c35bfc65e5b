import { type Noise, rhoAt } from "../noise/noise.ts";

/**
 * Moves x / alpha along predictions: x_s = alpha_s (x_t / alpha_t + sum_j weights[j] eps_j). Because
 * d(x / alpha) / d rho = eps, weights that add up to rho(s) - rho(t) carry x from t to s.
 *
 * @param next [batch, dimension] x at s, written
 * @param options.x [batch, dimension] x at t
 * @param options.weights [predictions] @param options.predictions each [batch, dimension]
 */
export function rhoStepInto(
  next: Float64Array,
  {
    x,
    noise,
    t,
    s,
    weights,
    predictions,
  }: {
    x: Float64Array;
    noise: Noise;
    t: number;
    s: number;
    weights: ArrayLike<number>;
    predictions: readonly Float64Array[];
  },
): void {
  const alpha = noise.alpha(s);
  const kept = alpha / noise.alpha(t);
  for (let at = 0; at < x.length; at++) {
    let moved = 0;
    for (let j = 0; j < predictions.length; j++) moved += weights[j]! * predictions[j]![at]!;
    next[at] = kept * x[at]! + alpha * moved;
  }
}

/** rho(s) - rho(t) < 0, the length of a step. */
export function rhoChange(noise: Noise, t: number, s: number): number {
  return rhoAt(noise, s) - rhoAt(noise, t);
}
