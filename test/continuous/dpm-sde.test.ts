/**
 * DPM-Solver with noise. On a single Gaussian every sampler is linear in its normals, so that its law is found exactly, by
 * giving one normal at a time the value 1: nothing is drawn.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  ddim,
  dpmSolver,
  dpmSolverPlusPlus,
  dpmSolverPlusPlusSde,
  gaussianMixture,
  type Noise,
  type Normals,
  negativeLogLikelihood,
  noisedMixture,
  polynomial,
  type Sampler,
  type Schedule,
  sample,
  timePower,
  times,
  varianceExploding,
} from "../../src/continuous/index.ts";
import { meanOf } from "../../src/measures/measured.ts";
import { close } from "../golden.ts";
import { noise, target } from "./bench.ts";
import { publishedWeights } from "./dpm-published.ts";

const [mean, deviation] = [0.7, 0.4];
const line = gaussianMixture({ weights: [1], means: [[mean]], deviations: [deviation] });
const identical = { abs: 1e-10, rel: 1e-10 };

interface Law {
  readonly mean: number;
  readonly variance: number;
}

interface Setting {
  readonly noise: Noise;
  readonly schedule: Schedule;
}

const settings: Record<string, Setting> = {
  "vp-linear": { noise, schedule: timePower({ steps: 9 }) },
  ve: { noise: varianceExploding({ sigmaMax: 20 }), schedule: polynomial({ steps: 9 }) },
};

/** The law of the last point, started from N(0, 1): row 0 has no noise, row 1 a start of 1, the others one normal each. */
async function lawOf(sampler: Sampler, { noise, schedule }: Setting): Promise<Law> {
  const count = 2 + schedule.steps * sampler.calls;
  const normals: Normals = {
    fill(out, { row, index, stage }) {
      out[0] = index !== "start" && row === 2 + index * sampler.calls + stage ? 1 : 0;
    },
  };
  const start = Array.from({ length: count }, (_, row) => (row === 1 ? 1 : 0));
  const { x } = await sample(line, { noise, schedule, sampler, start, count, batch: count, normals });
  const centre = x[0]!;
  return { mean: centre, variance: x.reduce((sum, value) => sum + (value - centre) ** 2, 0) };
}

/** M = slope x + offset of the Gaussian at t. */
function linearAt(noise: Noise, t: number, form: "data" | "noise"): { slope: number; offset: number } {
  const [alpha, sigma] = [noise.alpha(t), noise.sigma(t)];
  const variance = (alpha * deviation) ** 2 + sigma ** 2;
  return form === "data"
    ? { slope: (alpha * deviation ** 2) / variance, offset: (sigma ** 2 * mean) / variance }
    : { slope: sigma / variance, offset: (-sigma * alpha * mean) / variance };
}

