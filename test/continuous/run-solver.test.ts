/** What the command line's runner and judge say of samples, against closed forms and the flow by itself. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { endsOf, exactFlow } from "../../src/cli/continuous/exact-flow.ts";
import { judgeOf } from "../../src/cli/continuous/judge.ts";
import { methodName, runSolver } from "../../src/cli/continuous/run-solver.ts";
import {
  energyDistance,
  gaussianMixture,
  logSnr,
  noisedMixture,
  probabilityFlow,
  type Schedule,
  sample,
  timePower,
  times,
  varianceExploding,
} from "../../src/continuous/index.ts";
import { ddim } from "../../src/continuous/samplers/ddim.ts";
import { type ContinuousModel, guidedTowards, loadContinuousModel } from "../../src/node/index.ts";
import { close } from "../golden.ts";
import { noise, target } from "./bench.ts";

const model = await loadContinuousModel("mixture");
const method = { solver: { name: "ddim" }, schedule: { name: "time-quadratic" }, steps: 6 };

/** The model with its rows of predictions counted. */
function counted(): { model: ContinuousModel; rows(): number } {
  let rows = 0;
  const denoiser = {
    ...model.denoiser,
    predict(input: Parameters<typeof target.predict>[0]) {
      rows += input.batch;
      return model.denoiser.predict(input);
    },
  };
  return { model: { ...model, denoiser }, rows: () => rows };
}

describe("the exact flow", () => {
  // For one Gaussian the flow is straight: x = alpha_s m + (x_t - alpha_t m) v_s / v_t, v^2 = alpha^2 s^2 + sigma^2.
  const [mean, deviation] = [0.7, 0.4];
  const line = gaussianMixture({ weights: [1], means: [[mean]], deviations: [deviation] });
  const start = Float64Array.of(-1.5, 0.1, 2);
  const schedules: readonly (readonly [string, Schedule, boolean])[] = [
    ["at the cutoff", logSnr({ steps: 3 }), false],
    ["denoised", logSnr({ steps: 3 }), true],
    ["at a clean end", times({ times: [0.8, 0.2, 0] }), false],
  ];
  for (const own of [noise, varianceExploding({ sigmaMax: 20 })]) {
    for (const [name, schedule, denoise] of schedules) {
      it(`of one Gaussian ends ${name} where the closed form says, ${own.name}`, async () => {
        const ends = endsOf(schedule, { noise: own, denoise });
        const spread = (t: number): number => Math.hypot(own.alpha(t) * deviation, own.sigma(t));
        const [a, b] = [ends.from, ends.to];
        const expected = start.map((x) => {
          const ended = own.alpha(b) * mean + ((x - own.alpha(a) * mean) * spread(b)) / spread(a);
          if (!denoise) return ended;
          const kept = (own.alpha(b) * deviation * deviation) / spread(b) ** 2;
          return mean + kept * (ended - own.alpha(b) * mean);
        });
        close(
          await exactFlow(line, start, { noise: own, ends, steps: 400 }),
          expected,
          { abs: 1e-6, rel: 0 },
          name,
        );
      });
    }
  }
});

