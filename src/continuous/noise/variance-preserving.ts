import type { Noise } from "./noise.ts";

/** What is special about a variance-preserving noise: log alpha, its slope and its inverse. */
export interface LogAlpha {
  readonly name: string;
  readonly horizon: number;
  readonly cutoff: number;
  logAlpha(t: number): number;
  logAlphaSlope(t: number): number;
  /** The time at which log alpha(t) is `logAlpha` <= 0. */
  timeAtLogAlpha(logAlpha: number): number;
  /** Times between which log alpha is smooth, where it has kinks. */
  readonly knots?: Float64Array;
}

/**
 * The variance-preserving noise of a log alpha: sigma^2 = 1 - alpha^2, without cancellation at either end.
 * lambda = log alpha - log(1 - alpha^2) / 2, d lambda / dt = (d log alpha / dt) / sigma^2, and
 * log alpha = -log(1 + e^(-2 lambda)) / 2.
 *
 * Source: Song et al. 2021 (2011.13456), equation 11; Kingma et al. 2021 (2107.00630), section 3.
 */
export function variancePreserving({
  name,
  horizon,
  cutoff,
  logAlpha,
  logAlphaSlope,
  timeAtLogAlpha,
  knots,
}: LogAlpha): Noise {
  const variance = (t: number): number => 0 - Math.expm1(2 * logAlpha(t)); // never -0
  return {
    name,
    horizon,
    cutoff,
    priorScale: () => 1,
    alpha: (t) => Math.exp(logAlpha(t)),
    sigma: (t) => Math.sqrt(variance(t)),
    logAlpha,
    logAlphaSlope,
    lambda: (t) => logAlpha(t) - 0.5 * Math.log(variance(t)),
    lambdaSlope: (t) => logAlphaSlope(t) / variance(t),
    timeAt: (lambda) => timeAtLogAlpha(logAlphaAt(lambda)),
    ...(knots && { knots }),
  };
}

/** log alpha = -log(1 + e^(-2 lambda)) / 2, without overflow for very negative lambda. */
function logAlphaAt(lambda: number): number {
  return lambda < 0
    ? lambda - 0.5 * Math.log1p(Math.exp(2 * lambda))
    : -0.5 * Math.log1p(Math.exp(-2 * lambda));
}
