import type { Job, RemoteModel } from "../../src/web/index.ts";
import { finished, isWhole, type Recording, recorded } from "./recording.ts";
import { type SideName, sides } from "./settings.ts";

/** All samples of one side under one choice of settings. */
export interface Drawn {
  readonly job: Omit<Job, "count" | "firstRow">;
  readonly recordings: Recording[];
}

/** Rows that are finished. */
export function rowsOf({ recordings }: Drawn): number {
  return recordings.filter(isWhole).reduce((sum, { rows }) => sum + rows, 0);
}

/** [rows, length] their tokens. */
export function tokensOf({ recordings }: Drawn): Int32Array {
  return finished(recordings);
}

/**
 * Draws on both sides until each has so many rows, a step of one and a step of the other, so that they keep pace.
 *
 * @param options.onState told after each step of each side
 */
export async function drawMore(
  model: RemoteModel,
  drawn: Readonly<Record<SideName, Drawn>>,
  { rows, onState, signal }: { rows: number; onState: (side: SideName) => void; signal: AbortSignal },
): Promise<void> {
  const running = sides.flatMap((side) => {
    const { job, recordings } = drawn[side];
    const have = rowsOf(drawn[side]);
    // What an aborted run left half done.
    while (recordings.length > 0 && !isWhole(recordings.at(-1)!)) recordings.pop();
    if (have >= rows) return [];
    return [
      { side, recordings, states: model.sample({ ...job, firstRow: have, count: rows - have }, { signal }) },
    ];
  });
  let left = running;
  while (left.length > 0) {
    const steps = await Promise.all(
      left.map(async (run) => {
        const { value, done } = await run.states.next();
        signal.throwIfAborted();
        if (done) return [];
        recorded(run.recordings, value);
        onState(run.side);
        return [run];
      }),
    );
    left = steps.flat();
  }
}
