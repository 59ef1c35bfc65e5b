/** Feynman-Kac correctors: the weights are what the equation of the target law asks for, and the run keeps its promises. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  annealed,
  type Denoiser,
  ddim,
  feynmanKac,
  gaussianMixture,
  geometricAverage,
  type Noise,
  productOfExperts,
  type Reward,
  type State,
  sample,
  steps,
  type Target,
  temperedNoise,
  tilted,
  times,
  timeUniform,
  varianceExploding,
  weightsOf,
} from "../../src/continuous/index.ts";
import { diffusionSquared, steeredRates } from "../../src/continuous/steering/rates.ts";
import { close } from "../golden.ts";
import { noise, target } from "./bench.ts";
import { oneStep } from "./one-step.ts";

const other = gaussianMixture({
  weights: [0.4, 0.6],
  means: [
    [1.5, 1],
    [-1.25, -0.5],
  ],
  deviations: [0.4, 0.2],
});

/** r = sin x + 0.3 x y, with strength 0.7 alpha^2. */
const reward: Reward = {
  at: (x) => ({
    values: Float64Array.from({ length: x.length / 2 }, (_, row) => {
      const [a, b] = [x[2 * row]!, x[2 * row + 1]!];
      return Math.sin(a) + 0.3 * a * b;
    }),
    gradients: x.map((value, at) => (at % 2 === 0 ? Math.cos(value) + 0.3 * x[at + 1]! : 0.3 * x[at - 1]!)),
  }),
  strength: ({ alpha }) => 0.7 * alpha * alpha,
};

const points = Float64Array.of(0.4, -0.3, 1.5, 0.2, -0.8, 1.1, -0.2, -1.4);

async function epsOf(model: Denoiser, at: Noise, x: Float64Array, t: number): Promise<Float64Array> {
  return oneStep(model, { noise: at, t, s: t, x }).predict();
}

/** The rates at points of products of the two mixtures. */
async function ratesOf(
  exponents: readonly [number, number],
  { at, t, noiseScale, x = points }: { at: Noise; t: number; noiseScale: number; x?: Float64Array },
  tilt?: Reward,
) {
  const experts = [
    { exponent: exponents[0], eps: await epsOf(target, at, x, t) },
    { exponent: exponents[1], eps: await epsOf(other, at, x, t) },
  ];
  const strength = (time: number): number =>
    tilt?.strength({ alpha: at.alpha(time), sigma: at.sigma(time) }) ?? 0;
  const growth = (strength(t - 1e-5) - strength(t + 1e-5)) / 2e-5;
  const tilting = tilt && { ...(await tilt.at(x, 2)), strength: strength(t), growth };
  return steeredRates(
    { noise: at, t, x, dimension: 2, experts, ...(tilting && { reward: tilting }) },
    { noiseScale },
  );
}

/** Scores of the two mixtures at the points. */
async function scoresOf(at: Noise, t: number): Promise<[Float64Array, Float64Array]> {
  const sigma = at.sigma(t);
  const [a, b] = await Promise.all([target, other].map((model) => epsOf(model, at, points, t)));
  return [a!.map((eps) => -eps / sigma), b!.map((eps) => -eps / sigma)];
}

const square = (row: number, u: Float64Array, v = u): number =>
  u[2 * row]! * v[2 * row]! + u[2 * row + 1]! * v[2 * row + 1]!;

async function lastOf(
  denoiser: Denoiser,
  options: Omit<Parameters<typeof steps>[1], "noise">,
): Promise<State> {
  let last: State | undefined;
  for await (const state of steps(denoiser, { noise, ...options })) last = state;
  return last!;
}

