/** Selectors with a fixed order: left to right and dilated; and what a shift makes of a fixed order. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { philox, type Randomness, type Selector } from "../src/index.ts";
import { dilated, dilatedCounts, dilatedOrder } from "../src/selectors/dilated.ts";
import { leftToRight } from "../src/selectors/left-to-right.ts";
import { stratifiedGrid } from "../src/selectors/stratified-grid.ts";
import { choose } from "./choose.ts";
import { close } from "./golden.ts";
import { enumerate } from "./law.ts";

const exactly = { rel: 1e-12, abs: 1e-12 };

describe("leftToRight", () => {
  it("takes the first masked positions", () => {
    assert.deepEqual(choose(leftToRight(), [2, 3, 7, 9], 3), [2, 3, 7]);
    assert.deepEqual(choose(leftToRight(), [2, 3], 0), []);
  });
});

describe("dilated", () => {
  it("has the published groups", () => {
    assert.deepEqual(dilatedCounts({ length: 8 }), [0, 2, 4, 8]);
    assert.deepEqual(dilatedCounts({ length: 256 }), [0, 2, 4, 8, 16, 32, 64, 128, 256]);
    assert.deepEqual(dilatedCounts({ length: 27, base: 3 }), [0, 3, 9, 27]);
    const order = [...dilatedOrder({ length: 16 })];
    const groups = [
      [0, 8],
      [4, 12],
      [2, 6, 10, 14],
      [1, 3, 5, 7, 9, 11, 13, 15],
    ];
    let at = 0;
    for (const group of groups) {
      const part = order.slice(at, at + group.length);
      assert.deepEqual(
        [...part].sort((a, b) => a - b),
        group,
      );
      at += group.length;
    }
    // A group that is split: first the members far apart.
    assert.deepEqual(order.slice(8, 12), [1, 9, 5, 13]);
  });

  it("orders every length and base into a permutation (property)", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 120 }),
        fc.constantFrom(1.3, 1.5, 2, 2.5, 3, 10),
        (length, base) => {
          const order = dilatedOrder({ length, base });
          assert.deepEqual(
            [...order].sort((a, b) => a - b),
            [...order.keys()],
          );
          const counts = dilatedCounts({ length, base });
          assert.equal(counts[counts.length - 1], length);
          counts.forEach((count, i) => {
            assert.ok(i === 0 || count > counts[i - 1]!);
          });
        },
      ),
      { seed: 9, numRuns: 200 },
    );
  });

  it("without a shift starts at position 0 and draws nothing", () => {
    const drew = () => assert.fail("drew");
    const silent: Randomness = {
      at: () => ({ uniform: drew, categorical: drew, integer: drew, bernoulli: drew }),
    };
    const masked = Array.from({ length: 16 }, (_, i) => i);
    const selector = dilated({ length: 16, shift: false });
    assert.deepEqual(choose(selector, masked, 2, { randomness: silent }), [0, 8]);
  });

  it("refuses sizes that make no sense, and sequences of another length", () => {
    assert.throws(() => dilated({ length: 0 }), /dilated: length = 0/);
    assert.throws(() => dilated({ length: 4, base: 1 }), /dilated: base = 1/);
    assert.throws(
      () => choose(dilated({ length: 4 }), [3, 4], 1),
      /position 4 is masked, but the order has 4/,
    );
  });
});

/** The chance of every position to be chosen in every step of a run, [steps][positions], over all shifts. */
async function inclusion(
  selector: Selector,
  size: number,
  counts: readonly number[],
): Promise<Float64Array[]> {
  const chances = counts.slice(1).map(() => new Float64Array(size));
  const runs = enumerate((randomness) => {
    const memory = new Map<string, Float64Array>();
    let masked = Array.from({ length: size }, (_, i) => i);
    return counts.slice(1).map((count, step) => {
      const found = choose(selector, masked, count - counts[step]!, { randomness, memory });
      masked = masked.filter((position) => !found.includes(position));
      return found;
    });
  });
  for await (const { result, probability } of runs) {
    result.forEach((found, step) => {
      for (const position of found) chances[step]![position]! += probability;
    });
  }
  return chances;
}

describe("orders that are shifted", () => {
  for (const [name, selector, size, counts] of [
    ["dilated", dilated({ length: 12 }), 12, [0, 2, 5, 12]],
    ["dilated, base 3", dilated({ length: 10, base: 3 }), 10, [0, 1, 4, 10]],
    ["stratifiedGrid 4 x 4", stratifiedGrid({ rows: 4, columns: 4 }), 16, [0, 3, 8, 16]],
    ["stratifiedGrid 3 x 5", stratifiedGrid({ rows: 3, columns: 5 }), 15, [0, 1, 6, 11, 15]],
    ["stratifiedGrid 6 x 2", stratifiedGrid({ rows: 6, columns: 2 }), 12, [0, 5, 12]],
    ["stratifiedGrid 1 x 7", stratifiedGrid({ rows: 1, columns: 7 }), 7, [0, 2, 7]],
  ] as const) {
    it(`${name} reveals every position in every step with the same chance, exactly`, async () => {
      const chances = await inclusion(selector, size, counts);
      chances.forEach((chance, step) => {
        const share = (counts[step + 1]! - counts[step]!) / size;
        close(chance, new Float64Array(size).fill(share), exactly, `step ${step}`);
      });
    });

    it(`${name} keeps its shift for the whole run`, async () => {
      const memory = new Map<string, Float64Array>();
      const whole = choose(
        selector,
        Array.from({ length: size }, (_, i) => i),
        size,
        { memory },
      );
      const shifted = memory.get("shift")!;
      const rest = whole.slice(3).sort((a, b) => a - b);
      const randomness: Randomness = {
        at: () => ({ ...philox(0).at(0, 0, 0), integer: () => assert.fail() }),
      };
      assert.deepEqual(choose(selector, rest, rest.length, { memory, randomness }), whole.slice(3));
      assert.equal(memory.get("shift"), shifted);
    });
  }
});
