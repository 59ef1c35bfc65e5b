import { createHash, type Hash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { fileProblem } from "../../node/file-problem.ts";
import type { HubFile } from "./hub-listing.ts";

/** A part that is written from its end on, its checksum along with it. */
export interface PartWriter {
  /** Bytes that are there. */
  readonly length: number;
  append(piece: Uint8Array): Promise<void>;
  /** Throws away what is there. */
  restart(): Promise<void>;
  /** The checksum of what is there, once; nothing may follow. */
  finish(): Promise<string>;
  close(): Promise<void>;
}

const PIECE_BYTES = 2 ** 22;

/**
 * Opens a part, or makes it, and reads what is there for the checksum.
 *
 * @param options.onBytes told how many more bytes there are; negative where they are thrown away
 * @throws Error with one sentence if the disk does not let it be read or written
 */
export async function partWriter(
  path: string,
  { file, onBytes, signal }: { file: HubFile; onBytes: (more: number) => void; signal?: AbortSignal },
): Promise<PartWriter> {
  const fresh = (): Hash =>
    file.checksum.kind === "sha256" ? createHash("sha256") : createHash("sha1").update(`blob ${file.size}\0`);
  // Read and written anywhere, made if it is not there.
  const handle: FileHandle = await onDisk(
    path,
    open(path, "r+").catch((error: { code?: unknown }) => {
      if (error.code !== "ENOENT") throw error;
      return open(path, "wx+");
    }),
  );
  let hash = fresh();
  let length = 0;
  const writer: PartWriter = {
    get length() {
      return length;
    },
    async append(piece) {
      for (let done = 0; done < piece.length; ) {
        const { bytesWritten } = await onDisk(
          path,
          handle.write(piece, done, piece.length - done, length + done),
        );
        done += bytesWritten;
      }
      hash.update(piece);
      length += piece.length;
      onBytes(piece.length);
    },
    async restart() {
      await onDisk(path, handle.truncate(0));
      hash = fresh();
      onBytes(-length);
      length = 0;
    },
    async finish() {
      await onDisk(path, handle.sync());
      return hash.digest("hex");
    },
    close: () => handle.close(),
  };
  try {
    const piece = new Uint8Array(PIECE_BYTES);
    for (;;) {
      signal?.throwIfAborted();
      const { bytesRead } = await onDisk(path, handle.read(piece, 0, piece.length, length));
      if (bytesRead === 0) break;
      hash.update(piece.subarray(0, bytesRead));
      length += bytesRead;
      onBytes(bytesRead);
    }
    if (length > file.size) await writer.restart();
    return writer;
  } catch (cause) {
    await handle.close();
    throw cause;
  }
}

/** The same, with one sentence for what the file system says. */
export async function onDisk<Result>(path: string, work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (cause) {
    throw new Error(`cannot write ${path}: ${fileProblem(cause)}`, { cause });
  }
}
