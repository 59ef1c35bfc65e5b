/** Selectors that commit what passes a threshold: probability, factor, entropy bound. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { entropy } from "../src/index.ts";
import { entropyBound } from "../src/selectors/entropy-bound.ts";
import { factor } from "../src/selectors/factor.ts";
import { threshold } from "../src/selectors/threshold.ts";
import { choose, surely } from "./choose.ts";
import { close } from "./golden.ts";

const exactly = { rel: 1e-12, abs: 1e-12 };

const distribution = fc
  .array(fc.integer({ min: 0, max: 20 }), { minLength: 4, maxLength: 4 })
  .map((weights) => {
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return total === 0 ? [0.25, 0.25, 0.25, 0.25] : weights.map((weight) => weight / total);
  });

const lawsOfPositions = fc.array(distribution, { minLength: 1, maxLength: 8 });

describe("threshold", () => {
  const laws = [0.95, 0.5, 0.9, 0.89, 0.99].map(surely);
  const masked = [1, 4, 6, 7, 9];

  it("commits all that reach the probability", () => {
    assert.deepEqual(choose(threshold(), masked, 0, { laws }), [9, 1, 6]);
    assert.deepEqual(choose(threshold({ probability: 0.96 }), masked, 0, { laws }), [9]);
    assert.deepEqual(choose(threshold({ probability: 0.3 }), masked, 2, { laws }), [9, 1, 6, 7, 4]);
  });

  it("commits at least the scheduled count, and one, the most certain first", () => {
    assert.deepEqual(choose(threshold(), masked, 4, { laws }), [9, 1, 6, 7]);
    assert.deepEqual(choose(threshold({ probability: 1 }), masked, 0, { laws }), [9]);
    assert.deepEqual(choose(threshold({ probability: 1 }), masked, 2, { laws }), [9, 1]);
  });

  it("refuses a probability out of range", () => {
    assert.throws(() => threshold({ probability: 0 }), /threshold: probability = 0; expected/);
    assert.throws(() => threshold({ probability: 1.1 }), /probability = 1.1/);
  });
});

describe("factor", () => {
  it("commits the largest n with (n + 1) (1 - c_n) < factor, or the count (property)", () => {
    fc.assert(
      fc.property(
        lawsOfPositions,
        fc.double({ min: 0.05, max: 4, noNaN: true }),
        fc.nat(8),
        (laws, f, least) => {
          const count = Math.min(least, laws.length);
          const confidences = laws.map((p) => Math.max(...p)).sort((a, b) => b - a);
          let n = 0;
          for (let i = 1; i <= laws.length; i++) if ((i + 1) * (1 - confidences[i - 1]!) < f) n = i;
          const found = choose(factor({ factor: f }), [...laws.keys()], count, { laws });
          assert.equal(found.length, Math.max(1, count, n));
          const least0 = Math.min(...found.map((position) => Math.max(...laws[position]!)));
          laws.forEach((p, position) => {
            if (!found.includes(position)) assert.ok(Math.max(...p) <= least0);
          });
        },
      ),
      { seed: 6, numRuns: 500 },
    );
  });

  it("asks more of each position the more there are", () => {
    const laws = [0.9, 0.9, 0.9].map(surely);
    // (n + 1) 0.1 < 0.35 for n = 2.
    assert.deepEqual(choose(factor({ factor: 0.35 }), [0, 1, 2], 0, { laws }), [0, 1]);
    assert.throws(() => factor({ factor: 0 }), /factor: factor = 0/);
  });
});

describe("entropyBound", () => {
  it("commits the longest prefix with sum H - max H <= gamma, or the count (property)", () => {
    fc.assert(
      fc.property(
        lawsOfPositions,
        fc.double({ min: 0, max: 3, noNaN: true }),
        fc.nat(8),
        (laws, gamma, least) => {
          const count = Math.min(least, laws.length);
          const entropies = laws.map((p) => entropy(Float64Array.from(p))).sort((a, b) => a - b);
          let longest = 0;
          for (let k = 1; k <= laws.length; k++) {
            const prefix = entropies.slice(0, k);
            if (prefix.reduce((sum, h) => sum + h, 0) - Math.max(...prefix) <= gamma) longest = k;
          }
          const found = choose(entropyBound({ gamma }), [...laws.keys()], count, { laws });
          assert.equal(found.length, Math.max(1, count, longest));
          close(
            found.map((position) => entropy(Float64Array.from(laws[position]!))),
            entropies.slice(0, found.length),
            exactly,
          );
        },
      ),
      { seed: 7, numRuns: 500 },
    );
  });

  it("takes one position and all that are certain at gamma = 0", () => {
    const laws = [surely(0.6), [1, 0, 0], surely(0.9), [0, 0, 1]];
    assert.deepEqual(choose(entropyBound({ gamma: 0 }), [2, 3, 5, 8], 0, { laws }), [3, 8, 5]);
    assert.deepEqual(choose(entropyBound({ gamma: 0 }), [2, 5], 0, { laws: [laws[0]!, laws[2]!] }), [5]);
    assert.throws(() => entropyBound({ gamma: -1 }), /entropyBound: gamma = -1/);
  });
});
