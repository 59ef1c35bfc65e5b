import { type ContinuousMethod, continuousOptions } from "../../continuous/method.ts";
import { type Samples, type State, sample } from "../../continuous/sample.ts";
import type { ContinuousModel } from "../../model/continuous-model.ts";
import { partText } from "../../optimize/method-parts.ts";
import { endsOf, type RunEnds } from "./exact-flow.ts";
import type { Judge, MeasuredByName } from "./judge.ts";

/** Which rows a run makes, and who measures them. */
export interface RunOptions {
  /** Default 1. */
  readonly count?: number;
  readonly firstRow?: number;
  readonly seed?: number;
  readonly batch?: number;
  /** Absent: nothing is measured. One judge for several runs computes the exact solution once. */
  readonly judge?: Judge;
  /** Called after every step with the share of the sampling that is done. */
  readonly progress?: (share: number) => void;
}

/** A method's samples and what they cost. */
export interface SolverRun {
  readonly method: ContinuousMethod;
  readonly samples: Samples;
  readonly ends: RunEnds;
  /** [count, dimension] where they started. */
  readonly starts: Float64Array;
  /** Model calls of one row, one after the other. */
  readonly calls: number;
  /** Rows sent through the model in all. */
  readonly evaluations: number;
  /** Wall time of the sampling. */
  readonly seconds: number;
  /** By the names of `continuousMeasures`; empty without a judge. */
  readonly measured: MeasuredByName;
}

/**
 * Samples a model with a method and measures the samples.
 *
 * @throws RangeError if the method is none, or the model returns what is not finite
 */
export async function runSolver(
  model: ContinuousModel,
  method: ContinuousMethod,
  { count = 1, firstRow = 0, seed = 0, batch, judge, progress }: RunOptions = {},
): Promise<SolverRun> {
  const { denoiser, noise, dimension } = model;
  const options = continuousOptions(method, { noise });
  const starts = new Float64Array(count * dimension);
  const started = performance.now();
  const samples = await sample(denoiser, {
    ...options,
    count,
    firstRow,
    seed,
    ...(batch === undefined ? {} : { batch }),
    progress({ rows, state }) {
      if (state.index === 0) starts.set(state.x, rows * dimension);
      progress?.(shareDone({ rows, state }, count));
    },
  });
  const seconds = (performance.now() - started) / 1000;
  const { calls, evaluations, x } = samples;
  const { sampler, schedule, denoise = false } = options;
  const ends = endsOf(schedule, { noise, denoise });
  const measured = (await judge?.measure({ ...ends, starts, x, stochastic: sampler.stochastic })) ?? {};
  return { method, samples, ends, starts, calls, evaluations, seconds, measured };
}

/** A method as tables name it: "unipc:order=3, log-snr". */
export function methodName({ solver, schedule, ratios, denoise }: ContinuousMethod): string {
  return [
    partText(solver),
    "times" in schedule ? "times of its own" : schedule.name,
    ...(ratios ? ["ratios"] : []),
    ...(denoise ? ["denoised"] : []),
  ].join(", ");
}

function shareDone({ rows, state }: { rows: number; state: State }, count: number): number {
  return (rows + (state.batch * state.index) / state.steps) / count;
}
