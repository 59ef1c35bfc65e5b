import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { rm } from "node:fs/promises";
import { flush, newJournalFile, openJournalFile, writeAt } from "./journal-bytes.ts";
import { beginsWith, headLine, type JournalHead } from "./journal-head.ts";
import { recordOf, recordsOf } from "./journal-records.ts";
import type { JobRows } from "./sample-range.ts";

/** Finished rows of a job on the disk, in order from the first, so that what is missing is always the end. */
export interface SampleJournal {
  readonly path: string;
  /** Rows that were there when it was opened. */
  readonly resumed: number;
  /** Rows that are there. */
  rows(): number;
  /** Most calls of a row, and sequences sent through the model, of all rows that are there. */
  totals(): { calls: number; evaluations: number };
  /** Writes the rows that come next. The disk is told to keep them, but not waited for. */
  append(rows: JobRows): Promise<void>;
  /** Reads the rows back and checks them once more. */
  read(): AsyncGenerator<JobRows, void, undefined>;
  /** Closes it; the file stays if there are rows in it. */
  close(): Promise<void>;
  /** Removes the file: the rows are elsewhere. */
  discard(): Promise<void>;
}

/**
 * Opens the journal of a job, or starts it: a line of JSON, the head, and a record for each batch. What follows the
 * last good record is cut off: one that was being written when the process was killed, or whose bytes changed.
 *
 * @param head what the job's samples depend on
 * @param options.length of a row @param options.firstRow of the job @param options.restart forgets what is there
 * @throws Error in one sentence if it cannot be read or written, is no journal, or is that of another job
 */
export async function openSampleJournal(
  path: string,
  head: JournalHead,
  { length, firstRow, restart = false }: { length: number; firstRow: number; restart?: boolean },
): Promise<SampleJournal> {
  if (restart) await rm(path, { force: true });
  const line = headLine(head);
  const seal = createHash("sha256").update(line).digest();
  const file = (await openJournalFile(path, "r+")) ?? (await newJournalFile(path));
  const records = () => recordsOf(file, { at: line.length, seal, length, firstRow });
  let end = line.length;
  let rows = 0;
  let calls = 0;
  let evaluations = 0;
  const count = (added: JobRows): void => {
    rows += added.count;
    calls = Math.max(calls, added.calls);
    evaluations += added.evaluations;
  };
  try {
    if (await beginsWith(file, line)) {
      for await (const record of records()) {
        count(record.rows);
        end = record.end;
      }
    } else {
      await writeAt(file, line, 0);
    }
    await file.handle.truncate(end);
  } catch (cause) {
    await file.handle.close();
    throw cause;
  }
  const resumed = rows;
  let flushing: Promise<void> | undefined;
  let problem: unknown;
  // One without rows is of no use to anyone.
  const leave = (): void => {
    if (rows === 0) rmSync(path, { force: true });
  };
  process.once("exit", leave);
  const close = async (): Promise<void> => {
    await flushing;
    await file.handle.close();
    process.removeListener("exit", leave);
  };

  return {
    path,
    resumed,
    rows: () => rows,
    totals: () => ({ calls, evaluations }),
    async append(added) {
      if (problem) throw problem;
      const record = recordOf(added, seal);
      await writeAt(file, record, end);
      end += record.length;
      count(added);
      flushing ??= flush(file)
        .catch((cause: unknown) => {
          problem = cause;
        })
        .finally(() => {
          flushing = undefined;
        });
    },
    async *read() {
      let seen = 0;
      for await (const record of records()) {
        yield record.rows;
        seen += record.rows.count;
      }
      if (seen !== rows) {
        throw new Error(
          `sample: ${path} held ${rows} sequences and only ${seen} can be read again; another program changed it, so run the command again`,
        );
      }
    },
    async close() {
      await close();
      leave();
    },
    async discard() {
      await close();
      await rm(path, { force: true });
    },
  };
}
