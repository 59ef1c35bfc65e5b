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
import { fileURLToPath } from "node:url";
import { toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { type ImportedOnnx, importOnnx, type OnnxImportOptions } from "../src/import/import-onnx.ts";
import { type Graph, graph, type Value } from "../src/import/onnx-file/graph.ts";
import { changed, type OnnxModel } from "../src/import/onnx-file/onnx-model.ts";
import { onnxMessage } from "../src/import/onnx-file/onnx-schema.ts";
import { onnxFrom, readOnnx } from "../src/import/onnx-file/read-onnx.ts";
import { saveOnnx } from "../src/import/onnx-file/save-onnx.ts";
import { loadModel } from "../src/node/index.ts";
import { sample } from "../src/sample.ts";
import { uniform } from "../src/schedules/uniform.ts";
import { scratch } from "./checkpoints.ts";
import { fileOf, HIDDEN, hidden, integers, LENGTH, opened, VOCABULARY, weight } from "./row-networks.ts";
import { refused, run, succeed, together, workFolder } from "./run-cli.ts";

const place = scratch();
const models = fileURLToPath(new URL("../models/", import.meta.url));
const exported = fileURLToPath(new URL("fixtures/onnx/exported-bert/model.onnx", import.meta.url));

type Options = Omit<OnnxImportOptions, "out">;

/** Imports into a folder of its own. */
async function imported(file: string, options: Options = {}): Promise<ImportedOnnx & { out: string }> {
  const out = join(mkdtempSync(join(place, "in-")), "model");
  return { out, ...(await importOnnx(file, { out, ...options })) };
}

/** The sentence that refuses a file; nothing may be left of the attempt. */
async function problem(file: string, options: Options = {}): Promise<string> {
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
async function network(change: (network: Graph, logits: Value) => void = () => {}): Promise<string> {
  const made = graph("own");
  const { rows } = hidden(made);
  const logits = made.node("MatMul", [rows, weight(made, [HIDDEN, VOCABULARY])]);
  change(made, logits);
  made.output("logits", logits, ["batch", LENGTH, VOCABULARY]);
  return fileOf(made, place);
}

/** A copy of a file whose model is another one. */
async function rewritten(file: string, change: (model: OnnxModel) => OnnxModel): Promise<string> {
  const folder = mkdtempSync(join(place, "rewritten-"));
  const copy = join(folder, basename(file));
  await saveOnnx(change(await readOnnx(file)), { file: copy });
  for (const name of readdirSync(dirname(file))) {
    if (!existsSync(join(folder, name))) cpSync(join(dirname(file), name), join(folder, name));
  }
  return copy;
}

describe("a file that is imported", () => {
  for (const name of ["text", "bach"] as const) {
    it(`models/${name}/model.onnx: the same samples`, async () => {
      const options = { schedule: uniform({ steps: 5 }), count: 2, seed: 3 };
      const shipped = await loadModel(name, { threads: 1 });
      const { out, manifest, parameters } = await imported(join(models, name, "model.onnx"), {
        process: name === "text" ? "absorbing" : "uniform",
      });
      const own = await loadModel(out, { threads: 1 });
      const { length, vocabulary, inputs } = manifest;
      assert.deepEqual([length, vocabulary], [shipped.denoiser.length, shipped.denoiser.vocabulary]);
      assert.deepEqual(inputs, { ...shipped.manifest!.inputs, rows: "rows" });
      assert.ok(parameters >= (shipped.manifest!.training!["params"] as number));
      const [due, got] = [
        await sample(shipped.denoiser, { ...options, process: shipped.process, noise: shipped.noise }),
        await sample(own.denoiser, { ...options, process: own.process, noise: own.noise }),
      ];
      assert.deepEqual(got.tokens, due.tokens);
      await Promise.all([shipped.dispose(), own.dispose()]);
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
    const model = await loadModel(out, { threads: 1 });
    const { tokens } = await sample(model.denoiser, {
      schedule: uniform({ steps: 3 }),
      process: model.process,
      noise: model.noise,
      count: 2,
      seed: 1,
    });
    assert.ok(tokens.every((token) => token >= 0 && token < 40 && token !== 3));
    await model.dispose();
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
    const model = await loadModel(out, { threads: 1 });
    const { tokens } = await sample(model.denoiser, {
      schedule: uniform({ steps: 2 }),
      process: model.process,
      noise: model.noise,
      count: 1,
      seed: 1,
    });
    assert.equal(tokens.length, LENGTH);
    await model.dispose();
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

describe("a file that is refused", () => {
  const fixture = (name: string) =>
    fileURLToPath(new URL(`fixtures/onnx/${name}/model.onnx`, import.meta.url));
  const wrong: [string, string, Options, RegExp][] = [
    [
      "no length",
      exported,
      { mask: 3 },
      /takes "input_ids" of any length; say how many positions .* --length$/,
    ],
    ["another length", fixture("good"), { length: 9 }, /length = 9; expected 8, the only one/],
    [
      "no mask",
      exported,
      { length: 8 },
      /which token is the mask; name it with --mask: 39 where .*, 40 where/,
    ],
    ["a mask beyond the tokens", exported, { length: 8, mask: 40 }, /mask = 40; expected 0 to 39/],
    [
      "a mask under uniform noise",
      exported,
      { length: 8, mask: 4, process: "uniform" },
      /has no mask; leave it out$/,
    ],
    ["a fixed batch", fixture("fixed-batch"), {}, /takes 1 sequences at a time and no other number/],
    [
      "tokens of another type",
      fixture("int32-tokens"),
      {},
      /takes "x" int32 \[batch, 8\]; expected tokens as int64/,
    ],
    [
      "whole numbers for logits",
      fixture("integers"),
      {},
      /returns "logits" int32 .*; expected logits as floats/,
    ],
    ["half a file", fixture("broken"), {}, /is no whole ONNX model: /],
    ["no file", join(place, "nothing.onnx"), {}, /there is no such file/],
    ["a folder", models, {}, /it is no file; name an \.onnx file/],
    ["a device", "/dev/zero", {}, /it is no file; name an \.onnx file/],
    ["a manifest", join(models, "text", "manifest.json"), {}, /is no whole ONNX model: /],
  ];
  for (const [title, file, options, sentence] of wrong) {
    it(title, async () => {
      assert.match(await problem(file, options), sentence);
    });
  }

  it("more inputs and outputs than can be understood", async () => {
    const positions = await network((made) => {
      made.input("position_ids", "int64", ["batch", LENGTH]);
    });
    assert.match(
      await problem(positions, { mask: 6 }),
      /takes "position_ids" int64 \[batch, 5\] too, and it is not known/,
    );
    const twice = await network((made, logits) =>
      made.output("other", logits, ["batch", LENGTH, VOCABULARY]),
    );
    assert.equal((await imported(twice, { mask: 6 })).manifest.output, "logits");
  });

  it("a folder that is not empty", async () => {
    await assert.rejects(
      importOnnx(exported, { out: models, length: 8, mask: 3 }),
      /the folder is not empty/,
    );
  });
});

describe("fewstep import FILE.onnx", together, () => {
  const folder = workFolder();

  it("writes a model that can be sampled", async () => {
    const out = await succeed(["import", exported, "--out", "bert", "--length", "8", "--mask", "3"], folder);
    assert.match(
      out,
      /^exported-bert: onnx, [\d,]+ parameters, 40 tokens, 8 positions\nbert: model\.onnx, manifest\.json/,
    );
    const lines = await succeed(["sample", "bert", "--steps", "2", "--count", "3"], folder);
    assert.equal(lines.trim().split("\n").length, 3);
  });

  it("says what is in the way of rows, and goes on", async () => {
    const args = [
      "import",
      fileURLToPath(new URL("fixtures/onnx/good/model.onnx", import.meta.url)),
      "--out",
      "good",
    ];
    const { code, stderr } = await run(args, { folder });
    assert.equal(code, 0);
    assert.match(
      stderr,
      /\nnote: every call computes all rows: addRows: .* the Gather node "y0" is not known to work/,
    );
  });

  const wrong: [string[], RegExp][] = [
    [[exported, "--mask", "3"], /say how many positions a sample has, with --length$/],
    [
      [exported, "--length", "8", "--mask", "3", "--weights", "int8"],
      /^fewstep: --weights is for checkpoints, and /,
    ],
    [[exported, "--length", "8", "--revision", "main"], /^fewstep: --revision is for checkpoints, and /],
    [
      ["text", "--process", "uniform"],
      /^fewstep: --process is for \.onnx files; a checkpoint says that itself/,
    ],
  ];
  for (const [args, sentence] of wrong) {
    it(`refuses ${args.slice(1).join(" ")}`, async () => {
      await refused(["import", ...args, "--out", "model"], { folder: workFolder(), sentence });
    });
  }
});

describe("damaged bytes", () => {
  const whole = readFileSync(exported);

  /** Reads and imports the bytes: a model, or one sentence. */
  async function survives(bytes: Uint8Array): Promise<boolean> {
    const parent = mkdtempSync(join(place, "fuzz-"));
    const file = join(parent, "fuzzed.onnx");
    writeFileSync(file, bytes);
    try {
      await importOnnx(file, { out: join(parent, "model"), length: 8, mask: 3 });
      return true;
    } catch (error) {
      assert.ok(error instanceof Error);
      assert.match(error.message, /^[^\n]{20,1500}$/);
      assert.doesNotMatch(
        error.message,
        /\[object|Maximum call stack|Invalid array length|is not a function/,
      );
      assert.deepEqual(readdirSync(parent), ["fuzzed.onnx"], "something was written");
      return false;
    }
  }

  it("cut anywhere", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: whole.length - 1 }), async (length) => {
        assert.equal(await survives(whole.subarray(0, length)), false);
      }),
      { seed: 1, numRuns: 60, examples: [[0], [1], [whole.length - 1]] },
    );
  });

  it("with bytes that are others", async () => {
    let accepted = 0;
    const change = fc.tuple(fc.nat({ max: whole.length - 1 }), fc.nat({ max: 255 }));
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 8 }), async (changes) => {
        const bytes = Uint8Array.from(whole);
        for (const [at, byte] of changes) bytes[at] = byte;
        if (await survives(bytes)) accepted++;
      }),
      { seed: 2, numRuns: 100 },
    );
    assert.ok(accepted > 0 && accepted < 100, "most bytes are weights, and some are not");
  });

  it("of any kind", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        assert.equal(await survives(bytes), false);
      }),
      { seed: 3, numRuns: 100 },
    );
  });

  /** A field of a message: its number and the bytes in it. */
  function field(number: number, bytes: Uint8Array): Uint8Array {
    const length: number[] = [];
    for (let left = bytes.length; ; left >>>= 7) {
      length.push(left > 127 ? (left & 127) | 128 : left);
      if (left <= 127) break;
    }
    return Buffer.concat([Uint8Array.of(number * 8 + 2, ...length), bytes]);
  }

  it("with millions of empty nodes, and nodes in nodes in nodes", () => {
    const where = "the file";
    const nodes = new Uint8Array(8e6).fill(0).map((_, at) => (at % 2 === 0 ? 0x0a : 0));
    assert.throws(
      () => onnxFrom(field(7, nodes), { where }),
      /it has more than 1048576 fields; the file is damaged/,
    );
    const ints = field(7, field(1, field(5, field(8, new Uint8Array(4e6)))));
    assert.throws(() => onnxFrom(ints, { where }), /it has more than 1048576 fields/);
    let inner: Uint8Array = new Uint8Array(0);
    for (let depth = 0; depth < 5000; depth++) inner = field(1, field(5, field(6, inner)));
    assert.throws(() => onnxFrom(field(7, inner), { where }), /graphs are nested more than 60 deep/);
  });

  it("longer than a protobuf message can be, without reading them", async () => {
    const file = join(mkdtempSync(join(place, "long-")), "long.onnx");
    writeFileSync(file, "");
    truncateSync(file, 2 ** 31);
    const before = process.memoryUsage().rss;
    assert.match(await problem(file), /it has 2147483648 bytes, and an ONNX model at most 2147483647/);
    assert.ok(process.memoryUsage().rss - before < 2 ** 27);
  });
});
