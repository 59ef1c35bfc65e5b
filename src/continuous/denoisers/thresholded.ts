import type { Denoiser } from "./denoiser.ts";
import { noiseFrom } from "./prediction.ts";

/**
 * Dynamic thresholding, for models of bounded data under strong guidance: with q the `ratio` quantile of |x0| of a
 * sample and s = max(q, largest), x0 <- clip(x0, -s, s) / s. With `largest` 1 that keeps x0 within [-1, 1].
 *
 * Source: Saharia et al. 2022 (2205.11487), section 2.3. The quantile is linearly interpolated.
 *
 * @param options.ratio in (0, 1], default 0.995 @param options.largest default 1
 */
export function thresholded(
  model: Denoiser,
  { ratio = 0.995, largest = 1 }: { ratio?: number; largest?: number } = {},
): Denoiser {
  if (!(ratio > 0 && ratio <= 1 && largest > 0)) {
    throw new RangeError(
      `thresholded: ratio = ${ratio}, largest = ${largest}; expected a ratio in (0, 1] and a positive bound`,
    );
  }
  const { dimension } = model;
  return {
    ...model,
    async predict(input) {
      const { x, batch, alpha, sigma } = input;
      const eps = await model.predict(input);
      const clean = Float64Array.from(x, (value, at) => {
        const row = Math.floor(at / dimension);
        return (value - sigma[row]! * eps[at]!) / alpha[row]!;
      });
      for (let row = 0; row < batch; row++) {
        const own = clean.subarray(row * dimension, (row + 1) * dimension);
        const bound = Math.max(quantile(own.map(Math.abs), ratio), largest);
        own.forEach((value, at) => {
          own[at] = Math.min(bound, Math.max(-bound, value)) / bound;
        });
      }
      return noiseFrom(input, clean);
    },
  };
}

/** The quantile of `values`, linearly interpolated; sorts them in place. */
function quantile(values: Float64Array, ratio: number): number {
  values.sort();
  const at = ratio * (values.length - 1);
  const low = Math.floor(at);
  const high = Math.min(values.length - 1, low + 1);
  return values[low]! + (at - low) * (values[high]! - values[low]!);
}
