import type { GaussianMixture } from "../../continuous/denoisers/gaussian-mixture.ts";
import { noisedMixture } from "../../continuous/denoisers/noised-mixture.ts";
import { energyDistance } from "../../continuous/measures/energy-distance.ts";
import { klDivergence } from "../../continuous/measures/kl-divergence.ts";
import { negativeLogLikelihood } from "../../continuous/measures/negative-log-likelihood.ts";
import { rootMeanSquare } from "../../continuous/measures/root-mean-square.ts";
import type { Noise } from "../../continuous/noise/noise.ts";
import type { Measured } from "../../measures/measured.ts";
import type { ContinuousModel } from "../../model/continuous-model.ts";
import { endsClean, exactFlow, type RunEnds } from "./exact-flow.ts";

/** What samples are measured by, lower is better but for the likelihood, which falls when samples get more alike. */
export const continuousMeasures = {
  error: { name: "error", label: "root-mean-square error to the exact solution", better: "lower" },
  energy: { name: "energy-distance", label: "energy distance to the data", better: "lower" },
  divergence: { name: "kl", label: "KL divergence to the data, nats", better: "lower" },
  likelihood: {
    name: "negative-log-likelihood",
    label: "negative log-likelihood, nats a sample",
    better: "neither",
  },
} as const;

/** By the names of `continuousMeasures`, those that could be taken. */
export type MeasuredByName = Readonly<Record<string, Measured>>;

/** A finished run. */
export interface JudgedRun extends RunEnds {
  /** [count, dimension] where it started and ended. */
  readonly starts: Float64Array;
  readonly x: Float64Array;
  readonly stochastic: boolean;
}

/** Measures samples of one model, and remembers what every run is held against. */
export interface Judge {
  /** Samples that distances are taken of, and those whose exact solution is computed, at most. */
  readonly rows: number;
  readonly flowRows: number;
  /** The error for samplers that follow the flow; the others for all, where the law of data or held-out data is known. */
  measure(run: JudgedRun): Promise<MeasuredByName>;
  /** What as many draws of the data score by the same measures. */
  floor(run: RunEnds & { readonly count: number }): Promise<MeasuredByName>;
}

/** How a judge works; what is left out is for a second's work on a small mixture. */
export interface JudgeOptions {
  readonly seed?: number;
  /** Default 2000. */
  readonly rows?: number;
  /** Whether the exact solution is computed: 4 calls of the model a step. Default for exact models alone. */
  readonly flow?: boolean;
  /** Default 256, in 400 steps of the flow. */
  readonly flowRows?: number;
  readonly flowSteps?: number;
  readonly progress?: (what: string, share: number) => void;
}

/** Rows a standard error needs. */
const FEWEST = 3;

/** Up to this dimension and from so many rows on the entropy of points can be told from their distances. */
const ENTROPY = { dimension: 4, rows: 100 };

/** Far from the seeds that people choose: exact draws are made of the same normals as start points. */
const OTHER_SEEDS = 2 ** 52;

export function judgeOf(
  model: ContinuousModel,
  { seed = 0, rows = 2000, flow = model.exact, flowRows = 256, flowSteps = 400, progress }: JudgeOptions = {},
): Judge {
  const { noise, dimension, denoiser } = model;
  const known: { start: Float64Array; ends: RunEnds; solution: Float64Array }[] = [];
  const data = dataOf(model, { seed, rows });

  async function solution(starts: Float64Array, ends: RunEnds): Promise<Float64Array> {
    const start = starts.slice(0, flowRows * dimension);
    const found = known.find((each) => sameEnds(each.ends, ends) && sameNumbers(each.start, start));
    if (found) return found.solution;
    const made = await exactFlow(denoiser, start, {
      noise,
      ends,
      steps: flowSteps,
      progress: progress && ((share) => progress("the exact solution", share)),
    });
    known.push({ start, ends, solution: made });
    return made;
  }

  return {
    rows,
    flowRows,
    async measure(run) {
      const { error, energy } = continuousMeasures;
      const measured: Record<string, Measured> = {};
      const ends = { from: run.from, to: run.to, denoise: run.denoise };
      if (flow && !run.stochastic) {
        const exact = await solution(run.starts, ends);
        measured[error.name] = rootMeanSquare(run.x.subarray(0, exact.length), exact, { dimension });
      }
      const own = run.x.subarray(0, rows * dimension);
      const { law, draws } = await data(ends);
      if (draws && own.length >= FEWEST * dimension) {
        progress?.("measuring", 0);
        measured[energy.name] = energyDistance(own, draws(0), { dimension });
      }
      Object.assign(measured, likeness(own, law));
      return measured;
    },
    async floor({ count, ...ends }) {
      const { error, energy } = continuousMeasures;
      const measured: Record<string, Measured> = {};
      if (flow) measured[error.name] = { value: 0, standardError: 0 };
      const { law, draws } = await data(ends);
      const others = draws?.(1).subarray(0, count * dimension);
      if (draws && others && others.length >= FEWEST * dimension) {
        measured[energy.name] = energyDistance(others, draws(2), { dimension });
      }
      if (others) Object.assign(measured, likeness(others, law));
      return measured;
    },
  };
}

/** How likely points are: their divergence where their entropy can be estimated too, in few dimensions. */
function likeness(points: Float64Array, law: GaussianMixture | undefined): MeasuredByName {
  if (!law) return {};
  const { divergence, likelihood } = continuousMeasures;
  const enough = points.length >= ENTROPY.rows * law.dimension;
  return law.dimension <= ENTROPY.dimension && enough
    ? { [divergence.name]: klDivergence(points, law) }
    : { [likelihood.name]: negativeLogLikelihood(points, law) };
}

/** What there is to compare with: the law at the end of a run, and sets of its draws, or held-out data. */
interface Data {
  readonly law?: GaussianMixture;
  /** Set 0 for samples to be held against; 1 and 2, which share no draw, for the floor. [at most rows, dimension] */
  readonly draws?: (set: number) => Float64Array;
}

function dataOf(
  model: ContinuousModel,
  { seed, rows }: { seed: number; rows: number },
): (ends: RunEnds) => Promise<Data> {
  const { mixture, noise, dimension } = model;
  let heldOut: Promise<Float64Array | undefined> | undefined;
  return async (ends) => {
    if (mixture) {
      const law = lawAt(mixture, ends, noise);
      return { law, draws: (set) => law.draw({ count: rows, seed: otherSeed(seed, set) }) };
    }
    heldOut ??= model.heldOut();
    const found = await heldOut;
    if (!found) return {};
    const half = dimension * Math.floor(found.length / dimension / 2);
    const sets = [found, found.subarray(0, half), found.subarray(half)];
    return { draws: (set) => sets[set]!.subarray(0, rows * dimension) };
  };
}

/** The law of perfect samples: of data, with the noise that is left at the end. */
function lawAt(mixture: GaussianMixture, ends: RunEnds, noise: Noise): GaussianMixture {
  if (endsClean(ends, noise)) return mixture;
  return noisedMixture(mixture, { alpha: noise.alpha(ends.to), sigma: noise.sigma(ends.to) });
}

function otherSeed(seed: number, set: number): number {
  return OTHER_SEEDS + 3 * (seed % 2 ** 50) + set;
}

function sameEnds(a: RunEnds, b: RunEnds): boolean {
  return a.from === b.from && a.to === b.to && a.denoise === b.denoise;
}

function sameNumbers(a: Float64Array, b: Float64Array): boolean {
  return a.length === b.length && a.every((value, at) => value === b[at]);
}
