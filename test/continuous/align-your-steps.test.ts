/** Align Your Steps: the estimator against closed forms, the search, when to stop it, and the optimum of a Gaussian. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  alignYourSteps,
  type Denoiser,
  ddim,
  type FrozenDivergenceOptions,
  frozenDivergence,
  type GaussianMixture,
  gaussianMixture,
  gaussianOptimum,
  logLinear,
  type Noise,
  polynomial,
  publishedSchedule,
  rhoAt,
  sample,
  times,
  varianceExploding,
  vpLinear,
} from "../../src/continuous/index.ts";
import { coordinateSweep, costedPoints, totalCost } from "../../src/continuous/optimize/coordinate-sweep.ts";
import { importanceTimes } from "../../src/continuous/optimize/importance-times.ts";
import { gaussLegendre } from "../../src/continuous/samplers/gauss-legendre.ts";
import { close } from "../golden.ts";
import { target } from "./bench.ts";

const c = 0.5;
const ve = varianceExploding();

/** Data of deviation c about 0.3 in every direction. */
function gaussian(dimension: number): GaussianMixture {
  return gaussianMixture({ weights: [1], means: [new Array<number>(dimension).fill(0.3)], deviations: [c] });
}

/** The integral of rho^-3 (1 / (rho^2 + c^2) - 1 / (b^2 + c^2)) from a to b, by partial fractions. */
function closedForm(a: number, b: number): number {
  const at = (rho: number): number =>
    -1 / (2 * c * c * rho * rho) +
    (Math.log1p((c * c) / (rho * rho)) / 2 / c ** 4 + 1 / ((b * b + c * c) * 2 * rho * rho));
  return at(b) - at(a);
}

const intervals = [
  [0.3, 0.7],
  [1, 3],
  [0.01, 80],
  [0.4, 0.41],
] as const;

describe("levels by importance", () => {
  it("total and quantiles are those of the closed form", () => {
    for (const [a, b] of intervals.slice(0, 2)) {
      const { total, quantile } = importanceTimes([a, b], { deviation: c });
      close(total, closedForm(a, b), { rel: 1e-11, abs: 0 });
      for (const u of [0.001, 0.3, 0.8, 0.9999]) {
        // The density from b on, over which closedForm runs, ends at b whatever it starts from.
        close(closedForm(quantile(u), b), (1 - u) * closedForm(a, b), { rel: 1e-7, abs: 1e-11 }, `u = ${u}`);
      }
    }
  });
});

