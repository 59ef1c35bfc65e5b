/** Arithmetic of weights that are kept as logarithms: they differ by more than a double's range, and only ratios count. */

/** Weights e^(l_i - max) / sum, [K], that sum to 1. @throws RangeError unless some log-weight is finite and none is NaN */
export function normalisedWeights(logWeights: Float64Array): Float64Array {
  const most = largest(logWeights);
  const weights = logWeights.map((value) => Math.exp(value - most));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

/** log of the mean of e^(l_i). */
export function logMeanExp(logWeights: Float64Array): number {
  const most = largest(logWeights);
  const total = logWeights.reduce((sum, value) => sum + Math.exp(value - most), 0);
  return most + Math.log(total / logWeights.length);
}

/**
 * 1 / sum w_i^2 of weights that sum to 1: how many equal weights are worth as much, from 1 to K.
 *
 * Source: Kong, Liu and Wong 1994, section 4.
 */
export function effectiveSampleSize(weights: Float64Array): number {
  return 1 / weights.reduce((sum, weight) => sum + weight * weight, 0);
}

function largest(logWeights: Float64Array): number {
  let most = Number.NEGATIVE_INFINITY;
  logWeights.forEach((value, i) => {
    if (!(value < Number.POSITIVE_INFINITY)) {
      throw new RangeError(
        `log-weights: particle ${i} has log-weight ${value}; expected a number below Infinity: check the models and the reward, or take shorter steps`,
      );
    }
    if (value > most) most = value;
  });
  if (most === Number.NEGATIVE_INFINITY) {
    throw new RangeError(
      `log-weights: all ${logWeights.length} particles have weight 0; take more particles, or steer less`,
    );
  }
  return most;
}