describe("a judged run", () => {
  it("has the samples of the library, and their error against the flow of the same starts", async () => {
    const judge = judgeOf(model, { rows: 30 });
    const run = await runSolver(model, method, { count: 20, seed: 4, batch: 7, firstRow: 3, judge });
    const schedule = timePower({ steps: 6 });
    const made = await sample(target, { noise, schedule, sampler: ddim(), count: 20, seed: 4, firstRow: 3 });
    assert.deepEqual(run.samples.x, made.x);
    assert.deepEqual([run.calls, run.evaluations], [6, 120]);
    const exact = await probabilityFlow(target, { noise, start: run.starts, steps: 1500 });
    const square = made.x.reduce((sum, x, at) => sum + (x - exact[at]!) ** 2, 0) / 40;
    close(run.measured["error"]!.value, Math.sqrt(square), { abs: 1e-6, rel: 0 }, "error");
    assert.ok(run.measured["error"]!.value > 0.05);
  });

  it("of a solver that draws noise has no error, and a distance to draws of the law at its end", async () => {
    const draws = { rows: 400 };
    const run = await runSolver(
      model,
      { solver: { name: "ddim", eta: 1 }, schedule: { name: "time-quadratic" }, steps: 50 },
      { count: 400, judge: judgeOf(model, draws) },
    );
    assert.equal(run.measured["error"], undefined);
    const { value, standardError } = run.measured["energy-distance"]!;
    assert.ok(Math.abs(value) < 4 * standardError, `${value} +- ${standardError}`);
    // Against draws of a law of our own choice: the same within both errors.
    const law = noisedMixture(target, { alpha: noise.alpha(noise.cutoff), sigma: noise.sigma(noise.cutoff) });
    const other = energyDistance(run.samples.x, law.draw({ count: 400, seed: 99 }), { dimension: 2 });
    assert.ok(Math.abs(value - other.value) < 4 * Math.hypot(standardError, other.standardError));
    // A bad sampler is found out.
    const bad = await runSolver(model, { ...method, steps: 1 }, { count: 400, judge: judgeOf(model, draws) });
    const far = bad.measured["energy-distance"]!;
    assert.ok(far.value > 5 * far.standardError, `${far.value} +- ${far.standardError}`);
  });

  it("shares the exact solution with others from the same starts to the same end", async () => {
    const { model: watched, rows } = counted();
    const judge = judgeOf(watched, { flowRows: 5, flowSteps: 50, rows: 5 });
    await runSolver(watched, method, { count: 8, judge });
    assert.equal(rows(), 8 * 6 + 5 * 4 * 50);
    await runSolver(watched, { ...method, steps: 3 }, { count: 8, judge });
    assert.equal(rows(), 8 * 9 + 5 * 4 * 50);
    await runSolver(watched, { ...method, steps: 3 }, { count: 8, judge, seed: 1 });
    assert.equal(rows(), 8 * 12 + 2 * 5 * 4 * 50);
    assert.deepEqual((await runSolver(watched, method, { count: 2 })).measured, {});
  });

  it("has the floor of exact draws", async () => {
    const judge = judgeOf(model, { rows: 300 });
    const ends = endsOf(timePower({ steps: 2 }), { noise, denoise: false });
    const floor = await judge.floor({ ...ends, count: 200 });
    assert.deepEqual(floor["error"], { value: 0, standardError: 0 });
    const { value, standardError } = floor["energy-distance"]!;
    assert.ok(Math.abs(value) < 4 * standardError, `${value} +- ${standardError}`);
    assert.deepEqual(await judge.floor({ ...ends, count: 200 }), floor);
  });

  it("under guidance has an error alone; of one class all there is", async () => {
    const guided = guidedTowards(model, { label: 1, scale: 2 });
    const run = await runSolver(guided, method, { count: 10, judge: judgeOf(guided, { rows: 10 }) });
    assert.deepEqual(Object.keys(run.measured), ["error"]);
    assert.equal(run.calls, 12);
    const alone = guidedTowards(model, { label: 1 });
    const { measured } = await runSolver(alone, method, { count: 10, judge: judgeOf(alone, { rows: 10 }) });
    assert.deepEqual(Object.keys(measured), ["error", "energy-distance", "negative-log-likelihood"]);
  });

  it("of a model without a law is held against its held-out data", async () => {
    const { mixture: _, ...others } = model;
    const data = target.draw({ count: 50, seed: 1 });
    const network: ContinuousModel = { ...others, exact: false, heldOut: async () => data };
    const judge = judgeOf(network);
    const run = await runSolver(network, method, { count: 30, judge });
    assert.deepEqual(run.measured, {
      "energy-distance": energyDistance(run.samples.x, data, { dimension: 2 }),
    });
    const halves = energyDistance(data.slice(0, 50), data.slice(50), { dimension: 2 });
    assert.deepEqual(await judge.floor({ ...run.ends, count: 30 }), { "energy-distance": halves });
  });
});

describe("a method's name", () => {
  it("says all that is not usual", () => {
    assert.equal(methodName(method), "ddim, time-quadratic");
    const all = { ...method, solver: { name: "dc-solver", order: 3 }, ratios: [1], denoise: true };
    assert.equal(
      methodName({ ...all, schedule: { times: [1, 0] } }),
      "dc-solver:order=3, times of its own, ratios, denoised",
    );
  });
});
