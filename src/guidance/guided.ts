import type { Denoiser } from "../denoisers/denoiser.ts";
import { rowOffsets } from "../denoisers/logit-rows.ts";
import { rewriteLogits } from "./rewrite-logits.ts";

/**
 * Classifier-free guidance on logits:
 *
 *     l = l_u + scale (l_c - l_u),   softmax(l) = p_c^scale p_u^(1 - scale) / Z
 *
 * so a scale of 1 is the conditional model, 0 the unconditional one, and above 1 what the condition makes
 * likely becomes more so. With w = scale - 1 this is (1 + w) l_c - w l_u. Guiding the predicted laws of the
 * clean tokens is the same thing; guiding the laws of x_s is not, see `guidedAncestral`.
 *
 * Every step draws from its guided law; the sequences do not follow p_c(x)^scale p_u(x)^(1 - scale) / Z, whose
 * steps would need the sums over all completions.
 *
 * A token that is impossible (-Infinity) under a model with a weight other than 0 is impossible. Two model
 * calls a prediction.
 *
 * @param conditional the model with the condition @param unconditional the model without it
 * @param options.scale finite, >= 0
 * @throws RangeError if the models disagree on their sizes, or no token of a position is possible under both
 * Source: Ho, Salimans 2022, arXiv 2207.12598 (w there, as in LLaDA's cfg_scale); Schiff et al. 2024, arXiv
 * 2412.10193 (gamma there); renormalised after guiding, as Rojas et al. 2025, arXiv 2507.08965, find best.
 */
export function guided(
  conditional: Denoiser,
  unconditional: Denoiser,
  { scale }: { scale: number },
): Denoiser {
  checkScale("guided", scale);
  const { vocabulary, length } = conditional;
  if (unconditional.vocabulary !== vocabulary || unconditional.length !== length) {
    throw new RangeError(
      `guided: the conditional model has ${vocabulary} tokens and ${length} positions, the unconditional one ${unconditional.vocabulary} and ${unconditional.length}; they must agree`,
    );
  }
  return {
    vocabulary,
    length,
    timeFree: conditional.timeFree && unconditional.timeFree,
    callsPerPrediction: (conditional.callsPerPrediction ?? 1) + (unconditional.callsPerPrediction ?? 1),
    async predict(input) {
      const given = await conditional.predict(input);
      const free = await unconditional.predict(input);
      const offsetOf = rowOffsets(free);
      const result = rewriteLogits(given, input, conditional, (logits, at) => {
        const offset = offsetOf(at);
        let possible = false;
        for (let v = 0; v < vocabulary; v++) {
          logits[v] = guidedLogit(logits[v]!, free.data[offset + v]!, scale);
          if (logits[v] !== Number.NEGATIVE_INFINITY) possible = true;
        }
        if (!possible) {
          throw new RangeError(
            `guided: at row ${Math.floor(at / length)}, position ${at % length} of the batch no token is possible under both models; check that they were trained on the same tokens`,
          );
        }
      });
      free.release?.();
      return result;
    },
  };
}

/** scale c + (1 - scale) u, where a weight of 0 leaves its term out and -Infinity wins; NaN stays NaN. */
export function guidedLogit(c: number, u: number, scale: number): number {
  if (scale === 1) return c;
  if (scale === 0) return u;
  // The plain sum is -Infinity unless the other is NaN or +Infinity, which has to be seen.
  if (c === Number.NEGATIVE_INFINITY || u === Number.NEGATIVE_INFINITY) return c + u;
  return u + scale * (c - u);
}

/** @throws RangeError unless `scale` is finite and >= 0 */
export function checkScale(name: string, scale: number): void {
  if (!(scale >= 0 && scale < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`${name}: scale = ${scale}; expected a finite number >= 0`);
  }
}
