import { realpathSync } from "node:fs";
import type { Model } from "../../model/model.ts";
import type { TextCodec } from "../../model/text-codec.ts";
import { checkPlace } from "../write-file.ts";
import { type ReadSamples, type SamplesMeaning, samplesFormat, writeSamples } from "../write-samples.ts";
import { claimFile } from "./claim.ts";
import { jobOptions, loadJobModel, type SampleJob } from "./job.ts";
import { jobHead } from "./job-head.ts";
import { type JobSettings, jobRows, remaining } from "./job-rows.ts";
import type { JournalHead } from "./journal-head.ts";
import type { Layout } from "./sample-in-workers.ts";
import { openSampleJournal, type SampleJournal } from "./sample-journal.ts";
import type { JobRows } from "./sample-range.ts";

/** What a finished job tells of itself. */
export interface FinishedJob {
  readonly count: number;
  readonly length: number;
  /** Model calls of a row, at most, and sequences sent through the model. */
  readonly calls: number;
  readonly evaluations: number;
  /** Rows that an interrupted run had made. */
  readonly resumed: number;
  /** Absent where there was nothing left to make. */
  readonly layout?: Layout;
}

/** How a job is written. */
export interface FileSettings extends JobSettings {
  /** Forgets what an interrupted run had made. */
  readonly restart?: boolean;
  /** What the schedule was found with, if one was searched for; see `jobHead`. */
  readonly asked?: JournalHead | undefined;
  /** The text of a sample; default that of the model's characters or its tokenizer. */
  readonly text?: SamplesMeaning["text"];
  /** Further fields of a .json file, given the calls. */
  readonly extra?: (finished: Pick<FinishedJob, "calls">) => Readonly<Record<string, unknown>>;
  /** Told of the journal as soon as it is open. */
  readonly onJournal?: (journal: Pick<SampleJournal, "path" | "resumed" | "rows">) => void;
}

/** Where the rows of an unfinished file are kept: beside it, through a symbolic link. */
export function journalPath(path: string): string {
  return `${checkPlace(path)?.isFile() ? realpathSync(path) : path}.part`;
}

/**
 * Samples a job into a file, so that it can be killed at any moment and started again: every finished batch goes to
 * a journal beside the file, FILE.part. The same job on the same file goes on from what the journal holds and at the
 * end writes the whole file under its name and removes the journal. Never all samples are in memory, but for music
 * and pictures. A device or a pipe (/dev/stdout) has no journal.
 *
 * @param path its ending is the format, as for `writeSamples`
 * @throws Error in one sentence if another process is writing the file, or its journal is another job's
 */
export async function sampleToFile(
  path: string,
  job: SampleJob,
  settings: Omit<FileSettings, "release"> = {},
): Promise<FinishedJob> {
  const { threads } = settings;
  const model = await loadJobModel(job, { threads });
  let freed: Promise<void> | undefined;
  const release = () => (freed ??= model.dispose());
  try {
    return await writeJob(path, model, job, { ...settings, release });
  } finally {
    await release();
  }
}

/** {@link sampleToFile} with the job's model loaded. */
export async function writeJob(
  path: string,
  model: Model,
  job: SampleJob,
  settings: FileSettings,
): Promise<FinishedJob> {
  const { manifest, denoiser } = model;
  const { count = 1, firstRow = 0 } = job;
  const { length, vocabulary } = denoiser;
  const description = manifest?.tokens;
  samplesFormat(path, { description, count });
  jobOptions(model, job);
  const existing = checkPlace(path);
  let layout: Layout | undefined;
  const { onLayout, restart = false, asked, text, extra, onJournal, ...own } = settings;
  const shown = text ?? textOfRows(await model.text());
  const told: JobSettings = {
    ...own,
    onLayout: (chosen) => {
      layout = chosen;
      onLayout?.(chosen);
    },
  };
  const finish = async (
    blocks: ReadSamples["blocks"],
    totals: { calls: number; evaluations: number },
    { resumed = 0, ...file }: { resumed?: number; temporary?: string } = {},
  ): Promise<FinishedJob> => {
    const meaning = { description, vocabulary, text: shown };
    await writeSamples(
      path,
      { count, length, blocks },
      { ...meaning, ...file, extra: extra?.(totals) ?? {} },
    );
    return { count, length, ...totals, resumed, ...(layout ? { layout } : {}) };
  };

  if (existing && !existing.isFile()) {
    const made: JobRows[] = [];
    for await (const rows of jobRows(model, job, told)) made.push(rows);
    return finish(async function* () {
      for (const { tokens } of made) yield tokens;
    }, totalsOf(made));
  }
  const part = journalPath(path);
  const release = claimFile(part);
  try {
    const head = jobHead(model, job, { asked });
    const journal = await openSampleJournal(part, head, { length, firstRow, restart });
    try {
      onJournal?.(journal);
      const { resumed } = journal;
      if (resumed < count) {
        const progress = told.progress && { progress: (rows: number) => told.progress?.(resumed + rows) };
        const left = remaining(job, resumed, denoiser);
        for await (const rows of jobRows(model, left, { ...told, ...progress })) await journal.append(rows);
      }
      const blocks = async function* () {
        for await (const { tokens } of journal.read()) yield tokens;
      };
      const finished = await finish(blocks, journal.totals(), { resumed, temporary: `${part}.tmp` });
      await journal.discard();
      return finished;
    } catch (error) {
      await journal.close();
      settings.signal?.throwIfAborted();
      throw kept(error, journal, count);
    }
  } finally {
    release();
  }
}

/** What the journal of an unfinished job holds, as the end of a sentence; undefined if it is nothing. */
export function keptText(
  { path, rows }: Pick<SampleJournal, "path" | "rows">,
  count: number,
): string | undefined {
  if (rows() === 0) return undefined;
  return `${rows()} of ${count} sequences are kept in ${path}, and the same command goes on from there`;
}

/** The error, with what was kept in spite of it. */
function kept(error: unknown, journal: SampleJournal, count: number): unknown {
  const told = keptText(journal, count);
  if (!(error instanceof Error) || told === undefined) return error;
  return new Error(`${error.message}; ${told}`, { cause: error });
}

/** How `codec` writes a sample into a file; undefined for numbers, which files have anyway. */
export function textOfRows(codec: TextCodec): SamplesMeaning["text"] {
  return codec.units === "numbers" ? undefined : (row) => codec.decode(row);
}

/** What making rows took in all. */
export function totalsOf(made: readonly JobRows[]): { calls: number; evaluations: number } {
  return {
    calls: Math.max(...made.map(({ calls }) => calls)),
    evaluations: made.reduce((sum, { evaluations }) => sum + evaluations, 0),
  };
}
