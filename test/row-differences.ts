/** How far rows that are asked for are from the same rows of a whole output. */
import assert from "node:assert/strict";
import { Tensor } from "onnxruntime-node";
import type { OnnxModel } from "../src/import/onnx-file/onnx-model.ts";
import { scratch } from "./checkpoints.ts";
import { type Feeds, integers, opened } from "./row-networks.ts";

export const place: string = scratch();

/** Whole numbers below `below` without a pattern. */
export function numbers(count: number, below: number): number[] {
  return Array.from({ length: count }, (_, at) => Math.floor(Math.abs(1e4 * Math.sin(at * at + 1)) % below));
}

export function feeds({
  batch,
  length,
  vocabulary,
}: {
  batch: number;
  length: number;
  vocabulary: number;
}): Feeds {
  const shape = [batch, length];
  const x = integers(numbers(batch * length, vocabulary), shape);
  return {
    x,
    input_ids: x,
    attention_mask: integers(Array(batch * length).fill(1), shape),
    token_type_ids: integers(Array(batch * length).fill(0), shape),
    t: new Tensor(
      "float32",
      Float32Array.from({ length: batch }, (_, row) => 0.3 + row / 4),
      [batch],
    ),
  };
}

/** The largest difference of a logit between the rows that are asked for and the same rows of the whole output. */
export async function worst(
  [dense, sparse]: readonly [string | OnnxModel, OnnxModel],
  { fed, asked, threads = 1 }: { fed: Feeds; asked: readonly (readonly number[])[]; threads?: number },
): Promise<number> {
  const [whole, some] = [await opened(dense, { place, threads }), await opened(sparse, { place, threads })];
  const all = await whole.run(fed);
  const [batch, length, width] = all.dims as [number, number, number];
  let most = 0;
  for (const rows of [...asked, Array.from({ length: batch * length }, (_, row) => row)]) {
    const found = await some.run({ ...fed, rows: integers(rows, [rows.length]) });
    assert.deepEqual(found.dims, [rows.length, width]);
    rows.forEach((row, at) => {
      for (let v = 0; v < width; v++) {
        const [got, due] = [found.data[at * width + v], all.data[row * width + v]] as number[];
        most = Math.max(most, Object.is(got, due) ? 0 : Math.abs(got! - due!));
      }
    });
  }
  await Promise.all([whole.close(), some.close()]);
  assert.ok(!Number.isNaN(most), "not a number");
  return most;
}

/** @throws AssertionError unless rows differ by at most `most` */
export function alike(difference: number, most: number): void {
  assert.ok(difference <= most, `rows differ by ${difference}; expected at most ${most}`);
}

/** Processors of one kind were measured; the rounding of another one may depend on how many rows there are. */
export const noise: number = process.arch === "x64" ? 0 : 1e-5;
