import { fitGaussian, gaussianDistance } from "./gaussian.ts";
import type { PooledMeasure } from "./measure.ts";
import type { Features } from "./tanh-features.ts";

/**
 * Frechet distance of samples from real sequences in a feature space: both sets of features become normal laws
 * by their means and covariances, and the value is the squared distance of the two (`gaussianDistance`), as "FID"
 * is given for images.
 *
 * It sees means and pairwise correlations of the features only, and of sequences what the features tell. The
 * plug-in figure is biased upwards, roughly in proportion to 1 / count, and by much where the count is not far
 * above the number of features (the covariance is then nearly singular): perfect samples score the sampling floor
 * (see `samplingFloor`), and figures at different counts do not compare. Figures in different feature spaces never do.
 *
 * @param options.reference [n, length] real sequences
 * Source: Heusel et al. 2017, arXiv 1706.08500; of the bias, Chong and Forsyth 2020, arXiv 1911.07023.
 */
export function frechet({
  features,
  reference,
  length,
}: {
  features: Features;
  reference: Int32Array;
  length: number;
}): PooledMeasure {
  const { width } = features;
  const real = fitGaussian(features.of(reference, length), width);
  return {
    name: "frechet",
    label: "Frechet distance of features (squared)",
    better: "lower",
    of: (tokens, own) => gaussianDistance(real, fitGaussian(features.of(tokens, own), width)),
  };
}
