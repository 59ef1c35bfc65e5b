/** Folders of continuous models: what is loaded from them, and the sentence for what is damaged. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { dump } from "npyjs";
import { type Denoiser, sample, timePower, vpCosine } from "../../src/continuous/index.ts";
import { ddim } from "../../src/continuous/samplers/ddim.ts";
import {
  guidedTowards,
  loadContinuousModel,
  loadModel,
  modelSpace,
  shippedContinuousModels,
  shippedModels,
  underNoise,
} from "../../src/node/index.ts";
import { close } from "../golden.ts";
import { noise, starts, target } from "./bench.ts";

const networks = fileURLToPath(new URL("../fixtures/onnx-continuous/", import.meta.url));
const place = mkdtempSync(join(tmpdir(), "fewstep-continuous-"));
after(() => rmSync(place, { recursive: true, force: true }));

const threeGaussians = {
  weights: [0.5, 0.3, 0.2],
  means: [
    [2, 0],
    [-1, 1.5],
    [0, -2],
  ],
  deviations: [0.3, 0.5, 0.25],
};
const common = {
  ...{ format: "fewstep/model", version: 1, space: "continuous" },
  ...{ name: "own", description: "d", license: "l", noise: { name: "vp-linear" } },
};
const mixtureManifest = { ...common, kind: "gaussian-mixture", file: "mixture.json", shape: [2] };
const networkManifest = {
  ...{ ...common, kind: "onnx", file: "model.onnx", shape: [2, 3], prediction: "eps" },
  ...{ inputs: { x: "x", time: "t" }, output: "y" },
};

/** A model folder with these files; JSON unless they are text or bytes. */
function folderOf(files: Readonly<Record<string, unknown>>): string {
  const folder = mkdtempSync(join(place, "model-"));
  for (const [name, content] of Object.entries(files)) {
    const isWhole = typeof content === "string" || content instanceof Uint8Array;
    writeFileSync(join(folder, name), isWhole ? content : JSON.stringify(content));
  }
  return folder;
}

const mixtureFolder = (file: unknown = threeGaussians, manifest: object = {}): string =>
  folderOf({ "manifest.json": { ...mixtureManifest, ...manifest }, "mixture.json": file });

function networkFolder(network: string, manifest: object = {}): string {
  const folder = folderOf({ "manifest.json": { ...networkManifest, ...manifest } });
  copyFileSync(join(networks, network), join(folder, "model.onnx"));
  return folder;
}

const predicted = (denoiser: Denoiser, x: ArrayLike<number>, t: number) => {
  const batch = x.length / denoiser.dimension;
  const all = (value: number): Float64Array => new Float64Array(batch).fill(value);
  const [alpha, sigma] = [all(noise.alpha(t)), all(noise.sigma(t))];
  return denoiser.predict({ x: Float64Array.from(x), batch, time: all(t), alpha, sigma });
};

/** The error of loading a folder; it must be one line. */
async function problem(
  folder: string,
  after?: (model: Awaited<ReturnType<typeof loadContinuousModel>>) => unknown,
) {
  try {
    const model = await loadContinuousModel(folder, { threads: 1 });
    try {
      await after?.(model);
    } finally {
      await model.dispose();
    }
  } catch (error) {
    assert.ok(error instanceof Error && !error.message.includes("\n"), String(error));
    return error.message;
  }
  return "no problem";
}

