import { effectiveSampleSize, logMeanExp, normalisedWeights } from "./log-weights.ts";
import { recallParticles } from "./particles.ts";

/** Below this share of the particles weights are called degenerate. */
const POOR = 0.05;

/** The weights of particles at one moment of a run, and what became of them on the way. */
export interface Weights {
  /** [K] they sum to 1: averages over the rows are to be taken with them. */
  readonly weights: Float64Array;
  /** [K] logarithms of the weights since the rows were last resampled, not normalised. */
  readonly logWeights: Float64Array;
  /** 1 / sum w^2, from 1 to K. */
  readonly effectiveSize: number;
  /** Log of the normalising constant as the sampler defines it; its exponential is the unbiased one. */
  readonly logConstant: number;
  /** Start points that the particles descend from. */
  readonly ancestors: number;
  /** [steps so far] the effective sample size after each step, before it resampled. */
  readonly effectiveSizes: Float64Array;
  /** [steps so far] start points that the particles descend from after each step. */
  readonly ancestorsLeft: Float64Array;
  /** Where the weights are degenerate: a sentence that says where, and what to do. */
  readonly warning?: string;
}

/**
 * Reads the weights of a run's state, after any step of a sampler that weighs its rows.
 *
 * @throws RangeError if the state has none
 */
export function weightsOf({
  memory,
  index,
}: {
  readonly memory: Readonly<Record<string, Float64Array>>;
  readonly index: number;
}): Weights {
  const record = recallParticles(memory);
  if (!record) {
    throw new RangeError(
      `weightsOf: the state after ${index} steps has no weights; expected one after the first step or later of a run whose sampler weighs its rows`,
    );
  }
  const { logWeights, logConstant, sizes, survivors } = record;
  const weights = normalisedWeights(logWeights);
  const warning = warningOf(sizes, survivors, weights.length);
  return {
    weights,
    logWeights,
    effectiveSize: effectiveSampleSize(weights),
    logConstant: logConstant + logMeanExp(logWeights),
    ancestors: survivors.at(-1) ?? weights.length,
    effectiveSizes: sizes,
    ancestorsLeft: survivors,
    ...(warning && { warning }),
  };
}

function warningOf(sizes: Float64Array, survivors: Float64Array, count: number): string | undefined {
  if (count === 1) return "a single particle has no weight to be compared with; run more rows together";
  const least = sizes.reduce((a, b) => Math.min(a, b), count);
  if (least < Math.max(POOR * count, 2)) {
    return `after step ${sizes.indexOf(least) + 1} the ${count} particles were worth ${least.toPrecision(2)} (effective sample size), so that few of them stand for all: take more steps or more particles, or steer less (exponents nearer to 1, a weaker reward)`;
  }
  const left = survivors.at(-1) ?? count;
  if (left < Math.max(0.01 * count, 2)) {
    return `the ${count} particles descend from ${left} of the start points: resample less often (a lower threshold), or take more particles`;
  }
  return undefined;
}
