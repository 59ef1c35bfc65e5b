import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { gaussianMixture, klDivergence } from "../../src/continuous/index.ts";
import { target } from "./bench.ts";

/** n = 3000 draws of seed 1; a false alarm of 4 standard errors in 16,000 runs, were the estimate normal. */
const count = 3000;

/** KL of N(m, s^2 I) to N(0, I). */
const exact = (dimension: number, mean: number, deviation: number): number =>
  0.5 * dimension * (deviation ** 2 + mean ** 2 - 1 - 2 * Math.log(deviation));

describe("klDivergence", () => {
  for (const [dimension, mean, deviation] of [
    [1, 0, 1],
    [1, 0.7, 1.3],
    [2, 0, 1],
    [2, 0.3, 0.8],
    [3, -0.4, 0.9],
  ] as const) {
    it(`is the closed form for Gaussians: dimension ${dimension}, mean ${mean}, deviation ${deviation}`, () => {
      const gaussian = (m: number, s: number) =>
        gaussianMixture({ weights: [1], means: [new Array(dimension).fill(m)], deviations: [s] });
      const points = gaussian(mean, deviation).draw({ count, seed: 1 });
      const { value, standardError } = klDivergence(points, gaussian(0, 1));
      const off = value - exact(dimension, mean, deviation);
      assert.ok(Math.abs(off) < 4 * standardError, `${value} +- ${standardError}, off by ${off}`);
      assert.ok(standardError < 0.03, `standard error ${standardError}`);
    });
  }

  it("is about 0 for a mixture's own draws and sees a missing component", () => {
    const own = klDivergence(target.draw({ count, seed: 2 }), target);
    assert.ok(Math.abs(own.value) < 4 * own.standardError, `${own.value} +- ${own.standardError}`);
    const { weights, means, deviations } = target;
    const part = gaussianMixture({
      weights: weights.slice(0, 2),
      means: [means.slice(0, 2), means.slice(2, 4)],
      deviations: deviations.slice(0, 2),
    });
    // Two of three components, weight 0.8: the exact KL is -log 0.8, but for where components overlap.
    const { value, standardError } = klDivergence(part.draw({ count, seed: 3 }), target);
    assert.ok(Math.abs(value + Math.log(0.8)) < 4 * standardError + 0.01, `${value} +- ${standardError}`);
  });

  it("has the bias and the spread that its comment states: 24 seeds from 100 on, n = 500", () => {
    const all = Array.from({ length: 24 }, (_, i) =>
      klDivergence(target.draw({ count: 500, seed: 100 + i }), target),
    );
    const mean = all.reduce((sum, { value }) => sum + value, 0) / 24;
    const spread = Math.sqrt(all.reduce((sum, { value }) => sum + (value - mean) ** 2, 0) / 23);
    const stated = all.reduce((sum, { standardError }) => sum + standardError, 0) / 24;
    assert.ok(mean > 0.03 && mean < 0.07, `mean ${mean}`);
    assert.ok(spread > 0.9 * stated && spread < 1.5 * stated, `spread ${spread}, stated ${stated}`);
  });

  it("refuses too few points and copies", () => {
    assert.throws(() => klDivergence([1, 2, 3, 4], target), /klDivergence.*at least 5 rows/);
    assert.throws(() => klDivergence(new Float64Array(20), target), /4 other points equal point 0/);
  });
});
