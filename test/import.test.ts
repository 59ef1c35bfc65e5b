/** What an imported model is: however the checkpoint is stored, and whatever it is used for afterwards. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fromBinary } from "@bufbuild/protobuf";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { type ImportOptions, importFolder } from "../src/import/import-folder.ts";
import { onnxMessage } from "../src/import/onnx-file/onnx-schema.ts";
import { tensorEntries } from "../src/import/safetensors/safetensors-header.ts";
import { sample, uniform } from "../src/index.ts";
import { loadModel } from "../src/node/index.ts";
import { changedCopy, checkpointNames, checkpoints, fixtures, goldenOf, scratch } from "./checkpoints.ts";
import { json, together } from "./run-cli.ts";
import { fileOf, writeTensors } from "./safetensors-file.ts";

const place = scratch();

async function imported(folder: string, options: Partial<ImportOptions> = {}) {
  const out = join(mkdtempSync(join(place, "out-")), "model");
  return { out, ...(await importFolder(folder, { out, name: "model", ...options })) };
}

/** The tensors of a checkpoint folder of float32 weights. */
function tensorsOf(folder: string): { name: string; shape: readonly number[]; data: Float32Array }[] {
  const bytes = readFileSync(join(folder, "model.safetensors"));
  const length = Number(bytes.readBigUInt64LE(0));
  const json = bytes.toString("utf8", 8, 8 + length);
  const data = bytes.subarray(8 + length);
  const entries = tensorEntries(json, { dataBytes: data.length, where: folder });
  return [...entries].map(([name, { shape, begin, end }]) => ({
    name,
    shape,
    data: new Float32Array(Uint8Array.from(data.subarray(begin, end)).buffer),
  }));
}

describe("however a checkpoint is stored, the model is the same", () => {
  it("in several files", async () => {
    const folder = changedCopy(place, "dream");
    const tensors = tensorsOf(folder);
    rmSync(join(folder, "model.safetensors"));
    const shards = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];
    const half = (at: number): number => (at % 2 === 0 ? 0 : 1);
    for (const [which, shard] of shards.entries()) {
      writeTensors(
        join(folder, shard),
        tensors.filter((_, at) => half(at) === which),
      );
    }
    const map = Object.fromEntries(tensors.map(({ name }, at) => [name, shards[half(at)]]));
    writeFileSync(join(folder, "model.safetensors.index.json"), JSON.stringify({ weight_map: map }));
    const whole = await imported(changedCopy(place, "dream"));
    const sharded = await imported(folder);
    assert.equal(sharded.manifest.sha256, whole.manifest.sha256);
  });

  it("in bfloat16", async () => {
    const folder = changedCopy(place, "llada");
    const halves = changedCopy(place, "llada");
    // Weights that bfloat16 holds exactly: the upper half of each float32.
    const tensors = tensorsOf(folder).map((tensor) => {
      const bits = new Uint32Array(tensor.data.buffer).map((bits) => bits & 0xffff0000);
      return {
        ...tensor,
        data: new Float32Array(bits.buffer),
        halves: Uint16Array.from(bits, (b) => b >>> 16),
      };
    });
    writeTensors(join(folder, "model.safetensors"), tensors);
    let end = 0;
    const header = Object.fromEntries(
      tensors.map(({ name, shape, halves }) => {
        const begin = end;
        end += halves.byteLength;
        return [name, { dtype: "BF16", shape, data_offsets: [begin, end] }];
      }),
    );
    const data = Buffer.concat(tensors.map(({ halves }) => new Uint8Array(halves.buffer)));
    writeFileSync(join(halves, "model.safetensors"), fileOf(header, data));
    const [wide, narrow] = [await imported(folder), await imported(halves)];
    assert.equal(narrow.manifest.sha256, wide.manifest.sha256);
  });

  it("with weights beside the graph", async () => {
    const inside = await imported(join(fixtures, "duo"));
    const beside = await imported(join(fixtures, "duo"), { inlineLimit: 0 });
    assert.deepEqual(beside.files, ["model.onnx", "model.onnx.data", "manifest.json"]);
    assert.deepEqual(readdirSync(beside.out).sort(), ["manifest.json", "model.onnx", "model.onnx.data"]);
    const logits = async (out: string): Promise<Float32Array> => {
      const model = await loadModel(out, { threads: 1 });
      const tokens = Int32Array.from({ length: model.denoiser.length }, (_, at) => at);
      const { data } = await model.denoiser.predict({ tokens, batch: 1, time: Float64Array.of(0.5) });
      await model.dispose();
      return Float32Array.from(data);
    };
    assert.deepEqual(await logits(beside.out), await logits(inside.out));
    const model = fromBinary(
      onnxMessage("ModelProto"),
      readFileSync(join(beside.out, "model.onnx")),
    ) as unknown as {
      metadataProps: { key: string; value: string }[];
    };
    const weights = readFileSync(join(beside.out, "model.onnx.data"));
    const sha256 = createHash("sha256").update(weights).digest("hex");
    assert.equal(model.metadataProps.find(({ key }) => key === "weights_sha256")?.value, sha256);
  });

  it("as transformers 5 writes ModernBERT's config", async () => {
    const old = await imported(changedCopy(place, "modernbert"), { mask: 96 });
    const types = ["full_attention", "sliding_attention"];
    const folder = changedCopy(place, "modernbert", {
      global_attn_every_n_layers: undefined,
      global_rope_theta: undefined,
      local_rope_theta: undefined,
      layer_types: types,
      rope_parameters: {
        full_attention: { rope_theta: 160_000, rope_type: "default" },
        sliding_attention: { rope_theta: 10_000, rope_type: "default" },
      },
    });
    assert.equal((await imported(folder, { mask: 96 })).manifest.sha256, old.manifest.sha256);
  });

  it("with ESM's norms as gamma and beta, and the tables of older files", async () => {
    const folder = changedCopy(place, "esm2");
    const extra = { name: "esm.contact_head.extra.*", shape: [1], data: Float32Array.of(1) };
    const renamed = tensorsOf(folder).map((tensor) => ({
      ...tensor,
      name: tensor.name
        .replace(/(LayerNorm|layer_norm|layer_norm_after)\.weight$/, "$1.gamma")
        .replace(/(LayerNorm|layer_norm|layer_norm_after)\.bias$/, "$1.beta"),
    }));
    writeTensors(join(folder, "model.safetensors"), [...renamed, extra]);
    const { out, unused } = await imported(folder);
    assert.ok(unused.includes(extra.name));
    const golden = goldenOf("esm2", fixtures);
    const { found } = await rawLogits(out, golden.inputs.tokens);
    assert.ok(found.every((value, at) => Math.abs(value - golden.expected.raw.data[at]!) < 5e-5));
  });

  it("with a matrix for the logits of its own, which then counts", async () => {
    const folder = changedCopy(place, "bert-new");
    const tensors = tensorsOf(folder);
    const words = tensors.find(({ name }) => name.endsWith("word_embeddings.weight"))!;
    const decoder = { ...words, name: "cls.predictions.decoder.weight", data: words.data.map((w) => 2 * w) };
    const bias = tensors.find(({ name }) => name === "cls.predictions.bias")!.data;
    writeTensors(join(folder, "model.safetensors"), [...tensors, decoder]);
    const { out } = await imported(folder, { mask: 7 });
    const golden = goldenOf("bert-new", fixtures);
    const { found, width } = await rawLogits(out, golden.inputs.tokens);
    golden.expected.raw.data.forEach((tied, at) => {
      const expected = 2 * tied - bias[at % width]!;
      assert.ok(Math.abs(found[at]! - expected) < 1e-4);
    });
  });
});

