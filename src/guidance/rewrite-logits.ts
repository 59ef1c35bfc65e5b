import type { Logits, Noised } from "../denoisers/denoiser.ts";
import { forEachWanted } from "../denoisers/logit-rows.ts";

/**
 * Changes the logits that will be read, one position at a time: in the model's own array where that was lent
 * (it is the caller's until released), else in a copy.
 *
 * @param rewrite gets the [vocabulary] logits to change and their flat index row * length + position
 */
export function rewriteLogits(
  logits: Logits,
  input: Noised,
  { length, vocabulary }: { length: number; vocabulary: number },
  rewrite: (logits: Float32Array | Float64Array, at: number) => void,
): Logits {
  const data = logits.release ? logits.data : logits.data.slice();
  forEachWanted(logits, input, length, (at, offset) => {
    rewrite(data.subarray(offset, offset + vocabulary), at);
  });
  return { ...logits, data };
}
