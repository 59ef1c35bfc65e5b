import { join } from "node:path";
import { z } from "zod";
import { checkSchema } from "../node/check-schema.ts";
import { isThere } from "../node/is-there.ts";
import { readJson } from "../node/read-json.ts";
import { openSafetensors, type SafetensorsFile } from "./safetensors.ts";
import { quoted, type TensorEntry } from "./safetensors-header.ts";

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

const SINGLE = "model.safetensors";
const INDEX = "model.safetensors.index.json";

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

async function openShards(folder: string): Promise<Checkpoint> {
  const where = join(folder, INDEX);
  const { weight_map: weightMap } = checkSchema(index, await readJson(where), where);
  const files = new Map<string, SafetensorsFile>();
  const close = async (): Promise<void> => {
    for (const file of files.values()) await file.close();
  };
  try {
    const tensors = new Map<string, StoredTensor>();
    for (const [name, shard] of Object.entries(weightMap)) {
      if (!isPlainName(shard)) {
        throw new Error(
          `${where}: weight_map puts tensor ${quoted(name)} into ${quoted(shard)}; expected the name of a .safetensors file of the same folder`,
        );
      }
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
