/** `fewstep optimize` of continuous models: plans that are found, checked, written and run again. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ContinuousPlan } from "../../src/continuous/index.ts";
import { bytes, json, refused, succeed, together, workFolder } from "../run-cli.ts";

const folder = workFolder();

describe("fewstep optimize of a mixture", together, () => {
  it("writes a plan that samples better than plain UniPC under guidance, with ratios", async () => {
    const args = "optimize mixture --method dc --label 0 --guidance 7.5 --steps 5 --check 200 --out dc.json";
    const text = await succeed(args.split(" "), folder);
    assert.match(
      text,
      /^mixture, 5 calls, each of two calls of the guided model: dc-solver:order=2, time-quadratic, ratios\nratios 1 1 /,
    );
    assert.match(
      text,
      /Check on 200 fresh samples: better than the best plain method, unipc:order=2, time-quadratic, by \d/,
    );
    const { continuous } = JSON.parse(bytes(folder, "dc.json").toString()) as ContinuousPlan;
    const { plan, others } = continuous.evidence!;
    assert.ok(plan.value < others![0]!.value / 2, `${plan.value} against ${others![0]!.value}`);
    // The check's rows are those of seed 0, so sampling with the plan meets its number again.
    const again = "sample mixture --plan dc.json --label 0 --count 200 --json";
    const told = await json<{ measured: { error: { value: number } }; calls: number }>(
      again.split(" "),
      folder,
    );
    assert.equal(told.calls, 10);
    assert.ok(Math.abs(told.measured.error.value - plan.value) < 1e-6);
  });

  it("prints plans as JSON, one for each number of calls", async () => {
    const args = "optimize mixture --method gits --steps 4,6 --check 0 --json --out g.json";
    const plans = await json<ContinuousPlan[]>(args.split(" "), folder);
    assert.deepEqual(
      plans.map(({ continuous }) => continuous.calls),
      [4, 6],
    );
    for (const { continuous } of plans) {
      const { schedule, search, steps, evidence } = continuous;
      assert.ok("times" in schedule && schedule.times.length === steps + 1);
      assert.ok(search!.objective.after < search!.objective.before && search!.evaluations > 1000);
      assert.equal(evidence, undefined);
    }
    assert.deepEqual(JSON.parse(bytes(folder, "g-6.json").toString()), plans[1]);
  });

  it("chooses the solver too, and says what it found", async () => {
    const args = "optimize mixture --steps 4 --candidates 30 --check 100 --seed 3 --out s3.json";
    const text = await succeed(args.split(" "), folder);
    assert.match(text, /^mixture, 4 calls: unified, times of its own\ntimes 1 /);
    assert.match(text, /Search by s3: objective 0\.\d+ to 0\.\d+, \d+ model evaluations/);
    const again = "sample mixture --plan s3.json --count 100 --seed 3 --json";
    const told = await json<{ measured: { error: { value: number } }; calls: number }>(
      again.split(" "),
      folder,
    );
    const { continuous } = JSON.parse(bytes(folder, "s3.json").toString()) as ContinuousPlan;
    assert.ok(told.calls <= 4 && told.calls === continuous.calls, `${told.calls} calls`);
    assert.ok(Math.abs(told.measured.error.value - continuous.evidence!.plan.value) < 1e-6);
  });

  it("spends the steps of another solver", async () => {
    const args = "optimize mixture --method dm --solver dpmpp-3m --steps 6 --check 0 --json";
    const { continuous } = await json<ContinuousPlan>(args.split(" "), folder);
    assert.deepEqual(
      [continuous.solver, continuous.steps, continuous.search!.evaluations],
      [{ name: "dpmpp-3m" }, 6, 0],
    );
  });

  for (const [args, sentence, code] of [
    [
      "mixture --method optimal",
      /counts the tokens that every call reveals.*use one of s3, gits, dm, ays, dc/,
      2,
    ],
    ["countdown --method gits", /chooses times of the flow of a continuous model.*use one of optimal/, 2],
    ["mixture --method s3 --solver ddim", /s3 chooses the solver itself/, 1],
    ["mixture --method dc --solver ddim", /ddim takes no ratios; with dc use one of dc-solver/, 1],
    [
      "mixture --method gits --solver rho-rk4 --steps 3",
      /3 calls were asked for, and a step of rho-rk4 makes 4/,
      1,
    ],
    ["mixture --budget 100", /--budget is for a model of tokens.*set --candidates/, 2],
    ["countdown --candidates 100", /--candidates is for a continuous model.*set --budget/, 2],
  ] as const) {
    it(`refuses ${args}`, () =>
      refused(["optimize", ...args.split(" ")], { folder: workFolder(), code, sentence }));
  }
});
