/** Plans of continuous models: written, read, run, and refused where they do not fit. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import {
  bh1,
  type ContinuousMethod,
  type ContinuousPlan,
  continuousCalls,
  continuousOptions,
  continuousPlan,
  continuousPlanOptions,
  dcSolver,
  ddim,
  edmHeun,
  logSnr,
  makeSampler,
  type Sampler,
  type Schedule,
  sample,
  samplers,
  times,
  uniPc,
  vpCosine,
} from "../../src/continuous/index.ts";
import { loadContinuousModel, readContinuousPlan, readPlan, writePlan } from "../../src/node/index.ts";
import { noise, starts, target } from "./bench.ts";

const place = mkdtempSync(join(tmpdir(), "fewstep-plans-"));
after(() => rmSync(place, { recursive: true, force: true }));
const model = await loadContinuousModel("mixture");

const method: ContinuousMethod = {
  solver: { name: "unipc", order: 3 },
  schedule: { name: "log-snr" },
  steps: 5,
};

/** Where a plan takes the shared start points, after it was written and read. */
async function ends(plan: ContinuousPlan): Promise<Float64Array> {
  const path = join(place, "run.json");
  await writePlan(path, plan);
  const read = await readContinuousPlan(path);
  assert.deepEqual(read, plan);
  const options = continuousPlanOptions(read, model);
  return (await sample(model.denoiser, { ...options, start: starts, count: 2 })).x;
}

async function direct(sampler: Sampler, schedule: Schedule, more: object = {}): Promise<Float64Array> {
  return (await sample(target, { noise, sampler, schedule, start: starts, count: 2, ...more })).x;
}

describe("a plan of a continuous model", () => {
  const known: readonly (readonly [
    string,
    Parameters<typeof continuousPlan>[1],
    () => Promise<Float64Array>,
  ])[] = [
    ["a solver with numbers", { method }, () => direct(uniPc({ order: 3 }), logSnr({ steps: 5 }))],
    [
      "times of its own",
      { method: { solver: { name: "ddim" }, schedule: { times: [1, 0.5, 0.1, 0] }, steps: 3 } },
      () => direct(ddim(), times({ times: [1, 0.5, 0.1, 0] })),
    ],
    [
      "ends of its own",
      { method: { ...method, schedule: { name: "log-snr", from: 0.9, to: 0.01 } } },
      () => direct(uniPc({ order: 3 }), logSnr({ steps: 5, from: 0.9, to: 0.01 })),
    ],
    [
      "a denoised end",
      { method: { ...method, denoise: true } },
      () => direct(uniPc({ order: 3 }), logSnr({ steps: 5 }), { denoise: true }),
    ],
    [
      "ratios",
      { method: { ...method, solver: { name: "dc-solver", order: 2 }, ratios: [1, 1, 0.9, 1.1, 1.2] } },
      () => direct(dcSolver({ order: 2, ratios: [1, 1, 0.9, 1.1, 1.2] }), logSnr({ steps: 5 })),
    ],
    [
      "another noise",
      { method, noise: { name: "vp-cosine" } },
      () => direct(uniPc({ order: 3 }), logSnr({ steps: 5 }), { noise: vpCosine() }),
    ],
    [
      "evidence and guidance",
      {
        method: { ...method, solver: { name: "unipc-bh1" } },
        guidance: 7.5,
        evidence: {
          ...{
            measure: "error",
            rows: 10,
            seed: 3,
            plan: { value: 0.1, standardError: 0.01 },
            evaluations: 5,
          },
          others: [{ method: "ddim", value: 0.2, standardError: 0.01 }],
          verdict: "better",
        },
      },
      () => direct(uniPc({ weight: bh1 }), logSnr({ steps: 5 })),
    ],
  ];
  for (const [name, found, expected] of known) {
    it(`with ${name} is run as it was made`, async () => {
      assert.deepEqual(await ends(continuousPlan(model, found)), await expected());
    });
  }

  it("counts the model calls of a run, as the loop does", async () => {
    for (const name of ["ddim", "unipc", "edm-heun", "rho-rk4"]) {
      for (const denoise of [false, true]) {
        const own = { ...method, solver: { name }, denoise };
        const { calls } = await sample(target, { ...continuousOptions(own, { noise }) });
        assert.ok(calls <= continuousCalls(own), `${name}: ${calls}`);
        assert.equal(continuousCalls(own), 5 * makeSampler({ name }).calls + (denoise ? 1 : 0));
      }
    }
    assert.equal(continuousPlan(model, { method }).continuous.calls, 5);
    assert.ok(edmHeun().calls > 1 && Object.keys(samplers).length > 5);
  });

  it("is refused by another model, and when it was changed", () => {
    const plan = continuousPlan(model, { method });
    assert.throws(
      () => continuousPlanOptions(plan, { ...model, name: "other", fingerprint: "0".repeat(64) }),
      /plan: made for model "mixture" \([0-9a-f]{12}\), got "other" \(0{12}\); make a plan for this model$/,
    );
    const changed = { ...plan, continuous: { ...plan.continuous, steps: 6 } };
    assert.throws(
      () => continuousPlanOptions(changed, model),
      /plan: 6 model calls; expected 5, so the file/,
    );
  });

  const wrong: readonly (readonly [string, Partial<ContinuousMethod>, RegExp])[] = [
    ["an unknown solver", { solver: { name: "warp" } }, /"warp" is not known; expected one of ddim/],
    [
      "an unknown number",
      { solver: { name: "ddim", order: 2 } },
      /"ddim" has no parameter "order"; it has eta/,
    ],
    ["an unknown schedule", { schedule: { name: "warp" } }, /"warp" is not known; .* or a list of times$/],
    ["too few times", { schedule: { times: [1, 0.5] } }, /schedule: 2 times for 5 steps; expected 6/],
    ["rising times", { schedule: { times: [0.1, 0.2] }, steps: 1 }, /times must strictly decrease/],
    [
      "ratios for another solver",
      { ratios: [1, 1, 1, 1, 1] },
      /"unipc" takes no ratios; expected .*dc-solver/,
    ],
    ["no ratios", { solver: { name: "dc-solver" } }, /"dc-solver" needs ratios, one a step/],
    [
      "too few ratios",
      { solver: { name: "dc-solver" }, ratios: [1] },
      /ratios: 1 numbers for 5 steps; expected one for each/,
    ],
  ];
  for (const [name, changes, sentence] of wrong) {
    it(`is not made with ${name}`, () => {
      assert.throws(() => continuousPlan(model, { method: { ...method, ...changes } }), sentence);
    });
  }
});

