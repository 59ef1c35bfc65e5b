import type { WeightFormat } from "./weight-format.ts";

/** Weights as float32: Gemm, and Gather. */
export const fp32: WeightFormat = {
  linear(graph, x, { matrix, bias }) {
    const inputs = [x, graph.weight(matrix), ...(bias === undefined ? [] : [bias])];
    return graph.node("Gemm", inputs, { attributes: { transB: { int: 1 } } });
  },
  rows: (graph, table, indexes) => graph.node("Gather", [graph.weight(table), indexes]),
};
