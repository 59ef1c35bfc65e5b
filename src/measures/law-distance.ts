/**
 * Kullback-Leibler divergence KL(p || q) = sum_i p_i log(p_i / q_i) in nats, 0 log 0 = 0; Infinity where some
 * q_i = 0 < p_i.
 *
 * @param p law, any shape @param q law of the same shape; neither is checked to sum to 1
 */
export function klDivergence(p: Float64Array, q: Float64Array): number {
  checkSameSize("klDivergence", p, q);
  let sum = 0;
  for (let i = 0; i < p.length; i++) {
    const mass = p[i]!;
    if (mass > 0) sum += mass * Math.log(mass / q[i]!);
  }
  return sum;
}

/** Total variation 1/2 sum_i |p_i - q_i|: the largest difference in the chance of any event, 0 to 1. */
export function totalVariation(p: Float64Array, q: Float64Array): number {
  checkSameSize("totalVariation", p, q);
  let sum = 0;
  for (let i = 0; i < p.length; i++) sum += Math.abs(p[i]! - q[i]!);
  return sum / 2;
}

/**
 * Hellinger distance 1/sqrt(2) || sqrt p - sqrt q || = sqrt(1 - sum_i sqrt(p_i q_i)), 0 for equal laws, 1 for laws
 * without a common case. In this form equal laws are at 0 to the last digit.
 */
export function hellinger(p: Float64Array, q: Float64Array): number {
  checkSameSize("hellinger", p, q);
  let sum = 0;
  for (let i = 0; i < p.length; i++) sum += (Math.sqrt(p[i]!) - Math.sqrt(q[i]!)) ** 2;
  return Math.sqrt(sum / 2);
}

function checkSameSize(where: string, p: Float64Array, q: Float64Array): void {
  if (p.length !== q.length) {
    throw new RangeError(`${where}: p has ${p.length} entries, q has ${q.length}; expected laws of one size`);
  }
}
