/** Predictors, correctors and preconditioners together: identities, the variance that predictors tend to, published biases. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { diagonalGaussian } from "../../bench/continuous/fixed-level.ts";
import { gaussianField } from "../../bench/continuous/gaussian-field.ts";
import {
  annealedLangevin,
  balancedReverseDiffusion,
  batchNorms,
  type Corrector,
  ddim,
  fourier,
  langevin,
  levelSize,
  type Noise,
  type Preconditioner,
  preconditionedSampling,
  preconditioner,
  predictorCorrector,
  reverseDiffusion,
  rowNorms,
  type Sampler,
  sample,
  timeLog,
  timePower,
  times,
  varianceExploding,
} from "../../src/continuous/index.ts";
import { close } from "../golden.ts";
import * as bench from "./bench.ts";
import { oneStep } from "./one-step.ts";

const ve = varianceExploding({ sigmaMin: 0.01, sigmaMax: 50 });
const exact = { abs: 1e-12, rel: 1e-12 };

/** M = m in one dimension. */
const scalar = (m: number): Preconditioner => ({
  dimension: 1,
  apply: (z) => z.map((value) => m * value),
  applySquared: (g) => g.map((value) => m * m * value),
});

describe("continuous: predictor-corrector", () => {
  it("the predictor with a corrector that does nothing is the predictor, to the bit", async () => {
    const nothing: Corrector = { name: "nothing", calls: 0, correctInto: async () => {} };
    const options = { noise: bench.noise, schedule: timePower({ steps: 6 }), count: 4, seed: 3 };
    for (const predictor of [reverseDiffusion(), ddim({ eta: 0.5 })]) {
      const alone = await sample(bench.target, { ...options, sampler: predictor });
      const sampler = predictorCorrector({ predictor, corrector: nothing });
      assert.deepEqual(await sample(bench.target, { ...options, sampler }), alone);
    }
  });

  it("corrects at t, then predicts from there, with draws of their own", async () => {
    const draws = { corrector: [0.3, -1.2], predictor: [0.8, 0.1] };
    const stages: number[] = [];
    const { x } = await sample(bench.target, {
      noise: bench.noise,
      schedule: times({ times: [0.6, 0.5] }),
      sampler: predictorCorrector({ corrector: langevin({ snr: 0.2 }) }),
      start: [0.4, 0.9],
      normals: {
        fill(out, { stage }) {
          stages.push(stage);
          out.set(stages.length === 1 ? draws.corrector : draws.predictor);
        },
      },
    });
    assert.deepEqual(stages, [1, 0]);
    const levels = { alpha: bench.noise.alpha(0.6), sigma: bench.noise.sigma(0.6) };
    const a = levels.alpha / bench.noise.alpha(0.5);
    const squared = levels.sigma ** 2 - (a * bench.noise.sigma(0.5)) ** 2;
    const s = 2 * (0.2 * levels.sigma * a) ** 2;
    const score = bench.target.score(Float64Array.of(0.4, 0.9), levels);
    const corrected = [0.4, 0.9].map(
      (value, i) => value + s * score[i]! + Math.sqrt(2 * s) * draws.corrector[i]!,
    );
    const next = bench.target.score(Float64Array.from(corrected), levels);
    const wanted = corrected.map(
      (value, i) => (2 - a) * value + squared * next[i]! + Math.sqrt(squared) * draws.predictor[i]!,
    );
    close(x, wanted, exact, "x");
  });

  for (const norms of [undefined, rowNorms, batchNorms]) {
    it(`masks of 1 make preconditioned sampling the plain one, to the bit: ${norms?.name ?? "by level"}`, async () => {
      const field = gaussianField({ side: 4 });
      const made = preconditioner({
        shape: [1, 4, 4],
        frequencyStatistics: new Float64Array(16).fill(2),
        spaceStatistics: new Float64Array(16).fill(5),
      });
      const options = { noise: ve, schedule: timeLog({ steps: 5 }), count: 3, seed: 2 };
      const settings = { steps: 2, ...(norms && { norms }) };
      const [plain, published, balanced] = await Promise.all(
        [
          predictorCorrector({ corrector: langevin(settings) }),
          preconditionedSampling({ preconditioner: made, ...settings }),
          preconditionedSampling({
            preconditioner: made,
            predictor: balancedReverseDiffusion({ preconditioner: made }),
            ...settings,
          }),
        ].map((sampler) => sample(field, { ...options, sampler })),
      );
      assert.deepEqual(published, plain);
      assert.deepEqual(balanced, plain);
    });
  }

  for (const [name, sampler] of [
    ["reverse diffusion", reverseDiffusion()],
    ["balanced reverse diffusion", balancedReverseDiffusion({ preconditioner: scalar(1.2) })],
    ["annealed Langevin", annealedLangevin()],
  ] as const) {
    for (const noise of [bench.noise, ve]) {
      it(`${name} goes to x0 at a clean time, ${noise.name}`, async () => {
        const line = diagonalGaussian([0.3]);
        const first = noise.timeAt(0);
        const clean = times({ times: [first, 0] });
        const { x, calls } = await sample(line, { noise, schedule: clean, sampler, start: [1.3] });
        const [alpha, sigma] = [noise.alpha(first), noise.sigma(first)];
        close(x, [(1.3 * alpha * 0.3) / (alpha ** 2 * 0.3 + sigma ** 2)], exact, "posterior mean");
        assert.equal(calls, 1);
      });
    }
  }

  for (const noise of [bench.noise, ve]) {
    it(`reverse diffusion tends to the right variance, with an error linear in the step: ${noise.name}`, async () => {
      const errors = await Promise.all(
        [200, 400, 800].map(async (steps) => (await varianceRatio(reverseDiffusion(), noise, steps)) - 1),
      );
      assert.ok(Math.abs(errors[2]!) < 0.02, `error ${errors[2]}`);
      for (const i of [1, 2]) close(errors[i - 1]! / errors[i]!, 2, { abs: 0.1, rel: 0 }, "ratio");
    });
  }

  for (const m of [1.1, 1.25, 2.1045]) {
    it(`preconditioned by m = ${m} it tends to m^2 / (2 m^2 - 1) of it; balanced to all of it`, async () => {
      for (const [sampler, limit] of [
        [reverseDiffusion({ preconditioner: scalar(m) }), (m * m) / (2 * m * m - 1)],
        [balancedReverseDiffusion({ preconditioner: scalar(m) }), 1],
      ] as const) {
        const ratios = await Promise.all([800, 1600].map((steps) => varianceRatio(sampler, ve, steps)));
        close(ratios[1]!, limit, { abs: 0.02, rel: 0 }, "ratio");
        // What is left is linear in the step, so that it can be taken out.
        close(2 * ratios[1]! - ratios[0]!, limit, { abs: 2e-4, rel: 0 }, "extrapolated ratio");
      }
    });
  }

  it("the published bound: with alpha = 5 no mode loses more than 26.5 % of its variance", () => {
    const m = 5 / 4;
    close((m * m) / (2 * m * m - 1), 0.7353, { abs: 5e-5, rel: 0 }, "bound");
  });

  // Computed independently, frequency by frequency, from P' = (1 - s m^2 / v)^2 P + 2 s m^2 and
  // P'' = (1 - G^2 m^2 / v)^2 P' + G^2 m^2 (balanced: (1 + m^2) / 2 in the drift).
  const rms: Record<string, Record<number, number>> = {
    plain: { 30: 0.2375246594, 50: 0.1215704755, 100: 0.0456044068 },
    "published, alpha 5": { 30: 0.0591462707, 50: 0.1165710566, 100: 0.136393603 },
    "balanced, alpha 5": { 30: 0.1998381106, 50: 0.1021751854, 100: 0.0385815008 },
    "published, alpha 2": { 30: 0.2943442006, 50: 0.3310744782, 100: 0.3112041417 },
    "balanced, alpha 2": { 30: 0.1599094857, 50: 0.0811159343, 100: 0.0310819922 },
  };
  for (const [name, byCount] of Object.entries(rms)) {
    it(`how far the spectrum of Gaussian images is off, exactly: ${name}`, async () => {
      const alpha = Number(name.split(" ").at(-1)) || undefined;
      const made =
        alpha &&
        preconditioner({
          shape: [1, 8, 8],
          frequencyStatistics: gaussianField({ side: 8 }).frequencyStatistics,
          alpha,
        });
      const sampler = made
        ? preconditionedSampling({
            preconditioner: made,
            ...(name.startsWith("balanced") && {
              predictor: balancedReverseDiffusion({ preconditioner: made }),
            }),
          })
        : predictorCorrector();
      for (const [steps, wanted] of Object.entries(byCount)) {
        const start = made ? made.frequency! : new Float64Array(64).fill(1);
        const found = await spectrumError(sampler, Number(steps), start);
        close(found, wanted, { abs: 1e-9, rel: 0 }, `${steps} steps`);
      }
    });
  }

  it("annealed Langevin moves at the level it goes to", async () => {
    const draws = [
      [0.3, -1.2],
      [0.8, 0.1],
    ];
    const run = async (noiseFirst: boolean) => {
      let drawn = 0;
      const { x, calls } = await sample(bench.target, {
        noise: ve,
        schedule: times({ times: [2, 0.8] }),
        sampler: annealedLangevin({ size: 0.2, steps: 2, noiseFirst }),
        start: [0.4, 0.9],
        normals: { fill: (out) => out.set(draws[drawn++]!) },
      });
      assert.equal(calls, 2);
      return x;
    };
    const s = 0.2 * 0.8 ** 2;
    const drift = (x: number[]) => {
      const score = bench.target.score(Float64Array.from(x), { alpha: 1, sigma: 0.8 });
      return x.map((value, i) => value + s * score[i]!);
    };
    const kick = (x: number[], z: number[]) => x.map((value, i) => value + Math.sqrt(2 * s) * z[i]!);
    const last = draws.reduce((x, z) => kick(drift(x), z), [0.4, 0.9]);
    close(await run(false), last, exact, "noise last");
    const first = draws.reduce((x, z) => drift(kick(x, z)), [0.4, 0.9]);
    close(await run(true), first, exact, "noise first");
    // As a corrector would move.
    const corrected = oneStep(bench.target, { noise: ve, t: 0.8, s: 0.8, x: [0.4, 0.9], draws });
    await langevin({ size: levelSize({ size: 0.2 }), steps: 2 }).correctInto(corrected);
    close(corrected.next, last, exact, "corrector");
  });
});

