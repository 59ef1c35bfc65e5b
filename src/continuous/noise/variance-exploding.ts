import type { Noise } from "./noise.ts";

/**
 * Noise that is added to data which is never scaled: alpha = 1, sigma(t) = t. Time is the noise level itself.
 *
 * Source: Karras et al. 2022 (2206.00364), section 3; the variance-exploding SDE of Song et al. 2021 (2011.13456) in its
 * own noise level.
 *
 * @param options.sigmaMax where sampling starts, default 80 @param options.sigmaMin where it ends, default 0.002
 * @throws RangeError unless 0 < sigmaMin < sigmaMax
 */
export function varianceExploding({
  sigmaMin = 0.002,
  sigmaMax = 80,
}: {
  sigmaMin?: number;
  sigmaMax?: number;
} = {}): Noise {
  if (!(sigmaMin > 0 && sigmaMax > sigmaMin && Number.isFinite(sigmaMax))) {
    throw new RangeError(
      `varianceExploding: sigmaMin = ${sigmaMin}, sigmaMax = ${sigmaMax}; expected 0 < sigmaMin < sigmaMax`,
    );
  }
  return {
    name: `ve:sigmaMin=${sigmaMin}:sigmaMax=${sigmaMax}`,
    horizon: sigmaMax,
    cutoff: sigmaMin,
    priorScale: (t) => t,
    alpha: () => 1,
    sigma: (t) => t,
    logAlpha: () => 0,
    logAlphaSlope: () => 0,
    lambda: (t) => -Math.log(t),
    lambdaSlope: (t) => -1 / t,
    timeAt: (lambda) => Math.exp(-lambda),
  };
}
