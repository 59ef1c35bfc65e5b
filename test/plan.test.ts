/** Plans: what they stand for, what they are refused for, and that their files keep every digit. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import {
  chainSamples,
  counts,
  findSchedules,
  markovChain,
  type Plan,
  planOptions,
  sample,
  stratified,
} from "../src/index.ts";
import { readPlan, writePlan } from "../src/node/index.ts";

const folder = mkdtempSync(join(tmpdir(), "fewstep-plan-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const chain = { initial: [0.3, 0.7], transition: [0.9, 0.1, 0.2, 0.8], length: 24 };
const denoiser = markovChain(chain);
const model = { name: "chain:mine.json", fingerprint: "ab".repeat(32), length: 24, vocabulary: 2 };
const data = chainSamples(chain, { count: 8 });
const { curve, schedules, evaluations } = await findSchedules(denoiser, {
  steps: [4],
  selector: stratified(),
  data,
});
const found = schedules[0]!;
const plan: Plan = {
  format: "fewstep/plan",
  version: 1,
  model,
  process: { name: "absorbing" },
  noise: { name: "linear", eps: 1e-3 },
  sampler: { name: "ancestral" },
  selector: { name: "stratified" },
  schedule: { name: found.schedule.name, ...found.values },
  calls: 4,
  curve: curve!,
  search: {
    method: "optimal",
    data: "exact",
    sequences: 8,
    seed: 0,
    evaluations,
    predictedNats: found.predictedNats!,
  },
  measured: {
    measure: "bigram-kl",
    better: "lower",
    sequences: 64,
    seed: 0,
    plan: { value: 0.1 + 0.2, standardError: 1 / 3 },
    plain: [{ schedule: "uniform", selector: "random", value: 1e-17, standardError: 5e-324 }],
    wins: false,
    verdict: "no gain shown",
  },
};

describe("planOptions", () => {
  it("samples as the parts it names", async () => {
    const options = planOptions(plan, model);
    assert.ok("counts" in plan.schedule);
    assert.deepEqual(
      [options.selector?.name, options.sampler?.name, options.noise?.name, options.process?.name],
      ["stratified", "ancestral", "linear", "absorbing"],
    );
    assert.equal(options.schedule.name, plan.schedule.name);
    const { tokens, calls } = await sample(denoiser, { ...options, count: 3 });
    const parts = { schedule: counts(plan.schedule.counts), selector: stratified() };
    assert.deepEqual(tokens, (await sample(denoiser, { ...parts, count: 3 })).tokens);
    assert.equal(calls, plan.calls);
  });

  it("takes times as it takes counts", () => {
    const timed: Plan = { ...plan, calls: 3, schedule: { name: "jys", times: [1, 0.7, 0.1, 0] } };
    assert.equal(planOptions(timed, model).schedule.steps, 3);
  });

  it("refuses a plan whose parts contradict each other", () => {
    for (const damage of [
      { calls: 99 },
      { process: { name: "uniform" } },
      { schedule: { name: "mine", counts: [0, 2, 4, 6, 8] } },
    ]) {
      assert.throws(
        () => planOptions({ ...plan, ...damage }, { ...model, process: { name: "absorbing" } }),
        /^RangeError: plan: .* make it again$/,
      );
    }
  });

  it("refuses another model, whatever its name", () => {
    assert.throws(
      () => planOptions(plan, { ...model, fingerprint: "cd".repeat(32) }),
      /^RangeError: plan: made for model "chain:mine\.json" \(abababababab\), got .* \(cdcdcdcdcdcd\); make a plan/,
    );
    assert.doesNotThrow(() => planOptions(plan, { ...model, name: "renamed" }));
  });

  const wrong: readonly (readonly [Partial<Plan>, RegExp])[] = [
    [{ schedule: { name: "mine", times: [1, 0.5, 0.5, 0] } }, /times must strictly decrease$/],
    [{ schedule: { name: "mine", times: [0.9, 0] } }, /goes from 0\.9 to 0; expected from 1 to 0$/],
    [{ schedule: { name: "mine", counts: [0, 12, 6, 24] } }, /reveal counts must strictly increase$/],
    [{ schedule: { name: "mine", counts: [0] } }, /got 1 counts; expected at least 2/],
    [{ selector: { name: "best" } }, /selector "best" is not known; expected one of random, /],
    [{ sampler: { name: "magic" } }, /sampler "magic" is not known; expected one of ancestral/],
    [{ noise: { name: "pink" } }, /noise "pink" is not known; expected one of linear, /],
    [{ noise: { name: "linear", eps: "small" } }, /noise "linear": eps = small; expected a number$/],
  ];
  for (const [changes, sentence] of wrong) {
    it(`refuses ${JSON.stringify(changes)}`, () => {
      assert.throws(() => planOptions({ ...plan, ...changes }, model), sentence);
    });
  }
});

describe("plan files", () => {
  const path = join(folder, "plan.json");

  it("keep every digit", async () => {
    await writePlan(path, plan);
    assert.deepEqual(readdirSync(folder), ["plan.json"]);
    assert.deepEqual(await readPlan(path), plan);
    const { curve: _, measured: __, ...bare } = plan;
    await writePlan(path, bare);
    assert.deepEqual(await readPlan(path), bare);
  });

  it("hold a name with counts or times, not both", async () => {
    const timed: Plan = { ...plan, calls: 3, schedule: { name: "jys", times: [1, 0.7, 0.1, 0] } };
    await writePlan(path, timed);
    assert.deepEqual(await readPlan(path), timed);
    writeFileSync(path, JSON.stringify({ ...plan, schedule: { name: "x", counts: [0, 24], times: [1, 0] } }));
    await assert.rejects(
      readPlan(path),
      /schedule is .*; expected a name with a list of counts or of times$/,
    );
  });

  /** A field by its path, its new value, and what the error must say. */
  const wrong: readonly (readonly [string, unknown, RegExp])[] = [
    ["format", "fewstep/model", /: format is "fewstep\/model"; expected "fewstep\/plan"$/],
    ["version", 2, /: version is 2; expected 1$/],
    ["model.length", -1, /: model\.length is -1; expected a whole number >= 0$/],
    ["model.fingerprint", undefined, /: model\.fingerprint is missing; expected text$/],
    ["calls", "4", /: calls is "4"; expected a whole number >= 0$/],
    ["curve.entropy", "high", /: curve\.entropy is "high"; expected a list of numbers$/],
    [
      "search.method",
      "luck",
      /: search\.method is "luck"; expected "optimal" or "jys" or "bisect" or "direct" or "plan" or "by hand"$/,
    ],
    ["measured.wins", "yes", /: measured\.wins is "yes"; expected true or false$/],
    ["measured.luck", 7, /the field "measured\.luck" is not known; remove it or correct its name$/],
  ];
  for (const [field, value, sentence] of wrong) {
    it(`refuse ${field} = ${JSON.stringify(value)}`, async () => {
      const damaged = JSON.parse(JSON.stringify(plan));
      const [last, ...parents] = field.split(".").reverse();
      parents.reduceRight((at, key) => at[key], damaged)[last!] = value;
      writeFileSync(path, JSON.stringify(damaged));
      await assert.rejects(readPlan(path), (error: Error) => {
        assert.match(error.message, sentence);
        assert.ok(error.message.startsWith(`${path}: `) && !error.message.includes("\n"));
        return true;
      });
    });
  }

  it("refuse what is cut off, and leave a file alone that cannot be replaced", async () => {
    await writePlan(path, plan);
    const whole = readFileSync(path, "utf8");
    writeFileSync(path, whole.slice(0, whole.length / 2));
    await assert.rejects(readPlan(path), /plan\.json is not JSON: .*; correct the file$/);
    await assert.rejects(writePlan(join(folder, "no", "plan.json"), plan), /does not exist; make it first$/);
    await assert.rejects(readPlan(join(folder, "no.json")), /there is no such file or folder/);
    assert.deepEqual(readdirSync(folder), ["plan.json"]);
  });
});
