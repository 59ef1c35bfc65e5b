/** The cheapest times against brute force, and the fine grid that they are chosen from. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  absorbing,
  constant,
  cosineNoise,
  exponential,
  geometric,
  linear,
  type Noise,
  optimalTimes,
  sine,
} from "../src/index.ts";
import { fineTimes } from "../src/optimize/fine-times.ts";
import { countLists } from "./count-lists.ts";
import { close } from "./golden.ts";
import { processes } from "./small-processes.ts";
import { sum } from "./sum.ts";

describe("optimalTimes", () => {
  it("finds the least cost of all grids, for every number of steps (property)", () => {
    const size = 6;
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.double({ min: 0, max: 9, noNaN: true }), fc.constantFrom(0, 1, 2)), {
          minLength: size * (size + 1),
          maxLength: size * (size + 1),
        }),
        (entries) => {
          const times = Float64Array.from({ length: size + 1 }, (_, i) => 1 - i / size);
          const costs = Array.from({ length: size + 1 }, (_, i) =>
            Float64Array.from({ length: size + 1 }, (_, j) => (i < j ? entries[i * (size + 1) + j]! : 0)),
          );
          const costOf = (nodes: ArrayLike<number>): number =>
            sum(Array.from(nodes, (node, i) => (i === 0 ? 0 : costs[nodes[i - 1]!]![node]!)));
          const found = optimalTimes({ times, costs }, size);
          found.forEach(({ steps, times: chosen, cost }, i) => {
            assert.equal(steps, i + 1);
            assert.equal(chosen.length, steps + 1);
            const least = Math.min(...[...countLists(size, steps)].map(costOf));
            close(cost, least, { rel: 1e-12, abs: 1e-12 }, `${steps} steps`);
            const nodes = Array.from(chosen, (t) => times.indexOf(t));
            close(costOf(nodes), cost, { rel: 1e-12, abs: 1e-12 }, `the times of ${steps} steps`);
            assert.deepEqual([nodes[0], nodes.at(-1)], [0, size]);
          });
        },
      ),
      { numRuns: 200 },
    );
  });

  it("refuses more steps than the grid has", () => {
    const costs = { times: Float64Array.of(1, 0), costs: [new Float64Array(2), new Float64Array(2)] };
    assert.throws(
      () => optimalTimes(costs, 2),
      /optimalTimes: 2 steps on a fine grid of 1; expected from 1 to 1/,
    );
  });
});

describe("fineTimes", () => {
  const noises: readonly Noise[] = [linear(), cosineNoise(), sine(), geometric(), exponential(), constant()];

  it("falls from 1 to 0, gaps in time at most 2 / steps, for every process and noise", () => {
    for (const [name, process] of Object.entries(processes)) {
      for (const noise of noises) {
        const times = fineTimes(process, noise, { steps: 20 });
        assert.deepEqual([times.length, times[0], times[20]], [21, 1, 0]);
        for (let i = 0; i < 20; i++) {
          const gap = times[i]! - times[i + 1]!;
          assert.ok(gap > 0 && gap <= 0.1 + 1e-9, `${name}, ${noise.name}: gap ${i} is ${gap}`);
        }
      }
    }
  });

  it("under absorbing noise has gaps in alpha of hardly more than 2 / steps too, and is even with linear noise", () => {
    const process = absorbing({ vocabulary: 5 });
    for (const noise of noises) {
      // Geometric noise has lost a little at t = 0, and rounding of the table adds to it.
      const alphas = fineTimes(process, noise, { steps: 20 }).map((t) => noise.alpha(t));
      for (let i = 0; i < 20; i++) {
        const gap = alphas[i + 1]! - alphas[i]!;
        assert.ok(gap <= 0.13, `${noise.name}: gap ${i} is ${gap}`);
      }
    }
    close(fineTimes(process, linear(), { steps: 8 }), [1, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125, 0], {
      rel: 0,
      abs: 1e-12,
    });
  });
});
