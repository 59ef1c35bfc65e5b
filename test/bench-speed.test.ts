/** The benchmarks of imported networks: that they run, and that what they compute is right; no time is asserted. */
import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { dump } from "npyjs";
import { difference, logitsOf, spread } from "../bench/speed/forward.ts";
import { importAnew } from "../bench/speed/import-anew.ts";
import { interleaved } from "../bench/speed/interleaved.ts";
import { measureShape } from "../bench/speed/measure-shape.ts";
import type { Measured, MeasuredModel } from "../bench/speed/measured.ts";
import { openTimed } from "../bench/speed/open-timed.ts";
import { randomCheckpoint } from "../bench/speed/random-checkpoint.ts";
import { openReference } from "../bench/speed/reference.ts";
import { sampleOnce } from "../bench/speed/sample-once.ts";
import type { Shape } from "../bench/speed/shapes.ts";
import { chapterOf } from "../bench/speed/speed-text.ts";
import { targetsOf } from "../bench/speed/targets.ts";
import { openCheckpoint } from "../src/import/safetensors/checkpoint.ts";
import { isFloat } from "../src/import/safetensors/safetensors.ts";
import { fixtures, goldenOf, scratch } from "./checkpoints.ts";

/** A Python that may have PyTorch; without it, what needs it is left out. */
const python = process.env["FEWSTEP_PYTHON"] ?? "python3";
const shape: Shape = {
  name: "smallest",
  vocabulary: 96,
  length: 32,
  width: 32,
  blocks: 2,
  heads: 2,
  condition: 16,
};
const place = scratch();

describe("randomCheckpoint", () => {
  it("is a function of the shape and the seed, and is made once", async () => {
    const bytes = async (seed: number, folder: string): Promise<Buffer> =>
      readFileSync(join(await randomCheckpoint(shape, { seed, place: folder }), "model.safetensors"));
    const first = await bytes(1, place);
    assert.equal(first.compare(await bytes(1, scratch())), 0, "the same seed");
    assert.notEqual(first.compare(await bytes(2, place)), 0, "another seed");
    const file = join(await randomCheckpoint(shape, { seed: 1, place }), "model.safetensors");
    const { mtimeMs } = statSync(file);
    await randomCheckpoint(shape, { seed: 1, place });
    assert.equal(statSync(file).mtimeMs, mtimeMs);
  });

  it("has matrices that keep the size of what they multiply", async () => {
    const checkpoint = await openCheckpoint(await randomCheckpoint(shape, { seed: 1, place }));
    try {
      for (const [name, due] of [
        ["backbone.blocks.1.mlp.2.weight", 1 / Math.sqrt(4 * shape.width)],
        ["backbone.blocks.0.adaLN_modulation.weight", 1 / Math.sqrt(shape.condition)],
        ["backbone.vocab_embed.embedding", 1],
      ] as const) {
        const { entry, file } = checkpoint.tensors.get(name)!;
        assert.ok(isFloat(entry), entry.type);
        let squares = 0;
        let count = 0;
        for await (const piece of file.floats(entry)) {
          for (const x of piece) squares += x * x;
          count += piece.length;
        }
        // Of n = 3,072 to 4,096 uniform numbers: a relative standard error of 0.8 % or less.
        assert.ok(Math.abs(Math.sqrt(squares / count) / due - 1) < 0.04, `${name}: ${squares / count}`);
      }
    } finally {
      await checkpoint.close();
    }
  });
});

