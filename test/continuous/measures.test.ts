/** Distances between samples and laws: closed forms, numerical integrals, and sums written out. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  energyDistance,
  gaussianMixture,
  negativeLogLikelihood,
  noisedMixture,
  rootMeanSquare,
} from "../../src/continuous/index.ts";
import { close } from "../golden.ts";
import { noise, target } from "./bench.ts";
import { continuousGolden } from "./golden.ts";

const line = (mean: number, deviation: number) =>
  gaussianMixture({ weights: [1], means: [[mean]], deviations: [deviation] });
const one = { dimension: 1 };
const two = { dimension: 2 };

/** Energy distance of N(0, 1) and N(mean, deviation^2): 2 times the integral of (F - G)^2, by the midpoint rule. */
function energyOfGaussians(mean: number, deviation: number): number {
  const [from, to, steps] = [-12, 12, 24000];
  const width = (to - from) / steps;
  const density = (x: number, m: number, s: number): number =>
    Math.exp(-0.5 * ((x - m) / s) ** 2) / (s * Math.sqrt(2 * Math.PI));
  let [first, second, sum] = [0, 0, 0];
  for (let i = 0; i < steps; i++) {
    const x = from + (i + 0.5) * width;
    first += 0.5 * width * density(x, 0, 1);
    second += 0.5 * width * density(x, mean, deviation);
    sum += (first - second) ** 2 * width;
    first += 0.5 * width * density(x, 0, 1);
    second += 0.5 * width * density(x, mean, deviation);
  }
  return 2 * sum;
}

describe("energy distance", () => {
  for (const [mean, deviation] of [
    [1, 1],
    [0, 2],
    [0.3, 0.7],
  ] as const) {
    it(`of N(0, 1) and N(${mean}, ${deviation}^2) is 2 times the integral of (F - G)^2, and its error the scatter`, () => {
      const exact = energyOfGaussians(mean, deviation);
      // Means of 60 repetitions: false alarms beyond 4 standard errors 6e-5.
      const found = Array.from({ length: 60 }, (_, seed) =>
        energyDistance(
          line(0, 1).draw({ count: 150, seed }),
          line(mean, deviation).draw({ count: 200, seed: seed + 1000 }),
          one,
        ),
      );
      const average = found.reduce((sum, { value }) => sum + value, 0) / 60;
      const scatter = Math.sqrt(found.reduce((sum, { value }) => sum + (value - average) ** 2, 0) / 59);
      const error = found.reduce((sum, { standardError }) => sum + standardError, 0) / 60;
      assert.ok(Math.abs(average - exact) < (4 * scatter) / Math.sqrt(60), `${average}, exact ${exact}`);
      assert.ok(error > 0.75 * scatter && error < 1.5 * scatter, `error ${error}, scatter ${scatter}`);
    });
  }

  it("of equal laws is 0 within 3 standard errors, on average too", () => {
    const found = Array.from({ length: 40 }, (_, seed) =>
      energyDistance(target.draw({ count: 120, seed }), target.draw({ count: 100, seed: seed + 1000 }), two),
    );
    assert.ok(Math.abs(found[0]!.value) < 3 * found[0]!.standardError, JSON.stringify(found[0]));
    const values = found.map(({ value }) => value);
    const average = values.reduce((sum, value) => sum + value, 0) / 40;
    const scatter = Math.sqrt(values.reduce((sum, value) => sum + (value - average) ** 2, 0) / 39);
    assert.ok(Math.abs(average) < (3 * scatter) / Math.sqrt(40), `${average} +- ${scatter}`);
    assert.ok(values.some((value) => value < 0));
    const error = found.reduce((sum, { standardError }) => sum + standardError, 0) / 40;
    assert.ok(error > scatter && error < 2 * scatter, `error ${error}, scatter ${scatter}`);
  });

  it("and its jackknife are the sums of the definition", () => {
    const x = target.draw({ count: 7, seed: 1 });
    const y = target.draw({ count: 5, seed: 2 });
    const found = energyDistance(x, y, two);
    const points = (all: Float64Array) =>
      Array.from({ length: all.length / 2 }, (_, i) => [all[2 * i]!, all[2 * i + 1]!] as const);
    const mean = (a: ReturnType<typeof points>, b: ReturnType<typeof points>): number => {
      const all = a.flatMap((p) => b.filter((q) => q !== p).map((q) => Math.hypot(p[0] - q[0], p[1] - q[1])));
      return all.reduce((sum, each) => sum + each, 0) / all.length;
    };
    const energy = (a: ReturnType<typeof points>, b: ReturnType<typeof points>) =>
      2 * mean(a, b) - mean(a, a) - mean(b, b);
    const [a, b] = [points(x), points(y)];
    close(found.value, energy(a, b), { abs: 1e-12, rel: 0 }, "value");
    const spread = (values: number[]): number => {
      const centre = values.reduce((sum, each) => sum + each, 0) / values.length;
      const squares = values.reduce((sum, each) => sum + (each - centre) ** 2, 0);
      return (squares * (values.length - 1)) / values.length;
    };
    const without = (all: ReturnType<typeof points>, i: number) => all.filter((_, at) => at !== i);
    const variance =
      spread(a.map((_, i) => energy(without(a, i), b))) + spread(b.map((_, i) => energy(a, without(b, i))));
    close(found.standardError, Math.sqrt(variance), { abs: 1e-12, rel: 0 }, "standard error");
  });

  it("refuses what are no rows of finite numbers", () => {
    const x = [1, 2, 3];
    assert.throws(() => energyDistance([1, 2], x, one), /x has 2 numbers .* at least 3 rows of 1/);
    assert.throws(() => energyDistance(x, [1, 2, 3], two), /^RangeError: energyDistance: x has 3 numbers/);
    assert.throws(() => energyDistance(x, [1, Number.NaN, 3], one), /y\[1\] = NaN; expected finite/);
  });
});

