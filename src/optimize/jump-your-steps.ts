import { type Abort, abortable } from "../denoisers/abortable.ts";
import type { Denoiser } from "../denoisers/denoiser.ts";
import { linear } from "../noise/linear.ts";
import type { Noise } from "../noise/noise.ts";
import { absorbing } from "../processes/absorbing.ts";
import type { Process } from "../processes/process.ts";
import { purposes } from "../random.ts";
import { dataUniforms, LAST_TIME, maskedAtCount, type NoisedData, noisedAtTime } from "./coupled-noise.ts";
import { type GoldenSection, goldenSection } from "./golden-section.ts";
import { klub, type ReverseRates, reverseRates } from "./klub.ts";

/** Settings of the published search; the defaults are those of the released code. */
export interface JumpYourStepsOptions {
  /** [n, length] clean sequences; 64 in the released code, 1,024 in the paper. */
  readonly data: Int32Array;
  /** Steps wanted: a power of 2. */
  readonly steps: number;
  /** "time": the grid of tau-leaping and Euler. "count": reveal counts, for k-Gillespie. Default "time". */
  readonly axis?: "time" | "count";
  /** Default absorbing. */
  readonly process?: Process;
  /** Default `linear({ eps: 1e-3 })`, as published; without a mask its rate must be finite at t = 1. */
  readonly noise?: Noise;
  /** [n, length] uniforms that noise the data at every time; default: from the seed. */
  readonly uniforms?: Float64Array;
  readonly seed?: number;
  /** Sequences run together; default 8. */
  readonly batch?: number;
  /** Sequences per batch of the objective's outer mean; default all. */
  readonly rows?: number;
  /** Intervals of the fine grid that times are snapped to; default 1024. */
  readonly fineSteps?: number;
  /** Checked before every model call. */
  readonly signal?: Abort;
  readonly progress?: (done: { searches: number; total: number; evaluations: number }) => void;
}

/** The schedule for one number of steps, and the searches that refined it. */
export interface JumpYourStepsLevel {
  readonly steps: number;
  /** [steps + 1] indexes into the fine grid, ascending from 0. */
  readonly indices: readonly number[];
  /** [steps + 1] their values: times from 1 to 1e-5, or reveal counts from 0 to D. */
  readonly values: readonly number[];
  /** The searches that made this level from the one before, left to right. */
  readonly searches: readonly GoldenSection[];
}

/** What the search found at every level, and what it took. */
export interface JumpYourSteps {
  /** 1, 2, 4, ... steps. */
  readonly levels: readonly JumpYourStepsLevel[];
  /** Sequences sent through the model. */
  readonly evaluations: number;
  /** What the published code sends: two model calls on all sequences for every point it evaluates. */
  readonly publishedEvaluations: number;
}

/** How far inside its interval a search stays, in time and in counts. */
const TIME_MARGIN = 1e-3;
const COUNT_MARGIN = 1 + 1e-3;

/**
 * Jump Your Steps, exactly as published: start from one step, split every interval [s, u] at the point that
 * maximises the KLUB K(s, t, u), found by golden section, snap to the fine grid, and so on to 2, 4, ... 2^K
 * steps. What does not change within a search (the rates at s, and on the count axis those of a count seen
 * before) is computed once; the schedule is the same.
 *
 * Without a mask x_s and x_t are coupled by the same uniforms too, maximally for uniform noise (`corrupt`).
 *
 * Source: Park, Lai, Hayakawa, Takida, Mitsufuji 2024 (ICLR 2025), arXiv 2410.07761,
 * section 4 and the released code's defaults.
 */
