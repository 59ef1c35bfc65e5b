/** Exact laws of samplers that draw the times of their jumps, given these times. */
import { type Denoiser, philox, purposes, type Randomness, sample } from "../src/index.ts";
import { enumerate, sequenceIndex } from "./law.ts";

/** Times come from a fixed seed, everything else is enumerated: the law given the times. */
function withTimes(enumerated: Randomness, seed: number): Randomness {
  const source = philox(seed);
  return {
    at(...key) {
      const draw = enumerated.at(...key);
      return key[2] === purposes.hold ? { ...draw, uniform: source.at(...key).uniform } : draw;
    },
  };
}

/** The law of finished sequences given the times of a seed, [V^D]. */
export async function lawGivenTimes(
  denoiser: Denoiser,
  options: Parameters<typeof sample>[1],
  seed: number,
): Promise<Float64Array> {
  const law = new Float64Array(denoiser.vocabulary ** denoiser.length);
  const runs = enumerate((randomness) =>
    sample(denoiser, { ...options, randomness: withTimes(randomness, seed) }),
  );
  for await (const { result, probability } of runs) {
    law[sequenceIndex(result.tokens, denoiser.vocabulary)]! += probability;
  }
  return law;
}
