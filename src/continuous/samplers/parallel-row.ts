/** How far one row is when its steps are solved in parallel, kept in the memory of the run between the steps. */
import { parallelRound, type RoundOptions, type Window } from "./parallel-round.ts";
import type { Step } from "./sampler.ts";
import type { RoundMade } from "./triangular-anderson.ts";

/** The states of a run of N steps, and what earlier rounds made of them. */
export interface ParallelRow {
  /** [N + 1, D] state e is that before step e; those after `done` are guesses. */
  readonly states: Float64Array;
  /** Steps that are done: the states up to this one are final. */
  readonly done: number;
  /** The last state that was given its first value. */
  readonly reached: number;
  /** [N] rounds that a step was part of. */
  readonly rounds: Float64Array;
  /** Earlier rounds, newest first, [N, D]: state e + 1 before the round, and the residual of step e. */
  readonly past: readonly RoundMade[];
}

/** A row of which only the state before step `at` is known. @param options.x [D] @param options.steps N */
export function startRow({ x, at, steps }: { x: Float64Array; at: number; steps: number }): ParallelRow {
  const states = new Float64Array((steps + 1) * x.length);
  states.set(x, at * x.length);
  return { states, done: at, reached: at, rounds: new Float64Array(steps), past: [] };
}

/**
 * The row with a first value for every state that comes within the window: that of the last one before it that has one. A
 * state that is done is never written again.
 */
export function entered(row: ParallelRow, window: number): ParallelRow {
  const steps = row.rounds.length;
  const dimension = row.states.length / (steps + 1);
  const last = Math.min(steps, row.done + window - 1);
  const source = Math.max(row.done, row.reached);
  if (last <= source) return row;
  const states = row.states.slice();
  for (let state = source + 1; state <= last; state++) {
    states.copyWithin(state * dimension, source * dimension, (source + 1) * dimension);
  }
  return { ...row, states, reached: last };
}

/**
 * The row after one round on the first of its steps that are not done, as many as there are coefficients.
 *
 * @param input.predicted [steps, D] eps @param input.normals [steps, D], not needed without fresh noise
 * @param options.memory rounds that are mixed, this one too
 */
export function advanced(
  row: ParallelRow,
  input: Pick<Window, "predicted" | "normals" | "coefficients">,
  { memory, ...options }: Omit<RoundOptions, "earlier" | "usable"> & { readonly memory: number },
): ParallelRow {
  if (input.coefficients.length === 0) return row;
  const dimension = input.predicted.length / input.coefficients.length;
  const [from, to] = [row.done, row.done + input.coefficients.length];
  const inHand = (array: Float64Array): Float64Array => array.subarray(from * dimension, to * dimension);
  const before = row.states.subarray(from * dimension, (to + 1) * dimension);
  const { states, residuals, solved } = parallelRound(
    { ...input, dimension, states: before },
    {
      ...options,
      earlier: row.past.map((round) => ({
        states: inHand(round.states),
        residuals: inHand(round.residuals),
      })),
      usable: row.rounds.subarray(from, to).map((count) => Math.min(count, memory - 1)),
    },
  );
  const whole = (array: Float64Array): Float64Array => {
    const placed = new Float64Array(row.rounds.length * dimension);
    placed.set(array, from * dimension);
    return placed;
  };
  const latest = { states: whole(before.subarray(dimension)), residuals: whole(residuals) };
  const moved = row.states.slice();
  moved.set(states, (from + 1) * dimension);
  return {
    ...row,
    states: moved,
    done: from + solved,
    rounds: row.rounds.map((count, e) => (e >= from && e < to ? count + 1 : count)),
    past: [latest, ...row.past].slice(0, memory - 1),
  };
}

/** The row of a run, if one was kept. */
export function recallRow(memory: Step["memory"], row: number): ParallelRow | undefined {
  const of = (name: string): Float64Array | undefined => memory[`row${row}.${name}`];
  const [states, rounds, progress] = [of("states"), of("rounds"), of("progress")];
  if (!states || !rounds || !progress) return undefined;
  const [done, reached, kept] = progress as unknown as [number, number, number];
  const past = Array.from({ length: kept }, (_, i) => ({
    states: of(`past${i}.states`)!,
    residuals: of(`past${i}.residuals`)!,
  }));
  return { states, rounds, done, reached, past };
}

/** Keeps a row for the steps to come. */
export function keepRow(memory: Step["memory"], row: number, kept: ParallelRow): void {
  const { states, rounds, done, reached, past } = kept;
  const arrays = { states, rounds, progress: Float64Array.of(done, reached, past.length) };
  for (const [name, array] of Object.entries(arrays)) memory[`row${row}.${name}`] = array;
  past.forEach((round, i) => {
    memory[`row${row}.past${i}.states`] = round.states;
    memory[`row${row}.past${i}.residuals`] = round.residuals;
  });
}
