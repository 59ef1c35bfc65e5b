import * as z from "zod/mini";
import type { Noise } from "../noise/noise.ts";
import type { Process } from "../processes/process.ts";
import type { GreyDescription } from "../tokens/grey.ts";
import type { NotesDescription } from "../tokens/notes.ts";
import { checkSchema } from "./check-schema.ts";
import {
  type NoiseDescription,
  noiseFrom,
  noiseSchema,
  type ProcessDescription,
  processFrom,
  processSchema,
} from "./corruption.ts";
import { fileName, npyName, sha256, text, whole } from "./manifest-fields.ts";
import { discreteOnly } from "./model-space.ts";
import { checkAlphabet } from "./text.ts";

/** A measure of sample quality that makes sense for a model. */
export type MeasureDescription =
  /** KL of the samples' n-grams from those of a reference: a file of the folder, or the model's own chain. */
  | { readonly kind: "n-gram-kl"; readonly n: number; readonly reference: string }
  /** Share of words that are in a list, a file of the folder with one word a line. */
  | { readonly kind: "word-share"; readonly words: string }
  | { readonly kind: "unigram-entropy" }
  | { readonly kind: "distinct" }
  | { readonly kind: "rule-error" }
  /** KL of pairs of neighbouring real words from counts [n + 1, n + 1]: n listed words, and all others. */
  | {
      readonly kind: "word-bigram-kl";
      readonly words: string;
      readonly common: string;
      readonly reference: string;
    }
  /** Bits per token under an autoregressive network, a file of the folder; row d of its logits predicts token d. */
  | { readonly kind: "likelihood"; readonly network: string }
  /** KL of melodic steps from onset to onset against those of the held-out data. */
  | { readonly kind: "interval-kl" }
  /** Distance of histograms of notes: from the true continuation's where a beginning was given, else the data's. */
  | { readonly kind: "note-hellinger" }
  /** Share of notes that the true continuation does not have; only where a beginning was given. */
  | { readonly kind: "note-outliers" }
  /** Frechet distance to reference sequences in a fixed feature space, both files of the folder. */
  | { readonly kind: "frechet"; readonly features: string; readonly reference: string }
  /** Share of samples further from every reference sequence than real ones are but for one in twenty. */
  | { readonly kind: "far-share"; readonly reference: string };

/** What the tokens of a model stand for, where they are no characters. */
export type TokensDescription = NotesDescription | GreyDescription;

/** What manifest.json of a model folder says. File names are relative to the folder and stay inside it. */
export interface Manifest {
  readonly format: "fewstep/model";
  readonly version: 1;
  readonly name: string;
  readonly description: string;
  readonly license: string;
  /** "onnx": a network; "chain": the exact posterior of a Markov chain, `file` being a chain file. */
  readonly kind: "onnx" | "chain";
  readonly file: string;
  /** SHA-256 of the file, hexadecimal; checked at load if given. */
  readonly sha256?: string;
  /** The weights of an .onnx file that keeps them beside itself; checked at load. */
  readonly data?: { readonly file: string; readonly sha256: string };
  readonly process: ProcessDescription;
  readonly noise: NoiseDescription;
  readonly timeFree: boolean;
  /** D, the number of positions. */
  readonly length: number;
  /** The network takes sequences of any length up to this, `length` being the usual one; absent: of `length` alone. */
  readonly longest?: number;
  /** V, the number of clean tokens. */
  readonly vocabulary: number;
  /**
   * Names of the network's inputs; default { tokens: "x" }. Unless the model is time-free, `time` must be named, or
   * `sigma` where the network takes the noise level sigma(t) = -log alpha(t) instead of t. A network that computes
   * only the rows it is asked for takes `rows`, int64 [count] flat indexes row * length + position, and returns
   * [count, width] instead of [batch, length, width].
   */
  readonly inputs?: {
    readonly tokens: string;
    readonly time?: string;
    readonly sigma?: string;
    readonly rows?: string;
  };
  /** Name of the network's output; default "logits". */
  readonly output?: string;
  /** True where the network's output has one more column, for the mask. Default false. */
  readonly maskColumn?: boolean;
  /** The network's mask where it is one of the V tokens, and not token V. It is never predicted. */
  readonly mask?: number;
  /** The token that the network does not see: what may stand behind the end of a sequence. */
  readonly padding?: number;
  /**
   * What row d of the output is; default "logits", of clean token d. "next-logits": of clean token d + 1;
   * "leave-one-out-logits": of clean token d given the other tokens; "log-scores": log q_t(y) / q_t(x).
   */
  readonly returns?: "logits" | "next-logits" | "leave-one-out-logits" | "log-scores";
  /** The character of each token. */
  readonly alphabet?: string;
  /**
   * The tokenizer of the model's text: a tokenizer.json, as published with a checkpoint. The tokenizer_config.json
   * beside it is read too, if it is there.
   */
  readonly tokenizer?: string;
  /** What the tokens stand for where they are no characters. */
  readonly tokens?: TokensDescription;
  /** The same model in fewer bytes. */
  readonly small?: { readonly file: string; readonly sha256: string };
  /** Data the model was not trained on, .npy of whole numbers [n, length]. */
  readonly heldOut?: string;
  /** Data of the law that the measures' references describe, for the value that perfect samples get; as heldOut. */
  readonly fresh?: string;
  readonly measures?: readonly MeasureDescription[];
  /**
   * How the weights are stored, where it is not as float32, and how far the logits are from those of float32 on random
   * tokens: root mean square and largest difference, mean KL in nats a position, share with the same most likely token.
   */
  readonly weights?: {
    readonly format: "fp16" | "int8" | "int4";
    readonly logitsError?: {
      readonly rootMeanSquare: number;
      readonly largest: number;
      readonly divergence: number;
      readonly sameMostLikely: number;
    };
  };
  /** How the model was made; free-form. */
  readonly training?: Readonly<Record<string, unknown>>;
}

