import { type FileHandle, open } from "node:fs/promises";
import { fileProblem } from "../file-problem.ts";

/** A journal's file: reads and writes at given places, with sentences for what goes wrong. */
export interface JournalFile {
  readonly path: string;
  /** What it is to the system. */
  readonly handle: FileHandle;
}

/** Opens a journal that is there; undefined if there is none. @throws Error if it cannot be opened */
export async function openJournalFile(path: string, flags: "r" | "r+"): Promise<JournalFile | undefined> {
  try {
    return { path, handle: await open(path, flags) };
  } catch (cause) {
    if ((cause as { code?: unknown }).code === "ENOENT") return undefined;
    throw refuse(path, flags === "r" ? "read" : "write", cause);
  }
}

/** Makes an empty journal. @throws Error if it cannot be made */
export async function newJournalFile(path: string): Promise<JournalFile> {
  try {
    return { path, handle: await open(path, "wx+") };
  } catch (cause) {
    throw refuse(path, "write", cause);
  }
}

/** Fills `into` with the bytes from `at` on. @throws Error if there are fewer */
export async function readInto({ path, handle }: JournalFile, into: Buffer, at: number): Promise<void> {
  try {
    for (let done = 0; done < into.length; ) {
      const { bytesRead } = await handle.read(into, done, into.length - done, at + done);
      if (bytesRead === 0) throw new Error("it became shorter; let no other program change it");
      done += bytesRead;
    }
  } catch (cause) {
    throw refuse(path, "read", cause);
  }
}

/** Writes all of `data` from `at` on. @throws Error if the disk does not take it */
export async function writeAt({ path, handle }: JournalFile, data: Buffer, at: number): Promise<void> {
  try {
    for (let done = 0; done < data.length; ) {
      const { bytesWritten } = await handle.write(data, done, data.length - done, at + done);
      done += bytesWritten;
    }
  } catch (cause) {
    throw refuse(path, "write", cause);
  }
}

/** Has the disk keep what was written. @throws Error if it cannot */
export async function flush({ path, handle }: JournalFile): Promise<void> {
  try {
    await handle.datasync();
  } catch (cause) {
    throw refuse(path, "write", cause);
  }
}

function refuse(path: string, what: "read" | "write", cause: unknown): Error {
  return new Error(`sample: cannot ${what} ${path}: ${fileProblem(cause)}`, { cause });
}
