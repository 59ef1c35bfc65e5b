import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  alphaBars,
  type Noise,
  rhoAt,
  varianceExploding,
  vpCosine,
  vpLinear,
  vpTable,
} from "../../src/continuous/index.ts";
import { close } from "../golden.ts";

const bars = alphaBars({ start: 0.00085, end: 0.012, spacing: "scaled-linear" });
const noises: Record<string, Noise> = {
  "vp-linear": vpLinear(),
  "vp-linear, slow": vpLinear({ beta0: 0.05, beta1: 3 }),
  "vp-cosine": vpCosine(),
  "vp-cosine-unnormalised": vpCosine({ normalised: false }),
  "vp-table": vpTable({ alphaBars: bars }),
  "vp-table, straight alpha-bar": vpTable({
    alphaBars: bars,
    interpolation: "alpha-bar",
    first: 0,
    last: 999,
    cutoff: 0,
  }),
  ve: varianceExploding(),
};

/** Times strictly between the ends, none of them a point of a table. */
const inside = ({ horizon, cutoff }: Noise): number[] =>
  Array.from({ length: 41 }, (_, i) => cutoff + (horizon - cutoff) * ((i + 0.5123) / 41.3));

describe("continuous noise", () => {
  for (const [name, noise] of Object.entries(noises)) {
    it(`${name}: levels agree with each other and fall with t`, () => {
      let before = Number.POSITIVE_INFINITY;
      for (const t of inside(noise)) {
        const [alpha, sigma, lambda] = [noise.alpha(t), noise.sigma(t), noise.lambda(t)];
        close(lambda, Math.log(alpha / sigma), { abs: 1e-9, rel: 1e-9 }, `lambda(${t})`);
        close(noise.logAlpha(t), Math.log(alpha), { abs: 1e-12, rel: 1e-9 }, `log alpha(${t})`);
        close(rhoAt(noise, t), sigma / alpha, { abs: 0, rel: 1e-9 }, `rho(${t})`);
        assert.ok(lambda < before, `lambda rises at ${t}`);
        before = lambda;
        if (name !== "ve") close(alpha * alpha + sigma * sigma, 1, { abs: 1e-12, rel: 0 }, "variance");
      }
    });

    it(`${name}: slopes are the derivatives`, () => {
      for (const t of inside(noise)) {
        const h = 1e-6 * noise.horizon;
        const slope = (of: (t: number) => number): number => (of(t + h) - of(t - h)) / (2 * h);
        close(noise.logAlphaSlope(t), slope(noise.logAlpha), { abs: 1e-7, rel: 1e-6 }, `log alpha' at ${t}`);
        close(noise.lambdaSlope(t), slope(noise.lambda), { abs: 1e-7, rel: 1e-5 }, `lambda' at ${t}`);
      }
    });

    it(`${name}: timeAt is the inverse of lambda`, () => {
      for (const t of [...inside(noise), noise.horizon]) {
        close(noise.timeAt(noise.lambda(t)), t, { abs: 1e-11, rel: 1e-9 }, `time ${t}`);
      }
    });
  }

  it("the forward SDE keeps the levels: d sigma^2 / dt = 2 (d log alpha / dt) sigma^2 + g^2", () => {
    for (const noise of Object.values(noises)) {
      for (const t of inside(noise)) {
        const h = 1e-6 * noise.horizon;
        const variance = noise.sigma(t) ** 2;
        const slope = (noise.sigma(t + h) ** 2 - noise.sigma(t - h) ** 2) / (2 * h);
        const gain = -2 * variance * noise.lambdaSlope(t);
        close(slope, 2 * noise.logAlphaSlope(t) * variance + gain, { abs: 1e-8, rel: 1e-4 }, `at ${t}`);
      }
    }
  });

  it("a table has its levels at (i + 1) / n and is clean at 0", () => {
    const noise = noises["vp-table"]!;
    for (const i of [0, 1, 499, 998, 999]) {
      close(noise.alpha((i + 1) / 1000) ** 2, bars[i]!, { abs: 1e-13, rel: 1e-12 }, `level ${i}`);
    }
    assert.equal(noise.sigma(0), 0);
    assert.equal(noise.alpha(0), 1);
    assert.equal(noise.lambda(0), Number.POSITIVE_INFINITY);
    const midway = 0.5 * (Math.log(bars[10]!) + Math.log(bars[11]!));
    close(2 * noise.logAlpha(11.5 / 1000), midway, { abs: 1e-12, rel: 0 }, "between two levels");
    close(
      2 * noise.logAlpha(0.5 / 1000),
      0.5 * Math.log(bars[0]!),
      { abs: 1e-12, rel: 0 },
      "before the first",
    );
  });

  it("levels of the usual tables", () => {
    // Largest sigma / alpha of Stable Diffusion 1.5, as its schedules are published.
    const last = bars[999]!;
    close(Math.sqrt((1 - last) / last), 14.6146, { abs: 5e-5, rel: 0 }, "sigma of the last level");
    close(alphaBars({ start: 1e-4, end: 2e-2 })[999]!, 4.0358297653756754e-5, { abs: 0, rel: 1e-12 }, "DDPM");
  });

  for (const [title, make, message] of [
    ["rates in the wrong order", () => vpLinear({ beta0: 3, beta1: 2 }), /0 < beta0 < beta1/],
    ["a horizon where nothing is left", () => vpCosine({ horizon: 1 }), /horizon below 1/],
    ["a table that rises", () => vpTable({ alphaBars: [0.9, 0.95] }), /alphaBars\[1\] = 0.95; expected/],
    ["a table of one level", () => vpTable({ alphaBars: [0.9] }), /1 levels; expected at least 2/],
    [
      "levels in the wrong order",
      () => vpTable({ alphaBars: [0.9, 0.8], first: 2, last: 1 }),
      /first < last/,
    ],
    ["betas out of range", () => alphaBars({ start: 0, end: 0.02 }), /between 0 and 1/],
    ["no noise", () => varianceExploding({ sigmaMin: 0 }), /0 < sigmaMin < sigmaMax/],
  ] as const) {
    it(`refuses ${title}`, () => assert.throws(make, { name: "RangeError", message }));
  }
});
