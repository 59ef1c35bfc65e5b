/**
 * The Time-Shift sampler: which times it asks at. What it gains cannot be seen on an exact prediction, which has no
 * exposure bias; the biases here are synthetic.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  alphaBars,
  type Denoiser,
  ddim,
  gaussianMixture,
  ipndm,
  levelTimes,
  type Noise,
  type Sampler,
  sample,
  timeShift,
  timeUniform,
  vpLinear,
  vpTable,
} from "../../src/continuous/index.ts";
import { shiftedTime, variance } from "../../src/continuous/samplers/time-shift.ts";
import { close } from "../golden.ts";
import { target } from "./bench.ts";

const n = 1000;
const table = vpTable({ alphaBars: alphaBars({ n, start: 1e-4, end: 0.02 }) });
const dimension = 3072;

/** A model that writes down what it is asked, and says (1 + bias) times what it should. */
function watched(model: Denoiser, bias = 0): Denoiser & { readonly times: number[][] } {
  const times: number[][] = [];
  return {
    dimension: model.dimension,
    times,
    async predict(input) {
      times.push([...input.time]);
      return (await model.predict(input)).map((eps) => (1 + bias) * eps);
    },
  };
}

/** [dimension] numbers with mean 0 and unbiased variance 1, and no part along `other`. */
function normalised(seed: number, other?: Float64Array): Float64Array {
  const standard = gaussianMixture({ weights: [1], means: [new Array(dimension).fill(0)], deviations: [1] });
  const z = standard.draw({ count: 1, seed });
  const mean = z.reduce((sum, value) => sum + value, 0) / dimension;
  const centred = z.map((value) => value - mean);
  const dot = (a: Float64Array, b: Float64Array): number =>
    a.reduce((sum, value, at) => sum + value * b[at]!, 0);
  const along = other ? dot(centred, other) / dot(other, other) : 0;
  const free = other ? centred.map((value, at) => value - along * other[at]!) : centred;
  const scale = 1 / Math.sqrt(variance(free));
  return free.map((value) => scale * value);
}

describe("time shift: when it is the base", () => {
  const schedule = timeUniform({ steps: 9 });
  for (const base of [ddim(), ddim({ eta: 1 }), ipndm()]) {
    it(`${base.name}: window 0, or a cutoff at the horizon, bit for bit`, async () => {
      const options = { noise: vpLinear(), schedule, count: 3, seed: 6 };
      const own = await sample(target, { ...options, sampler: base });
      for (const shift of [{ window: 0 }, { window: 0, spacing: 0.001 }, { cutoff: 1 }]) {
        assert.deepEqual(await sample(target, { ...options, sampler: timeShift(base, shift) }), own);
      }
      assert.notDeepEqual((await sample(target, { ...options, sampler: timeShift(base) })).x, own.x);
    });
  }

  it("the first step, times at the cutoff and below, and single numbers are asked as they are", async () => {
    const model = watched(target);
    const levels = [900, 700, 500, 300, 100];
    const options = { noise: table, schedule: levelTimes({ levels }), count: 2, seed: 1 };
    await sample(model, { ...options, sampler: timeShift(ddim(), { window: 0.1, cutoff: 0.501 }) });
    const nominal = levels.map((level) => (level + 1) / n);
    assert.deepEqual(
      model.times.map((times) => times.map((t) => nominal.includes(t))),
      [
        [true, true],
        [false, false],
        [true, true],
        [true, true],
        [true, true],
      ],
    );
    const line = watched(gaussianMixture({ weights: [1], means: [[0.5]], deviations: [0.2] }));
    await sample(line, { ...options, sampler: timeShift(ddim(), { window: 0.1, cutoff: 0 }) });
    assert.ok(
      line.times.flat().every((t) => nominal.includes(t)),
      `${line.times}`,
    );
  });

  it("the base keeps its own times: what iPNDM remembers is nominal", async () => {
    const memories: number[][] = [];
    const spied: Sampler = {
      ...ipndm(),
      async stepInto(step) {
        await ipndm().stepInto(step);
        memories.push([...step.memory["times"]!]);
      },
    };
    const levels = [900, 700, 500, 300];
    const options = {
      noise: table,
      schedule: levelTimes({ levels }),
      seed: 1,
      sampler: timeShift(spied, { cutoff: 0 }),
    };
    await sample(target, options);
    assert.deepEqual(
      memories.at(-1),
      levels.toReversed().map((level) => (level + 1) / n),
    );
  });
});

