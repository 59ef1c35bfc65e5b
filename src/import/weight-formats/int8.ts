import type { Graph, Initializer, Value } from "../onnx-file/graph.ts";
import { type EncodeRow, encodedRows, LEAST_SCALE } from "./encoded-rows.ts";
import type { WeightFormat } from "./weight-format.ts";

/** Codes of weights go from -127 to 127, and those of activations as far around their zero. */
const MOST = 127;
const ZERO = 128;

/**
 * Weights as codes of 8 bits with a float32 scale for each row: W_ij = scale_i code_ij.
 *
 * A linear layer turns each row of x into codes too, as it comes, and multiplies whole numbers:
 *
 *     s_n = max_j |x_nj| / 127;   y_ni = s_n scale_i sum_j round(x_nj / s_n) code_ij + b_i
 *
 * so that |error of y_ni| <= (s_n/2) sum_j |W_ij| + (scale_i/2) sum_j |x_nj|. Sums of whole numbers are exact in any
 * order, so a row does not depend on the others beside it, as it would with ONNX's DynamicQuantizeLinear, whose one
 * scale is that of the whole batch. ONNX Runtime turns the codes once, when the file is loaded, and makes those of an
 * x once where several layers share it.
 *
 * On a core with AVX-512 VNNI a layer takes less than half the time of Gemm in float32 (`bench/weight-formats.ts`);
 * `npm run bench:speed` has whole networks.
 */
export const int8: WeightFormat = {
  linear(graph, x, { matrix, bias }) {
    const { codes, scales } = rowCodes(graph, matrix);
    const turned = graph.node("Transpose", [codes], { attributes: { perm: { ints: [1, 0] } } });
    const { inputs, scale, zero } = inputCodes(graph, x);
    const one = graph.constant("float32", 1);
    const sums = graph.node("MatMulIntegerToFloat", [inputs, turned, one, scales, zero], {
      domain: "com.microsoft",
    });
    const y = graph.node("Mul", [sums, scale]);
    return bias === undefined ? y : graph.node("Add", [y, bias]);
  },
  rows(graph, table, indexes) {
    const { codes, scales } = rowCodes(graph, table);
    const read = graph.node("Cast", [graph.node("Gather", [codes, indexes])], {
      attributes: { to: { int: 1 } },
    });
    const column = graph.node("Unsqueeze", [scales, graph.constant("int64", [1])]);
    return graph.node("Mul", [read, graph.node("Gather", [column, indexes])]);
  },
};

/** Rows of x [n, from] as codes uint8 [n, from] around a zero of 128, and what one step of a code is, [n, 1]. */
function inputCodes(graph: Graph, x: Value): { inputs: Value; scale: Value; zero: Value } {
  const most = graph.node("ReduceMax", [graph.node("Abs", [x]), graph.constant("int64", [1])], {
    attributes: { keepdims: { int: 1 } },
  });
  const step = graph.node("Mul", [most, graph.constant("float32", 1 / MOST)]);
  const scale = graph.node("Max", [step, graph.constant("float32", LEAST_SCALE)]);
  const flat = graph.node("Reshape", [scale, graph.constant("int64", [-1])]);
  const zero = graph.weight({
    name: `/uint8:${ZERO}`,
    type: "uint8",
    shape: [],
    bytes: 1,
    pieces: () => [Uint8Array.of(ZERO)],
  });
  const zeros = graph.node("Expand", [zero, graph.node("Shape", [flat])]);
  const inputs = graph.node("QuantizeLinear", [x, flat, zeros], { attributes: { axis: { int: 0 } } });
  return { inputs, scale, zero };
}

/** Codes int8 [count, width] and scales float32 [count] of a matrix. */
function rowCodes(graph: Graph, matrix: Initializer): { codes: Value; scales: Value } {
  const { name, shape } = matrix;
  const [count, width] = shape as [number, number];
  const [codes, scales] = encodedRows(
    matrix,
    [
      { name: `${name}/codes`, type: "int8", shape, bytesPerRow: width },
      { name: `${name}/scales`, type: "float32", shape: [count], bytesPerRow: 4 },
    ],
    encode,
  );
  return { codes: graph.weight(codes!), scales: graph.weight(scales!) };
}

/**
 * Codes w / scale to nearest, with scale = max(|w_j|, |w_2j + w_{2j+1}|) / 127. Without the second term, pairs of
 * products could pass 2^15, where processors with AVX2 and without VNNI silently cut off the sum of two neighbours:
 * 255 (127 + 127) > 32,767. With it the two codes add up to at most 128, and 255 x 128 < 32,767. It costs 0.4
 * bits: the error of normal weights in rows of 768 is 1.03 % instead of 0.77 %; seven bits would be 1.55 %
 * (`bench/weight-formats.ts`).
 */
const encode: EncodeRow = (row, [codes, scales]) => {
  let most = 0;
  for (let j = 0; j < row.length; j++) {
    most = Math.max(most, Math.abs(row[j]!));
    if (j % 2 === 1) most = Math.max(most, Math.abs(row[j - 1]! + row[j]!));
  }
  const scale = Math.max(Math.fround(most / MOST), LEAST_SCALE);
  for (let j = 0; j < row.length; j++) codes!.setInt8(j, Math.round(row[j]! / scale));
  scales!.setFloat32(0, scale, true);
};
