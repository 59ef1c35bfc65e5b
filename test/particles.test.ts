/** Weighted particles: their arithmetic, systematic resampling, and what a run remembers of them. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { systematicResampling, weightedMean, weightsOf } from "../src/index.ts";
import { effectiveSampleSize, logMeanExp, normalisedWeights } from "../src/particles/log-weights.ts";
import {
  copyRowsInto,
  type Memory,
  resamplingOf,
  startParticles,
  weigh,
} from "../src/particles/particles.ts";
import { philox, purposes } from "../src/random.ts";
import { close } from "./golden.ts";

const exactly = { rel: 1e-12, abs: 1e-14 };

/** K log-weights that spread over many orders of magnitude. */
function spread(count: number, seed: number): Float64Array {
  const draw = philox(seed).at(0, 0, purposes.data);
  return Float64Array.from({ length: count }, (_, i) => -8 * draw.uniform(i) ** 2);
}

const counted = (chosen: Int32Array, count: number): number[] => {
  const copies = new Array<number>(count).fill(0);
  for (const which of chosen) copies[which]!++;
  return copies;
};

const step = (increments: ArrayLike<number>, uniform = 0.3) => ({
  increments: Float64Array.from(increments),
  time: 0.5,
  final: false,
  uniform: () => uniform,
});