describe("the mixture that ships", () => {
  it("is the shared problem", async () => {
    const model = await loadContinuousModel("mixture");
    assert.equal(model.name, "mixture");
    assert.deepEqual([model.dimension, model.shape, model.exact, model.classes], [2, [2], true, 3]);
    assert.deepEqual(model.noiseDescription, { name: "vp-linear", beta0: 0.1, beta1: 20 });
    assert.equal(model.noise.alpha(0.4), noise.alpha(0.4));
    assert.deepEqual(await predicted(model.denoiser, starts, 0.4), await predicted(target, starts, 0.4));
    assert.deepEqual(model.mixture?.weights, target.weights);
    assert.equal(await model.heldOut(), undefined);
    await model.dispose();
  });

  it("is among the continuous models, and the others are not", async () => {
    const continuous = (await shippedContinuousModels()).map(({ name }) => name);
    const discrete = (await shippedModels()).map(({ name }) => name);
    assert.ok(continuous.includes("mixture") && !discrete.includes("mixture"));
    assert.ok(discrete.includes("letters") && !continuous.includes("letters"));
    for (const name of continuous) assert.equal(await modelSpace(name), "continuous");
    assert.deepEqual(
      [await modelSpace("letters"), await modelSpace("chain:x.json")],
      ["discrete", "discrete"],
    );
  });

  it("and models of tokens are refused where the other is wanted", async () => {
    await assert.rejects(
      loadModel("mixture"),
      /manifest\.json: this is a continuous model, .* `fewstep sample`/,
    );
    assert.match(await problem("letters"), /manifest\.json: this is a model of tokens, .* with loadModel$/);
    assert.match(
      await problem("chain:x.json"),
      /chain:x\.json is a model of tokens; load it with loadModel$/,
    );
    assert.match(
      await problem("nosuch"),
      /^loadModel: there is no model "nosuch"; expected one of .*mixture/,
    );
    await assert.rejects(loadContinuousModel("mixture", { threads: 0 }), /threads = 0; expected a whole/);
  });
});

describe("a mixture's folder", () => {
  it("has a fingerprint of its law, whatever the layout", async () => {
    const fingerprintOf = async (file: unknown) =>
      (await loadContinuousModel(mixtureFolder(file))).fingerprint;
    const own = await fingerprintOf(threeGaussians);
    assert.match(own, /^[0-9a-f]{64}$/);
    assert.equal(own, (await loadContinuousModel("mixture")).fingerprint);
    assert.equal(await fingerprintOf(JSON.stringify(threeGaussians, undefined, 3)), own);
    const moved = { ...threeGaussians, deviations: [0.3, 0.5, 0.26] };
    assert.notEqual(await fingerprintOf(moved), own);
  });

  it("is conditional on a component, and guided towards it", async () => {
    const model = await loadContinuousModel(mixtureFolder());
    const alone = guidedTowards(model, { label: 1 });
    const free = await predicted(model.denoiser, starts, 0.3);
    const bound = await predicted(alone.denoiser, starts, 0.3);
    // One Gaussian: eps = sigma (x - alpha mu) / (alpha^2 s^2 + sigma^2).
    const [alpha, sigma] = [noise.alpha(0.3), noise.sigma(0.3)];
    const mean = threeGaussians.means[1]!;
    const exact = starts.map(
      (x, at) => (sigma * (x - alpha * mean[at % 2]!)) / (alpha * alpha * 0.25 + sigma * sigma),
    );
    close(bound, exact, { abs: 1e-12, rel: 0 }, "conditional");
    assert.deepEqual(Array.from(alone.mixture!.deviations), [0.5]);
    const pushed = guidedTowards(model, { label: 1, scale: 3 });
    close(
      await predicted(pushed.denoiser, starts, 0.3),
      Array.from(free, (eps, at) => eps + 3 * (bound[at]! - eps)),
      { abs: 1e-12, rel: 0 },
      "guided",
    );
    assert.equal(pushed.mixture, undefined);
    assert.equal(pushed.denoiser.callsPerPrediction, 2);
    for (const label of [-1, 3, 0.5]) {
      assert.throws(() => guidedTowards(model, { label }), /label = .*; expected .* from 0 to 2$/);
    }
  });

  it("runs under another noise", async () => {
    const model = underNoise(await loadContinuousModel(mixtureFolder()), { name: "vp-cosine", offset: 0.01 });
    assert.equal(model.noise.alpha(0.4), vpCosine({ offset: 0.01 }).alpha(0.4));
    assert.deepEqual(model.noiseDescription, { name: "vp-cosine", offset: 0.01 });
    const network = await loadContinuousModel(networkFolder("linear.onnx"), { threads: 1 });
    assert.throws(() => underNoise(network, { name: "ve" }), /trained on vp-linear.* noise; only mixtures/);
    await network.dispose();
  });

  const damaged: readonly (readonly [string, unknown, RegExp])[] = [
    ["no JSON", "{", /mixture\.json is not JSON/],
    ["a list", [], /mixture\.json: the whole file is \[\]; expected a value of type object/],
    [
      "no weights",
      { ...threeGaussians, weights: undefined },
      /weights is missing; expected a list of numbers/,
    ],
    [
      "a weight of 0",
      { ...threeGaussians, weights: [1, 0, 1] },
      /component 1 has weight 0 and deviation 0\.5/,
    ],
    ["a weight as text", { ...threeGaussians, weights: [1, "1", 1] }, /weights\.1 is "1"; expected a finite/],
    ["a weight too few", { ...threeGaussians, weights: [1, 1] }, /2 weights, 3 means, 3 deviations/],
    ["a negative deviation", { ...threeGaussians, deviations: [1, 1, -1] }, /component 2 .* deviation -1/],
    [
      "a mean of another dimension",
      { ...threeGaussians, means: [[2, 0], [1], [0, 0]] },
      /means\.1 has 1 numbers; the manifest's shape has 2: correct/,
    ],
    ["an unknown field", { ...threeGaussians, names: [] }, /field "names" is not known/],
    ["nothing", { weights: [], means: [], deviations: [] }, /0 weights, 0 means, 0 deviations; expected/],
  ];
  for (const [name, file, sentence] of damaged) {
    it(`is refused with a file that has ${name}`, async () => {
      assert.match(await problem(mixtureFolder(file)), sentence);
    });
  }

  it("is refused with another checksum, or without its file", async () => {
    const sealed = { sha256: "0".repeat(64) };
    assert.match(
      await problem(mixtureFolder(threeGaussians, sealed)),
      /mixture\.json has the SHA-256 .* 0000/,
    );
    assert.match(
      await problem(mixtureFolder(threeGaussians, { file: "none.json" })),
      /cannot read .*none\.json: there is no such file/,
    );
    assert.match(await problem(folderOf({})), /cannot read .*manifest\.json: there is no such file/);
  });
});

