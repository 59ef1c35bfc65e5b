import type { Corrector } from "./correctors/corrector.ts";
import { type Abort, throwIfAborted } from "./denoisers/abortable.ts";
import type { Denoiser } from "./denoisers/denoiser.ts";
import { checkShaping, type Shaping } from "./denoisers/predictions.ts";
import { freePositions, givenRows } from "./given.ts";
import { modelCalls } from "./model-calls.ts";
import { linear } from "./noise/linear.ts";
import type { Noise } from "./noise/noise.ts";
import { absorbing } from "./processes/absorbing.ts";
import type { Process } from "./processes/process.ts";
import { philox, purposes, type Randomness } from "./random.ts";
import { checkFrom, checkWhole, runBatches } from "./run-batches.ts";
import { ancestral } from "./samplers/ancestral.ts";
import type { Sampler, Step } from "./samplers/sampler.ts";
import type { Grid, Schedule } from "./schedules/schedule.ts";
import type { Selector } from "./selectors/selector.ts";
import { stratified } from "./selectors/stratified.ts";

/** What to sample with. Everything but the schedule has a default. */
export interface SampleOptions extends Omit<Shaping, "temperature"> {
  readonly schedule: Schedule;
  /** Default `absorbing`. */
  readonly process?: Process;
  /** Default `linear()`. */
  readonly noise?: Noise;
  /** Default `ancestral()`. */
  readonly sampler?: Sampler;
  /** Default `stratified()`; only processes with a mask use it. */
  readonly selector?: Selector;
  /** Runs after every step; default none. */
  readonly corrector?: Corrector;
  /** Divides the logits; 0 takes the most likely token. A function of t anneals. Default 1. */
  readonly temperature?: number | ((t: number) => number);
  /** Rows to make; default 1. */
  readonly count?: number;
  /** Rows run together, default 8: changes memory and speed, never the samples. All, if the sampler couples rows. */
  readonly batch?: number;
  /** Default 0. Same seed and row, same tokens. */
  readonly seed?: number;
  /** Index of the first row; default 0. Rows 8..15 are the same whether made alone or after rows 0..7. */
  readonly firstRow?: number;
  /**
   * Tokens that stay as given and are part of the evidence, -1 where the model fills in: [length] for all rows
   * alike, or [count, length] with as many free positions in every row.
   */
  readonly given?: ArrayLike<number>;
  /** Replaces the counter-based source; the seed is then not used. */
  readonly randomness?: Randomness;
  /** Checked before every step and every model call. */
  readonly signal?: Abort;
}

/** Everything a run is at one moment: plain data, so a run can be saved, resumed and forked. */
export interface State {
  /** Steps done, 0 .. steps. */
  readonly index: number;
  readonly steps: number;
  /** Time reached: 1 at the start, 0 at the end. */
  readonly t: number;
  /** [batch, length] */
  readonly tokens: Int32Array;
  readonly batch: number;
  readonly length: number;
  readonly firstRow: number;
  /** Model calls so far. */
  readonly calls: number;
  /** Sequences sent through the model so far: a call on a batch of 8 counts 8. */
  readonly evaluations: number;
  readonly memory: Readonly<Record<string, Float64Array>>;
}

/** Finished samples. */
export interface Samples {
  /** [count, length] */
  readonly tokens: Int32Array;
  readonly count: number;
  readonly length: number;
  /** Model calls one row needed: the most that any batch made. */
  readonly calls: number;
  /** Sequences sent through the model in all. */
  readonly evaluations: number;
}

/** What {@link steps} resolved the options to. */
interface Run extends Required<Omit<SampleOptions, "given" | "signal" | "randomness" | "corrector">> {
  readonly corrector: Corrector | undefined;
  readonly denoiser: Denoiser;
  readonly given: Int32Array;
  readonly free: number;
  readonly randomness: Randomness;
  readonly signal: SampleOptions["signal"];
}

/**
 * The one sampling loop: yields the state before the first step and after every step of one batch of `count`
 * rows. Leaving the loop cancels the run.
 *
 * @param options.from a state this generator yielded, with the same options: the run goes on from there
 */