/** Mean and covariance of (x, the M before, the M before that) step by step. */
function multistepLaw(
  { noise, schedule }: Setting,
  { form, order, taylor, eta }: { form: "data" | "noise"; order: number; taylor: boolean; eta: number },
): Law {
  const at = schedule.resolve(noise);
  const lambda = Array.from(at, noise.lambda);
  let centre = [0, 0, 0];
  let spread = [
    [1, 0, 0],
    [0, 0, 0],
    [0, 0, 0],
  ];
  for (let i = 0; i < schedule.steps; i++) {
    const weights = publishedWeights({ noise, t: at[i]!, s: at[i + 1]!, form, eta });
    const { slope, offset } = linearAt(noise, at[i]!, form);
    // x_s = kept x + m[0] M + m[1] (M before) + m[2] (M before that) + z
    const m = [weights.m, 0, 0];
    const used = Math.min(order, i + 1, schedule.steps - i);
    const h = lambda[i + 1]! - lambda[i]!;
    if (used === 2) {
      const w = ((taylor ? weights.slope : weights.m / 2) * h) / (lambda[i]! - lambda[i - 1]!);
      m[0]! += w;
      m[1]! -= w;
    }
    if (used === 3) {
      // The parabola through M at 0, -a and -b (in units of h): its slope and second derivative at 0.
      const [a, b] = [(lambda[i]! - lambda[i - 1]!) / h, (lambda[i]! - lambda[i - 2]!) / h];
      m[0]! += weights.slope * (1 / a + 1 / b) + (weights.bend * 2) / (a * b);
      m[1]! += (-weights.slope * b) / (a * (b - a)) - (weights.bend * 2) / (a * (b - a));
      m[2]! += (weights.slope * a) / (b * (b - a)) + (weights.bend * 2) / (b * (b - a));
    }
    const matrix = [
      [weights.x + m[0]! * slope, m[1]!, m[2]!],
      [slope, 0, 0],
      [0, 1, 0],
    ];
    const shift = [m[0]! * offset, offset, 0];
    const times = (a: number[][], b: number[][]) =>
      a.map((row) => b[0]!.map((_, j) => row.reduce((sum, value, k) => sum + value * b[k]![j]!, 0)));
    const turned = matrix.map((_, j) => matrix.map((row) => row[j]!));
    centre = times(
      matrix,
      centre.map((value) => [value]),
    ).map(([value], j) => value! + shift[j]!);
    spread = times(times(matrix, spread), turned);
    spread[0]![0]! += weights.z ** 2;
  }
  return { mean: centre[0]!, variance: spread[0]![0]! };
}

/** Mean and variance of x of the two-stage sampler, q being the correlation of its two normals. */
function twoStageLaw(
  { noise, schedule }: Setting,
  { ratio, eta, brownian }: { ratio: number; eta: number; brownian: boolean },
): Law {
  const at = schedule.resolve(noise);
  let [centre, variance] = [0, 1];
  for (let i = 0; i < schedule.steps; i++) {
    const [t, s] = [at[i]!, at[i + 1]!];
    const m = noise.timeAt((1 - ratio) * noise.lambda(t) + ratio * noise.lambda(s));
    const rho = (time: number) => noise.sigma(time) / noise.alpha(time);
    const step = (to: number) => {
      const up = eta * (rho(to) / rho(t)) * Math.sqrt(rho(t) ** 2 - rho(to) ** 2);
      const down = Math.sqrt(rho(to) ** 2 - up ** 2);
      const kept = (noise.alpha(to) * down) / noise.sigma(t);
      return { kept, clean: noise.alpha(to) - noise.alpha(t) * kept, z: noise.alpha(to) * up };
    };
    const [first, second] = [step(m), step(s)];
    const q = brownian ? Math.sqrt((rho(t) - rho(m)) / (rho(t) - rho(s))) : 0;
    const here = linearAt(noise, t, "data");
    const there = linearAt(noise, m, "data");
    const f = 1 / (2 * ratio);
    const inner = first.kept + first.clean * here.slope;
    const slope = second.kept + second.clean * ((1 - f) * here.slope + f * there.slope * inner);
    const offset =
      second.clean * ((1 - f) * here.offset + f * (there.slope * first.clean * here.offset + there.offset));
    const z1 = second.clean * f * there.slope * first.z;
    centre = slope * centre + offset;
    variance = slope ** 2 * variance + z1 ** 2 + second.z ** 2 + 2 * q * z1 * second.z;
  }
  return { mean: centre, variance };
}

