import { randomBytes } from "node:crypto";
import {
  accessSync,
  closeSync,
  constants,
  fsync,
  mkdirSync,
  openSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  type Stats,
  statSync,
  writeFile,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { fileProblem } from "./file-problem.ts";

const writeAll = promisify(writeFile);
const flush = promisify(fsync);

/** Temporary files and folders that are being written. */
const unfinished = new Set<string>();

/**
 * Writes a file that is either complete or not there: the data go to a temporary name in the same folder, are
 * flushed to the disk, and are then renamed. A file that was there before stays until then. Devices and pipes
 * (/dev/stdout) are written directly.
 *
 * @param data the whole, or pieces of it that are made while it is written
 * @param options.temporary a name in the same folder that no other process uses, so that what a killed one left there
 * is written over; default a new name
 * @throws what makes the pieces throws, or Error with one sentence if the file cannot be written; the temporary
 * file is then gone
 */
export async function writeFinished(
  path: string,
  data: string | Uint8Array | AsyncIterable<string | Uint8Array>,
  { temporary: own }: { temporary?: string | undefined } = {},
): Promise<void> {
  const existing = checkPlace(path);
  let temporary: string | undefined;
  let file: number | undefined;
  try {
    if (existing && !existing.isFile()) {
      file = openSync(path, "w");
      for await (const piece of pieces(data)) await writeAll(file, piece);
      return closeSync(file);
    }
    // Through a symbolic link, so that the link stays and its target is replaced.
    const target = existing ? realpathSync(path) : path;
    temporary = own ?? temporaryBeside(target);
    // Opened synchronously: a signal handler sees either no file or one that it can remove.
    file = openSync(temporary, own ? "w" : "wx", existing ? existing.mode & 0o777 : 0o666);
    unfinished.add(temporary);
    for await (const piece of pieces(data)) await writeAll(file, piece);
    await flush(file);
    closeSync(file);
    file = undefined;
    renameSync(temporary, target);
    unfinished.delete(temporary);
  } catch (cause) {
    if (file !== undefined) closeQuietly(file);
    if (temporary !== undefined) remove(temporary);
    if ((cause as { code?: unknown }).code === undefined) throw cause;
    throw new Error(`writeFinished: cannot write ${path}: ${fileProblem(cause)}`, { cause });
  }
}

/**
 * Checks that a file could be written, before long work whose result goes there.
 *
 * @returns what is there now, if anything
 * @throws Error if its folder is missing or may not be written, or the path is a folder
 */
export function checkPlace(path: string): Stats | undefined {
  const refuse = (problem: string, cause?: unknown): Error =>
    new Error(`writeFinished: cannot write ${path}: ${problem}`, { cause });
  try {
    const existing = statSync(path, { throwIfNoEntry: false });
    if (existing?.isDirectory()) throw refuse("it is a folder; name a file");
    if (existing && !existing.isFile()) return existing;
    const folder = dirname(existing ? realpathSync(path) : path);
    if (!statSync(folder, { throwIfNoEntry: false })) {
      throw refuse(`the folder ${folder} does not exist; make it first`);
    }
    accessSync(folder, constants.W_OK | constants.X_OK);
    return existing;
  } catch (cause) {
    throw (cause as { code?: unknown }).code === undefined ? cause : refuse(fileProblem(cause), cause);
  }
}

/**
 * Writes a folder that is either complete or not there: `fill` writes into a temporary folder beside it, which is
 * then renamed. The folder itself may be there if it is empty.
 *
 * @throws what `fill` throws, or Error with one sentence if the folder cannot be made; the temporary one is then gone
 */
export async function writeFinishedFolder<Result>(
  path: string,
  fill: (temporary: string) => Promise<Result>,
): Promise<Result> {
  const target = resolve(path);
  const temporary = temporaryBeside(target);
  try {
    mkdirSync(temporary);
    unfinished.add(temporary);
    const result = await fill(temporary);
    if (statSync(target, { throwIfNoEntry: false })) rmdirSync(target);
    renameSync(temporary, target);
    unfinished.delete(temporary);
    return result;
  } catch (cause) {
    remove(temporary);
    if ((cause as { code?: unknown }).code === undefined) throw cause;
    throw new Error(`writeFinishedFolder: cannot write ${path}: ${fileProblem(cause)}`, { cause });
  }
}

/** Removes at once whatever has been begun and not finished: for a signal handler that ends the process. */
export function removeUnfinished(): void {
  for (const temporary of unfinished) remove(temporary);
}

/** What is written, one piece after another. */
async function* pieces(
  data: string | Uint8Array | AsyncIterable<string | Uint8Array>,
): AsyncGenerator<string | Uint8Array> {
  if (typeof data === "string" || data instanceof Uint8Array) yield data;
  else yield* data;
}

function temporaryBeside(target: string): string {
  return join(dirname(target), `.fewstep-${randomBytes(8).toString("hex")}.tmp`);
}

function closeQuietly(file: number): void {
  try {
    closeSync(file);
  } catch {
    // Already closed.
  }
}

function remove(temporary: string): void {
  unfinished.delete(temporary);
  try {
    rmSync(temporary, { recursive: true, force: true });
  } catch {
    // Already renamed, or not ours any more.
  }
}
