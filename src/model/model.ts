import type { Denoiser } from "../denoisers/denoiser.ts";
import { type ChainOptions, markovChain } from "../denoisers/markov-chain.ts";
import { observation } from "../denoisers/observation.ts";
import type { NamedPart } from "../make-part.ts";
import type { Noise } from "../noise/noise.ts";
import type { Process } from "../processes/process.ts";
import { type ChainFile, canonicalChain, chainLimits, parseChain } from "./chain-file.ts";
import { type NoiseDescription, noiseFrom, processFrom, processPart } from "./corruption.ts";
import { type Files, readJsonOf } from "./files.ts";
import { type Manifest, parseManifest } from "./manifest.ts";
import type { Network } from "./network-denoiser.ts";
import { parseSequences } from "./sequences.ts";
import { plainCodec, type TextCodec } from "./text-codec.ts";

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
  /** Absent for a chain file by itself. */
  readonly manifest?: Manifest;
  /** Where its files are, if it has a manifest. */
  readonly source?: ModelSource;
  /** The chain whose exact posterior the denoiser is, if it is one. */
  readonly chain?: ChainOptions;
  /** Text of the tokens and back: of the tokenizer, which is read when first asked for, or of the alphabet, else numbers. */
  text(): Promise<TextCodec>;
  /** Data the model was not trained on, [n, length], if it comes with any. */
  heldOut(): Promise<Int32Array | undefined>;
  /** Data of the law that the measures compare with, [n, length], if the model comes with any; else as heldOut. */
  fresh(): Promise<Int32Array | undefined>;
  /** Frees what the runtime holds; the denoiser is then of no more use. */
  dispose(): Promise<void>;
}

/** What a platform does for a model: it reads files, and runs networks. */
export interface ModelSource {
  readonly files: Files;
  /** SHA-256 of a text in UTF-8, 64 hexadecimal digits. */
  fingerprint(text: string): Promise<string>;
  /** @throws Error in one sentence if the file is another one, or no network as described */
  openNetwork(file: NetworkFile, network: Network): Promise<OpenNetwork>;
  /** @throws Error in one sentence if the file is none of a tokenizer */
  openTokenizer(name: string, manifest: Manifest): Promise<TextCodec>;
}

/** A network's file, and what its bytes must be. */
export interface NetworkFile {
  readonly file: string;
  readonly sha256?: string;
  /** The weights, where they are kept beside the file. */
  readonly data?: { readonly file: string; readonly sha256: string };
}

/** A network in a runtime. */
export interface OpenNetwork {
  readonly denoiser: Denoiser;
  /** SHA-256 of the file's bytes. */
  fingerprint(): Promise<string>;
  dispose(): Promise<void>;
}

/** Reads and checks the manifest of a model. @throws Error with one sentence naming the file and the field */
export async function readManifestOf(files: Files): Promise<Manifest> {
  const name = "manifest.json";
  return parseManifest(await readJsonOf(files, name, { limit: 2 ** 20 }), files.where(name));
}

/**
 * The model that a manifest describes.
 *
 * @param options.small the same model in fewer bytes, where the manifest names it
 * @throws Error with one sentence if a file is damaged or disagrees with the manifest
 */
export async function modelOf(
  manifest: Manifest,
  source: ModelSource,
  { small = false }: { small?: boolean } = {},
): Promise<Model> {
  const { name, description, length, vocabulary, alphabet, data } = manifest;
  const { files } = source;
  const sequences = async (file: string | undefined) => {
    if (file === undefined) return undefined;
    const bytes = await files.bytes(file, { caller: "heldOut" });
    return parseSequences(bytes, { length, vocabulary, path: files.where(file) });
  };
  const named = small ? manifest.small : manifest;
  if (named === undefined) {
    throw new Error(
      `loadModel: the smaller file of "${name}" was asked for, and its manifest names none; load it without "small"`,
    );
  }
  const { file, sha256 } = named;
  let codec: Promise<TextCodec> | undefined;
  const known = {
    name,
    description,
    manifest,
    source,
    process: processFrom(manifest.process, { vocabulary }),
    processDescription: processPart(manifest.process),
    noise: noiseFrom(manifest.noise),
    noiseDescription: manifest.noise,
    text: () => (codec ??= textOf(manifest, source)),
    heldOut: () => sequences(manifest.heldOut),
    fresh: () => sequences(manifest.fresh ?? manifest.heldOut),
    ...(alphabet === undefined ? {} : { alphabet }),
  };
  const checked = sha256 === undefined ? {} : { sha256 };
  if (manifest.kind === "onnx") {
    const own = { file, ...checked, ...(data && !small ? { data } : {}) };
    const opened = await source.openNetwork(own, manifest);
    return { ...known, ...opened, fingerprint: await opened.fingerprint() };
  }
  const where = files.where(file);
  const read = parseChain(await readJsonOf(files, file, { limit: chainLimits.bytes, ...checked }), where);
  if (read.vocabulary !== vocabulary || read.chain.length !== length) {
    throw new Error(
      `loadModel: ${where} has ${read.vocabulary} tokens and length ${read.chain.length}; the manifest says vocabulary ${vocabulary} and length ${length}: correct the one that is wrong`,
    );
  }
  const letters = alphabet ?? read.alphabet;
  return {
    ...known,
    ...(await chainParts(read, source)),
    text: async () => plainCodec({ alphabet: letters, vocabulary }),
    ...(letters === undefined ? {} : { alphabet: letters }),
  };
}

/** The text of a manifest's tokens and back. @throws Error in one sentence if its tokenizer cannot be used */
export async function textOf(
  manifest: Manifest,
  source: Pick<ModelSource, "openTokenizer">,
): Promise<TextCodec> {
  const { tokenizer } = manifest;
  return tokenizer === undefined ? plainCodec(manifest) : source.openTokenizer(tokenizer, manifest);
}

/** The model of a chain file that has no manifest. */
export async function chainModel(
  name: string,
  file: ChainFile,
  source: Pick<ModelSource, "fingerprint">,
): Promise<Model> {
  const { chain, vocabulary, alphabet } = file;
  const noise: NoiseDescription = { name: "linear" };
  const order = Math.round(Math.log(chain.initial.length) / Math.log(vocabulary)) || 1;
  return {
    name,
    description: `exact posterior of a Markov chain of order ${order} over ${vocabulary} tokens`,
    process: processFrom("absorbing", { vocabulary }),
    processDescription: { name: "absorbing" },
    noise: noiseFrom(noise),
    noiseDescription: noise,
    text: async () => plainCodec(file),
    heldOut: async () => undefined,
    fresh: async () => undefined,
    ...(await chainParts(file, source)),
    ...(alphabet === undefined ? {} : { alphabet }),
  };
}

async function chainParts({ chain }: ChainFile, source: Pick<ModelSource, "fingerprint">) {
  return {
    denoiser: markovChain(chain),
    chain,
    fingerprint: await source.fingerprint(canonicalChain(chain)),
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