describe("divergence of a frozen denoiser", () => {
  /** All signs of x0 - mean, z and w: eight draws with the exact second moments. */
  const sign = (draw: number, bit: number): number => ((draw >> bit) & 1 ? 1 : -1);
  const design = (noise: Noise, u: number): FrozenDivergenceOptions => ({
    noise,
    data: Array.from({ length: 8 }, (_, draw) => 0.3 + c * sign(draw, 0)),
    deviation: c,
    samples: 8,
    batch: 3,
    quantile: () => u,
    normals: {
      fill(out, { row, stage }) {
        out[0] = sign(row, 1 + stage);
      },
    },
  });

  it("a Gaussian: the closed form at whatever level it is asked, for any noise", async () => {
    for (const noise of [ve, vpLinear()]) {
      for (const u of [0.02, 0.5, 0.97]) {
        const { between } = frozenDivergence(gaussian(1), design(noise, u));
        for (const [a, b] of intervals) {
          close(
            await between(a, b),
            c ** 4 * closedForm(a, b),
            { rel: 1e-8, abs: 0 },
            `[${a}, ${b}] at ${u}`,
          );
        }
      }
    }
  });

  it("a Gaussian in 8 dimensions, by draws: within 4.5 standard errors", async () => {
    // Each draw's |difference|^2 over its mean is chi-square of 8 over 8; false alarm 3 x 7e-6.
    const samples = 2048;
    const data = gaussian(8).draw({ count: samples, seed: 3 });
    const { between, counted } = frozenDivergence(gaussian(8), {
      noise: ve,
      data,
      deviation: c,
      samples,
      seed: 1,
    });
    for (const [a, b] of intervals.slice(0, 3)) {
      const ratio = (await between(a, b)) / (8 * c ** 4 * closedForm(a, b));
      assert.ok(Math.abs(ratio - 1) < 4.5 * Math.sqrt(2 / (8 * samples)), `[${a}, ${b}]: ${ratio}`);
    }
    assert.equal(counted().evaluations, 6 * samples);
    await between(0.02, 80);
    assert.equal(counted().evaluations, 7 * samples, "D at the upper end is asked once in a row");
  });

  it("a mixture: E|D_a - D_b|^2 = E|D_a|^2 - E|D_b|^2, by quadrature", async () => {
    const mixture = gaussianMixture({ weights: [0.6, 0.4], means: [[1], [-0.8]], deviations: [0.2, 0.4] });
    /** E|D|^2 at rho: D is the mean of x0 given x. */
    const power = (rho: number): number => {
      const levels = { alpha: 1, sigma: rho };
      const reach = 3 + 8 * rho;
      let sum = 0;
      for (let panel = 0; panel < 20; panel++) {
        const [from, to] = [panel, panel + 1].map((edge) => -reach + (2 * reach * edge) / 20);
        const { points, weights } = gaussLegendre({ from: from!, to: to!, count: 12 });
        points.forEach((point, q) => {
          const x = Float64Array.of(point);
          sum +=
            weights[q]! *
            Math.exp(mixture.logDensity(x, levels)) *
            mixture.posterior(x, levels).mean[0]! ** 2;
        });
      }
      return sum;
    };
    const [a, b] = [0.2, 1.1];
    const { points, weights } = gaussLegendre({ from: a, to: b, count: 24 });
    const end = power(b);
    const exact = points.reduce((sum, rho, q) => sum + (weights[q]! * (power(rho) - end)) / rho ** 3, 0);
    const estimates = await Promise.all(
      Array.from({ length: 16 }, (_, seed) =>
        frozenDivergence(mixture, {
          noise: ve,
          data: mixture.draw({ count: 256, seed: 100 + seed }),
          deviation: 0.7,
          samples: 256,
          seed,
        }).between(a, b),
      ),
    );
    const mean = estimates.reduce((sum, value) => sum + value, 0) / 16;
    const error = Math.sqrt(estimates.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 15 / 16);
    // Student's t with 15 degrees of freedom: false alarm 2.4e-5.
    assert.ok(Math.abs(mean - exact) < 6 * error, `${mean} +- ${error}, exact ${exact}`);
    assert.ok(error < 0.05 * exact);
  });

  it("refuses what it cannot use", () => {
    const data = [1, 2, 3];
    assert.throws(() => frozenDivergence(target, { noise: ve, data, deviation: 1 }), /data has 3 numbers/);
    const pair = { noise: ve, data: [1, 2] };
    assert.throws(() => frozenDivergence(target, { ...pair, deviation: 0 }), /deviation = 0/);
    assert.throws(() => frozenDivergence(target, { ...pair, deviation: 1, samples: 0.5 }), /samples = 0.5/);
  });
});

/** KL divergence of what DDIM makes of the Gaussian, from the Gaussian's own law at the last level. */
function trueDivergence(points: ArrayLike<number>): number {
  const last = points.length - 1;
  let scale = Math.hypot(c, points[last]!) / Math.hypot(c, points[0]!);
  for (let i = last; i > 0; i--) {
    const [low, high] = [points[i - 1]!, points[i]!];
    scale *= 1 + ((low - high) * high) / (c * c + high * high);
  }
  return 0.5 * (scale ** 2 - 1) - Math.log(scale);
}

const eight = polynomial({ steps: 8 }).resolve(ve).reverse();

