/**
 * Sum w_i f_i of weighted particles, an average under the law they stand for. With f_i = 1 where a particle is in a set
 * and else 0 it is the set's probability.
 *
 * @param values [K, width] numbers of each particle @param weights [K] they sum to 1
 * @returns [width]
 * @throws RangeError unless there are as many values for each weight
 */
export function weightedMean(values: ArrayLike<number>, weights: Float64Array): Float64Array {
  const width = values.length / weights.length;
  if (!Number.isInteger(width) || width < 1) {
    throw new RangeError(
      `weightedMean: ${values.length} values and ${weights.length} weights; expected the same number of values for each weight`,
    );
  }
  const mean = new Float64Array(width);
  weights.forEach((weight, i) => {
    for (let at = 0; at < width; at++) mean[at]! += weight * values[i * width + at]!;
  });
  return mean;
}
