import type { ContinuousMethod } from "../../continuous/index.ts";
import { makeSampler } from "../../continuous/parts.ts";
import type { ContinuousModel } from "../../model/continuous-model.ts";
import type { Estimate, Measure, Result } from "../../report/comparison.ts";
import type { ContinuousComparison } from "../../report/continuous-report.ts";
import { machineClass } from "../study.ts";
import { fittedOrder } from "./fitted-order.ts";
import { continuousMeasures, judgeOf, type MeasuredByName } from "./judge.ts";
import { methodName, runSolver } from "./run-solver.ts";
import type { SolverName } from "./solver-names.ts";
import { imagesOf, planeOf, trajectoriesOf } from "./study-pictures.ts";

/** What is run and measured. */
export interface ContinuousStudyOptions {
  readonly title: string;
  /** The command line that makes the study again. */
  readonly command: string;
  /** Model calls. */
  readonly calls: readonly number[];
  readonly methods: readonly SolverName[];
  /** Samples of every method at every number of calls. */
  readonly count: number;
  readonly seed: number;
  readonly batch?: number;
  /** Samples whose exact solution is computed, and the steps it takes; default 256 in 400, of networks 64 in 100. */
  readonly flow?: { readonly rows: number; readonly steps: number };
  /** Whether paths and images are kept for a report; default true. */
  readonly pictures?: boolean;
  readonly progress?: (what: string, share: number) => void;
}

/**
 * Runs every method at every number of model calls from the same start points and measures the samples. A method that
 * makes several calls a step takes fewer steps, as many as the calls allow; where they allow none it is left out.
 *
 * The reference is the model's own probability flow in fine steps, so that what is measured is the sampler's error and
 * not the model's.
 */
export async function runContinuousStudy(
  model: ContinuousModel,
  {
    title,
    command,
    calls,
    methods,
    count,
    seed,
    batch,
    flow,
    pictures = true,
    progress,
  }: ContinuousStudyOptions,
): Promise<ContinuousComparison> {
  const started = performance.now();
  const { rows, steps } = flow ?? (model.exact ? { rows: 256, steps: 400 } : { rows: 64, steps: 100 });
  const judge = judgeOf(model, {
    seed,
    flow: true,
    flowRows: rows,
    flowSteps: steps,
    ...(progress && { progress }),
  });
  const { callsPerPrediction = 1 } = model.denoiser;
  const planned = methods.flatMap((method) =>
    calls.flatMap((budget) => {
      const each = makeSampler(method.solver).calls * callsPerPrediction;
      const fitting = Math.floor(budget / each);
      const { solver, schedule } = method;
      return fitting < 1
        ? []
        : [{ budget, method: { solver, schedule: { name: schedule }, steps: fitting } }];
    }),
  );
  const results: Result[] = [];
  let floor: MeasuredByName = {};
  for (const [i, { budget, method }] of planned.entries()) {
    const run = await runSolver(model, method, {
      ...{ count, seed, judge },
      ...(batch === undefined ? {} : { batch }),
      progress: (share) => progress?.(`${i + 1} of ${planned.length}: ${methodName(method)}`, share),
    });
    if (i === 0) floor = await judge.floor({ ...run.ends, count });
    results.push({
      method: methodName(method),
      schedule: method.schedule.name,
      steps: budget,
      calls: run.calls,
      evaluations: run.evaluations,
      seconds: run.seconds,
      measured: run.measured,
    });
  }
  const { name, description, dimension } = model;
  return {
    title,
    noun: "sample",
    model: { name, description, dimension },
    command,
    seed,
    machine: machineClass(),
    sequences: count,
    seconds: (performance.now() - started) / 1000,
    measures: measuresOf(results, floor),
    results,
    slopes: slopesOf(results),
    ...(pictures ? await shown(model, planned, { calls, seed }) : { trajectories: [], images: [] }),
  };
}

/** The measures that were taken, with what data itself scores by those that compare with data. */
function measuresOf(results: readonly Result[], floors: MeasuredByName): Measure[] {
  return Object.values(continuousMeasures)
    .filter(({ name }) => results.some(({ measured }) => measured[name]))
    .map((measure) => {
      const floor = measure === continuousMeasures.error ? undefined : floors[measure.name];
      return { ...measure, ...(floor ? { floor } : {}) };
    });
}

/** The order at which the error of each method falls, where it was measured at three numbers of calls at least. */
function slopesOf(results: readonly Result[]): Record<string, Estimate> {
  const { error } = continuousMeasures;
  const slopes: Record<string, Estimate> = {};
  for (const method of new Set(results.map((result) => result.method))) {
    const points = results
      .filter((result) => result.method === method && result.measured[error.name])
      .map(({ calls, measured }) => ({ calls, error: measured[error.name]!.value }));
    if (points.length >= 3) slopes[method] = fittedOrder(points);
  }
  return slopes;
}

/** Paths in the plane and images, of every method at the number of calls in the middle. */
async function shown(
  model: ContinuousModel,
  planned: readonly { readonly budget: number; readonly method: ContinuousMethod }[],
  { calls, seed }: { calls: readonly number[]; seed: number },
): Promise<Pick<ContinuousComparison, "plane" | "trajectories" | "images">> {
  const middle = [...calls].sort((a, b) => a - b)[Math.floor((calls.length - 1) / 2)]!;
  const chosen = planned.filter(({ budget }) => budget === middle).map(({ method }) => method);
  if (model.pixels) return { trajectories: [], images: await imagesOf(model, chosen, { seed }) };
  if (model.dimension !== 2 || chosen.length === 0) return { trajectories: [], images: [] };
  const trajectories = await trajectoriesOf(model, chosen, { seed });
  const plane = await planeOf(model, chosen[0]!, { seed, trajectories });
  return { ...(plane ? { plane } : {}), trajectories, images: [] };
}