describe("DPM-Solver with noise: exact laws on a Gaussian", () => {
  for (const [where, setting] of Object.entries(settings)) {
    for (const eta of [0.5, 1, 1.7]) {
      for (const [form, make] of [
        ["noise", dpmSolver],
        ["data", dpmSolverPlusPlus],
      ] as const) {
        it(`${where}: ${form} form, eta = ${eta}, is its recursion of means and covariances`, async () => {
          for (const order of [1, 2, 3]) {
            for (const taylor of [false, true]) {
              const law = await lawOf(make({ order, taylor, eta }), setting);
              const expected = multistepLaw(setting, { form, order, taylor, eta });
              close(law.mean, expected.mean, identical, `mean, order ${order}`);
              close(law.variance, expected.variance, identical, `variance, order ${order}`);
            }
          }
        });
      }
    }

    it(`${where}: two stages are their recursion of means and variances`, async () => {
      for (const ratio of [0.5, 0.8, 1]) {
        for (const eta of [0.5, 1]) {
          for (const brownian of [true, false]) {
            const law = await lawOf(dpmSolverPlusPlusSde({ ratio, eta, brownian }), setting);
            const expected = twoStageLaw(setting, { ratio, eta, brownian });
            close(law.mean, expected.mean, identical, "mean");
            close(law.variance, expected.variance, identical, "variance");
          }
        }
      }
    });
  }

  it("order in law: slope of the error of the variance, 40 to 160 steps", async () => {
    const { alpha, sigma } = { alpha: noise.alpha(noise.cutoff), sigma: noise.sigma(noise.cutoff) };
    const exact = (alpha * deviation) ** 2 + sigma ** 2;
    for (const [sampler, order] of [
      [dpmSolverPlusPlus({ order: 1, eta: 1 }), 1],
      [dpmSolver({ order: 1, eta: 1 }), 1],
      [dpmSolverPlusPlus({ eta: 1 }), 2],
      [dpmSolverPlusPlus({ eta: 0.5 }), 2],
      [dpmSolverPlusPlus({ eta: 1, taylor: true }), 2],
      [dpmSolverPlusPlusSde(), 2],
      [dpmSolverPlusPlusSde({ brownian: false }), 1],
    ] as const) {
      const [coarse, fine] = await Promise.all(
        [40, 160].map(async (steps) => {
          const { variance } = await lawOf(sampler, { noise, schedule: timePower({ steps }) });
          return Math.abs(variance - exact);
        }),
      );
      const slope = Math.log(coarse! / fine!) / Math.log(4);
      assert.ok(Math.abs(slope - order) < 0.25, `${sampler.name}: slope ${slope}, expected ${order}`);
    }
  });
});

describe("DPM-Solver with noise: against DDIM", () => {
  const schedule = timePower({ steps: 8 });
  const run = async (sampler: Sampler, own: Schedule = schedule) =>
    (await sample(target, { noise, schedule: own, sampler, seed: 9, count: 4 })).x;

  it("data form of order 1 is DDIM with eta 1, the ancestral step", async () => {
    const expected = await run(ddim({ eta: 1 }));
    close(await run(dpmSolverPlusPlus({ order: 1, eta: 1 })), expected, identical, "eta 1");
  });

  it("at any eta the two agree for 1 - e^(-2 eta' h) = eta^2 (1 - e^(-2 h)), so not at the same eta", async () => {
    const one = times({ times: [0.6, 0.45] });
    const h = noise.lambda(0.45) - noise.lambda(0.6);
    const eta = 0.5;
    const other = -Math.log(1 - eta ** 2 * (1 - Math.exp(-2 * h))) / (2 * h);
    const expected = await run(ddim({ eta }), one);
    close(await run(dpmSolverPlusPlus({ order: 1, eta: other }), one), expected, identical, "eta'");
    const same = await run(dpmSolverPlusPlus({ order: 1, eta }), one);
    assert.ok(same.some((value, at) => Math.abs(value - expected[at]!) > 1e-3));
  });

  it("noise form of order 1 is not: its mean differs by h^2, its deviation by h^1.5", async () => {
    const gaps = await Promise.all(
      [0.4, 0.2].map(async (h) => {
        const end = noise.timeAt(noise.lambda(0.5) + h);
        const setting = { noise, schedule: times({ times: [0.5, end] }) };
        const a = await partsOf(ddim({ eta: 1 }), setting);
        const b = await partsOf(dpmSolver({ order: 1, eta: 1 }), setting);
        return { mean: Math.abs(a.mean - b.mean), deviation: Math.abs(a.deviation - b.deviation) };
      }),
    );
    close(Math.log2(gaps[0]!.mean / gaps[1]!.mean), 2, { abs: 0.3, rel: 0 }, "mean");
    close(Math.log2(gaps[0]!.deviation / gaps[1]!.deviation), 1.5, { abs: 0.3, rel: 0 }, "deviation");
  });
});

