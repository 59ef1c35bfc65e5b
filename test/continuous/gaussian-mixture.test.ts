import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { gaussianMixture, type Levels } from "../../src/continuous/index.ts";
import { close } from "../golden.ts";
import { target } from "./bench.ts";

const levels: Levels = { alpha: 0.6, sigma: 0.8 };
const point = Float64Array.of(0.7, -0.4);

/** Sums f over a fine grid of the square [-8, 8]^2: exact to rounding for smooth densities that vanish at its rim. */
function integrate(f: (x: Float64Array) => number, cell = 0.1): number {
  let sum = 0;
  for (let i = -80; i <= 80; i++) {
    for (let j = -80; j <= 80; j++) sum += f(Float64Array.of(i * cell, j * cell)) * cell * cell;
  }
  return sum;
}

const plain = { abs: 1e-9, rel: 0 };

describe("gaussian mixture", () => {
  it("its density integrates to 1, at data and at noise", () => {
    close(
      integrate((x) => Math.exp(target.logDensity(x))),
      1,
      plain,
      "data",
    );
    close(
      integrate((x) => Math.exp(target.logDensity(x, levels))),
      1,
      plain,
      "noised",
    );
  });

  it("the score is the gradient of the log density", () => {
    const h = 1e-5;
    const score = target.score(point, levels);
    for (const d of [0, 1]) {
      const at = (shift: number): number =>
        target.logDensity(
          point.map((value, i) => value + (i === d ? shift : 0)),
          levels,
        );
      close(score[d]!, (at(h) - at(-h)) / (2 * h), { abs: 1e-8, rel: 0 }, `score ${d}`);
    }
  });

  it("mean and covariance of x0 given x are those of Bayes' rule", () => {
    const weight = (clean: Float64Array): number => {
      const square = clean.reduce((sum, value, d) => sum + (point[d]! - levels.alpha * value) ** 2, 0);
      return Math.exp(target.logDensity(clean) - square / (2 * levels.sigma ** 2));
    };
    const total = integrate(weight);
    const mean = [0, 1].map((d) => integrate((x) => x[d]! * weight(x)) / total);
    const { mean: exact, covariance } = target.posterior(point, levels);
    close(exact, mean, plain, "mean");
    for (const [d, e] of [
      [0, 0],
      [0, 1],
      [1, 1],
    ] as const) {
      const second = integrate((x) => (x[d]! - mean[d]!) * (x[e]! - mean[e]!) * weight(x)) / total;
      close(covariance[d * 2 + e]!, second, plain, `covariance ${d}, ${e}`);
    }
  });

  it("eps is (x - alpha E[x0 | x]) / sigma", async () => {
    const { mean } = target.posterior(point, levels);
    const one = (value: number): Float64Array => Float64Array.of(value);
    const { alpha, sigma } = levels;
    const input = { x: point, batch: 1, time: one(0.5), alpha: one(alpha), sigma: one(sigma) };
    const eps = await target.predict(input);
    close(
      eps,
      Array.from(mean, (m, d) => (point[d]! - alpha * m) / sigma),
      { abs: 1e-12, rel: 0 },
      "eps",
    );
  });

  it("draws have its moments, and the same first rows whatever the count", () => {
    const count = 20_000;
    const drawn = target.draw({ count, seed: 4 });
    const { mean, covariance } = target.moments();
    for (const d of [0, 1]) {
      let sum = 0;
      let square = 0;
      for (let row = 0; row < count; row++) {
        const away = drawn[row * 2 + d]! - mean[d]!;
        sum += away;
        square += away * away;
      }
      // 4.5 standard errors: a false alarm in 70,000 runs for the mean, fewer for the bounded-kurtosis square.
      const variance = covariance[d * 3]!;
      assert.ok(Math.abs(sum / count) < 4.5 * Math.sqrt(variance / count), `mean ${d}`);
      assert.ok(Math.abs(square / count - variance) < 4.5 * variance * Math.sqrt(2 / count), `variance ${d}`);
    }
    assert.deepEqual(target.draw({ count: 3, seed: 4 }), drawn.slice(0, 6));
  });

  it("far away nothing underflows", () => {
    const far = Float64Array.of(500, -900);
    assert.ok(target.score(far, { alpha: 1, sigma: 0.01 }).every(Number.isFinite));
    assert.ok(Number.isFinite(target.logDensity(far)));
  });

  it("weights need not sum to 1", () => {
    const scaled = gaussianMixture({
      weights: [5, 3, 2],
      means: [
        [2, 0],
        [-1, 1.5],
        [0, -2],
      ],
      deviations: [0.3, 0.5, 0.25],
    });
    close(
      scaled.logDensity(point, levels),
      target.logDensity(point, levels),
      { abs: 1e-13, rel: 0 },
      "density",
    );
  });

  for (const [title, options, message] of [
    [
      "a missing deviation",
      { weights: [1, 1], means: [[0], [1]], deviations: [1] },
      /2 weights, 2 means, 1 dev/,
    ],
    [
      "a deviation of 0",
      { weights: [1], means: [[0]], deviations: [0] },
      /component 0 has weight 1 and deviation 0/,
    ],
    [
      "means of two lengths",
      { weights: [1, 1], means: [[0], [1, 2]], deviations: [1, 1] },
      /mean 1 is \[1, 2\]/,
    ],
    ["a mean that is NaN", { weights: [1], means: [[Number.NaN]], deviations: [1] }, /mean 0 is \[NaN\]/],
  ] as const) {
    it(`refuses ${title}`, () =>
      assert.throws(() => gaussianMixture(options), { name: "RangeError", message }));
  }
});
