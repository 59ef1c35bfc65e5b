import { checkEta, ddimCoefficients } from "./ddim.ts";
import { advanced, entered, keepRow, type ParallelRow, recallRow, startRow } from "./parallel-row.ts";
import type { Sampler, Step } from "./sampler.ts";

/** How steps are solved in parallel. */
export interface ParataaOptions {
  /** Of the steps of DDIM that are solved, in [0, 1]; default 0. */
  readonly eta?: number;
  /** Steps in hand at once, >= 1: the predictions of a row in one model call. Default all that are left. */
  readonly window?: number;
  /** Steps that one equation spans, >= 1, default all of the window. */
  readonly order?: number;
  /** Rounds that Anderson acceleration mixes, this one too, >= 1, default 2; 1 is the plain fixed-point iteration. */
  readonly memory?: number;
  /** Regularises the mixture, above 0, default 0.001. */
  readonly lambda?: number;
  /** A step is done when the root mean square of its residual is at most tolerance1, default 0.001, ... */
  readonly tolerance1?: number;
  /** ... or at most tolerance2 times the deviation of its posterior, default 0.001. */
  readonly tolerance2?: number;
}

const defaults: Required<ParataaOptions> = {
  eta: 0,
  window: Number.POSITIVE_INFINITY,
  order: Number.POSITIVE_INFINITY,
  memory: 2,
  lambda: 1e-3,
  tolerance1: 1e-3,
  tolerance2: 1e-3,
};

/**
 * ParaTAA: makes many steps of DDIM at once. Rounds of one model call each, over all rows and their windows of upcoming
 * times, solve the system that the steps form (`parallelRound`), for the noise that `ddim({ eta })` would draw. The state
 * at s is handed out when it is done; a step whose state was done before makes no call. So `calls` are the rounds, one
 * after the other, and `evaluations` the work.
 *
 * A round finishes at least one step of every row: at most one call a step, and never more than `ddim` makes. The states
 * are those of `ddim` to about the tolerance, which is of one step: what the later steps make of a small difference comes
 * on top. With window 1 they are the same bit for bit. Rows have their own windows and are done for themselves; the calls
 * are shared.
 *
 * Source: Tang, Tang, Luo, Wang and Chang 2024 (2402.09970). States enter a window as copies of the one before them, as in the
 * published code, which also overwrites a state so that is done already (where all of a window is, or with window 1);
 * that is not done here.
 */
export function parataa(options: ParataaOptions = {}): Sampler {
  const settings = { ...defaults, ...options };
  checkOptions(settings);
  return {
    name: ["parataa", ...Object.entries(options).map(([key, value]) => `${key}=${value}`)].join(":"),
    calls: 1,
    stochastic: settings.eta > 0,
    async stepInto(step) {
      const { batch, dimension, index, memory, next } = step;
      let rows = rowsOf(step);
      if (rows.some(({ done }) => done === index)) rows = await round(step, rows, settings);
      for (let row = 0; row < batch; row++) {
        const { states } = rows[row]!;
        next.set(states.subarray((index + 1) * dimension, (index + 2) * dimension), row * dimension);
        keepRow(memory, row, rows[row]!);
      }
    },
  };
}

/** The rows as they were left, or from x on: at the first step, and where something else has moved x since. */
function rowsOf({ batch, dimension, index, ahead, memory, x }: Step): ParallelRow[] {
  return Array.from({ length: batch }, (_, row) => {
    const own = x.subarray(row * dimension, (row + 1) * dimension);
    const kept = recallRow(memory, row);
    const same = kept && own.every((value, d) => value === kept.states[index * dimension + d]!);
    return same ? kept : startRow({ x: own, at: index, steps: index + ahead.length });
  });
}

/** One call for the windows of all rows that are not done yet, and the rows after it. */
async function round(
  step: Step,
  before: readonly ParallelRow[],
  { eta, window, ...options }: Required<ParataaOptions>,
): Promise<ParallelRow[]> {
  const { dimension, index, noise, t, ahead, predict } = step;
  const timeAt = (e: number): number => (e === index ? t : ahead[e - index - 1]!);
  const rows = before.map((row) => entered(row, window));
  const spans = rows.map(({ done }) => range(done, Math.min(index + ahead.length, done + window)));
  const eps = await predict({
    x: joined(spans.flatMap((span, row) => span.map((e) => part(rows[row]!.states, e, dimension)))),
    time: Float64Array.from(spans.flat(), timeAt),
  });
  const normalsAt = remembered((e) => step.normal({ index: e }));
  let read = 0;
  return rows.map((row, which) => {
    const span = spans[which]!;
    const predicted = eps.subarray(read * dimension, (read + span.length) * dimension);
    read += span.length;
    const coefficients = span.map((e) => ddimCoefficients({ noise, t: timeAt(e), s: timeAt(e + 1), eta }));
    const normals = eta > 0 ? { normals: joined(span.map((e) => part(normalsAt(e), which, dimension))) } : {};
    return advanced(row, { predicted, coefficients, ...normals }, options);
  });
}

/** from .. to - 1. */
function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

/** The `at`-th sample of an array. */
function part(array: Float64Array, at: number, dimension: number): Float64Array {
  return array.subarray(at * dimension, (at + 1) * dimension);
}

function joined(parts: readonly Float64Array[]): Float64Array {
  const whole = new Float64Array(parts.reduce((length, own) => length + own.length, 0));
  let at = 0;
  for (const own of parts) {
    whole.set(own, at);
    at += own.length;
  }
  return whole;
}

/** A function of a number that is worked out once for each. */
function remembered<Value>(make: (of: number) => Value): (of: number) => Value {
  const made = new Map<number, Value>();
  return (of) => {
    const value = made.get(of) ?? make(of);
    made.set(of, value);
    return value;
  };
}

/** @throws RangeError unless the numbers are in their ranges */
function checkOptions({
  eta,
  window,
  order,
  memory,
  lambda,
  tolerance1,
  tolerance2,
}: Required<ParataaOptions>): void {
  checkEta("parataa", eta);
  for (const [name, value] of Object.entries({ window, order, memory })) {
    const whole = Number.isInteger(value) || (value === Number.POSITIVE_INFINITY && name !== "memory");
    if (!(whole && value >= 1)) {
      throw new RangeError(`parataa: ${name} = ${value}; expected a whole number >= 1`);
    }
  }
  if (!(lambda > 0 && tolerance1 >= 0 && tolerance2 >= 0)) {
    throw new RangeError(
      `parataa: lambda = ${lambda}, tolerance1 = ${tolerance1}, tolerance2 = ${tolerance2}; expected lambda above 0 and tolerances of at least 0`,
    );
  }
}
