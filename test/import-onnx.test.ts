/** An .onnx file as a model folder: what is found out about it, what is written, and what is refused. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, it } from "node:test";
import { toBinary } from "@bufbuild/protobuf";
import { graph } from "../src/import/onnx-file/graph.ts";
import { changed, type OnnxModel } from "../src/import/onnx-file/onnx-model.ts";
import { onnxMessage } from "../src/import/onnx-file/onnx-schema.ts";
import { onnxFrom, readOnnx } from "../src/import/onnx-file/read-onnx.ts";
import { saveOnnx } from "../src/import/onnx-file/save-onnx.ts";
import { loadModel } from "../src/node/index.ts";
import { sample } from "../src/sample.ts";
import { uniform } from "../src/schedules/uniform.ts";
import { imported, network, place, problem, rewritten } from "./onnx-imports.ts";
import {
  exported,
  fileOf,
  HIDDEN,
  hidden,
  integers,
  LENGTH,
  models,
  opened,
  VOCABULARY,
  weight,
} from "./row-networks.ts";

/** Tokens that a model folder samples, as its manifest says. */
async function sampled(
  folder: string,
  { steps, ...options }: { steps: number; count: number; seed: number },
): Promise<Int32Array> {
  const { denoiser, process, noise, dispose } = await loadModel(folder, { threads: 1 });
  const { tokens } = await sample(denoiser, { schedule: uniform({ steps }), process, noise, ...options });
  await dispose();
  return tokens;
}

