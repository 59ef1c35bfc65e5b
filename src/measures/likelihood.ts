import type { Denoiser, Logits } from "../denoisers/denoiser.ts";
import { rowOffsets } from "../denoisers/logit-rows.ts";
import { checkClean } from "./check-clean.ts";
import { countSequences, type SequenceMeasure } from "./measure.ts";

/** Sequences sent through the network together. */
const BATCH = 8;

/**
 * Bits per token that an independent autoregressive network q gives to the samples,
 *
 *   - 1 / (D - prefix) sum over d >= prefix of log2 q(x_d | x_0 ... x_(d-1)), mean over sequences.
 *
 * It sees order over the whole length, which n-grams do not. It also falls when samples all say the same likely
 * thing: far below what fresh data score is as wrong as far above, so it always stands beside an entropy. A token that
 * the network excludes makes it Infinity.
 *
 * Network calls: ceil(count / 8) for any set of samples.
 *
 * @param options.network predicts row d of its logits from the tokens before d; the last token is never looked at.
 * Its times are 0
 * @param options.prefix tokens that were given: evidence, but not counted; 0 to D - 1
 * Source: generative perplexity, as in Lou et al. 2024, arXiv 2310.16834, and why it needs an entropy beside it:
 * Zheng et al. 2024, arXiv 2409.02908.
 */
export function likelihood({
  network,
  prefix = 0,
}: {
  network: Pick<Denoiser, "vocabulary" | "length" | "predict">;
  prefix?: number;
}): SequenceMeasure {
  const { length, vocabulary } = network;
  if (!Number.isInteger(prefix) || prefix < 0 || prefix >= length) {
    throw new RangeError(
      `likelihood: prefix = ${prefix}; expected a whole number from 0 to the network's length - 1, ${length - 1}`,
    );
  }
  return {
    name: "likelihood",
    label: "bits per token under an autoregressive network",
    better: "lower",
    modeSeeking: true,
    async scores(tokens, own) {
      if (own !== length) {
        throw new RangeError(`likelihood: length = ${own}; expected that of the network, ${length}`);
      }
      const count = countSequences("likelihood", tokens, length);
      checkClean("likelihood", tokens, { vocabulary });
      const scores = new Float64Array(count);
      for (let first = 0; first < count; first += BATCH) {
        const batch = Math.min(BATCH, count - first);
        const rows = tokens.slice(first * length, (first + batch) * length);
        const logits = await network.predict({ tokens: rows, batch, time: new Float64Array(batch) });
        for (let row = 0; row < batch; row++) {
          for (let d = prefix; d < length; d++) {
            const at = row * length + d;
            scores[first + row]! += bits(logits, { at, vocabulary, token: rows[at]! }) / (length - prefix);
          }
        }
        logits.release?.();
      }
      return scores;
    },
  };
}

/** -log2 softmax(logits)[token] of the position at flat index `at`, in logarithms: finite where softmax underflows. */
function bits(
  logits: Logits,
  { at, vocabulary, token }: { at: number; vocabulary: number; token: number },
): number {
  const { data } = logits;
  const first = rowOffsets(logits)(at);
  let top = Number.NEGATIVE_INFINITY;
  for (let v = 0; v < vocabulary; v++) top = Math.max(top, data[first + v]!);
  let sum = 0;
  for (let v = 0; v < vocabulary; v++) sum += Math.exp(data[first + v]! - top);
  if (!(sum > 0)) {
    throw new RangeError(
      `likelihood: the network's logits sum to ${sum} after exp; expected finite numbers (or -Infinity for tokens that cannot occur), so check the network's file`,
    );
  }
  return (Math.log(sum) + top - data[first + token]!) / Math.LN2;
}
