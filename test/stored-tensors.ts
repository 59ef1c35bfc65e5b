/** The tensors of an .onnx file as they are stored. */
import { readFileSync } from "node:fs";
import { fromBinary } from "@bufbuild/protobuf";
import { onnxMessage } from "../src/import/onnx-file/onnx-schema.ts";

/** A tensor that stands among the nodes. */
export interface Stored {
  readonly name: string;
  readonly dims: readonly bigint[];
  readonly dataType: number;
  readonly rawData: Uint8Array;
}

/** The tensors of a written network, by name. */
export function storedIn(path: string): Map<string, Stored> {
  const model = fromBinary(onnxMessage("ModelProto"), readFileSync(path)) as unknown as {
    graph: { initializer: Stored[] };
  };
  return new Map(model.graph.initializer.map((tensor) => [tensor.name, tensor]));
}
