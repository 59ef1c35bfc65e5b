import type { Graph, Initializer, Value } from "../onnx-file/graph.ts";

/** Formats of weights from the finest to the coarsest. */
export const weightFormatNames = ["fp32", "fp16", "int8", "int4"] as const;

/** The name of a format. */
export type WeightFormatName = (typeof weightFormatNames)[number];

/** How a matrix or a table of rows is stored, and the operators that use it as it is stored. */
export interface WeightFormat {
  /**
   * x W^T + b
   *
   * @param x [n, from] @param matrix W, float32 [to, from] @param bias b [to], or undefined for 0
   */
  linear(graph: Graph, x: Value, { matrix, bias }: { matrix: Initializer; bias: Value | undefined }): Value;
  /**
   * Rows of a table: [...indexes, width].
   *
   * @param table float32 [count, width] @param indexes int64 of any shape
   */
  rows(graph: Graph, table: Initializer, indexes: Value): Value;
}

/** The finer of two formats. */
export function finer(a: WeightFormatName, b: WeightFormatName): WeightFormatName {
  return weightFormatNames[Math.min(weightFormatNames.indexOf(a), weightFormatNames.indexOf(b))]!;
}
