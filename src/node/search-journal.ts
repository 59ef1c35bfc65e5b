import { appendFile, readFile, rm, stat } from "node:fs/promises";
import type { RowsRequest } from "../optimize/search-plans.ts";
import { fileProblem } from "./file-problem.ts";

/** What an interrupted search keeps: rows by what made them, and values that took long to compute. */
export interface SearchJournal {
  /** Entries that were there when it was opened. */
  readonly resumed: number;
  rows(request: RowsRequest, make: () => Promise<Int32Array>): Promise<Int32Array>;
  value<Value>(key: string, make: () => Promise<Value>): Promise<Value>;
  /** Removes the file: the search is over and its result is elsewhere. */
  discard(): Promise<void>;
}

const FORMAT = "fewstep/search";
/** Larger files are not read: a search of the largest model that ships writes about 5 MB. */
const LIMIT = 2 ** 28;

/**
 * Opens, or starts, the journal of a search: JSON lines that are added as work gets done, so that an interruption
 * loses what was being made at that moment and no more. The first line says which search it is; a journal of
 * another search (another model, seed, budget, ...) is started anew. A last line that was cut short is left out.
 *
 * @param identity what the search's rows depend on; compared as JSON
 * @throws Error in one sentence if the file cannot be read or is no journal: it is not overwritten then
 */
export async function openSearchJournal(
  path: string,
  identity: Readonly<Record<string, unknown>>,
): Promise<SearchJournal> {
  const head = JSON.stringify({ format: FORMAT, version: 1, ...identity });
  const known = await readEntries(path, head);
  if (known === undefined) {
    await rm(path, { force: true });
    await appendFile(path, `${head}\n`);
  }
  const entries = known ?? new Map<string, unknown>();
  const keep = async (key: string, value: unknown): Promise<void> => {
    await appendFile(path, `${JSON.stringify({ key, value })}\n`);
  };
  return {
    resumed: entries.size,
    async rows({ candidate, seed, first, count }, make) {
      const key = `${candidate} | seed ${seed} | rows ${first} to ${first + count - 1}`;
      const have = entries.get(key);
      if (typeof have === "string") {
        const bytes = Buffer.from(have, "base64");
        return new Int32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
      }
      const tokens = await make();
      await keep(key, Buffer.from(tokens.buffer, tokens.byteOffset, tokens.byteLength).toString("base64"));
      return tokens;
    },
    async value<Value>(key: string, make: () => Promise<Value>) {
      if (entries.has(key)) return entries.get(key) as Value;
      const value = await make();
      await keep(key, value);
      return value;
    },
    discard: () => rm(path, { force: true }),
  };
}

/** The entries of a journal with this head; undefined if there is none, or it is another search's. */
async function readEntries(path: string, head: string): Promise<Map<string, unknown> | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (!found) return undefined;
  if (!found.isFile() || found.size > LIMIT) {
    throw new Error(
      `optimize: ${path} is ${found.isFile() ? `${found.size} bytes long` : "no file"}; expected the journal of a search, so move it away or choose another --out`,
    );
  }
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    throw new Error(`optimize: cannot read ${path}: ${fileProblem(cause)}`, { cause });
  }
  const [first = "", ...lines] = text.split("\n");
  if (!first.startsWith(`{"format":"${FORMAT}"`)) {
    throw new Error(`optimize: ${path} is not the journal of a search; move it away or choose another --out`);
  }
  if (first !== head) return undefined;
  const entries = new Map<string, unknown>();
  for (const line of lines) {
    try {
      const { key, value } = JSON.parse(line) as { key: string; value: unknown };
      entries.set(key, value);
    } catch {
      // The line that was being written when the search was interrupted.
    }
  }
  return entries;
}
