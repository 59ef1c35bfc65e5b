import { setTimeout as wait } from "node:timers/promises";
import type { Patience } from "./hub.ts";

/** An error that the next try may not meet. */
export interface PassingError extends Error {
  readonly passing: true;
  /** Seconds that the server asks to wait. */
  readonly after?: number;
}

/** @param sentence what happened and what to do if it stays so */
export function passingError(
  sentence: string,
  { cause, after }: { cause?: unknown; after?: number } = {},
): PassingError {
  return Object.assign(new Error(sentence, { cause }), {
    passing: true as const,
    ...(after === undefined ? {} : { after }),
  });
}

/** Bytes after which a connection that broke was a good one. */
const GOOD_BYTES = 2 ** 20;

/** The longest wait that a server can ask for, in seconds. */
const MOST_SECONDS = 60;

/**
 * Tries again, after waits of delay 2^k, what failed for a reason that may pass. Failures are counted anew
 * whenever a mebibyte arrived since the last one, so that large files survive many breaks and a dead server does
 * not hold anyone.
 *
 * @param arrived bytes that have come so far
 * @throws what `attempt` throws: at once if it is not passing, else after `tries` failures; the signal's reason
 */
export async function patiently<Result>(
  attempt: () => Promise<Result>,
  {
    patience: { tries, delay },
    signal,
    arrived = () => 0,
  }: { patience: Patience; signal?: AbortSignal; arrived?: () => number },
): Promise<Result> {
  for (let failures = 0, before = arrived(); ; ) {
    try {
      return await attempt();
    } catch (error) {
      if (!isPassing(error)) throw error;
      if (arrived() - before >= GOOD_BYTES) failures = 0;
      before = arrived();
      failures++;
      if (failures >= tries) throw error;
      const asked = Math.min(error.after ?? 0, MOST_SECONDS) * 1000;
      const pause = Math.max(asked, delay * 2 ** (failures - 1));
      await wait(pause, undefined, signal ? { signal } : {}).catch(() => signal?.throwIfAborted());
    }
  }
}

function isPassing(error: unknown): error is PassingError {
  return error instanceof Error && "passing" in error;
}