/** Mean and deviation of one step from 1. */
async function partsOf(
  sampler: Sampler,
  { noise, schedule }: Setting,
): Promise<{ mean: number; deviation: number }> {
  const normals: Normals = { fill: (out, { row }) => out.fill(row) };
  const { x } = await sample(line, { noise, schedule, sampler, start: [1, 1], count: 2, normals });
  return { mean: x[0]!, deviation: x[1]! - x[0]! };
}

describe("DPM-Solver with noise: the mixture", () => {
  const schedule = timePower({ steps: 50 });
  const levels = { alpha: noise.alpha(noise.cutoff), sigma: noise.sigma(noise.cutoff) };
  const exact = noisedMixture(target, levels);
  const truth = negativeLogLikelihood(exact.draw({ count: 8000, seed: 11 }), exact);
  const samplers = [
    dpmSolver({ eta: 1 }),
    dpmSolverPlusPlus({ eta: 1 }),
    dpmSolverPlusPlus({ eta: 0.5 }),
    dpmSolverPlusPlus({ eta: 1, taylor: true }),
    dpmSolverPlusPlus({ eta: 1, taylor: true, order: 3 }),
    dpmSolverPlusPlusSde(),
  ];

  /** How many standard errors the means, the covariances and the log density are away, of 800 points, 50 steps, seed 2. */
  async function awayOf(sampler: Sampler): Promise<Record<string, number>> {
    const count = 800;
    const { x } = await sample(target, { noise, schedule, sampler, seed: 2, count, batch: count });
    const { mean: centre, covariance } = exact.moments();
    const { value: density, standardError } = negativeLogLikelihood(x, exact);
    const away: Record<string, number> = {
      density: (density - truth.value) / Math.hypot(standardError, truth.standardError),
    };
    const check = (what: string, expected: number, value: (row: number) => number) => {
      const measured = meanOf(Array.from({ length: count }, (_, row) => value(row)));
      away[what] = (measured.value - expected) / measured.standardError;
    };
    for (const i of [0, 1]) {
      const from = (row: number, d: number) => x[2 * row + d]! - centre[d]!;
      check(`mean ${i}`, 0, (row) => from(row, i));
      for (const j of [0, 1]) {
        check(`covariance ${i} ${j}`, covariance[2 * i + j]!, (row) => from(row, i) * from(row, j));
      }
    }
    return away;
  }

  // Six different statistics within 4 standard errors: a false alarm in one sampler of 2,600.
  for (const sampler of samplers) {
    it(`${sampler.name} has the moments and the density of the law`, async () => {
      for (const [what, away] of Object.entries(await awayOf(sampler))) {
        assert.ok(Math.abs(away) < 4, `${what} is ${away.toFixed(1)} standard errors away`);
      }
    });
  }

  it("a quarter too little noise is seen with as many", async () => {
    const away = await awayOf(dpmSolverPlusPlus({ eta: 1, noiseScale: 0.75 }));
    assert.ok(
      Object.values(away).some((each) => Math.abs(each) > 8),
      JSON.stringify(away),
    );
  });

  it("a point is found at the clean end", async () => {
    const point = gaussianMixture({ weights: [1], means: [[0.5, -1]], deviations: [1e-6] });
    const clean = times({ times: [1, 0.6, 0.3, 0.1, 0.02, 0] });
    for (const sampler of samplers) {
      const { x, calls } = await sample(point, { noise, schedule: clean, sampler, count: 2 });
      close(x, [0.5, -1, 0.5, -1], { abs: 1e-4, rel: 0 }, sampler.name);
      assert.equal(calls, 4 * sampler.calls + 1);
    }
  });
});
