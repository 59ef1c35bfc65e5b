/**
 * The rows of a run as weighted particles. What they need to remember is part of the run's saved memory, so that a run is
 * stopped, resumed and forked with its weights.
 */
import { effectiveSampleSize, logMeanExp, normalisedWeights } from "./log-weights.ts";
import { systematicResampling } from "./systematic.ts";

/** A run's saved memory. */
export type Memory = Record<string, Float64Array>;

/** When particles are resampled. */
export interface Resampling {
  /**
   * Resamples where the effective sample size is below this share of the particles; 0 never, 1 after every step. Default
   * 0.5.
   */
  readonly threshold?: number;
  /** Resampling is done at times from `from` ... Default all. */
  readonly from?: number;
  /** ... down to `to` alone; weights accumulate outside of it too. */
  readonly to?: number;
  /**
   * Resamples after the last step, so that the finished rows count alike. Default true; with false they are read with
   * `weightsOf`, and averages vary less.
   */
  readonly last?: boolean;
}

/** Names in the memory; a row of `sizes`, `survivors` and `resampled` is a step. */
const names = {
  /** [K] since the particles were last resampled */
  logWeights: "particles.log-weights",
  /** [K] the start point each descends from */
  ancestors: "particles.ancestors",
  /** [1] log of the product of the mean weights of the stages that resampling ended */
  logConstant: "particles.log-constant",
  /** [steps] effective sample size before resampling */
  sizes: "particles.sizes",
  /** [steps] start points that the particles descend from, after resampling */
  survivors: "particles.survivors",
} as const;

/** The weights of a run. */
export interface ParticleRecord {
  readonly logWeights: Float64Array;
  readonly ancestors: Float64Array;
  readonly logConstant: number;
  readonly sizes: Float64Array;
  readonly survivors: Float64Array;
}

/** Particles that start with these log-weights and this log normalising constant. */
export function startParticles(memory: Memory, logWeights: Float64Array, logConstant: number): void {
  memory[names.logWeights] = logWeights;
  memory[names.ancestors] = Float64Array.from(logWeights.keys());
  memory[names.logConstant] = Float64Array.of(logConstant);
  memory[names.sizes] = new Float64Array(0);
  memory[names.survivors] = new Float64Array(0);
}

/** What a run remembers of its weights, or undefined. */
export function recallParticles(memory: Readonly<Memory>): ParticleRecord | undefined {
  const [logWeights, constant] = [memory[names.logWeights], memory[names.logConstant]];
  if (!logWeights || !constant) return undefined;
  return {
    logWeights,
    ancestors: memory[names.ancestors]!,
    logConstant: constant[0]!,
    sizes: memory[names.sizes]!,
    survivors: memory[names.survivors]!,
  };
}

/**
 * Ends a step: multiplies the weights, and resamples if it is time to. The mean weight of every stage between two
 * resamplings is multiplied into the normalising constant, which keeps its estimate unbiased.
 *
 * Source: Del Moral, Doucet and Jasra 2006, section 3.2.1.
 *
 * @param step.increments [K] added to the log-weights @param step.time reached @param step.final whether it is the last
 * @param step.uniform in [0, 1), asked for where particles are resampled
 * @returns [K] which particle each row becomes a copy of, or undefined where all stay
 */
export function weigh(
  memory: Memory,
  {
    increments,
    time,
    final,
    uniform,
  }: { increments: Float64Array; time: number; final: boolean; uniform: () => number },
  resampling: Required<Resampling>,
): Int32Array | undefined {
  const { logWeights: before, ancestors, logConstant, sizes, survivors } = recallParticles(memory)!;
  const logWeights = before.map((value, i) => value + increments[i]!);
  const weights = normalisedWeights(logWeights);
  const size = effectiveSampleSize(weights);
  const chosen = isDue({ size, count: weights.length, time, final }, resampling)
    ? systematicResampling(weights, uniform())
    : undefined;
  const descended = chosen ? ancestors.map((_, i) => ancestors[chosen[i]!]!) : ancestors;
  memory[names.logWeights] = chosen ? new Float64Array(weights.length) : logWeights;
  memory[names.ancestors] = descended;
  memory[names.logConstant] = Float64Array.of(logConstant + (chosen ? logMeanExp(logWeights) : 0));
  memory[names.sizes] = Float64Array.of(...sizes, size);
  memory[names.survivors] = Float64Array.of(...survivors, new Set(descended).size);
  return chosen;
}

function isDue(
  { size, count, time, final }: { size: number; count: number; time: number; final: boolean },
  { threshold, from, to, last }: Required<Resampling>,
): boolean {
  if (final) return last;
  if (time > from || time < to) return false;
  return threshold === 1 || size < threshold * count;
}

/** Options with their defaults. @throws RangeError unless 0 <= threshold <= 1 and from >= to */
export function resamplingOf(
  where: string,
  {
    threshold = 0.5,
    from = Number.POSITIVE_INFINITY,
    to = Number.NEGATIVE_INFINITY,
    last = true,
  }: Resampling = {},
): Required<Resampling> {
  if (!(threshold >= 0 && threshold <= 1)) {
    throw new RangeError(
      `${where}: threshold = ${threshold}; expected a share of the particles from 0 (never resampled) to 1 (after every step)`,
    );
  }
  if (!(from >= to)) {
    throw new RangeError(
      `${where}: resampling from t = ${from} to t = ${to}; expected from >= to, as time runs down`,
    );
  }
  return { threshold, from, to, last };
}

/** Rows of [K, width] numbers, each a copy of a chosen one, written into `out`. */
export function copyRowsInto<Numbers extends Float64Array | Int32Array>(
  out: Numbers,
  rows: Numbers,
  chosen: Int32Array,
): void {
  const width = rows.length / chosen.length;
  chosen.forEach((which, i) => {
    out.set(rows.subarray(which * width, (which + 1) * width), i * width);
  });
}
