/** The search of DC-Solver's ratios: that it is what it says, and what it brings on rows it has not seen. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type Denoiser,
  dcRatios,
  dcSolver,
  ddimTeacher,
  flowTeacher,
  gaussianMixture,
  guided,
  leastRatio,
  noiseForm,
  normals,
  probabilityFlow,
  type State,
  sample,
  steps,
  times,
  timeUniform,
  uniPc,
} from "../../src/continuous/index.ts";
import { close } from "../golden.ts";
import { noise, starts, target } from "./bench.ts";

const strong = guided({
  unconditional: target,
  conditional: gaussianMixture({ weights: [1], means: [[2, 0]], deviations: [0.3] }),
  scale: 7.5,
});
const schedule = timeUniform({ steps: 5 });

function rows(count: number, seed: number): Float64Array {
  const source = normals(seed);
  const x = new Float64Array(2 * count);
  for (let row = 0; row < count; row++)
    source.fill(x.subarray(2 * row, 2 * row + 2), { row, index: "start", stage: 0 });
  return x;
}

function rootMeanSquare(a: Float64Array, b: Float64Array): number {
  return Math.sqrt(a.reduce((sum, value, at) => sum + (value - b[at]!) ** 2, 0) / a.length);
}

describe("dcRatios", () => {
  it("guidance 7.5, 5 calls: on fresh rows at most a fifth of UniPC's error", async () => {
    const { ratios } = await dcRatios(strong, { noise, schedule, count: 10, seed: 0 });
    const [count, start] = [300, rows(300, 1)];
    const exact = await probabilityFlow(strong, { noise, start, steps: 120 });
    const run = { noise, schedule, start, count, batch: count };
    const plain = await sample(strong, { ...run, sampler: uniPc() });
    const moved = await sample(strong, { ...run, sampler: dcSolver({ ratios }) });
    assert.equal(moved.calls, plain.calls);
    const [before, after] = [rootMeanSquare(plain.x, exact), rootMeanSquare(moved.x, exact)];
    assert.ok(after <= before / 5, `UniPC ${before}, DC-Solver ${after}`);
  });

  for (const [name, model, options] of [
    ["guided", strong, {}],
    ["unconditional, order 3, noise form", target, { order: 3, form: noiseForm, uncorrected: [0, 2] }],
  ] as const) {
    it(`${name}: no step is worse than without its ratio, and the losses are those of a run`, async () => {
      const start = rows(10, 4);
      const teacher = flowTeacher({ steps: 40 });
      const found = await dcRatios(model, { ...options, noise, schedule, start, teacher });
      assert.deepEqual(
        found.searched.map(({ step }) => step),
        [0, 1, 2, 3, 4],
      );
      assert.deepEqual(found.ratios.slice(0, 2), [1, 1]);
      for (const { loss, lossAtOne } of found.searched) assert.ok(loss <= lossAtOne);
      assert.ok(found.searched[4]!.loss < 0.9 * found.searched[4]!.lossAtOne);

      const targets = await teacher(model, { noise, times: schedule.resolve(noise), start });
      const sampler = dcSolver({ ...options, ratios: found.ratios });
      const all: State[] = [];
      for await (const state of steps(model, { noise, schedule, sampler, start, count: 10 })) all.push(state);
      found.searched.forEach(({ loss }, step) => {
        const end = step === 4 ? all[5]!.x : all[step + 2]!.memory["corrected"]!;
        close(rootMeanSquare(end, targets[step]!) ** 2, loss, { abs: 1e-13, rel: 1e-9 }, `step ${step}`);
      });
    });
  }

  it("calls and evaluations are counted, the teacher's apart", async () => {
    let [asked, sent] = [0, 0];
    const watched: Denoiser = {
      dimension: 2,
      predict(input) {
        asked++;
        sent += input.batch;
        return target.predict(input);
      },
    };
    const found = await dcRatios(watched, {
      noise,
      schedule,
      start: starts,
      teacher: flowTeacher({ steps: 3 }),
    });
    assert.equal(found.calls, asked);
    assert.equal(found.evaluations, sent);
    assert.equal(found.teacherEvaluations, 5 * 3 * 4 * 2);
    // The first prediction, and one for every ratio that was tried in a step that is corrected.
    const tried = found.searched.slice(0, 4).reduce((sum, step) => sum + step.tried, 0);
    assert.equal(found.evaluations - found.teacherEvaluations, 2 * (1 + tried));
  });

  it("tells how far it is, and stops when it is told to", async () => {
    const told: number[] = [];
    const controller = new AbortController();
    const search = dcRatios(target, {
      noise,
      schedule,
      teacher: flowTeacher({ steps: 3 }),
      progress({ step, steps: of }) {
        told.push(step / of);
        if (step === 3) controller.abort(new Error("enough"));
      },
      signal: controller.signal,
    });
    await assert.rejects(search, /enough/);
    assert.deepEqual(told, [0.2, 0.4, 0.6]);
  });

  it("refuses a batch that is none", async () => {
    await assert.rejects(dcRatios(target, { noise, schedule, count: 0 }), /count = 0/);
    await assert.rejects(dcRatios(target, { noise, schedule, start: [1, 2, 3] }), /rows of 2/);
  });
});

describe("teachers", () => {
  const nodes = schedule.resolve(noise);
  const run = { noise, times: nodes, start: Float64Array.from(starts) };

  it("the flow meets the nodes", async () => {
    const states = await flowTeacher({ steps: 200 })(target, run);
    for (const [i, state] of states.entries()) {
      const exact = await probabilityFlow(target, { noise, start: starts, to: nodes[i + 1]!, steps: 600 });
      close(state, exact, { abs: 1e-8, rel: 1e-8 }, `node ${i + 1}`);
    }
  });

  it("fine DDIM nears the flow as one over its steps, and goes to the clean end", async () => {
    const exact = await flowTeacher()(target, run);
    const errors: number[] = [];
    for (const count of [100, 200]) {
      const states = await ddimTeacher({ steps: count })(target, run);
      errors.push(rootMeanSquare(states[4]!, exact[4]!));
    }
    assert.ok(Math.abs(errors[0]! / errors[1]! - 2) < 0.1, errors.join(" "));
    const clean = times({ times: [1, 0.5, 0] }).resolve(noise);
    const [, end] = await ddimTeacher()(target, { ...run, times: clean });
    assert.ok(rootMeanSquare(end!, exact[4]!) < 0.05);
    assert.throws(() => flowTeacher()(target, { ...run, times: clean }), /sigma is 0 at t = 0/);
  });
});

describe("leastRatio", () => {
  const searchOf = (f: (ratio: number) => number) => leastRatio()(async (ratio) => f(ratio), 0);

  it("finds the least of several valleys", async () => {
    const f = (r: number) => (r - 0.62) ** 2 * (r - 1.7) ** 2 + 0.01 * (r - 1.7) ** 2;
    close(await searchOf(f), 1.7, { abs: 1e-5, rel: 0 });
  });

  it("goes on beyond its range", async () => {
    close(await searchOf((r) => (r - 2.44) ** 2), 2.44, { abs: 1e-5, rel: 0 });
    close(await searchOf((r) => (r + 0.21) ** 2), -0.21, { abs: 1e-5, rel: 0 });
  });

  it("keeps 1 where nothing is better", async () => {
    assert.equal(await searchOf(() => 0.5), 1);
    assert.equal(await searchOf((r) => Math.abs(r - 1)), 1);
    // A valley narrower than the grid, at 1.
    assert.equal(await searchOf((r) => Math.min(Math.abs(r - 1) * 100, 1 + (r - 0.5) ** 2)), 1);
  });

  it("refuses a range that does not rise", () => {
    assert.throws(() => leastRatio({ range: [2, 0.3] }), /\[2, 0.3\]/);
  });
});