describe("Feynman-Kac correctors", () => {
  const laws: readonly [string, readonly [number, number], Reward?][] = [
    ["q^1.7", [1.7, 0]],
    ["q1^-0.6 q2^1.6", [-0.6, 1.6]],
    ["q1^0.8 q2^0.9", [0.8, 0.9]],
    ["q e^(b r)", [1, 0], reward],
    ["q1^0.8 q2^0.9 e^(b r)", [0.8, 0.9], reward],
  ];
  for (const [name, exponents, tilt] of laws) {
    it(`${name}: drift, noise and weights solve the equation of the target law`, async () => {
      for (const [at, t] of [
        [noise, 0.35],
        [varianceExploding(), 0.8],
      ] as const) {
        /** log p_t(x), up to its constant. */
        const logDensity = (x: number, y: number, time: number): number => {
          const levels = { alpha: at.alpha(time), sigma: at.sigma(time) };
          const point = Float64Array.of(x, y);
          return (
            exponents[0] * target.logDensity(point, levels) +
            exponents[1] * other.logDensity(point, levels) +
            (tilt ? tilt.strength(levels) * (Math.sin(x) + 0.3 * x * y) : 0)
          );
        };
        for (const noiseScale of [0, 1, 1.6]) {
          const { drift, weights } = await ratesOf(exponents, { at, t, noiseScale }, tilt);
          const h = 1e-4;
          const shifted = (dx: number, dy: number) =>
            ratesOf(
              exponents,
              { at, t, noiseScale, x: points.map((value, d) => value + (d % 2 === 0 ? dx : dy)) },
              tilt,
            );
          const [right, left, up, down] = await Promise.all([
            shifted(h, 0),
            shifted(-h, 0),
            shifted(0, h),
            shifted(0, -h),
          ]);
          for (let row = 0; row < weights.length; row++) {
            const [x, y] = [points[2 * row]!, points[2 * row + 1]!];
            const here = logDensity(x, y, t);
            const slopes = [
              (logDensity(x + h, y, t) - logDensity(x - h, y, t)) / (2 * h),
              (logDensity(x, y + h, t) - logDensity(x, y - h, t)) / (2 * h),
            ];
            const bends =
              (logDensity(x + h, y, t) +
                logDensity(x - h, y, t) +
                logDensity(x, y + h, t) +
                logDensity(x, y - h, t) -
                4 * here) /
              (h * h);
            const gained = (logDensity(x, y, t - h) - logDensity(x, y, t + h)) / (2 * h);
            const spread =
              (right!.drift[2 * row]! -
                left!.drift[2 * row]! +
                up!.drift[2 * row + 1]! -
                down!.drift[2 * row + 1]!) /
              (2 * h);
            const carried = drift[2 * row]! * slopes[0]! + drift[2 * row + 1]! * slopes[1]!;
            const diffused =
              0.5 * noiseScale ** 2 * diffusionSquared(at, t) * (bends + slopes[0]! ** 2 + slopes[1]! ** 2);
            // d p / d tau = -div(v p) + z^2 g^2 / 2 laplace p + W p, divided by p
            const asked = gained + spread + carried - diffused;
            assert.ok(
              Math.abs(weights[row]! - asked) < 1e-4 * (1 + Math.abs(asked)),
              `${at.name}, z = ${noiseScale}, row ${row}: ${weights[row]} is not ${asked}`,
            );
          }
        }
      }
    });
  }

  it("the general product has the weights that the paper states for its three cases", async () => {
    const t = 0.35;
    const [s1, s2] = await scoresOf(noise, t);
    const both = s1.map((score, at) => score + s2[at]!);
    const apart = s1.map((score, at) => score - s2[at]!);
    const g2 = diffusionSquared(noise, t);
    const spread = 2 * noise.logAlphaSlope(t);
    const beta = 1.7;
    const cases: readonly [readonly [number, number], (row: number) => number][] = [
      [[beta, 0], (row) => (beta - 1) * (spread + 0.5 * g2 * beta * square(row, s1))],
      [[1 - beta, beta], (row) => 0.5 * g2 * beta * (beta - 1) * square(row, apart)],
      [
        [beta, beta],
        (row) =>
          beta * (beta - 1) * 0.5 * g2 * square(row, both) +
          beta * g2 * square(row, s1, s2) +
          (2 * beta - 1) * spread,
      ],
    ];
    for (const [exponents, published] of cases) {
      const { weights } = await ratesOf(exponents, { at: noise, t, noiseScale: 1 });
      close(
        weights,
        weights.map((_, row) => published(row)),
        { abs: 1e-12, rel: 1e-12 },
        `${exponents}`,
      );
    }
  });

  it("temperedNoise is the paper's family: eta = beta + (1 - beta) a", async () => {
    const [beta, a, t] = [2.5, 0.3, 0.4];
    const z = temperedNoise({ exponent: beta, a });
    close([z * z], [(beta + (1 - beta) * 2 * a) / beta], { abs: 1e-15, rel: 1e-15 }, "zeta^2");
    const { drift } = await ratesOf([beta, 0], { at: noise, t, noiseScale: z });
    const [s1] = await scoresOf(noise, t);
    const eta = beta + (1 - beta) * a;
    const expected = points.map(
      (x, at) => eta * diffusionSquared(noise, t) * s1[at]! - noise.logAlphaSlope(t) * x,
    );
    close(drift, expected, { abs: 1e-12, rel: 1e-12 }, "drift");
    assert.equal(temperedNoise({ exponent: 4 }), 0.5);
    assert.equal(temperedNoise({ exponent: 4, a: 0 }), 1);
  });

  it("where nothing is steered, weights stay equal", async () => {
    const uniform: readonly Target[] = [
      annealed({ exponent: 1 }),
      geometricAverage({ other, scale: 0 }),
      geometricAverage({ other, scale: 1 }),
    ];
    for (const goal of uniform) {
      const sampler = feynmanKac({ target: goal, threshold: 0, last: false });
      const { memory, index } = await lastOf(target, {
        schedule: timeUniform({ steps: 20 }),
        sampler,
        count: 6,
      });
      assert.deepEqual([...weightsOf({ memory, index }).logWeights], [0, 0, 0, 0, 0, 0], goal.name);
      assert.equal(sampler.calls, 2);
    }
  });

  it("Gaussians of one covariance: the scores differ alike everywhere, so weights stay equal", async () => {
    const one = gaussianMixture({ weights: [1], means: [[1, 0]], deviations: [0.5] });
    const two = gaussianMixture({ weights: [1], means: [[-0.5, 0.7]], deviations: [0.5] });
    const sampler = feynmanKac({
      target: geometricAverage({ other: two, scale: 2.5 }),
      threshold: 0,
      last: false,
    });
    const state = await lastOf(one, { schedule: timeUniform({ steps: 30 }), sampler, count: 8 });
    const { weights, effectiveSize } = weightsOf(state);
    close(weights, new Float64Array(8).fill(1 / 8), { abs: 1e-12, rel: 0 }, "weights");
    assert.ok(Math.abs(effectiveSize - 8) < 1e-9);
  });

  it("without noise and steering it is Euler on the probability flow, and goes to x0 at a clean time", async () => {
    const sampler = feynmanKac({ target: annealed({ exponent: 1 }), order: 1, noiseScale: 0, last: false });
    const step = oneStep(target, { noise, t: 0.5, s: 0.48, x: points });
    await sampler.stepInto(step);
    const eps = await epsOf(target, noise, points, 0.5);
    const flow = points.map(
      (x, at) =>
        x -
        0.02 *
          (noise.logAlphaSlope(0.5) * x + (0.5 * diffusionSquared(noise, 0.5) * eps[at]!) / noise.sigma(0.5)),
    );
    close(step.next, flow, { abs: 1e-13, rel: 1e-13 }, "flow");
    const clean = oneStep(target, { noise, t: 0.02, s: 0, x: points });
    await feynmanKac({ target: annealed({ exponent: 1 }), last: false }).stepInto(clean);
    const asDdim = oneStep(target, { noise, t: 0.02, s: 0, x: points });
    await ddim().stepInto(asDdim);
    close(clean.next, asDdim.next, { abs: 1e-13, rel: 1e-13 }, "x0");
  });

  it("rows are made in one batch, and the same again from any saved state", async () => {
    const sampler = feynmanKac({ target: annealed({ exponent: 3 }), threshold: 0.9 });
    const options = { noise, schedule: timeUniform({ steps: 12 }), sampler, count: 40, seed: 3 };
    const whole = await sample(target, { ...options, batch: 7 });
    const all: State[] = [];
    for await (const state of steps(target, options)) all.push(state);
    assert.deepEqual(whole.x, all.at(-1)!.x);
    assert.equal(whole.calls, 24);
    const kept = structuredClone(all);
    for (const from of [kept[1]!, kept[7]!]) {
      const rest: State[] = [];
      for await (const state of steps(target, { ...options, from })) rest.push(state);
      assert.deepEqual(rest, all.slice(from.index));
    }
    assert.deepEqual(all, kept, "what was yielded is not written to");
    const { ancestors, weights, effectiveSizes, ancestorsLeft } = weightsOf(all.at(-1)!);
    assert.ok(ancestors < 40, "particles were resampled");
    assert.equal(effectiveSizes.length, 12);
    assert.equal(ancestorsLeft.at(-1), ancestors);
    assert.deepEqual([...new Set(weights)].length, 1, "the last step resampled");
  });

  it("starts at the noise to the power of the exponents", async () => {
    for (const [goal, scale] of [
      [annealed({ exponent: 4 }), 0.5],
      [productOfExperts({ others: [other] }), Math.SQRT1_2],
      [geometricAverage({ other, scale: 3 }), 1],
    ] as const) {
      const options = { noise, schedule: timeUniform({ steps: 2 }), count: 3, seed: 5 };
      const [plain, steered] = await Promise.all(
        [ddim(), feynmanKac({ target: goal })].map(
          async (sampler) => (await steps(target, { ...options, sampler }).next()).value as State,
        ),
      );
      close(
        steered!.x,
        plain!.x.map((value) => scale * value),
        { abs: 1e-15, rel: 1e-15 },
        goal.name,
      );
    }
  });

  it("resamples inside its interval alone, and counts the calls of every model", async () => {
    const sampler = feynmanKac({
      target: geometricAverage({ other, scale: 4 }),
      threshold: 1,
      from: 0.6,
      to: 0.3,
      last: false,
    });
    const left: number[] = [];
    let calls = 0;
    for await (const state of steps(target, {
      noise,
      schedule: timeUniform({ steps: 10 }),
      sampler,
      count: 30,
    })) {
      calls = state.calls;
      if (state.index > 0) left.push(weightsOf(state).ancestors);
    }
    assert.equal(calls, 40);
    // Times are 0.9, 0.8, ... : those from 0.6 to 0.3 are reached by steps 5 to 7.
    assert.deepEqual(left.slice(0, 4), [30, 30, 30, 30]);
    assert.ok(left[4]! < 30);
    assert.equal(new Set(left.slice(7)).size, 1);
  });

  it("degenerate weights are told, with what to do", async () => {
    const goal = tilted({
      at: (x) => ({
        values: x.filter((_, at) => at % 2 === 0).map((value) => 30 * value),
        gradients: x.map((_, at) => (at % 2 === 0 ? 30 : 0)),
      }),
    });
    const hard = feynmanKac({ target: goal, last: false });
    const poor = await lastOf(target, { schedule: timeUniform({ steps: 5 }), sampler: hard, count: 100 });
    assert.match(
      weightsOf(poor).warning!,
      /after step \d the 100 particles were worth [\d.]+ .*more steps or more particles/,
    );
    const plain = feynmanKac({ target: annealed({ exponent: 1.2 }) });
    const good = await lastOf(target, { schedule: timeUniform({ steps: 20 }), sampler: plain, count: 100 });
    assert.equal(weightsOf(good).warning, undefined);
    const alone = await lastOf(target, { schedule: timeUniform({ steps: 3 }), sampler: plain, count: 1 });
    assert.match(weightsOf(alone).warning!, /single particle/);
  });

  it("refuses what has no meaning", async () => {
    const goal = annealed({ exponent: 2 });
    assert.throws(() => feynmanKac({ target: annealed({ exponent: -1 }) }), /sum to -1; expected a positive/);
    assert.throws(() => feynmanKac({ target: goal, threshold: 2 }), /threshold = 2; expected a share/);
    assert.throws(() => feynmanKac({ target: goal, noiseScale: -1 }), /noiseScale = -1/);
    assert.throws(() => feynmanKac({ target: goal, from: 0.1, to: 0.5 }), /from t = 0.1 to t = 0.5/);
    assert.throws(() => temperedNoise({ exponent: 2, a: 0.7 }), /a = 0.7/);
    const line = gaussianMixture({ weights: [1], means: [[0]], deviations: [1] });
    const mixed = feynmanKac({ target: productOfExperts({ others: [line] }) });
    await assert.rejects(
      lastOf(target, { schedule: timeUniform({ steps: 2 }), sampler: mixed }),
      /has dimension 1, the run's own 2/,
    );
    const unweighted = await lastOf(target, { schedule: timeUniform({ steps: 2 }), sampler: ddim() });
    assert.throws(() => weightsOf(unweighted), /has no weights/);
    const infinite = tilted({
      at: (x) => ({ values: new Float64Array(x.length / 2).fill(Number.NaN), gradients: x }),
    });
    await assert.rejects(
      lastOf(target, { schedule: times({ times: [1, 0.5] }), sampler: feynmanKac({ target: infinite }) }),
      /particle 0 has log-weight NaN/,
    );
  });
});
