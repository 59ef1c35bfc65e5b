import type { Graph, Initializer, Value } from "../onnx-file/graph.ts";
import { halvesFrom } from "./halves.ts";
import type { WeightFormat } from "./weight-format.ts";

/**
 * Weights as float16, to nearest, and arithmetic in float32: half of the file, the speed of float32
 * (`bench/weight-formats.ts`). ONNX Runtime widens a matrix once, when the file is loaded, and of a table the rows
 * that are read.
 */
export const fp16: WeightFormat = {
  linear(graph, x, { matrix, bias }) {
    const inputs = [x, widened(graph, graph.weight(halved(matrix))), ...(bias === undefined ? [] : [bias])];
    return graph.node("Gemm", inputs, { attributes: { transB: { int: 1 } } });
  },
  rows: (graph, table, indexes) =>
    widened(graph, graph.node("Gather", [graph.weight(halved(table)), indexes])),
};

function widened(graph: Graph, halves: Value): Value {
  return graph.node("Cast", [halves], { attributes: { to: { int: 1 } } });
}

function halved(matrix: Initializer): Initializer {
  const { name, shape, bytes } = matrix;
  return {
    name: `${name}/halves`,
    type: "float16",
    shape,
    bytes: bytes / 2,
    async *pieces() {
      for await (const { buffer, byteOffset, byteLength } of matrix.pieces()) {
        const halves = halvesFrom(new Float32Array(buffer, byteOffset, byteLength / 4), name);
        yield new Uint8Array(halves.buffer);
      }
    },
  };
}
