/** A batch of noised samples, row-major, and how noised each is. */
export interface Noised {
  /** [batch, dimension] */
  readonly x: Float64Array;
  readonly batch: number;
  /** [batch] */
  readonly time: Float64Array;
  /** [batch] alpha and sigma at these times: x = alpha x0 + sigma eps. */
  readonly alpha: Float64Array;
  readonly sigma: Float64Array;
}

/**
 * Predicts the noise in noised samples: eps(x, t) = -sigma(t) grad log p_t(x) = E[eps | x_t = x] for a perfect one.
 * Models that predict x0, v or the score become one of these by `fromX0`, `fromV` and `fromScore`.
 */
export interface Denoiser {
  /** D, the numbers of one sample. */
  readonly dimension: number;
  /** Model calls that one `predict` makes; 1 unless stated (guidance makes 2). */
  readonly callsPerPrediction?: number;
  /** A fresh [batch, dimension] array. */
  predict(input: Noised): Float64Array | Promise<Float64Array>;
}