/**
 * The variance that a sampler leaves a Gaussian with, over the right one, at the end of `steps` steps that are even in
 * lambda: from its own steps, which are linear, x' = a x + b z.
 */
async function varianceRatio(sampler: Sampler, noise: Noise, steps: number): Promise<number> {
  const data = 0.5;
  const line = diagonalGaussian([data]);
  const [first, last] = [noise.lambda(noise.horizon), noise.lambda(noise.cutoff)];
  const grid = Array.from({ length: steps + 1 }, (_, i) =>
    noise.timeAt(first + ((last - first) * i) / steps),
  );
  const right = (t: number) => noise.alpha(t) ** 2 * data + noise.sigma(t) ** 2;
  let variance = right(grid[0]!);
  for (let i = 0; i < steps; i++) {
    const [t, s] = [grid[i]!, grid[i + 1]!];
    const of = async (x: number, z: number) => {
      const step = oneStep(line, { noise, t, s, x: [x], draws: [[z]] });
      await sampler.stepInto(step);
      return step.next[0]!;
    };
    variance = (await of(1, 0)) ** 2 * variance + (await of(0, 1)) ** 2;
  }
  return variance / right(grid[steps]!);
}

/**
 * Root mean square over frequencies of log(variance / right one) on Gaussian images of 8 x 8. Every step is a convolution
 * of x and of both draws, so that three single pixels show all of it.
 */
