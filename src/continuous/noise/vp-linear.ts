import type { Noise } from "./noise.ts";
import { variancePreserving } from "./variance-preserving.ts";

/**
 * Variance-preserving noise whose rate grows linearly: log alpha(t) = -t^2 (beta1 - beta0) / 4 - t beta0 / 2, 0 <= t <= 1.
 *
 * Source: Song et al. 2021 (2011.13456), equation 33; the continuous limit of Ho et al. 2020 (2006.11239).
 *
 * @param options.beta0 rate at t = 0, default 0.1 @param options.beta1 rate at t = 1, default 20
 * @throws RangeError unless 0 < beta0 < beta1
 */
export function vpLinear({
  beta0 = 0.1,
  beta1 = 20,
  horizon = 1,
  cutoff = 1e-3,
}: {
  beta0?: number;
  beta1?: number;
  horizon?: number;
  cutoff?: number;
} = {}): Noise {
  if (!(beta0 > 0 && beta1 > beta0 && Number.isFinite(beta1))) {
    throw new RangeError(
      `vpLinear: beta0 = ${beta0}, beta1 = ${beta1}; expected two rates with 0 < beta0 < beta1, such as 0.1 and 20`,
    );
  }
  const slope = beta1 - beta0;
  return variancePreserving({
    name: `vp-linear:beta0=${beta0}:beta1=${beta1}`,
    horizon,
    cutoff,
    logAlpha: (t) => -0.25 * t * t * slope - 0.5 * t * beta0,
    logAlphaSlope: (t) => -0.5 * (t * slope + beta0),
    timeAtLogAlpha: (logAlpha) =>
      (-2 * logAlpha) / (0.5 * beta0 + Math.sqrt(0.25 * beta0 * beta0 - logAlpha * slope)),
  });
}