describe("time shift: the time that is chosen", () => {
  const at = (noise: Noise, t: number) => ({ noise, t, measured: noise.sigma(t) ** 2 });

  it("a known variance is found inside the window, and the edge outside, at any time or at levels", () => {
    for (const level of [520, 586, 600, 613, 680]) {
      const known = at(table, (level + 1) / n);
      const asked = { ...known, t: 601 / n, window: 0.04 };
      const nearest = Math.min(620, Math.max(580, level));
      close(shiftedTime(asked), (nearest + 1) / n, { abs: 1e-12, rel: 0 }, "any");
      close(shiftedTime({ ...asked, spacing: 1 / n }), (nearest + 1) / n, { abs: 1e-12, rel: 0 }, "level");
    }
    const linear = vpLinear();
    close(shiftedTime({ ...at(linear, 0.6123), t: 0.6, window: 0.1 }), 0.6123, { abs: 1e-12, rel: 0 });
  });

  it("the window ends with the noise's own times", () => {
    assert.equal(shiftedTime({ noise: table, t: 0.995, measured: 2, window: 0.04 }), 1);
    assert.equal(shiftedTime({ noise: table, t: 0.01, measured: 0, window: 0.04 }), 1 / n);
    close(shiftedTime({ noise: table, t: 0.99, measured: 2, window: 0.04, spacing: 1 / n }), 1, {
      abs: 1e-12,
      rel: 0,
    });
  });

  it("each row is asked at its own time, by its unbiased variance", async () => {
    const levels = [800, 600, 400];
    const z = normalised(2);
    const scales = [0.9, 1, 1.1];
    // A model that says eps = 0 scales x by alpha_s / alpha_t, so that the variance at 601 is known.
    const asked: number[][] = [];
    const silent: Denoiser = {
      dimension,
      predict({ x, time, alpha }) {
        asked.push([...time]);
        assert.deepEqual([...alpha], [...time].map(table.alpha));
        return new Float64Array(x.length);
      },
    };
    const [t, s] = [0.801, 0.601];
    const wanted = scales.map(
      (scale) => Math.sqrt(scale) * table.sigma(s) * (table.alpha(t) / table.alpha(s)),
    );
    const start = wanted.flatMap((size) => Array.from(z, (value) => size * value));
    const sampler = timeShift(ddim(), { window: 0.2, cutoff: 0.5 });
    await sample(silent, { noise: table, schedule: levelTimes({ levels }), start, count: 3, sampler });
    scales.forEach((scale, row) => {
      const variance = scale * table.sigma(s) ** 2;
      const found =
        variance >= table.sigma(0.701) ** 2 ? 0.701 : table.timeAt(0.5 * Math.log((1 - variance) / variance));
      close(asked[1]![row]!, Math.max(0.501, found), { abs: 1e-9, rel: 0 }, `row ${row}`);
    });
  });

  it("refuses what is out of range", () => {
    assert.throws(
      () => timeShift(ddim(), { window: -1 }),
      /timeShift: window = -1, cutoff = 0.3, spacing = 0; expected/,
    );
  });
});

