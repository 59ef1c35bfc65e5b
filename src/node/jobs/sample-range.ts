import type { Denoiser } from "../../denoisers/denoiser.ts";
import { type SampleOptions, sample } from "../../sample.ts";
import type { SampleJob } from "./job.ts";

/** Rows of a job, one after another. */
export interface Range {
  /** Counted from the job's first row. */
  readonly first: number;
  readonly count: number;
}

/** Finished rows of a job. */
export interface JobRows {
  /** Index of the first of them, as `sample` counts rows. */
  readonly firstRow: number;
  readonly count: number;
  readonly length: number;
  /** [count, length] */
  readonly tokens: Int32Array;
  /** Model calls of a row, and sequences sent through the model. */
  readonly calls: number;
  readonly evaluations: number;
}

/** What making rows took. */
export interface RangeCost {
  readonly seconds: number;
  /** Bytes the process grew by meanwhile. */
  readonly grown: number;
  /** Bytes of the logits of a row, in the call that asked for most. */
  readonly logits: number;
}

/** The ranges of `batch` rows, the last with what is left, that a job's rows from `first` on are. */
export function* ranges({
  first,
  end,
  batch,
}: {
  readonly first: number;
  readonly end: number;
  readonly batch: number;
}): Generator<Range, void, undefined> {
  for (let row = first; row < end; row += batch) yield { first: row, count: Math.min(batch, end - row) };
}

/** The given tokens of a range. */
export function givenOf(
  { given }: Pick<SampleJob, "given">,
  { length }: { length: number },
  { first, count }: Range,
): Int32Array | undefined {
  return given?.length === length ? given : given?.slice(first * length, (first + count) * length);
}

/**
 * Makes the rows of a range as one batch.
 *
 * @param options those of `jobOptions`, with `given` for these rows
 * @param options.firstRow the job's first row
 */
export async function sampleRange(
  denoiser: Denoiser,
  options: SampleOptions & { readonly progress?: (share: number) => void },
  { first, count }: Range,
): Promise<JobRows & { readonly cost: RangeCost }> {
  const { progress, firstRow: start = 0, ...sampling } = options;
  const started = performance.now();
  const before = process.memoryUsage.rss();
  let logits = 0;
  const watched: Denoiser = {
    ...denoiser,
    async predict(input) {
      const answer = await denoiser.predict(input);
      logits = Math.max(logits, answer.data.byteLength / input.batch);
      return answer;
    },
  };
  const firstRow = start + first;
  const { tokens, length, calls, evaluations } = await sample(watched, {
    ...sampling,
    count,
    batch: count,
    firstRow,
    progress: ({ state }) => progress?.(state.index / state.steps),
  });
  const seconds = (performance.now() - started) / 1000;
  const grown = process.memoryUsage.rss() - before;
  return { firstRow, count, length, tokens, calls, evaluations, cost: { seconds, grown, logits } };
}
