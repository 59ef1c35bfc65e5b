import type { Initializer } from "../onnx-file/graph.ts";
import { type EncodeRow, encodedRows, LEAST_SCALE } from "./encoded-rows.ts";
import { int8 } from "./int8.ts";
import type { WeightFormat } from "./weight-format.ts";

/** Weights that share a scale and a zero. */
const BLOCK = 32;

/** Codes go from 0 to 15. */
const MOST = 15;

/** How much of a block's range the scales that are tried reach over. */
const REACHES = [1, 0.95, 0.9];

/**
 * Weights as codes of 4 bits, with a float32 scale and a zero of 4 bits for each block of 32 in a row, 5.1 bits a
 * weight: W_ij = scale (code_ij - zero). The last block of a row is filled up with codes that mean 0. Arithmetic is
 * float32 with the weights that the codes stand for. Tables of rows are {@link int8}.
 *
 * The error of normal weights is 7.8 %, and a layer of 1,024 rows takes about as long as Gemm in float32
 * (`bench/weight-formats.ts`).
 */
export const int4: WeightFormat = {
  linear(graph, x, { matrix, bias }) {
    const [to, from] = matrix.shape as [number, number];
    const tensors = blockCodes(matrix).map((tensor) => graph.weight(tensor));
    const inputs = [x, ...tensors, ...(bias === undefined ? [] : [undefined, bias])];
    return graph.node("MatMulNBits", inputs, {
      domain: "com.microsoft",
      attributes: {
        K: { int: from },
        N: { int: to },
        bits: { int: 4 },
        block_size: { int: BLOCK },
        accuracy_level: { int: 0 },
      },
    });
  },
  rows: int8.rows,
};

/** Codes uint8 [to, blocks, 16], the low half of a byte first, scales float32 and zeros as codes, [to * blocks]. */
function blockCodes(matrix: Initializer): Initializer[] {
  const { name, shape } = matrix;
  const [to, from] = shape as [number, number];
  const blocks = Math.ceil(from / BLOCK);
  const zeroBytes = Math.ceil(blocks / 2);
  return encodedRows(
    matrix,
    [
      {
        name: `${name}/codes4`,
        type: "uint8",
        shape: [to, blocks, BLOCK / 2],
        bytesPerRow: (blocks * BLOCK) / 2,
      },
      { name: `${name}/scales4`, type: "float32", shape: [to * blocks], bytesPerRow: 4 * blocks },
      { name: `${name}/zeros4`, type: "uint8", shape: [to * zeroBytes], bytesPerRow: zeroBytes },
    ],
    encode,
  );
}

const encode: EncodeRow = (row, [codes, scales, zeros]) => {
  for (let block = 0, begin = 0; begin < row.length; block++, begin += BLOCK) {
    const { scale, zero } = bestSteps(row, begin);
    const inverse = 1 / scale;
    scales!.setFloat32(4 * block, scale, true);
    zeros!.setUint8(block >> 1, zeros!.getUint8(block >> 1) | (zero << (4 * (block & 1))));
    for (let j = begin; j < begin + BLOCK; j += 2) {
      const low = j < row.length ? codeOf(row[j]! * inverse, zero) : zero;
      const high = j + 1 < row.length ? codeOf(row[j + 1]! * inverse, zero) : zero;
      codes!.setUint8(j >> 1, low | (high << 4));
    }
  }
};

/** Of the scales that reach over a block, or over all of it but its ends, the one with the least squared error. */
function bestSteps(row: Float32Array, begin: number): { scale: number; zero: number } {
  const end = Math.min(begin + BLOCK, row.length);
  let least = 0;
  let most = 0;
  for (let j = begin; j < end; j++) {
    const weight = row[j]!;
    if (weight < least) least = weight;
    if (weight > most) most = weight;
  }
  let best = { scale: LEAST_SCALE, zero: 0 };
  let leastError = Number.POSITIVE_INFINITY;
  for (const reach of REACHES) {
    const scale = Math.max(Math.fround((reach * (most - least)) / MOST), LEAST_SCALE);
    const inverse = 1 / scale;
    const zero = codeOf(-((least + most) / 2) * inverse, MOST / 2);
    let error = 0;
    for (let j = begin; j < end; j++) {
      const difference = scale * (codeOf(row[j]! * inverse, zero) - zero) - row[j]!;
      error += difference * difference;
    }
    if (error < leastError) [best, leastError] = [{ scale, zero }, error];
  }
  return best;
}

/** The whole number from 0 to 15 that is nearest to steps + zero. */
function codeOf(steps: number, zero: number): number {
  const code = Math.floor(steps + zero + 0.5);
  return code < 0 ? 0 : code > MOST ? MOST : code;
}
