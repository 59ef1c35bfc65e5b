import { type Abort, abortable } from "../denoisers/abortable.ts";
import type { Denoiser } from "../denoisers/denoiser.ts";
import { type Measured, meanOf } from "../measures/measured.ts";
import { linear } from "../noise/linear.ts";
import type { Noise } from "../noise/noise.ts";
import { absorbing } from "../processes/absorbing.ts";
import type { Process } from "../processes/process.ts";
import { counts } from "../schedules/counts.ts";
import type { Schedule } from "../schedules/schedule.ts";
import { times } from "../schedules/times.ts";
import { random } from "../selectors/random.ts";
import type { Selector } from "../selectors/selector.ts";
import { bisectSchedule } from "./bisect-schedule.ts";
import { curveLevels, curveOf, fullCurve, type InformationCurve, revealPaths } from "./information-curve.ts";
import { jumpYourSteps } from "./jump-your-steps.ts";
import { optimalSchedules } from "./optimal-schedule.ts";
import { optimalTimes, pathCosts } from "./path-cost.ts";
import { hasCurveOfItsOwn, natsPredictor } from "./predicted-nats.ts";
import { publishedClock } from "./published-clock.ts";

export type SearchMethod = "optimal" | "jys" | "bisect";

/** What to search for, and what with. */
export interface FindOptions {
  /** Step numbers wanted; `jys` and `bisect` take powers of 2. */
  readonly steps: readonly number[];
  /** Default "optimal". */
  readonly method?: SearchMethod;
  /** The selector the schedule will be used with; default `random()`, without a mask of no meaning. */
  readonly selector?: Selector;
  /** [n, length] clean sequences. */
  readonly data: Int32Array;
  /** Default absorbing. */
  readonly process?: Process;
  readonly noise?: Noise;
  readonly seed?: number;
  readonly batch?: number;
  /** Levels of the curve, at most; without a mask steps of the fine grid, at least twice those wanted. Default 40. */
  readonly levels?: number;
  /** Sequences for a prediction that needs evaluations of its own; 0: none is made. Default: all of the data. */
  readonly predictSequences?: number;
  /** Checked before every model call. */
  readonly signal?: Abort;
  readonly progress?: (done: { what: string; evaluations: number; share: number }) => void;
}

/** A schedule found for one number of steps. */
export interface FoundSchedule {
  readonly steps: number;
  readonly schedule: Schedule;
  /** As a plan stores it. */
  readonly values: { readonly counts: readonly number[] } | { readonly times: readonly number[] };
  /**
   * Predicted KL(data || samples) in nats per sequence; absent where a selector reads the predictions and where
   * there is no mask.
   */
  readonly predictedNats?: Measured;
}

/** Schedules for every number of steps asked for, and what finding them took. */
export interface Found {
  readonly method: SearchMethod;
  /** Absent where the process has no mask. */
  readonly curve?: InformationCurve;
  readonly schedules: readonly FoundSchedule[];
  /** Sequences that were looked at. */
  readonly sequences: number;
  /** Sequences that the search itself sent through the model. */
  readonly evaluations: number;
  /** What the published search would have sent for the same numbers of steps, where it was run. */
  readonly publishedEvaluations?: number;
}

/**
 * Finds schedules for several numbers of steps from one search: `optimal` by dynamic programming and `bisect`
 * by halving on one information curve, `jys` by the published search.
 *
 * The dynamic program is exact for `random`. With a selector whose states depend on the steps (`stratified`,
 * for which equal counts make perfect lattices) its grid is held against equal counts, both measured along
 * their own paths on the same sequences, and equal counts stay unless it is better by two standard errors.
 * See {@link natsPredictor} for what is predicted.
 *
 * Without a mask `optimal` finds the times of least path cost, {@link pathCosts}, and `jys` the published ones;
 * there the least cost need not be the best sampling, so hold either against plain times by sampling.
 */
