/** The searches for times of a process without a mask: what they look at, what they take, what they find. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { observation } from "../src/denoisers/observation.ts";
import {
  chainSamples,
  constant,
  type Denoiser,
  exponential,
  findSchedules,
  geometric,
  jumpYourSteps,
  linear,
  markovChain,
  type Noise,
  optimalTimes,
  ordinal,
  type Process,
  pathCosts,
  predictions,
  purposes,
  sample,
  sine,
  uniformProcess,
} from "../src/index.ts";
import { dataUniforms, noisedAtTime } from "../src/optimize/coupled-noise.ts";
import { publishedClock } from "../src/optimize/published-clock.ts";
import { close } from "./golden.ts";

const vocabulary = 3;
const length = 16;
const chain = { initial: [0.5, 0.3, 0.2], transition: [0.9, 0.1, 0, 0, 0.8, 0.2, 0.5, 0, 0.5], length };
const data = chainSamples(chain, { count: 6 });
const modelOf = (process: Process, noise: Noise): Denoiser =>
  markovChain({ ...chain, likelihoodInto: observation(process, noise) });
const uniform = uniformProcess({ vocabulary });

/** Counts the sequences sent through a model, and keeps the times it was asked at. */
function watched(denoiser: Denoiser): { denoiser: Denoiser; sent: () => number; asked: Set<number> } {
  let count = 0;
  const asked = new Set<number>();
  return {
    denoiser: {
      ...denoiser,
      predict(input) {
        count += input.batch;
        for (const t of input.time) asked.add(t);
        return denoiser.predict(input);
      },
    },
    sent: () => count,
    asked,
  };
}

function assertTimes(times: readonly number[], steps: number): void {
  assert.equal(times.length, steps + 1);
  assert.deepEqual([times[0], times.at(-1)], [1, 0]);
  for (let i = 0; i < steps; i++)
    assert.ok(times[i + 1]! < times[i]!, `times[${i + 1}] is not below times[${i}]`);
}

describe("findSchedules without a mask", () => {
  for (const [process, noise] of [
    [uniform, linear()],
    [uniform, sine()],
    [ordinal({ vocabulary, rateSigma: 1, qSigma: 2 }), exponential({ base: 0.2, exponential: 20 })],
  ] as const) {
    it(`${process.name} noise, ${noise.name}: both methods give times that can be sampled with, and count what they send`, async () => {
      for (const method of ["optimal", "jys"] as const) {
        const model = watched(modelOf(process, noise));
        const found = await findSchedules(model.denoiser, { steps: [1, 4], method, data, process, noise });
        assert.equal(found.evaluations, model.sent());
        assert.equal(found.curve, undefined);
        assert.equal(found.sequences, 6);
        for (const { steps, schedule, values, predictedNats } of found.schedules) {
          assert.ok("times" in values);
          assertTimes(values.times, steps);
          assert.equal(schedule.name, method);
          assert.equal(predictedNats, undefined);
          const { calls } = await sample(model.denoiser, { process, noise, schedule, count: 2, seed: 0 });
          assert.equal(calls, steps);
        }
        assert.equal(found.publishedEvaluations !== undefined, method === "jys");
      }
    });
  }

  it("optimal: the cheapest times of one set of path costs, no dearer than even times, at 40 evaluations a sequence", async () => {
    const model = modelOf(uniform, linear());
    const found = await findSchedules(model, { steps: [5, 10], data, process: uniform, seed: 2 });
    assert.equal(found.evaluations, 40 * 6);
    const costs = await pathCosts(model, { data, process: uniform, fineSteps: 40, seed: 2 });
    const best = optimalTimes(costs, 10);
    for (const { steps, values } of found.schedules) {
      assert.deepEqual(values, { times: [...best[steps - 1]!.times] });
      const even = Array.from({ length: steps + 1 }, (_, i) => (40 * i) / steps);
      const cost = even.reduce((sum, node, i) => (i === 0 ? 0 : sum + costs.costs[even[i - 1]!]![node]!), 0);
      assert.ok(best[steps - 1]!.cost < cost);
    }
  });

  it("optimal: has a fine grid of at least twice the steps wanted", async () => {
    const model = watched(modelOf(uniform, linear()));
    await findSchedules(model.denoiser, { steps: [12], data, process: uniform, levels: 10 });
    assert.equal(model.asked.size, 24);
  });

  it("jys: asks the model at its own times, also where it searches in another", async () => {
    const model = watched(modelOf(uniform, linear()));
    const { schedules } = await findSchedules(model.denoiser, {
      steps: [2],
      method: "jys",
      data,
      process: uniform,
      noise: linear(),
    });
    const [found] = schedules;
    assert.ok("times" in found!.values);
    assert.ok(Math.abs(Math.max(...model.asked) - 0.999) < 1e-9, `asked at ${Math.max(...model.asked)}`);
    // Snapped to 1,024 steps of constant rate, ln 1000 in all.
    const u = Math.log(1 - found!.values.times[1]!) / Math.log(1e-3);
    const index = ((1 - u) * 1024) / (1 - 1e-5);
    assert.ok(Math.abs(index - Math.round(index)) < 1e-6, `index ${index}`);
  });

  it("refuses bisect, which halves a curve of masked data", async () => {
    await assert.rejects(
      findSchedules(modelOf(uniform, linear()), { steps: [4], method: "bisect", data, process: uniform }),
      /findSchedules: bisect halves the information curve of masked data and the process uniform has no mask; use optimal or jys/,
    );
  });
});

