import type { Job, MeasuredValue, RemoteModel } from "../../src/web/index.ts";
import { type Drawn, drawMore, rowsOf, tokensOf } from "./run.ts";
import { type SideName, sides } from "./settings.ts";

type Jobs = Readonly<Record<SideName, Drawn["job"]>>;

/** What is drawn on both sides, and what it scores. */
export interface Sampling {
  /** Draws on both sides until each has `rows` rows; a side whose job is as before keeps what it has. */
  draw(model: RemoteModel, jobs: Jobs, rows: number): Promise<void>;
  drawn(side: SideName): Drawn | undefined;
  /** Stops and forgets everything, as when another model is chosen. */
  clear(): void;
}

/**
 * @param options.onBegin told which sides begin anew, before their first state
 * @param options.onState told after every step of a side
 * @param options.onValues told the measures of both sides' samples so far
 */
export function sampling({
  onBegin,
  onState,
  onValues,
}: {
  onBegin: (fresh: readonly SideName[]) => void;
  onState: () => void;
  onValues: (values: Partial<Record<SideName, readonly MeasuredValue[]>>) => void;
}): Sampling {
  const drawn: Partial<Record<SideName, Drawn>> = {};
  const values: Partial<Record<SideName, readonly MeasuredValue[]>> = {};
  let running: AbortController | undefined;

  /** Measures what has more rows than when it was last measured, one side after the other. */
  function measurer(model: RemoteModel, signal: AbortSignal): () => Promise<void> {
    const measured: Partial<Record<SideName, number>> = {};
    let last: Promise<void> = Promise.resolve();
    let waiting = false;
    const measure = async (): Promise<void> => {
      waiting = false;
      for (const side of sides) {
        const own = drawn[side];
        const rows = own ? rowsOf(own) : 0;
        if (!own || signal.aborted || rows < 2 || measured[side] === rows) continue;
        measured[side] = rows;
        const scores = await model.measure(tokensOf(own));
        if (signal.aborted) return;
        values[side] = scores;
      }
      if (!signal.aborted) onValues({ ...values });
    };
    return () => {
      if (!waiting) last = last.then(measure);
      waiting = true;
      return last;
    };
  }

  return {
    async draw(model, jobs, rows) {
      running?.abort();
      running = new AbortController();
      const { signal } = running;
      const fresh = sides.filter((side) => !same(drawn[side]?.job, jobs[side]));
      for (const side of fresh) {
        drawn[side] = { job: jobs[side], recordings: [] };
        values[side] = [];
      }
      onBegin(fresh);
      const measure = measurer(model, signal);
      let whole = 0;
      const both = drawn as Record<SideName, Drawn>;
      await drawMore(model, both, {
        rows,
        signal,
        onState: () => {
          onState();
          const rowsThere = Math.min(rowsOf(both.left), rowsOf(both.right));
          if (rowsThere > whole) void measure().catch(() => {});
          whole = rowsThere;
        },
      });
      await measure();
    },
    drawn: (side) => drawn[side],
    clear() {
      running?.abort();
      for (const side of sides) {
        delete drawn[side];
        delete values[side];
      }
    },
  };
}

function same(a: Omit<Job, "count" | "firstRow"> | undefined, b: Drawn["job"]): boolean {
  return a !== undefined && JSON.stringify(a) === JSON.stringify(b);
}
