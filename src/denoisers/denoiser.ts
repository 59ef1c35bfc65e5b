/** A batch of noised sequences, row-major. */
export interface Noised {
  /** [batch, length] tokens; the mask, where the process has one, is token `vocabulary`. */
  readonly tokens: Int32Array;
  readonly batch: number;
  /** [batch] noise levels in (0, 1]; a time-free denoiser ignores them. */
  readonly time: Float64Array;
  /**
   * [count] flat indexes row * length + position whose logits will be read, ascending. A denoiser may compute
   * only those; absent means all.
   */
  readonly wanted?: Int32Array;
  /** [batch, length] 1 where a token was given: it is clean whatever the time. Absent means none. */
  readonly fixed?: Uint8Array;
}

/**
 * Logits over clean tokens: row r, position d, token v is data[(r * length + d) * width + v], v < vocabulary. Where
 * `positions` says which rows there are, the i-th of them begins at i * width.
 */
export interface Logits {
  readonly data: Float32Array | Float64Array;
  /** [count] flat indexes row * length + position of the rows of `data`, ascending; absent: all of them. */
  readonly positions?: Int32Array;
  /** Distance from one position's logits to the next; at least the vocabulary, more if the mask has a column. */
  readonly width: number;
  /** Gives the array back for reuse. It is the caller's until then, so that runs may share a denoiser. */
  readonly release?: () => void;
}

/**
 * Predicts the clean tokens of noised sequences: softmax of the logits of a position is p(x0 of the position |
 * x_t). Logits may be -Infinity (probability 0), never NaN or +Infinity.
 */
export interface Denoiser {
  /** V, the number of clean tokens. */
  readonly vocabulary: number;
  /** D, the number of positions of a sequence. */
  readonly length: number;
  /** True where the prediction depends on the tokens alone, not on the time. */
  readonly timeFree: boolean;
  /** Model calls that one `predict` makes; 1 unless stated (guidance makes 2). */
  readonly callsPerPrediction?: number;
  predict(input: Noised): Logits | Promise<Logits>;
}
