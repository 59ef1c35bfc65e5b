import { type Abort, throwIfAborted } from "../denoisers/abortable.ts";
import { checkFrom, checkWhole, runBatches } from "../run-batches.ts";
import type { Denoiser } from "./denoisers/denoiser.ts";
import { cleanFrom } from "./denoisers/prediction.ts";
import { modelCalls } from "./model-calls.ts";
import type { Noise } from "./noise/noise.ts";
import { type Normals, normals } from "./normals.ts";
import type { Prediction, Sampler } from "./samplers/sampler.ts";
import type { Schedule } from "./schedules/schedule.ts";

/** What to sample with. */
export interface SampleOptions {
  readonly noise: Noise;
  readonly schedule: Schedule;
  readonly sampler: Sampler;
  /** Rows to make; default 1. */
  readonly count?: number;
  /** Rows run together, default 64: changes memory and speed, never the samples. All, if the sampler couples rows. */
  readonly batch?: number;
  /** Default 0. Same seed and row, same sample. */
  readonly seed?: number;
  /** Index of the first row; default 0. Rows 8..15 are the same whether made alone or after rows 0..7. */
  readonly firstRow?: number;
  /** [count, dimension] where to start, at the schedule's first time; default normal with the noise's prior scale. */
  readonly start?: ArrayLike<number>;
  /** Ends with the predicted x0 at the last time, for one call more; default false. */
  readonly denoise?: boolean;
  /** Replaces the counter-based source; the seed is then not used. */
  readonly normals?: Normals;
  /** Checked before every step and every model call. */
  readonly signal?: Abort;
}

/** Everything a run is at one moment: plain data, so a run can be saved, resumed and forked. */
export interface State {
  /** Steps done, 0 .. steps. */
  readonly index: number;
  readonly steps: number;
  /** Time reached. */
  readonly t: number;
  /** [batch, dimension] */
  readonly x: Float64Array;
  readonly batch: number;
  readonly dimension: number;
  readonly firstRow: number;
  /** Model calls so far, one after the other. */
  readonly calls: number;
  /** Rows sent through the model so far: a call on a batch of 8 counts 8. */
  readonly evaluations: number;
  readonly memory: Readonly<Record<string, Float64Array>>;
}

/** Finished samples. */
export interface Samples {
  /** [count, dimension] */
  readonly x: Float64Array;
  readonly count: number;
  readonly dimension: number;
  /** Model calls one row needed: the most that any batch made. */
  readonly calls: number;
  /** Rows sent through the model in all. */
  readonly evaluations: number;
}

/**
 * The one sampling loop of continuous models: yields the state before the first step and after every step of one batch
 * of `count` rows. Leaving the loop cancels the run.
 *
 * @param options.from a state this generator yielded, with the same options: the run goes on from there
 * @throws RangeError if an option is out of range or the model returns NaN
 */
export async function* steps(
  denoiser: Denoiser,
  options: SampleOptions & { readonly from?: State },
): AsyncGenerator<State, void, undefined> {
  const { noise, sampler, schedule, denoise = false, count: batch = 1, firstRow = 0, signal } = options;
  checkWhole("count", batch, 1);
  checkWhole("firstRow", firstRow, 0);
  const { dimension } = denoiser;
  const times = schedule.resolve(noise);
  const total = times.length - 1 + (denoise ? 1 : 0);
  const source = options.normals ?? normals(options.seed ?? 0);
  const size = { batch, dimension, firstRow };
  if (options.from) checkFrom(options.from, { steps: total, ...size });
  let state: State = options.from ?? {
    index: 0,
    steps: total,
    t: times[0]!,
    x: startPoints(options, {
      ...size,
      scale: noise.priorScale(times[0]!) * (sampler.startScale ?? 1),
      source,
    }),
    ...size,
    calls: 0,
    evaluations: 0,
    memory: {},
  };
  const model = modelCalls(denoiser, noise, state);
  yield state;
  while (state.index < total) {
    throwIfAborted(signal);
    const { index, t, x } = state;
    const memory = { ...state.memory };
    const next = x.slice();
    const predict = (input: Prediction = {}): Promise<Float64Array> => {
      throwIfAborted(signal);
      return model.predict({ x, time: t, ...input });
    };
    const ahead = times.subarray(index + 1);
    if (ahead.length === 0) {
      next.set(cleanFrom(x, await predict(), { alpha: noise.alpha(t), sigma: noise.sigma(t) }));
    } else {
      await sampler.stepInto({
        t,
        s: ahead[0]!,
        index,
        ahead,
        batch,
        dimension,
        x,
        next,
        noise,
        memory,
        predict,
        normal: ({ stage = 0, index: of = index } = {}) => {
          const drawn = new Float64Array(batch * dimension);
          for (let row = 0; row < batch; row++) {
            const own = drawn.subarray(row * dimension, (row + 1) * dimension);
            source.fill(own, { row: firstRow + row, index: of, stage });
          }
          return drawn;
        },
      });
    }
    state = { ...state, index: index + 1, t: ahead[0] ?? 0, x: next, memory, ...model.counted() };
    yield state;
  }
}

/**
 * Draws `count` samples in batches.
 *
 * @param options.progress called after every step of every batch
 * @throws RangeError if an option is out of range or the model returns NaN
 */
export async function sample(
  denoiser: Denoiser,
  options: SampleOptions & { readonly progress?: (done: { rows: number; state: State }) => void },
): Promise<Samples> {
  const { count = 1, firstRow = 0, start, sampler } = options;
  const batch = sampler.coupled ? count : (options.batch ?? 64);
  const { dimension } = denoiser;
  checkWhole("count", count, 1);
  checkWhole("batch", batch, 1);
  if (start) checkStart(start, count, dimension);
  const x = new Float64Array(count * dimension);
  const counted = await runBatches<State>({
    ...{ count, batch, firstRow, progress: options.progress },
    run({ row, ...size }) {
      const own = start && {
        start: Array.prototype.slice.call(start, row * dimension, (row + size.count) * dimension) as number[],
      };
      return steps(denoiser, { ...options, ...own, ...size });
    },
    finished: (last, row) => x.set(last.x, row * dimension),
  });
  return { x, count, dimension, ...counted };
}

function startPoints(
  { start }: SampleOptions,
  {
    batch,
    dimension,
    firstRow,
    scale,
    source,
  }: { batch: number; dimension: number; firstRow: number; scale: number; source: Normals },
): Float64Array {
  if (start) {
    checkStart(start, batch, dimension);
    return Float64Array.from(start);
  }
  const x = new Float64Array(batch * dimension);
  for (let row = 0; row < batch; row++) {
    const own = x.subarray(row * dimension, (row + 1) * dimension);
    source.fill(own, { row: firstRow + row, index: "start", stage: 0 });
  }
  return x.map((z) => scale * z);
}

function checkStart(start: ArrayLike<number>, count: number, dimension: number): void {
  if (start.length !== count * dimension) {
    throw new RangeError(
      `sample: start has ${start.length} numbers; expected ${count} x ${dimension} = ${count * dimension}`,
    );
  }
  const wrong = Array.prototype.findIndex.call(start, (value: number) => !Number.isFinite(value));
  if (wrong >= 0) throw new RangeError(`sample: start[${wrong}] = ${start[wrong]}; expected finite numbers`);
}
