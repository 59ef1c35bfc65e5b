import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  confidence,
  entropyOrder,
  independent,
  margin,
  type Randomness,
  random,
  type Selector,
  stratified,
} from "../src/index.ts";
import { choose } from "./choose.ts";
import { close } from "./golden.ts";
import { enumerate } from "./law.ts";

const exactly = { rel: 1e-12, abs: 1e-12 };

/** n masked positions with gaps between them, as after some steps. */
function maskedPositions(n: number): Int32Array {
  return Int32Array.from({ length: n }, (_, i) => 2 + 3 * i + (i % 2));
}

/** Every set of positions a selector can choose, with its exact probability. */
async function setLaw(selector: Selector, masked: Int32Array, count: number): Promise<Map<string, number>> {
  const law = new Map<string, number>();
  const run = (randomness: Randomness) =>
    choose(selector, masked, count, { randomness }).sort((a, b) => a - b);
  for await (const { result, probability } of enumerate(run)) {
    const key = result.join(" ");
    law.set(key, (law.get(key) ?? 0) + probability);
  }
  return law;
}

const evenSelectors = [random(), stratified(), stratified({ jitter: true })];
const sizes = [
  [1, 1],
  [4, 2],
  [5, 2],
  [5, 3],
  [5, 5],
  [6, 4],
  [7, 3],
  [8, 1],
  [4, 0],
] as const;

for (const selector of evenSelectors) {
  describe(selector.name, () => {
    for (const [n, k] of sizes) {
      it(`reveals each of ${n} positions with chance ${k}/${n} exactly`, async () => {
        const masked = maskedPositions(n);
        const inclusion = new Float64Array(n);
        for (const [key, probability] of await setLaw(selector, masked, k)) {
          const set = key === "" ? [] : key.split(" ").map(Number);
          assert.equal(set.length, k);
          assert.equal(new Set(set).size, k, `positions repeat: ${key}`);
          for (const position of set) inclusion[masked.indexOf(position)]! += probability;
        }
        close(inclusion, new Float64Array(n).fill(k / n), exactly);
      });
    }

    it("chooses `count` distinct masked positions, the same for the same draws (property)", () => {
      fc.assert(
        fc.property(
          fc.uniqueArray(fc.nat(500), { minLength: 1, maxLength: 60 }),
          fc.double({ min: 0, max: 1, noNaN: true }),
          fc.nat(1000),
          (positions, share, row) => {
            const masked = Int32Array.from(positions).sort();
            const before = [...masked];
            const count = Math.round(share * masked.length);
            const chosen = choose(selector, masked, count, { row });
            assert.equal(chosen.length, count);
            assert.equal(new Set(chosen).size, count);
            assert.ok(chosen.every((position) => masked.includes(position)));
            assert.deepEqual(chosen, choose(selector, masked, count, { row }));
            assert.deepEqual([...masked], before, "the masked positions were changed");
          },
        ),
        { seed: 4, numRuns: 200 },
      );
    });
  });
}

describe("random", () => {
  it("makes every set of its size equally likely", async () => {
    const law = await setLaw(random(), maskedPositions(5), 2);
    assert.equal(law.size, 10);
    close([...law.values()], new Float64Array(10).fill(0.1), exactly);
  });
});

