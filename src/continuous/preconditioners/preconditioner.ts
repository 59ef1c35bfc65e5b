import { type Complex, fourier } from "./fourier.ts";

/** A linear map M that evens out directions of very different size. */
export interface Preconditioner {
  /** D, the numbers of one sample. */
  readonly dimension: number;
  /** M z of every row. @param z [rows, dimension] @returns fresh */
  apply(z: Float64Array): Float64Array;
  /** M M^T g of every row. @param g [rows, dimension] @returns fresh */
  applySquared(g: Float64Array): Float64Array;
}

/** A preconditioner of images, and the two masks it is made of. */
export interface ImagePreconditioner extends Preconditioner {
  /** [channels, height, width] */
  readonly shape: readonly [number, number, number];
  /** S, [channels, height, width]; absent where it is 1 everywhere */
  readonly space?: Float64Array;
  /** R, [channels, height, width], frequencies as {@link fourier} orders them; absent where it is 1 everywhere */
  readonly frequency?: Float64Array;
}

/**
 * M z = Re F^-1(R . F(S . z)), M M^T g = Re F^-1(R . F(S^2 . F^-1(R . F g))) with the Fourier transform F of every channel
 * and masks S, R = alpha / (w / max(w) + alpha - 1) of statistics w: 1 where data is largest, at most alpha / (alpha - 1)
 * where there is none. Without statistics a mask is 1, and what is 1 is not computed, so that M = 1 to the bit where both
 * are.
 *
 * R must agree at opposite frequencies, as statistics of real images do; M M^T is then exactly M times its transpose.
 *
 * Source: Ma, Zhang, Zhu and Feng 2022 (2302.06504), section 4, and its released code.
 *
 * @param options.shape [channels, height, width]
 * @param options.spaceStatistics [channels, height, width] >= 0, such as the mean of x^2
 * @param options.frequencyStatistics [channels, height, width] >= 0, such as log(1 + mean |F x|^2)
 * @param options.alpha > 1, default 5: the smaller, the stronger
 * @throws RangeError if statistics have another size, are negative, 0 everywhere, or not symmetric
 */
export function preconditioner({
  shape,
  spaceStatistics,
  frequencyStatistics,
  alpha = 5,
}: {
  shape: readonly [number, number, number];
  spaceStatistics?: ArrayLike<number>;
  frequencyStatistics?: ArrayLike<number>;
  alpha?: number;
}): ImagePreconditioner {
  if (!(alpha > 1 && Number.isFinite(alpha))) {
    throw new RangeError(`preconditioner: alpha = ${alpha}; expected a number above 1, such as 5`);
  }
  const dimension = checkShape("preconditioner", shape);
  const space = maskOf("spaceStatistics", spaceStatistics, dimension, alpha);
  const raw = maskOf("frequencyStatistics", frequencyStatistics, dimension, alpha);
  const frequency = raw && symmetric(raw, shape);
  const filter = frequency && frequencyFilter(frequency, shape);
  const filterTwice =
    frequency &&
    frequencyFilter(
      frequency.map((r) => r * r),
      shape,
    );
  const weighted = (values: Float64Array, power: number): Float64Array =>
    space ? values.map((value, at) => value * space[at % dimension]! ** power) : values.slice();
  return {
    dimension,
    shape,
    ...(space ? { space } : {}),
    ...(frequency ? { frequency } : {}),
    apply(z) {
      const inSpace = weighted(checked(z, dimension), 1);
      return filter ? filter(inSpace) : inSpace;
    },
    applySquared(g) {
      checked(g, dimension);
      if (!filter || !filterTwice) return weighted(g, 2);
      return space ? filter(weighted(filter(g), 2)) : filterTwice(g);
    },
  };
}

/** channels * height * width. @throws RangeError unless they are whole numbers >= 1 */
export function checkShape(where: string, shape: readonly [number, number, number]): number {
  if (shape.length !== 3 || !shape.every((size) => Number.isInteger(size) && size >= 1)) {
    throw new RangeError(`${where}: shape = [${shape.join(", ")}]; expected [channels, height, width]`);
  }
  return shape[0] * shape[1] * shape[2];
}

/** Re F^-1(R . F x) of every channel of every row. */
function frequencyFilter(
  mask: Float64Array,
  [channels, height, width]: readonly [number, number, number],
): (values: Float64Array) => Float64Array {
  const { forward, inverse } = fourier({ height, width });
  const size = height * width;
  return (values) => {
    const out = new Float64Array(values.length);
    for (let start = 0; start < values.length; start += size) {
      const own = (start / size) % channels;
      const times = (part: Float64Array) => part.map((value, at) => mask[own * size + at]! * value);
      const spectrum = forward({
        real: values.subarray(start, start + size),
        imaginary: new Float64Array(size),
      });
      const filtered: Complex = { real: times(spectrum.real), imaginary: times(spectrum.imaginary) };
      out.set(inverse(filtered).real, start);
    }
    return out;
  };
}

/** alpha / (w / max(w) + alpha - 1), or undefined where that is 1 everywhere. */
function maskOf(
  name: string,
  statistics: ArrayLike<number> | undefined,
  dimension: number,
  alpha: number,
): Float64Array | undefined {
  if (!statistics) return undefined;
  const w = Float64Array.from(statistics);
  const most = w.reduce((a, b) => Math.max(a, b), 0);
  const wrong = w.findIndex((value) => !(value >= 0 && Number.isFinite(value)));
  if (w.length !== dimension || wrong >= 0 || most === 0) {
    const got = wrong >= 0 ? `${name}[${wrong}] = ${w[wrong]}` : `${w.length} numbers, the largest ${most}`;
    throw new RangeError(
      `preconditioner: ${name} has ${got}; expected ${dimension} numbers >= 0, not all of them 0, one for each of a sample`,
    );
  }
  const mask = w.map((value) => alpha / (value / most + alpha - 1));
  return mask.every((value) => value === 1) ? undefined : mask;
}

/** (R[p, q] + R[-p, -q]) / 2. @throws RangeError if the two differ by more than rounding */
function symmetric(
  mask: Float64Array,
  [channels, height, width]: readonly [number, number, number],
): Float64Array {
  const out = new Float64Array(mask.length);
  for (let channel = 0; channel < channels; channel++) {
    for (let p = 0; p < height; p++) {
      for (let q = 0; q < width; q++) {
        const at = (channel * height + p) * width + q;
        const opposite = (channel * height + ((height - p) % height)) * width + ((width - q) % width);
        if (Math.abs(mask[at]! - mask[opposite]!) > 1e-5 * mask[at]!) {
          throw new RangeError(
            `preconditioner: the frequency mask is ${mask[at]} at [${channel}, ${p}, ${q}] and ${mask[opposite]} at the opposite frequency; expected the same, so take statistics of real images, with frequency 0 first`,
          );
        }
        out[at] = (mask[at]! + mask[opposite]!) / 2;
      }
    }
  }
  return out;
}

function checked(values: Float64Array, dimension: number): Float64Array {
  if (values.length % dimension !== 0) {
    throw new RangeError(
      `preconditioner: ${values.length} numbers; expected rows of ${dimension}, the size of its images`,
    );
  }
  return values;
}