describe("coordinate search on a Gaussian", () => {
  const cost = closedForm;
  const fine = { cost, candidates: 299 };

  it("minimising the bound to the end makes the true divergence worse: 0.102, 0.030, .., 0.344", async () => {
    let here = await costedPoints(eight, cost);
    const seen = [trueDivergence(here.points)];
    for (let changed = true; changed && seen.length < 400; ) {
      const before = totalCost(here);
      ({ changed, ...here } = await coordinateSweep(here, fine));
      assert.ok(totalCost(here) <= before);
      seen.push(trueDivergence(here.points));
    }
    close(seen.slice(0, 3), [0.1024, 0.0303, 0.0432], { rel: 0, abs: 5e-4 });
    close(seen.at(-1)!, 0.344, { rel: 0, abs: 5e-3 });
    // Stationary: t = c sqrt(a b / (sqrt((a^2 + c^2)(b^2 + c^2)) - a b)) between neighbours a and b.
    for (let i = 1; i < 8; i++) {
      const [a, b] = [here.points[i - 1]!, here.points[i + 1]!];
      const product = Math.sqrt((a * a + c * c) * (b * b + c * c));
      close(here.points[i]!, c * Math.sqrt((a * b) / (product - a * b)), { rel: 0.02, abs: 0 }, `point ${i}`);
    }
  });

  it("keeps the costs of the intervals, moves what may move, and says whether it did", async () => {
    const { changed, ...swept } = await coordinateSweep(await costedPoints(eight, cost), {
      cost,
      moves: (point) => point === 3,
    });
    assert.ok(changed);
    close(swept.costs, (await costedPoints(swept.points, cost)).costs, { rel: 1e-12, abs: 0 });
    assert.deepEqual(
      Array.from(swept.points, (point, i) => point !== eight[i]).map(Number),
      [0, 0, 0, 1, 0, 0, 0, 0, 0],
    );
    const again = await coordinateSweep(swept, { cost, moves: (point) => point === 3 });
    assert.ok(!again.changed);
    assert.deepEqual(again.points, swept.points);
  });
});

describe("Align Your Steps", () => {
  const model = gaussian(4);
  const data = model.draw({ count: 500, seed: 3 });
  const start = polynomial({ steps: 8 });
  const options = { noise: ve, data, start, steps: 8, samples: 64, sweeps: 1 };
  const ofTimes = (at: Float64Array): number => trueDivergence(at.map((t) => rhoAt(ve, t)).reverse());

  it("two passes over a Gaussian: the bound falls, and the true divergence to less than half", async () => {
    const found = await alignYourSteps(model, { noise: ve, data, start, steps: 8, samples: 256 });
    const { before, after } = found.objective;
    assert.ok(after < 0.8 * before);
    assert.deepEqual(found.schedule.resolve(ve), found.times);
    assert.ok(ofTimes(found.times) < 0.5 * trueDivergence(eight), `${ofTimes(found.times)}`);
    // Both ends of the 8 intervals, then twice 7 points: one upper end, and 11 candidates of 1 + 2.
    assert.equal(found.evaluations, 256 * (16 + 2 * 7 * 34));
  });

  it("does not depend on the batch, and does on the seed", async () => {
    const [a, b, other] = await Promise.all(
      [{}, { batch: 7 }, { seed: 1 }].map((some) => alignYourSteps(model, { ...options, ...some })),
    );
    assert.deepEqual(b!.times, a!.times);
    assert.equal(b!.evaluations, a!.evaluations);
    assert.notEqual(other!.objective.after, a!.objective.after);
  });

  it("means the same levels on any noise", async () => {
    const vp = vpLinear();
    const ends = [40, 0.01] as const;
    const found = [];
    for (const noise of [ve, vp]) {
      const [from, to] = ends.map((rho) => noise.timeAt(-Math.log(rho)));
      const own = polynomial({ steps: 5, from: from!, to: to! });
      const { times: at } = await alignYourSteps(target, {
        noise,
        data: target.draw({ count: 96 }),
        start: own,
        steps: 5,
        samples: 96,
      });
      found.push(at.map((t) => rhoAt(noise, t)));
    }
    close(found[1]!, found[0]!, { rel: 1e-8, abs: 0 });
  });

  it("stops where the judge saw the best", async () => {
    const judged: number[] = [];
    const found = await alignYourSteps(model, {
      ...options,
      sweeps: 9,
      judge: (schedule) => {
        judged.push(ofTimes(schedule.resolve(ve)));
        return judged.at(-1)!;
      },
    });
    const [level] = found.levels;
    assert.deepEqual(level!.judged, judged);
    const least = judged.indexOf(Math.min(...judged));
    assert.equal(ofTimes(found.times), judged[least]);
    assert.equal(level!.sweeps, least + 4);
    assert.ok(least >= 1 && judged[least]! < 0.5 * judged[0]!, `${judged}`);
  });

  it("doubles between points that stay, and interpolates other counts", async () => {
    const coarse = polynomial({ steps: 3 });
    const found = await alignYourSteps(model, { ...options, start: coarse, steps: 10 });
    assert.deepEqual(
      found.levels.map(({ steps }) => steps),
      [3, 6, 12],
    );
    found.levels.slice(1).forEach(({ times: at, before, after }, i) => {
      close(
        at.filter((_, point) => point % 2 === 0),
        found.levels[i]!.times,
        { rel: 1e-12, abs: 0 },
      );
      assert.ok(after <= before);
    });
    const finest = found.levels.at(-1)!.times;
    close(found.times, logLinear(finest, 10), { rel: 1e-12, abs: 0 });
    const more = await alignYourSteps(model, { ...options, start: coarse, steps: 30 });
    assert.equal(more.levels.length, 3);
    assert.equal(more.times.length, 31);
    const few = await alignYourSteps(model, { ...options, start: coarse, steps: 2 });
    close(few.times, logLinear(found.levels[0]!.times, 2), { rel: 1e-12, abs: 0 });
  });

  it("counts what it asks, reports, and can be stopped", async () => {
    let rows = 0;
    const watched: Denoiser = {
      dimension: model.dimension,
      predict(input) {
        rows += input.batch;
        return model.predict(input);
      },
    };
    const points: number[] = [];
    const signal = { aborted: false, reason: new Error("enough") };
    const search = alignYourSteps(watched, {
      ...options,
      signal,
      progress({ point, evaluations }) {
        points.push(point);
        assert.equal(evaluations, rows);
        signal.aborted = point === 3;
      },
    });
    await assert.rejects(search, /enough/);
    assert.deepEqual(points, [1, 2, 3]);
  });

  it("refuses what it cannot use", async () => {
    await assert.rejects(alignYourSteps(model, { ...options, sweeps: 0 }), /sweeps = 0/);
    const clean = times({ times: [80, 1, 0] });
    await assert.rejects(alignYourSteps(model, { ...options, start: clean }), /sigma is 0 at t = 0/);
  });
});

