/** The loop of continuous models: what it does for every sampler, and what it refuses. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type Denoiser,
  ddim,
  logSnr,
  normals,
  polynomial,
  type SampleOptions,
  sample,
  steps,
  timeLog,
  timePower,
  times,
  timeUniform,
  varianceExploding,
} from "../../src/continuous/index.ts";
import { close } from "../golden.ts";
import { noise, target } from "./bench.ts";

const options: SampleOptions = { noise, schedule: timeUniform({ steps: 5 }), sampler: ddim() };

describe("continuous sample", () => {
  it("starts from the prior of the noise, and says where it is", async () => {
    const seen: number[] = [];
    for await (const state of steps(target, { ...options, count: 2 })) seen.push(state.t);
    close(seen, timeUniform({ steps: 5 }).resolve(noise), { abs: 0, rel: 0 }, "times");
    const explode = varianceExploding();
    const of = async (own: Partial<SampleOptions>) => {
      for await (const { x } of steps(target, { ...options, ...own, count: 1, seed: 3 })) return x;
      return new Float64Array(0);
    };
    const [unit, wide] = [await of({}), await of({ noise: explode, schedule: polynomial({ steps: 3 }) })];
    close(
      wide,
      unit.map((z) => 80 * z),
      { abs: 0, rel: 1e-15 },
      "80 times as wide",
    );
  });

  it("normals are standard, independent between rows, steps and stages", () => {
    const source = normals(7);
    const [count, dimension] = [4000, 5];
    const moments = [0, 0, 0, 0];
    const row0 = new Float64Array(dimension);
    for (let row = 0; row < count; row++) {
      source.fill(row0, { row, index: row % 3, stage: row % 2 });
      for (const z of row0) {
        for (let k = 0; k < 4; k++) moments[k]! += z ** (k + 1) / (count * dimension);
      }
    }
    const n = count * dimension;
    // Moments 0, 1, 0, 3 with variances 1, 2, 15, 96: 4.5 standard errors each.
    for (const [k, [mean, variance]] of [
      [0, 1],
      [1, 2],
      [0, 15],
      [3, 96],
    ].entries()) {
      assert.ok(
        Math.abs(moments[k]! - mean!) < 4.5 * Math.sqrt(variance! / n),
        `moment ${k + 1}: ${moments[k]}`,
      );
    }
    const places = [
      { row: 0, index: 0, stage: 0 },
      { row: 1, index: 0, stage: 0 },
      { row: 0, index: 1, stage: 0 },
      { row: 0, index: 0, stage: 1 },
      { row: 0, index: "start", stage: 0 },
    ] as const;
    const drawn = places.map((at) => {
      const out = new Float64Array(1);
      source.fill(out, at);
      return out[0]!;
    });
    assert.equal(new Set(drawn).size, places.length);
  });

  it("denoise ends with the predicted x0, for one call more", async () => {
    const plain = await sample(target, { ...options, count: 2 });
    const denoised = await sample(target, { ...options, count: 2, denoise: true });
    assert.deepEqual([plain.calls, denoised.calls], [5, 6]);
    const { mean } = target.posterior(plain.x.subarray(0, 2), {
      alpha: noise.alpha(noise.cutoff),
      sigma: noise.sigma(noise.cutoff),
    });
    close(denoised.x.subarray(0, 2), mean, { abs: 1e-12, rel: 0 }, "x0");
  });

  it("schedules are even in their clocks and end where the noise says", () => {
    const clocks = {
      "time-uniform": [timeUniform, (t: number) => t],
      "time-power": [timePower, Math.sqrt],
      "time-log": [timeLog, Math.log],
      "log-snr": [logSnr, noise.lambda],
      polynomial: [polynomial, (t: number) => Math.exp(-noise.lambda(t) / 7)],
    } as const;
    for (const [name, [make, clock]] of Object.entries(clocks)) {
      const resolved = make({ steps: 6 }).resolve(noise);
      assert.equal(resolved[0], 1);
      assert.equal(resolved[6], 1e-3);
      const gaps = Array.from(resolved.subarray(1), (t, i) => clock(t) - clock(resolved[i]!));
      close(
        gaps,
        gaps.map(() => gaps[0]!),
        { abs: 1e-10, rel: 1e-10 },
        name,
      );
      const own = make({ steps: 2, from: 0.8, to: 0.2 }).resolve(noise);
      assert.deepEqual([own[0], own[2]], [0.8, 0.2]);
    }
  });

  it("reports progress and stops at the signal, before a step and before a call", async () => {
    const indexes: number[] = [];
    await sample(target, {
      ...options,
      count: 3,
      batch: 2,
      progress: ({ rows, state }) => indexes.push(rows * 10 + state.index),
    });
    assert.deepEqual(indexes, [0, 1, 2, 3, 4, 5, 20, 21, 22, 23, 24, 25]);
    const controller = new AbortController();
    let calls = 0;
    const stopping: Denoiser = {
      dimension: 2,
      predict(input) {
        if (++calls === 3) controller.abort(new Error("enough"));
        return target.predict(input);
      },
    };
    await assert.rejects(sample(stopping, { ...options, signal: controller.signal }), /enough/);
    assert.equal(calls, 3);
  });

  it("no NaN becomes a sample", async () => {
    const broken: Denoiser = {
      dimension: 2,
      predict: ({ x, time }) => x.map((v) => (time[0]! < 0.5 ? Number.NaN : v)),
    };
    await assert.rejects(sample(broken, options), /returned NaN at t = 0.4/);
    const short: Denoiser = { dimension: 2, predict: () => new Float64Array(1) };
    await assert.rejects(sample(short, options), /returned 1 numbers; expected 2/);
  });

  for (const [title, wrong, message] of [
    ["a count of 0", { count: 0 }, /count = 0; expected a whole number >= 1/],
    ["half a batch", { batch: 0.5 }, /batch = 0.5/],
    [
      "a start of the wrong length",
      { start: [1, 2, 3], count: 2 },
      /start has 3 numbers; expected 2 x 2 = 4/,
    ],
    ["a start that is NaN", { start: [1, Number.NaN] }, /start\[1\] = NaN/],
    ["a first row below 0", { firstRow: -1 }, /firstRow = -1/],
  ] as const) {
    it(`refuses ${title}`, async () => {
      await assert.rejects(sample(target, { ...options, ...wrong }), { name: "RangeError", message });
    });
  }

  it("refuses a state of another run, and times that do not fall", async () => {
    let saved: unknown;
    for await (const state of steps(target, { ...options, count: 2 })) saved = state;
    const from = saved as never;
    const resumed = steps(target, { ...options, schedule: timeUniform({ steps: 6 }), count: 2, from });
    await assert.rejects(resumed.next(), /from.steps = 5; expected 6/);
    assert.throws(() => times({ times: [1, 0.5, 0.5] }), /times\[2\] = 0.5; expected a number >= 0 below/);
    assert.throws(() => times({ times: [1] }), /1 times; expected at least 2/);
    assert.throws(() => timeUniform({ steps: 0 }), /steps = 0/);
    assert.throws(() => timePower({ steps: 3, power: 0 }), /power = 0/);
    assert.throws(() => ddim({ eta: 2 }), /eta = 2; expected a number from 0/);
  });
});
