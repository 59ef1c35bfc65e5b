/** What both sampling loops share, whatever a row is made of: batches, and what a saved state must agree with. */

/** What one run of either half counts. */
interface Counted {
  readonly calls: number;
  readonly evaluations: number;
}

/** Rows of one batch: the first of all rows is 0; `firstRow` counts from the first row of the seed. */
export interface Batch {
  readonly row: number;
  readonly count: number;
  readonly firstRow: number;
}

/**
 * Runs rows batch after batch and adds up what they cost.
 *
 * @param options.run yields the states of one batch @param options.progress called after every step of every batch
 * @param options.finished takes the last state of a batch
 * @returns the most calls that any batch made, and the evaluations of all
 */
export async function runBatches<State extends Counted>({
  count,
  batch,
  firstRow,
  run,
  finished,
  progress,
}: {
  readonly count: number;
  readonly batch: number;
  readonly firstRow: number;
  run(batch: Batch): AsyncIterable<State>;
  finished(last: State, row: number): void;
  readonly progress?: ((done: { rows: number; state: State }) => void) | undefined;
}): Promise<{ calls: number; evaluations: number }> {
  let calls = 0;
  let evaluations = 0;
  for (let row = 0; row < count; row += batch) {
    let last: State | undefined;
    for await (const state of run({ row, count: Math.min(batch, count - row), firstRow: firstRow + row })) {
      last = state;
      progress?.({ rows: row, state });
    }
    finished(last!, row);
    calls = Math.max(calls, last!.calls);
    evaluations += last!.evaluations;
  }
  return { calls, evaluations };
}

/** @throws RangeError unless a state to go on from is of a run of the same size */
export function checkFrom<Size extends Readonly<Record<string, number>>>(
  from: Readonly<Record<keyof Size, number>>,
  run: Size,
): void {
  for (const [name, expected] of Object.entries(run)) {
    if (from[name] !== expected) {
      throw new RangeError(
        `steps: from.${name} = ${from[name]}; expected ${expected}, so resume with the options the state was made with`,
      );
    }
  }
}

/** @throws RangeError unless an option of `sample` is a whole number of at least `least` */
export function checkWhole(name: string, value: number, least: number): void {
  if (!Number.isInteger(value) || value < least) {
    throw new RangeError(`sample: ${name} = ${value}; expected a whole number >= ${least}`);
  }
}
