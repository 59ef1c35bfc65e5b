/** Two tasks of the worker that the page asks for: the loss along a selector's own path, and reading plans. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { findSchedules, jointTable, linear, stratified } from "../../src/index.ts";
import type { Model } from "../../src/model/model.ts";
import { searchData } from "../../src/model/model-measures.ts";
import { loadModel } from "../../src/node/index.ts";
import type { Plan } from "../../src/plan.ts";
import { absorbing } from "../../src/processes/absorbing.ts";
import { pathNats } from "../../src/web/path-nats.ts";
import { readPlan } from "../../src/web/read-plan.ts";

describe("the loss along a selector's own path", () => {
  it("is log 2 for two equal bits in one call, and nothing in two", async () => {
    const denoiser = jointTable({ joint: [0.5, 0, 0, 0.5], vocabulary: 2, length: 2 });
    const data = Int32Array.of(0, 0, 1, 1);
    const model = {
      denoiser,
      process: absorbing({ vocabulary: 2 }),
      noise: linear(),
      heldOut: async () => data,
    };
    const loss = (counts: number[]) =>
      pathNats(model as unknown as Model, { counts, selector: { name: "stratified" } }, denoiser);
    assert.ok(Math.abs((await loss([0, 2])).value - Math.log(2)) < 1e-12);
    assert.ok(Math.abs((await loss([0, 1, 2])).value) < 1e-12);
  });

  it("is what the search for schedules predicts on the same sequences", async () => {
    const model = await loadModel("letters");
    const { tokens: data } = await searchData(model, { count: 4 });
    const { denoiser } = model;
    const found = await findSchedules(denoiser, { steps: [8], selector: stratified(), data });
    const { values, predictedNats } = found.schedules[0]!;
    assert.ok("counts" in values);
    const own = await pathNats(
      model,
      { counts: values.counts, selector: { name: "stratified" }, sequences: 4 },
      denoiser,
    );
    assert.deepEqual(own, predictedNats);
  });

  it("is refused for an order that reads predictions", async () => {
    const model = await loadModel("letters");
    const request = { counts: [0, 128], selector: { name: "confidence" } };
    await assert.rejects(pathNats(model, request, model.denoiser), /the selector confidence.*positions only/);
  });
});

describe("plans that a worker reads", () => {
  const of = (model: Model, fingerprint: string): Plan => ({
    format: "fewstep/plan",
    version: 1,
    model: { name: model.name, fingerprint, length: 256, vocabulary: 37 },
    process: { name: "absorbing" },
    noise: { name: "linear" },
    sampler: { name: "ancestral" },
    selector: { name: "stratified" },
    schedule: { name: "own", counts: [0, 100, 256] },
    calls: 2,
    search: { method: "by hand", data: "own samples", sequences: 0, seed: 0, evaluations: 0 },
  });

  it("may be of the network's main file or its smaller one, and of no other", async () => {
    const model = await loadModel("text", { small: true });
    const { sha256, small } = model.manifest!;
    for (const fingerprint of [sha256!, small!.sha256]) {
      const plan = of(model, fingerprint);
      assert.deepEqual(readPlan(JSON.stringify(plan), { where: "plan.json", model }), plan);
    }
    const read = (text: string) => () => readPlan(text, { where: "plan.json", model });
    assert.throws(read(JSON.stringify(of(model, "0".repeat(64)))), /made for model "text" \(0{12}\)/);
    assert.throws(read("{"), /^Error: readPlan: plan\.json is not JSON: .*; correct the file$/);
    const changed = { ...of(model, sha256!), calls: 3 };
    assert.throws(read(JSON.stringify(changed)), /2 model calls up to 256 tokens; expected 3/);
    assert.throws(
      read(JSON.stringify({ ...changed, calls: "3" })),
      /plan\.json: calls is "3"; expected a whole number/,
    );
    await model.dispose();
  });
});
