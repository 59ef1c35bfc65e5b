import { join } from "node:path";
import type { ContinuousManifest } from "../model/continuous-manifest.ts";
import {
  type ContinuousModel,
  type ContinuousSource,
  continuousModelOf,
  readContinuousManifestOf,
} from "../model/continuous-model.ts";
import { onnxContinuousDenoiser } from "../onnx/onnx-continuous-denoiser.ts";
import { checkedFingerprint, fileFingerprint, fingerprintOf } from "./fingerprint.ts";
import { folderFiles } from "./folder-files.ts";
import { modelFolder, shippedFolders } from "./model-folder.ts";
import { openOnnxSession } from "./open-onnx-session.ts";

/**
 * Loads a continuous model. The name of a model that ships wins over a folder of that name; `./name` means the folder.
 *
 * @param reference the name of a model that ships, or the path of a model folder
 * @param options.threads threads of one network call; default all cores
 * @throws Error with one sentence if there is no such model, it is one of tokens, or its files are damaged or disagree
 */
export async function loadContinuousModel(
  reference: string,
  { threads }: { readonly threads?: number } = {},
): Promise<ContinuousModel> {
  if (threads !== undefined && (!Number.isInteger(threads) || threads < 1)) {
    throw new RangeError(`loadContinuousModel: threads = ${threads}; expected a whole number >= 1`);
  }
  if (reference.startsWith("chain:")) {
    throw new Error(`loadContinuousModel: ${reference} is a model of tokens; load it with loadModel`);
  }
  const folder = await modelFolder(reference);
  const manifest = await readContinuousManifest(folder);
  return continuousModelOf(manifest, folderSource(folder, { threads }));
}

/** Reads and checks a continuous model's manifest.json. @throws Error with one sentence naming the file and the field */
export async function readContinuousManifest(folder: string): Promise<ContinuousManifest> {
  return readContinuousManifestOf(folderFiles(folder));
}

/** The manifests of the continuous models that ship, by name. */
export async function shippedContinuousModels(): Promise<ContinuousManifest[]> {
  return Promise.all((await shippedFolders("continuous")).map(readContinuousManifest));
}

/** A folder's files, and networks in onnxruntime-node. */
function folderSource(folder: string, { threads }: { threads: number | undefined }): ContinuousSource {
  return {
    files: folderFiles(folder),
    fingerprint: async (text) => fingerprintOf(text),
    async openNetwork({ file, sha256, shape, inputs, output, prediction, classes, name }) {
      const path = join(folder, file);
      if (sha256 !== undefined) await checkedFingerprint(path, sha256);
      const { session, Tensor } = await openOnnxSession(path, { threads });
      const denoiser = (label?: number) =>
        onnxContinuousDenoiser({
          session,
          Tensor,
          shape,
          inputs,
          output,
          prediction,
          name,
          preallocate: true,
          ...(classes ? { fixed: { [classes.input]: label ?? classes.none } } : {}),
        });
      try {
        denoiser();
        const fingerprint = sha256?.toLowerCase() ?? (await fileFingerprint(path));
        return { denoiser, fingerprint, dispose: () => session.release() };
      } catch (cause) {
        await session.release();
        throw cause;
      }
    },
  };
}