describe("a file that is imported", () => {
  for (const name of ["text", "bach"] as const) {
    it(`models/${name}/model.onnx: the same samples`, async () => {
      const options = { steps: 5, count: 2, seed: 3 };
      const shipped = await loadModel(name, { threads: 1 });
      const { out, manifest, parameters } = await imported(join(models, name, "model.onnx"), {
        process: name === "text" ? "absorbing" : "uniform",
      });
      const { length, vocabulary, inputs } = manifest;
      assert.deepEqual([length, vocabulary], [shipped.denoiser.length, shipped.denoiser.vocabulary]);
      assert.deepEqual(inputs, { ...shipped.manifest!.inputs, rows: "rows" });
      assert.ok(parameters >= (shipped.manifest!.training!["params"] as number));
      assert.deepEqual(await sampled(out, options), await sampled(name, options));
      await shipped.dispose();
    });
  }

  it("a BERT: no padding, one text, and the mask where it says", async () => {
    const { out, manifest, files, dense } = await imported(exported, { length: 9, mask: 3, license: "MIT" });
    assert.equal(dense, undefined);
    assert.deepEqual(files, ["model.onnx", "manifest.json"]);
    assert.deepEqual(readdirSync(out).sort(), ["manifest.json", "model.onnx"]);
    const { name, license, mask, maskColumn, vocabulary, timeFree, inputs } = manifest;
    assert.deepEqual([name, license, mask, maskColumn], ["exported-bert", "MIT", 3, undefined]);
    assert.deepEqual([vocabulary, timeFree, inputs], [40, true, { tokens: "input_ids", rows: "rows" }]);
    const [whole, own] = [
      await opened(exported, { place }),
      await opened(join(out, "model.onnx"), { place }),
    ];
    const shape = [2, 9];
    const ids = integers(
      Array.from({ length: 18 }, (_, at) => (7 * at) % 40),
      shape,
    );
    const [ones, zeros] = [1, 0].map((value) => integers(Array(18).fill(value), shape));
    const all = await whole.run({ input_ids: ids, attention_mask: ones!, token_type_ids: zeros! });
    const some = await own.run({ input_ids: ids, rows: integers([17, 2], [2]) });
    const row = (at: number) => [...(all.data as Float32Array).slice(40 * at, 40 * at + 40)];
    const due = [...row(17), ...row(2)];
    (some.data as Float32Array).forEach((logit, at) => {
      assert.ok(Math.abs(logit - due[at]!) < 1e-5, `${logit} and ${due[at]}`);
    });
    await Promise.all([whole.close(), own.close()]);
    const tokens = await sampled(out, { steps: 3, count: 2, seed: 1 });
    assert.ok(tokens.every((token) => token >= 0 && token < 40 && token !== 3));
  });

  it("a mask of the last column, of no column, and none", async () => {
    const file = await network();
    const last = await imported(file, { mask: VOCABULARY - 1 });
    assert.deepEqual([last.manifest.vocabulary, last.manifest.maskColumn], [VOCABULARY - 1, true]);
    const inner = await imported(file, { mask: 0 });
    assert.deepEqual([inner.manifest.vocabulary, inner.manifest.mask], [VOCABULARY, 0]);
    const none = await imported(file, { process: "uniform" });
    assert.deepEqual([none.manifest.process, none.manifest.mask], ["uniform", undefined]);
    const outside = await imported(join(models, "countdown-net", "model.onnx"));
    assert.deepEqual([outside.manifest.vocabulary, outside.manifest.mask], [32, undefined]);
  });

  it("a mask that the tokenizer beside it names, or the one above a folder onnx", async () => {
    const folder = mkdtempSync(join(place, "hub-"));
    mkdirSync(join(folder, "onnx"));
    cpSync(exported, join(folder, "onnx", "model.onnx"));
    const words = [
      "[PAD]",
      "[UNK]",
      "[CLS]",
      "[SEP]",
      "[MASK]",
      ...Array.from({ length: 35 }, (_, at) => `w${at}`),
    ];
    writeFileSync(join(folder, "vocab.txt"), words.join("\n"));
    const { manifest, files, out } = await imported(join(folder, "onnx", "model.onnx"), { length: 8 });
    assert.deepEqual([manifest.mask, manifest.name], [4, basename(folder)]);
    assert.equal(manifest.tokenizer, "tokenizer.json");
    assert.ok(files.includes("tokenizer.json") && existsSync(join(out, "tokenizer.json")));
    const without = await imported(exported, { length: 8, tokenizer: false, mask: 4 });
    assert.equal(without.manifest.tokenizer, undefined);
  });

  it("a time, a noise level, and inputs of these kinds under other names", async () => {
    const file = await network();
    const renamed = await rewritten(file, (model) => {
      const { graph } = model;
      return changed(model, {
        graph: changed(graph, {
          input: graph.input.map((input) => (input.name === "t" ? changed(input, { name: "level" }) : input)),
          node: graph.node.map((node) =>
            changed(node, { input: node.input.map((name) => (name === "t" ? "level" : name)) }),
          ),
        }),
      });
    });
    const options = { mask: 6 };
    const time = (await imported(file, options)).manifest;
    assert.deepEqual([time.inputs, time.timeFree], [{ tokens: "x", time: "t", rows: "rows" }, false]);
    assert.match(
      await problem(renamed, options),
      /"level" float32 \[batch\]; say what it is with --time or --sigma/,
    );
    assert.equal((await imported(renamed, { ...options, time: "level" })).manifest.inputs!.time, "level");
    const sigma = await imported(renamed, { ...options, sigma: "level" });
    assert.deepEqual(sigma.manifest.inputs, { tokens: "x", sigma: "level", rows: "rows" });
    await (await loadModel(sigma.out, { threads: 1 })).dispose();
    assert.match(
      await problem(file, { ...options, time: "nothing" }),
      /no input "nothing"; its inputs are "x" int64/,
    );
    assert.match(await problem(file, { ...options, sigma: "x" }), /"x" int64 \[batch, 5\] as the time/);
    assert.match(await problem(file, { ...options, time: "t", sigma: "t" }), /name one of them/);
  });

  it("one that computes all rows, where rows cannot be chosen", async () => {
    const made = graph("dense");
    const { rows } = hidden(made);
    const logits = made.node("MatMul", [rows, weight(made, [HIDDEN, VOCABULARY])]);
    made.output("logits", made.node("Softmax", [logits], { attributes: { axis: { int: 1 } } }), [
      "batch",
      LENGTH,
      VOCABULARY,
    ]);
    const { dense, manifest, out } = await imported(await fileOf(made, place), { mask: 6 });
    assert.match(dense!, /the Softmax node .* does not go along the last axis$/);
    assert.equal(manifest.inputs!.rows, undefined);
    assert.equal((await sampled(out, { steps: 2, count: 1, seed: 1 })).length, LENGTH);
  });

  it("what the schema does not list stays, and weights stay as they are", async () => {
    const file = join(models, "text", "model-int8.onnx");
    const first = await readOnnx(file);
    const again = join(place, "again.onnx");
    const { sha256, bytes } = await saveOnnx(first, { file: again });
    const data = readFileSync(again);
    assert.deepEqual([data.length, createHash("sha256").update(data).digest("hex")], [bytes, sha256]);
    const whole = (model: OnnxModel) =>
      toBinary(onnxMessage("ModelProto"), model as unknown as Parameters<typeof toBinary>[1]);
    assert.deepEqual(whole(onnxFrom(data, { where: again })), whole(first));
    assert.ok(
      (first as { $unknown?: unknown[] }).$unknown!.length > 0,
      "the producer's version is not listed",
    );
  });
});

