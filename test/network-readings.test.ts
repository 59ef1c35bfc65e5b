/** Networks whose mask is one of their tokens, or whose rows score the token after: read as denoisers. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { Denoiser, Noised } from "../src/denoisers/denoiser.ts";
import { maskAmongTokens } from "../src/denoisers/mask-among-tokens.ts";
import { nextTokenModel } from "../src/denoisers/next-token-model.ts";
import { networkDenoiser } from "../src/model/network-denoiser.ts";
import { readManifest } from "../src/node/manifest.ts";
import { scratch } from "./checkpoints.ts";

const vocabulary = 3;
const length = 4;

/** Logit v of the row at `at` is 100 at + 10 token + v; rows that are not wanted are NaN. */
function network(seen: Noised[] = []): Denoiser {
  return {
    vocabulary,
    length,
    timeFree: true,
    predict(input) {
      seen.push(input);
      const data = new Float32Array(input.tokens.length * vocabulary).fill(Number.NaN);
      for (const at of input.wanted ?? input.tokens.keys()) {
        for (let v = 0; v < vocabulary; v++)
          data[at * vocabulary + v] = 100 * at + 10 * input.tokens[at]! + v;
      }
      return { data, width: vocabulary };
    },
  };
}

const tokens = Int32Array.of(3, 0, 1, 3, 2, 3, 3, 0);
const time = Float64Array.of(0.5, 0.5);

describe("maskAmongTokens", () => {
  it("feeds the mask and never predicts it", async () => {
    const seen: Noised[] = [];
    const { data } = await maskAmongTokens(network(seen), { mask: 1 }).predict({ tokens, batch: 2, time });
    assert.deepEqual([...seen[0]!.tokens], [1, 0, 1, 1, 2, 1, 1, 0]);
    assert.deepEqual([...tokens], [3, 0, 1, 3, 2, 3, 3, 0], "the input is not changed");
    assert.deepEqual([...data.subarray(0, 6)], [10, -Infinity, 12, 100, -Infinity, 102]);
  });

  it("refuses a mask that is no token", () => {
    for (const mask of [3, -1, 0.5])
      assert.throws(() => maskAmongTokens(network(), { mask }), /expected one of/);
  });
});

describe("nextTokenModel", () => {
  it("moves rows down by one within each sequence, and keeps the first", async () => {
    const plain = await network().predict({ tokens, batch: 2, time });
    const { data } = await nextTokenModel(network()).predict({ tokens, batch: 2, time });
    const row = (from: ArrayLike<number>, at: number): number[] =>
      Array.from(from).slice(at * vocabulary, (at + 1) * vocabulary);
    const sources = [0, 0, 1, 2, 4, 4, 5, 6];
    for (const [at, from] of sources.entries()) assert.deepEqual(row(data, at), row(plain.data, from));
  });

  it("asks only for the rows that the wanted ones come from", async () => {
    const whole = await nextTokenModel(network()).predict({ tokens, batch: 2, time });
    for (const list of [[0], [1], [0, 1], [3], [4, 5, 7], [1, 2, 3], [0, 1, 2, 3, 4, 5, 6, 7]]) {
      const seen: Noised[] = [];
      const wanted = Int32Array.from(list);
      const { data } = await nextTokenModel(network(seen)).predict({ tokens, batch: 2, time, wanted });
      const asked = [...seen[0]!.wanted!];
      assert.deepEqual(asked, [...new Set(list.map((at) => (at % length === 0 ? at : at - 1)))]);
      for (const at of list) {
        const from = at * vocabulary;
        assert.deepEqual(data.slice(from, from + vocabulary), whole.data.slice(from, from + vocabulary));
      }
    }
  });
});

describe("networkDenoiser", () => {
  it("gives a network that wants sigma the noise level", async () => {
    const seen: Noised[] = [];
    const denoiser = networkDenoiser(network(seen), {
      vocabulary,
      inputs: { tokens: "x", sigma: "sigma" },
      process: "absorbing",
      noise: { name: "linear", eps: 1e-3 },
    });
    await denoiser.predict({ tokens, batch: 2, time: Float64Array.of(0, 0.5) });
    const [first, second] = seen[0]!.time;
    assert.ok(Math.abs(first!) < 1e-12);
    assert.ok(Math.abs(second! + Math.log(1 - 0.999 * 0.5)) < 1e-12);
  });
});

describe("a manifest that says how a network is read", () => {
  const folder = scratch();
  const manifest = {
    format: "fewstep/model",
    version: 1,
    name: "n",
    description: "d",
    license: "l",
    kind: "onnx",
    file: "model.onnx",
    process: "absorbing",
    noise: { name: "linear", eps: 1e-3 },
    timeFree: true,
    length: 4,
    vocabulary: 3,
  };
  const levels = { timeFree: false, inputs: { tokens: "x", sigma: "s" } };
  const cases: [string, Record<string, unknown>, RegExp | undefined][] = [
    ["a mask among the tokens", { mask: 2 }, undefined],
    ["a noise level as input", levels, undefined],
    ["every kind of rows", { returns: "next-logits" }, undefined],
    ["a mask that is no token", { mask: 3 }, /mask is 3; expected one of the 3 tokens/],
    ["a mask where there is none", { mask: 1, process: "uniform" }, /mask is 1; expected one of/],
    ["a mask and a column for it", { mask: 1, maskColumn: true }, /and without maskColumn/],
    [
      "time and level",
      { timeFree: false, inputs: { tokens: "x", time: "t", sigma: "s" } },
      /names both time and sigma/,
    ],
    ["a level where time plays no part", { ...levels, timeFree: true }, /yet inputs\.sigma is "s"/],
    ["a level that is infinite", { ...levels, noise: { name: "linear" } }, /infinite sigma at t = 1/],
    ["rows of another kind", { returns: "odds" }, /returns is "odds"; expected "logits" or "next-logits" or/],
  ];
  for (const [title, changes, sentence] of cases) {
    it(`${sentence ? "refuses" : "allows"} ${title}`, async () => {
      writeFileSync(join(folder, "manifest.json"), JSON.stringify({ ...manifest, ...changes }));
      const read = readManifest(folder);
      if (sentence) await assert.rejects(read, sentence);
      else await read;
    });
  }
});
