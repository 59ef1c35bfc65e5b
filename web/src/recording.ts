import type { State } from "../../src/sample.ts";

/** Every state of one batch, as it is replayed. */
export interface Recording {
  /** Index of its first row in the run. */
  readonly firstRow: number;
  readonly rows: number;
  readonly length: number;
  /** N: there are N + 1 frames when it is whole. */
  readonly steps: number;
  /** Tokens after 0, 1, ... steps, [rows * length] each. */
  readonly frames: Uint16Array[];
  /** The step in which each token last changed, 0 where none has, as of the same frame. */
  readonly changedAt: Uint8Array[];
}

/** Adds a state to the recording of its batch, or begins a new one at the batch's first state. */
export function recorded(recordings: Recording[], state: State): Recording {
  const last = recordings.at(-1);
  const recording = state.index === 0 || !last ? begun(state) : last;
  if (recording !== last) recordings.push(recording);
  const tokens = new Uint16Array(state.tokens);
  const before = recording.frames.at(-1);
  const earlier = recording.changedAt.at(-1);
  const step = recording.frames.length;
  const changed = earlier ? earlier.slice() : new Uint8Array(tokens.length);
  if (before) {
    for (let at = 0; at < tokens.length; at++) if (tokens[at] !== before[at]) changed[at] = step;
  }
  recording.frames.push(tokens);
  recording.changedAt.push(changed);
  return recording;
}

function begun({ firstRow, batch, length, steps }: State): Recording {
  return { firstRow, rows: batch, length, steps, frames: [], changedAt: [] };
}

/** True once its last step is there. */
export function isWhole({ frames, steps }: Recording): boolean {
  return frames.length === steps + 1;
}

/** [rows, length] the finished sequences of all whole recordings. */
export function finished(recordings: readonly Recording[]): Int32Array {
  const whole = recordings.filter(isWhole);
  const tokens = new Int32Array(whole.reduce((sum, { rows, length }) => sum + rows * length, 0));
  let at = 0;
  for (const { frames } of whole) {
    tokens.set(frames.at(-1)!, at);
    at += frames.at(-1)!.length;
  }
  return tokens;
}

/** What a view needs to draw one row of a recording at some step. */
export interface Frame {
  /** [length] */
  readonly tokens: Uint16Array;
  /** [length] */
  readonly changedAt: Uint8Array;
  /** The step shown, 0 .. steps. */
  readonly step: number;
  readonly steps: number;
}

/** One row after `step` steps, or after as many as there are yet. */
export function frameOf({ frames, changedAt, length, steps }: Recording, row: number, step: number): Frame {
  const at = Math.min(step, frames.length - 1);
  const [from, to] = [row * length, (row + 1) * length];
  return {
    tokens: frames[at]!.subarray(from, to),
    changedAt: changedAt[at]!.subarray(from, to),
    step: at,
    steps,
  };
}