export async function jumpYourSteps(
  denoiser: Denoiser,
  options: JumpYourStepsOptions,
): Promise<JumpYourSteps> {
  const { length, vocabulary } = denoiser;
  const { data, steps, axis = "time", noise = linear({ eps: 1e-3 }), seed = 0, batch = 8 } = options;
  const halvings = Math.log2(steps);
  const sequences = data.length / length;
  const fineSteps = axis === "count" ? length : (options.fineSteps ?? 1024);
  if (!Number.isInteger(halvings) || steps > fineSteps / 2) {
    throw new RangeError(
      `jumpYourSteps: steps = ${steps}; expected a power of 2 up to ${fineSteps / 2}, because the method halves`,
    );
  }
  const process: Process = options.process ?? absorbing({ vocabulary });
  const { mask } = process;
  const uniforms = options.uniforms ?? dataUniforms(seed, sequences, length);
  const targets = mask === undefined ? { targets: dataUniforms(seed, sequences, length, purposes.jump) } : {};
  if (axis === "count" && mask === undefined) {
    throw new RangeError(
      `jumpYourSteps: axis = "count" counts revealed tokens and the process ${process.name} has no mask; use "time"`,
    );
  }
  const noised = (point: number): NoisedData =>
    axis === "time" || mask === undefined
      ? noisedAtTime(data, uniforms, { time: point, length, process, noise, ...targets })
      : maskedAtCount(data, uniforms, { count: Math.round(point), length, mask, noise });
  const rows = options.rows ?? sequences;
  const model = abortable(denoiser, options.signal);
  let evaluations = 0;
  const ratesOf = async (at: NoisedData): Promise<ReverseRates> => {
    const rates = await reverseRates(model, at, { process, noise, batch });
    evaluations += sequences;
    return rates;
  };

  const start = axis === "time" ? 1 : 0;
  const end = axis === "time" ? LAST_TIME : length;
  const value = (index: number): number => start + ((end - start) * index) / fineSteps;
  const levels: JumpYourStepsLevel[] = [
    { steps: 1, indices: [0, fineSteps], values: [start, end], searches: [] },
  ];
  let searched = 0;
  let published = 0;
  let indices = [0, fineSteps];
  for (let level = 1; level <= halvings; level++) {
    indices = spreadTwo(indices, fineSteps);
    const refined = [0];
    const searches: GoldenSection[] = [];
    for (let i = 0; i + 1 < indices.length; i++) {
      const [from, to] = [value(indices[i]!), value(indices[i + 1]!)];
      const coarse = await ratesOf(noised(from));
      const goal = noised(to).time;
      const known = new Map<number, number>();
      const objective = async (point: number): Promise<number> => {
        const key = axis === "count" ? Math.round(point) : point;
        const seen = known.get(key);
        if (seen !== undefined) return seen;
        const at = noised(key);
        const fine = await ratesOf(at);
        const span = at.time.map((t, row) => t - goal[row]!);
        const gain = -klub(coarse, fine, span, { rows, length });
        known.set(key, gain);
        return gain;
      };
      const search =
        axis === "time"
          ? await goldenSection(objective, [to + TIME_MARGIN, from - TIME_MARGIN], {
              tolerance: 0.25 / fineSteps,
            })
          : await goldenSection(objective, [from + COUNT_MARGIN, to - COUNT_MARGIN], { tolerance: 0.25 });
      searches.push(search);
      refined.push(nearestIndex(search.least, value, fineSteps), indices[i + 1]!);
      published += 2 * sequences * search.asked;
      options.progress?.({ searches: ++searched, total: steps - 1, evaluations });
    }
    indices = spreadOne(refined, fineSteps);
    levels.push({ steps: indices.length - 1, indices, values: indices.map(value), searches });
  }
  return { levels, evaluations, publishedEvaluations: published };
}

/** Pushes indexes apart to a distance of at least 2, so that every interval has an inside to search. */
function spreadTwo(indices: readonly number[], last: number): number[] {
  const spread = [...indices];
  for (let i = 1; i < spread.length; i++) {
    if (spread[i]! - spread[i - 1]! < 2) spread[i] = Math.min(spread[i - 1]! + 2, last);
  }
  for (let i = spread.length - 1; i > 0; i--) {
    if (spread[i]! - spread[i - 1]! < 2) spread[i - 1] = Math.max(spread[i]! - 2, 0);
  }
  return spread;
}

/** Pushes equal indexes apart by 1. */
function spreadOne(indices: readonly number[], last: number): number[] {
  const spread = [...indices];
  for (let i = 1; i < spread.length; i++) {
    if (spread[i]! - spread[i - 1]! < 1) spread[i] = Math.min(spread[i - 1]! + 1, last);
  }
  return spread;
}

function nearestIndex(point: number, value: (index: number) => number, last: number): number {
  let nearest = 0;
  for (let index = 1; index <= last; index++) {
    if (Math.abs(value(index) - point) < Math.abs(value(nearest) - point)) nearest = index;
  }
  return nearest;
}
