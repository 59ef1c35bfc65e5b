/** How far the variance of samples of a Gaussian field is from the right one, frequency by frequency. */
import {
  fourier,
  type Noise,
  type Preconditioner,
  preconditionedStart,
  type Sampler,
  sample,
  timeLog,
  varianceExploding,
} from "../../src/continuous/index.ts";
import type { GaussianField } from "./gaussian-field.ts";

/** A number and its standard error. */
export interface Estimate {
  readonly value: number;
  readonly error: number;
}

/** Variance ratios of a sampler: 1 is right. */
export interface FieldVariance {
  /** The mean ratio of the frequencies of every band. */
  readonly bands: readonly Estimate[];
  /** Root mean square over frequencies of the logarithm of the ratio; sampling noise taken out. */
  readonly rms: number;
  readonly calls: number;
}

/** Frequencies low <= |k| < high. */
export const bands: readonly { readonly name: string; readonly low: number; readonly high: number }[] = [
  { name: "k = 0", low: 0, high: 1 },
  { name: "1 to 2", low: 1, high: 2 },
  { name: "2 to 4", low: 2, high: 4 },
  { name: "4 up", low: 4, high: Number.POSITIVE_INFINITY },
];

/** The levels that published image models go through, N of them evenly spaced in log sigma. */
export const noise: Noise = varianceExploding({ sigmaMin: 0.01, sigmaMax: 50 });

/** Samples n images in N steps and compares their spectrum at the last level with the exact one. */
export async function fieldVariance(
  field: GaussianField,
  sampler: Sampler,
  {
    steps,
    count,
    seed,
    preconditioner,
  }: { steps: number; count: number; seed: number; preconditioner?: Preconditioner },
): Promise<FieldVariance> {
  const { x, calls } = await sample(field, {
    noise,
    schedule: timeLog({ steps }),
    sampler,
    count,
    batch: count,
    seed,
    ...(preconditioner && { normals: preconditionedStart({ preconditioner, seed }) }),
  });
  const powers = powersOf(field, x);
  const { dimension, radius } = field;
  const means = Float64Array.from({ length: dimension }, (_, at) => {
    let sum = 0;
    for (let row = 0; row < count; row++) sum += powers[row * dimension + at]! / count;
    return sum;
  });
  return {
    calls,
    bands: bands.map(({ low, high }) => {
      const inside = Array.from(radius.keys()).filter((at) => radius[at]! >= low && radius[at]! < high);
      const rows = Array.from(
        { length: count },
        (_, row) => inside.reduce((sum, at) => sum + powers[row * dimension + at]!, 0) / inside.length,
      );
      return estimate(rows);
    }),
    rms: rmsLog(field, means, count),
  };
}

/** |F (x - mean)|^2 / side^2 over its expectation, [rows, side * side]. */
function powersOf({ side, dimension, mean, spectrum }: GaussianField, x: Float64Array): Float64Array {
  const { forward } = fourier({ height: side, width: side });
  const out = new Float64Array(x.length);
  const last = noise.sigma(noise.cutoff) ** 2;
  for (let start = 0; start < x.length; start += dimension) {
    const real = x.subarray(start, start + dimension).map((value) => value - mean);
    const spectrumOfRow = forward({ real, imaginary: new Float64Array(dimension) });
    for (let at = 0; at < dimension; at++) {
      const square = spectrumOfRow.real[at]! ** 2 + spectrumOfRow.imaginary[at]! ** 2;
      out[start + at] = square / dimension / (spectrum[at]! + last);
    }
  }
  return out;
}

/** The squared log ratios, less the variance that n samples of a power have: 1 / n, and 2 / n where F is real. */
function rmsLog({ side, dimension }: GaussianField, means: Float64Array, count: number): number {
  let sum = 0;
  for (let at = 0; at < dimension; at++) {
    const [p, q] = [Math.floor(at / side), at % side];
    const own = (2 * p) % side === 0 && (2 * q) % side === 0 ? 2 : 1;
    sum += Math.log(means[at]!) ** 2 - own / count;
  }
  return Math.sqrt(Math.max(0, sum / dimension));
}

/** The mean of independent values and its standard error. */
export function estimate(values: readonly number[]): Estimate {
  const n = values.length;
  const value = values.reduce((sum, one) => sum + one, 0) / n;
  const spread = values.reduce((sum, one) => sum + (one - value) ** 2, 0) / (n - 1);
  return { value, error: Math.sqrt(spread / n) };
}
