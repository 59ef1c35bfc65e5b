import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { cascadePolynomial, cascadeRatios } from "../../src/continuous/index.ts";
import { philox } from "../../src/random.ts";
import { close } from "../golden.ts";

const draw = philox(7).at(0, 0, 0);
const coefficients = Array.from({ length: 4 }, (_, k) =>
  Array.from({ length: 3 }, (_, a) =>
    Array.from({ length: 3 }, (_, b) => draw.uniform(9 * k + 3 * a + b) - 0.5),
  ),
);
const grid = [1, 3, 7.5, 9].flatMap((guidance) => [5, 6, 8, 10, 15].map((steps) => ({ guidance, steps })));

describe("cascadePolynomial", () => {
  it("finds the polynomial that ratios lie on, and stores it as JSON", () => {
    const searched = grid.map((at) => ({ guidance: at.guidance, ratios: cascadeRatios(coefficients, at) }));
    const found = cascadePolynomial(searched);
    assert.deepEqual(JSON.parse(JSON.stringify(found)), found);
    close(found.flat(2), coefficients.flat(2), { abs: 1e-7, rel: 1e-7 }, "coefficients");
    const unseen = { guidance: 5, steps: 12 };
    close(cascadeRatios(found, unseen), cascadeRatios(coefficients, unseen), { abs: 1e-10, rel: 1e-10 });
  });

  it("evaluates powers in the published order", () => {
    const single = (k: number, a: number, b: number) =>
      coefficients.map((c, i) => c.map((d, j) => d.map((_, l) => (i === k && j === a && l === b ? 1 : 0))));
    // k = 2, guidance to the power 2, steps to the power 1.
    close(
      cascadeRatios(single(2, 0, 1), { guidance: 6, steps: 4 }),
      [1, 1, (3 / 4) ** 2 * 0.25 * (4 / 50), 0.25 * (4 / 50)],
      { abs: 1e-15, rel: 1e-15 },
    );
  });

  it("is the least-squares fit: no other polynomial is nearer", () => {
    const searched = grid.map(({ guidance, steps }, i) => ({
      guidance,
      ratios: Array.from({ length: steps }, (_, at) => 1 + 0.3 * Math.sin(at + 2 * i)),
    }));
    const distance = (polynomial: ReturnType<typeof cascadePolynomial>): number =>
      searched.reduce(
        (sum, { guidance, ratios }) =>
          cascadeRatios(polynomial, { guidance, steps: ratios.length }).reduce(
            (part, ratio, at) => part + (at < 2 ? 0 : (ratio - ratios[at]!) ** 2),
            sum,
          ),
        0,
      );
    const found = cascadePolynomial(searched);
    const least = distance(found);
    for (let k = 0; k < 4; k++) {
      for (const step of [-1e-3, 1e-3]) {
        const near = found.map((c, i) => c.map((a) => a.map((value) => value + (i === k ? step : 0))));
        assert.ok(distance(near) > least);
      }
    }
    assert.ok(least < distance(coefficients));
  });

  it("of one guidance, does not depend on it", () => {
    const searched = [5, 6, 8, 10].map((steps) => ({
      guidance: 7.5,
      ratios: Array.from({ length: steps }, (_, i) => 1 + 0.1 * ((i + 1) / steps) - 0.01 * steps),
    }));
    const found = cascadePolynomial(searched);
    const near = { abs: 1e-9, rel: 0 };
    close(cascadeRatios(found, { guidance: 7.5, steps: 8 }).slice(2), searched[2]!.ratios.slice(2), near);
    close(
      cascadeRatios(found, { guidance: 2, steps: 8 }),
      cascadeRatios(found, { guidance: 7.5, steps: 8 }),
      near,
    );
  });

  it("refuses what cannot be fitted or evaluated", () => {
    assert.throws(() => cascadePolynomial([{ guidance: 1, ratios: [1, 1] }]), /at least 3 steps/);
    assert.throws(() => cascadePolynomial([{ guidance: 1, ratios: [1, 1, Number.NaN] }]), /NaN/);
    assert.throws(() => cascadeRatios([[[1]]], { guidance: 1, steps: 5 }), /\[4\]\[3\]\[3\]/);
    assert.throws(() => cascadeRatios(coefficients, { guidance: 1, steps: 0 }), /steps = 0/);
  });
});
