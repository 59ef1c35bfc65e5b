/** Steps of DDIM solved in parallel: the same states, in fewer rounds. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  alphaBars,
  type Denoiser,
  ddim,
  type GaussianMixture,
  gaussianMixture,
  leadingLevels,
  type ParataaOptions,
  parataa,
  polynomial,
  type Sampler,
  type Samples,
  type State,
  sample,
  steps,
  timePower,
  varianceExploding,
  vpTable,
} from "../../src/continuous/index.ts";
import { type DdimCoefficients, ddimCoefficients } from "../../src/continuous/samplers/ddim.ts";
import {
  firstOrderResiduals,
  higherOrderResiduals,
  parallelRound,
} from "../../src/continuous/samplers/parallel-round.ts";
import { triangularAnderson } from "../../src/continuous/samplers/triangular-anderson.ts";
import { close } from "../golden.ts";
import { noise, target } from "./bench.ts";

const schedule = timePower({ steps: 12 });
const options = { noise, schedule, count: 3, seed: 4 };
const exact = { tolerance1: 1e-10, tolerance2: 0 };

function most(a: Float64Array, b: Float64Array): number {
  return a.reduce((worst, value, at) => Math.max(worst, Math.abs(value - b[at]!)), 0);
}

/** Five Gaussians in 16 dimensions and the table of DDPM, 100 steps. */
function hundredSteps(): { model: GaussianMixture; run: (sampler: Sampler) => Promise<Samples> } {
  const dimension = 16;
  const standard = gaussianMixture({ weights: [1], means: [new Array(dimension).fill(0)], deviations: [1] });
  const drawn = standard.draw({ count: 5, seed: 3 });
  const means = Array.from({ length: 5 }, (_, k) => [...drawn.subarray(k * dimension, (k + 1) * dimension)]);
  const model = gaussianMixture({ weights: [1, 1, 1, 1, 1], means, deviations: [0.3, 0.3, 0.3, 0.3, 0.3] });
  const table = vpTable({ alphaBars: alphaBars({ n: 1000, start: 1e-4, end: 0.02 }) });
  const all = { noise: table, schedule: leadingLevels({ steps: 100 }), count: 2, seed: 1 };
  return { model, run: (sampler) => sample(model, { ...all, sampler }) };
}

describe("parataa: the states of ddim", () => {
  for (const eta of [0, 0.5, 1]) {
    it(`window 1 is ddim bit for bit, eta ${eta}`, async () => {
      for (const memory of [1, 3]) {
        const parallel = await sample(target, { ...options, sampler: parataa({ eta, window: 1, memory }) });
        assert.deepEqual(parallel, await sample(target, { ...options, sampler: ddim({ eta }) }));
      }
    });

    for (const tuned of [
      {},
      { memory: 1 },
      { order: 1, memory: 1 },
      { order: 4, memory: 5 },
      { window: 5, memory: 3 },
      { window: 2, order: 2, lambda: 1e-6 },
    ] satisfies ParataaOptions[]) {
      it(`at a tolerance of 1e-10 the end is the same within 1e-9, eta ${eta}, ${JSON.stringify(tuned)}`, async () => {
        const sequential = await sample(target, { ...options, sampler: ddim({ eta }) });
        const parallel = await sample(target, { ...options, sampler: parataa({ eta, ...tuned, ...exact }) });
        assert.ok(most(parallel.x, sequential.x) < 1e-9, `${most(parallel.x, sequential.x)}`);
        assert.ok(parallel.calls <= sequential.calls, `${parallel.calls} rounds`);
      });
    }
  }

  it("on noise that is added to data", async () => {
    const run = { noise: varianceExploding(), schedule: polynomial({ steps: 12 }), count: 2, seed: 2 };
    const sequential = await sample(target, { ...run, sampler: ddim({ eta: 0.5 }) });
    const parallel = await sample(target, { ...run, sampler: parataa({ eta: 0.5, ...exact }) });
    assert.ok(most(parallel.x, sequential.x) < 1e-8, `${most(parallel.x, sequential.x)}`);
  });

  it("a window that is done all at once is kept (the published code overwrites its last state)", async () => {
    const constant: Denoiser = { dimension: 1, predict: ({ x }) => new Float64Array(x.length).fill(0.3) };
    for (const window of [2, 4, 5]) {
      const sequential = await sample(constant, { ...options, sampler: ddim() });
      const parallel = await sample(constant, { ...options, sampler: parataa({ window }) });
      assert.ok(most(parallel.x, sequential.x) < 1e-12, `window ${window}: ${parallel.x}`);
      // One round makes the window and the next finds that nothing moves: two for a window.
      assert.ok(parallel.calls <= 2 * Math.ceil(12 / window), `${parallel.calls} calls`);
    }
  });

  it("a state that something else has moved is gone on from", async () => {
    const pushed = (base: Sampler): Sampler => ({
      ...base,
      async stepInto(step) {
        await base.stepInto(step);
        if (step.index === 4) step.next[0]! += 0.1;
      },
    });
    const sequential = await sample(target, { ...options, sampler: pushed(ddim()) });
    const parallel = await sample(target, { ...options, sampler: pushed(parataa(exact)) });
    assert.ok(most(parallel.x, sequential.x) < 1e-9, `${parallel.x}`);
  });
});