/** What the network returns for these tokens, whatever the manifest says. */
async function rawLogits(out: string, tokens: readonly (readonly number[])[], sigma?: number) {
  const session = await InferenceSession.create(join(out, "model.onnx"), { intraOpNumThreads: 1 });
  const shape = [tokens.length, tokens[0]!.length];
  const x = new Tensor("int64", BigInt64Array.from(tokens.flat(), BigInt), shape);
  const all = tokens.flat().keys();
  const rows = new Tensor("int64", BigInt64Array.from(all, BigInt), [tokens.flat().length]);
  const level = sigma === undefined ? {} : { sigma: new Tensor("float32", Float32Array.of(sigma), [1]) };
  const { logits } = await session.run({ x, rows, ...level });
  const found = Float32Array.from(logits!.data as Float32Array);
  await session.release();
  return { found, width: logits!.dims[1]! };
}

describe("the file", () => {
  it("is one protobuf message whose tensors have as many bytes as their shapes say", async () => {
    const { out, parameters } = await imported(join(fixtures, "llada"));
    const bytes = readFileSync(join(out, "model.onnx"));
    const model = fromBinary(onnxMessage("ModelProto"), bytes) as unknown as {
      graph: { initializer: { name: string; dims: bigint[]; dataType: number; rawData: Uint8Array }[] };
    };
    const names = model.graph.initializer.map(({ name }) => name);
    assert.equal(new Set(names).size, names.length);
    let floats = 0;
    for (const { name, dims, dataType, rawData } of model.graph.initializer) {
      const count = Number(dims.reduce((a, b) => a * b, 1n));
      assert.equal(rawData.length, count * (dataType === 1 ? 4 : 8), name);
      if (!name.startsWith("/")) floats += count;
    }
    assert.equal(floats, parameters);
  });

  it("is the same every time, and takes the place of an empty folder", async () => {
    const first = await imported(join(fixtures, "mdlm"));
    const out = mkdtempSync(join(place, "empty-"));
    const second = await imported(join(fixtures, "mdlm"), { out });
    assert.equal(first.manifest.sha256, second.manifest.sha256);
    assert.deepEqual(readdirSync(out).sort(), ["manifest.json", "model.onnx"]);
  });
});