export async function findSchedules(model: Denoiser, options: FindOptions): Promise<Found> {
  const denoiser = abortable(model, options.signal);
  const { steps, method = "optimal", data, seed = 0, batch = 8, levels = 40 } = options;
  const { length, vocabulary } = denoiser;
  const { selector = random(), process = absorbing({ vocabulary }) } = options;
  checkStepNumbers(steps, length);
  if (process.mask === undefined) return findTimes(denoiser, { ...options, process });
  const shared = { data, seed, batch, ...(options.noise ? { noise: options.noise } : {}) };
  const told = (what: string) => (done: { evaluations: number; total: number }) =>
    options.progress?.({ what, evaluations: done.evaluations, share: done.evaluations / done.total });
  const paths = await revealPaths(denoiser, {
    ...shared,
    selector,
    counts: curveLevels(length, levels),
    progress: told("information curve"),
  });
  const curve = curveOf(paths);
  const full = fullCurve(curve);
  const most = Math.max(...steps);
  let evaluations = curve.evaluations;
  let publishedEvaluations: number | undefined;
  const values = new Map<number, FoundSchedule["values"]>();
  if (method === "optimal") {
    const best = optimalSchedules(full, most);
    for (const n of steps) values.set(n, { counts: [...best[n - 1]!.counts] });
  } else if (method === "bisect") {
    for (const n of steps) values.set(n, { counts: [...bisectSchedule(full, n)] });
  } else {
    const search = await publishedTimes(denoiser, { ...options, process, noise: linear({ eps: 1e-3 }) });
    for (const [n, found] of search.values) values.set(n, { times: found });
    evaluations = search.evaluations;
    publishedEvaluations = search.publishedEvaluations;
  }
  const predict = natsPredictor(denoiser, {
    ...shared,
    selector,
    paths,
    sequences: options.predictSequences ?? paths.sequences,
  });
  const noise = options.noise ?? linear();
  const pathMatters = method === "optimal" && selector.reads === "positions" && !hasCurveOfItsOwn(selector);

  /** The grid itself or, where the states depend on the steps, plain equal counts unless it is clearly better. */
  async function chooseGrid(
    values: FoundSchedule["values"],
    n: number,
  ): Promise<Omit<FoundSchedule, "steps">> {
    const schedule =
      "counts" in values ? counts(values.counts, { name: method }) : times(values.times, { name: method });
    const nats = await predict(schedule.resolve(noise, length).counts);
    const found = { schedule, values, ...(nats ? { predictedNats: meanOf(nats) } : {}) };
    if (!nats || !pathMatters) return found;
    const plain = Array.from({ length: n + 1 }, (_, i) => Math.round((i * length) / n));
    const plainNats = (await predict(plain))!;
    const gain = meanOf(plainNats.map((each, row) => each - nats[row]!));
    // Above round-off, so that a curve on which nothing matters keeps equal counts.
    if (gain.value > 2 * gain.standardError + 1e-9) return found;
    return {
      schedule: counts(plain, { name: "uniform" }),
      values: { counts: plain },
      predictedNats: meanOf(plainNats),
    };
  }

  const schedules: FoundSchedule[] = [];
  for (const n of steps) {
    const chosen = await chooseGrid(foundFor(n, values, method), n);
    schedules.push({ steps: n, ...chosen });
  }
  return {
    method,
    curve,
    schedules,
    sequences: curve.sequences,
    evaluations,
    ...(publishedEvaluations === undefined ? {} : { publishedEvaluations }),
  };
}

/** {@link findSchedules} for a process without a mask: times, and no curve. */
async function findTimes(
  denoiser: Denoiser,
  options: FindOptions & { readonly process: Process },
): Promise<Found> {
  const { steps, method = "optimal", data, process, noise = linear(), levels = 40 } = options;
  const sequences = data.length / denoiser.length;
  const schedulesOf = (values: ReadonlyMap<number, readonly number[]>): FoundSchedule[] =>
    steps.map((n) => {
      const found = foundFor(n, values, method);
      return { steps: n, schedule: times(found, { name: method }), values: { times: found } };
    });
  if (method === "bisect") {
    throw new RangeError(
      `findSchedules: bisect halves the information curve of masked data and the process ${process.name} has no mask; use optimal or jys`,
    );
  }
  if (method === "jys") {
    const clock = publishedClock(noise);
    const retimed: Denoiser = {
      ...denoiser,
      predict: (input) => denoiser.predict({ ...input, time: input.time.map(clock.timeOf) }),
    };
    const search = await publishedTimes(retimed, { ...options, noise: clock.noise });
    const inside = (u: number): number => (u === 0 || u === 1 ? u : clock.timeOf(u));
    const values = new Map([...search.values].map(([n, found]) => [n, found.map(inside)]));
    return {
      method,
      schedules: schedulesOf(values),
      sequences,
      evaluations: search.evaluations,
      publishedEvaluations: search.publishedEvaluations,
    };
  }
  const most = Math.max(...steps);
  const costs = await pathCosts(denoiser, {
    ...options,
    fineSteps: Math.max(levels, 2 * most),
    progress: ({ evaluations, total }) =>
      options.progress?.({ what: "path costs", evaluations, share: evaluations / total }),
  });
  const values = new Map(optimalTimes(costs, most).map((each) => [each.steps, [...each.times]]));
  return { method, schedules: schedulesOf(values), sequences, evaluations: costs.evaluations };
}

/** The times that Jump Your Steps finds for 1, 2, 4, ... steps, from 1 to 0, and what it took. */
async function publishedTimes(
  denoiser: Denoiser,
  options: FindOptions & { readonly process: Process; readonly noise: Noise },
): Promise<{
  values: Map<number, readonly number[]>;
  evaluations: number;
  publishedEvaluations: number;
}> {
  const { data, process, noise, seed = 0, batch = 8 } = options;
  const { levels, ...took } = await jumpYourSteps(denoiser, {
    data,
    process,
    noise,
    seed,
    batch,
    steps: Math.max(...options.steps),
    progress: ({ searches, total, evaluations }) =>
      options.progress?.({ what: "Jump Your Steps search", evaluations, share: searches / total }),
  });
  // The last published time, 1e-5, stands for the final step to clean tokens.
  const values = new Map(levels.map(({ steps, values }) => [steps, [...values.slice(0, -1), 0]]));
  return { values, ...took };
}

/** @throws RangeError if the method did not make `steps` steps */
function foundFor<Values>(steps: number, values: ReadonlyMap<number, Values>, method: SearchMethod): Values {
  const found = values.get(steps);
  if (!found) throw new RangeError(`findSchedules: ${method} makes powers of 2 only; got steps = ${steps}`);
  return found;
}

function checkStepNumbers(steps: readonly number[], length: number): void {
  if (steps.length === 0)
    throw new RangeError("findSchedules: no numbers of steps given; expected at least one");
  for (const n of steps) {
    if (!Number.isInteger(n) || n < 1 || n > length) {
      throw new RangeError(
        `findSchedules: steps = ${n}; expected a whole number from 1 to the ${length} tokens of a sequence`,
      );
    }
  }
}
