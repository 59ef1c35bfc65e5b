import { type FirstGuess, pureNoise } from "./first-guess.ts";
import type { Prediction, Sampler, Step } from "./sampler.ts";

/**
 * A sampler whose first model call is saved: at the highest noise level x is all but pure noise, so what eps is there is
 * nearly known (first-guess.ts). Later calls of the first step are made as ever.
 *
 * For samplers whose first call of a run is about the point the run starts from, at its own or a churned noise level. The
 * prediction is off by about alpha / sigma there, so it pays where runs start at much noise.
 *
 * Source: Dockhorn, Vahdat and Kreis 2022 (2210.05475); with `pureNoise` in AMED-Solver, Zhou et al. 2024 (2312.00094),
 * and GITS, Chen et al. 2024 (2405.11326); with `zeroX0` and `averageX0` in USF, Liu et al. 2023 (2312.07243).
 *
 * @param options.guess default pureNoise
 */
export function analyticFirstStep(
  base: Sampler,
  { guess = pureNoise }: { readonly guess?: FirstGuess } = {},
): Sampler {
  return {
    ...base,
    name: `${base.name}:analytic-first-step${guess === pureNoise ? "" : `:${guess.name}`}`,
    stepInto(step) {
      if (step.index > 0) return base.stepInto(step);
      let asked = false;
      return base.stepInto({
        ...step,
        predict: async (input = {}) => {
          if (asked) return step.predict(input);
          asked = true;
          return guessed(step, input, guess);
        },
      });
    },
  };
}

/** eps of every row, [rows, dimension]. */
function guessed(
  { noise, dimension, ...step }: Step,
  { x = step.x, time = step.t }: Prediction,
  guess: FirstGuess,
): Float64Array {
  if (guess.mean && guess.mean.length !== dimension) {
    throw new RangeError(
      `analyticFirstStep: ${guess.name} has ${guess.mean.length} numbers for a model of ${dimension}; expected one for each`,
    );
  }
  return x.map((value, at) => {
    const t = typeof time === "number" ? time : time[Math.floor(at / dimension)]!;
    return guess.eps(value, { d: at % dimension, alpha: noise.alpha(t), sigma: noise.sigma(t) });
  });
}
