import type { Noise } from "../noise/noise.ts";
import { refuseScores, scoreStep } from "../processes/from-scores.ts";
import type { Process } from "../processes/process.ts";
import type { Denoiser, Logits, Noised } from "./denoiser.ts";
import { forEachWanted } from "./logit-rows.ts";

/** A network that returns concrete scores, as SEDD's does. */
export interface ScoreModel {
  /** D, the number of positions of a sequence. */
  readonly length: number;
  /** True where the scores of masked positions are proportional to a law that the time does not change. */
  readonly timeFree?: boolean;
  readonly callsPerPrediction?: number;
  /**
   * Log scores log(q_t(y) / q_t(x)), x the token at the position: row r, position d, state y is
   * data[(r * length + d) * width + y]. The array is overwritten. Networks that want sigma(t) and not t compute
   * it here, as `noise.sigma(time[row])`.
   */
  predict(input: Noised): Logits | Promise<Logits>;
}

/** exp(700) is near the largest number; a token this noised is not told from noise. */
const MOST_SIGMA = 700;

/**
 * Makes a denoiser of a score network, so that every sampler can use it. The log scores are turned into logits
 * in place, no second [D, V] array:
 *
 * - absorbing, masked position: score(v) = p(v) alpha / (1 - alpha), so log scores are logits as they are. A
 *   clean token predicts itself.
 * - uniform: p(y) = q(x_t = x | x0 = y) (score(y) - beta sum of all scores) / alpha, beta = (1 - alpha) / V and
 *   score(x) = 1, the inverse of `scoresInto`. Scores that no prediction has make some p(y) negative: these are
 *   set to 0 and the rest is normalised. Near t = 1 the scores are 1 + O(alpha), so the network's errors are
 *   divided by alpha; they are multiplied by it again in every use of p.
 *
 * @throws RangeError for processes whose scores do not determine p in float64, and, without a mask, for noise
 * with alpha(1) = 0
 * Source: Lou, Meng, Ermon 2023, arXiv 2310.16834, sections 3 and 4.
 */
export function scoreModel(
  model: ScoreModel,
  { process, noise }: { process: Process; noise: Noise },
): Denoiser {
  const refusal = refuseScores(process);
  if (refusal) throw new RangeError(`scoreModel: ${refusal}; use a model that predicts clean tokens`);
  if (process.mask === undefined && !(noise.sigma(1) <= MOST_SIGMA)) {
    throw new RangeError(
      `scoreModel: the noise ${noise.name} has sigma(1) = ${noise.sigma(1)}, where scores say nothing of the clean tokens; expected at most ${MOST_SIGMA}, so take the noise the model was trained with, such as linear({ eps: 1e-3 })`,
    );
  }
  const { vocabulary, mask } = process;
  const { length, timeFree = false, callsPerPrediction = 1 } = model;
  const step = mask === undefined ? scoreStep(process) : undefined;
  const scores = new Float64Array(process.states);

  /** Turns the log scores of a position, from `offset` on, into logits. */
  function convert(data: Logits["data"], offset: number, token: number, sigma: number): void {
    if (token === mask) return;
    if (!step) {
      data.fill(Number.NEGATIVE_INFINITY, offset, offset + vocabulary);
      data[offset + token] = 0;
      return;
    }
    for (let y = 0; y < vocabulary; y++) scores[y] = Math.exp(data[offset + y]!);
    scores[token] = 1;
    step(scores, token, scores, sigma);
    for (let y = 0; y < vocabulary; y++) {
      data[offset + y] = scores[y]! < 0 ? Number.NEGATIVE_INFINITY : Math.log(scores[y]!);
    }
  }

  return {
    vocabulary,
    length,
    timeFree: timeFree && mask !== undefined,
    callsPerPrediction,
    async predict(input) {
      const { tokens, time } = input;
      const logits = await model.predict(input);
      forEachWanted(logits, input, length, (at, offset) => {
        convert(logits.data, offset, tokens[at]!, noise.sigma(time[Math.floor(at / length)]!));
      });
      return logits;
    },
  };
}
