import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { type Graph, type Initializer, weightBytes } from "./graph.ts";
import { elementTypes, encoded, streamed, type TensorMessage } from "./onnx-schema.ts";

/** Operators as of this version; ONNX Runtime 1.30 also knows later ones, and its own as version 1. */
const OPSET = 23;
const IR_VERSION = 11;

/** Protobuf messages end at 2^31 - 1 bytes; the rest is for the nodes. */
const MOST_INLINE_BYTES = 2 ** 31 - 2 ** 26;

/** Smaller tensors stay with the nodes: shapes are inferred from the numbers of some. */
const LEAST_EXTERNAL_BYTES = 2 ** 10;

/** External tensors begin at pages, so that they can be mapped into memory. */
const PAGE_BYTES = 4096;

const MODEL_FILE = "model.onnx";
const DATA_FILE = "model.onnx.data";

/** What was written. */
export interface WrittenOnnx {
  /** SHA-256 of model.onnx, hexadecimal. */
  readonly sha256: string;
  /** Bytes of all files. */
  readonly bytes: number;
  /** The names of the files, model.onnx first. */
  readonly files: readonly string[];
  /** The file with the weights and its SHA-256, if there is one. */
  readonly data?: { readonly file: string; readonly sha256: string };
}

/**
 * Writes a graph as model.onnx into a folder, its weights one after the other as they are read. Weights that a
 * protobuf message cannot hold go to model.onnx.data beside it, whose SHA-256 is then in the model's metadata as
 * `weights_sha256`, so that the hash of model.onnx still stands for all of them.
 *
 * @param options.inlineLimit bytes of weights above which they go to the second file
 * @param options.onBytes told how many bytes of weights have been written
 */
export async function writeOnnx(
  graph: Graph,
  {
    folder,
    inlineLimit = MOST_INLINE_BYTES,
    onBytes = () => {},
  }: { folder: string; inlineLimit?: number; onBytes?: (bytes: number) => void },
): Promise<WrittenOnnx> {
  const { message, initializers } = graph.finished();
  const external =
    weightBytes(graph) > inlineLimit ? initializers.filter(({ bytes }) => bytes >= LEAST_EXTERNAL_BYTES) : [];
  let written = 0;
  const count = (bytes: number): void => {
    written += bytes;
    onBytes(written);
  };
  const data =
    external.length > 0 ? await writeExternal(join(folder, DATA_FILE), external, count) : undefined;

  const head = encoded("ModelProto", {
    irVersion: BigInt(IR_VERSION),
    producerName: "fewstep",
    opsetImport: [
      { domain: "", version: BigInt(OPSET) },
      { domain: "com.microsoft", version: 1n },
    ],
    ...(data ? { metadataProps: [{ key: "weights_sha256", value: data.sha256 }] } : {}),
  });
  const nodes = encoded("GraphProto", message);
  const tensors = initializers.map((initializer) => tensorFrame(initializer, data?.offsets.get(initializer)));
  const graphBytes = tensors.reduce((sum, { bytes }) => sum + bytes, nodes.length);
  const model = await writeHashed(join(folder, MODEL_FILE), async (write) => {
    await write(head);
    await write(prefix(streamed.modelGraph, graphBytes));
    await write(nodes);
    for (const [at, { frame }] of tensors.entries()) {
      await write(frame);
      const initializer = initializers[at]!;
      if (data?.offsets.has(initializer)) continue;
      await writePieces(initializer, async (piece) => {
        await write(piece);
        count(piece.length);
      });
    }
  });
  return {
    sha256: model.sha256,
    bytes: model.bytes + (data?.bytes ?? 0),
    files: data ? [MODEL_FILE, DATA_FILE] : [MODEL_FILE],
    ...(data ? { data: { file: DATA_FILE, sha256: data.sha256 } } : {}),
  };
}

/** What stands before an initializer's numbers, or instead of them, and the bytes of both. */
function tensorFrame(
  { name, type, shape, bytes }: Initializer,
  offset: number | undefined,
): { frame: Uint8Array; bytes: number } {
  const tensor: TensorMessage = { name, dims: shape.map(BigInt), dataType: elementTypes[type] };
  if (offset !== undefined) {
    const place = { location: DATA_FILE, offset: `${offset}`, length: `${bytes}` };
    const externalData = Object.entries(place).map(([key, value]) => ({ key, value }));
    const body = encoded("TensorProto", { ...tensor, dataLocation: 1, externalData });
    const frame = joined(prefix(streamed.graphInitializer, body.length), body);
    return { frame, bytes: frame.length };
  }
  const body = joined(encoded("TensorProto", tensor), prefix(streamed.tensorRawData, bytes));
  const frame = joined(prefix(streamed.graphInitializer, body.length + bytes), body);
  return { frame, bytes: frame.length + bytes };
}

async function writeExternal(
  path: string,
  initializers: readonly Initializer[],
  count: (bytes: number) => void,
): Promise<{ sha256: string; bytes: number; offsets: Map<Initializer, number> }> {
  const offsets = new Map<Initializer, number>();
  const written = await writeHashed(path, async (write, position) => {
    for (const initializer of initializers) {
      const gap = -position() & (PAGE_BYTES - 1);
      await write(new Uint8Array(gap));
      offsets.set(initializer, position());
      await writePieces(initializer, async (piece) => {
        await write(piece);
        count(piece.length);
      });
    }
  });
  return { ...written, offsets };
}

/** @throws Error if the pieces are not as many bytes as the initializer says */
async function writePieces(
  initializer: Initializer,
  write: (piece: Uint8Array) => Promise<void>,
): Promise<void> {
  let bytes = 0;
  for await (const piece of initializer.pieces()) {
    bytes += piece.length;
    await write(piece);
  }
  if (bytes !== initializer.bytes) {
    throw new Error(`writeOnnx: ${initializer.name} gave ${bytes} bytes; expected ${initializer.bytes}`);
  }
}

/** Writes a new file piece by piece, flushes it to the disk and returns its length and hash. */
export async function writeHashed(
  path: string,
  fill: (write: (bytes: Uint8Array) => Promise<void>, position: () => number) => Promise<void>,
): Promise<{ sha256: string; bytes: number }> {
  const hash = createHash("sha256");
  const file: FileHandle = await open(path, "wx");
  let bytes = 0;
  try {
    await fill(
      async (piece) => {
        hash.update(piece);
        for (let done = 0; done < piece.length; ) {
          done += (await file.write(piece, done, piece.length - done)).bytesWritten;
        }
        bytes += piece.length;
      },
      () => bytes,
    );
    await file.sync();
  } finally {
    await file.close();
  }
  return { sha256: hash.digest("hex"), bytes };
}

/** The tag of a length-delimited field and its length. */
export function prefix(field: number, length: number): Uint8Array {
  return new BinaryWriter().tag(field, WireType.LengthDelimited).uint32(length).finish();
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(parts);
}