describe("sampleOnce", () => {
  it("makes the same tokens from wanted rows and from all, of which only some are asked for", async () => {
    const imported = await importAnew(await randomCheckpoint(shape, { place }), "fp32");
    const timed = await openTimed(imported.folder, { threads: 1 });
    try {
      const sparse = await sampleOnce(timed, { steps: 8, seed: 3 });
      const all = await sampleOnce(timed, { steps: 8, seed: 3, all: true });
      const other = await sampleOnce(timed, { steps: 8, seed: 4 });
      assert.deepEqual(all.tokens, sparse.tokens);
      assert.notDeepEqual(other.tokens, sparse.tokens);
      const isClean = (token: number): boolean => token >= 0 && token < shape.vocabulary - 1;
      assert.deepEqual(sparse.tokens.filter(isClean), sparse.tokens);
      assert.ok(sparse.runtime > 0 && sparse.runtime < sparse.seconds, `${sparse.runtime} s`);

      const { denoiser } = timed.model;
      const rows = spread(shape.length, 4);
      assert.deepEqual([...rows], [0, 8, 16, 24]);
      const alone = await logitsOf(denoiser, { rows, alone: true });
      const among = await logitsOf(denoiser, { rows, alone: false });
      const { worst } = difference(alone.data, among.data);
      assert.ok(worst < 1e-5, `alone or among all rows: ${worst}`);
      const others = await logitsOf(denoiser, { rows: Int32Array.of(1, 9, 17, 25), alone: true });
      assert.ok(difference(alone.data, others.data).worst > 0.1, "other rows are other");
    } finally {
      await timed.model.dispose();
      imported.remove();
    }
  });

  it("difference: the largest and the root of the mean square", () => {
    const a = Float32Array.of(1, 2, Number.NEGATIVE_INFINITY, 4);
    const b = Float32Array.of(1, 5, Number.NEGATIVE_INFINITY, 0);
    assert.deepEqual(difference(a, b), { worst: 4, typical: 2.5 });
  });
});

describe("interleaved", () => {
  async function run(patience: number) {
    const order: string[] = [];
    const task = (name: string, results: number[]) => async () => {
      order.push(name);
      return results.shift()!;
    };
    const tasks = { a: task("a", [3, 1, 2]), b: task("b", [5, 6, 4]) };
    const best = await interleaved(tasks, { rounds: 3, patience, cost: (result) => result });
    return { order: order.join(""), best };
  }

  it("runs tasks in turn and keeps the best of each", async () => {
    assert.deepEqual(await run(Number.POSITIVE_INFINITY), {
      order: "ababab",
      best: { a: { result: 1, runs: 3 }, b: { result: 4, runs: 3 } },
    });
  });

  it("does not repeat what has taken too long", async () => {
    assert.deepEqual(await run(0), {
      order: "ab",
      best: { a: { result: 3, runs: 1 }, b: { result: 5, runs: 1 } },
    });
  });
});

describe("targetsOf", () => {
  const once = <Result>(result: Result) => ({ result, runs: 1 });
  const memory = { loading: 0, loaded: 1000 };
  function model(seconds: number, { own = 0, dense = 10, most = 1100 } = {}): MeasuredModel {
    const sparse = once({ seconds, network: seconds - own });
    return {
      weights: "fp32",
      forward: [],
      sampled: [{ steps: 16, sparse, dense: once({ seconds: dense, network: dense }) }],
      memory: { sparse: { ...memory, peak: most }, dense: { ...memory, peak: 1200 } },
      alone: { worst: 0 },
    };
  }
  const seconds = (value: number) => once({ seconds: value, network: value });
  const reference = {
    torch: "2",
    check: { worst: 0, largest: 1 },
    forward: { float32: once(1), bfloat16: once(1) },
    sampled: { float32: seconds(11.25), bfloat16: seconds(7.5) },
  };
  const verdicts = (measured: Omit<Measured, "shape">) =>
    targetsOf({ shape, ...measured }).map(({ met }) => met);

  it("are met at the border and not beyond it", () => {
    assert.deepEqual(verdicts({ models: [model(7.5, { own: 0.375 })], reference }), Array(5).fill(true));
    const beyond = [model(7.51, { own: 0.376, most: 1101 })];
    assert.deepEqual(verdicts({ models: beyond, reference }), Array(5).fill(false));
  });

  it("allow other weights against bfloat16 alone", () => {
    const int8: MeasuredModel = { ...model(5), weights: "int8", fromFloat32: { worst: 1, typical: 0.25 } };
    const found = targetsOf({ shape, models: [model(8), int8], reference });
    assert.deepEqual(
      found.map(({ met }) => met),
      [false, true, true, false, true],
    );
    assert.match(found[4]!.numbers, /= 0\.94 \(fp32\); .* = 1\.50 \(int8, logits off by 0\.25 rms\)/);
  });

  it("are neither met nor missed where nothing was measured", () => {
    assert.deepEqual(verdicts({ models: [], reference: "none" }), Array(5).fill(undefined));
  });
});

