/** Images whose pixels are jointly Gaussian, stationary, with a power law for a spectrum: known exactly, frequency by frequency. */
import { type Denoiser, fourier, type Noised } from "../../src/continuous/index.ts";

/** A Gaussian field and its exact denoiser. */
export interface GaussianField extends Denoiser {
  readonly side: number;
  /** [side * side] |k| of every frequency, in the order of the transform */
  readonly radius: Float64Array;
  /** [side * side] variance of a frequency's share: E |F (x - mean)|^2 / side^2 */
  readonly spectrum: Float64Array;
  /** The value around which pixels vary. */
  readonly mean: number;
  /** log(1 + E |F x|^2), exact: what a preconditioner is made of */
  readonly frequencyStatistics: Float64Array;
}

/** spectrum proportional to max(|k|, 1)^-power, with the given variance of a pixel. */
export function gaussianField({
  side,
  power = 2,
  variance = 0.06,
  mean = 0.5,
}: {
  side: number;
  power?: number;
  variance?: number;
  mean?: number;
}): GaussianField {
  const dimension = side * side;
  const signed = (k: number) => (k > side / 2 ? k - side : k);
  const radius = Float64Array.from({ length: dimension }, (_, at) =>
    Math.hypot(signed(Math.floor(at / side)), signed(at % side)),
  );
  const raw = radius.map((k) => Math.max(k, 1) ** -power);
  const total = raw.reduce((sum, value) => sum + value, 0);
  const spectrum = raw.map((value) => (value * variance * dimension) / total);
  const { forward, inverse } = fourier({ height: side, width: side });
  return {
    dimension,
    side,
    radius,
    spectrum,
    mean,
    frequencyStatistics: spectrum.map((value, at) =>
      Math.log1p(dimension * value + (at === 0 ? (dimension * mean) ** 2 : 0)),
    ),
    predict({ x, batch, alpha, sigma }: Noised) {
      const eps = new Float64Array(x.length);
      for (let row = 0; row < batch; row++) {
        const [a, s] = [alpha[row]!, sigma[row]!];
        const own = x.subarray(row * dimension, (row + 1) * dimension);
        const away = forward({
          real: own.map((value) => value - a * mean),
          imaginary: new Float64Array(dimension),
        });
        const divided = (part: Float64Array) =>
          part.map((value, at) => (s * value) / (a * a * spectrum[at]! + s * s));
        const { real } = inverse({ real: divided(away.real), imaginary: divided(away.imaginary) });
        eps.set(real, row * dimension);
      }
      return eps;
    },
  };
}
