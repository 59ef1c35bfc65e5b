import type { Abort } from "../../denoisers/abortable.ts";
import type { Denoiser } from "../denoisers/denoiser.ts";
import { type Noise, rhoAt } from "../noise/noise.ts";
import { polynomial } from "../schedules/even-times.ts";
import type { Schedule } from "../schedules/schedule.ts";
import { times } from "../schedules/times.ts";
import { halved, type LevelSearch, searchAll, searchNew } from "./aligned-level.ts";
import { costedPoints, totalCost } from "./coordinate-sweep.ts";
import type { FoundTimes } from "./found-times.ts";
import { frozenDivergence } from "./frozen-divergence.ts";
import { logLinear } from "./log-linear.ts";

/** What times are searched for and how. */
export interface AlignYourStepsOptions {
  readonly noise: Noise;
  /** [n, dimension] clean samples of what the model was trained on, or its own of many steps. */
  readonly data: ArrayLike<number>;
  /** Steps wanted, default 10. */
  readonly steps?: number;
  /** Where the search starts, default polynomial({ steps: 10 }); its steps are those of the coarsest level. */
  readonly start?: Schedule;
  /** Passes over all points of the coarsest level at most, default 2, or 20 with a judge. */
  readonly sweeps?: number;
  /**
   * Says after every pass how good times are, lower is better: the error or the FID of samples. The search then keeps the
   * best, and stops once four passes have brought nothing: the first of them often make it worse.
   */
  readonly judge?: (schedule: Schedule) => number | Promise<number>;
  /** Places tried for a point in a pass, default 11. */
  readonly candidates?: number;
  /** Draws an interval, default 1024. */
  readonly samples?: number;
  /** c of the importance sampling, default the data's deviation. */
  readonly deviation?: number;
  /** Default 0. */
  readonly seed?: number;
  /** Rows sent through the model at once, default 64. */
  readonly batch?: number;
  /** Told after every point. */
  readonly progress?: (done: { level: number; sweep: number; point: number; evaluations: number }) => void;
  /** Checked before every model call. */
  readonly signal?: Abort;
}

/** What the search did with one number of steps. */
export interface AlignedLevel {
  readonly steps: number;
  /** [steps + 1] falling. */
  readonly times: Float64Array;
  /** The bound, in nats, where the level began and where it ended. */
  readonly before: number;
  readonly after: number;
  /** What the judge said of the start and after every pass; empty without a judge. */
  readonly judged: readonly number[];
  /** Passes made. */
  readonly sweeps: number;
}

/** Times, the bound in nats on the finest level, and every level that was searched. */
export interface AlignedSteps extends FoundTimes {
  readonly levels: readonly AlignedLevel[];
}

/** Levels have n, 2 n and 4 n steps; counts beyond are interpolated. */
const DOUBLINGS = 2;

/**
 * Align Your Steps: times that make the KL divergence between the reverse SDE and its few-step version small, by a bound
 * that a denoiser and clean samples give (frozen-divergence.ts). Coordinate search over the points in log rho, with the
 * same draws for all that is compared; then between every two points one more, half way in log rho, and only those are
 * searched, to twice and four times the steps. The steps wanted are those of the first level that has as many, by
 * `logLinear`. Made for stochastic solvers, DPM++ 2M SDE first of all, and good for others.
 *
 * The search is to be stopped early: its bound is loose, and minimised to the end it is a worse schedule. For data that
 * are one Gaussian of deviation 0.5, on 8 steps from rho = 80 to 0.002, the true KL divergence of DDIM is 0.102 at the
 * start, 0.030 after one pass, 0.043 after two and 0.344 in the end; that of the SDE's own first-order solver 0.226,
 * 0.063, 0.056 and 0.316. With more steps the best pass comes later. So two are the default; with a `judge`, who looks at
 * samples, the best of many is kept. Published schedules are in published-schedules.ts, and the optimum of that Gaussian
 * is `gaussianOptimum`.
 *
 * Model calls: 34 a point and pass, of `samples` rows. Source: Sabour, Fidler and Kreis 2024 (2404.14507), algorithm 1; it
 * leaves open when to stop.
 *
 * @throws RangeError if an option is out of range, the noise is 0 at the end, or the model returns NaN
 */
export async function alignYourSteps(
  denoiser: Denoiser,
  options: AlignYourStepsOptions,
): Promise<AlignedSteps> {
  const { noise, data, steps = 10, judge, candidates = 11 } = options;
  const { sweeps = judge ? 20 : 2, deviation = deviationOf(data, denoiser.dimension) } = options;
  checkWhole({ steps, sweeps, candidates });
  const first = (options.start ?? polynomial({ steps: 10 })).resolve(noise);
  const ends = [first.at(-1)!, first[0]!] as const;
  if (noise.sigma(ends[0]) === 0) {
    throw new RangeError(
      `alignYourSteps: sigma is 0 at t = ${ends[0]}, where the bound is infinite; expected a start that ends above it`,
    );
  }
  const divergence = frozenDivergence(denoiser, { ...options, deviation });
  const asTimes = (points: Float64Array): Float64Array =>
    points
      .map((rho, i) => (i === 0 ? ends[0] : i === points.length - 1 ? ends[1] : noise.timeAt(-Math.log(rho))))
      .reverse();
  const levels: AlignedLevel[] = [];
  let points: Float64Array = first.map((t) => rhoAt(noise, t)).reverse();
  for (let level = 0; ; level++) {
    const search: LevelSearch = {
      cost: divergence.between,
      candidates,
      progress(sweep, point) {
        options.progress?.({ level, sweep, point, evaluations: divergence.counted().evaluations });
      },
    };
    const start = await costedPoints(points, divergence.between);
    const { best, ...passes } =
      level === 0
        ? await searchAll(start, {
            ...search,
            sweeps,
            ...(judge && { judge: (at) => judge(times({ times: asTimes(at) })) }),
          })
        : await searchNew(start, search);
    points = best.points;
    levels.push({
      steps: points.length - 1,
      times: asTimes(points),
      before: totalCost(start),
      after: totalCost(best),
      ...passes,
    });
    if (points.length > steps || level === DOUBLINGS) break;
    points = halved(points);
  }
  const { before, after } = levels.at(-1)!;
  const found = asTimes(logLinear(points, steps));
  return {
    schedule: { ...times({ times: found }), name: "align-your-steps" },
    times: found,
    objective: { before, after },
    levels,
    ...divergence.counted(),
  };
}

/** The root of the mean variance of the numbers of a row. */
function deviationOf(data: ArrayLike<number>, dimension: number): number {
  const rows = data.length / dimension;
  let total = 0;
  for (let d = 0; d < dimension; d++) {
    const own = Array.from({ length: rows }, (_, row) => data[row * dimension + d]!);
    const mean = own.reduce((sum, value) => sum + value, 0) / rows;
    total += own.reduce((sum, value) => sum + (value - mean) ** 2, 0) / rows;
  }
  return Math.sqrt(total / dimension);
}

function checkWhole(numbers: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(numbers)) {
    if (!Number.isInteger(value) || value < 1) {
      throw new RangeError(`alignYourSteps: ${name} = ${value}; expected a whole number >= 1`);
    }
  }
}
