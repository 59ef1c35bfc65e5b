import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Denoiser } from "../denoisers/denoiser.ts";
import { type ChainOptions, markovChain } from "../denoisers/markov-chain.ts";
import { observation } from "../denoisers/observation.ts";
import type { Noise } from "../noise/noise.ts";
import type { NamedPart } from "../parts.ts";
import type { Process } from "../processes/process.ts";
import { type ChainFile, readChainFile } from "./chain-file.ts";
import { type NoiseDescription, noiseFrom, processFrom, processPart } from "./corruption.ts";
import { chainFingerprint, checkedFingerprint } from "./fingerprint.ts";
import { readHeldOut } from "./held-out.ts";
import { isThere } from "./is-there.ts";
import { type Manifest, readManifest } from "./manifest.ts";
import { openOnnx } from "./open-onnx.ts";
import { plainCodec, type TextCodec } from "./text-codec.ts";
import { openTokenizer } from "./tokenizer.ts";

/** A model ready to sample from, and what is known of it. */
export interface Model {
  readonly name: string;
  readonly description: string;
  readonly denoiser: Denoiser;
  readonly process: Process;
  readonly noise: Noise;
  /** The process and the noise as plans store them. */
  readonly processDescription: NamedPart;
  readonly noiseDescription: NoiseDescription;
  /** The character of each token. */
  readonly alphabet?: string;
  /** SHA-256: of the bytes of an .onnx file, of the canonical JSON of a chain. */
  readonly fingerprint: string;
  /** Absent for `chain:FILE.json`. */
  readonly manifest?: Manifest;
  readonly folder?: string;
  /** The chain whose exact posterior the denoiser is, if it is one. */
  readonly chain?: ChainOptions;
  /** Text of the tokens and back: of the tokenizer, which is read now, or of the alphabet, else numbers. */
  text(): Promise<TextCodec>;
  /** Data the model was not trained on, [n, length], if it comes with any. */
  heldOut(): Promise<Int32Array | undefined>;
  /** Data of the law that the measures compare with, [n, length], if the model comes with any; else as heldOut. */
  fresh(): Promise<Int32Array | undefined>;
  /** Frees what the runtime holds; the denoiser is then of no more use. */
  dispose(): Promise<void>;
}

/** Beside the package root, from src/node as from dist/node. */
const shipped = fileURLToPath(new URL("../../models/", import.meta.url));