describe("every checkpoint can be sampled from", () => {
  for (const name of checkpointNames) {
    it(name, async () => {
      const mask = goldenOf(name, checkpoints).mask_index;
      const { out } = await imported(join(checkpoints, name), { length: 8, ...(mask !== null && { mask }) });
      const model = await loadModel(out, { threads: 1 });
      const run = () =>
        sample(model.denoiser, { ...model, schedule: uniform({ steps: 4 }), count: 3, seed: 5 });
      const { tokens, calls } = await run();
      assert.equal(tokens.length, 24);
      assert.equal(calls, 4);
      const isClean = (token: number): boolean => token >= 0 && token < model.denoiser.vocabulary;
      assert.ok(tokens.every((token) => isClean(token) && token !== model.manifest?.mask));
      assert.deepEqual((await run()).tokens, tokens);
      await model.dispose();
    });
  }
});

describe("numbers where float32 is thin", () => {
  it("SEDD's log(e^sigma - 1) near 0", async () => {
    const { out } = await imported(join(fixtures, "sedd"));
    const tokens = [[1, 2, 3, 4]];
    const [low, high] = [await rawLogits(out, tokens, 1e-6), await rawLogits(out, tokens, 2e-6)];
    // The network hardly notices the step, so the scores halve.
    low.found.forEach((value, at) => {
      if (at % low.width !== tokens[0]![Math.floor(at / low.width)]) {
        assert.ok(Math.abs(value - high.found[at]! - Math.LN2) < 3e-5);
      }
    });
  });

  it("ESM with nothing but masks", async () => {
    const { out } = await imported(join(fixtures, "esm2"));
    const { found } = await rawLogits(out, [Array<number>(6).fill(goldenOf("esm2", fixtures).mask_index!)]);
    assert.ok(found.every(Number.isFinite));
  });
});

describe("the mask of a masked language model", () => {
  const files: [string, Record<string, unknown>, number][] = [
    ["added tokens", { "tokenizer.json": { added_tokens: [{ id: 7, content: "[MASK]" }] } }, 7],
    ["the vocabulary", { "tokenizer.json": { model: { vocab: { "[MASK]": 9, "<mask>": 3 } } } }, 9],
    [
      "a mask by another name",
      {
        "tokenizer.json": {
          added_tokens: [
            { id: 4, content: "[MASK]" },
            { id: 8, content: "<m>" },
          ],
        },
        "special_tokens_map.json": { mask_token: { content: "<m>" } },
      },
      8,
    ],
    [
      "the tokenizer's config",
      {
        "tokenizer_config.json": { mask_token: "<mask>", added_tokens_decoder: { 5: { content: "<mask>" } } },
      },
      5,
    ],
    ["a list of words", { "vocab.txt": "[PAD]\n[UNK]\n[MASK]\nthe\n" }, 2],
  ];
  for (const [title, contents, mask] of files) {
    it(`is found in ${title}`, async () => {
      const folder = changedCopy(place, "bert");
      for (const [name, content] of Object.entries(contents)) {
        const text = typeof content === "string" ? content : JSON.stringify(content);
        writeFileSync(join(folder, name), text);
      }
      // The files say which token is the mask, and no more: they are no tokenizers.
      assert.equal((await imported(folder, { tokenizer: false })).manifest.mask, mask);
    });
  }
});

describe("on the command line", together, () => {
  it("imports, says what it made, and the model is there for the other commands", async () => {
    const folder = mkdtempSync(join(place, "cli-"));
    const made = await json<{ architecture: string; files: string[]; parameters: number }>(
      ["import", join(fixtures, "sedd"), "--out", "tiny", "--name", "tiny sedd", "--license", "MIT"],
      folder,
    );
    assert.equal(made.architecture, "sedd");
    assert.deepEqual(made.files, ["model.onnx", "manifest.json"]);
    const { name, license } = JSON.parse(readFileSync(join(folder, "tiny", "manifest.json"), "utf8"));
    assert.deepEqual([name, license], ["tiny sedd", "MIT"]);
    const drawn = await json<Record<string, unknown>>(
      ["sample", "./tiny", "--steps", "2", "--count", "2"],
      folder,
    );
    assert.ok(Object.keys(drawn).length > 0);
  });
});
