import type { Prediction, Sampler, Step } from "./sampler.ts";

/**
 * A sampler whose first model call is saved: at the highest noise level x is all but pure noise, so eps is taken to be
 * x / sqrt(alpha^2 + sigma^2), x over its own standard deviation for data of unit variance. On variance-exploding noise
 * that is x / sqrt(1 + sigma^2), on variance-preserving noise x itself. Later calls of the first step are made as ever.
 *
 * For samplers whose first call of a run is about the point the run starts from, at its own or a churned noise level. The
 * prediction is off by about alpha / sigma there, so it pays where runs start at much noise.
 *
 * Source: Dockhorn, Vahdat and Kreis 2022 (2210.05475); with this formula in AMED-Solver, Zhou et al. 2024 (2312.00094),
 * and GITS, Chen et al. 2024 (2405.11326).
 */
export function analyticFirstStep(base: Sampler): Sampler {
  return {
    ...base,
    name: `${base.name}:analytic-first-step`,
    stepInto(step) {
      if (step.index > 0) return base.stepInto(step);
      let asked = false;
      return base.stepInto({
        ...step,
        predict: async (input = {}) => {
          if (asked) return step.predict(input);
          asked = true;
          return pureNoise(step, input);
        },
      });
    },
  };
}

/** x / sqrt(alpha^2 + sigma^2) of every row, [rows, dimension]. */
function pureNoise(
  { noise, dimension, ...step }: Step,
  { x = step.x, time = step.t }: Prediction,
): Float64Array {
  return x.map((value, at) => {
    const t = typeof time === "number" ? time : time[Math.floor(at / dimension)]!;
    return value / Math.hypot(noise.alpha(t), noise.sigma(t));
  });
}
