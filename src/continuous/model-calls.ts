import type { Denoiser } from "./denoisers/denoiser.ts";
import type { Noise } from "./noise/noise.ts";
import type { Prediction } from "./samplers/sampler.ts";

/** A denoiser whose calls are counted and whose answers are checked. */
export interface ModelCalls {
  predict(
    input: Required<Omit<Prediction, "denoiser">> & Pick<Prediction, "denoiser">,
  ): Promise<Float64Array>;
  counted(): { calls: number; evaluations: number };
}

/** @param options.calls calls made before @param options.evaluations rows sent through the model before */
export function modelCalls(
  denoiser: Denoiser,
  noise: Noise,
  { calls, evaluations }: { calls: number; evaluations: number },
): ModelCalls {
  const { dimension } = denoiser;
  return {
    counted: () => ({ calls, evaluations }),
    async predict({ x, time: given, denoiser: asked = denoiser }) {
      const { callsPerPrediction = 1 } = asked;
      const batch = x.length / dimension;
      const time = typeof given === "number" ? new Float64Array(batch).fill(given) : given;
      if (!Number.isInteger(batch) || time.length !== batch) {
        throw new RangeError(
          `predict: ${x.length} numbers and ${time.length} times; expected rows of ${dimension} and a time for each`,
        );
      }
      calls += callsPerPrediction;
      evaluations += callsPerPrediction * batch;
      const [alpha, sigma] = [time.map(noise.alpha), time.map(noise.sigma)];
      const eps = await asked.predict({ x, batch, time, alpha, sigma });
      checkPrediction(eps, x.length, time);
      return eps;
    },
  };
}

/** The guard in the hot path: no NaN becomes part of a sample. */
function checkPrediction(eps: Float64Array, length: number, time: Float64Array): void {
  if (eps.length !== length) {
    throw new RangeError(
      `predict: the model returned ${eps.length} numbers; expected ${length}, one for each of x`,
    );
  }
  for (let at = 0; at < length; at++) {
    if (!Number.isFinite(eps[at]!)) {
      const t = time[Math.floor((at * time.length) / length)];
      throw new RangeError(
        `predict: the model returned ${eps[at]} at t = ${t}; expected finite numbers: check its inputs, and that it was trained at this time`,
      );
    }
  }
}