describe("time shift: exact and synthetically biased predictions, 3072 numbers", () => {
  const levels = Array.from({ length: 20 }, (_, i) => 950 - 50 * i);
  const schedule = levelTimes({ levels });
  const options = { noise: table, schedule };
  const shift = { window: 0.04, cutoff: 0.501, spacing: 1 / n };

  it("a perfect prediction of a point of variance V is asked where alpha^2 is (1 - V) of what it was", async () => {
    for (const { share, least, most } of [
      // A step or two of a thousand where the point varies little, the whole half window where it does not.
      { share: 0.02, least: 1, most: 2 },
      { share: 0.5, least: 20, most: 20 },
    ]) {
      const mean = normalised(1).map((value) => Math.sqrt(share) * value);
      const point = watched(gaussianMixture({ weights: [1], means: [mean], deviations: [1e-6] }));
      const z = normalised(2, mean);
      const first = levels[0]!;
      const [alpha, sigma] = [table.alpha((first + 1) / n), table.sigma((first + 1) / n)];
      const start = z.map((value, d) => alpha * mean[d]! + sigma * value);
      await sample(point, { ...options, start, sampler: timeShift(ddim(), shift) });
      // The first shift is of a state that is exact; later ones see what earlier shifts did.
      const nominal = 901 / n;
      const bar = table.alpha(nominal) ** 2 * (1 - share);
      const wanted = Math.min(20, Math.round(n * (table.timeAt(0.5 * Math.log(bar / (1 - bar))) - nominal)));
      assert.equal(Math.round(n * (point.times[1]![0]! - nominal)), wanted);
      assert.ok(wanted >= least && wanted <= most, `${wanted}`);
      const shifts = levels.flatMap((level, i) =>
        i > 0 && level > 500 ? [n * point.times[i]![0]! - level - 1] : [],
      );
      const meanShift = shifts.reduce((sum, value) => sum + value, 0) / shifts.length;
      assert.ok(meanShift >= least - 1e-9 && meanShift <= most + 1e-9, `mean shift ${meanShift}`);
    }
  });

  it("data of variance V: a perfect prediction is shifted more and more as noise falls, unless a cutoff stops it", async () => {
    const data = gaussianMixture({ weights: [1], means: [new Array(dimension).fill(0)], deviations: [0.5] });
    const start = normalised(3);
    const shiftsAt = async (cutoff: number): Promise<number[]> => {
      const model = watched(data);
      await sample(model, { ...options, start, sampler: timeShift(ddim(), { ...shift, cutoff }) });
      return model.times.map(([t], i) => Math.round(n * t!) - levels[i]! - 1);
    };
    const free = await shiftsAt(0);
    assert.ok(
      free.slice(-12).every((by) => by === 20),
      free.join(),
    );
    assert.deepEqual((await shiftsAt(0.501)).slice(-10), new Array(10).fill(0));
  });

  it("eps that is too large by 3% (synthetic) leaves too little variance: the window's low edge, and the other way round", async () => {
    for (const bias of [0.03, -0.03]) {
      const data = gaussianMixture({
        weights: [1],
        means: [new Array(dimension).fill(0)],
        deviations: [1e-3],
      });
      const model = watched(data, bias);
      await sample(model, { ...options, start: normalised(4), sampler: timeShift(ddim(), shift) });
      const shifts = levels.flatMap((level, i) =>
        i > 0 && level > 500 ? [n * model.times[i]![0]! - level - 1] : [],
      );
      close(
        shifts,
        shifts.map(() => (bias > 0 ? -20 : 20)),
        { abs: 1e-9, rel: 0 },
        `bias ${bias}`,
      );
    }
  });

  /** How far the variance at the end is from that of data, relative. */
  async function varianceError(deviation: number, bias: number, sampler: Sampler): Promise<number> {
    const data = gaussianMixture({
      weights: [1],
      means: [new Array(dimension).fill(0)],
      deviations: [deviation],
    });
    const { x } = await sample(watched(data, bias), { ...options, start: normalised(5), sampler });
    return variance(x) / deviation ** 2 - 1;
  }

  it("synthetic exposure bias, eps 3% off: the error of the final variance falls on data of variance 1", async () => {
    for (const bias of [0.03, -0.03]) {
      const [own, shifted] = [
        await varianceError(1, bias, ddim()),
        await varianceError(1, bias, timeShift(ddim(), { window: 0.1, cutoff: 0.501, spacing: 1 / n })),
      ];
      assert.ok(Math.abs(shifted) < 0.97 * Math.abs(own), `bias ${bias}: ${shifted} after ${own}`);
    }
  });

  it("on data of variance 1 / 4 the same bias is made worse, and a perfect prediction loses as well", async () => {
    const shifting = timeShift(ddim(), { window: 0.1, cutoff: 0.301, spacing: 1 / n });
    // sigma / (alpha^2 V + sigma^2) falls with sigma where sigma^2 (1 - V) > V: asked at an earlier time, eps is larger.
    const [own, shifted] = [await varianceError(0.5, 0.03, ddim()), await varianceError(0.5, 0.03, shifting)];
    assert.ok(Math.abs(shifted) > Math.abs(own), `${shifted} after ${own}`);
    const [exact, disturbed] = [await varianceError(1, 0, ddim()), await varianceError(1, 0, shifting)];
    assert.ok(Math.abs(disturbed) > Math.abs(exact), `${disturbed} after ${exact}`);
  });
});
