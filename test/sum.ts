/** The sum of numbers. */
export function sum(values: ArrayLike<number>): number {
  return Array.from(values).reduce((total, each) => total + each, 0);
}

/** Weights divided by their sum. */
export function normalised(weights: ArrayLike<number>): Float64Array {
  const total = sum(weights);
  return Float64Array.from(weights, (weight) => weight / total);
}