describe("the optimum of a Gaussian", () => {
  const points = gaussianOptimum({ steps: 8, deviation: c }).resolve(ve).reverse();

  it("is the least true divergence: every point between its neighbours, and moved either way it is more", () => {
    const least = trueDivergence(points);
    close(least, 0.02124125, { rel: 0, abs: 1e-8 });
    for (let i = 1; i < 8; i++) {
      const [a, b] = [points[i - 1]!, points[i + 1]!];
      const fixed = (a * b - c * c + Math.sqrt((a * a + c * c) * (b * b + c * c))) / (a + b);
      close(points[i]!, fixed, { rel: 1e-10, abs: 0 });
      for (const factor of [0.98, 1.02]) {
        const moved = points.map((point, at) => (at === i ? factor * point : point));
        assert.ok(trueDivergence(moved) > least);
      }
    }
  });

  it("on variance-preserving noise DDIM leaves the same deviation", async () => {
    const noise = vpLinear();
    const steps = 8;
    const schedule = gaussianOptimum({ steps, deviation: c });
    const deviationAt = (t: number): number => Math.hypot(noise.alpha(t) * c, noise.sigma(t));
    const data = gaussianMixture({ weights: [1], means: [[0]], deviations: [c] });
    const { x } = await sample(data, { noise, schedule, sampler: ddim(), start: [deviationAt(1)] });
    const angles = [noise.horizon, noise.cutoff].map((t) => Math.atan(rhoAt(noise, t) / c));
    const expected = Math.cos((angles[0]! - angles[1]!) / steps) ** steps;
    close(x[0]! / deviationAt(noise.cutoff), expected, { rel: 1e-10, abs: 0 });
  });

  it("refuses a deviation that is none", () => {
    assert.throws(() => gaussianOptimum({ steps: 3, deviation: 0 }), /deviation = 0/);
  });
});

describe("published schedules", () => {
  it("keep to the noise's own ends, and refuse a noise that is too narrow", () => {
    const narrow = varianceExploding({ sigmaMin: 0.03, sigmaMax: 14 });
    const at = publishedSchedule("sdxl").resolve(narrow);
    assert.deepEqual([at[0], at[10]], [14, 0.03]);
    const all = publishedSchedule("stable-video-diffusion");
    assert.throws(() => all.resolve(narrow), /from 700 to 0.002 is wider than noise ve/);
  });

  it("name what there is", () => {
    // @ts-expect-error: not a model
    assert.throws(() => publishedSchedule("sd-2"), /expected one of stable-diffusion-1.5, sdxl/);
    assert.throws(() => publishedSchedule("sdxl", { steps: 0 }), /for 0 steps/);
  });
});
