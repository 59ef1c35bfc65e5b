import { basename, dirname, resolve } from "node:path";
import { numbered, type Unwritten } from "./describe.ts";
import type { OnnxRoles } from "./onnx-roles.ts";
import { quoted } from "./quoted.ts";
import { maskToken } from "./tokenizer/mask-token.ts";

/** What the caller says of a network that the file does not. */
export interface OnnxWishes {
  readonly name?: string;
  readonly license?: string;
  readonly length?: number;
  readonly mask?: number;
  /** The folder with the tokenizer's files; default where the file is; false for none. */
  readonly tokenizer?: string | false;
  /** How the network was trained to see tokens corrupted; default "absorbing". */
  readonly process?: "absorbing" | "uniform";
}

interface Known {
  readonly file: string;
  readonly wishes: OnnxWishes;
}

/**
 * The manifest of somebody's network before it is written, its tokens `numbered`.
 *
 * @throws Error with one sentence if the length or the mask is not known or cannot be
 */
export async function describeOnnx(roles: OnnxRoles, { file, wishes }: Known): Promise<Unwritten> {
  const { process = "absorbing", name, license } = wishes;
  const { tokens, time, sigma, output, width } = roles;
  const length = lengthOf(roles, { file, wishes });
  const mask = process === "absorbing" ? await maskOf(roles, { file, wishes }) : undefined;
  if (process === "uniform" && wishes.mask !== undefined) {
    throw new RangeError(`mask = ${wishes.mask}, and the process uniform has no mask; leave it out`);
  }
  // A noise level is finite: as SEDD, MDLM and Duo were trained.
  const noise = sigma === undefined ? { name: "linear" } : { name: "linear", eps: 0.001 };
  const { vocabulary, ...masked } = numbered({ width, mask, noise, process }, file);
  return {
    format: "fewstep/model",
    version: 1,
    name: name || nameOf(file),
    description: `imported from the ONNX file ${basename(file)}`,
    license: license || "not stated; see where the file comes from",
    kind: "onnx",
    process,
    noise,
    timeFree: time === undefined && sigma === undefined,
    length,
    vocabulary,
    inputs: { tokens, ...(time === undefined ? {} : { time }), ...(sigma === undefined ? {} : { sigma }) },
    output,
    ...masked,
    training: { architecture: "onnx" },
  };
}

function lengthOf({ length, tokens }: OnnxRoles, { file, wishes }: Known): number {
  const due = wishes.length ?? length;
  if (due === undefined) {
    throw new Error(
      `${file} takes ${quoted(tokens)} of any length; say how many positions a sample has, with --length`,
    );
  }
  if (length !== undefined && due !== length) {
    throw new RangeError(`length = ${due}; expected ${length}, the only one that ${file} takes`);
  }
  if (Number.isInteger(due) && due >= 1) return due;
  throw new RangeError(`length = ${due}; expected a whole number >= 1`);
}

/**
 * The mask as the caller says, else as a tokenizer's files beside the model or above it say, else the one token that
 * the network reads and never predicts.
 */
async function maskOf({ width, known }: OnnxRoles, { file, wishes }: Known): Promise<number> {
  const folders = wishes.tokenizer ? [wishes.tokenizer] : tokenizerPlaces(file);
  let mask = wishes.mask;
  for (const folder of folders) mask ??= await maskToken(folder);
  mask ??= known === width + 1 ? width : undefined;
  if (mask === undefined) {
    throw new Error(
      `${file} does not say which token is the mask; name it with --mask: ${width - 1} where it is the last column of the output, ${width} where it has none, or say --process uniform if there is no mask`,
    );
  }
  const most = known !== undefined && known <= width ? known - 1 : width;
  if (Number.isInteger(mask) && mask >= 0 && mask <= most) return mask;
  throw new RangeError(
    `mask = ${mask}; expected 0 to ${most}, as ${file} has ${width} columns in its output`,
  );
}

/** Where the files of a model's tokenizer are: beside it, or one folder up where this one is called onnx. */
export function tokenizerPlaces(file: string): string[] {
  const folder = dirname(resolve(file));
  return basename(folder) === "onnx" ? [folder, dirname(folder)] : [folder];
}

/** "bert" for bert.onnx, and the folder's name where the file is called model. */
function nameOf(file: string): string {
  const stem = basename(file).replace(/\.onnx$/i, "");
  if (stem !== "model") return stem || "onnx";
  const folder = dirname(resolve(file));
  return basename(basename(folder) === "onnx" ? dirname(folder) : folder) || stem;
}
