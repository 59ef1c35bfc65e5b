import { type JournalFile, openJournalFile, readInto } from "./journal-bytes.ts";

/** What the samples of a job depend on: plain data, compared as JSON. */
export type JournalHead = Readonly<Record<string, unknown>>;

const FORMAT = "fewstep/samples";
const BEGINNING = `{"format":"${FORMAT}",`;
/** Bytes of a head, at most. The longest thing in it is a list of times or counts. */
const LIMIT = 2 ** 22;
/** Characters of a value in a sentence. */
const SHOWN = 40;

/** A head as the first line of a journal. */
export function headLine(head: JournalHead): Buffer {
  return Buffer.from(`${JSON.stringify({ format: FORMAT, version: 1, ...head })}\n`);
}

/** The head of a journal, if there is one. @throws Error if the file is no journal */
export async function readJournalHead(path: string): Promise<JournalHead | undefined> {
  const file = await openJournalFile(path, "r");
  if (!file) return undefined;
  try {
    const line = await firstLine(file);
    return line.at(-1) === 10 ? parsed(line, path) : undefined;
  } finally {
    await file.handle.close();
  }
}

/**
 * Whether the file begins with this head; false where the writing of it was interrupted, and nothing can follow.
 *
 * @throws Error in one sentence if it begins with that of another job, and says what differs, or with none at all
 */
export async function beginsWith(file: JournalFile, expected: Buffer): Promise<boolean> {
  const line = await firstLine(file);
  if (line.equals(expected)) return true;
  if (line.equals(expected.subarray(0, line.length))) return false;
  const there = leaves(parsed(line, file.path));
  const here = leaves(JSON.parse(expected.toString()));
  const names = [...new Set([...there.keys(), ...here.keys()])];
  const differing = names.filter((name) => there.get(name) !== here.get(name));
  const told = differing
    .slice(0, 3)
    .map((name) => `${name} is ${shown(there.get(name))} there and ${shown(here.get(name))} here`);
  const more = differing.length > 3 ? `, and ${differing.length - 3} more` : "";
  throw new Error(
    `sample: ${file.path} is the journal of another job: ${told.join(", ")}${more}; run that command again to finish it, choose another --out, or drop it with --restart`,
  );
}

/** What the file begins with, up to the end of the line or, where there is none, all of it. */
async function firstLine(file: JournalFile): Promise<Buffer> {
  const found = await file.handle.stat();
  if (!found.isFile()) throw noJournal(file.path);
  const bytes = Buffer.alloc(Math.min(found.size, LIMIT));
  await readInto(file, bytes, 0);
  const end = bytes.indexOf(10);
  return end < 0 ? bytes : bytes.subarray(0, end + 1);
}

function parsed(line: Buffer, path: string): JournalHead {
  const text = line.toString();
  try {
    if (text.startsWith(BEGINNING)) return JSON.parse(text) as JournalHead;
  } catch {
    // Refused below.
  }
  throw noJournal(path);
}

function noJournal(path: string): Error {
  return new Error(
    `sample: ${path} is not the journal of a job; move it away, choose another --out, or drop it with --restart`,
  );
}

/** Every value of nested plain data as JSON, by its path; a list is one value. */
function leaves(value: unknown, path = ""): Map<string, string> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return new Map([[path, JSON.stringify(value)]]);
  }
  const inner = Object.entries(value);
  return new Map(inner.flatMap(([key, each]) => [...leaves(each, path === "" ? key : `${path}.${key}`)]));
}

function shown(value = "not set"): string {
  return value.length > SHOWN ? `${value.slice(0, SHOWN - 3)}...` : value;
}
