import { dirname, join, resolve } from "node:path";
import { throwIfAborted } from "../denoisers/abortable.ts";
import type { Manifest } from "../model/manifest.ts";
import { writeFinished, writeFinishedFolder } from "../node/write-file.ts";
import type { Unwritten } from "./describe.ts";
import { describeOnnx, type OnnxWishes, tokenizerPlaces } from "./describe-onnx.ts";
import { fillInputs } from "./fill-inputs.ts";
import { checkOut, type Imported, type ImportOptions } from "./import-folder.ts";
import { copyExternal, externalFiles } from "./onnx-file/external-data.ts";
import { changed, made, type OnnxModel } from "./onnx-file/onnx-model.ts";
import { elementTypes } from "./onnx-file/onnx-schema.ts";
import { readOnnx } from "./onnx-file/read-onnx.ts";
import { saveOnnx } from "./onnx-file/save-onnx.ts";
import { onnxRoles } from "./onnx-roles.ts";
import { quoted } from "./quoted.ts";
import { pruned } from "./row-surgery/prune-onnx.ts";
import { addRows } from "./row-surgery/row-surgery.ts";
import { type CopiedFile, tokenizerFiles } from "./tokenizer/copy-tokenizer.ts";

/** How an .onnx file is imported. */
export interface OnnxImportOptions extends OnnxWishes, Pick<ImportOptions, "out" | "onProgress" | "signal"> {
  /** The input that takes the time t, where its name does not tell. */
  readonly time?: string;
  /** The input that takes the noise level sigma(t), where its name does not tell. */
  readonly sigma?: string;
}

/** What was imported. */
export interface ImportedOnnx extends Imported {
  /** Why the network computes all rows whenever it is asked, where it could not be given the input `rows`. */
  readonly dense?: string;
}

const MODEL_FILE = "model.onnx";
const reserved = [MODEL_FILE, "manifest.json", "tokenizer.json", "tokenizer_config.json"];

/**
 * Makes a model folder that `loadModel` opens of an .onnx file from elsewhere. The network gets the input `rows`
 * where that can be done (`addRows`); inputs for padding and for pairs of texts become constants (`fillInputs`);
 * weights stay as they are, and files with weights are copied. The folder appears whole or not at all.
 *
 * @throws Error with one sentence if the file is damaged, or it cannot be told what its inputs and outputs are for
 */
export async function importOnnx(file: string, options: OnnxImportOptions): Promise<ImportedOnnx> {
  await checkOut(options.out);
  const read = await readOnnx(file);
  const roles = onnxRoles(read, { where: file, ...options });
  const described = await describeOnnx(roles, { file, wishes: options });
  const beside = await tokenizerFiles(options.tokenizer, {
    places: tokenizerPlaces(file),
    model: { ...described, architecture: "onnx" },
  });
  const { model, rows, dense } = withRows(onlyOutput(fillInputs(read, roles), roles.output), roles.output);
  if (!model.graph.input.some(({ name }) => name === roles.tokens)) {
    throw new Error(
      `${file}: its output ${quoted(roles.output)} does not depend on its input ${quoted(roles.tokens)}`,
    );
  }
  const inputs = { ...described.inputs!, ...(rows === undefined ? {} : { rows }) };
  const tokenizer = beside.length > 0 ? { tokenizer: beside[0]!.name } : {};
  const written = await write(model, { ...described, inputs, ...tokenizer }, { file, beside, options });
  return {
    architecture: "onnx",
    ...written,
    parameters: parametersOf(read),
    unused: [],
    ...(dense === undefined ? {} : { dense }),
  };
}

/** The same model with one output, and what that needs. */
function onlyOutput(model: OnnxModel, output: string): OnnxModel {
  const { graph } = model;
  const kept = changed(graph, { output: graph.output.filter(({ name }) => name === output) });
  return changed(model, { graph: pruned(kept) });
}

/** Rows are worth having and not needed. */
function withRows(model: OnnxModel, output: string): { model: OnnxModel; rows?: string; dense?: string } {
  try {
    return addRows(model, { output });
  } catch (cause) {
    const { message } = cause as Error;
    if (!message.startsWith("addRows:")) throw cause;
    return { model, dense: message };
  }
}

/** Numbers in the weights, as they are stored. */
function parametersOf({ graph }: OnnxModel): number {
  return graph.initializer
    .filter(({ dataType }) => dataType !== elementTypes.int64)
    .reduce((sum, { dims }) => sum + dims.reduce((product, dim) => product * Number(dim), 1), 0);
}

async function write(
  model: OnnxModel,
  manifest: Unwritten,
  { file, beside, options }: { file: string; beside: readonly CopiedFile[]; options: OnnxImportOptions },
): Promise<Pick<Imported, "manifest" | "files" | "bytes">> {
  const { out, onProgress = () => {}, signal } = options;
  const weights = await externalFiles(model, { folder: dirname(resolve(file)), where: file, reserved });
  const outside = weights.reduce((sum, { bytes }) => sum + bytes, 0);
  const inside = model.graph.initializer.reduce((sum, { rawData }) => sum + rawData.length, 0);
  const total = Math.max(outside + inside, 1);
  const tell = (bytes: number): void => {
    throwIfAborted(signal);
    onProgress(Math.min(bytes / total, 1));
  };
  return writeFinishedFolder(out, async (folder) => {
    const hashes = await copyExternal(weights, { folder, onBytes: tell });
    const stated = hashes.map((value, at) =>
      made("StringStringEntryProto", {
        key: hashes.length === 1 ? "weights_sha256" : `weights_sha256:${weights[at]!.name}`,
        value,
      }),
    );
    const others = model.metadataProps.filter(({ key }) => !key.startsWith("weights_sha256"));
    const { sha256, bytes } = await saveOnnx(changed(model, { metadataProps: [...others, ...stated] }), {
      file: join(folder, MODEL_FILE),
      onBytes: (bytes) => tell(outside + bytes),
    });
    for (const { name, text } of beside) await writeFinished(join(folder, name), text);
    const whole: Manifest = { ...manifest, file: MODEL_FILE, sha256 };
    await writeFinished(join(folder, "manifest.json"), `${JSON.stringify(whole, null, 2)}\n`);
    const names = [...weights, ...beside].map(({ name }) => name);
    return { manifest: whole, files: [MODEL_FILE, ...names, "manifest.json"], bytes: bytes + outside };
  });
}
