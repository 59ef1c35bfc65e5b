import { mkdir, statfs } from "node:fs/promises";
import { join } from "node:path";
import { readJson } from "../../node/read-json.ts";
import { recognised } from "../import-folder.ts";
import { INDEX, readIndex, SINGLE } from "../safetensors/checkpoint.ts";
import { checkpointFolder } from "./cache-folder.ts";
import { type Download, downloadFile } from "./download-file.ts";
import type { Hub } from "./hub.ts";
import { type HubFile, type HubListing, hubListing } from "./hub-listing.ts";
import { isWhole, partBytes } from "./part-file.ts";
import { onDisk } from "./part-writer.ts";

/** How a checkpoint is fetched. */
export interface FetchOptions {
  readonly hub: Hub;
  /** A branch, a tag or a commit; default "main". */
  readonly revision?: string;
  /** The folder that keeps what was fetched. */
  readonly cache: string;
  /** Told how many bytes of all that is fetched are there. */
  readonly onProgress?: (bytes: { readonly done: number; readonly total: number }) => void;
  readonly signal?: AbortSignal;
}

/** A checkpoint that is there now. */
export interface FetchedCheckpoint {
  /** What `importFolder` takes. */
  readonly folder: string;
  readonly commit: string;
  /** As the model's card says. */
  readonly license?: string;
}

const CONFIG = "config.json";

/** What a tokenizer may consist of. */
const tokenizerFiles = [
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "vocab.txt",
  "vocab.json",
  "merges.txt",
];

/**
 * Fetches from a hub what an import needs of a model: config.json, the tokenizer's files and the safetensors
 * weights, all of the commit that the revision is when it is asked for. What is whole in the cache stays, what was
 * begun is gone on with, and weights come last, when the config is known to be one that can be imported.
 *
 * @throws Error with one sentence if the model cannot be fetched, written or imported, as `hubListing` and
 * `downloadFile` say; the signal's reason if it aborts
 */
export async function fetchCheckpoint(
  id: string,
  { hub, revision = "main", cache, onProgress = () => {}, signal }: FetchOptions,
): Promise<FetchedCheckpoint> {
  const stopped = signal ? { signal } : {};
  const listing = await hubListing(hub, { id, revision, ...stopped });
  const { commit, license, names } = listing;
  const isSingle = names.has(SINGLE);
  if (!isSingle && !names.has(INDEX)) throw noSafetensors(id, listing);
  const folder = checkpointFolder(cache, { id, commit });
  await onDisk(folder, mkdir(folder, { recursive: true }));
  const download: Download = { hub, id, commit, folder, ...stopped };

  await downloadFile(listing.file(CONFIG), download);
  recognised(await readJson(join(folder, CONFIG), { limit: 2 ** 22 }), `${CONFIG} of ${id}`);
  if (!isSingle) await downloadFile(listing.file(INDEX), download);
  const weights = isSingle ? [SINGLE] : new Set((await readIndex(folder)).map(([, shard]) => shard));

  const files = [...tokenizerFiles.filter((name) => names.has(name)), ...weights].map(listing.file);
  await checkSpace(files, folder);
  const total = files.reduce((sum, { size }) => sum + size, 0);
  let done = 0;
  const onBytes = (more: number): void => {
    done += more;
    onProgress({ done, total });
  };
  for (const file of files) await downloadFile(file, { ...download, onBytes });
  return { folder, commit, ...(license === undefined ? {} : { license }) };
}

/** Why weights that are no safetensors are of no use. */
function noSafetensors(id: string, { names, commit }: HubListing): Error {
  const others = [...names].filter((name) => /\.(bin|pt|pth|ckpt|msgpack|h5|gguf|safetensors)$/.test(name));
  const found = others.length === 0 ? "no weights" : others.slice(0, 3).join(", ");
  const pickled = others.some((name) => /\.(bin|pt|pth|ckpt)$/.test(name));
  return new Error(
    `${id} has ${found} at ${commit.slice(0, 12)}, and no ${SINGLE}; ${
      pickled
        ? "a pickled checkpoint is a program, not data, so convert it to safetensors with the tools of its author, or name a --revision that has safetensors"
        : "take a model that has it, or name a --revision that does"
    }`,
  );
}

/** @throws Error if what is still to come cannot fit on the disk */
async function checkSpace(files: readonly HubFile[], folder: string): Promise<void> {
  let missing = 0;
  for (const { name, size } of files) {
    const target = join(folder, name);
    if (!(await isWhole(target, size))) missing += size - Math.min(size, await partBytes(target));
  }
  // A file system that does not say how much is free says so when it is full.
  const free = await statfs(folder).then(
    ({ bavail, bsize }) => bavail * bsize,
    () => Number.POSITIVE_INFINITY,
  );
  if (missing <= free) return;
  const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;
  throw new Error(
    `cannot write ${folder}: ${gigabytes(missing)} are to come, and the disk has ${gigabytes(free)} free; free some space or choose another place with --cache`,
  );
}
