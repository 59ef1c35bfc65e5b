import { fourier } from "./fourier.ts";
import { checkShape } from "./preconditioner.ts";

/**
 * How large images are, on average, at each pixel and at each frequency: space = mean of x^2, frequency =
 * log(1 + mean of |F x|^2), the means over images. A few hundred images are enough.
 *
 * Source: Ma, Zhang, Zhu and Feng 2022 (2302.06504) and its released code, which squares the mean of |F x| over batches
 * of one image, so averages squares; for pixels from 0 to 1.
 *
 * @param options.images [count, channels, height, width] @param options.shape [channels, height, width]
 * @returns [channels, height, width] each, what {@link preconditioner} takes
 * @throws RangeError unless there is a whole number of images, at least one
 */
export function imageStatistics({
  images,
  shape,
}: {
  images: ArrayLike<number>;
  shape: readonly [number, number, number];
}): { spaceStatistics: Float64Array; frequencyStatistics: Float64Array } {
  const dimension = checkShape("imageStatistics", shape);
  const all = Float64Array.from(images);
  const count = all.length / dimension;
  if (!Number.isInteger(count) || count < 1) {
    throw new RangeError(
      `imageStatistics: ${all.length} numbers; expected images of ${shape.join(" x ")} = ${dimension}, at least one`,
    );
  }
  const [, height, width] = shape;
  const { forward } = fourier({ height, width });
  const size = height * width;
  const spaceStatistics = new Float64Array(dimension);
  const power = new Float64Array(dimension);
  for (let start = 0; start < all.length; start += size) {
    const real = all.subarray(start, start + size);
    const spectrum = forward({ real, imaginary: new Float64Array(size) });
    for (let at = 0; at < size; at++) {
      const of = (start + at) % dimension;
      spaceStatistics[of]! += real[at]! ** 2 / count;
      power[of]! += (spectrum.real[at]! ** 2 + spectrum.imaginary[at]! ** 2) / count;
    }
  }
  return { spaceStatistics, frequencyStatistics: power.map(Math.log1p) };
}