describe("root-mean-square difference", () => {
  it("is that of the golden files", () => {
    interface Ends {
      readonly ode_end: number[][];
      readonly final_unipc: number[][];
      readonly rmse_unipc: number;
    }
    const file = continuousGolden("dpm_unipc_dc.json");
    for (const { expected } of file.cases<unknown, { result?: Record<string, Ends> }>("dc_search")) {
      for (const [name, { ode_end, final_unipc, rmse_unipc }] of Object.entries(expected.result ?? {})) {
        const dimension = ode_end[0]!.length;
        const { value } = rootMeanSquare(final_unipc.flat(), ode_end.flat(), { dimension });
        close(value, rmse_unipc, { abs: 1e-10, rel: 1e-10 }, name);
      }
    }
  });

  it("has the standard error of a chi-square law: deviation / sqrt(2 n) in one dimension", () => {
    const count = 20000;
    const x = line(0, 0.5).draw({ count, seed: 3 });
    const { value, standardError } = rootMeanSquare(x, new Float64Array(count), one);
    assert.ok(Math.abs(value - 0.5) < 3 * standardError, `${value}`);
    assert.ok(Math.abs(standardError / (0.5 / Math.sqrt(2 * count)) - 1) < 0.05, `${standardError}`);
  });

  it("is 0 for equal points, and refuses another number of rows", () => {
    assert.deepEqual(rootMeanSquare([1, 2], [1, 2], two), { value: 0, standardError: 0 });
    assert.throws(() => rootMeanSquare([1, 2], [1, 2, 3, 4], two), /x has 1 rows and the reference 2/);
  });
});

describe("negative log-likelihood", () => {
  it("of draws of one Gaussian is its entropy, D/2 log(2 pi e s^2)", () => {
    const law = gaussianMixture({ weights: [1], means: [[1, 2, 3]], deviations: [0.2] });
    const { value, standardError } = negativeLogLikelihood(law.draw({ count: 4000, seed: 5 }), law);
    const entropy = 1.5 * Math.log(2 * Math.PI * Math.E * 0.04);
    assert.ok(Math.abs(value - entropy) < 3 * standardError, `${value}, ${entropy}`);
  });

  it("of draws of the mixture is the integral of -p log p", () => {
    let entropy = 0;
    const width = 0.05;
    for (let x = -4; x < 5; x += width) {
      for (let y = -4; y < 5; y += width) {
        const log = target.logDensity(Float64Array.of(x + width / 2, y + width / 2));
        entropy -= Math.exp(log) * log * width * width;
      }
    }
    const { value, standardError } = negativeLogLikelihood(target.draw({ count: 4000, seed: 6 }), target);
    assert.ok(standardError < 0.03 && Math.abs(value - entropy) < 3 * standardError, `${value}, ${entropy}`);
  });
});

describe("noised mixture", () => {
  it("has the density that the denoiser assumes at these levels", () => {
    for (const t of [0.001, 0.3, 1]) {
      const levels = { alpha: noise.alpha(t), sigma: noise.sigma(t) };
      const law = noisedMixture(target, levels);
      for (const x of [Float64Array.of(0.3, -1), Float64Array.of(2, 0.1)]) {
        close(law.logDensity(x), target.logDensity(x, levels), { abs: 1e-11, rel: 1e-12 }, `t = ${t}`);
      }
    }
  });
});
