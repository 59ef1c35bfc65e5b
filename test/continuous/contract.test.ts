/** What every sampler of the table promises, whatever its method. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type Denoiser,
  gaussianMixture,
  type State,
  sample,
  steps,
  timePower,
  times,
} from "../../src/continuous/index.ts";
import { makeSampler, samplers } from "../../src/continuous/parts.ts";
import { noise, target } from "./bench.ts";

const schedule = timePower({ steps: 7 });

describe("continuous contract", () => {
  for (const name of Object.keys(samplers)) {
    const sampler = makeSampler({ name });
    const options = { noise, schedule, sampler, seed: 5, batch: 5 };

    it(`${name}: same seed, same bytes; another seed, other samples`, async () => {
      const [first, again, other] = await Promise.all(
        [5, 5, 6].map((seed) => sample(target, { ...options, seed, count: 5 })),
      );
      assert.deepEqual(first, again);
      assert.notDeepEqual(first!.x, other!.x);
    });

    it(`${name}: a row does not depend on its batch`, async () => {
      const whole = await sample(target, { ...options, count: 5 });
      const split = await sample(target, { ...options, count: 5, batch: 2 });
      assert.deepEqual(split.x, whole.x);
      const alone = await sample(target, { ...options, firstRow: 3, count: 1 });
      assert.deepEqual(alone.x, whole.x.slice(6, 8));
    });

    it(`${name}: calls are counted, and no step makes more than it says`, async () => {
      let asked = 0;
      let rows = 0;
      const watched: Denoiser = {
        dimension: 2,
        predict(input) {
          asked++;
          rows += input.batch;
          return target.predict(input);
        },
      };
      let before = 0;
      let last: State | undefined;
      for await (const state of steps(watched, { ...options, count: 3 })) {
        assert.equal(state.calls, asked);
        assert.equal(state.evaluations, rows);
        assert.ok(state.calls - before <= sampler.calls, `${state.calls - before} calls in a step`);
        before = state.calls;
        last = state;
      }
      assert.equal(last!.index, 7);
      assert.equal(last!.t, noise.cutoff);
      assert.ok(last!.x.every(Number.isFinite));
    });

    it(`${name}: a saved state goes on where it stopped`, async () => {
      const all: State[] = [];
      for await (const state of steps(target, { ...options, count: 2 })) all.push(state);
      const kept = structuredClone(all);
      for (const from of [kept[1]!, kept[4]!]) {
        const rest: State[] = [];
        for await (const state of steps(target, { ...options, count: 2, from })) rest.push(state);
        assert.deepEqual(rest, all.slice(from.index));
      }
      // What was yielded is not written to later.
      assert.deepEqual(all, kept);
    });

    it(`${name}: one step and one dimension work`, async () => {
      const line = gaussianMixture({ weights: [1], means: [[0.5]], deviations: [0.2] });
      const { x } = await sample(line, { ...options, schedule: timePower({ steps: 1 }), count: 4 });
      assert.ok(x.every(Number.isFinite));
    });

    it(`${name}: a point is found again, to the clean end`, async () => {
      const point = gaussianMixture({ weights: [1], means: [[0.5, -1]], deviations: [1e-6] });
      const clean = times({ times: [1, 0.7, 0.4, 0.1, 0.02, 0] });
      if (!sampler.stochastic) {
        const { x } = await sample(point, { ...options, schedule: clean, count: 2 });
        for (const [at, value] of [0.5, -1, 0.5, -1].entries()) {
          assert.ok(Math.abs(x[at]! - value) < 1e-4, `${x[at]} is not ${value}`);
        }
      }
    });
  }
});
