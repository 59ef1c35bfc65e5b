/** Small networks [batch, length] -> [batch, length, width] for tests of what becomes of their rows. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { type Graph, graph, type Value } from "../src/import/onnx-file/graph.ts";
import type { OnnxModel } from "../src/import/onnx-file/onnx-model.ts";
import { saveOnnx } from "../src/import/onnx-file/save-onnx.ts";
import { writeOnnx } from "../src/import/onnx-file/write-onnx.ts";

/** The folder of the models that ship, and a BERT as PyTorch exports it. */
export const models: string = fileURLToPath(new URL("../models/", import.meta.url));
export const exported: string = fileURLToPath(
  new URL("fixtures/onnx/exported-bert/model.onnx", import.meta.url),
);

/** Numbers in a hidden row; nothing else has as many. */
export const HIDDEN = 6;
export const LENGTH = 5;
export const VOCABULARY = 7;

/** A weight without a pattern, between -1 and 1. */
export function weight(network: Graph, shape: readonly number[], seed = 0): Value {
  const count = shape.reduce((a, b) => a * b, 1);
  const data = Float32Array.from({ length: count }, (_, at) => Math.sin(12.9898 * (at + 1) * (seed + 1)));
  const bytes = new Uint8Array(data.buffer);
  const name = `weight[${shape}]${seed}`;
  return network.weight({ name, type: "float32", shape, bytes: bytes.length, pieces: () => [bytes] });
}

/** A network of tokens x and times t: hidden rows [batch, length, HIDDEN] that depend on their whole sequence. */
export function hidden(network: Graph): { x: Value; t: Value; rows: Value } {
  const x = network.input("x", "int64", ["batch", LENGTH]);
  const t = network.input("t", "float32", ["batch"]);
  const embedded = network.node("Gather", [weight(network, [VOCABULARY, HIDDEN]), x]);
  const summed = network.node("CumSum", [embedded, network.constant("int64", 1)]);
  const wave = network.node("Sin", [network.node("Mul", [summed, weight(network, [LENGTH, HIDDEN], 1)])]);
  const column = network.node("Reshape", [t, network.constant("int64", [-1, 1, 1])]);
  return { x, t, rows: network.node("Add", [wave, column]) };
}

let written = 0;

/** Writes a network into a folder of its own. */
export async function fileOf(network: Graph, place: string, inlineLimit?: number): Promise<string> {
  const folder = join(place, `network-${written++}`);
  mkdirSync(folder);
  await writeOnnx(network, { folder, ...(inlineLimit === undefined ? {} : { inlineLimit }) });
  return join(folder, "model.onnx");
}

/** Writes a network whose output "logits" is what `build` makes of the hidden rows. */
export function networkFile(
  build: (network: Graph, rows: Value, t: Value) => Value,
  { place, width }: { place: string; width: number },
): Promise<string> {
  const network = graph("rows");
  const { rows, t } = hidden(network);
  network.output("logits", build(network, rows, t), ["batch", LENGTH, width]);
  return fileOf(network, place);
}

/** Inputs of a run, by name; what a session does not take is left out. */
export type Feeds = Readonly<Record<string, Tensor>>;

/** int64 numbers as a tensor. */
export function integers(numbers: readonly number[], shape: readonly number[]): Tensor {
  return new Tensor("int64", BigInt64Array.from(numbers, BigInt), [...shape]);
}

/** Opens a file, or a model that is written first; `run` returns the logits. */
export async function opened(
  model: string | OnnxModel,
  { place, threads = 1 }: { place: string; threads?: number },
): Promise<{ inputs: readonly string[]; run(feeds: Feeds): Promise<Tensor>; close(): Promise<void> }> {
  let file = model;
  if (typeof file !== "string") {
    file = join(place, `changed-${written++}.onnx`);
    await saveOnnx(model as OnnxModel, { file });
  }
  const session = await InferenceSession.create(file, { intraOpNumThreads: threads, logSeverityLevel: 4 });
  return {
    inputs: session.inputNames,
    run: async (feeds) => {
      const taken = session.inputNames.map((name) => [name, feeds[name]!] as const);
      return (await session.run(Object.fromEntries(taken)))["logits"]!;
    },
    close: () => session.release(),
  };
}
