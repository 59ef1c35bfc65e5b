import { availableParallelism } from "node:os";
import { chooseTeam, type Pace } from "./choose-team.ts";
import type { SampleJob } from "./job.ts";
import { batchWithin, bytesPerRow, defaultMemory } from "./memory.ts";
import { type JobRows, type RangeCost, ranges } from "./sample-range.ts";
import { openTeam, relay, type Team } from "./team.ts";

/** How a job is spread over threads; never what it makes. */
export interface Layout {
  /** Sampling threads, each with a model of its own; 0: the calling thread samples. */
  readonly workers: number;
  /** Threads of one model call of each; absent: all cores. */
  readonly threads?: number;
  /** Rows made together. */
  readonly batch: number;
  /** What was measured to choose it. */
  readonly measured?: readonly Pace[];
}

/** A job for sampling threads, but for the model, and how to run it. */
export interface WorkerOptions extends Omit<SampleJob, "reference"> {
  /** Threads that sample, each with a model of its own; "auto" measures which number is fastest. Default 1. */
  readonly workers?: number | "auto";
  /** Threads of one model call; default all cores, shared out between the workers. */
  readonly threads?: number;
  /** Rows made together; default 8, or as many as `memory` allows. */
  readonly batch?: number;
  /** Bytes that models and batches may take; default half of what is free. Bounds the batch and "auto". */
  readonly memory?: number;
  readonly signal?: AbortSignal;
  /** Told of the layout once it is known. */
  readonly onLayout?: (layout: Layout) => void;
  /** Told how many rows are made, those under way in part. */
  readonly progress?: (rows: number) => void;
}

/**
 * Samples in worker threads: the calling thread's event loop stays free, which it is not in `sample` with a
 * network, since ONNX Runtime's calls block it. Yields finished rows in order; they are those of `sample`.
 *
 * Where no batch is given, the first row is made by itself: it warms the model up and shows what a row takes of
 * the memory. With "auto" one worker with all cores is then held against as many workers as cores with one thread
 * each, and a number in between; see {@link chooseTeam}. Too few rows are not worth that and have one worker.
 *
 * Each worker loads the model by itself and nothing is shared, so memory is workers x (model + batch). At most two
 * batches a worker wait to be read. Leaving the loop, or the signal, stops the workers before their next model call,
 * frees their models and ends their threads.
 *
 * @param reference as `loadModel` takes it
 * @throws the signal's reason; what `loadModel` and `sample` throw; one sentence if a thread died
 */
export async function* sampleInWorkers(
  reference: string,
  options: WorkerOptions,
): AsyncGenerator<JobRows, void, undefined> {
  const { workers, threads, batch, memory = defaultMemory(), signal, onLayout, progress, ...own } = options;
  const job: SampleJob = { ...own, reference };
  const { count = 1 } = job;
  const auto = workers === "auto";
  const size = auto ? 1 : (workers ?? 1);
  checkWhole({ count, workers: size, threads, batch, memory });
  signal?.throwIfAborted();
  const cores = availableParallelism();
  const teams = new Set<Team>();
  const open = async (workers: number): Promise<Team> => {
    const share = Math.max(1, Math.floor(cores / workers));
    const team = await openTeam(job, { workers, threads: threads ?? share });
    teams.add(team);
    signal?.throwIfAborted();
    return team;
  };
  const close = async (team: Team): Promise<void> => {
    teams.delete(team);
    await team.close();
  };
  const stop = (): void => {
    for (const team of teams) team.stop();
  };
  signal?.addEventListener("abort", stop);
  let made = 0;
  let told = 0;
  // What is made but not yet read may have been told of.
  const tell = (rows: number): void => {
    if (rows > told) progress?.(rows);
    told = Math.max(told, rows);
  };
  const finished = ({ cost: _, ...rows }: JobRows & { readonly cost: RangeCost }): JobRows => {
    signal?.throwIfAborted();
    made += rows.count;
    tell(made);
    return rows;
  };

  try {
    let team = await open(size);
    let rowsTogether = batch;
    let most = 0;
    if (count > 1 && (auto || batch === undefined)) {
      for await (const first of relay(team, ranges({ first: 0, end: 1, batch: 1 }))) {
        const row = bytesPerRow(first.cost);
        const model = Math.max(0, team.members[0]!.grown);
        rowsTogether ??= batchWithin(memory / size - model, row);
        most = Math.floor(memory / (model + rowsTogether * row));
        yield finished(first);
      }
    }
    const together = rowsTogether ?? 1;
    const left = ranges({ first: made, end: count, batch: together });
    let measured: readonly Pace[] = [];
    if (auto) {
      const tried = chooseTeam(team, {
        cores: Math.max(1, Math.floor(cores / (threads ?? 1))),
        batches: (count - made) / together,
        most,
        ranges: left,
        open,
        close,
      });
      for (;;) {
        const next = await tried.next();
        if (next.done) {
          ({ team, measured } = next.value);
          break;
        }
        yield finished(next.value);
      }
    }
    onLayout?.({
      workers: team.members.length,
      threads: team.threads,
      batch: together,
      ...(measured.length > 0 ? { measured } : {}),
    });
    const before = made;
    const under = (rows: number): void => tell(before + rows);
    for await (const rows of relay(team, left, under)) yield finished(rows);
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener("abort", stop);
    await Promise.all([...teams].map(close));
  }
}

function checkWhole(numbers: Readonly<Record<string, number | undefined>>): void {
  for (const [name, value] of Object.entries(numbers)) {
    if (value !== undefined && !(Number.isInteger(value) && value >= 1)) {
      throw new RangeError(`sampleInWorkers: ${name} = ${value}; expected a whole number >= 1`);
    }
  }
}
