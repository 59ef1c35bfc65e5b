/** How often something is measured, and what counts. */
export interface Rounds<Result> {
  /** Each task is run once a round. */
  readonly rounds: number;
  /** A task that has run once is left out of further rounds when its runs have taken so many seconds. */
  readonly patience: number;
  /** The result with the least cost is kept. */
  readonly cost: (result: Result) => number;
  /** Told what runs next. */
  readonly onTask?: (name: string) => void;
}

/** The best result of a task, and of how many runs. */
export interface Best<Result> {
  readonly result: Result;
  readonly runs: number;
}

/**
 * Runs tasks in turn, one after the other and that several times, so that what else the machine does meets all of
 * them alike, and keeps the best of each.
 */
export async function interleaved<Result>(
  tasks: Readonly<Record<string, () => Promise<Result>>>,
  { rounds, patience, cost, onTask = () => {} }: Rounds<Result>,
): Promise<Record<string, Best<Result>>> {
  const best: Record<string, Best<Result>> = {};
  const seconds: Record<string, number> = {};
  for (let round = 0; round < rounds; round++) {
    for (const [name, task] of Object.entries(tasks)) {
      if ((seconds[name] ?? 0) > patience) continue;
      onTask(name);
      const started = performance.now();
      const result = await task();
      seconds[name] = (seconds[name] ?? 0) + (performance.now() - started) / 1000;
      const before = best[name];
      const better = !before || cost(result) < cost(before.result);
      best[name] = { result: better ? result : before.result, runs: (before?.runs ?? 0) + 1 };
    }
  }
  return best;
}