describe("parataa: rounds", () => {
  it("a hundred steps within 1e-3 in at most a third of the rounds", async () => {
    const { run } = hundredSteps();
    for (const eta of [0, 1]) {
      const sequential = await run(ddim({ eta }));
      const [plain, mixed] = [await run(parataa({ eta, memory: 1 })), await run(parataa({ eta }))];
      assert.equal(sequential.calls, 100);
      assert.ok(mixed.calls * 3 <= 100, `eta ${eta}: ${mixed.calls} rounds`);
      assert.ok(
        mixed.calls < plain.calls,
        `eta ${eta}: ${mixed.calls} rounds, ${plain.calls} without memory`,
      );
      // The tolerance is of one step; the later steps carry it on.
      assert.ok(most(mixed.x, sequential.x) < 2e-2, `eta ${eta}: ${most(mixed.x, sequential.x)}`);
      // What it costs: every round evaluates many steps.
      assert.ok(mixed.evaluations > sequential.evaluations, `${mixed.evaluations} evaluations`);
    }
  });

  it("order 1 without memory finishes a step a round: never more rounds than steps, whatever the tolerance", async () => {
    const tuned = { order: 1, memory: 1, tolerance1: 0, tolerance2: 0 };
    const { calls } = await sample(target, { ...options, sampler: parataa(tuned) });
    assert.equal(calls, 12);
  });

  it("a step that is done already makes no call, and the calls add up", async () => {
    const perStep: number[] = [];
    let before = 0;
    for await (const { calls, index } of steps(target, { ...options, sampler: parataa() })) {
      if (index > 0) perStep.push(calls - before);
      before = calls;
    }
    assert.equal(perStep.length, 12);
    assert.ok(perStep.includes(0) && perStep.every((calls) => calls <= 1), perStep.join());
  });

  it("rows share the calls and nothing else", async () => {
    const sampler = parataa({ eta: 0.5 });
    const together = await sample(target, { ...options, sampler });
    const alone = await Promise.all(
      [0, 1, 2].map((firstRow) => sample(target, { ...options, sampler, count: 1, firstRow })),
    );
    assert.deepEqual(
      [...together.x],
      alone.flatMap(({ x }) => [...x]),
    );
    assert.equal(together.calls, Math.max(...alone.map(({ calls }) => calls)));
    assert.equal(
      together.evaluations,
      alone.reduce((sum, { evaluations }) => sum + evaluations, 0),
    );
  });

  it("a saved run goes on in the middle of its rounds", async () => {
    const all: State[] = [];
    for await (const state of steps(target, { ...options, sampler: parataa() }))
      all.push(structuredClone(state));
    const from = all[2]!;
    let last = from;
    for await (const state of steps(target, { ...options, sampler: parataa(), from })) last = state;
    assert.deepEqual(last, all.at(-1));
  });

  it("refuses what is out of range", () => {
    assert.throws(() => parataa({ window: 0 }), /parataa: window = 0; expected a whole number >= 1/);
    assert.throws(() => parataa({ memory: Number.POSITIVE_INFINITY }), /parataa: memory = Infinity/);
    assert.throws(() => parataa({ lambda: 0 }), /lambda = 0, tolerance1 = 0.001.*expected lambda above 0/);
    assert.throws(() => parataa({ eta: -1 }), /parataa: eta = -1; expected a number from 0/);
  });
});

/** A system of 7 steps with predictions of the target at given states. */
async function system(states: Float64Array, eta: number) {
  const times = timePower({ steps: 7 }).resolve(noise);
  const coefficients = Array.from({ length: 7 }, (_, e) =>
    ddimCoefficients({ noise, t: times[e]!, s: times[e + 1]!, eta }),
  );
  const predicted = await target.predict({
    x: states.slice(0, 14),
    batch: 7,
    time: times.slice(0, 7),
    alpha: Float64Array.from(coefficients, ({ alpha }) => alpha),
    sigma: Float64Array.from(coefficients, ({ sigma }) => sigma),
  });
  return { dimension: 2, coefficients, states, predicted };
}

/** Numbers without a pattern, in [-1, 1]. */
function numbers(length: number, seed: number): Float64Array {
  return Float64Array.from({ length }, (_, i) => Math.sin(12.9898 * (i + 1) + 78.233 * seed) * 0.999);
}

