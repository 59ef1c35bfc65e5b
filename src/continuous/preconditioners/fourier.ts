/** A complex image, row-major, [height * width] each. */
export interface Complex {
  readonly real: Float64Array;
  readonly imaginary: Float64Array;
}

/** The discrete Fourier transform of images of one size. */
export interface Fourier {
  /** sum_ab z[a, b] exp(-2 pi i (a p / height + b q / width)) at [p, q]; a fresh image. */
  forward(z: Complex): Complex;
  /** Its inverse: the same with + in the exponent, divided by height * width. */
  inverse(z: Complex): Complex;
}

/**
 * Transforms rows, then columns. A line of n = p m numbers, p the smallest prime factor, is p lines of m numbers, each
 * transformed, and then summed with the roots of unity: a side n costs n times the sum of its prime factors, so any
 * size works and those of images are fast.
 *
 * Source: Cooley and Tukey 1965.
 *
 * @param options.height @param options.width whole numbers >= 1
 */
export function fourier({ height, width }: { height: number; width: number }): Fourier {
  const [along, down] = [lineTransform(width), lineTransform(height)];
  const size = height * width;
  const transform = ({ real, imaginary }: Complex, sign: 1 | -1): Complex => {
    const out = { real: new Float64Array(size), imaginary: new Float64Array(size) };
    const once = { real: new Float64Array(size), imaginary: new Float64Array(size) };
    for (let row = 0; row < height; row++) along({ real, imaginary }, once, row * width, 1, sign);
    for (let column = 0; column < width; column++) down(once, out, column, width, sign);
    return out;
  };
  return {
    forward: (z) => transform(z, -1),
    inverse(z) {
      const { real, imaginary } = transform(z, 1);
      return { real: real.map((value) => value / size), imaginary: imaginary.map((value) => value / size) };
    },
  };
}

/** Transforms the line of n numbers that begin at `start`, `stride` apart, into the same places of another image. */
type LineTransform = (from: Complex, to: Complex, start: number, stride: number, sign: 1 | -1) => void;

function lineTransform(n: number): LineTransform {
  const cosine = Float64Array.from({ length: n }, (_, j) => Math.cos((2 * Math.PI * j) / n));
  const sine = Float64Array.from({ length: n }, (_, j) => Math.sin((2 * Math.PI * j) / n));
  const [re, im] = [new Float64Array(n), new Float64Array(n)];
  const [partRe, partIm] = [new Float64Array(n), new Float64Array(n)];

  /** The transform of `length` numbers, at `at` and so on in `re` and `im`. */
  function into(
    from: Complex,
    first: number,
    stride: number,
    at: number,
    length: number,
    sign: number,
  ): void {
    if (length === 1) {
      re[at] = from.real[first]!;
      im[at] = from.imaginary[first]!;
      return;
    }
    const p = smallestFactor(length);
    const m = length / p;
    for (let r = 0; r < p; r++) into(from, first + r * stride, stride * p, at + r * m, m, sign);
    for (let k = 0; k < length; k++) {
      // Turns of the whole line: r k / length of one is r k (n / length) of n.
      const turn = k * (n / length);
      let sumRe = 0;
      let sumIm = 0;
      for (let r = 0, j = 0; r < p; r++, j = (j + turn) % n) {
        const own = at + r * m + (k % m);
        const s = sign * sine[j]!;
        sumRe += re[own]! * cosine[j]! - im[own]! * s;
        sumIm += re[own]! * s + im[own]! * cosine[j]!;
      }
      partRe[k] = sumRe;
      partIm[k] = sumIm;
    }
    for (let k = 0; k < length; k++) {
      re[at + k] = partRe[k]!;
      im[at + k] = partIm[k]!;
    }
  }

  return (from, to, start, stride, sign) => {
    into(from, start, stride, 0, n, sign);
    for (let k = 0; k < n; k++) {
      to.real[start + k * stride] = re[k]!;
      to.imaginary[start + k * stride] = im[k]!;
    }
  };
}

function smallestFactor(n: number): number {
  for (let p = 2; p * p <= n; p++) if (n % p === 0) return p;
  return n;
}
