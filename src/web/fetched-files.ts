import { FILE_LIMIT, type Files, type ReadOptions } from "../model/files.ts";
import { type Fetch, type Freshness, fetchBytes } from "./fetch-bytes.ts";
import type { KeptFiles } from "./kept-files.ts";
import type { LoadProgress } from "./messages.ts";
import { sha256 as sha256Of } from "./sha256.ts";

/** Where files come from and who is told. */
export interface FetchedFilesOptions {
  /** Address of the folder; what follows the last / of its path is part of it. */
  readonly url: string;
  readonly kept: KeptFiles;
  readonly fetch?: Fetch;
  readonly onProgress?: ((progress: LoadProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The files below an address. One whose SHA-256 is known is taken from the cache if it is there and right, else
 * fetched, checked and kept; a damaged copy is fetched again. One whose SHA-256 is not known is fetched, so that it
 * is the newest, and taken from the cache only where the network fails.
 */
export function fetchedFiles({ url, kept, fetch, onProgress, signal }: FetchedFilesOptions): Files {
  const folder = new URL(url);
  if (!folder.pathname.endsWith("/")) folder.pathname += "/";
  const where = (name: string): string =>
    new URL(name.split("/").map(encodeURIComponent).join("/"), folder).href;

  async function bytes(
    name: string,
    { limit = FILE_LIMIT, sha256, caller = "loadModel" }: ReadOptions = {},
  ): Promise<Uint8Array<ArrayBuffer>> {
    const from = where(name);
    const fetched = (cache: Freshness) =>
      fetchBytes(from, {
        ...{ limit, caller, cache, signal, fetch },
        told: (loaded, total) => onProgress?.({ file: name, loaded, total }),
      });
    const fromCache = async () => {
      const copy = await kept.get(from, sha256);
      if (copy && sha256 !== undefined && (await sha256Of(copy)) !== sha256.toLowerCase()) {
        await kept.drop(from, sha256);
        return undefined;
      }
      if (copy) onProgress?.({ file: name, loaded: copy.length, total: copy.length });
      return copy;
    };

    if (sha256 === undefined) {
      try {
        const newest = await fetched("no-cache");
        await kept.put(from, newest);
        return newest;
      } catch (error) {
        signal?.throwIfAborted();
        const copy = await fromCache();
        if (copy) return copy;
        throw error;
      }
    }
    const copy = await fromCache();
    if (copy) return copy;
    // The browser's own HTTP cache may hold a file from before the manifest changed: once more past it.
    let found = "";
    for (const cache of ["default", "reload"] as const) {
      const file = await fetched(cache);
      found = await sha256Of(file);
      if (found === sha256.toLowerCase()) {
        await kept.put(from, file, sha256);
        return file;
      }
    }
    throw new Error(
      `${caller}: ${from} has the SHA-256 ${found}; the manifest says ${sha256}: the file is damaged or another one, so put the right one on the server or correct the manifest`,
    );
  }

  return {
    where,
    bytes,
    text: async (name, options) => new TextDecoder().decode(await bytes(name, options)),
  };
}
