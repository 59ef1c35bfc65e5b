import { join } from "node:path";
import { FILE_LIMIT, type Files } from "../model/files.ts";
import { checkFingerprint, fingerprintOf } from "./fingerprint.ts";
import { readBytes } from "./read-bytes.ts";

/** The files in a folder. */
export function folderFiles(folder: string): Files {
  const where = (name: string): string => join(folder, name);
  const bytes: Files["bytes"] = async (name, { limit = FILE_LIMIT, sha256, caller = "loadModel" } = {}) => {
    const path = where(name);
    const read = await readBytes(path, { limit, caller });
    if (sha256 !== undefined) checkFingerprint(path, fingerprintOf(read), sha256);
    return read;
  };
  return {
    where,
    bytes,
    text: async (name, options) => new TextDecoder().decode(await bytes(name, options)),
  };
}