describe("jumpYourSteps without a mask", () => {
  it("maximises the published objective, computed here from scores", async () => {
    const noise = constant({ sigmaMax: 4 });
    const model = modelOf(uniform, noise);
    const { levels } = await jumpYourSteps(model, { data, process: uniform, noise, steps: 2, seed: 7 });
    const uniforms = dataUniforms(7, 6, length);
    const targets = dataUniforms(7, 6, length, purposes.jump);
    /** [n, D, V] rate(t) / V times sum over x0 of p(x0) q(y | x0) / q(x | x0), 0 at y = x. */
    const ratesAt = async (t: number): Promise<Float64Array> => {
      const noised = noisedAtTime(data, uniforms, { time: t, length, process: uniform, noise, targets });
      const p = predictions(await model.predict({ ...noised, batch: 6 }), { length, vocabulary });
      const alpha = Math.exp(-4 * t);
      const reach = (x0: number, y: number): number => (x0 === y ? alpha : 0) + (1 - alpha) / vocabulary;
      return Float64Array.from({ length: 6 * length * vocabulary }, (_, at) => {
        const y = at % vocabulary;
        const position = Math.floor(at / vocabulary);
        const x = noised.tokens[position]!;
        const law = p.row(Math.floor(position / length), position % length);
        if (x === y) return 0;
        return (
          (4 / vocabulary) * law.reduce((sum, share, x0) => sum + (share * reach(x0, y)) / reach(x0, x), 0)
        );
      });
    };
    const [search] = levels[1]!.searches;
    const coarse = await ratesAt(1);
    const wanted: number[] = [];
    for (const { x } of search!.evaluated) {
      const fine = await ratesAt(x);
      const total = fine.reduce(
        (sum, rate, at) => sum + rate * (Math.log(rate + 1e-8) - Math.log(coarse[at]! + 1e-8)),
        0,
      );
      wanted.push((-(x - 1e-5) * total) / (6 * length));
    }
    close(
      search!.evaluated.map(({ value }) => value),
      wanted,
      { rel: 1e-9, abs: 1e-12 },
    );
    assert.equal(search!.least, search!.evaluated[wanted.indexOf(Math.min(...wanted))]!.x);
    assert.ok(Math.abs(levels[1]!.values[1]! - search!.least) < 1 / 1024);
  });

  it("refuses reveal counts", async () => {
    await assert.rejects(
      jumpYourSteps(modelOf(uniform, linear()), { data, process: uniform, steps: 2, axis: "count" }),
      /jumpYourSteps: axis = "count" counts revealed tokens and the process uniform has no mask; use "time"/,
    );
  });
});

describe("publishedClock", () => {
  it("keeps a noise of finite rate and its time", () => {
    for (const noise of [linear({ eps: 1e-3 }), constant(), geometric(), exponential()]) {
      const clock = publishedClock(noise);
      assert.equal(clock.noise, noise);
      assert.equal(clock.timeOf(0.3), 0.3);
    }
  });

  it("gives any other the time of constant rate: the same alpha at the time it stands for, 0.001 at the end", () => {
    for (const noise of [linear(), sine()]) {
      const { noise: steady, timeOf } = publishedClock(noise);
      for (const u of [0, 0.1, 0.5, 1]) {
        close(noise.alpha(timeOf(u)), steady.alpha(u), { rel: 1e-9, abs: 1e-12 }, `alpha at ${u}`);
        close(steady.rate(u), Math.log(1000), { rel: 1e-12, abs: 0 });
      }
      close(steady.alpha(1), 1e-3, { rel: 1e-12, abs: 0 });
    }
  });
});