describe("particles", () => {
  it("systematic resampling copies a particle floor(K w) or ceil(K w) times, K w on average", () => {
    for (const [count, seed] of [
      [7, 1],
      [64, 2],
      [1, 3],
    ] as const) {
      const weights = normalisedWeights(spread(count, seed));
      const total = new Array<number>(count).fill(0);
      const grid = 4000;
      for (let i = 0; i < grid; i++) {
        const copies = counted(systematicResampling(weights, (i + 0.5) / grid), count);
        copies.forEach((copy, k) => {
          const expected = count * weights[k]!;
          assert.ok(copy >= Math.floor(expected - 1e-9) && copy <= Math.ceil(expected + 1e-9));
          total[k]! += copy / grid;
        });
      }
      total.forEach((mean, k) => {
        assert.ok(Math.abs(mean - count * weights[k]!) <= count / grid, `${mean} of ${weights[k]}`);
      });
    }
  });

  it("a particle without weight is never copied, equal ones once each, at any u", () => {
    for (const u of [0, 0.2, 0.999999999]) {
      assert.deepEqual(counted(systematicResampling(Float64Array.of(0, 0.5, 0, 0.5, 0), u), 5)[4], 0);
      assert.deepEqual(
        counted(systematicResampling(Float64Array.of(0, 0.5, 0, 0.5, 0), u), 5).map((n) => n > 0),
        [false, true, false, true, false],
      );
      assert.deepEqual(counted(systematicResampling(new Float64Array(4).fill(0.25), u), 4), [1, 1, 1, 1]);
    }
  });

  it("weights are those of any shift, and the effective sample size is from 1 to K", () => {
    const logs = spread(20, 5);
    close(
      normalisedWeights(logs.map((value) => value + 1234)),
      normalisedWeights(logs),
      { rel: 1e-9, abs: 0 },
      "",
    );
    const mean = logs.reduce((sum, value) => sum + Math.exp(value), 0) / 20;
    close([logMeanExp(logs.map((value) => value - 5000))], [Math.log(mean) - 5000], exactly, "log mean");
    assert.ok(Math.abs(effectiveSampleSize(normalisedWeights(new Float64Array(9))) - 9) < 1e-12);
    assert.equal(effectiveSampleSize(normalisedWeights(Float64Array.of(0, -900))), 1);
    assert.throws(() => normalisedWeights(Float64Array.of(0, Number.NaN)), /particle 1 has log-weight NaN/);
    const none = new Float64Array(3).fill(Number.NEGATIVE_INFINITY);
    assert.throws(() => normalisedWeights(none), /all 3 particles have weight 0/);
  });

  it("the constant is the product of the stages' mean weights, whether or not they were resampled", () => {
    const increments = [spread(6, 7), spread(6, 8)] as const;
    const memory: Memory = {};
    startParticles(memory, new Float64Array(6), -2);
    weigh(memory, step(increments[0]), resamplingOf("test", { threshold: 0 }));
    weigh(memory, step(increments[1]), resamplingOf("test", { threshold: 0 }));
    const both = increments[0].map((value, i) => value + increments[1][i]!);
    close([weightsOf({ memory, index: 2 }).logConstant], [-2 + logMeanExp(both)], exactly, "one stage");
    close(weightsOf({ memory, index: 2 }).weights, normalisedWeights(both), exactly, "weights");

    const resampled: Memory = {};
    startParticles(resampled, new Float64Array(6), -2);
    const chosen = weigh(resampled, step(increments[0]), resamplingOf("test", { threshold: 1 }))!;
    const kept = structuredClone(resampled);
    weigh(resampled, step(increments[1]), resamplingOf("test", { threshold: 0 }));
    const { logConstant, ancestors, effectiveSizes, ancestorsLeft } = weightsOf({
      memory: resampled,
      index: 2,
    });
    close([logConstant], [-2 + logMeanExp(increments[0]) + logMeanExp(increments[1])], exactly, "two stages");
    assert.equal(ancestors, new Set(chosen).size);
    assert.deepEqual([...ancestorsLeft], [ancestors, ancestors]);
    close(
      effectiveSizes,
      increments.map((logs) => effectiveSampleSize(normalisedWeights(logs))),
      exactly,
      "sizes",
    );
    assert.equal(weightsOf({ memory: kept, index: 1 }).effectiveSizes.length, 1, "earlier memory stays");
  });

  it("resampling is due below the threshold, inside the interval, and at the end", () => {
    const uneven = Float64Array.of(0, 0, -3, -3); // an effective sample size of 2.2
    const chosen = (options: Parameters<typeof resamplingOf>[1], arrived = {}) => {
      const memory: Memory = {};
      startParticles(memory, new Float64Array(4), 0);
      return weigh(memory, { ...step(uneven), ...arrived }, resamplingOf("test", options)) !== undefined;
    };
    assert.equal(chosen({ threshold: 0.5 }), false);
    assert.equal(chosen({ threshold: 0.6 }), true);
    assert.equal(chosen({ threshold: 0.6, from: 0.4 }), false);
    assert.equal(chosen({ threshold: 0.6, to: 0.6 }), false);
    assert.equal(chosen({ threshold: 0 }, { final: true }), true);
    assert.equal(chosen({ threshold: 1, last: false }, { final: true }), false);
  });

  it("few ancestors are told", () => {
    const memory: Memory = {};
    startParticles(memory, new Float64Array(50), 0);
    for (let i = 0; i < 400; i++) {
      weigh(
        memory,
        step(
          spread(50, i).map((value) => value / 3),
          (i * 0.37) % 1,
        ),
        resamplingOf("test", { threshold: 1 }),
      );
    }
    const { ancestors, warning } = weightsOf({ memory, index: 400 });
    assert.equal(ancestors, 1);
    assert.match(warning!, /descend from 1 of the start points: resample less often/);
  });

  it("weightedMean averages every column, and copyRowsInto copies rows", () => {
    const mean = weightedMean([1, 10, 2, 20, 3, 30], Float64Array.of(0.5, 0.25, 0.25));
    close(mean, [1.75, 17.5], exactly, "mean");
    assert.throws(() => weightedMean([1, 2, 3], Float64Array.of(0.5, 0.5)), /3 values and 2 weights/);
    const out = new Int32Array(6);
    copyRowsInto(out, Int32Array.of(1, 2, 3, 4, 5, 6), Int32Array.of(2, 2, 0));
    assert.deepEqual([...out], [5, 6, 5, 6, 1, 2]);
  });
});
