import type { Denoiser } from "./denoiser.ts";

/**
 * Classifier-free guidance: eps = eps_u + scale (eps_c - eps_u). Two model calls a prediction.
 *
 * Source: Ho and Salimans 2022 (2207.12598), equation 6, with scale = 1 + w: 0 is unconditional, 1 conditional, above 1
 * sharper than either.
 *
 * @throws RangeError if the two models differ in dimension
 */
export function guided({
  conditional,
  unconditional,
  scale,
}: {
  conditional: Denoiser;
  unconditional: Denoiser;
  scale: number;
}): Denoiser {
  if (conditional.dimension !== unconditional.dimension) {
    throw new RangeError(
      `guided: the conditional model has dimension ${conditional.dimension}, the unconditional ${unconditional.dimension}; expected the same`,
    );
  }
  return {
    dimension: conditional.dimension,
    callsPerPrediction: (conditional.callsPerPrediction ?? 1) + (unconditional.callsPerPrediction ?? 1),
    async predict(input) {
      const free = await unconditional.predict(input);
      const bound = await conditional.predict(input);
      return Float64Array.from(free, (eps, at) => eps + scale * (bound[at]! - eps));
    },
  };
}
