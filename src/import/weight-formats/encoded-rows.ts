import type { Initializer } from "../onnx-file/graph.ts";
import { wholeRows } from "./whole-rows.ts";

/** The least scale, as float32, for weights or activations that are all 0. */
export const LEAST_SCALE: number = Math.fround(1e-30);

/** A tensor that is made of a matrix: what is stored of each of its rows. */
export interface Part {
  readonly name: string;
  readonly type: Initializer["type"];
  readonly shape: readonly number[];
  readonly bytesPerRow: number;
}

/**
 * Writes what is stored of one row.
 *
 * @param row [width] @param out one array for each part, of its bytes for a row, all 0, at multiples of 4
 */
export type EncodeRow = (row: Float32Array, out: readonly DataView[]) => void;

/**
 * Initializers that are made of a matrix in one pass over it: the first part streams, as the matrix does; the others,
 * which are small, are kept until they are asked for after it. Asked for alone, they are made in a pass of their own.
 */
export function encodedRows(
  matrix: Initializer,
  parts: readonly [Part, ...Part[]],
  encode: EncodeRow,
): Initializer[] {
  const [count, width] = matrix.shape as [number, number];
  const kept = new Map<number, Uint8Array>();

  async function* first(): AsyncGenerator<Uint8Array> {
    const collected = parts.slice(1).map(({ bytesPerRow }) => new Uint8Array(count * bytesPerRow));
    let done = 0;
    for await (const rows of wholeRows(matrix, width)) {
      const n = rows.length / width;
      const piece = new Uint8Array(n * parts[0].bytesPerRow);
      const targets = [piece, ...collected];
      for (let i = 0; i < n; i++) {
        const out = targets.map(({ buffer }, part) => {
          const { bytesPerRow } = parts[part]!;
          return new DataView(buffer, (part === 0 ? i : done + i) * bytesPerRow, bytesPerRow);
        });
        encode(rows.subarray(i * width, (i + 1) * width), out);
      }
      done += n;
      yield piece;
    }
    collected.forEach((bytes, at) => {
      kept.set(at + 1, bytes);
    });
  }

  async function* later(part: number): AsyncGenerator<Uint8Array> {
    if (!kept.has(part)) for await (const _ of first());
    yield kept.get(part)!;
    kept.delete(part);
  }

  return parts.map(({ name, type, shape, bytesPerRow }, part) => ({
    name,
    type,
    shape,
    bytes: count * bytesPerRow,
    pieces: () => (part === 0 ? first() : later(part)),
  }));
}
