/** Steps of the table in a power of two. */
const STEPS = 2048;
/** ln 2 / STEPS in two parts; the first has 30 bits, so that its products with whole numbers below 2^22 are exact. */
const HIGH = 0.0003384507713235507;
const LOW = 4.3423507025813853e-13;
/** Below this the result is 0. */
const LEAST = -745;

/** 2^(j / STEPS) */
const roots: Float64Array = Float64Array.from({ length: STEPS }, (_, j) => 2 ** (j / STEPS));
/** 2^-e */
const powers: Float64Array = Float64Array.from({ length: 1077 }, (_, e) => 2 ** -e);

/**
 * e^x for x <= 0, three times as fast as `Math.exp` (`npm run bench:exp`), which a softmax over a large vocabulary
 * mostly consists of:
 *
 *     x = n ln(2) / 2048 + r,   e^x = 2^(n / 2048) (1 + r + r^2 / 2 + r^3 / 6),   |r| <= ln(2) / 4096
 *
 * What is left out, r^4 / 24, is below 4e-17. The result is within 1e-15 of e^x, relatively, where that is above
 * 1e-307. e^-Infinity is 0, and NaN stays NaN.
 */
export function expBelow(x: number): number {
  if (x < LEAST) return 0;
  const n = (x * (STEPS / Math.LN2) - 0.5) | 0;
  const r = x - n * HIGH - n * LOW;
  const series = 1 + r * (1 + r * (0.5 + r * (1 / 6)));
  return roots[n & (STEPS - 1)]! * series * powers[-(n >> 11)]!;
}
