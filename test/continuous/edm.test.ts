/** The samplers of EDM: algorithm 2 as a plain loop, other noises, exact laws of linear problems, orders. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  churned,
  ddim,
  edmDpm2,
  edmEuler,
  edmHeun,
  eulerAncestral,
  gaussianMixture,
  logSnr,
  type Noise,
  type Normals,
  normals,
  polynomial,
  rhoAt,
  rhoRungeKutta,
  type Sampler,
  type Schedule,
  sample,
  tableaus,
  timePower,
  times,
  varianceExploding,
  vpLinear,
} from "../../src/continuous/index.ts";
import { close } from "../golden.ts";
import { target } from "./bench.ts";
import { assertOrder } from "./slope.ts";

const same = { abs: 1e-10, rel: 1e-10 };
const explode = varianceExploding({ sigmaMin: 0.01, sigmaMax: 40 });
const wide = [20, -10, -8, 30];
const toZero = times({ times: [...polynomial({ steps: 8 }).resolve(explode), 0] });
const stirring = { churn: 4, churnMin: 0.05, churnMax: 30, noiseScale: 1.01 };

describe("EDM", () => {
  /** Algorithm 2 of Karras et al. 2022, one row, sigma as in the paper; `middle` is where the second call is made. */
  async function algorithm2(
    row: number,
    { second, seed }: { second: "none" | "end" | "middle"; seed: number },
  ): Promise<number[]> {
    const sigmas = toZero.resolve(explode);
    const source = normals(seed);
    const slope = (x: number[], sigma: number): number[] =>
      Array.from(target.score(Float64Array.from(x), { alpha: 1, sigma }), (score) => -sigma * score);
    let x = wide.slice(2 * row, 2 * row + 2);
    for (let i = 0; i + 1 < sigmas.length; i++) {
      const [t, s] = [sigmas[i]!, sigmas[i + 1]!];
      const inside = t >= stirring.churnMin && t <= stirring.churnMax;
      const gamma = inside ? Math.min(stirring.churn / (sigmas.length - 1), Math.SQRT2 - 1) : 0;
      const hat = t + gamma * t;
      const z = new Float64Array(2);
      source.fill(z, { row, index: i, stage: 0 });
      x = x.map((value, d) => value + Math.sqrt(hat ** 2 - t ** 2) * stirring.noiseScale * z[d]!);
      const first = slope(x, hat);
      const along = (d: number[], to: number): number[] => x.map((value, at) => value + (to - hat) * d[at]!);
      if (second === "none" || s === 0) x = along(first, s);
      else if (second === "end") {
        const last = slope(along(first, s), s);
        x = along(
          first.map((d, at) => (d + last[at]!) / 2),
          s,
        );
      } else {
        const middle = Math.sqrt(hat * s);
        x = along(slope(along(first, middle), middle), s);
      }
    }
    return x;
  }

  for (const [make, second, calls] of [
    [edmEuler, "none", 9],
    [edmHeun, "end", 17],
    [edmDpm2, "middle", 17],
  ] as const) {
    it(`${make().name}: algorithm 2, and its calls`, async () => {
      const options = { noise: explode, schedule: toZero, start: wide, count: 2, seed: 4 };
      const run = await sample(target, { ...options, sampler: make(stirring) });
      const rows = await Promise.all([0, 1].map((row) => algorithm2(row, { second, seed: 4 })));
      close(run.x, rows.flat(), same, "with churn");
      assert.equal(run.calls, calls);
      // Without churn the noise does not matter.
      const [one, other] = await Promise.all(
        [1, 2].map((seed) => sample(target, { ...options, sampler: make(), seed })),
      );
      assert.deepEqual(one!.x, other!.x);
    });
  }

  it("churn sets in between its bounds only", async () => {
    const options = { noise: explode, schedule: toZero, start: wide, count: 2 };
    const plain = await sample(target, { ...options, sampler: edmHeun() });
    const above = await sample(target, { ...options, sampler: edmHeun({ churn: 4, churnMin: 41 }) });
    assert.deepEqual(above.x, plain.x);
    assert.equal(edmHeun().stochastic, false);
    assert.equal(edmHeun(stirring).stochastic, true);
    assert.equal(edmHeun({ churn: 4, churnMin: 41 }).name, "edm-heun:churn=4:churnMin=41");
  });

  it("on any noise: the run of x / alpha is that of variance-exploding noise", async () => {
    const vp = vpLinear({ cutoff: 0.01 });
    for (const schedule of [timePower({ steps: 8 }), times({ times: [1, 0.5, 0.2, 0.03, 0] })]) {
      const at = schedule.resolve(vp);
      const sigmas = at.map((t) => rhoAt(vp, t));
      const start = [0.4, -1.1, 0.3, 0.9];
      const [first, last] = [vp.alpha(at[0]!), vp.alpha(at.at(-1)!)];
      for (const sampler of [
        edmEuler(stirring),
        edmHeun(stirring),
        edmDpm2({ ...stirring, ratio: 0.3 }),
        churned(rhoRungeKutta(tableaus.rk4), stirring),
        churned(ddim({ eta: 0.5 }), stirring),
        eulerAncestral({ eta: 0.7, noiseScale: 1.02 }),
      ]) {
        const options = { sampler, count: 2, seed: 9 };
        const own = await sample(target, { ...options, noise: vp, schedule, start });
        const exploded = await sample(target, {
          ...options,
          noise: varianceExploding({ sigmaMin: 0.001, sigmaMax: 1000 }),
          schedule: times({ times: sigmas }),
          start: start.map((value) => value / first),
        });
        close(
          own.x,
          exploded.x.map((value) => last * value),
          same,
          sampler.name,
        );
      }
    }
  });

  it("draws of the base are not those of the churn", async () => {
    const seen: string[] = [];
    const source: Normals = {
      fill(out, { row, index, stage }) {
        seen.push(`${row} ${index} ${stage}`);
        out.fill(0);
      },
    };
    const sampler = churned(ddim({ eta: 1 }), { churn: 1 });
    await sample(target, {
      noise: explode,
      schedule: toZero,
      start: wide.slice(0, 2),
      sampler,
      normals: source,
    });
    assert.equal(new Set(seen).size, seen.length);
    // One of the churn a step, one of the base in all but the last, which ends clean.
    assert.equal(seen.length, 2 * 9 - 1);
  });
});

