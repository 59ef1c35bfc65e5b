import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { drawIndex, entropy } from "../src/index.ts";

const GRID = 2 ** 53; // uniforms are the multiples of 2^-53 below 1

/** How many of the 2^53 uniforms go to an index below `bound`: drawIndex rises with u, so bisect. */
function below(weights: Float64Array, bound: number): number {
  let low = 0;
  let high = GRID;
  while (low < high) {
    const middle = low + Math.floor((high - low) / 2);
    if (drawIndex(weights, weights.length, middle / GRID) < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}

describe("drawIndex", () => {
  it("gives tails down to 2^-50 their share of the 2^53 uniforms, at either end and in the middle", () => {
    // Counted, not sampled: the error is that of rounding u * total, at most 2 uniforms of 2^53 per boundary.
    for (let power = 24; power <= 50; power++) {
      const tail = 2 ** -power;
      for (const weights of [
        [1, tail],
        [tail, 1],
        [0.5, tail, 0.5 - tail],
      ]) {
        const law = Float64Array.from(weights);
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        const rare = weights.indexOf(tail);
        const got = below(law, rare + 1) - below(law, rare);
        const expected = (GRID * tail) / total;
        assert.ok(
          Math.abs(got - expected) <= 2,
          `2^-${power} at ${rare}: ${got} uniforms, expected ${expected}`,
        );
      }
    }
  });

  it("draws every one of 200 rare tokens of probability 2^-30 below the resolution of float32", () => {
    const weights = new Float64Array(201).fill(2 ** -30);
    weights[0] = 1 - 200 * 2 ** -30;
    let from = below(weights, 1);
    for (let token = 1; token <= 200; token++) {
      const to = below(weights, token + 1);
      assert.ok(Math.abs(to - from - 2 ** 23) <= 2, `token ${token}: ${to - from} uniforms, expected 2^23`);
      from = to;
    }
    assert.equal(from, GRID);
  });

  it("sends 0 to the first possible token and the largest uniform to the last", () => {
    const weights = Float64Array.of(0, 0.2, 0, 0.8, 0);
    assert.equal(drawIndex(weights, 5, 0), 1);
    assert.equal(drawIndex(weights, 5, 1 - 2 ** -53), 3);
    assert.equal(drawIndex(Float64Array.of(1e-300), 1, 0.5), 0);
  });

  it("gives a boundary to the token above it: u < p draws the first of two", () => {
    assert.equal(drawIndex(Float64Array.of(1, 1), 2, 0.5), 1);
    assert.equal(drawIndex(Float64Array.of(1, 1), 2, 0.5 - 2 ** -54), 0);
    assert.equal(drawIndex(Float64Array.of(1, 2, 1), 3, 0.75), 2);
  });

  it("reads only the first `count` weights", () => {
    assert.equal(drawIndex(Float64Array.of(1, Number.NaN), 1, 0.9), 0);
  });

  it("throws a sentence where the weights are not a law", () => {
    const message = /drawIndex: the \d weights sum to .*; expected a positive finite total/;
    for (const weights of [[0, 0], [Number.NaN, 1], [1, Number.NaN], [Number.POSITIVE_INFINITY, 1], []]) {
      assert.throws(() => drawIndex(Float64Array.from(weights), weights.length, 0.5), message);
    }
  });

  const laws = fc
    .array(fc.oneof(fc.double({ min: 0, max: 1e6, noNaN: true }), fc.constant(0)), {
      minLength: 1,
      maxLength: 40,
    })
    .filter((weights) => weights.some((weight) => weight > 1e-200))
    .map((weights) => Float64Array.from(weights));
  const uniforms = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

  it("never draws a token of weight 0, and lands where the cumulative sum passes u (property)", () => {
    fc.assert(
      fc.property(laws, uniforms, (weights, u) => {
        const index = drawIndex(weights, weights.length, u);
        assert.ok(weights[index]! > 0);
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        const before = weights.subarray(0, index).reduce((sum, weight) => sum + weight, 0);
        assert.ok(before <= u * total && u * total < before + weights[index]!);
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  it("lands so in laws of many tokens, which are added up in blocks, and sees NaN anywhere", () => {
    // Sixteenths, whose sums are exact in any order.
    const weights = Float64Array.from({ length: 1037 }, (_, at) => ((at * at) % 7) / 16);
    weights.fill(0, 300, 700); // More than a block without any.
    weights.fill(0, 1030);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    for (let i = 0; i < 4096; i++) {
      const u = i / 4096;
      let sum = 0;
      const due = weights.findIndex((weight) => {
        sum += weight;
        return u * total < sum;
      });
      assert.equal(drawIndex(weights, weights.length, u), due, `u = ${u}`);
    }
    assert.equal(
      drawIndex(weights, weights.length, 1 - 2 ** -53),
      weights.findLastIndex((weight) => weight > 0),
    );
    for (const at of [0, 255, 256, 500, 1023, 1024, 1036]) {
      const broken = weights.with(at, Number.NaN);
      assert.throws(() => drawIndex(broken, broken.length, 0.5), /weights sum to NaN/, `NaN at ${at}`);
    }
  });

  it("rises with u and does not depend on the scale of the weights (property)", () => {
    fc.assert(
      fc.property(laws, uniforms, uniforms, (weights, a, b) => {
        const count = weights.length;
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        assert.ok(drawIndex(weights, count, low) <= drawIndex(weights, count, high));
        assert.equal(
          drawIndex(
            weights.map((weight) => weight * 1024),
            count,
            a,
          ),
          drawIndex(weights, count, a),
        );
      }),
      { seed: 2, numRuns: 500 },
    );
  });

  it("leaves the weights as they were", () => {
    const weights = Float64Array.of(3, 1);
    drawIndex(weights, 2, 0.9);
    assert.deepEqual([...weights], [3, 1]);
  });
});

describe("entropy", () => {
  it("is log V for a uniform law, 0 for a certain one, and ignores zeros", () => {
    assert.ok(Math.abs(entropy(new Float64Array(8).fill(1 / 8)) - Math.log(8)) < 1e-15);
    assert.equal(entropy(Float64Array.of(0, 1, 0)), 0);
    assert.ok(Math.abs(entropy(Float64Array.of(0.5, 0, 0.5)) - Math.LN2) < 1e-15);
  });

  it("reads the first `count` entries", () => {
    assert.equal(entropy(Float64Array.of(1, 0.5), 1), 0);
  });
});
