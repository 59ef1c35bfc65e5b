import { join } from "node:path";
import { z } from "zod";
import { checkSchema } from "../../model/check-schema.ts";
import { isThere } from "../../node/is-there.ts";
import { readJson } from "../../node/read-json.ts";
import { quoted } from "../quoted.ts";
import { openSafetensors, type SafetensorsFile } from "./safetensors.ts";
import type { TensorEntry } from "./safetensors-header.ts";

/** A tensor of a checkpoint and the file it is in. */
export interface StoredTensor {
  readonly name: string;
  readonly entry: TensorEntry;
  readonly file: SafetensorsFile;
}

/** The weights of a checkpoint folder, whether in one file or in several. */
export interface Checkpoint {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  close(): Promise<void>;
}

/** The file with all weights, or the one that names several. */
export const SINGLE = "model.safetensors";
export const INDEX = "model.safetensors.index.json";

/** A hundred thousand tensors need half of it; text of hostile make takes several times its length in memory. */
const MOST_INDEX_BYTES = 2 ** 24;

const index: z.ZodType<{ weight_map: Record<string, string> }> = z.object({
  weight_map: z.record(z.string(), z.string("the name of a file"), "an object of tensor and file names"),
});

/**
 * Opens model.safetensors of a folder, or the files that model.safetensors.index.json names.
 *
 * @throws Error with one sentence if there are none, or one is damaged, or the index and the files disagree
 */
export async function openCheckpoint(folder: string): Promise<Checkpoint> {
  if (await isThere(join(folder, SINGLE))) {
    const file = await openSafetensors(join(folder, SINGLE));
    const stored = [...file.tensors].map(([name, entry]) => [name, { name, entry, file }] as const);
    return { tensors: new Map(stored), close: () => file.close() };
  }
  if (await isThere(join(folder, INDEX))) return openShards(folder);
  const pickled = await isThere(join(folder, "pytorch_model.bin"));
  throw new Error(
    `${folder} has no ${SINGLE} and no ${INDEX}${
      pickled
        ? "; its pytorch_model.bin is a program, not data, so convert it to safetensors with the tools of its author or take a repository that has safetensors"
        : "; fetch the checkpoint's safetensors files into it"
    }`,
  );
}

/**
 * Which file of the folder holds each tensor, as model.safetensors.index.json says.
 *
 * @returns [tensor, file] pairs
 * @throws Error with one sentence if it does not say, or names what may lie outside of the folder
 */
export async function readIndex(folder: string): Promise<[string, string][]> {
  const where = join(folder, INDEX);
  const value = await readJson(where, { limit: MOST_INDEX_BYTES });
  const entries = Object.entries(checkSchema(index, value, where).weight_map);
  for (const [name, shard] of entries) {
    if (isPlainName(shard)) continue;
    throw new Error(
      `${where}: weight_map puts tensor ${quoted(name)} into ${quoted(shard)}; expected the name of a .safetensors file of the same folder`,
    );
  }
  return entries;
}

async function openShards(folder: string): Promise<Checkpoint> {
  const where = join(folder, INDEX);
  const entries = await readIndex(folder);
  const files = new Map<string, SafetensorsFile>();
  const close = async (): Promise<void> => {
    for (const file of files.values()) await file.close();
  };
  try {
    const tensors = new Map<string, StoredTensor>();
    for (const [name, shard] of entries) {
      let file = files.get(shard);
      if (!file) {
        file = await openSafetensors(join(folder, shard));
        files.set(shard, file);
      }
      const entry = file.tensors.get(name);
      if (!entry) {
        throw new Error(
          `${where}: weight_map puts tensor ${quoted(name)} into ${shard}, which does not have it; fetch the checkpoint's files again`,
        );
      }
      tensors.set(name, { name, entry, file });
    }
    return { tensors, close };
  } catch (cause) {
    await close();
    throw cause;
  }
}

/** Whether a name stays in its folder: no separator, no drive, no parent. */
function isPlainName(name: string): boolean {
  return /^[\w][\w.-]*\.safetensors$/.test(name) && !name.includes("..");
}