describe("euler-ancestral", () => {
  it("is DDIM with the same eta", async () => {
    for (const eta of [0, 0.4, 1]) {
      const options = { noise: explode, schedule: toZero, start: wide, count: 2, seed: 2 };
      const [own, base] = await Promise.all(
        [eulerAncestral({ eta }), ddim({ eta })].map((sampler) => sample(target, { ...options, sampler })),
      );
      assert.deepEqual(own!.x, base!.x);
    }
  });

  it("is the step of k-diffusion", async () => {
    const [t, s] = [5, 2];
    const [eta, noiseScale] = [0.8, 1.1];
    const up = Math.min(s, eta * Math.sqrt((s ** 2 * (t ** 2 - s ** 2)) / t ** 2));
    const down = Math.sqrt(s ** 2 - up ** 2);
    const z = new Float64Array(2);
    normals(6).fill(z, { row: 0, index: 0, stage: 0 });
    const start = Float64Array.of(3, -4);
    const slope = target.score(start, { alpha: 1, sigma: t }).map((score) => -t * score);
    const { x } = await sample(target, {
      noise: explode,
      schedule: times({ times: [t, s] }),
      sampler: eulerAncestral({ eta, noiseScale }),
      start,
      seed: 6,
    });
    close(
      x,
      start.map((value, d) => value + slope[d]! * (down - t) + noiseScale * up * z[d]!),
      same,
      "step",
    );
  });
});

