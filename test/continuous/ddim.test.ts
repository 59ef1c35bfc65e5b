/** Laws of DDIM, of DDPM's larger variance, and of bounded predictions. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  alphaBars,
  clipped,
  type Denoiser,
  ddim,
  ddpm,
  type GaussianMixture,
  gaussianMixture,
  type Noise,
  type Sampler,
  sample,
  steps,
  timeUniform,
  varianceExploding,
  vpTable,
} from "../../src/continuous/index.ts";
import { close } from "../golden.ts";
import { noise, target } from "./bench.ts";
import { givenNormals } from "./given-normals.ts";
import { oneStep } from "./one-step.ts";

const exact = { abs: 1e-13, rel: 1e-12 };
const etas = [0, 0.3, 0.7, 1];

/** A denoiser that always says this. */
function saying(eps: ArrayLike<number>, dimension = 1): Denoiser {
  return { dimension, predict: () => Float64Array.from(eps) };
}

/** Mean and deviation of one step from x, whatever the prediction. */
async function lawOf(
  sampler: Sampler,
  denoiser: Denoiser,
  at: { noise: Noise; t: number; s: number; x: number[] },
) {
  const [still, moved] = [0, 1].map((z) => oneStep(denoiser, { ...at, draws: [at.x.map(() => z)] }));
  await sampler.stepInto(still!);
  await sampler.stepInto(moved!);
  return { mean: still!.next, deviation: moved!.next.map((value, d) => value - still!.next[d]!) };
}

describe("ddim: laws of one step", () => {
  const table = vpTable({ alphaBars: alphaBars({ n: 1000, start: 1e-4, end: 0.02 }) });
  for (const { of, t, s } of [
    { of: table, t: 0.5, s: 0.499 },
    { of: table, t: 0.8, s: 0.1 },
    { of: noise, t: 0.6, s: 0.3 },
    { of: varianceExploding(), t: 30, s: 7 },
  ]) {
    it(`eta = 1 is the posterior of x at s given x at t and x0, ${of.name} from ${t} to ${s}`, async () => {
      const [x, eps] = [0.8, -0.6];
      const [alpha, sigma, below, left] = [of.alpha(t), of.sigma(t), of.alpha(s), of.sigma(s)];
      const clean = (x - sigma * eps) / alpha;
      // Bayes: x_s ~ N(below clean, left^2), x_t given x_s ~ N(carry x_s, forward).
      const carry = alpha / below;
      const forward = sigma ** 2 - (carry * left) ** 2;
      const variance = 1 / (1 / left ** 2 + carry ** 2 / forward);
      const mean = variance * ((below * clean) / left ** 2 + (carry * x) / forward);
      const law = await lawOf(ddim({ eta: 1 }), saying([eps]), { noise: of, t, s, x: [x] });
      close(law.mean, [mean], { abs: 1e-11, rel: 1e-11 }, "mean");
      close(law.deviation, [Math.sqrt(variance)], { abs: 1e-11, rel: 1e-11 }, "deviation");
      // The larger variance has the same mean, and spreads as the noise that led from s to t.
      const larger = await lawOf(ddpm(), saying([eps]), { noise: of, t, s, x: [x] });
      close(larger.mean, [mean], { abs: 1e-11, rel: 1e-11 }, "mean, larger variance");
      close(larger.deviation, [Math.sqrt(forward)], { abs: 1e-11, rel: 1e-11 }, "larger deviation");
    });
  }

  for (const sampler of [...etas.map((eta) => ddim({ eta })), ddpm()]) {
    it(`${sampler.name}: from a point and any t, one step to clean data finds the point`, async () => {
      const point = gaussianMixture({ weights: [1], means: [[0.7, -2]], deviations: [1e-9] });
      for (const t of [0.05, 0.4, 1]) {
        const { mean, deviation } = await lawOf(sampler, point, { noise, t, s: 0, x: [0.3, -0.9] });
        close(mean, [0.7, -2], { abs: 1e-9, rel: 0 }, `t = ${t}`);
        close(deviation, [0, 0], { abs: 0, rel: 0 }, `t = ${t}`);
      }
    });
  }

  it("marginals are kept for every eta where x0 and eps are drawn from their true law", async () => {
    const data = gaussianMixture({ weights: [0.3, 0.7], means: [[-1.5], [0.8]], deviations: [0.2, 0.4] });
    const [n, t, s] = [20000, 0.5, 0.2];
    const clean = data.draw({ count: n, seed: 11 });
    const standard = gaussianMixture({ weights: [1], means: [[0]], deviations: [1] });
    const [eps, z] = [12, 13].map((seed) => standard.draw({ count: n, seed })) as [
      Float64Array,
      Float64Array,
    ];
    const x = clean.map((value, at) => noise.alpha(t) * value + noise.sigma(t) * eps[at]!);
    const wanted = momentsOf(data, { alpha: noise.alpha(s), sigma: noise.sigma(s) });
    /** How many standard errors the first four moments of n = 20,000 samples are off. */
    const offBy = async (sampler: Sampler): Promise<number[]> => {
      const step = oneStep(saying(eps), { noise, t, s, x, draws: [z] });
      await sampler.stepInto(step);
      return wanted.map((moment, i) => {
        const powers = step.next.map((value) => value ** (i + 1));
        const mean = powers.reduce((a, b) => a + b, 0) / n;
        const spread = Math.sqrt(powers.reduce((sum, value) => sum + (value - mean) ** 2, 0) / n);
        return (mean - moment) / (spread / Math.sqrt(n));
      });
    };
    // 16 normal scores within 4: a false alarm has probability 1e-3, and the seeds are fixed.
    for (const eta of etas) {
      const scores = await offBy(ddim({ eta }));
      assert.ok(
        scores.every((score) => Math.abs(score) < 4),
        `eta ${eta}: ${scores}`,
      );
    }
    // The larger variance does not keep them, which shows what the test can see.
    const scores = await offBy(ddpm());
    assert.ok(scores[1]! > 20, `larger variance: ${scores}`);
  });
});

