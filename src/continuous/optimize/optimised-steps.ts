import type { Noise } from "../noise/noise.ts";
import { normals } from "../normals.ts";
import { logSnr, polynomial, timePower, timeUniform } from "../schedules/even-times.ts";
import type { Ends, EvenOptions, Schedule } from "../schedules/schedule.ts";
import { times } from "../schedules/times.ts";
import { type ErrorBoundOptions, errorBound } from "./error-bound.ts";
import type { FoundTimes } from "./found-times.ts";
import { orderedNodes } from "./ordered-nodes.ts";
import { quasiNewton } from "./quasi-newton.ts";

/** What times are searched for and how. */
export interface OptimisedStepsOptions extends ErrorBoundOptions, Ends {
  readonly noise: Noise;
  readonly steps: number;
  /** Schedules of `steps` steps that the search begins at, default log-snr, time-uniform, polynomial and time-quadratic. */
  readonly starts?: readonly Schedule[];
  /** How often the search begins again near the best times so far, default 4. */
  readonly restarts?: number;
  /** Of the restarts, default 0. */
  readonly seed?: number;
}

/** Times, and what each start came to. */
export interface OptimisedSteps extends FoundTimes {
  /** Starts in their order, then restarts. */
  readonly searches: readonly { readonly start: string; readonly before: number; readonly after: number }[];
  /** How often the bound was worked out. */
  readonly bounds: number;
}

/** Steps up to which the published code bounds the first three alone, and lets the rest cancel. */
const FEW = 7;
const FIRST = 3;
/** Deviation of a restart's steps, in log length. */
const SHAKE = 1;

/**
 * Optimised time steps, "DM": the times that make a bound of the sampler's error small (error-bound.ts). No model is asked
 * and no data: the bound follows from lambda, the solver's order, and how the model's own error grows with the noise. Made
 * for UniPC and DPM-Solver++ of order 3 with lower orders at the end.
 *
 * The bound is minimised over the shares of the steps (ordered-nodes.ts) by BFGS from every start, and again from shaken
 * copies of the best. Well under a second for 10 steps.
 *
 * The released code sets `truncation` 3 up to 7 steps and 0 beyond, and stops at shallow minima there. With 0 the bound lets
 * errors of different steps cancel, and its deep minima do so throughout: at 8 and 10 steps on mixtures they made samples
 * 1.3 to 6 times as far off as the best even times did (bench/continuous/schedules.ts). So the default beyond 7 steps is
 * `steps`: nothing cancels, and the bound is smooth, with one minimum from every start that was tried.
 *
 * No model calls. Source: Xue et al. 2024 (2402.17376), by another minimiser (there SciPy's trust-constr).
 *
 * @param options.truncation default 3 up to 7 steps, beyond that `steps`
 * @throws RangeError if an option is out of range, or a start has other ends or steps
 */
export function optimisedSteps({
  noise,
  steps,
  order = 3,
  p = 2,
  truncation = steps <= FEW ? FIRST : steps,
  restarts = 4,
  seed = 0,
  ...options
}: OptimisedStepsOptions): OptimisedSteps {
  check({ steps, order, p, truncation, restarts });
  const starts = options.starts ?? standard.map((schedule) => schedule({ ...ends(options), steps }));
  const [first, ...others] = starts.map((schedule) => resolved(schedule, { noise, steps }));
  if (!first) throw new RangeError("optimisedSteps: no starts; expected at least one schedule");
  const [from, to] = [first[0]!, first[steps]!];
  const wrong = others.findIndex((own) => own[0] !== from || own[steps] !== to);
  if (wrong >= 0) {
    throw new RangeError(
      `optimisedSteps: ${starts[wrong + 1]!.name} has other ends than ${starts[0]!.name}; expected starts from ${from} to ${to}`,
    );
  }
  const nodes = orderedNodes([noise.lambda(from), noise.lambda(to)]);
  const bound = nodes.of((lambdas) => errorBound(lambdas, { order, p, truncation }));
  const searches: { start: string; before: number; after: number }[] = [];
  let best: { v: Float64Array; value: number } | undefined;
  let bounds = 0;
  const search = (start: string, v: Float64Array): void => {
    const { x, value, evaluations } = quasiNewton(bound, v);
    searches.push({ start, before: bound(v).value, after: value });
    bounds += evaluations + 1;
    if (!best || value < best.value) best = { v: x, value };
  };
  starts.forEach((schedule, i) => {
    search(schedule.name, nodes.free([first, ...others][i]!.map(noise.lambda)));
  });
  const source = normals(seed);
  for (let restart = 0; restart < restarts; restart++) {
    const z = new Float64Array(steps - 1);
    source.fill(z, { row: restart, index: 0, stage: 0 });
    search(
      `restart ${restart + 1}`,
      best!.v.map((value, i) => value + SHAKE * z[i]!),
    );
  }
  const found = nodes
    .nodes(best!.v)
    .map((lambda, i) => (i === 0 ? from : i === steps ? to : noise.timeAt(lambda)));
  return {
    schedule: { ...times({ times: found }), name: "optimised-steps" },
    times: found,
    objective: {
      before: Math.min(...searches.slice(0, starts.length).map(({ before }) => before)),
      after: best!.value,
    },
    searches,
    bounds,
    calls: 0,
    evaluations: 0,
  };
}

const standard: readonly ((options: EvenOptions) => Schedule)[] = [
  logSnr,
  timeUniform,
  polynomial,
  timePower,
];

function ends({ from, to }: Ends): Ends {
  return { ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
}

/** Its times, where they are such that a bound exists. */
function resolved(schedule: Schedule, { noise, steps }: { noise: Noise; steps: number }): Float64Array {
  const own = schedule.resolve(noise);
  if (own.length !== steps + 1 || noise.sigma(own[steps]!) === 0) {
    throw new RangeError(
      `optimisedSteps: ${schedule.name} has ${own.length - 1} steps and ends at t = ${own.at(-1)}; expected ${steps} steps that end where sigma is above 0`,
    );
  }
  return own;
}

function check({
  steps,
  order,
  p,
  truncation,
  restarts,
}: {
  steps: number;
  order: number;
  p: number;
  truncation: number;
  restarts: number;
}): void {
  for (const [name, value, least] of [
    ["steps", steps, 1],
    ["truncation", truncation, 0],
    ["restarts", restarts, 0],
  ] as const) {
    if (!Number.isInteger(value) || value < least) {
      throw new RangeError(`optimisedSteps: ${name} = ${value}; expected a whole number >= ${least}`);
    }
  }
  if (!(order === 1 || order === 2 || order === 3)) {
    throw new RangeError(`optimisedSteps: order = ${order}; expected that of the solver, 1, 2 or 3`);
  }
  if (!(p >= 0 && Number.isFinite(p))) {
    throw new RangeError(`optimisedSteps: p = ${p}; expected a number >= 0, such as 2`);
  }
}
