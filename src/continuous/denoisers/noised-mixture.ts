import { type GaussianMixture, gaussianMixture, type Levels } from "./gaussian-mixture.ts";

/**
 * The law of x = alpha x0 + sigma eps for data x0 of a mixture: weights w_k, means alpha mu_k, deviations
 * sqrt(alpha^2 s_k^2 + sigma^2). A perfect sampler that stops at a time t has this law at the levels of t.
 */
export function noisedMixture(data: GaussianMixture, { alpha, sigma }: Levels): GaussianMixture {
  const { weights, means, deviations, dimension } = data;
  return gaussianMixture({
    weights,
    means: Array.from(deviations, (_, k) =>
      means.slice(k * dimension, (k + 1) * dimension).map((mean) => alpha * mean),
    ),
    deviations: deviations.map((deviation) => Math.hypot(alpha * deviation, sigma)),
  });
}
