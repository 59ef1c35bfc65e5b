/**
 * What Feynman-Kac correctors are for, measured: weighted particles follow the target law, unweighted ones do not. Every
 * test says how many particles, steps and seeds; its standard error is that of the mean over independent seeds.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  annealed,
  type Denoiser,
  feynmanKac,
  type GaussianMixture,
  gaussianMixture,
  geometricAverage,
  noisedMixture,
  productOfExperts,
  type State,
  steps,
  type Target,
  tilted,
  timeUniform,
  weightedMean,
  weightsOf,
} from "../../src/continuous/index.ts";
import { noise, target } from "./bench.ts";
import { exactPower, exactProduct, nearestMean, planarDenoiser } from "./planar-mixture.ts";

interface Runs {
  readonly goal: Target;
  readonly count: number;
  readonly size: number;
  readonly seeds: number;
  readonly threshold?: number;
}

/** The ends of runs of `seeds` seeds, weighted. */
async function ends(
  denoiser: Denoiser,
  { goal, count, size, seeds, threshold = 0.5 }: Runs,
): Promise<State[]> {
  const sampler = feynmanKac({ target: goal, threshold, last: false });
  const schedule = timeUniform({ steps: size });
  const found: State[] = [];
  for (let seed = 0; seed < seeds; seed++) {
    let last: State | undefined;
    for await (const state of steps(denoiser, { noise, schedule, sampler, count, seed })) last = state;
    found.push(last!);
  }
  return found;
}

/** Mean over seeds and its standard error. */
function pooled(values: readonly number[]): { mean: number; error: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const square = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, error: Math.sqrt(square / (values.length - 1) / values.length) };
}

/** Asserts that the exact value is within `bound` standard errors of the mean over seeds. */
function within(values: readonly number[], exact: number, where: string, bound = 3): void {
  const { mean, error } = pooled(values);
  assert.ok(
    Math.abs(mean - exact) <= bound * error,
    `${where}: ${mean} +- ${error} over ${values.length} seeds; exact ${exact}`,
  );
}

/** Asserts that it is further than `bound` standard errors away. */
function apart(values: readonly number[], exact: number, where: string, bound = 10): void {
  const { mean, error } = pooled(values);
  assert.ok(Math.abs(mean - exact) > bound * error, `${where}: ${mean} +- ${error}; exact ${exact}`);
}

/** A function of every particle, averaged with the weights of the run, or without. */
function average(state: State, of: (x: Float64Array) => number, weighted = true): number {
  const { x, batch, dimension } = state;
  const values = Float64Array.from({ length: batch }, (_, row) =>
    of(x.subarray(row * dimension, (row + 1) * dimension)),
  );
  const weights = weighted ? weightsOf(state).weights : new Float64Array(batch).fill(1 / batch);
  return weightedMean(values, weights)[0]!;
}

/** Variance of the particles nearest to a mean about their own mean, per dimension. */
function modeVariance(state: State, q: GaussianMixture, k: number, weighted = true): number {
  const near = (x: Float64Array): number => (nearestMean(q, x) === k ? 1 : 0);
  const mass = average(state, near, weighted);
  const centre = [0, 1].map((d) => average(state, (x) => near(x) * x[d]!, weighted) / mass);
  const away = (x: Float64Array): number =>
    near(x) * 0.5 * ((x[0]! - centre[0]!) ** 2 + (x[1]! - centre[1]!) ** 2);
  return average(state, away, weighted) / mass;
}

const levels = { alpha: noise.alpha(noise.cutoff), sigma: noise.sigma(noise.cutoff) };
/** The law that runs end at: data at the last time's levels. */
const atEnd = (data: GaussianMixture): GaussianMixture => noisedMixture(data, levels);
const gaussian = (mean: number[], deviation: number): GaussianMixture =>
  gaussianMixture({ weights: [1], means: [mean], deviations: [deviation] });
const ratios = (states: readonly State[], exact: number): number[] =>
  states.map((state) => Math.exp(weightsOf(state).logConstant - exact));

