import type { Abort } from "../../denoisers/abortable.ts";
import { shortestPaths } from "../../optimize/shortest-paths.ts";
import type { Denoiser } from "../denoisers/denoiser.ts";
import { type Noise, rhoAt } from "../noise/noise.ts";
import { ipndm } from "../samplers/ipndm.ts";
import type { Sampler } from "../samplers/sampler.ts";
import { polynomial } from "../schedules/even-times.ts";
import type { Schedule } from "../schedules/schedule.ts";
import { chordMiss, type JumpMetric } from "./jump-metrics.ts";
import { type TeacherPaths, teacherPaths } from "./teacher-paths.ts";

/** What jumps are measured on and how. */
export interface GitsCostOptions {
  readonly noise: Noise;
  /** The fine grid, default polynomial({ steps: 60 }). */
  readonly grid?: Schedule;
  /** What walks it, default ipndm({ order: 4 }). */
  readonly teacher?: Sampler;
  /** Default chordMiss, as published; euclideanMiss is the safer one where data have few dimensions. */
  readonly metric?: JumpMetric;
  /** Whether the first jump goes along x / sqrt(alpha^2 + sigma^2), as `analyticFirstStep` does; default false. */
  readonly analyticFirst?: boolean;
  /** Paths, default 256. */
  readonly count?: number;
  readonly seed?: number;
  /** [count, dimension] where they begin, at the grid's first time; default normal with the noise's prior scale. */
  readonly start?: ArrayLike<number>;
  /** Paths walked together, default 64. */
  readonly batch?: number;
  /** Told after every batch. */
  readonly progress?: (done: { rows: number; count: number }) => void;
  /** Checked before every model call. */
  readonly signal?: Abort;
}

/** What a jump between any two times of the grid costs. */
export interface GitsCosts {
  /** [G + 1] falling. */
  readonly times: Float64Array;
  /** costs[i][j] of the jump from times[i] to times[j], i < j, mean over paths; 0 elsewhere. */
  readonly costs: readonly Float64Array[];
  /** [count, dimension] where the teacher began and where it ended. */
  readonly starts: Float64Array;
  readonly ends: Float64Array;
  readonly calls: number;
  readonly evaluations: number;
}

/**
 * The cost matrix of GITS: how far one Euler step (DDIM) from a point of a fine path to a later time ends from the path.
 * In y = x / alpha and rho = sigma / alpha,
 *
 *     C[i][j] = mean over paths of metric(y_i + (rho_j - rho_i) eps_i, y_j)
 *
 * with eps_i the teacher's own. Paths of different noise have nearly one shape, so few of them tell of all. In y and rho a
 * model has the same costs whatever the scale of its noise; the published code knows alpha = 1 alone.
 *
 * Model calls: those of the teacher. Other work: G^2 / 2 jumps a path. Source: Chen et al. 2024 (2405.11326), section 4.
 */
export async function gitsCosts(denoiser: Denoiser, options: GitsCostOptions): Promise<GitsCosts> {
  const {
    noise,
    grid = polynomial({ steps: 60 }),
    teacher = ipndm({ order: 4 }),
    start,
    batch = 64,
  } = options;
  const { dimension } = denoiser;
  const count = start ? start.length / dimension : (options.count ?? 256);
  if (!(Number.isInteger(count) && count >= 1 && Number.isInteger(batch) && batch >= 1)) {
    throw new RangeError(
      `gitsCosts: ${count} paths, ${batch} together; expected whole numbers >= 1, and a start of whole rows of ${dimension}`,
    );
  }
  const times = grid.resolve(noise);
  const costs = Array.from(times, () => new Float64Array(times.length));
  const [starts, ends] = [new Float64Array(count * dimension), new Float64Array(count * dimension)];
  let [calls, evaluations] = [0, 0];
  for (let row = 0; row < count; row += batch) {
    const size = Math.min(batch, count - row);
    const paths = await teacherPaths(denoiser, {
      ...options,
      schedule: grid,
      sampler: teacher,
      count: size,
      firstRow: row,
      ...(start && { start: Float64Array.from(start).subarray(row * dimension, (row + size) * dimension) }),
    });
    addJumps(costs, scaled(paths, options), { dimension, metric: options.metric ?? chordMiss });
    starts.set(paths.states[0]!, row * dimension);
    ends.set(paths.states.at(-1)!, row * dimension);
    calls = Math.max(calls, paths.calls);
    evaluations += paths.evaluations;
    options.progress?.({ rows: row + size, count });
  }
  for (const own of costs) for (let j = 0; j < own.length; j++) own[j]! /= count;
  return { times, costs, starts, ends, calls, evaluations };
}

