import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { leastSquares } from "../../src/continuous/least-squares.ts";
import { phi } from "../../src/continuous/samplers/phi.ts";
import { close } from "../golden.ts";

describe("leastSquares", () => {
  it("solves a square system", () => {
    // Columns (1, r, r^2) of r = -0.5, -1.3, 1; weights 2, -1, 3.
    const columns = [-0.5, -1.3, 1].map((r) => [1, r, r * r]);
    const values = [0, 1, 2].map((n) => 2 * columns[0]![n]! - columns[1]![n]! + 3 * columns[2]![n]!);
    close(leastSquares(columns, values), [2, -1, 3], { abs: 1e-13, rel: 0 });
  });

  it("leaves a residual at right angles to every column", () => {
    const columns = [0, 1, 2].map((k) => Array.from({ length: 9 }, (_, i) => (i / 8) ** k));
    const values = Array.from({ length: 9 }, (_, i) => Math.cos(3 * i));
    const weights = leastSquares(columns, values);
    const rest = values.map((value, i) =>
      columns.reduce((left, column, k) => left - weights[k]! * column[i]!, value),
    );
    for (const column of columns) {
      const along = column.reduce((sum, value, i) => sum + value * rest[i]!, 0);
      close(along, 0, { abs: 1e-13, rel: 0 });
    }
  });

  it("gives a column that is explained already no weight", () => {
    const weights = leastSquares(
      [
        [1, 1, 1],
        [0, 0, 0],
        [2, 2, 2],
        [1, 2, 3],
      ],
      [3, 5, 7],
    );
    close(weights, [1, 0, 0, 2], { abs: 1e-14, rel: 0 });
    assert.equal(weights[2], 0);
  });
});

describe("phi", () => {
  it("is the integral of e^((1 - u) h) u^(k - 1) / (k - 1)!", () => {
    for (const k of [1, 2, 3, 4, 5]) {
      for (const h of [-7, -1.001, -0.999, -1e-3, 0, 1e-9, 0.5, 0.999, 1.001, 4]) {
        const panels = 400;
        let [integral, factorial] = [0, 1];
        for (let i = 1; i < k; i++) factorial *= i;
        for (let i = 0; i <= panels; i++) {
          const u = i / panels;
          const weight = i === 0 || i === panels ? 1 : i % 2 === 1 ? 4 : 2;
          integral += (weight * Math.exp((1 - u) * h) * u ** (k - 1)) / factorial / (3 * panels);
        }
        close(phi(k, h), integral, { abs: 1e-9, rel: 1e-9 }, `phi_${k}(${h})`);
      }
    }
  });

  it("is smooth where the series gives way to the recursion", () => {
    for (const k of [0, 1, 2, 3, 4, 5]) {
      for (const h of [-1, 1]) {
        const inside = phi(k, h * (1 - 1e-15));
        close(phi(k, h), inside, { abs: 1e-13, rel: 1e-13 }, `phi_${k}(${h})`);
      }
    }
  });
});