describe("weights in another file", () => {
  /** A file whose weights are so large that they are written beside it. */
  async function large(): Promise<string> {
    const made = graph("large");
    const { rows } = hidden(made);
    const inner = made.node("MatMul", [rows, weight(made, [HIDDEN, 64])]);
    made.output("logits", made.node("MatMul", [inner, weight(made, [64, VOCABULARY])]), [
      "batch",
      LENGTH,
      VOCABULARY,
    ]);
    return fileOf(made, place, 0);
  }

  it("is copied, and its hash stands in the model", async () => {
    const file = await large();
    const { out, files, manifest } = await imported(file, { mask: 6 });
    assert.deepEqual(files, ["model.onnx", "model.onnx.data", "manifest.json"]);
    const data = readFileSync(join(out, "model.onnx.data"));
    assert.deepEqual(data, readFileSync(join(dirname(file), "model.onnx.data")));
    const { metadataProps } = await readOnnx(join(out, manifest.file));
    const stated = metadataProps.filter(({ key }) => key.startsWith("weights_sha256"));
    const sha256 = createHash("sha256").update(data).digest("hex");
    assert.deepEqual(
      stated.map(({ value }) => value),
      [sha256],
    );
    await (await loadModel(out, { threads: 1 })).dispose();
  });

  const bad: [string, string, RegExp][] = [
    ["../model.onnx.data", "location", /is in the file "\.\.\/model\.onnx\.data", which is not inside/],
    ["/etc/passwd", "location", /which is not inside the model's folder/],
    ["a\\..\\..\\b", "location", /which is not inside the model's folder/],
    ["", "location", /the file "", which is not inside/],
    [".", "location", /which is no file/],
    ["manifest.json", "location", /a name that a file of every model folder has/],
    ["./Model.onnx", "location", /a name that a file of every model folder has/],
    ["missing.bin", "location", /"missing\.bin", there is no such file/],
    ["999999999", "offset", /at "999999999", "\d+" bytes long, and the file has \d+; it is cut short/],
    ["-1", "length", /"-1" bytes long/],
  ];
  for (const [value, key, sentence] of bad) {
    it(`is refused with the ${key} ${JSON.stringify(value)}`, async () => {
      const file = await rewritten(await large(), (model) => {
        const { graph } = model;
        const initializer = graph.initializer.map((tensor) =>
          changed(tensor, {
            externalData: tensor.externalData.map((entry) =>
              entry.key === key ? changed(entry, { value }) : entry,
            ),
          }),
        );
        return changed(model, { graph: changed(graph, { initializer }) });
      });
      assert.match(await problem(file, { mask: 6 }), sentence);
    });
  }

  it("is refused when it is cut short", async () => {
    const file = await large();
    truncateSync(join(dirname(file), "model.onnx.data"), 5000);
    assert.match(
      await problem(file, { mask: 6 }),
      /and the file has 5000; it is cut short or of another model$/,
    );
  });
});
