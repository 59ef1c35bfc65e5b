/** The wrapper that saves a run's first model call. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  analyticFirstStep,
  ddim,
  deisTab,
  edmHeun,
  gaussianMixture,
  normals,
  polynomial,
  probabilityFlow,
  type Sampler,
  type State,
  sample,
  steps,
  timePower,
  times,
  varianceExploding,
} from "../../src/continuous/index.ts";
import { close } from "../golden.ts";
import { noise, starts, target } from "./bench.ts";

const same = { abs: 1e-12, rel: 1e-12 };
const explode = varianceExploding();

/** [count, 2] of the prior at t = 1. */
function startPoints(count: number): Float64Array {
  const start = new Float64Array(2 * count);
  const source = normals(3);
  for (let row = 0; row < count; row++) {
    source.fill(start.subarray(2 * row, 2 * row + 2), { row, index: "start", stage: 0 });
  }
  return start;
}

describe("analyticFirstStep", () => {
  it("takes x over its own deviation for the first prediction", async () => {
    // VE: x / sqrt(1 + sigma^2); VP: x itself.
    const [t, s] = [80, 30];
    const start = [48, -28, -16, 88];
    const sampler = analyticFirstStep(ddim());
    const exploded = await sample(target, {
      noise: explode,
      schedule: times({ times: [t, s] }),
      sampler,
      start,
      count: 2,
    });
    close(
      exploded.x,
      start.map((x) => x + (s - t) * (x / Math.sqrt(1 + t * t))),
      same,
      "VE",
    );
    const kept = await sample(target, {
      noise,
      schedule: times({ times: [1, 0.6] }),
      sampler,
      start: starts,
      count: 2,
    });
    const [alpha, sigma] = [
      noise.alpha(0.6) / noise.alpha(1),
      noise.sigma(0.6) - (noise.alpha(0.6) / noise.alpha(1)) * noise.sigma(1),
    ];
    close(
      kept.x,
      starts.map((x) => (alpha + sigma) * x),
      same,
      "VP",
    );
    assert.equal(exploded.calls + kept.calls, 0);
  });

  it("saves one call, the first one", async () => {
    for (const [base, calls] of [
      [ddim(), 7],
      [deisTab(), 7],
      [edmHeun(), 14],
      [edmHeun({ churn: 3 }), 14],
    ] as const) {
      const asked: number[] = [];
      const watched = {
        ...target,
        predict(input: Parameters<typeof target.predict>[0]) {
          asked.push(input.time[0]!);
          return target.predict(input);
        },
      };
      const options = { noise: explode, schedule: polynomial({ steps: 7 }), count: 2 };
      const run = await sample(watched, { ...options, sampler: analyticFirstStep(base) });
      assert.equal(run.calls, calls - 1, base.name);
      const [saved] = [asked.splice(0)];
      await sample(watched, { ...options, sampler: base });
      assert.deepEqual(saved, asked.slice(1), base.name);
    }
  });

  it("for as many calls, comes closer to the flow", async () => {
    const count = 100;
    const start = startPoints(count);
    const flow = await probabilityFlow(target, { noise, start, steps: 300 });
    for (const [base, part] of [
      [ddim(), 0.95],
      [deisTab(), 0.5],
    ] as const) {
      const errors: number[] = [];
      for (const [sampler, number] of [
        [base, 10],
        [analyticFirstStep(base), 11],
      ] as const) {
        const { x, calls } = await sample(target, {
          noise,
          schedule: timePower({ steps: number }),
          sampler,
          start,
          count,
        });
        assert.equal(calls, 10);
        errors.push(Math.hypot(...x.map((value, at) => value - flow[at]!)));
      }
      assert.ok(errors[1]! < part * errors[0]!, `${base.name}: ${errors[1]} against ${errors[0]}`);
    }
  });

  it("is off by alpha / sigma at most for unit data about 0", async () => {
    // There eps = sigma x / (1 + sigma^2).
    const unit = gaussianMixture({ weights: [1], means: [[0]], deviations: [1] });
    const options = { noise: explode, schedule: times({ times: [80, 2] }), start: [100] };
    const exact = await sample(unit, { ...options, sampler: ddim() });
    const near = await sample(unit, { ...options, sampler: analyticFirstStep(ddim()) });
    const eps = [exact, near].map(({ x }) => (x[0]! - 100) / (2 - 80));
    close(eps[1]! / eps[0]!, Math.sqrt(1 + 1 / 80 ** 2), same, "ratio");
  });

  it("is remembered by multistep methods, and a saved run goes on", async () => {
    const options = {
      noise,
      schedule: timePower({ steps: 5 }),
      sampler: analyticFirstStep(deisTab()),
      start: starts,
      count: 2,
    };
    const all: State[] = [];
    for await (const state of steps(target, options)) all.push(structuredClone(state));
    close(all[1]!.memory["value0"]!, starts, same, "eps of the first step is x");
    const rest: State[] = [];
    for await (const state of steps(target, { ...options, from: all[1]! })) rest.push(state);
    assert.deepEqual(rest, all.slice(1));
  });

  it("asks about each row at its own levels", async () => {
    let seen = new Float64Array(0);
    const base: Sampler = {
      name: "probe",
      calls: 1,
      stochastic: false,
      async stepInto({ predict }) {
        seen = Float64Array.from(
          await predict({ x: Float64Array.of(3, 4, 5, 6), time: Float64Array.of(2, 7) }),
        );
      },
    };
    await sample(target, {
      noise: explode,
      schedule: times({ times: [80, 1] }),
      sampler: analyticFirstStep(base),
    });
    close(seen, [3 / Math.sqrt(5), 4 / Math.sqrt(5), 5 / Math.sqrt(50), 6 / Math.sqrt(50)], same, "rows");
  });
});