describe("the reference", () => {
  it("says in a sentence what is missing", async () => {
    assert.equal(await openReference(place, { python: "", threads: 1 }), "no Python was named");
    const found = await openReference(place, { python: "no-such-python", threads: 1 });
    assert.match(found as string, /^no-such-python cannot be started: .*ENOENT/);
  });

  it("returns what the published code returned", async (test) => {
    const folder = join(fixtures, "mdlm");
    const reference = await openReference(folder, { python, threads: 1 });
    if (typeof reference === "string") {
      assert.match(reference, /needs the Python package \w+, .*; install it with|cannot be started/);
      return test.skip(reference);
    }
    try {
      const { inputs, expected } = goldenOf("mdlm", fixtures);
      const [batch, length, vocabulary] = expected.raw.shape;
      const file = (name: string, array: Int32Array | Float32Array, dims: number[]): string => {
        const path = join(place, `${name}.npy`);
        writeFileSync(path, new Uint8Array(dump(array, dims)));
        return path;
      };
      const logits = Float32Array.from(expected.raw.data);
      const files = {
        tokens: file("tokens", Int32Array.from(inputs.tokens.flat()), [batch, length]),
        rows: file(
          "rows",
          Int32Array.from({ length: batch * length }, (_, at) => at),
          [batch * length],
        ),
        logits: file("logits", logits, [batch * length, vocabulary]),
      };
      const right = await reference.check(files);
      assert.ok(right.worst < 2e-5, `${right.worst}`);
      logits[7]! += 1;
      file("logits", logits, [batch * length, vocabulary]);
      const wrong = await reference.check(files);
      assert.ok(Math.abs(wrong.worst - 1) < 1e-4, `${wrong.worst}`);
    } finally {
      reference.close();
    }
  });
});

describe("measureShape", () => {
  it("measures everything of a small shape, and its chapter says so", async () => {
    const measured = await measureShape(shape, {
      seed: 0,
      threads: 1,
      weights: ["fp32"],
      steps: [4, 16],
      rounds: 1,
      python,
      place,
    });
    const [model] = measured.models;
    assert.deepEqual(
      model!.forward.map(({ rows }) => rows),
      [32, 2, 1],
    );
    assert.deepEqual(
      model!.sampled.map(({ steps }) => steps),
      [4, 16],
    );
    if (process.platform === "linux") {
      for (const memory of Object.values(model!.memory!)) {
        const { loading, loaded, peak } = memory;
        assert.ok(loading >= loaded && loaded > 2 ** 20 && peak > loaded / 2, JSON.stringify(memory));
      }
    }
    const text = chapterOf(measured, { targets: true });
    assert.match(text, /^## smallest: 32 wide, 2 blocks, 2 heads, D = 32, V = 96\n/);
    assert.match(text, /\| fp32 \| 4 \| .* m?s \(1\) \| .* m?s \(1\) \|/);
    assert.match(
      text,
      typeof measured.reference === "string"
        ? /PyTorch was not measured: /
        : /\| PyTorch bfloat16 \| .* \(1\) \|/,
    );
    assert.equal(text.match(/\| (met|NOT met|-) \|/g)?.length, 5);
  });
});
