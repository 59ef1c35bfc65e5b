/** Whatever runs a model stops before its next call once its signal is aborted, and throws the signal's reason. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { importFolder } from "../src/import/import-folder.ts";
import {
  abortable,
  type Denoiser,
  estimate,
  findSchedules,
  informationCurve,
  informed,
  jumpYourSteps,
  likelihood,
  linear,
  measureMethod,
  nelbo,
  nGramKL,
  pathCosts,
  planCandidates,
  sample,
  searchPlans,
  steps,
  thetaTrapezoidal,
  uniform,
  uniformProcess,
} from "../src/index.ts";
import { type Model, searchData } from "../src/node/index.ts";
import { absorbing } from "../src/processes/absorbing.ts";
import { hashed } from "./hashed.ts";

const [vocabulary, length] = [4, 16];
const noise = linear({ eps: 1e-3 });
const masked = absorbing({ vocabulary });
const unmasked = uniformProcess({ vocabulary });
const data = Int32Array.from({ length: 6 * length }, (_, at) => (7 * at) % vocabulary);
/** More sequences than a network that judges is sent at once. */
const many = Int32Array.from({ length: 40 * length }, (_, at) => at % vocabulary);
const bigrams = nGramKL({ n: 2, vocabulary, counts: new Float64Array(vocabulary ** 2).fill(1) });
const schedule = uniform({ steps: 8 });

/** Runs of every function that calls a model for long, each of at least three calls. */
const runs: Readonly<Record<string, (model: Denoiser, signal: AbortSignal) => Promise<unknown>>> = {
  sample: (model, signal) => sample(model, { schedule, signal }),
  "sample, in its second batch": (model, signal) =>
    sample(model, { schedule: uniform({ steps: 1 }), count: 9, batch: 3, signal }),
  "sample, between the two calls of a step": (model, signal) =>
    sample(model, { schedule, sampler: thetaTrapezoidal(), process: masked, noise, signal }),
  "sample, within a corrector": (model, signal) =>
    sample(model, { schedule, corrector: informed({ count: 2, steps: 4 }), signal }),
  async steps(model, signal) {
    for await (const _ of steps(model, { schedule, signal }));
  },
  measureMethod: (model, signal) =>
    measureMethod(
      model,
      { name: "plain", options: { schedule } },
      { measures: [bigrams], sequences: 4, signal },
    ),
  findSchedules: (model, signal) => findSchedules(model, { steps: [4], data, batch: 2, signal }),
  "findSchedules, jys": (model, signal) =>
    findSchedules(model, { steps: [4], method: "jys", data, batch: 2, signal }),
  "findSchedules without a mask": (model, signal) =>
    findSchedules(model, { steps: [4], data, process: unmasked, noise, levels: 8, signal }),
  "findSchedules without a mask, jys": (model, signal) =>
    findSchedules(model, { steps: [4], method: "jys", data, process: unmasked, noise, signal }),
  informationCurve: (model, signal) => informationCurve(model, { data, batch: 2, signal }),
  jumpYourSteps: (model, signal) => jumpYourSteps(model, { data, steps: 4, signal }),
  pathCosts: (model, signal) => pathCosts(model, { data, process: masked, noise, fineSteps: 4, signal }),
  nelbo: (model, signal) => nelbo(model, data, { signal }),
  async searchPlans(model, signal) {
    const candidates = await planCandidates({
      ...{ calls: 4, process: masked, noise, length },
      optimal: async (steps) => uniform({ steps }),
    });
    const sizes = { budget: 2000, check: 4, seed: 0 };
    await searchPlans(model, { candidates, process: masked, noise, measures: [bigrams], ...sizes, signal });
  },
  searchData: (denoiser, signal) => {
    const model = { denoiser, process: masked, noise, heldOut: async () => undefined };
    return searchData(model as unknown as Model, { count: 4, signal });
  },
  "a measure with a network, by abortable": (network, signal) =>
    estimate(likelihood({ network: abortable(network, signal) }), many, length),
};

describe("an aborted signal", () => {
  for (const [name, run] of Object.entries(runs)) {
    it(`stops ${name} before its next model call`, async () => {
      const controller = new AbortController();
      const reason = new Error("enough");
      const model = hashed({ vocabulary, length });
      let calls = 0;
      const aborting: Denoiser = {
        ...model,
        predict(input) {
          if (++calls === 2) controller.abort(reason);
          return model.predict(input);
        },
      };
      await assert.rejects(run(aborting, controller.signal), (error) => error === reason);
      assert.equal(calls, 2);
      // Left alone it makes more.
      calls = 2;
      await run(aborting, new AbortController().signal);
      assert.ok(calls > 4, `the whole run makes ${calls - 2} calls`);
    });
  }
});

describe("an import", () => {
  it("stops between two pieces of the weights and leaves nothing behind", async () => {
    const place = mkdtempSync(join(tmpdir(), "fewstep-abort-"));
    after(() => rmSync(place, { recursive: true, force: true }));
    const checkpoint = fileURLToPath(new URL("fixtures/ckpt/duo", import.meta.url));
    const controller = new AbortController();
    const reason = new Error("enough");
    const told: number[] = [];
    const imported = importFolder(checkpoint, {
      out: join(place, "model"),
      signal: controller.signal,
      onProgress(share) {
        told.push(share);
        if (told.length === 2) controller.abort(reason);
      },
    });
    await assert.rejects(imported, (error) => error === reason);
    assert.equal(told.length, 2);
    assert.ok(told[1]! < 1);
    assert.deepEqual(readdirSync(place), []);
  });
});
