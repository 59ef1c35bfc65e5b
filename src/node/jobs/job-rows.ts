import { availableParallelism } from "node:os";
import type { Model } from "../../model/model.ts";
import { jobOptions, type SampleJob } from "./job.ts";
import { batchWithin, bytesPerRow, defaultMemory, measuresFirst, USUAL_BATCH } from "./memory.ts";
import { sampleInWorkers, type WorkerOptions } from "./sample-in-workers.ts";
import { givenOf, type JobRows, ranges, sampleRange } from "./sample-range.ts";

/** How a job is run; none of it changes what it makes. */
export type JobSettings = Pick<
  WorkerOptions,
  "workers" | "threads" | "batch" | "memory" | "signal" | "onLayout" | "progress"
> & {
  /** Frees the model of this thread, once others sample. */
  readonly release?: () => Promise<void>;
};

/** Seconds of sampling after which it is asked what is left. */
const LOOK = 1;
/** Seconds that must be left for other threads, which load the model again, to take over. */
const PAYS = 15;

/**
 * The rows of a job in order, made in this thread or in others. With "auto", the default, this thread begins; once a
 * second of sampling shows that there is work for a while, and there is more than one core to share it, others go on,
 * see {@link sampleInWorkers}.
 *
 * @param model the job's, loaded in this thread
 */
export async function* jobRows(
  model: Model,
  job: SampleJob,
  settings: JobSettings,
): AsyncGenerator<JobRows, void, undefined> {
  const { release, workers = "auto", ...shared } = settings;
  const { threads, memory = defaultMemory(), signal, onLayout, progress } = settings;
  const { count = 1, firstRow = 0 } = job;
  const inWorkers = async function* (done: number) {
    await release?.();
    const { reference, ...rest } = remaining(job, done, model.denoiser);
    const tell = progress && { progress: (rows: number) => progress(done + rows) };
    yield* sampleInWorkers(reference, { ...rest, ...shared, memory, workers, ...tell });
  };
  if (workers !== "auto") return yield* inWorkers(0);

  const options = { ...jobOptions(model, job), firstRow, ...(signal ? { signal } : {}) };
  const { denoiser } = model;
  let made = 0;
  const here = async (range: { first: number; count: number }) => {
    const given = givenOf(job, denoiser, range);
    const rows = await sampleRange(
      denoiser,
      {
        ...options,
        ...(given ? { given } : {}),
        progress: (share) => progress?.(made + share * range.count),
      },
      range,
    );
    made += range.count;
    return rows;
  };
  let { batch } = settings;
  if (batch === undefined && measuresFirst(memory, { rows: count, ...denoiser })) {
    const { cost, ...first } = await here({ first: 0, count: 1 });
    batch = batchWithin(memory, bytesPerRow(cost));
    yield first;
  }
  batch ??= Math.min(USUAL_BATCH, count);
  onLayout?.({ workers: 0, ...(threads === undefined ? {} : { threads }), batch });
  let seconds = 0;
  const before = made;
  for (const range of ranges({ first: made, end: count, batch })) {
    const { cost, ...rows } = await here(range);
    yield rows;
    seconds += cost.seconds;
    const left = (seconds * (count - made)) / (made - before);
    if (seconds > LOOK && left > PAYS && availableParallelism() > 1) return yield* inWorkers(made);
  }
}

/** What is left of a job after so many rows. */
export function remaining(job: SampleJob, done: number, { length }: { length: number }): SampleJob {
  const { count = 1, firstRow = 0 } = job;
  const given = givenOf(job, { length }, { first: done, count: count - done });
  return { ...job, firstRow: firstRow + done, count: count - done, ...(given ? { given } : {}) };
}
