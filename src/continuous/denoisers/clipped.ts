import type { Denoiser } from "./denoiser.ts";
import { noiseFrom } from "./prediction.ts";

/**
 * A denoiser whose x0 stays in bounds: x0 <- clip(x0, -range, range), and eps follows, so that x = alpha x0 + sigma eps
 * still holds and every sampler sees one prediction. What stays within bounds is unchanged, but for rounding.
 *
 * Source: Ho, Jain and Abbeel 2020 (2006.11239), whose code clips so at every step. Code that clips x0 and leaves eps as
 * predicted is `ddim({ clip })`. A clipped denoiser no longer follows the probability flow.
 *
 * @param options.range positive, default 1
 */
export function clipped(model: Denoiser, { range = 1 }: { range?: number } = {}): Denoiser {
  if (!(range > 0))
    throw new RangeError(`clipped: range = ${range}; expected a positive bound of |x0|, such as 1`);
  const { dimension } = model;
  return {
    ...model,
    async predict(input) {
      const { x, alpha, sigma } = input;
      const eps = await model.predict(input);
      const clean = Float64Array.from(x, (value, at) => {
        const row = Math.floor(at / dimension);
        const predicted = (value - sigma[row]! * eps[at]!) / alpha[row]!;
        return Math.min(range, Math.max(-range, predicted));
      });
      return noiseFrom(input, clean);
    },
  };
}
