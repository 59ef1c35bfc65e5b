import { toBinary } from "@bufbuild/protobuf";
import { changed, type OnnxModel } from "./onnx-model.ts";
import { onnxMessage, streamed } from "./onnx-schema.ts";
import { prefix, writeHashed } from "./write-onnx.ts";

/**
 * Writes a model that was read, with whatever it held that the schema does not list. Weights pass from the bytes they
 * were read as to the file, and are not copied in memory.
 *
 * @returns the file's length and SHA-256
 * @throws Error if there is a file of that name already
 */
export async function saveOnnx(
  model: OnnxModel,
  { file, onBytes = () => {} }: { file: string; onBytes?: (bytes: number) => void },
): Promise<{ sha256: string; bytes: number }> {
  const { graph } = model;
  const bytes = (name: Parameters<typeof onnxMessage>[0], message: object): Uint8Array =>
    toBinary(onnxMessage(name), message as Parameters<typeof toBinary>[1]);
  const head = bytes("ModelProto", { ...model, graph: undefined });
  const nodes = bytes("GraphProto", changed(graph, { initializer: [] }));
  const tensors = graph.initializer.map((tensor) => {
    const { rawData: raw } = tensor;
    const described = bytes("TensorProto", { ...tensor, rawData: undefined });
    const rawPrefix = raw.length > 0 ? prefix(streamed.tensorRawData, raw.length) : raw;
    const length = described.length + rawPrefix.length + raw.length;
    const own = prefix(streamed.graphInitializer, length);
    return { pieces: [own, described, rawPrefix, raw], length: own.length + length };
  });
  const graphLength = tensors.reduce((sum, { length }) => sum + length, nodes.length);
  return writeHashed(file, async (write, position) => {
    await write(head);
    await write(prefix(streamed.modelGraph, graphLength));
    await write(nodes);
    for (const { pieces } of tensors) {
      for (const piece of pieces) await write(piece);
      onBytes(position());
    }
  });
}
