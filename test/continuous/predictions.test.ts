/** The border: what networks predict, and what guidance and thresholding make of it. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type Denoiser,
  gaussianMixture,
  guided,
  type Noised,
  type PredictionKind,
  predicting,
  thresholded,
} from "../../src/continuous/index.ts";
import { close } from "../golden.ts";
import { target } from "./bench.ts";

const levels = [
  { alpha: 0.9, sigma: Math.sqrt(1 - 0.81) },
  { alpha: 0.2, sigma: Math.sqrt(1 - 0.04) },
];
const input: Noised = {
  x: Float64Array.of(0.7, -0.4, -1.1, 2),
  batch: 2,
  time: Float64Array.of(0.1, 0.8),
  alpha: Float64Array.from(levels, ({ alpha }) => alpha),
  sigma: Float64Array.from(levels, ({ sigma }) => sigma),
};
const exact = await target.predict(input);

/** x0, v and the score of the exact prediction, by their definitions. */
const definitions: Record<
  PredictionKind,
  (eps: number, clean: number, levels: { alpha: number; sigma: number }) => number
> = {
  eps: (eps) => eps,
  x0: (_eps, clean) => clean,
  v: (eps, clean, { alpha, sigma }) => alpha * eps - sigma * clean,
  score: (eps, _clean, { sigma }) => -eps / sigma,
};

describe("continuous predictions", () => {
  for (const [kind, definition] of Object.entries(definitions)) {
    it(`a model of ${kind} is the model of eps`, async () => {
      const model: Denoiser = {
        dimension: 2,
        predict: ({ x }) =>
          exact.map((eps, at) => {
            const own = levels[Math.floor(at / 2)]!;
            return definition(eps, (x[at]! - own.sigma * eps) / own.alpha, own);
          }),
      };
      const eps = await predicting(kind as PredictionKind, model).predict(input);
      close(eps, exact, { abs: 1e-13, rel: 1e-13 }, kind);
    });
  }

  it("guidance is linear between and beyond two models", async () => {
    const conditional = gaussianMixture({ weights: [1], means: [[2, 0]], deviations: [0.3] });
    const bound = await conditional.predict(input);
    for (const scale of [0, 1, 7.5]) {
      const model = guided({ conditional, unconditional: target, scale });
      assert.equal(model.callsPerPrediction, 2);
      const expected = Array.from(exact, (eps, at) => (1 - scale) * eps + scale * bound[at]!);
      close(await model.predict(input), expected, { abs: 1e-12, rel: 1e-12 }, `scale ${scale}`);
    }
    const line = gaussianMixture({ weights: [1], means: [[2]], deviations: [0.3] });
    assert.throws(() => guided({ conditional: line, unconditional: target, scale: 2 }), /dimension 1.*2/);
  });

  it("thresholding bounds x0 and leaves what is inside alone", async () => {
    const clean = (eps: Float64Array): number[] =>
      Array.from(eps, (value, at) => {
        const { alpha, sigma } = levels[Math.floor(at / 2)]!;
        return (input.x[at]! - sigma * value) / alpha;
      });
    const before = clean(exact);
    const bounded = clean(await thresholded(target, { ratio: 1 }).predict(input));
    for (const [row, largest] of [0, 1].map((row) => [
      row,
      Math.max(1, ...before.slice(2 * row, 2 * row + 2).map(Math.abs)),
    ])) {
      const own = before.slice(2 * row!, 2 * row! + 2).map((value) => value / largest!);
      close(bounded.slice(2 * row!, 2 * row! + 2), own, { abs: 1e-12, rel: 0 }, `row ${row}`);
    }
    const wide = await thresholded(target, { ratio: 0.9, largest: 50 }).predict(input);
    close(
      clean(wide),
      before.map((value) => value / 50),
      { abs: 1e-12, rel: 0 },
      "scaled by the bound",
    );
    // Quantile 0.5 of two numbers lies midway.
    const halved = clean(await thresholded(target, { ratio: 0.5, largest: 1e-9 }).predict(input));
    const own = before.slice(0, 2);
    const bound = (Math.abs(own[0]!) + Math.abs(own[1]!)) / 2;
    close(
      halved.slice(0, 2),
      own.map((value) => Math.min(bound, Math.max(-bound, value)) / bound),
      { abs: 1e-9, rel: 0 },
      "middle",
    );
    assert.throws(() => thresholded(target, { ratio: 0 }), /ratio = 0/);
  });
});
