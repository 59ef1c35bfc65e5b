import { parseJson } from "../model/files.ts";
import { readBytes } from "./read-bytes.ts";

/**
 * Reads a JSON file.
 *
 * @param options.limit bytes above which the file is refused unread
 * @throws Error naming the file if it cannot be read, is too large or is not JSON
 */
export async function readJson(path: string, { limit = 2 ** 26 }: { limit?: number } = {}): Promise<unknown> {
  const caller = "readJson";
  const bytes = await readBytes(path, { limit, caller });
  return parseJson(new TextDecoder().decode(bytes), { where: path, caller });
}