/** E[x^k], k = 1 .. 4, of alpha x0 + sigma eps. */
function momentsOf(data: GaussianMixture, { alpha, sigma }: { alpha: number; sigma: number }): number[] {
  const moments = [0, 0, 0, 0];
  data.weights.forEach((weight, k) => {
    const mean = alpha * data.means[k]!;
    const variance = (alpha * data.deviations[k]!) ** 2 + sigma ** 2;
    const own = [mean, mean ** 2 + variance, mean ** 3 + 3 * mean * variance];
    own.push(mean ** 4 + 6 * mean ** 2 * variance + 3 * variance ** 2);
    own.forEach((moment, i) => {
      moments[i]! += weight * moment;
    });
  });
  return moments;
}

/**
 * The variance of a run's end on N(0, deviation^2). All is linear there, so it is a sum over what is drawn: row 0 responds
 * to the start alone, row i + 1 to the normal of step i.
 */
async function endVariance(sampler: Sampler, deviation: number, count: number): Promise<number> {
  const data = gaussianMixture({ weights: [1], means: [[0]], deviations: [deviation] });
  const schedule = timeUniform({ steps: count });
  const start = Array.from({ length: count + 1 }, (_, row) => (row === 0 ? 1 : 0));
  const normals = givenNormals(
    Array.from({ length: count }, (_, i) => start.map((_, row) => [row === i + 1 ? 1 : 0])),
  );
  const options = { noise, schedule, sampler, start, normals, count: count + 1, batch: count + 1 };
  const { x } = await sample(data, options);
  const [t] = schedule.resolve(noise);
  const startVariance = (noise.alpha(t!) * deviation) ** 2 + noise.sigma(t!) ** 2;
  return x.reduce((sum, response, row) => sum + response ** 2 * (row === 0 ? startVariance : 1), 0);
}

