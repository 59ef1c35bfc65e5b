/**
 * How fast data is drowned in Gaussian noise: x_t = alpha(t) x_0 + sigma(t) eps, eps ~ N(0, I). Time runs from
 * `horizon` (noise) down to 0 (data). All of it follows from log alpha and lambda = log(alpha / sigma), half the log
 * signal-to-noise ratio, which falls as t grows.
 */
export interface Noise {
  readonly name: string;
  /** T, where sampling starts unless the schedule says otherwise. */
  readonly horizon: number;
  /** t0 > 0, where it ends unless the schedule says otherwise. */
  readonly cutoff: number;
  /** Standard deviation of the start points at t, of data with unit variance or much less than sigma(t). */
  priorScale(t: number): number;
  alpha(t: number): number;
  sigma(t: number): number;
  /** log alpha(t), accurate near t = 0. */
  logAlpha(t: number): number;
  /** d log alpha / dt: the drift of the forward SDE dx = (d log alpha / dt) x dt + g dw. */
  logAlphaSlope(t: number): number;
  /** lambda(t) = log(alpha / sigma); Infinity where sigma is 0. */
  lambda(t: number): number;
  /** d lambda / dt < 0; the forward SDE has g(t)^2 = -2 sigma(t)^2 d lambda / dt. */
  lambdaSlope(t: number): number;
  /** The time at which lambda(t) is `lambda`. */
  timeAt(lambda: number): number;
  /** Times between which lambda is smooth, where it has kinks: the levels of a table. */
  readonly knots?: Float64Array;
}

/** rho(t) = sigma / alpha = e^-lambda, the time in which x / alpha moves along d(x / alpha) / d rho = eps. */
export function rhoAt(noise: Noise, t: number): number {
  return Math.exp(-noise.lambda(t));
}
