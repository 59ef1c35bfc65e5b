import type { Noise } from "../noise/noise.ts";
import type { Process } from "../processes/process.ts";
import type { Denoiser } from "./denoiser.ts";
import { forEachWanted } from "./logit-rows.ts";

/**
 * Makes a denoiser of a network that predicts a clean token from the *other* tokens, as training with the plug-in
 * posterior (UDLM, Duo) makes it, so that every sampler can use it. Bayes' rule brings in the position's own token:
 *
 *     p(x0^d | x_t) proportional to p(x0^d | x_t without d) P(x_t^d | x0^d)
 *
 * The logits are changed in place, no second [D, V] array. With the result `ancestral()` makes exactly the steps
 * that `plugInAncestral()` makes with the network itself.
 *
 * @throws RangeError for processes with a mask, which say nothing of the token below it
 * Source: Gourevitch et al. 2026, arXiv 2605.22765.
 */
export function leaveOneOutModel(
  model: Denoiser,
  { process, noise }: { process: Process; noise: Noise },
): Denoiser {
  if (process.mask !== undefined) {
    throw new RangeError(
      `leaveOneOutModel: the process ${process.name} has a mask, under which predictions with and without the position's own token are the same; use the model as it is`,
    );
  }
  const { length, vocabulary } = model;
  const likelihood = new Float64Array(vocabulary);
  return {
    ...model,
    timeFree: false,
    async predict(input) {
      const { tokens, time } = input;
      const logits = await model.predict(input);
      const { data } = logits;
      forEachWanted(logits, input, length, (at, offset) => {
        process.likelihoodInto(likelihood, tokens[at]!, noise.sigma(time[Math.floor(at / length)]!));
        for (let v = 0; v < vocabulary; v++) data[offset + v]! += Math.log(likelihood[v]!);
      });
      return logits;
    },
  };
}