describe("a network's folder", () => {
  /** What the fixtures compute: x / 2 + t W, W = 0, 1/4, ... 5/4. */
  const lineOf = (x: number, at: number, t: number): number => x / 2 + (t * (at % 6)) / 4;
  const x = Array.from({ length: 12 }, (_, at) => (at - 6) / 8);

  it("is a denoiser in float32, with a fingerprint of its bytes", async () => {
    const folder = networkFolder("linear.onnx");
    const model = await loadContinuousModel(folder, { threads: 1 });
    assert.deepEqual([model.dimension, model.exact, model.mixture], [6, false, undefined]);
    close(
      await predicted(model.denoiser, x, 0.5),
      x.map((value, at) => lineOf(value, at, 0.5)),
      { abs: 1e-6, rel: 0 },
      "eps",
    );
    const bytes = readFileSync(join(folder, "model.onnx"));
    assert.equal(model.fingerprint, createHash("sha256").update(bytes).digest("hex"));
    const made = await sample(model.denoiser, {
      ...{ noise: model.noise, schedule: timePower({ steps: 3 }), sampler: ddim(), count: 2 },
    });
    assert.equal(made.x.length, 12);
    assert.match(await problem(folder, (loaded) => loaded.conditional(0)), /"own" has no classes; leave/);
    await model.dispose();
  });

  it("is fed its own time and read as it predicts", async () => {
    const inputs = { x: "x", time: "t", timeScale: 8, timeShift: -1 };
    const folder = networkFolder("linear.onnx", { inputs, prediction: "x0" });
    const model = await loadContinuousModel(folder, { threads: 1 });
    const [alpha, sigma] = [noise.alpha(0.5), noise.sigma(0.5)];
    close(
      await predicted(model.denoiser, x, 0.5),
      x.map((value, at) => (value - alpha * lineOf(value, at, 3)) / sigma),
      { abs: 1e-5, rel: 0 },
      "eps of x0 at network time 3",
    );
    await model.dispose();
  });

  it("with classes has a denoiser for each, and one for none", async () => {
    const classes = { input: "label", count: 3, none: 3 };
    const model = await loadContinuousModel(networkFolder("labelled.onnx", { classes }), { threads: 1 });
    const rows = x.slice(0, 6);
    for (const label of [0, 2, undefined]) {
      const denoiser = label === undefined ? model.denoiser : model.conditional(label);
      // + table[label], numbers mod 7 in rows of 6.
      const own = rows.map((value, at) => lineOf(value, at, 0.5) + ((6 * (label ?? 3) + at) % 7));
      close(await predicted(denoiser, rows, 0.5), own, { abs: 1e-6, rel: 0 }, `label ${label}`);
    }
    assert.throws(() => model.conditional(3), /label = 3; expected .* from 0 to 2$/);
    const guided = guidedTowards(model, { label: 1, scale: 2 });
    close(
      await predicted(guided.denoiser, rows, 0.5),
      rows.map((value, at) => lineOf(value, at, 0.5) - ((18 + at) % 7) + 2 * ((6 + at) % 7)),
      { abs: 1e-5, rel: 0 },
      "guided",
    );
    await model.dispose();
  });

  it("is refused where the file and the manifest disagree", async () => {
    const wrong: readonly (readonly [string, object, RegExp])[] = [
      ["linear.onnx", { output: "eps" }, /has no output "eps"; its outputs are "y"/],
      ["linear.onnx", { shape: [3, 2] }, /takes "x" as float32 .*; expected float32 \[batch, 3, 2\]/],
      ["labelled.onnx", {}, /also takes an input "label"/],
      ["linear.onnx", { sha256: "1".repeat(64) }, /model\.onnx has the SHA-256 .* 1111/],
    ];
    for (const [file, manifest, sentence] of wrong) {
      assert.match(await problem(networkFolder(file, manifest)), sentence);
    }
    const text = folderOf({ "manifest.json": networkManifest, "model.onnx": "no network" });
    assert.match(await problem(text), /cannot be opened as an ONNX model: .*; the file is damaged/);
  });

  it("has held-out data of either float type, and says what is wrong with others", async () => {
    const folder = networkFolder("linear.onnx", { heldOut: "held-out.npy" });
    const put = (data: Parameters<typeof dump>[0], shape: number[]): void =>
      writeFileSync(join(folder, "held-out.npy"), new Uint8Array(dump(data, shape)));
    const model = await loadContinuousModel(folder, { threads: 1 });
    for (const array of [Float32Array.from(x), Float64Array.from(x)]) {
      put(array, [2, 2, 3]);
      assert.deepEqual(await model.heldOut(), Float64Array.from(x));
    }
    const wrong: readonly (readonly [Parameters<typeof dump>[0], number[], RegExp])[] = [
      [
        Float32Array.from(x),
        [4, 3],
        /has f4 of shape \[4, 3\]; expected float32 .* \[n, 2, 3\] in row order/,
      ],
      [Float32Array.from(x), [2, 3, 2], /has f4 of shape \[2, 3, 2\]/],
      [Int32Array.from(x), [2, 2, 3], /has i4 of shape/],
      [Float32Array.from(x, () => Number.NaN), [2, 2, 3], /has NaN as number 0; expected finite/],
    ];
    for (const [data, shape, sentence] of wrong) {
      put(data, shape);
      await assert.rejects(model.heldOut(), sentence);
    }
    writeFileSync(join(folder, "held-out.npy"), "no array");
    await assert.rejects(model.heldOut(), /held-out\.npy is not a \.npy file/);
    await model.dispose();
  });
});