describe("a plan's file", () => {
  const plan = continuousPlan(model, { method });
  const path = join(place, "plan.json");

  it("is readable JSON that ends with a line", async () => {
    await writePlan(path, plan);
    const text = readFileSync(path, "utf8");
    assert.deepEqual(JSON.parse(text), plan);
    assert.ok(text.endsWith("}\n"));
  });

  const wrong: readonly (readonly [string, unknown, RegExp])[] = [
    [
      "steps of 0",
      { ...plan, continuous: { ...plan.continuous, steps: 0 } },
      /continuous\.steps is 0; expected/,
    ],
    ["no solver", { ...plan, continuous: { ...plan.continuous, solver: undefined } }, /solver is missing/],
    [
      "a schedule of counts",
      { ...plan, continuous: { ...plan.continuous, schedule: { counts: [] } } },
      /schedule is/,
    ],
    [
      "an unknown field",
      { ...plan, continuous: { ...plan.continuous, ratio: 1 } },
      /"continuous\.ratio" is not known/,
    ],
    ["another format", { ...plan, format: "other" }, /format is "other"; expected "fewstep\/plan"/],
    ["a list", [], /the whole file is \[\]; expected/],
  ];
  for (const [name, content, sentence] of wrong) {
    it(`is refused with ${name}`, async () => {
      writeFileSync(path, JSON.stringify(content));
      await assert.rejects(readContinuousPlan(path), (error: Error) => {
        assert.match(error.message, /plan\.json: [^\n]+$/);
        return sentence.test(error.message);
      });
    });
  }

  it("is refused where one of the other space is wanted", async () => {
    await writePlan(path, plan);
    await assert.rejects(
      readPlan(path),
      /plan\.json: this plan is for a continuous model, .* a model of tokens/,
    );
    writeFileSync(path, JSON.stringify({ format: "fewstep/plan", version: 1, calls: 3 }));
    await assert.rejects(
      readContinuousPlan(path),
      /this plan is for a model of tokens, .* continuous model is/,
    );
  });
});
