/** Weights that are added up together, in four sums side by side: one sum alone waits for each addition. */
const BLOCK = 256;

/**
 * Inverse-CDF draw of one index: the smallest i with u * total < weights[0] + ... + weights[i].
 *
 * One uniform with 53 bits per token, sums in float64: the tail is exact down to 2^-53, where a float32
 * Gumbel-max cuts it off at about 2^-24 and so lowers the effective temperature (Zheng et al. 2024,
 * arXiv 2409.02908).
 *
 * @param weights non-negative, not necessarily normalised; only the first `count` are read
 * @param u uniform in [0, 1)
 * @throws RangeError if the total is not a positive finite number: a NaN never becomes a token
 */
export function drawIndex(weights: Float64Array, count: number, u: number): number {
  const whole = count - (count % BLOCK);
  let total = 0;
  for (let from = 0; from < whole; from += BLOCK) total += blockSum(weights, from);
  for (let i = whole; i < count; i++) total += weights[i]!;
  if (!(total > 0 && total < Number.POSITIVE_INFINITY)) {
    throw new RangeError(
      `drawIndex: the ${count} weights sum to ${total}; expected a positive finite total, so look for NaN or all-zero probabilities in the model's output`,
    );
  }
  const target = u * total;
  let sum = 0;
  let start = 0;
  for (; start < whole; start += BLOCK) {
    const next = sum + blockSum(weights, start);
    if (target < next) break;
    sum = next;
  }
  for (let i = start; i < count; i++) {
    const weight = weights[i]!;
    sum += weight;
    if (weight > 0 && target < sum) return i;
  }
  // Rounding left the sum below the target: the last token that can occur.
  let last = count - 1;
  while (last > 0 && !(weights[last]! > 0)) last--;
  return last;
}

function blockSum(weights: Float64Array, from: number): number {
  let [a, b, c, d] = [0, 0, 0, 0];
  for (let i = from; i < from + BLOCK; i += 4) {
    a += weights[i]!;
    b += weights[i + 1]!;
    c += weights[i + 2]!;
    d += weights[i + 3]!;
  }
  return a + b + (c + d);
}

/** -sum p log p in nats over the first `count` entries of a normalised row; 0 log 0 = 0. */
export function entropy(p: Float64Array, count: number = p.length): number {
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const value = p[i]!;
    if (value > 0) sum -= value * Math.log(value);
  }
  return sum;
}
