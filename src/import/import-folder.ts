import { readdir, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { type Abort, throwIfAborted } from "../denoisers/abortable.ts";
import type { Manifest } from "../model/manifest.ts";
import { fileProblem } from "../node/file-problem.ts";
import { readJson } from "../node/read-json.ts";
import { writeFinished, writeFinishedFolder } from "../node/write-file.ts";
import type { Architecture, Built } from "./architecture.ts";
import { architectures } from "./architectures/index.ts";
import { describe, type Unwritten } from "./describe.ts";
import { net } from "./net.ts";
import { type Graph, graph, weightBytes } from "./onnx-file/graph.ts";
import { type WrittenOnnx, writeOnnx } from "./onnx-file/write-onnx.ts";
import { quoted } from "./quoted.ts";
import { openCheckpoint } from "./safetensors/checkpoint.ts";
import { type CopiedFile, tokenizerFiles } from "./tokenizer/copy-tokenizer.ts";
import type { WeightFormatName } from "./weight-formats/weight-format.ts";
import { weights } from "./weights.ts";
import { storedCost, type WeightsCost, weightsCost } from "./weights-cost.ts";

/** How a checkpoint is imported. */
export interface ImportOptions {
  /** The folder to write; it must not be there yet, or be empty. */
  readonly out: string;
  /** What the model is called; default the checkpoint folder's name. */
  readonly name?: string;
  readonly license?: string;
  /** Where the checkpoint comes from, for the manifest: ORG/NAME@COMMIT. */
  readonly source?: string;
  /** D, the positions of a sample; default the longest the network takes, at most `USUAL_LENGTH`. */
  readonly length?: number;
  /** The token for "masked", where neither config.json nor the tokenizer's files say. */
  readonly mask?: number;
  /** The folder with the tokenizer's files; default the checkpoint's own; false for none. */
  readonly tokenizer?: string | false;
  /** How matrices and tables are stored; default "fp32". Norms and biases are float32 in every format. */
  readonly weights?: WeightFormatName;
  /** Bytes of memory and of disk that measuring the logits' error may use; default half of what is free. */
  readonly free?: { readonly memory: number; readonly disk: number };
  /** Bytes of weights above which they go to a file of their own; default what one file can hold. */
  readonly inlineLimit?: number;
  /** Told how much of the weights is written, 0 to 1. */
  readonly onProgress?: (share: number) => void;
  /** Checked as the weights are written, piece by piece; an `AbortSignal` fits. */
  readonly signal?: Abort;
}

/** What was imported. */
export interface Imported {
  readonly architecture: string;
  readonly manifest: Manifest;
  readonly files: readonly string[];
  /** Bytes of the network's files. */
  readonly bytes: number;
  readonly parameters: number;
  /** Tensors of the checkpoint that belong to other tasks. */
  readonly unused: readonly string[];
  /** What weights that are not float32 cost, or why that was not measured, as a sentence. */
  readonly weightsCost?: WeightsCost | { readonly leftOut: string };
}

/** Stored tables that are computed instead, under the names that published files give them. */
const recomputed = /(^|\.)(inv_freq|position_ids)$/;

/**
 * Imports a checkpoint as it is published, config.json and safetensors, as a model folder that `loadModel` opens:
 * model.onnx and manifest.json. The folder appears whole or not at all; the weights pass through memory piece by
 * piece.
 *
 * @throws Error with one sentence if the checkpoint is damaged, of no known architecture, or at odds with itself
 */
export async function importFolder(folder: string, options: ImportOptions): Promise<Imported> {
  const where = join(folder, "config.json");
  const config = await readJson(where, { limit: 2 ** 22 });
  const architecture = recognised(config, where);
  await checkOut(options.out);
  const checkpoint = await openCheckpoint(folder);
  try {
    const found = weights(checkpoint, { where: folder });
    const build = (format: WeightFormatName): { network: Graph; built: Built } => {
      const network = graph(architecture.name);
      const built = architecture.build(net(network, found, format), { config, where });
      network.output("logits", built.logits, ["rows", built.width]);
      return { network, built };
    };
    const format = options.weights ?? "fp32";
    const { network, built } = build(format);
    const unused = found.unused().filter((name) => !recomputed.test(name));
    if (unused.length > 0 && !built.mayHaveMore) {
      throw new Error(
        `${folder} has a tensor ${quoted(unused[0])}, which a network of the architecture ${architecture.name} does not have; it is a variant that cannot be imported`,
      );
    }
    const parameters = found.parameters();
    const described = await describe(built, {
      architecture: architecture.name,
      parameters,
      folder,
      where,
      wishes: options,
    });
    const beside = await tokenizerFiles(options.tokenizer, {
      places: [folder],
      model: { ...described, architecture: architecture.name },
    });
    const manifest = beside.length > 0 ? { ...described, tokenizer: "tokenizer.json" } : described;
    const exact = format === "fp32" ? undefined : { format, network: build("fp32").network, parameters };
    const written = await writeWhole(network, manifest, { ...options, beside, exact });
    return {
      architecture: architecture.name,
      manifest: written.manifest,
      files: [...written.files, ...beside.map(({ name }) => name), "manifest.json"],
      bytes: written.bytes,
      parameters,
      unused,
      ...(written.cost ? { weightsCost: written.cost } : {}),
    };
  } finally {
    await checkpoint.close();
  }
}

/** @throws Error unless a config.json is of an architecture that can be imported */
export function recognised(config: unknown, where: string): Architecture {
  const isObject = typeof config === "object" && config !== null && !Array.isArray(config);
  const found = isObject
    ? architectures.find(({ recognises }) => recognises(config as Record<string, unknown>))
    : undefined;
  if (found) return found;
  const type = isObject ? (config as Record<string, unknown>)["model_type"] : undefined;
  throw new Error(
    `${where}: ${type === undefined ? "it names no model_type" : `the architecture ${quoted(type)} is not known`}; expected one of ${architectures.map(({ name }) => name).join(", ")}, as published with config.json`,
  );
}

/** @throws Error unless the folder can be made: it is not there or empty, and its parent is there */
export async function checkOut(out: string): Promise<void> {
  const entries = await readdir(out).catch((cause: { code?: unknown }) => {
    if (cause.code === "ENOENT") return undefined;
    throw new Error(
      `cannot write ${out}: ${cause.code === "ENOTDIR" ? "it is a file; name a folder" : fileProblem(cause)}`,
      { cause },
    );
  });
  if (entries && entries.length > 0) {
    throw new Error(`cannot write ${out}: the folder is not empty; name a new one, or remove it first`);
  }
  const parent = dirname(resolve(out));
  const found = await stat(parent).catch(() => undefined);
  if (!found?.isDirectory()) {
    throw new Error(`cannot write ${out}: the folder ${parent} does not exist; make it first`);
  }
}

/** What weights that are not float32 are compared with. */
interface Exact {
  readonly format: Exclude<WeightFormatName, "fp32">;
  /** The network in float32. */
  readonly network: Graph;
  readonly parameters: number;
}

async function writeWhole(
  network: Graph,
  manifest: Unwritten,
  {
    out,
    inlineLimit,
    onProgress = () => {},
    signal,
    beside,
    exact,
    free,
  }: ImportOptions & { beside: readonly CopiedFile[]; exact: Exact | undefined },
): Promise<WrittenOnnx & { manifest: Manifest; cost?: WeightsCost | { readonly leftOut: string } }> {
  const own = weightBytes(network);
  const total = own + (exact ? weightBytes(exact.network) : 0);
  const tell = (bytes: number): void => {
    throwIfAborted(signal);
    onProgress(bytes / total);
  };
  return writeFinishedFolder(out, async (folder) => {
    const written = await writeOnnx(network, {
      folder,
      ...(inlineLimit === undefined ? {} : { inlineLimit }),
      onBytes: tell,
    });
    const cost =
      exact &&
      (await weightsCost({
        folder,
        written,
        manifest,
        exact: exact.network,
        parameters: exact.parameters,
        free,
        onBytes: (bytes) => tell(own + bytes),
      }));
    for (const { name, text } of beside) await writeFinished(join(folder, name), text);
    const whole: Manifest = {
      ...manifest,
      file: written.files[0]!,
      sha256: written.sha256,
      ...(written.data ? { data: written.data } : {}),
      ...(exact && cost ? { weights: storedCost(exact.format, cost) } : {}),
    };
    await writeFinished(join(folder, "manifest.json"), `${JSON.stringify(whole, null, 2)}\n`);
    return { ...written, manifest: whole, ...(cost ? { cost } : {}) };
  });
}