describe("laws of the stochastic samplers on a Gaussian", () => {
  const deviation = 0.6;
  const line = gaussianMixture({ weights: [1], means: [[0]], deviations: [deviation] });

  /**
   * The standard deviation at the end, exactly: the run is linear in its start and its draws, so each row gets one of
   * them as 1 and the others as 0, and the variances add up.
   */
  async function spread(
    sampler: Sampler,
    { noise, schedule }: { noise: Noise; schedule: Schedule },
  ): Promise<number> {
    const at = schedule.resolve(noise);
    const first = Math.hypot(noise.alpha(at[0]!) * deviation, noise.sigma(at[0]!));
    const unit: Normals = {
      fill(out, { row, index, stage }) {
        out.fill(index !== "start" && row === 1 + 2 * index + stage ? 1 : 0);
      },
    };
    const count = 1 + 2 * schedule.steps;
    const start = Array.from({ length: count }, (_, row) => (row === 0 ? first : 0));
    const { x } = await sample(line, { noise, schedule, sampler, start, count, batch: count, normals: unit });
    return Math.hypot(...x);
  }

  const places = [
    { noise: varianceExploding({ sigmaMin: 0.05, sigmaMax: 20 }), grid: polynomial },
    { noise: vpLinear({ cutoff: 0.01 }), grid: logSnr },
  ];
  for (const { noise, grid } of places) {
    for (const [sampler, order] of [
      [edmHeun({ churn: 8 }), 2],
      [edmDpm2({ churn: 8 }), 2],
      [edmEuler({ churn: 8 }), 1],
      [churned(rhoRungeKutta(tableaus.rk4), { churn: 8 }), 4],
      [eulerAncestral(), 1],
      [eulerAncestral({ eta: 0.5 }), 1],
    ] as const) {
      it(`${noise.name}, ${sampler.name}: the law converges to the data's, of order ${order}`, async () => {
        const exact = Math.hypot(noise.alpha(noise.cutoff) * deviation, noise.sigma(noise.cutoff));
        const errors: number[] = [];
        for (const steps of [40, 80, 160]) {
          errors.push(Math.abs((await spread(sampler, { noise, schedule: grid({ steps }) })) / exact - 1));
        }
        const order80 = Math.log2(errors[0]! / errors[1]!);
        const order160 = Math.log2(errors[1]! / errors[2]!);
        assert.ok(
          Math.abs(order160 - order) < 0.25 && errors[2]! < 0.1,
          `orders ${order80}, ${order160}; errors ${errors.join(", ")}`,
        );
      });
    }
  }

  it("a noiseScale above 1 leaves more spread, and one below less", async () => {
    const { noise } = places[0]!;
    const schedule = polynomial({ steps: 160 });
    const [less, even, more] = await Promise.all(
      [0.98, 1, 1.02].map((noiseScale) => spread(edmHeun({ churn: 40, noiseScale }), { noise, schedule })),
    );
    assert.ok(less! < even! * 0.999 && more! > even! * 1.001, `${less}, ${even}, ${more}`);
  });
});

describe("EDM: order of convergence, and what is refused", () => {
  for (const [sampler, order] of [
    [edmEuler(), 1],
    [edmHeun(), 2],
    [edmDpm2(), 2],
    [edmDpm2({ ratio: 0.3 }), 2],
    [edmDpm2({ ratio: 0.7 }), 2],
  ] as const) {
    it(sampler.name, () =>
      assertOrder(sampler, order, {
        noise: explode,
        start: wide,
        scheduleOf: (steps) => polynomial({ steps }),
        within: 0.1,
      }),
    );
  }

  it("settings out of range", () => {
    for (const options of [
      { churn: -1 },
      { churn: Number.NaN },
      { churn: 1, noiseScale: 0 },
      { churn: 1, churnMin: 2, churnMax: 1 },
      { churnMin: -1 },
    ]) {
      assert.throws(() => edmHeun(options), /churned: churn = .* between .*; expected churn >= 0/);
    }
    for (const ratio of [0, 1.1, Number.NaN]) assert.throws(() => edmDpm2({ ratio }), /edmDpm2: ratio/);
    assert.throws(() => eulerAncestral({ noiseScale: -1 }), /eulerAncestral: noiseScale = -1/);
    assert.throws(() => eulerAncestral({ eta: 1.5 }), /eta = 1.5/);
  });
});
