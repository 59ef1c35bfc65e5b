import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { FILE_LIMIT, type Files } from "../model/files.ts";
import { fileProblem } from "./file-problem.ts";
import { checkFingerprint, fingerprintOf } from "./fingerprint.ts";

/** The files in a folder. */
export function folderFiles(folder: string): Files {
  const where = (name: string): string => join(folder, name);
  const bytes: Files["bytes"] = async (name, { limit = FILE_LIMIT, sha256, caller = "loadModel" } = {}) => {
    const path = where(name);
    let read: Uint8Array<ArrayBuffer>;
    try {
      const { size } = await stat(path);
      if (size > limit) {
        throw new RangeError(`it has ${size} bytes; expected at most ${limit}: give a smaller file`);
      }
      read = new Uint8Array(await readFile(path));
    } catch (cause) {
      throw new Error(`${caller}: cannot read ${path}: ${fileProblem(cause)}`, { cause });
    }
    checkFingerprint(path, fingerprintOf(read), sha256);
    return read;
  };
  return {
    where,
    bytes,
    text: async (name, options) => new TextDecoder().decode(await bytes(name, options)),
  };
}
