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
import { chainFingerprint, fileFingerprint } from "./fingerprint.ts";
import { readHeldOut } from "./held-out.ts";
import { isThere } from "./is-there.ts";
import { type Manifest, readManifest } from "./manifest.ts";
import { openOnnx } from "./open-onnx.ts";

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
}

/**
 * Loads a model. The name of a model that ships wins over a folder of that name; `./name` means the folder.
 *
 * @param reference the name of a model that ships, the path of a model folder, or `chain:FILE.json`
 * @param options.threads threads of one network call; default all cores
 * @param options.small the same model in fewer bytes, where the folder has it
 * @throws Error with one sentence if there is no such model, or its files are damaged or disagree
 */
export async function loadModel(reference: string, options: LoadOptions = {}): Promise<Model> {
  const { threads } = options;
  if (threads !== undefined && (!Number.isInteger(threads) || threads < 1)) {
    throw new RangeError(`loadModel: threads = ${threads}; expected a whole number >= 1`);
  }
  if (reference.startsWith("chain:")) return chainFromFile(reference);
  const names = await shippedNames();
  if (names.includes(reference)) return modelFromFolder(join(shipped, reference), options);
  const found = await stat(reference).catch(() => undefined);
  if (found?.isDirectory()) return modelFromFolder(reference, options);
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

async function modelFromFolder(folder: string, { threads, small = false }: LoadOptions): Promise<Model> {
  const manifest = await readManifest(folder);
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
  const fingerprint = await fileFingerprint(file);
  if (sha256 !== undefined && sha256.toLowerCase() !== fingerprint) {
    throw new Error(
      `loadModel: ${file} has the SHA-256 ${fingerprint}; the manifest says ${sha256}: the file is damaged or another one, so fetch it again or correct the manifest`,
    );
  }
  const known = {
    name,
    description,
    manifest,
    folder,
    process: processFrom(manifest.process, { vocabulary }),
    processDescription: processPart(manifest.process),
    noise: noiseFrom(manifest.noise),
    noiseDescription: manifest.noise,
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
    return { ...known, ...fromChain(read), ...(alphabet === undefined ? {} : { alphabet }) };
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
