import { basename, resolve } from "node:path";
import { noiseFrom, processFrom } from "../model/corruption.ts";
import type { Manifest } from "../model/manifest.ts";
import type { Built } from "./architecture.ts";
import { maskToken } from "./tokenizer/mask-token.ts";
import { USUAL_LENGTH } from "./usual-length.ts";

/** A manifest before its network is written. */
export type Unwritten = Omit<Manifest, "file" | "sha256">;

/** What is known of a checkpoint besides its network. */
export interface Known {
  readonly architecture: string;
  readonly parameters: number;
  readonly folder: string;
  /** config.json, as errors name it. */
  readonly where: string;
  /** What the caller wants instead of what the checkpoint says. */
  readonly wishes: {
    readonly name?: string;
    readonly license?: string;
    readonly source?: string;
    readonly length?: number;
    readonly mask?: number;
    readonly tokenizer?: string | false;
  };
}

/**
 * Tokens as the library numbers them: a mask in the network's last column is left out of the vocabulary, one that has
 * no column is the token behind it, and any other stays a token, which is never predicted.
 *
 * @param where the file, as errors name it
 * @throws Error with one sentence if there is no such noise, or no such process over these tokens
 */
export function numbered(
  { width, mask, noise, process }: Pick<Built, "width" | "noise" | "process"> & { mask: number | undefined },
  where: string,
): Pick<Manifest, "vocabulary" | "maskColumn" | "mask"> {
  const isLast = mask === width - 1;
  const vocabulary = isLast ? width - 1 : width;
  try {
    noiseFrom(noise);
    processFrom(process, { vocabulary });
  } catch (cause) {
    throw new Error(`${where}: ${(cause as Error).message}`, { cause });
  }
  if (isLast) return { vocabulary, maskColumn: true };
  return { vocabulary, ...(mask === undefined || mask === width ? {} : { mask }) };
}

/**
 * The manifest of a network that was built.
 *
 * @throws Error with one sentence if the mask is not known, or what the caller or the config says is out of range
 */
export async function describe(built: Built, known: Known): Promise<Unwritten> {
  const { architecture, parameters, folder, where, wishes } = known;
  const { longest, padding } = built;
  const mask = await maskOf(built, known);
  const length = wishes.length ?? Math.min(longest, USUAL_LENGTH);
  if (!(Number.isInteger(length) && length >= 1 && length <= longest)) {
    throw new RangeError(`length = ${length}; expected 1 to ${longest}, the most that ${where} allows`);
  }
  const { vocabulary, ...masked } = numbered({ ...built, mask }, where);
  return {
    format: "fewstep/model",
    version: 1,
    name: wishes.name || basename(resolve(folder)) || architecture,
    description: `imported ${architecture} checkpoint of ${parameters.toLocaleString("en")} parameters`,
    license: wishes.license || "not stated; see where the checkpoint comes from",
    kind: "onnx",
    process: built.process,
    noise: built.noise,
    timeFree: built.sigma !== true,
    length,
    longest,
    vocabulary,
    inputs: { tokens: "x", ...(built.sigma ? { sigma: "sigma" } : {}), rows: "rows" },
    ...masked,
    ...(padding !== undefined && padding < vocabulary && padding !== mask ? { padding } : {}),
    ...(built.returns === undefined ? {} : { returns: built.returns }),
    training: { architecture, ...(wishes.source === undefined ? {} : { source: wishes.source }) },
  };
}

/** The mask as the caller says, else as the config says, else as the tokenizer's files say. */
async function maskOf({ mask: own, width }: Built, { folder, wishes }: Known): Promise<number | undefined> {
  if (own === undefined) {
    if (wishes.mask === undefined) return undefined;
    throw new RangeError(`mask = ${wishes.mask}, and the noise of this checkpoint has no mask; leave it out`);
  }
  const mask = wishes.mask ?? (own === "tokenizer" ? await maskToken(wishes.tokenizer || folder) : own);
  if (mask === undefined) {
    throw new Error(
      `${folder} does not say which token is the mask: config.json has no such field, and the tokenizer's files are not there; fetch tokenizer.json beside it, or name the token with --mask`,
    );
  }
  if (Number.isInteger(mask) && mask >= 0 && mask < width) return mask;
  throw new RangeError(
    `${folder}: the mask is token ${mask}; expected one of the ${width} tokens of config.json`,
  );
}