describe("steering, measured", () => {
  for (const [exponent, size, seeds] of [
    [2, 80, 6],
    [0.5, 60, 5],
  ] as const) {
    it(`q^${exponent} of a mixture, 2000 particles, ${size} steps, seeds 0 to ${seeds - 1}: masses, variances and constant within 3 standard errors, not so without weights`, async () => {
      const exact = exactPower(atEnd(target), exponent, { reach: exponent < 1 ? 7 : 5 });
      const goal = annealed({ exponent });
      const states = await ends(planarDenoiser(target), { goal, count: 2000, size, seeds });
      const plain = await ends(planarDenoiser(target), {
        goal,
        count: 2000,
        size: 20,
        seeds: 4,
        threshold: 0,
      });
      exact.masses.forEach((mass, k) => {
        const near = (x: Float64Array): number => (nearestMean(target, x) === k ? 1 : 0);
        const masses = states.map((state) => average(state, near));
        within(masses, mass, `mass of mode ${k}`);
        if (k !== 1) return;
        const naive = plain.map((state) => average(state, near, false));
        apart(naive, mass, "mass of mode 1 without weights");
        apart(masses, pooled(naive).mean, "mass of mode 1 against that without weights", 3);
      });
      const variances = states.map((state) => modeVariance(state, target, 0));
      within(variances, exact.variances[0]!, "variance of mode 0");
      const naive = plain.map((state) => modeVariance(state, target, 0, false));
      apart(naive, exact.variances[0]!, "variance of mode 0 without weights");
      within(ratios(states, exact.logConstant), 1, "Z over the exact one");
      for (const state of states) {
        const { effectiveSize, warning } = weightsOf(state);
        assert.ok(effectiveSize > 800, `effective sample size ${effectiveSize}`);
        assert.equal(warning, undefined);
      }
    });
  }

  it("q^2 of a Gaussian has its variance over 2: 1000 particles, 60 steps, 6 seeds", async () => {
    const data = gaussian([1, -0.5], 0.6);
    const states = await ends(planarDenoiser(data), {
      goal: annealed({ exponent: 2 }),
      count: 1000,
      size: 60,
      seeds: 6,
    });
    const [variance] = Array.from(atEnd(data).deviations, (deviation) => deviation ** 2);
    within(
      states.map((state) => modeVariance(state, data, 0)),
      variance! / 2,
      "variance",
    );
    // The integral of N(x; m, v I)^2 in two dimensions is 1 / (4 pi v).
    within(ratios(states, -Math.log(4 * Math.PI * variance!)), 1, "Z over the exact one");
  });

  it("products of two Gaussians have the closed form: 1000 particles, 60 steps, 6 seeds", async () => {
    const [one, two] = [gaussian([1, 0], 0.6), gaussian([-0.2, 0.5], 0.8)];
    const { logConstant, product } = exactProduct(atEnd(one), atEnd(two));
    const states = await ends(planarDenoiser(one), {
      goal: productOfExperts({ others: [planarDenoiser(two)] }),
      count: 1000,
      size: 60,
      seeds: 6,
    });
    for (const d of [0, 1]) {
      const means = states.map((state) => average(state, (x) => x[d]!));
      within(means, product.means[d]!, `mean ${d}`);
    }
    const variances = states.map((state) => modeVariance(state, product, 0));
    within(variances, product.deviations[0]! ** 2, "variance");
    within(ratios(states, logConstant), 1, "Z over the exact one");
  });

  it("guidance of scale 2 between Gaussians is q1^-1 q2^2: 1000 particles, 60 steps, 6 seeds", async () => {
    const [free, bound] = [gaussian([0, 0], 0.8), gaussian([0.6, -0.3], 0.5)];
    const goal = geometricAverage({ other: planarDenoiser(bound), scale: 2 });
    const runs = { goal, count: 1000, size: 60, seeds: 6 };
    const states = await ends(planarDenoiser(free), runs);
    const [v1, v2] = [free, bound].map((data) => atEnd(data).deviations[0]! ** 2) as [number, number];
    const precision = 2 / v2 - 1 / v1;
    const [m1, m2] = [atEnd(free).means, atEnd(bound).means];
    const mean = [0, 1].map((d) => ((2 / v2) * m2[d]! - m1[d]! / v1) / precision);
    for (const d of [0, 1]) {
      const means = states.map((state) => average(state, (x) => x[d]!));
      within(means, mean[d]!, `mean ${d}`);
    }
    within(
      states.map((state) => modeVariance(state, free, 0)),
      1 / precision,
      "variance",
    );
    const plain = await ends(planarDenoiser(free), { ...runs, size: 20, seeds: 3, threshold: 0 });
    apart(
      plain.map((state) => modeVariance(state, free, 0, false)),
      1 / precision,
      "variance without weights",
    );
  });

  it("a reward 1.5 x tilts N(1, 0.25) to the mean 1.375, by the plus sign: 1000 particles, 60 steps, 6 seeds", async () => {
    const data = gaussian([1, 0], 0.5);
    const goal = tilted({
      at: (x) => ({
        values: x.filter((_, at) => at % 2 === 0).map((value) => 1.5 * value),
        gradients: x.map((_, at) => (at % 2 === 0 ? 1.5 : 0)),
      }),
    });
    const states = await ends(planarDenoiser(data), { goal, count: 1000, size: 60, seeds: 6 });
    const means = states.map((state) => average(state, (x) => x[0]!));
    const strength = goal.reward!.strength(levels);
    const [mean, variance] = [atEnd(data).means[0]!, atEnd(data).deviations[0]! ** 2];
    within(means, mean + 1.5 * strength * variance, "mean");
    assert.ok(Math.abs(pooled(means).mean - 1.375) < 0.02, `${pooled(means).mean}`);
    within(
      states.map((state) => average(state, (x) => x[1]!)),
      0,
      "mean across",
    );
    const logConstant = 1.5 * strength * mean + 0.5 * (1.5 * strength) ** 2 * variance;
    within(ratios(states, logConstant), 1, "Z over the exact one");
  });
});
