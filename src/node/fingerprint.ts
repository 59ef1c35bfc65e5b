import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import type { ChainOptions } from "../denoisers/markov-chain.ts";
import { fileProblem } from "./file-problem.ts";

/**
 * SHA-256 of a file's bytes, hexadecimal.
 *
 * @throws Error naming the file if it cannot be read
 */
export async function fileFingerprint(path: string): Promise<string> {
  const hash = createHash("sha256");
  try {
    await pipeline(createReadStream(path), hash);
  } catch (cause) {
    throw new Error(`loadModel: cannot read ${path}: ${fileProblem(cause)}`, { cause });
  }
  return hash.digest("hex");
}

/**
 * The same, held against what a manifest says.
 *
 * @throws Error naming the file if it cannot be read or has another fingerprint
 */
export async function checkedFingerprint(path: string, expected: string | undefined): Promise<string> {
  const found = await fileFingerprint(path);
  if (expected === undefined || expected.toLowerCase() === found) return found;
  throw new Error(
    `loadModel: ${path} has the SHA-256 ${found}; the manifest says ${expected}: the file is damaged or another one, so fetch it again or correct the manifest`,
  );
}

/**
 * SHA-256 of a chain's canonical JSON, {"initial":[...],"transition":[[...],...],"length":D}: equal for equal
 * laws, however their file is laid out.
 */
export function chainFingerprint({ initial, transition, length }: ChainOptions): string {
  const vocabulary = transition.length / initial.length;
  const law = Float64Array.from(transition);
  const hash = createHash("sha256");
  hash.update(`{"initial":${JSON.stringify(Array.from(initial))},"transition":[`);
  for (let row = 0; row < initial.length; row++) {
    const entries = Array.from(law.subarray(row * vocabulary, (row + 1) * vocabulary));
    hash.update(`${row === 0 ? "" : ","}${JSON.stringify(entries)}`);
  }
  hash.update(`],"length":${length}}`);
  return hash.digest("hex");
}
