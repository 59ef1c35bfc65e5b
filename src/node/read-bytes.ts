import { readFile, stat } from "node:fs/promises";
import { fileProblem } from "./file-problem.ts";

/**
 * The bytes of a file.
 *
 * @param options.limit bytes above which the file is refused unread @param options.caller what errors begin with
 * @throws Error naming the file if it cannot be read or is too large
 */
export async function readBytes(
  path: string,
  { limit, caller }: { limit: number; caller: string },
): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const { size } = await stat(path);
    if (size > limit) {
      throw new RangeError(`it has ${size} bytes; expected at most ${limit}: give a smaller file`);
    }
    return new Uint8Array(await readFile(path));
  } catch (cause) {
    throw new Error(`${caller}: cannot read ${path}: ${fileProblem(cause)}`, { cause });
  }
}