describe("stratified", () => {
  it("is the systematic sample of every offset: i_{(u + floor(j n / k)) mod n}", async () => {
    const law = await setLaw(stratified(), Int32Array.from([10, 11, 12, 13, 14]), 2);
    assert.deepEqual(
      [...law.keys()].sort(),
      ["10 12", "10 13", "11 13", "11 14", "12 14"], // u = 0, 3, 1, 4, 2
    );
    close([...law.values()], new Float64Array(5).fill(0.2), exactly);
  });

  it("spaces its positions by floor(n / k) or ceil(n / k) ranks around the circle (property)", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 80 }), fc.nat(79), fc.nat(1000), (n, less, row) => {
        const k = Math.max(1, n - less);
        const ranks = choose(
          stratified(),
          Int32Array.from({ length: n }, (_, i) => i),
          k,
          { row },
        );
        ranks.sort((a, b) => a - b);
        ranks.forEach((rank, j) => {
          const gap = j + 1 < k ? ranks[j + 1]! - rank : ranks[0]! + n - rank;
          assert.ok(gap === Math.floor(n / k) || gap === Math.ceil(n / k), `gap ${gap} of ${n} / ${k}`);
        });
      }),
      { seed: 5, numRuns: 300 },
    );
  });

  it("with jitter picks one rank in each of k strata of the rotated list", async () => {
    // Strata {u, u + 1} and {u + 2, u + 3, u + 4}: of their 6 pairs 2 are adjacent around the circle of five.
    const law = await setLaw(stratified({ jitter: true }), Int32Array.from([0, 1, 2, 3, 4]), 2);
    assert.equal(law.size, 10);
    for (const [key, probability] of law) {
      const [first, second] = key.split(" ").map(Number);
      const adjacent = [1, 4].includes(second! - first!);
      close(probability, adjacent ? 2 / 6 / 5 : 4 / 6 / 5, exactly, key);
    }
  });
});

describe("independent", () => {
  it("reveals every position on its own with the chance, whatever the count", async () => {
    const masked = maskedPositions(3);
    const run = (randomness: Randomness) =>
      choose(independent(), masked, 1, { randomness, chance: 0.3 }).join(" ");
    const law = new Map<string, number>();
    for await (const { result, probability } of enumerate(run)) law.set(result, probability);
    assert.equal(law.size, 8);
    close(law.get("")!, 0.7 ** 3, exactly);
    close(law.get(masked.join(" "))!, 0.3 ** 3, exactly);
    close(law.get(String(masked[1]))!, 0.3 * 0.7 ** 2, exactly);
  });
});

describe("ranked selectors", () => {
  const masked = Int32Array.from([3, 5, 8, 9]);
  const laws = [
    [0.5, 0.5, 0],
    [0.6, 0.2, 0.2],
    [0.55, 0.45, 0],
    [0.9, 0.1, 0],
  ];
  const pick = (selector: Selector, count: number, rows = laws) =>
    choose(selector, masked, count, { laws: rows });

  it("confidence takes the largest top probability first", () => {
    assert.deepEqual(pick(confidence(), 4), [9, 5, 8, 3]);
    assert.deepEqual(pick(confidence(), 1), [9]);
  });

  it("margin takes the largest gap between the top two first", () => {
    assert.deepEqual(pick(margin(), 4), [9, 5, 8, 3]);
    assert.deepEqual(
      pick(margin(), 2, [
        [0.5, 0.3, 0.2],
        [0.45, 0.1, 0.45],
        [0.4, 0.15, 0.45],
        [0.4, 0.3, 0.3],
      ]),
      [3, 9],
    );
  });

  it("entropyOrder takes the smallest entropy first", () => {
    assert.deepEqual(pick(entropyOrder(), 4), [9, 8, 3, 5]);
  });

  it("break ties to the left and draw nothing", () => {
    const drew = () => assert.fail("a ranked selector drew");
    const silent: Randomness = {
      at: () => ({ uniform: drew, categorical: drew, integer: drew, bernoulli: drew }),
    };
    const same = [...masked].map(() => [0.5, 0.5]);
    for (const selector of [confidence(), margin(), entropyOrder()]) {
      assert.deepEqual(choose(selector, masked, 3, { randomness: silent, laws: same }), [3, 5, 8]);
      assert.equal(selector.reads, "predictions");
    }
  });

  it("work on one token", () => {
    for (const selector of [confidence(), margin(), entropyOrder()]) {
      assert.deepEqual(pick(selector, 2, [[1], [1], [1], [1]]), [3, 5]);
    }
  });
});
