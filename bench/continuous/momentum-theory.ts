/**
 * Where Langevin with momentum ends on a Gaussian of variance v: exact for a fixed beta, and for the adaptive one in the
 * limit of many dimensions, where norms do not vary.
 *
 * With a = s~ / v = s (1 + beta)^2 / v the moves x' = x + y' + w, y' = beta y - (1 - beta) a x, of noise w with variance
 * q, are an ARMA(2, 1) chain, x'' - (1 + beta - (1 - beta) a) x' + beta x = w' - beta w. Its stationary moments are
 *
 *     E x^2 = q (1 - beta^2 + 2 beta a) / ((1 - beta) a (2 (1 + beta) - (1 - beta) a))
 *     E y^2 = q a / (2 - a (1 - beta) / (1 + beta))
 *
 * The curvature met is r^2 = (1 + q / E y^2) / v^2, since the displacement has no noise and the change of the score has,
 * so that u = s~ r is u^2 = 2 a + 2 a^2 beta / (1 + beta), whatever q, and beta = ((1 - u) / (1 + u))^2 is its own
 * solution.
 */

/** The stationary variance of momentum with this beta, over v; `calibrated` noise has q = 2 s~, published q = 2 s. */
export function momentumVariance({
  beta,
  size,
  calibrated = false,
}: {
  beta: number;
  /** s / v */
  size: number;
  calibrated?: boolean;
}): number {
  const a = size * (1 + beta) ** 2;
  const q = 2 * (calibrated ? a : size);
  return (q * (1 - beta * beta + 2 * beta * a)) / ((1 - beta) * a * (2 * (1 + beta) - (1 - beta) * a));
}

/** The adaptive beta of the stationary state, for steps of s / v. */
export function adaptiveBeta(size: number): number {
  const answer = (beta: number): number => {
    const a = size * (1 + beta) ** 2;
    const u = Math.sqrt(2 * a + (2 * a * a * beta) / (1 + beta));
    return ((1 - u) / (1 + u)) ** 2;
  };
  // The answer falls as beta grows, so there is one solution.
  let [low, high] = [0, 1];
  for (let i = 0; i < 60; i++) {
    const middle = 0.5 * (low + high);
    if (answer(middle) > middle) low = middle;
    else high = middle;
  }
  return low;
}
