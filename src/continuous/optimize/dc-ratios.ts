import { type Abort, throwIfAborted } from "../../denoisers/abortable.ts";
import type { Denoiser } from "../denoisers/denoiser.ts";
import { modelCalls } from "../model-calls.ts";
import type { Noise } from "../noise/noise.ts";
import { normals } from "../normals.ts";
import { type CompensationOptions, checkCompensation } from "../samplers/dc-solver.ts";
import { type UniPcOptions, uniPcMethod } from "../samplers/unipc.ts";
import type { Schedule } from "../schedules/schedule.ts";
import { compensatedStep, type Ending, type Run, type Standing, standingAt } from "./compensated-step.ts";
import { leastRatio, type RatioSearch } from "./least-ratio.ts";
import { flowTeacher, type Teacher } from "./teacher.ts";

/** What ratios are searched for and how. */
export interface DcRatiosOptions extends UniPcOptions, CompensationOptions {
  readonly noise: Noise;
  readonly schedule: Schedule;
  /** Rows of the calibration batch, default 10. */
  readonly count?: number;
  /** Of the calibration batch, default 0. */
  readonly seed?: number;
  /** [count, dimension] the calibration batch itself, at the schedule's first time. */
  readonly start?: ArrayLike<number>;
  /** Default flowTeacher(). */
  readonly teacher?: Teacher;
  /** Default leastRatio(). */
  readonly search?: RatioSearch;
  /** Told after every step. */
  readonly progress?: (done: { step: number; steps: number }) => void;
  /** Checked before every model call. */
  readonly signal?: Abort;
}

/** How the search of one step went. */
export interface SearchedStep {
  /** From 0. */
  readonly step: number;
  readonly ratio: number;
  /** Mean square error at the end of the step. */
  readonly loss: number;
  /** The same if this step is not compensated. */
  readonly lossAtOne: number;
  /** Different ratios that were tried. */
  readonly tried: number;
}

/** Ratios and what they were found by. */
export interface DcRatios {
  /** [steps], for `dcSolver`. */
  readonly ratios: number[];
  /** [steps]; the first K have nothing to move and keep ratio 1. */
  readonly searched: SearchedStep[];
  /** Model calls of the search, the teacher's included. */
  readonly calls: number;
  /** Rows sent through the model: a call on a batch of 10 counts 10. */
  readonly evaluations: number;
  /** Those of them that were the teacher's. */
  readonly teacherEvaluations: number;
}

/**
 * The ratios of DC-Solver for one model and schedule, greedily: for each step in turn that at which the student's batch
 * is nearest to the teacher's at the end of the step, in mean square, the steps before keeping theirs. The end is the
 * corrected one where the step is corrected, which costs a model call a ratio; else a ratio costs none.
 *
 * No step becomes worse on the calibration batch than without its compensation. What it brings on other rows is to
 * be measured on other rows.
 *
 * Source: Zhao et al. 2024 (2409.03755), section 3, by another minimiser (there AdamW, 40 iterations, which may end above
 * the loss of ratio 1) and against a teacher that meets the nodes.
 *
 * @throws RangeError if an option is out of range or the model returns NaN
 */
export async function dcRatios(denoiser: Denoiser, options: DcRatiosOptions): Promise<DcRatios> {
  const { noise, compensationOrder = 2, teacher = flowTeacher(), search = leastRatio(), signal } = options;
  checkCompensation("dcRatios", compensationOrder);
  const method = uniPcMethod(options);
  const times = options.schedule.resolve(noise);
  const steps = times.length - 1;
  const start = calibrationBatch(denoiser.dimension, options);
  const model = modelCalls(denoiser, noise, { calls: 0, evaluations: 0 });
  const counted: Denoiser = {
    dimension: denoiser.dimension,
    predict({ x, time }) {
      throwIfAborted(signal);
      return model.predict({ x, time });
    },
  };
  const targets = await teacher(counted, { noise, times, start });
  const teacherEvaluations = model.counted().evaluations;
  const run: Run = {
    method,
    compensationOrder,
    noise,
    times,
    async predicted(t, x) {
      throwIfAborted(signal);
      return method.predicted(noise, { t, x, eps: await model.predict({ x, time: t }) });
    },
  };
  const searched: SearchedStep[] = [];
  let from = await standingAt(run, { t: times[0]!, ending: { x: start, buffer: [] } });
  for (let step = 0; step < steps; step++) {
    const { found, ending } = await searchStep(run, { from, step, target: targets[step]!, search });
    searched.push(found);
    if (step + 1 < steps) from = await standingAt(run, { t: times[step + 1]!, ending });
    options.progress?.({ step: step + 1, steps });
  }
  return { ratios: searched.map(({ ratio }) => ratio), searched, ...model.counted(), teacherEvaluations };
}

/** The ratio of one step, 1 where there is too little to move, and where the step then ends. */
async function searchStep(
  run: Run,
  { from, step, target, search }: { from: Standing; step: number; target: Float64Array; search: RatioSearch },
): Promise<{ found: SearchedStep; ending: Ending }> {
  const losses = new Map<number, number>();
  let kept: { ratio: number; ending: Ending } | undefined;
  const loss = async (ratio: number): Promise<number> => {
    const known = losses.get(ratio);
    if (known !== undefined) return known;
    const ending = await compensatedStep(run, { from, step, ratio });
    const value = meanSquare(ending.x, target);
    if (!kept || value < losses.get(kept.ratio)!) kept = { ratio, ending };
    losses.set(ratio, value);
    return value;
  };
  const lossAtOne = await loss(1);
  const ratio = from.buffer.length > run.compensationOrder ? await search(loss, step) : 1;
  const found = { step, ratio, loss: await loss(ratio), lossAtOne, tried: losses.size };
  const ending = kept?.ratio === ratio ? kept.ending : await compensatedStep(run, { from, step, ratio });
  return { found, ending };
}

function meanSquare(x: Float64Array, target: Float64Array): number {
  return x.reduce((sum, value, at) => sum + (value - target[at]!) ** 2, 0) / x.length;
}

/** The rows given, or normal ones with the noise's prior scale. */
function calibrationBatch(
  dimension: number,
  { noise, schedule, count = 10, seed = 0, start }: DcRatiosOptions,
): Float64Array {
  if (start) {
    if (start.length === 0 || start.length % dimension !== 0) {
      throw new RangeError(`dcRatios: start has ${start.length} numbers; expected rows of ${dimension}`);
    }
    return Float64Array.from(start);
  }
  if (!Number.isInteger(count) || count < 1) {
    throw new RangeError(`dcRatios: count = ${count}; expected a whole number >= 1, such as 10`);
  }
  const scale = noise.priorScale(schedule.resolve(noise)[0]!);
  const source = normals(seed);
  const x = new Float64Array(count * dimension);
  for (let row = 0; row < count; row++) {
    const own = x.subarray(row * dimension, (row + 1) * dimension);
    source.fill(own, { row, index: "start", stage: 0 });
  }
  return x.map((z) => scale * z);
}
