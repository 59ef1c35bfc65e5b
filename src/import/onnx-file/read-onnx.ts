import { readFile, stat } from "node:fs/promises";
import { fromBinary } from "@bufbuild/protobuf";
import { fileProblem } from "../../node/file-problem.ts";
import { checkWire } from "./check-wire.ts";
import type { OnnxModel } from "./onnx-model.ts";
import { onnxMessage } from "./onnx-schema.ts";

/** Protobuf messages end here. */
const MOST_BYTES = 2 ** 31 - 1;

/**
 * Reads an .onnx file. Weights stay views of the file's bytes, so that it takes as much memory as the file is long
 * and a bounded amount more.
 *
 * @throws Error with one sentence if it cannot be read, is no ONNX model or is damaged
 */
export async function readOnnx(file: string): Promise<OnnxModel> {
  let bytes: Uint8Array;
  try {
    const found = await stat(file);
    if (!found.isFile()) throw new Error("it is no file; name an .onnx file");
    if (found.size > MOST_BYTES) {
      throw new Error(
        `it has ${found.size} bytes, and an ONNX model at most ${MOST_BYTES}; export it with external data`,
      );
    }
    bytes = await readFile(file);
  } catch (cause) {
    throw new Error(`readOnnx: cannot read ${file}: ${fileProblem(cause)}`, { cause });
  }
  return onnxFrom(bytes, { where: file });
}

/**
 * The model in the bytes of an .onnx file, which it keeps as views.
 *
 * @param options.where the file, as errors name it
 * @throws Error with one sentence if the bytes are no ONNX model
 */
export function onnxFrom(bytes: Uint8Array, { where }: { where: string }): OnnxModel {
  const refuse = (problem: string, cause?: unknown): Error =>
    new Error(
      `readOnnx: ${where} is no whole ONNX model: ${problem}; the file is damaged or of another kind`,
      {
        cause,
      },
    );
  const schema = onnxMessage("ModelProto");
  let model: OnnxModel;
  try {
    checkWire(schema, bytes);
    model = fromBinary(schema, bytes) as unknown as OnnxModel;
  } catch (cause) {
    throw refuse(fileProblem(cause), cause);
  }
  if (!model.graph || model.graph.node.length === 0) throw refuse("it has no graph");
  if (model.graph.output.length === 0) throw refuse("its graph has no output");
  return model;
}