/** The manifests of the models that ship, by name. */
export async function shippedModels(): Promise<Manifest[]> {
  return Promise.all((await shippedNames()).map((name) => readManifest(join(shipped, name))));
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

/**
 * The folder of a model's manifest.
 *
 * @param reference as for `loadModel`, but no chain
 * @throws Error with one sentence if there is no such model
 */
export async function modelFolder(reference: string): Promise<string> {
  const names = await shippedNames();
  if (names.includes(reference)) return join(shipped, reference);
  const found = await stat(reference).catch(() => undefined);
  if (found?.isDirectory()) return reference;
  if (found) {
    throw new Error(
      `loadModel: ${reference} is a file; expected a folder with a manifest.json${
        reference.endsWith(".json") ? `, or chain:${reference} for a chain` : ""
      }`,
    );
  }
  throw new Error(
    `loadModel: there is no model "${reference}"; expected ${names.length > 0 ? `one of ${names.join(", ")}, ` : ""}the path of a model folder, or chain:FILE.json`,
  );
}

/** The text of a manifest's tokens and back. */
export async function manifestText(folder: string, manifest: Manifest): Promise<TextCodec> {
  const { tokenizer } = manifest;
  return tokenizer === undefined ? plainCodec(manifest) : openTokenizer(join(folder, tokenizer), manifest);
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

async function modelFromFolder(
  folder: string,
  { threads, small = false, length: wished }: LoadOptions,
): Promise<Model> {
  const manifest = resized(await readManifest(folder), wished);
  const { name, description, length, vocabulary, alphabet } = manifest;
  const sequences = async (name: string | undefined) =>
    name === undefined ? undefined : readHeldOut(join(folder, name), { length, vocabulary });
  const { file: named, sha256 } = small ? (manifest.small ?? { file: undefined }) : manifest;
  if (named === undefined) {
    throw new Error(
      `loadModel: the smaller file of "${name}" was asked for, and its manifest names none; load it without "small"`,
    );
  }
  const file = join(folder, named);
  const fingerprint = await checkedFingerprint(file, sha256);
  const { data } = manifest;
  if (data && !small) await checkedFingerprint(join(folder, data.file), data.sha256);
  const known = {
    name,
    description,
    manifest,
    folder,
    process: processFrom(manifest.process, { vocabulary }),
    processDescription: processPart(manifest.process),
    noise: noiseFrom(manifest.noise),
    noiseDescription: manifest.noise,
    text: () => manifestText(folder, manifest),
    heldOut: () => sequences(manifest.heldOut),
    fresh: () => sequences(manifest.fresh ?? manifest.heldOut),
  };
  if (manifest.kind === "chain") {
    const read = await readChainFile(file);
    if (read.vocabulary !== vocabulary || read.chain.length !== length) {
      throw new Error(
        `loadModel: ${file} has ${read.vocabulary} tokens and length ${read.chain.length}; the manifest says vocabulary ${vocabulary} and length ${length}: correct the one that is wrong`,
      );
    }
    const letters = alphabet ?? read.alphabet;
    const text = async () => plainCodec({ alphabet: letters, vocabulary });
    return { ...known, ...fromChain(read), text, ...(alphabet === undefined ? {} : { alphabet }) };
  }
  const opened = await openOnnx(file, { manifest, ...(threads === undefined ? {} : { threads }) });
  return { ...known, ...opened, fingerprint, ...(alphabet === undefined ? {} : { alphabet }) };
}

async function chainFromFile(reference: string): Promise<Model> {
  const path = reference.slice("chain:".length);
  if (path === "") throw new Error("loadModel: chain: names no file; expected chain:FILE.json");
  const read = await readChainFile(path);
  const noise: NoiseDescription = { name: "linear" };
  const order = Math.round(Math.log(read.chain.initial.length) / Math.log(read.vocabulary)) || 1;
  return {
    name: reference,
    description: `exact posterior of a Markov chain of order ${order} over ${read.vocabulary} tokens`,
    process: processFrom("absorbing", { vocabulary: read.vocabulary }),
    processDescription: { name: "absorbing" },
    noise: noiseFrom(noise),
    noiseDescription: noise,
    text: async () => plainCodec(read),
    heldOut: async () => undefined,
    fresh: async () => undefined,
    ...fromChain(read),
  };
}

function fromChain({ chain, alphabet }: ChainFile) {
  return {
    denoiser: markovChain(chain),
    chain,
    fingerprint: chainFingerprint(chain),
    ...(alphabet === undefined ? {} : { alphabet }),
    dispose: async () => {},
  };
}

/**
 * The same chain under another process or noise: exact posteriors are known for all of them. A network knows
 * only the corruption it was trained on.
 *
 * @throws RangeError if the model is no chain
 */
export function corrupted(
  model: Model,
  { process, noise }: { process?: NamedPart; noise?: NamedPart },
): Model {
  if (!process && !noise) return model;
  if (!model.chain) {
    throw new RangeError(
      `model "${model.name}" is a network trained on ${model.process.name} noise; only chains run under another process or noise`,
    );
  }
  const { vocabulary } = model.denoiser;
  const own = process ? processFrom(process, { vocabulary }) : model.process;
  const described = noise ?? model.noiseDescription;
  const fast = noiseFrom(described);
  const likelihood = own.mask === undefined ? { likelihoodInto: observation(own, fast) } : {};
  return {
    ...model,
    process: own,
    processDescription: process ?? model.processDescription,
    noise: fast,
    noiseDescription: described,
    denoiser: markovChain({ ...model.chain, ...likelihood }),
  };
}

/** Folders of the shipped models that have a manifest. */
async function shippedNames(): Promise<string[]> {
  const entries = await readdir(shipped, { withFileTypes: true }).catch(() => []);
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  const isModel = await Promise.all(names.map((name) => isThere(join(shipped, name, "manifest.json"))));
  return names.filter((_, at) => isModel[at]).sort();
}