export async function* steps(
  denoiser: Denoiser,
  options: SampleOptions & { readonly from?: State },
): AsyncGenerator<State, void, undefined> {
  const run = resolve(denoiser, options);
  const { process, noise, sampler, selector, corrector, count: batch, firstRow } = run;
  const { length } = denoiser;
  const grid: Grid = run.schedule.resolve(noise, run.free);
  const total = grid.times.length - 1;
  const fixed = new Uint8Array(batch * length);
  for (let at = 0; at < fixed.length; at++) fixed[at] = run.given[at]! >= 0 ? 1 : 0;

  if (options.from) checkFrom(options.from, { steps: total, batch, length, firstRow });
  let state = options.from ?? start(run);
  const model = modelCalls({
    denoiser,
    batch,
    firstRow,
    fixed,
    calls: state.calls,
    evaluations: state.evaluations,
  });
  try {
    yield state;
    while (state.index < total) {
      throwIfAborted(run.signal);
      const index = state.index;
      const s = grid.times[index + 1]!;
      const memory = { ...state.memory };
      const left = new Int32Array(batch).fill(run.free - grid.counts[index + 1]!);
      const stepFrom = (tokens: Int32Array, t: number): Step => ({
        t,
        s,
        batch,
        length,
        tokens,
        next: tokens.slice(),
        fixed,
        left,
        process,
        noise,
        selector,
        memory,
        predict: (input = {}) => {
          throwIfAborted(run.signal);
          const temperature = typeof run.temperature === "number" ? run.temperature : run.temperature(t);
          return model.predict({ tokens, time: t, ...input }, { temperature, topP: run.topP });
        },
        draw: (row, purpose, stage) => run.randomness.at(firstRow + row, index, purpose, stage),
      });
      const step = stepFrom(state.tokens, grid.times[index]!);
      await sampler.stepInto(step);
      let tokens = step.next;
      if (corrector && s > 0) {
        const correction = stepFrom(tokens, s);
        await corrector.correctInto(correction);
        tokens = correction.next;
      }
      state = { ...state, index: index + 1, t: s, tokens, memory, ...model.counted() };
      yield state;
    }
  } finally {
    model.release();
  }
}

/**
 * Draws `count` sequences in batches.
 *
 * @param options.progress called after every step of every batch
 * @throws RangeError if an option is out of range, the parts do not fit together, or the model returns NaN
 */
export async function sample(
  denoiser: Denoiser,
  options: SampleOptions & { readonly progress?: (done: { rows: number; state: State }) => void },
): Promise<Samples> {
  const { count = 1, firstRow = 0, sampler } = options;
  const batch = sampler?.coupled ? count : (options.batch ?? 8);
  const length = denoiser.length;
  checkWhole("count", count, 1);
  checkWhole("batch", batch, 1);
  const tokens = new Int32Array(count * length);
  const given = options.given && givenRows(options.given, denoiser, count);
  if (given) freePositions(given, length);
  const counted = await runBatches<State>({
    ...{ count, batch, firstRow, progress: options.progress },
    run({ row, ...size }) {
      const own = given && { given: given.subarray(row * length, (row + size.count) * length) };
      return steps(denoiser, { ...options, ...own, ...size });
    },
    finished: (last, row) => tokens.set(last.tokens, row * length),
  });
  return { tokens, count, length, ...counted };
}

function resolve(denoiser: Denoiser, options: SampleOptions): Run {
  const { vocabulary, length } = denoiser;
  const process = options.process ?? absorbing({ vocabulary });
  const sampler = options.sampler ?? ancestral();
  const { count = 1, batch = 8, seed = 0, firstRow = 0, temperature = 1, topP = 1 } = options;
  checkWhole("count", count, 1);
  checkWhole("firstRow", firstRow, 0);
  checkShaping({ topP, temperature: typeof temperature === "number" ? temperature : temperature(1) });
  if (process.vocabulary !== vocabulary) {
    throw new RangeError(
      `sample: the process has ${process.vocabulary} clean tokens, the model ${vocabulary}; they must agree`,
    );
  }
  const refusal = sampler.refuses(process) ?? options.corrector?.refuses(process);
  if (options.selector && (process.mask === undefined || !sampler.selects)) {
    throw new RangeError(
      `sample: the selector ${options.selector.name} was set, but ${process.mask === undefined ? `the process ${process.name} has no mask to select from` : `the sampler ${sampler.name} decides itself which positions change`}; leave the selector out`,
    );
  }
  if (refusal) throw new RangeError(`sample: ${refusal}`);
  const given = givenRows(options.given ?? new Int32Array(length).fill(-1), denoiser, count);
  const free = freePositions(given, length);
  return {
    denoiser,
    schedule: options.schedule,
    process,
    noise: options.noise ?? linear(),
    sampler,
    selector: options.selector ?? stratified(),
    corrector: options.corrector,
    count,
    batch,
    seed,
    firstRow,
    temperature,
    topP,
    given,
    free,
    randomness: options.randomness ?? philox(seed),
    signal: options.signal,
  };
}

/** The state before the first step: given tokens in place, the rest drawn from the process's prior. */
function start({ denoiser, process, schedule, count, firstRow, given, randomness }: Run): State {
  const { length } = denoiser;
  const prior = new Float64Array(process.states);
  process.priorInto(prior);
  const tokens = new Int32Array(count * length);
  for (let row = 0; row < count; row++) {
    const draw = randomness.at(firstRow + row, 0, purposes.corrupt);
    for (let position = 0; position < length; position++) {
      const token = given[row * length + position]!;
      tokens[row * length + position] =
        token >= 0 ? token : (process.mask ?? draw.categorical(prior, process.states, position));
    }
  }
  return {
    index: 0,
    steps: schedule.steps,
    t: 1,
    tokens,
    batch: count,
    length,
    firstRow,
    calls: 0,
    evaluations: 0,
    memory: {},
  };
}
