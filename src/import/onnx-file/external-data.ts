import { createReadStream } from "node:fs";
import { mkdir, stat } from "node:fs/promises";
import { dirname, join, normalize } from "node:path";
import { staysInside } from "../../model/stays-inside.ts";
import { fileProblem } from "../../node/file-problem.ts";
import { quoted } from "../quoted.ts";
import { type OnnxModel, tensorsOf } from "./onnx-model.ts";
import { writeHashed } from "./write-onnx.ts";

/** A file beside a model that holds numbers of its tensors. */
export interface ExternalFile {
  /** Relative to the model, and inside its folder. */
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
}

/**
 * The files that a model keeps its weights in.
 *
 * @param options.folder where the model is @param options.where the model, as errors name it
 * @param options.reserved names that such a file must not have
 * @throws Error with one sentence if a file is outside the folder, not there, or too short for what should be in it
 */
export async function externalFiles(
  { graph }: OnnxModel,
  { folder, where, reserved }: { folder: string; where: string; reserved: readonly string[] },
): Promise<ExternalFile[]> {
  const found = new Map<string, ExternalFile>();
  for (const tensor of tensorsOf(graph)) {
    if (tensor.dataLocation !== 1) continue;
    const place = new Map(tensor.externalData.map(({ key, value }) => [key, value]));
    const location = place.get("location") ?? "";
    const refuse = (problem: string): Error =>
      new Error(`${where}: the weight ${quoted(tensor.name)} is in the file ${quoted(location)}, ${problem}`);
    const name = normalize(location);
    if (!staysInside(location)) {
      throw refuse("which is not inside the model's folder; export it with its weights beside it");
    }
    if (reserved.includes(name.toLowerCase())) {
      throw refuse("a name that a file of every model folder has; export it with another one");
    }
    let file = found.get(name);
    if (!file) {
      const path = join(folder, name);
      const entry = await stat(path).catch((cause: unknown) => {
        throw refuse(fileProblem(cause));
      });
      if (!entry.isFile()) throw refuse("which is no file");
      file = { name, path, bytes: entry.size };
      found.set(name, file);
    }
    const [offset, length] = [place.get("offset") ?? "0", place.get("length") ?? "0"];
    if (!/^\d+$/.test(offset) || !/^\d+$/.test(length) || Number(offset) + Number(length) > file.bytes) {
      throw refuse(
        `at ${quoted(offset)}, ${quoted(length)} bytes long, and the file has ${file.bytes}; it is cut short or of another model`,
      );
    }
  }
  return [...found.values()];
}

/**
 * Copies such files into a folder, where they have the same names.
 *
 * @returns SHA-256 of each
 */
export async function copyExternal(
  files: readonly ExternalFile[],
  { folder, onBytes }: { folder: string; onBytes: (bytes: number) => void },
): Promise<string[]> {
  const hashes: string[] = [];
  let before = 0;
  for (const { name, path } of files) {
    const target = join(folder, name);
    await mkdir(dirname(target), { recursive: true });
    const { sha256, bytes } = await writeHashed(target, async (write, position) => {
      for await (const piece of createReadStream(path, { highWaterMark: 2 ** 22 })) {
        await write(piece as Uint8Array);
        onBytes(before + position());
      }
    });
    hashes.push(sha256);
    before += bytes;
  }
  return hashes;
}