describe("parataa: the equations", () => {
  const carry = ({ alpha, alphaNext }: DdimCoefficients): number => alphaNext / alpha;
  const round = { lambda: 1e-3, tolerance1: 1e-9, tolerance2: 0 };

  it("the states that ddim makes one after the other solve those of every order", async () => {
    const all: number[] = [];
    const schedule = timePower({ steps: 7 });
    for await (const { x } of steps(target, { noise, schedule, seed: 8, sampler: ddim() })) all.push(...x);
    const window = await system(Float64Array.from(all), 0);
    const first = firstOrderResiduals(window);
    for (const order of [1, 2, 3, 5, 7, Number.POSITIVE_INFINITY]) {
      const residuals = higherOrderResiduals(first, { ...window, order });
      assert.ok(
        residuals.every((residual) => Math.abs(residual) < 1e-14),
        `order ${order}: ${residuals}`,
      );
    }
    assert.equal(parallelRound(window, { ...round, order: 3 }).solved, 7);
  });

  it("order k is the equation unrolled over k steps, with its noise", async () => {
    const window = { ...(await system(numbers(16, 1), 0.6)), normals: numbers(14, 2) };
    const { coefficients, states, predicted, normals } = window;
    for (const order of [1, 2, 3, 6, 7, 20]) {
      const residuals = higherOrderResiduals(firstOrderResiduals(window), { ...window, order });
      for (let e = 0; e < 7; e++) {
        const from = Math.max(0, e + 1 - order);
        const product = (j: number): number =>
          coefficients.slice(j, e + 1).reduce((carried, own) => carried * carry(own), 1);
        for (const d of [0, 1]) {
          let made = product(from) * states[from * 2 + d]!;
          for (let j = from; j <= e; j++) {
            const { kept, sigma, fresh } = coefficients[j]!;
            const push = kept - sigma * carry(coefficients[j]!);
            made += product(j + 1) * (push * predicted[j * 2 + d]! + fresh * normals[j * 2 + d]!);
          }
          close(
            residuals[e * 2 + d]!,
            made - states[(e + 1) * 2 + d]!,
            { abs: 1e-12, rel: 1e-12 },
            `order ${order}`,
          );
        }
      }
    }
  });

  it("the first step of a window is exact after a round, and none looks at a later one", async () => {
    const window = await system(numbers(16, 3), 0);
    const earlier = [4, 5].map((seed) => ({ states: numbers(14, seed), residuals: numbers(14, seed + 10) }));
    const tuned = { ...round, order: 4, earlier, usable: [2, 2, 2, 2, 1, 1, 0] };
    const moved = parallelRound(window, tuned);
    assert.equal(moved.solved, 1);
    const exactly = firstOrderResiduals({
      ...window,
      states: new Float64Array(16).fill(0).map((_, at) => (at < 2 ? window.states[at]! : 0)),
    });
    close(moved.states.subarray(0, 2), exactly.subarray(0, 2), { abs: 1e-14, rel: 1e-14 }, "first state");
    const disturbed = { ...window, predicted: window.predicted.map((eps, at) => (at < 10 ? eps : eps + 1)) };
    const other = parallelRound(disturbed, tuned);
    assert.deepEqual(other.states.subarray(0, 10), moved.states.subarray(0, 10));
    assert.notDeepEqual(other.states, moved.states);
  });

  it("the mixture is that of regularised least squares over a step and all before it", () => {
    const [residuals, count, lambda] = [numbers(10, 6), 5, 0.02];
    const differences = [7, 8].map((seed) => ({
      states: numbers(10, seed),
      residuals: numbers(10, seed + 5),
    }));
    const usable = [2, 2, 2, 1, 0];
    const taken = triangularAnderson({ residuals, differences, usable, from: 1, dimension: 2, lambda });
    const [a, b] = differences.map(({ residuals }) => residuals) as [Float64Array, Float64Array];
    const dot = (u: Float64Array, v: Float64Array, e: number): number =>
      u.subarray(0, 2 * e + 2).reduce((sum, value, at) => sum + value * v[at]!, 0);
    for (let e = 0; e < count; e++) {
      // Two equations in two unknowns, by Cramer's rule; one unknown where the past is short.
      const [aa, ab, bb] = [dot(a, a, e) + lambda, dot(a, b, e), dot(b, b, e) + lambda];
      const [ar, br] = [dot(a, residuals, e), dot(b, residuals, e)];
      const area = aa * bb - ab * ab;
      const gamma = usable[e] === 2 ? [(ar * bb - br * ab) / area, (aa * br - ab * ar) / area] : [ar / aa, 0];
      for (const at of [2 * e, 2 * e + 1]) {
        const wanted = differences.reduce(
          (sum, { states, residuals }, c) => sum + gamma[c]! * (states[at]! + residuals[at]!),
          0,
        );
        close(taken[at]!, e === 0 || usable[e] === 0 ? 0 : wanted, { abs: 1e-12, rel: 1e-12 }, `step ${e}`);
      }
    }
  });
});