describe("ddim: a single Gaussian", () => {
  const deviation = 0.6;
  const trueVariance = (noise.alpha(noise.cutoff) * deviation) ** 2 + noise.sigma(noise.cutoff) ** 2;

  for (const eta of etas) {
    it(`eta = ${eta}: the variance follows its recursion and nears the true one in the first order`, async () => {
      const times = timeUniform({ steps: 12 }).resolve(noise);
      const of = (t: number) => ({ alpha: noise.alpha(t), sigma: noise.sigma(t) });
      const total = (t: number): number => (of(t).alpha * deviation) ** 2 + of(t).sigma ** 2;
      // v_s = A^2 v_t + c^2, A = (alpha_s / alpha_t) (1 - sigma_t^2 / V_t) + sqrt(sigma_s^2 - c^2) sigma_t / V_t.
      let variance = total(times[0]!);
      for (let i = 0; i < 12; i++) {
        const [now, next] = [of(times[i]!), of(times[i + 1]!)];
        const ratio = now.alpha / next.alpha;
        const fresh = eta ** 2 * (next.sigma / now.sigma) ** 2 * (now.sigma ** 2 - (ratio * next.sigma) ** 2);
        const clean = (1 - now.sigma ** 2 / total(times[i]!)) / ratio;
        const kept = (Math.sqrt(next.sigma ** 2 - fresh) * now.sigma) / total(times[i]!);
        variance = (clean + kept) ** 2 * variance + fresh;
      }
      close(await endVariance(ddim({ eta }), deviation, 12), variance, exact, "variance");
      const [coarse, fine] = [
        await endVariance(ddim({ eta }), deviation, 100),
        await endVariance(ddim({ eta }), deviation, 200),
      ];
      const order = Math.log2((coarse - trueVariance) / (fine - trueVariance));
      assert.ok(Math.abs(order - 1) < 0.15, `order ${order}`);
    });
  }

  it("ddpm keeps the variance of standard normal data, down to any level", async () => {
    close(await endVariance(ddpm(), 1, 7), 1, exact, "variance");
  });

  it("ddpm spreads a point by the noise of its last step, where eta = 1 leaves what belongs there", async () => {
    const times = timeUniform({ steps: 12 }).resolve(noise);
    const [t, s] = [times[11]!, times[12]!];
    const forward = noise.sigma(t) ** 2 - ((noise.alpha(t) / noise.alpha(s)) * noise.sigma(s)) ** 2;
    const variance = await endVariance(ddpm(), 1e-9, 12);
    assert.ok(variance > forward && variance < 1.01 * forward, `${variance} against ${forward}`);
    const wanted = noise.sigma(s) ** 2;
    close(await endVariance(ddim({ eta: 1 }), 1e-9, 12), wanted, { abs: 0, rel: 1e-9 }, "eta = 1");
    assert.ok(forward > 600 * wanted, `${forward} against ${wanted}`);
  });
});

describe("ddim: bounded predictions", () => {
  const schedule = timeUniform({ steps: 6 });
  const options = { noise, schedule, count: 4, seed: 3 };

  it("a bound that is never reached changes nothing", async () => {
    const free = await sample(target, { ...options, sampler: ddim({ eta: 0.5 }) });
    assert.deepEqual(await sample(target, { ...options, sampler: ddim({ eta: 0.5, clip: 1e6 }) }), free);
    const wide = await sample(clipped(target, { range: 1e6 }), { ...options, sampler: ddim({ eta: 0.5 }) });
    close(wide.x, free.x, { abs: 1e-11, rel: 0 }, "clipped");
  });

  it("x0 is bounded in both ways; eps follows it in one and is left alone in the other", async () => {
    const [t, s, x, eps] = [0.4, 0.2, 2.5, 0.1];
    const [alpha, sigma, below, left] = [noise.alpha(t), noise.sigma(t), noise.alpha(s), noise.sigma(s)];
    const left0 = oneStep(saying([eps]), { noise, t, s, x: [x] });
    await ddim({ clip: 1 }).stepInto(left0);
    close(left0.next, [below + left * eps], exact, "eps as predicted");
    const follows = oneStep(clipped(saying([eps])), { noise, t, s, x: [x] });
    await ddim().stepInto(follows);
    close(follows.next, [below + (left * (x - alpha)) / sigma], exact, "eps that follows");
  });

  it("samples of a clipped model end within its bounds at clean data", async () => {
    const bounded = clipped(target, { range: 0.9 });
    for await (const { x, index } of steps(bounded, { ...options, denoise: true, sampler: ddpm() })) {
      if (index === 7)
        assert.ok(
          x.every((value) => Math.abs(value) <= 0.9 + 1e-12),
          `${x}`,
        );
    }
  });

  it("refuses what is out of range", () => {
    assert.throws(() => ddim({ eta: 1.1 }), /ddim: eta = 1.1; expected a number from 0/);
    assert.throws(() => ddim({ clip: 0 }), /ddim: clip = 0; expected a positive bound/);
    assert.throws(() => clipped(target, { range: -1 }), /clipped: range = -1; expected a positive bound/);
  });
});
