/** Stratified order on a grid: distances and losses. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { philox, random, type Selector, stratified } from "../src/index.ts";
import { gridOrder, stratifiedGrid } from "../src/selectors/stratified-grid.ts";
import { choose } from "./choose.ts";
import { close } from "./golden.ts";

const exactly = { rel: 1e-12, abs: 1e-12 };

describe("stratifiedGrid", () => {
  /** The cells revealed in every step of 64 runs, the schedule uniform. */
  function runs(selector: Selector, rows: number, columns: number, count: number): number[][][] {
    const size = rows * columns;
    return Array.from({ length: 64 }, (_, row) => {
      const memory = new Map<string, Float64Array>();
      let masked = Array.from({ length: size }, (_, i) => i);
      return Array.from({ length: count }, (_, step) => {
        const reveal = Math.round(((step + 1) * size) / count) - (size - masked.length);
        const cells = choose(selector, masked, reveal, { memory, row, randomness: philox(step) });
        masked = masked.filter((position) => !cells.includes(position));
        return cells;
      });
    });
  }

  function distance(a: number, b: number, columns: number): number {
    return Math.hypot(Math.floor(a / columns) - Math.floor(b / columns), (a % columns) - (b % columns));
  }

  /** Distance of the nearest two cells revealed together, mean over steps and runs. */
  function nearest(selector: Selector, rows: number, columns: number, count: number): number {
    const least = runs(selector, rows, columns, count)
      .flat()
      .map((cells) =>
        Math.min(...cells.flatMap((a, i) => cells.slice(i + 1).map((b) => distance(a, b, columns)))),
      );
    return least.reduce((sum, value) => sum + value, 0) / least.length;
  }

  /**
   * Nats that a run loses on a Gaussian field with covariance exp(-distance / 2), mean over runs: the sum over
   * steps of the total correlation of the cells revealed, given those before.
   */
  function lost(selector: Selector, size: number, count: number): number {
    const cells = size * size;
    const all = runs(selector, size, size, count).slice(0, 16);
    let total = 0;
    for (const run of all) {
      const covariance = Float64Array.from({ length: cells * cells }, (_, at) =>
        Math.exp(-distance(Math.floor(at / cells), at % cells, size) / 2),
      );
      const logVariance = (cell: number) => Math.log(covariance[cell * cells + cell]!) / 2;
      for (const revealed of run) {
        for (const cell of revealed) total += logVariance(cell);
        for (const cell of revealed) {
          total -= logVariance(cell);
          const own = covariance.slice(cell * cells, (cell + 1) * cells);
          for (let a = 0; a < cells; a++) {
            const factor = own[a]! / own[cell]!;
            for (let b = 0; b < cells; b++) covariance[a * cells + b]! -= factor * own[b]!;
          }
        }
      }
    }
    return total / all.length;
  }

  it("loses least on a field: 0.30 nats in 8 steps on 8 x 8, against 1.9 in random order", () => {
    const grid = lost(stratifiedGrid({ rows: 8, columns: 8 }), 8, 8);
    const any = lost(random(), 8, 8);
    const line = lost(stratified(), 8, 8);
    assert.equal(grid.toFixed(2), "0.30");
    assert.ok(any > 1.7 && any < 2.1, `random ${any}`);
    assert.ok(line > 6, `stratified ${line}`);
  });

  it("keeps cells of a step apart: 1.41, 2, 2.83, 4 on 8 x 8 in 2, 4, 8, 16 steps", () => {
    const grid = stratifiedGrid({ rows: 8, columns: 8 });
    for (const [count, distance] of [
      [2, Math.SQRT2],
      [4, 2],
      [8, 2 * Math.SQRT2],
      [16, 4],
    ] as const) {
      close(nearest(grid, 8, 8, count), distance, exactly, `${count} steps`);
      assert.ok(nearest(stratified(), 8, 8, count) <= distance / 1.4, `stratified, ${count} steps`);
    }
  });

  it("keeps them apart on sizes that are no powers of two", () => {
    for (const [rows, columns, count, least] of [
      [28, 28, 4, 2],
      [28, 28, 16, 4],
      [14, 14, 4, 2],
      [12, 10, 16, 2.3],
      [9, 7, 8, 1.6],
    ] as const) {
      const found = nearest(stratifiedGrid({ rows, columns }), rows, columns, count);
      assert.ok(found >= least - 1e-12, `${rows} x ${columns}, ${count} steps: ${found}`);
    }
  });

  it("orders every grid into a permutation, the first half of an even one a checkerboard", () => {
    for (const [rows, columns] of [
      [1, 1],
      [1, 6],
      [5, 5],
      [8, 8],
      [12, 10],
      [2, 6],
      [16, 9],
    ] as const) {
      const order = gridOrder(rows, columns);
      assert.deepEqual(
        [...order].sort((a, b) => a - b),
        [...order.keys()],
      );
      if (rows % 2 || columns % 2) continue;
      for (const cell of order.subarray(0, order.length / 2)) {
        assert.equal((Math.floor(cell / columns) + cell) % 2, 0);
      }
    }
  });

  it("refuses sizes that make no sense, and images of another size", () => {
    assert.throws(() => stratifiedGrid({ rows: 0, columns: 4 }), /stratifiedGrid: rows = 0/);
    assert.throws(() => stratifiedGrid({ rows: 2, columns: 2.5 }), /columns = 2.5/);
    assert.throws(() => choose(stratifiedGrid({ rows: 2, columns: 2 }), [0, 4], 1), /position 4 is masked/);
  });
});
