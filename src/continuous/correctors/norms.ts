/** How long the rows of a batch are: [batch] numbers from [batch, dimension]. */
export type Norms = (values: Float64Array, batch: number) => Float64Array;

/** The Euclidean norm of every row. What is made of it keeps rows independent of their batch. */
export const rowNorms: Norms = (values, batch) => {
  const dimension = values.length / batch;
  return Float64Array.from({ length: batch }, (_, row) => {
    let square = 0;
    for (let at = row * dimension; at < (row + 1) * dimension; at++) square += values[at]! * values[at]!;
    return Math.sqrt(square);
  });
};

/**
 * The mean norm of the batch, for every row. As published (score_sde, AMS, PDS): a sample then depends on those that are
 * made with it.
 */
export const batchNorms: Norms = (values, batch) => {
  const mean = rowNorms(values, batch).reduce((sum, norm) => sum + norm, 0) / batch;
  return new Float64Array(batch).fill(mean);
};
