/** measureMethod: the samples of `sample`, measured, with errors that are what they are said to be. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  advantage,
  estimate,
  type Method,
  markovChain,
  meanOf,
  measureMethod,
  random,
  sample,
  uniform,
  unigramEntropy,
} from "../src/index.ts";

const denoiser = markovChain({ initial: [0.3, 0.7], transition: [0.9, 0.1, 0.2, 0.8], length: 24 });
const method: Method = {
  name: "plain",
  options: { schedule: uniform({ steps: 6 }), selector: random() },
};
const measure = unigramEntropy();
const measures = [measure];
const made = (seed: number, count: number) => sample(denoiser, { ...method.options, seed, count });

describe("measureMethod", () => {
  it("with one seed: that seed's samples, and the jackknife over sequences", async () => {
    const result = await measureMethod(denoiser, method, { measures, sequences: 20, seeds: [3] });
    const { tokens, calls, evaluations } = await made(3, 20);
    assert.deepEqual(result.tokens, tokens);
    const { value, standardError } = await estimate(measure, tokens, 24);
    assert.deepEqual(result.measured, { [measure.name]: { value, standardError } });
    assert.deepEqual(
      [result.method, result.sequences, result.calls, result.evaluations],
      ["plain", 20, calls, evaluations],
    );
    assert.equal(result.calls, 6);
  });

  it("with several: the mean over seeds and its error, of the first seed's samples", async () => {
    const seeds = [0, 1, 7];
    const result = await measureMethod(denoiser, method, { measures, sequences: 9, seeds, batch: 4 });
    const each = await Promise.all(seeds.map((seed) => made(seed, 9)));
    assert.deepEqual(result.measured[measure.name], meanOf(each.map(({ tokens }) => measure.of(tokens, 24))));
    assert.deepEqual(result.tokens, each[0]!.tokens);
    assert.equal(result.sequences, 27);
    // Nine rows in batches of four: the first call of a batch is the same for all its rows.
    assert.equal(result.evaluations, 3 * (3 + 5 * 9));
  });

  it("is seed 0 unless told otherwise, and measures nothing if there is nothing to measure", async () => {
    const result = await measureMethod(denoiser, method, { measures: [], sequences: 2 });
    assert.deepEqual(result.tokens, (await made(0, 2)).tokens);
    assert.deepEqual(result.measured, {});
  });

  it("tells how far it is, in equal shares up to 1", async () => {
    const told: number[] = [];
    await measureMethod(denoiser, method, {
      measures,
      sequences: 5,
      seeds: [0, 1],
      batch: 2,
      progress: (share) => told.push(share),
    });
    assert.equal(told.length, 2 * 3 * 6);
    told.forEach((share, i) => {
      assert.ok(Math.abs(share - (i + 1) / told.length) < 1e-12);
    });
  });

  it("stops when it is told to", async () => {
    const stop = new AbortController();
    const progress = () => stop.abort(new Error("enough"));
    await assert.rejects(
      measureMethod(denoiser, method, { measures, sequences: 5, signal: stop.signal, progress }),
      /^Error: enough$/,
    );
  });

  it("refuses a single sequence, which has no error", async () => {
    await assert.rejects(measureMethod(denoiser, method, { measures, sequences: 1 }), /1 sequences/);
  });
});

describe("advantage", () => {
  it("is the difference in its own standard errors, positive where better", () => {
    const [a, b] = [
      { value: 1, standardError: 0.3 },
      { value: 3, standardError: 0.4 },
    ];
    assert.equal(advantage(a, b, "lower"), 4);
    assert.equal(advantage(a, b, "higher"), -4);
    assert.ok(
      Number.isNaN(advantage({ value: Number.POSITIVE_INFINITY, standardError: Number.NaN }, b, "lower")),
    );
  });
});
