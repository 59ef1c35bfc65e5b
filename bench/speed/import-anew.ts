import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { importFolder } from "../../src/import/import-folder.ts";
import type { WeightFormatName } from "../../src/import/weight-formats/weight-format.ts";

/** A model folder that was imported for one run of a benchmark. */
export interface ImportedAnew {
  readonly folder: string;
  readonly weights: WeightFormatName;
  remove(): void;
}

/** Imports a checkpoint into a new temporary folder: one from an earlier run would be of an earlier importer. */
export async function importAnew(checkpoint: string, weights: WeightFormatName): Promise<ImportedAnew> {
  const place = mkdtempSync(join(tmpdir(), "fewstep-bench-"));
  const remove = (): void => rmSync(place, { recursive: true, force: true });
  try {
    const folder = join(place, weights);
    await importFolder(checkpoint, { out: folder, weights });
    return { folder, weights, remove };
  } catch (cause) {
    remove();
    throw cause;
  }
}
