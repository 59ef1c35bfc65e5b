/** What eps is taken to be at a point where the model is not asked, coordinate by coordinate. */
export interface FirstGuess {
  readonly name: string;
  /** [dimension] what x0 is taken to be, if it is the same for every x. */
  readonly mean?: Float64Array;
  /** @param at.d the coordinate, 0 .. dimension - 1 @param at.alpha and sigma, the levels of the point */
  eps(x: number, at: { readonly d: number; readonly alpha: number; readonly sigma: number }): number;
}

/**
 * x over its own standard deviation for data of unit variance: eps = x / sqrt(alpha^2 + sigma^2). On variance-exploding
 * noise that is x / sqrt(1 + sigma^2), on variance-preserving noise x itself.
 *
 * Source: Zhou et al. 2024 (2312.00094); Chen et al. 2024 (2405.11326).
 */
export const pureNoise: FirstGuess = {
  name: "pure-noise",
  eps: (x, { alpha, sigma }) => x / Math.hypot(alpha, sigma),
};

/**
 * x0 = 0: eps = x / sigma.
 *
 * Source: Liu et al. 2023 (2312.07243), "zero_x0"; the released code takes this eps where eps is expanded, and eps = x where
 * x0 is.
 */
export const zeroX0: FirstGuess = { name: "zero-x0", eps: (x, { sigma }) => x / sigma };

/**
 * x0 = the mean of the data: eps = (x - alpha mean) / sigma.
 *
 * Source: Liu et al. 2023 (2312.07243), "average_x0".
 *
 * @param options.mean [dimension]
 */
export function averageX0({ mean }: { readonly mean: ArrayLike<number> }): FirstGuess {
  const own = Float64Array.from(mean);
  const wrong = own.findIndex((value) => !Number.isFinite(value));
  if (own.length === 0 || wrong >= 0) {
    throw new RangeError(
      `averageX0: ${own.length === 0 ? "mean has no numbers" : `mean[${wrong}] = ${own[wrong]}`}; expected a finite number for each coordinate`,
    );
  }
  return {
    name: "average-x0",
    mean: own,
    eps: (x, { d, alpha, sigma }) => (x - alpha * own[d]!) / sigma,
  };
}
