import { join } from "node:path";
import type { Manifest } from "../model/manifest.ts";
import { chainModel, type Model, type ModelSource, modelOf, readManifestOf, textOf } from "../model/model.ts";
import type { TextCodec } from "../model/text-codec.ts";
import { readChainFile } from "./chain-file.ts";
import { checkedFingerprint, fileFingerprint, fingerprintOf } from "./fingerprint.ts";
import { folderFiles } from "./folder-files.ts";
import { readManifest } from "./manifest.ts";
import { modelFolder, shippedFolders } from "./model-folder.ts";
import { openOnnx } from "./open-onnx.ts";
import { openTokenizer } from "./tokenizer.ts";

/** The manifests of the models of tokens that ship, by name. */
export async function shippedModels(): Promise<Manifest[]> {
  return Promise.all((await shippedFolders("discrete")).map(readManifest));
}

/** How a model is loaded. */
export interface LoadOptions {
  readonly threads?: number;
  readonly small?: boolean;
  readonly length?: number;
}

/**
 * Loads a model. The name of a model that ships wins over a folder of that name; `./name` means the folder.
 *
 * @param reference the name of a model that ships, the path of a model folder, or `chain:FILE.json`
 * @param options.threads threads of one network call; default all cores
 * @param options.small the same model in fewer bytes, where the folder has it
 * @param options.length D, where the network takes sequences of any length; data and measures of another length are
 * then left out
 * @throws Error with one sentence if there is no such model, or its files are damaged or disagree
 */
export async function loadModel(reference: string, options: LoadOptions = {}): Promise<Model> {
  const { threads } = options;
  if (threads !== undefined && (!Number.isInteger(threads) || threads < 1)) {
    throw new RangeError(`loadModel: threads = ${threads}; expected a whole number >= 1`);
  }
  if (!reference.startsWith("chain:")) return modelFromFolder(await modelFolder(reference), options);
  if (options.length === undefined) return chainFromFile(reference);
  throw new RangeError(
    `loadModel: length = ${options.length} was asked for; a chain's is what its file says, so change it there`,
  );
}

/** @throws RangeError unless the network takes sequences of the length */
function resized(manifest: Manifest, length: number | undefined): Manifest {
  if (length === undefined || length === manifest.length) return manifest;
  const { longest, heldOut: _, fresh: __, measures: ___, ...rest } = manifest;
  if (longest !== undefined && Number.isInteger(length) && length >= 1 && length <= longest) {
    return { ...rest, longest, length };
  }
  throw new RangeError(
    `loadModel: length = ${length} was asked for, and "${manifest.name}" takes ${longest === undefined ? `sequences of ${manifest.length} tokens only; leave the length out` : `1 to ${longest} tokens`}`,
  );
}

/** A folder's files, and networks in onnxruntime-node. */
function folderSource(folder: string, { threads }: Pick<LoadOptions, "threads"> = {}): ModelSource {
  return {
    files: folderFiles(folder),
    fingerprint: async (text) => fingerprintOf(text),
    async openNetwork({ file, sha256, data }, manifest) {
      // By their paths, so that the runtime maps large weights into memory by itself.
      const path = join(folder, file);
      if (sha256 !== undefined) await checkedFingerprint(path, sha256);
      if (data) await checkedFingerprint(join(folder, data.file), data.sha256);
      const opened = await openOnnx(path, { manifest, ...(threads === undefined ? {} : { threads }) });
      return { ...opened, fingerprint: async () => sha256?.toLowerCase() ?? fileFingerprint(path) };
    },
    openTokenizer: (name, manifest) => openTokenizer(join(folder, name), manifest),
  };
}

async function modelFromFolder(folder: string, { threads, small, length }: LoadOptions): Promise<Model> {
  const source = folderSource(folder, threads === undefined ? {} : { threads });
  const manifest = resized(await readManifestOf(source.files), length);
  return modelOf(manifest, source, small === undefined ? {} : { small });
}

async function chainFromFile(reference: string): Promise<Model> {
  const path = reference.slice("chain:".length);
  if (path === "") throw new Error("loadModel: chain: names no file; expected chain:FILE.json");
  return chainModel(reference, await readChainFile(path), {
    fingerprint: async (text) => fingerprintOf(text),
  });
}

/** The text of a manifest's tokens and back. */
export async function manifestText(folder: string, manifest: Manifest): Promise<TextCodec> {
  return textOf(manifest, folderSource(folder));
}
