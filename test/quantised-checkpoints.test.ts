/** Checkpoints with weights in fewer bytes: near the reference, whole or refused, and sampled from. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { importFolder } from "../src/import/import-folder.ts";
import { type WeightFormatName, weightFormatNames } from "../src/import/weight-formats/weight-format.ts";
import { sample, uniform } from "../src/index.ts";
import { loadModel } from "../src/node/index.ts";
import { changedCopy, fixtures, goldenOf, scratch } from "./checkpoints.ts";
import { storedIn } from "./stored-tensors.ts";

const place = scratch();
const smaller = weightFormatNames.filter((format) => format !== "fp32");

/** Root mean square of the errors over that of the logits, share of rows with the same argmax, share of the bytes. */
const bounds = {
  fp16: { relative: 1e-3, same: 0.99, size: 0.61 },
  int8: { relative: 0.05, same: 0.9, size: 0.4 },
  int4: { relative: 0.3, same: 0.7, size: 0.3 },
} as const;

for (const format of ["fp16", "int8", "int4"] as const) {
  describe(`checkpoints with ${format} weights`, () => {
    let [same, rows] = [0, 0];
    for (const name of readdirSync(fixtures).filter((name) => !name.endsWith(".md"))) {
      it(`${name} stays near the reference`, async () => {
        const golden = goldenOf(name, fixtures);
        const out = join(place, `${name}-${format}`);
        const mask = golden.mask_index === null ? {} : { mask: golden.mask_index };
        const free = { memory: 0, disk: 0 }; // The report is held against other numbers below.
        const imported = await importFolder(join(fixtures, name), { out, weights: format, free, ...mask });
        const session = await InferenceSession.create(join(out, "model.onnx"), { intraOpNumThreads: 1 });
        let [squares, sizes] = [0, 0];
        for (const { inputs, expected } of [golden, ...golden.cases]) {
          if (inputs.attention_mask) continue;
          const { tokens } = inputs;
          const count = tokens.flat().length;
          const width = expected.raw.shape[2];
          const fed = (which: readonly number[]): Record<string, Tensor> => ({
            x: new Tensor("int64", BigInt64Array.from(tokens.flat(), BigInt), [
              tokens.length,
              tokens[0]!.length,
            ]),
            rows: new Tensor("int64", BigInt64Array.from(which, BigInt), [which.length]),
            ...(session.inputNames.includes("sigma")
              ? { sigma: new Tensor("float32", [...(inputs.sigma ?? inputs.timesteps)!], [tokens.length]) }
              : {}),
          });
          const found = (await session.run(fed([...Array(count).keys()])))["logits"]!.data as Float32Array;
          for (let row = 0; row < count; row++) {
            const [due, is] = [expected.raw.data, found].map((data) =>
              Array.from(data.slice(row * width, (row + 1) * width)),
            );
            const mean = due!.reduce((sum, value) => sum + value / width, 0);
            squares += due!.reduce((sum, value, at) => sum + (value - is![at]!) ** 2, 0);
            sizes += due!.reduce((sum, value) => sum + (value - mean) ** 2, 0);
            rows++;
            if (due!.indexOf(Math.max(...due!)) === is!.indexOf(Math.max(...is!))) same++;
          }
          const some = (await session.run(fed([1, 4])))["logits"]!.data as Float32Array;
          const among = Float32Array.from([
            ...found.slice(width, 2 * width),
            ...found.slice(4 * width, 5 * width),
          ]);
          for (const [at, value] of some.entries()) {
            assert.ok(Math.abs(value - among[at]!) <= 2e-6, `${value} alone, ${among[at]} among all`);
          }
        }
        await session.release();
        const relative = Math.sqrt(squares / sizes);
        assert.ok(relative <= bounds[format].relative, `off by ${relative} of the logits`);
        const share = imported.bytes / (4 * imported.parameters);
        assert.ok(share <= bounds[format].size, `${share} of the bytes`);
        assert.deepEqual(readdirSync(out).sort(), [...imported.files].sort());
      });
    }

    it("mostly predict the same token", () => {
      assert.ok(same / rows >= bounds[format].same, `the same in ${same} of ${rows}`);
    });
  });
}

describe("tied embeddings", () => {
  for (const format of smaller) {
    it(`${format}: the table is stored once`, async () => {
      const out = join(place, `tied-${format}`);
      await importFolder(join(fixtures, "bert"), {
        out,
        weights: format,
        mask: 7,
        free: { memory: 0, disk: 0 },
      });
      const tables = [...storedIn(join(out, "model.onnx"))].filter(([name]) =>
        name.includes("word_embeddings"),
      );
      const expected = format === "fp16" ? ["halves"] : ["codes", "scales"];
      assert.deepEqual(
        tables.map(([name]) => name.split("/")[1]),
        expected,
      );
    });
  }
});

describe("what is refused", () => {
  /** A copy of a checkpoint with one number changed. */
  function damaged(value: number): string {
    const folder = changedCopy(place, "mdlm");
    const path = join(folder, "model.safetensors");
    const bytes = readFileSync(path);
    const header = 8 + Number(bytes.readBigUInt64LE(0));
    const tensors = JSON.parse(bytes.toString("utf8", 8, header)) as Record<
      string,
      { data_offsets: number[] }
    >;
    const [begin] = tensors["backbone.blocks.1.mlp.0.weight"]!.data_offsets;
    bytes.writeFloatLE(value, header + begin! + 4 * 77);
    writeFileSync(path, bytes);
    return folder;
  }

  const problem = async (folder: string, weights: WeightFormatName): Promise<string> => {
    const parent = mkdtempSync(join(place, "refused-"));
    let message = "";
    await assert.rejects(importFolder(folder, { out: join(parent, "model"), weights }), (error: Error) => {
      message = error.message;
      return true;
    });
    assert.deepEqual(readdirSync(parent), [], "something was written");
    return message;
  };

  for (const format of weightFormatNames) {
    it(`${format}: numbers that are not finite`, async () => {
      for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        const expected = `tensor "backbone.blocks.1.mlp.0.weight" holds ${value}; expected finite numbers`;
        assert.ok((await problem(damaged(value), format)).includes(expected));
      }
    });
  }

  it("fp16: numbers beyond it", async () => {
    const message = await problem(damaged(1e5), "fp16");
    assert.match(message, /mlp\.0\.weight" holds 100000, and float16 ends at 65504; import it with/);
    await importFolder(damaged(1e5), {
      out: join(place, "large"),
      weights: "int8",
      free: { memory: 0, disk: 0 },
    });
  });
});

it("a network with int8 weights samples, whatever else is in its batch", async () => {
  const out = join(place, "sampled");
  await importFolder(join(fixtures, "mdlm"), { out, weights: "int8", free: { memory: 0, disk: 0 } });
  const model = await loadModel(out, { threads: 1 });
  const options = { schedule: uniform({ steps: 4 }), seed: 3, process: model.process, noise: model.noise };
  const { length } = model.denoiser;
  const three = await sample(model.denoiser, { ...options, count: 3 });
  const one = await sample(model.denoiser, { ...options, count: 1 });
  assert.deepEqual(three.tokens.slice(0, length), one.tokens);
  await model.dispose();
});
