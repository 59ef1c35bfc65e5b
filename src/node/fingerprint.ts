import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { fileProblem } from "./file-problem.ts";

/**
 * SHA-256 of a file's bytes, hexadecimal.
 *
 * @throws Error naming the file if it cannot be read
 */
export async function fileFingerprint(path: string): Promise<string> {
  const hash = createHash("sha256");
  try {
    await pipeline(createReadStream(path, { highWaterMark: 2 ** 20 }), hash);
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
export async function checkedFingerprint(path: string, expected: string): Promise<void> {
  checkFingerprint(path, await fileFingerprint(path), expected);
}

/** @throws Error naming the file unless it has the fingerprint that is expected */
export function checkFingerprint(path: string, found: string, expected: string): void {
  if (expected.toLowerCase() === found) return;
  throw new Error(
    `loadModel: ${path} has the SHA-256 ${found}; the manifest says ${expected}: the file is damaged or another one, so fetch it again or correct the manifest`,
  );
}

/** SHA-256 of bytes, or of a text in UTF-8, hexadecimal. */
export function fingerprintOf(data: Uint8Array | string): string {
  return createHash("sha256").update(data).digest("hex");
}
