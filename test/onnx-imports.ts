/** What tests of importing .onnx files share. */
import assert from "node:assert/strict";
import { cpSync, existsSync, mkdtempSync, readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { type ImportedOnnx, importOnnx, type OnnxImportOptions } from "../src/import/import-onnx.ts";
import { type Graph, graph, type Value } from "../src/import/onnx-file/graph.ts";
import type { OnnxModel } from "../src/import/onnx-file/onnx-model.ts";
import { readOnnx } from "../src/import/onnx-file/read-onnx.ts";
import { saveOnnx } from "../src/import/onnx-file/save-onnx.ts";
import { scratch } from "./checkpoints.ts";
import { fileOf, HIDDEN, hidden, LENGTH, VOCABULARY, weight } from "./row-networks.ts";

export const place: string = scratch();

export type Options = Omit<OnnxImportOptions, "out">;

/** Imports into a folder of its own. */
export async function imported(file: string, options: Options = {}): Promise<ImportedOnnx & { out: string }> {
  const out = join(mkdtempSync(join(place, "in-")), "model");
  return { out, ...(await importOnnx(file, { out, ...options })) };
}

/** The sentence that refuses a file; nothing may be left of the attempt. */
export async function problem(file: string, options: Options = {}): Promise<string> {
  const parent = mkdtempSync(join(place, "out-"));
  let message = "";
  await assert.rejects(importOnnx(file, { out: join(parent, "model"), ...options }), (error: Error) => {
    message = error.message;
    return true;
  });
  assert.match(message, /^[^\n]{20,1500}[^.\n]$/);
  assert.doesNotMatch(message, /\[object|NaN|undefined/);
  assert.deepEqual(readdirSync(parent), [], "something was written");
  return message;
}

/** A network over tokens and a time whose logits are a product, and more if wanted. */
export async function network(change: (network: Graph, logits: Value) => void = () => {}): Promise<string> {
  const made = graph("own");
  const { rows } = hidden(made);
  const logits = made.node("MatMul", [rows, weight(made, [HIDDEN, VOCABULARY])]);
  change(made, logits);
  made.output("logits", logits, ["batch", LENGTH, VOCABULARY]);
  return fileOf(made, place);
}

/** A copy of a file whose model is another one. */
export async function rewritten(file: string, change: (model: OnnxModel) => OnnxModel): Promise<string> {
  const folder = mkdtempSync(join(place, "rewritten-"));
  const copy = join(folder, basename(file));
  await saveOnnx(change(await readOnnx(file)), { file: copy });
  for (const name of readdirSync(dirname(file))) {
    if (!existsSync(join(folder, name))) cpSync(join(dirname(file), name), join(folder, name));
  }
  return copy;
}
