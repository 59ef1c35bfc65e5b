import { type Abort, throwIfAborted } from "../../denoisers/abortable.ts";
import type { Denoiser } from "../denoisers/denoiser.ts";
import { modelCalls } from "../model-calls.ts";
import type { Noise } from "../noise/noise.ts";
import { normals } from "../normals.ts";
import { sample } from "../sample.ts";
import type { Sampler } from "../samplers/sampler.ts";
import type { Schedule } from "../schedules/schedule.ts";
import type { Teacher } from "./teacher.ts";

/** Rows `first` to `first + count - 1` of the start points. */
export interface RowRange {
  readonly first: number;
  readonly count: number;
}

/** Measures solvers against one teacher, whose answers it keeps. */
export interface SolverErrors {
  /** [count] the mean square of each row's error; Infinity if it is none, everywhere if the run leaves all bounds. */
  of(solver: { sampler: Sampler; schedule: Schedule }, rows: RowRange): Promise<Float64Array>;
  /** [dimension] mean of the teacher's x0 over rows. */
  average(rows: RowRange): Promise<Float64Array>;
  /** Model calls and rows sent through the model so far, the teacher's included. */
  counted(): { calls: number; evaluations: number; teacherEvaluations: number };
}

/** A run whose x is this many times the start points' scale is given up. */
const BOUND = 1e6;
const diverged: unique symbol = Symbol("diverged");

/** @param options.from first time @param options.to last time, sigma > 0 @param options.seed of the start points */
export function solverErrors(
  denoiser: Denoiser,
  {
    noise,
    from,
    to,
    teacher,
    seed,
    signal,
  }: { noise: Noise; from: number; to: number; teacher: Teacher; seed: number; signal?: Abort | undefined },
): SolverErrors {
  const { dimension } = denoiser;
  const scale = noise.priorScale(from);
  const source = normals(seed);
  const model = modelCalls(denoiser, noise, { calls: 0, evaluations: 0 });
  let teacherEvaluations = 0;
  const watched: Denoiser = {
    dimension,
    predict({ x, time }) {
      throwIfAborted(signal);
      if (x.some((value) => !(Math.abs(value) <= BOUND * scale))) throw diverged;
      return model.predict({ x, time });
    },
  };
  const known = new Map<string, Promise<{ start: Float64Array; end: Float64Array }>>();

  const taught = ({ first, count }: RowRange): Promise<{ start: Float64Array; end: Float64Array }> => {
    const key = `${first}, ${count}`;
    const before = known.get(key);
    if (before) return before;
    const start = new Float64Array(count * dimension);
    for (let row = 0; row < count; row++) {
      const own = start.subarray(row * dimension, (row + 1) * dimension);
      source.fill(own, { row: first + row, index: "start", stage: 0 });
    }
    start.forEach((z, at) => {
      start[at] = scale * z;
    });
    const made = (async () => {
      const sent = model.counted().evaluations;
      const [end] = await teacher(watched, { noise, times: Float64Array.of(from, to), start });
      teacherEvaluations += model.counted().evaluations - sent;
      return { start, end: end! };
    })();
    known.set(key, made);
    return made;
  };

  return {
    async of(solver, rows) {
      const { start, end } = await taught(rows);
      const { count } = rows;
      try {
        const { x } = await sample(watched, { ...solver, noise, start, count, batch: count });
        return meanSquares(x, end, dimension);
      } catch (error) {
        if (error !== diverged) throw error;
        return new Float64Array(count).fill(Number.POSITIVE_INFINITY);
      }
    },
    async average(rows) {
      const { end } = await taught(rows);
      const mean = new Float64Array(dimension);
      end.forEach((value, at) => {
        mean[at % dimension]! += value / (noise.alpha(to) * rows.count);
      });
      return mean;
    },
    counted: () => ({ ...model.counted(), teacherEvaluations }),
  };
}

/** [rows] mean over coordinates of (x - y)^2. */
function meanSquares(x: Float64Array, y: Float64Array, dimension: number): Float64Array {
  const squares = new Float64Array(x.length / dimension);
  x.forEach((value, at) => {
    squares[Math.floor(at / dimension)]! += (value - y[at]!) ** 2 / dimension;
  });
  return squares.map((square) => (Number.isNaN(square) ? Number.POSITIVE_INFINITY : square));
}