/** Paths in y = x / alpha over rho. */
interface ScaledPaths {
  /** [G + 1] */
  readonly rhos: Float64Array;
  /** [G + 1] y, each [rows, dimension]. */
  readonly points: readonly Float64Array[];
  /** [G] eps, each [rows, dimension]. */
  readonly directions: readonly Float64Array[];
}

function scaled(
  { times, states, directions }: TeacherPaths,
  { noise, analyticFirst = false }: GitsCostOptions,
): ScaledPaths {
  const points = states.map((x, i) => x.map((value) => value / noise.alpha(times[i]!)));
  const first = Math.hypot(noise.alpha(times[0]!), noise.sigma(times[0]!));
  return {
    rhos: times.map((t) => rhoAt(noise, t)),
    points,
    directions: directions.map((eps, i) =>
      i === 0 && analyticFirst ? states[0]!.map((value) => value / first) : eps,
    ),
  };
}

/** Adds what the jumps of all rows cost. */
function addJumps(
  costs: readonly Float64Array[],
  { rhos, points, directions }: ScaledPaths,
  { dimension, metric }: { dimension: number; metric: JumpMetric },
): void {
  const last = rhos.length - 1;
  const reached = new Float64Array(dimension);
  for (let at = 0; at < points[0]!.length; at += dimension) {
    const own = points.map((all) => all.subarray(at, at + dimension));
    const [start, end] = [own[0]!, own[last]!];
    for (let i = 0; i < last; i++) {
      for (let j = i + 1; j <= last; j++) {
        for (let d = 0; d < dimension; d++) {
          reached[d] = own[i]![d]! + (rhos[j]! - rhos[i]!) * directions[i]![at + d]!;
        }
        costs[i]![j]! += metric({ reached, met: own[j]!, start, end });
      }
    }
  }
}

/** The cheapest of the times with a number of steps. */
export interface CheapestTimes {
  readonly steps: number;
  /** [steps + 1] of the grid, 0 first. */
  readonly nodes: Int32Array;
  /** [steps + 1] falling. */
  readonly times: Float64Array;
  readonly cost: number;
}

/**
 * The times of every number of steps that cost least, C of the first jump + g C of the second + g^2 C of the third + ..,
 * by dynamic programming over the grid. No model calls. Of equal paths the one whose first jump is shortest, as published.
 *
 * Source: Chen et al. 2024 (2405.11326), algorithm 1.
 *
 * @param mostSteps whole, 1 to the steps of the grid @param options.coefficient g > 0, default 1.15
 * @returns for every number of steps 1 .. mostSteps its times
 */
export function gitsTimes(
  { times, costs }: Pick<GitsCosts, "times" | "costs">,
  mostSteps: number,
  { coefficient = 1.15 }: { coefficient?: number } = {},
): CheapestTimes[] {
  const last = times.length - 1;
  if (!(Number.isInteger(mostSteps) && mostSteps >= 1 && mostSteps <= last)) {
    throw new RangeError(
      `gitsTimes: ${mostSteps} steps on a grid of ${last}; expected from 1 to ${last}, or a finer grid`,
    );
  }
  if (!(coefficient > 0 && Number.isFinite(coefficient))) {
    throw new RangeError(`gitsTimes: coefficient = ${coefficient}; expected a positive number, such as 1.15`);
  }
  const paths = shortestPaths(last, mostSteps, (from, to) => costs[from]![to]!, {
    coefficient,
    evenTies: false,
  });
  return paths.map(({ nodes, cost }, i) => ({
    steps: i + 1,
    nodes,
    times: Float64Array.from(nodes, (node) => times[node]!),
    cost,
  }));
}