const yesNo = z.boolean("true or false");

const measure: z.ZodMiniType<MeasureDescription> = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("n-gram-kl"), n: whole, reference: fileName }),
  z.strictObject({ kind: z.literal("word-share"), words: fileName }),
  z.strictObject({ kind: z.literal("unigram-entropy") }),
  z.strictObject({ kind: z.literal("distinct") }),
  z.strictObject({ kind: z.literal("rule-error") }),
  z.strictObject({
    kind: z.literal("word-bigram-kl"),
    words: fileName,
    common: fileName,
    reference: npyName,
  }),
  z.strictObject({ kind: z.literal("likelihood"), network: fileName }),
  z.strictObject({ kind: z.literal("interval-kl") }),
  z.strictObject({ kind: z.literal("note-hellinger") }),
  z.strictObject({ kind: z.literal("note-outliers") }),
  z.strictObject({ kind: z.literal("frechet"), features: npyName, reference: npyName }),
  z.strictObject({ kind: z.literal("far-share"), reference: npyName }),
]);

const error = z.number("a number");
const token = z.int("a token").check(z.minimum(0, "a token"));
const tokens: z.ZodMiniType<TokensDescription> = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("notes"),
    rest: token,
    hold: token,
    firstOnset: token,
    firstPitch: whole,
    ticksPerBeat: whole,
    beatsPerBar: whole,
    beatsPerMinute: whole,
  }),
  z.strictObject({ kind: z.literal("grey"), rows: whole, columns: whole }),
]);

const manifest: z.ZodMiniType<Manifest> = z.strictObject({
  format: z.literal("fewstep/model"),
  version: z.literal(1),
  name: text,
  description: text,
  license: text,
  kind: z.enum(["onnx", "chain"]),
  file: fileName,
  sha256: z.exactOptional(sha256),
  data: z.exactOptional(z.strictObject({ file: fileName, sha256 }, "an object")),
  process: processSchema,
  noise: noiseSchema,
  timeFree: yesNo,
  length: whole,
  longest: z.exactOptional(whole),
  vocabulary: whole,
  inputs: z.exactOptional(
    z.strictObject(
      {
        tokens: text,
        time: z.exactOptional(text),
        sigma: z.exactOptional(text),
        rows: z.exactOptional(text),
      },
      "an object",
    ),
  ),
  output: z.exactOptional(text),
  maskColumn: z.exactOptional(yesNo),
  mask: z.exactOptional(token),
  padding: z.exactOptional(token),
  returns: z.exactOptional(z.enum(["logits", "next-logits", "leave-one-out-logits", "log-scores"])),
  alphabet: z.exactOptional(z.string("text")),
  tokenizer: z.exactOptional(fileName),
  tokens: z.exactOptional(tokens),
  small: z.exactOptional(z.strictObject({ file: fileName, sha256 }, "an object")),
  heldOut: z.exactOptional(npyName),
  fresh: z.exactOptional(npyName),
  measures: z.exactOptional(z.array(measure, "a list")),
  weights: z.exactOptional(
    z.strictObject(
      {
        format: z.enum(["fp16", "int8", "int4"]),
        logitsError: z.exactOptional(
          z.strictObject(
            { rootMeanSquare: error, largest: error, divergence: error, sameMostLikely: error },
            "an object",
          ),
        ),
      },
      "an object",
    ),
  ),
  training: z.exactOptional(z.record(z.string(), z.unknown(), "an object")),
});