async function spectrumError(sampler: Sampler, steps: number, start: Float64Array): Promise<number> {
  const field = gaussianField({ side: 8, mean: 0 });
  const { forward } = fourier({ height: 8, width: 8 });
  const none = new Float64Array(64);
  const pixel = none.map((_, at) => (at === 0 ? 1 : 0));
  const grid = timeLog({ steps }).resolve(ve);
  let variance = start.map((m) => (m * grid[0]!) ** 2);
  for (let i = 0; i < steps; i++) {
    const gain = async (x: Float64Array, ...draws: Float64Array[]) => {
      const step = oneStep(field, { noise: ve, t: grid[i]!, s: grid[i + 1]!, x, draws });
      await sampler.stepInto(step);
      const { real, imaginary } = forward({ real: step.next, imaginary: none });
      return real.map((value, at) => value ** 2 + imaginary[at]! ** 2);
    };
    const [ofX, ofFirst, ofSecond] = [
      await gain(pixel, none, none),
      await gain(none, pixel, none),
      await gain(none, none, pixel),
    ];
    variance = variance.map((value, at) => ofX[at]! * value + ofFirst[at]! + ofSecond[at]!);
  }
  const sum = variance.reduce(
    (total, value, at) => total + Math.log(value / (field.spectrum[at]! + ve.cutoff ** 2)) ** 2,
    0,
  );
  return Math.sqrt(sum / 64);
}
