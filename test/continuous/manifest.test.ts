/** What manifest.json of a continuous model may say, and the sentence for what it may not. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { alphaBars, namedNoise, vpTable } from "../../src/continuous/index.ts";
import { parseContinuousManifest } from "../../src/model/continuous-manifest.ts";
import { parseManifest } from "../../src/model/manifest.ts";
import { close } from "../golden.ts";

const common = {
  format: "fewstep/model",
  version: 1,
  space: "continuous",
  name: "m",
  description: "d",
  license: "l",
  shape: [2, 3],
  noise: { name: "vp-linear" },
};
const mixture = { ...common, kind: "gaussian-mixture", file: "mixture.json" };
const network = {
  ...common,
  kind: "onnx",
  file: "model.onnx",
  prediction: "v",
  inputs: { x: "x", time: "t", timeScale: 1000, timeShift: -1 },
  output: "y",
};

describe("a continuous manifest", () => {
  it("is returned as it is", () => {
    const whole = {
      ...network,
      sha256: "0".repeat(64),
      heldOut: "held-out.npy",
      pixels: { rows: 2, columns: 3, low: -1, high: 1 },
      classes: { input: "label", count: 10, none: 10 },
      noise: { name: "vp-table", betas: "scaled-linear", start: 0.00085, end: 0.012, levels: 1000 },
      training: { steps: 3 },
    };
    assert.deepEqual(parseContinuousManifest(whole, "m.json"), whole);
    assert.deepEqual(parseContinuousManifest(mixture, "m.json"), mixture);
  });

  const wrong: readonly (readonly [string, object, RegExp])[] = [
    ["an unknown kind", { ...mixture, kind: "gguf" }, /kind is "gguf"; expected .*gaussian-mixture/],
    ["a mixture with inputs", { ...mixture, inputs: { x: "x", time: "t" } }, /field "inputs" is not known/],
    ["no prediction", { ...network, prediction: undefined }, /prediction is missing; expected "eps" or "x0"/],
    [
      "another prediction",
      { ...network, prediction: "flow" },
      /prediction is "flow"; expected "eps" or "x0"/,
    ],
    ["no time", { ...network, inputs: { x: "x" } }, /inputs\.time is missing; expected text/],
    ["no shape", { ...network, shape: [] }, /shape is \[\]; expected a list of sizes, such as \[1, 8, 8\]/],
    ["a size of 0", { ...network, shape: [2, 0] }, /shape\.1 is 0; expected a whole number >= 1/],
    ["a huge shape", { ...network, shape: [1e5, 1e5] }, /shape is \[100000, 100000\], .* expected at most/],
    [
      "an unknown noise",
      { ...mixture, noise: { name: "loud" } },
      /"loud" is not known; .* vp-linear.* vp-table/,
    ],
    [
      "a number that the noise does not have",
      { ...mixture, noise: { name: "ve", beta0: 1 } },
      /noise "ve" has no parameter "beta0"; it has sigmaMin, sigmaMax/,
    ],
    [
      "a number out of range",
      { ...mixture, noise: { name: "vp-linear", beta0: 30 } },
      /vpLinear: beta0 = 30, beta1 = 20; expected/,
    ],
    [
      "a table without betas",
      { ...mixture, noise: { name: "vp-table", start: 0.1, end: 0.2, levels: 10 } },
      /betas = undefined; expected "linear" or "scaled-linear"/,
    ],
    [
      "a table without levels",
      { ...mixture, noise: { name: "vp-table", betas: "linear", start: 0.1, end: 0.2 } },
      /"vp-table" needs a number: vp-table:levels=/,
    ],
    [
      "a table of too many levels",
      { ...mixture, noise: { name: "vp-table", betas: "linear", start: 0.1, end: 0.2, levels: 1e9 } },
      /levels = 1000000000; expected at most 1000000/,
    ],
    [
      "pixels of another number",
      { ...network, pixels: { rows: 8, columns: 8, low: -1, high: 1 } },
      /pixels has 8 rows and 8 columns from -1 to 1; expected as many pixels .* 6, and low below high/,
    ],
    [
      "black above white",
      { ...network, pixels: { rows: 2, columns: 3, low: 1, high: -1 } },
      /from 1 to -1; expected .* low below high/,
    ],
    [
      "a class that stands for none",
      { ...network, classes: { input: "label", count: 10, none: 0 } },
      /classes has 10 classes and none is 0, which is one of them; expected .* such as 10/,
    ],
    [
      "a class in the place of the time",
      { ...network, classes: { input: "t", count: 10, none: 10 } },
      /classes\.input is "t", which inputs names too/,
    ],
    ["data of another kind", { ...mixture, heldOut: "x.csv" }, /heldOut is "x\.csv"; expected .*\.npy/],
    [
      "a file outside",
      { ...mixture, file: "../x.json" },
      /file is "\.\.\/x\.json"; expected .*inside the folder/,
    ],
    ["a field with a typing error", { ...mixture, heldout: "x.npy" }, /field "heldout" is not known/],
  ];
  for (const [name, manifest, sentence] of wrong) {
    it(`is refused: ${name}`, () => {
      assert.throws(
        () => parseContinuousManifest(JSON.parse(JSON.stringify(manifest)), "m.json"),
        (error: Error) => /^m\.json: [^\n]+$/.test(error.message) && sentence.test(error.message),
      );
    });
  }

  it("and one of tokens refuse each other, and say what to do", () => {
    assert.throws(
      () => parseManifest(mixture, "m.json"),
      /^Error: m\.json: this is a continuous model, .* with `fewstep sample` .* loadContinuousModel$/,
    );
    const { space: _, ...tokens } = mixture;
    assert.throws(
      () => parseContinuousManifest(tokens, "m.json"),
      /^Error: m\.json: this is a model of tokens, .* load it with loadModel$/,
    );
    for (const nothing of [[], null, "x", 3]) {
      assert.throws(() => parseContinuousManifest(nothing, "m.json"), /^Error: m\.json: [^\n]+$/);
    }
  });
});

describe("a noise by name", () => {
  it("that is a table has the levels of its betas", () => {
    const read = namedNoise({
      name: "vp-table",
      betas: "scaled-linear",
      start: 0.00085,
      end: 0.012,
      levels: 50,
    });
    const bars = alphaBars({ n: 50, start: 0.00085, end: 0.012, spacing: "scaled-linear" });
    const made = vpTable({ alphaBars: bars });
    assert.equal(read.horizon, made.horizon);
    assert.equal(read.cutoff, made.cutoff);
    // Level i is at (i + 1) / n: the product of 1 - beta, written out.
    let product = 1;
    for (let i = 0; i < 50; i++) {
      product *= 1 - (Math.sqrt(0.00085) + ((Math.sqrt(0.012) - Math.sqrt(0.00085)) * i) / 49) ** 2;
      close(read.alpha((i + 1) / 50) ** 2, product, { abs: 1e-12, rel: 0 }, `level ${i}`);
    }
    const { cutoff } = namedNoise({
      ...{ name: "vp-table", betas: "linear", start: 0.1, end: 0.2, levels: 5, cutoff: 0.01 },
    });
    assert.equal(cutoff, 0.01);
  });
});