/**
 * Checks what a manifest.json holds.
 *
 * @param value its JSON
 * @param path the file, as errors name it
 * @throws Error with one sentence naming the file and the field that is wrong
 */
export function parseManifest(value: unknown, path: string): Manifest {
  discreteOnly(value, path);
  const read = checkSchema(manifest, value, path);
  const { alphabet, vocabulary, timeFree, inputs, kind } = read;
  try {
    checkReading(read, { noise: noiseFrom(read.noise), process: processFrom(read.process, { vocabulary }) });
  } catch (cause) {
    throw new Error(`${path}: ${(cause as Error).message}`, { cause });
  }
  if (alphabet !== undefined) checkAlphabet(alphabet, vocabulary, path);
  if (read.tokens) checkTokens(read.tokens, read, path);
  if (kind === "chain" && !timeFree) {
    throw new Error(`${path}: timeFree is false; expected true for a chain under absorbing noise`);
  }
  const named = inputs?.time === undefined ? "sigma" : "time";
  if (kind === "onnx" && timeFree === (inputs?.[named] !== undefined)) {
    throw new Error(
      timeFree
        ? `${path}: timeFree is true, yet inputs.${named} is "${inputs?.[named]}"; set timeFree to false or remove inputs.${named}`
        : `${path}: timeFree is false, yet inputs.time is missing; name the model's time input or set timeFree to true`,
    );
  }
  return read;
}

/** @throws RangeError unless the network's tokens and its noise level can be what the manifest says */
function checkReading(
  { mask, maskColumn, padding, vocabulary, length, longest = length, inputs, alphabet, tokenizer }: Manifest,
  { noise, process }: { noise: Noise; process: Process },
): void {
  if (longest < length) {
    throw new RangeError(`longest is ${longest}; expected at least the length, ${length}`);
  }
  if (padding !== undefined && (padding >= vocabulary || padding === mask)) {
    throw new RangeError(
      `padding is ${padding}; expected one of the ${vocabulary} tokens that is not the mask`,
    );
  }
  if (alphabet !== undefined && tokenizer !== undefined) {
    throw new RangeError("alphabet and tokenizer are both there; expected one of them");
  }
  if (mask !== undefined && (process.mask === undefined || maskColumn || mask >= vocabulary)) {
    throw new RangeError(
      `mask is ${mask}; expected one of the ${vocabulary} tokens, in a model with a process that has a mask and without maskColumn`,
    );
  }
  if (inputs?.time !== undefined && inputs.sigma !== undefined) {
    throw new RangeError("inputs names both time and sigma; expected one of them");
  }
  if (inputs?.sigma !== undefined && noise.sigma(1) === Number.POSITIVE_INFINITY) {
    throw new RangeError(
      `inputs.sigma is named, and the noise ${noise.name} has an infinite sigma at t = 1; expected noise as the network was trained with, such as linear with eps 0.001`,
    );
  }
}

/** @throws Error unless the tokens of the description fit the model's */
function checkTokens(tokens: TokensDescription, { length, vocabulary }: Manifest, path: string): void {
  if (tokens.kind === "grey") {
    const { rows, columns } = tokens;
    if (rows * columns === length) return;
    throw new Error(
      `${path}: tokens has ${rows} rows and ${columns} columns; expected as many pixels as the length, ${length}`,
    );
  }
  const { rest, hold, firstOnset, firstPitch } = tokens;
  const last = firstPitch + vocabulary - 1 - firstOnset;
  if (rest !== hold && Math.max(rest, hold) < firstOnset && firstOnset < vocabulary && last <= 127) return;
  throw new Error(
    `${path}: tokens has rest ${rest}, hold ${hold}, firstOnset ${firstOnset} and pitches ${firstPitch} to ${last}; expected rest and hold to differ and to come before the onsets, and pitches up to 127`,
  );
}
