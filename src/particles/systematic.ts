/**
 * Systematic resampling: K particles in place of K weighted ones, as alike to the weights as whole numbers can be, from
 * one uniform u. The i-th is a copy of the first particle whose cumulative weight exceeds (u + i / K) mod 1, so that a
 * particle of weight w is copied floor(K w) or ceil(K w) times, K w on average.
 *
 * Source: Kitagawa 1996; in this order as in the code of Skreta et al. 2025 (2503.02819).
 *
 * @param weights [K] they sum to 1 @param u in [0, 1)
 * @returns [K] which particle each is a copy of
 */
export function systematicResampling(weights: Float64Array, u: number): Int32Array {
  const count = weights.length;
  const cumulative = new Float64Array(count);
  let total = 0;
  let last = 0; // the last particle that can be chosen, where rounding leaves the total below the position
  weights.forEach((weight, i) => {
    total += weight;
    cumulative[i] = total;
    if (weight > 0) last = i;
  });
  let which = 0;
  let before = 0;
  return Int32Array.from({ length: count }, (_, i) => {
    const position = (u + i / count) % 1;
    if (position < before) which = 0;
    before = position;
    while (which < last && cumulative[which]! <= position) which++;
    return which;
  });
}
