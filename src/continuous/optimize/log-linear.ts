/**
 * Another number of levels along the same curve: log level runs straight between the given ones, which lie evenly on
 * [0, 1].
 *
 *     level(q) = exp(interpolation of log levels at q),   q = 0, 1 / steps, .., 1
 *
 * Source: Sabour, Fidler and Kreis 2024 (2404.14507), section 4.
 *
 * @param levels [n + 1] positive, such as rho @param steps whole, >= 1
 * @returns [steps + 1]; the ends, and all of them if steps = n, as given
 */
export function logLinear(levels: ArrayLike<number>, steps: number): Float64Array {
  const last = levels.length - 1;
  if (!(Number.isInteger(steps) && steps >= 1 && last >= 1)) {
    throw new RangeError(
      `logLinear: ${last + 1} levels for ${steps} steps; expected at least 2 levels and a whole number of steps >= 1`,
    );
  }
  return Float64Array.from({ length: steps + 1 }, (_, i) => {
    const at = (i * last) / steps;
    const below = Math.min(last - 1, Math.floor(at));
    const share = at - below;
    if (share === 0 || share === 1) return levels[below + share]!;
    return levels[below]! ** (1 - share) * levels[below + 1]! ** share;
  });
}
