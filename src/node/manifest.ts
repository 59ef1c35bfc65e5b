import type { Manifest } from "../model/manifest.ts";
import { readManifestOf } from "../model/model.ts";
import { folderFiles } from "./folder-files.ts";

/**
 * Reads and checks manifest.json of a model folder.
 *
 * @throws Error with one sentence naming the file and the field that is wrong
 */
export async function readManifest(folder: string): Promise<Manifest> {
  return readManifestOf(folderFiles(folder));
}
