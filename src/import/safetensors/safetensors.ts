import { type FileHandle, open, stat } from "node:fs/promises";
import { fileProblem } from "../../node/file-problem.ts";
import { asFloat32, type FloatType, floatTypes } from "./floats.ts";
import { type TensorEntry, tensorEntries } from "./safetensors-header.ts";

/** An open safetensors file. Its tensors stay on the disk until they are asked for. */
export interface SafetensorsFile {
  readonly path: string;
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  /**
   * A tensor's numbers in order as float32, piece by piece; a piece is the caller's until the next one is asked
   * for.
   */
  floats(entry: TensorEntry & { readonly type: FloatType }): AsyncIterable<Float32Array<ArrayBuffer>>;
  close(): Promise<void>;
}

/**
 * Above any header: a hundred thousand tensors need half of it. The format's own bound is 100,000,000, and text of
 * hostile make takes several times its length in memory.
 */
const MOST_HEADER_BYTES = 2 ** 24;

/** What is read at once: large enough for a disk, small beside any model. */
const PIECE_BYTES = 2 ** 22;

/**
 * Opens a safetensors file and reads its header, whose claims are checked against the file's size before
 * anything is allocated for them.
 *
 * @throws Error with one sentence if the file cannot be read or is not as the format says
 */
export async function openSafetensors(path: string): Promise<SafetensorsFile> {
  const file = await openFile(path);
  try {
    const { tensors, dataBegin } = await readHeader(file, path);
    return {
      path,
      tensors,
      close: () => file.close(),
      async *floats({ type, begin, end }) {
        const piece = new Uint8Array(Math.min(PIECE_BYTES, end - begin));
        for (let at = begin; at < end; at += piece.length) {
          const bytes = piece.subarray(0, Math.min(piece.length, end - at));
          await readFully(file, bytes, { position: dataBegin + at, path });
          yield asFloat32(bytes, type);
        }
      },
    };
  } catch (cause) {
    await file.close();
    throw cause;
  }
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    // Asked before it is opened: opening a pipe would wait for someone to write into it.
    if ((await stat(path)).isFile()) return await open(path, "r");
  } catch (cause) {
    throw new Error(`cannot read ${path}: ${fileProblem(cause)}`, { cause });
  }
  throw new Error(`cannot read ${path}: it is no file; name a safetensors file`);
}

async function readHeader(file: FileHandle, path: string) {
  const info = await file.stat();
  const tooShort = `${path} has ${info.size} bytes; expected a safetensors file, which begins with its header: it is cut short or of another kind`;
  if (info.size < 8) throw new Error(tooShort);
  const prefix = new Uint8Array(8);
  await readFully(file, prefix, { position: 0, path });
  const length = new DataView(prefix.buffer).getBigUint64(0, true);
  if (length > MOST_HEADER_BYTES) {
    throw new Error(
      `${path} claims a header of ${length} bytes; expected at most ${MOST_HEADER_BYTES}: it is damaged or no safetensors file`,
    );
  }
  const dataBegin = 8 + Number(length);
  if (dataBegin > info.size) {
    throw new Error(
      `${path} claims a header of ${length} bytes, and has ${info.size}; it is cut short, so fetch it again`,
    );
  }
  const header = new Uint8Array(Number(length));
  await readFully(file, header, { position: 8, path });
  let json: string;
  try {
    json = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(header);
  } catch (cause) {
    throw new Error(`${path}: its header is not JSON; the file is damaged, so fetch it again`, { cause });
  }
  return { dataBegin, tensors: tensorEntries(json, { dataBytes: info.size - dataBegin, where: path }) };
}

/** @throws Error if the file ends early: it was cut short while it was read */
async function readFully(
  file: FileHandle,
  bytes: Uint8Array,
  { position, path }: { position: number; path: string },
): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesRead } = await file.read(bytes, done, bytes.length - done, position + done);
    if (bytesRead === 0) throw new Error(`${path} became shorter while it was read; fetch it again`);
    done += bytesRead;
  }
}

/** Whether a tensor's numbers become float32. */
export function isFloat(entry: TensorEntry): entry is TensorEntry & { readonly type: FloatType } {
  return floatTypes.some((type) => type === entry.type);
}
