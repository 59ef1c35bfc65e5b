import { hubIdOf } from "../import/hub/hub-id.ts";
import type { Progress } from "./progress.ts";

/** A checkpoint on the disk, and what its hub says of it. */
export interface ImportSource {
  readonly folder: string;
  readonly name?: string;
  readonly license?: string;
  /** ORG/NAME@COMMIT */
  readonly source?: string;
}

/**
 * The folder that is to be imported: the argument itself, or what is fetched for a hub id. Environment: HF_ENDPOINT,
 * HF_TOKEN, FEWSTEP_CACHE.
 *
 * @throws Error with one sentence if the output folder cannot be made, which is asked before anything is fetched,
 * or the model cannot be fetched
 */
export async function importSource(
  argument: string,
  { out, revision, cache, progress }: { out: string; revision?: string; cache?: string; progress: Progress },
): Promise<ImportSource> {
  const id = await hubIdOf(argument);
  if (id === undefined) {
    const option = revision === undefined ? "cache" : "revision";
    if ((revision ?? cache) === undefined) return { folder: argument };
    throw new RangeError(
      `--${option} is for models of the hub, and ${argument} is a path; leave it out, or name hub:ORG/NAME`,
    );
  }
  const [{ checkOut }, { cacheFolder }, { fetchCheckpoint }, { hubFrom }] = await Promise.all([
    import("../import/import-folder.ts"),
    import("../import/hub/cache-folder.ts"),
    import("../import/hub/fetch-checkpoint.ts"),
    import("../import/hub/hub.ts"),
  ]);
  await checkOut(out);
  const { folder, commit, license } = await fetchCheckpoint(id, {
    hub: hubFrom(process.env),
    cache: cache ?? cacheFolder(process.env),
    ...(revision === undefined ? {} : { revision }),
    onProgress: (bytes) => {
      progress.update(`fetching ${id}`, bytes.total === 0 ? 1 : bytes.done / bytes.total, bytes);
    },
  });
  const name = id.split("/")[1]!;
  return { folder, name, source: `${id}@${commit}`, ...(license === undefined ? {} : { license }) };
}
