/** The unified framework: its peers, the estimates it is made of, and its orders. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  bh1,
  bh1Relaxation,
  bh2,
  bh2Relaxation,
  type Decision,
  dataExpansion,
  dataForm,
  ddim,
  decisionsOf,
  deisLogRho,
  deisRhoAb,
  deisTab,
  derivativeWeights,
  dpmSolver,
  dpmSolverPlusPlus,
  dpmSolverPlusPlusSinglestep,
  dpmSolverSinglestep,
  ipndm,
  type Noise,
  noiseExpansion,
  noiseForm,
  normals,
  polynomial,
  rhoExpansion,
  type Sampler,
  type Schedule,
  type State,
  sample,
  singlestepDecisions,
  stepExpansion,
  steps,
  timeExpansion,
  timePower,
  times,
  timeUniform,
  unified,
  uniPc,
  varianceExploding,
} from "../../src/continuous/index.ts";
import { logSnr } from "../../src/continuous/schedules/even-times.ts";
import { close } from "../golden.ts";
import { noise, starts, target } from "./bench.ts";
import { assertOrder, exactStart } from "./slope.ts";

const identity = { abs: 1e-10, rel: 1e-10 };
const explode = varianceExploding();

/** Asserts that two samplers make the same states of a run. */
async function same(
  one: Sampler,
  other: Sampler,
  { schedule, on = noise, scale = 1 }: { schedule: Schedule; on?: Noise; scale?: number },
): Promise<void> {
  const start = starts.map((value) => scale * value);
  const run = { noise: on, schedule, start, count: 2 };
  const [a, b] = [steps(target, { ...run, sampler: one }), steps(target, { ...run, sampler: other })];
  for await (const state of a) {
    const beside = (await b.next()).value as State;
    close(state.x, beside.x, identity, `${one.name} is ${other.name} after ${state.index} steps`);
    assert.equal(state.calls, beside.calls);
  }
}

describe("unified: peers", () => {
  const grids = [timeUniform, timePower, logSnr, polynomial];

  it("order 1 is DDIM, whatever is expanded", async () => {
    for (const expansion of [noiseExpansion, dataExpansion]) {
      const sampler = unified({ decisions: decisionsOf({ steps: 9, order: 1, expansion }) });
      for (const grid of grids) await same(sampler, ddim(), { schedule: grid({ steps: 9 }) });
      await same(sampler, ddim(), { schedule: polynomial({ steps: 9 }), on: explode, scale: 80 });
    }
  });

  it("orders 2 and 3 are DPM-Solver and DPM-Solver++, multistep", async () => {
    for (const [expansion, make] of [
      [noiseExpansion, dpmSolver],
      [dataExpansion, dpmSolverPlusPlus],
    ] as const) {
      for (const order of [2, 3]) {
        for (const lowerOrderFinal of [true, false]) {
          const shape = { steps: 9, order, expansion, lowerOrderFinal };
          const midpoint = unified({ decisions: decisionsOf({ ...shape, relaxation: bh2Relaxation }) });
          const taylor = unified({ decisions: decisionsOf(shape) });
          for (const schedule of [logSnr({ steps: 9 }), timeUniform({ steps: 9 })]) {
            await same(midpoint, make({ order, lowerOrderFinal }), { schedule });
            await same(taylor, make({ order, lowerOrderFinal, taylor: true }), { schedule });
          }
        }
      }
    }
  });

  it("with a corrector it is UniPC, of every order, weight and form", async () => {
    for (const order of [1, 2, 3]) {
      for (const [weight, relaxation] of [
        [bh1, bh1Relaxation],
        [bh2, bh2Relaxation],
      ] as const) {
        for (const [form, expansion] of [
          [dataForm, dataExpansion],
          [noiseForm, noiseExpansion],
        ] as const) {
          for (const corrector of [true, false]) {
            const decisions = decisionsOf({ steps: 8, order, expansion, relaxation, corrector });
            const peer = uniPc({ order, weight, form, corrector });
            await same(unified({ decisions }), peer, { schedule: timeUniform({ steps: 8 }) });
            await same(unified({ decisions }), peer, {
              schedule: polynomial({ steps: 8 }),
              on: explode,
              scale: 80,
            });
          }
        }
      }
    }
  });

  it("with eps expanded in time, rho or steps it is DEIS and iPNDM", async () => {
    for (const order of [1, 2, 3, 4]) {
      for (const [expansion, peer] of [
        [timeExpansion, deisTab({ order: order - 1 })],
        [rhoExpansion, deisRhoAb({ order: order - 1 })],
        [noiseExpansion, deisLogRho({ order: order - 1 })],
        [stepExpansion, ipndm({ order })],
      ] as const) {
        const sampler = unified({
          decisions: decisionsOf({ steps: 8, order, expansion, lowerOrderFinal: false }),
        });
        for (const grid of [timePower, logSnr]) await same(sampler, peer, { schedule: grid({ steps: 8 }) });
        await same(sampler, peer, {
          schedule: times({ times: [1, 0.7, 0.4, 0.2, 0.1, 0.04, 0.02, 0.01, 0] }),
        });
        await same(sampler, peer, { schedule: polynomial({ steps: 8 }), on: explode, scale: 80 });
      }
    }
  });

  it("corrected in steps it is Adams-Moulton, where rho falls evenly", async () => {
    // x / alpha moves by h (5 e_s + 8 e_t - e_before) / 12 with e_s asked at the predicted end.
    const even = times({ times: [3, 2, 1].map((rho) => noise.timeAt(-Math.log(rho))) });
    const shape = { order: 2, expansion: stepExpansion, lowerOrderFinal: false };
    const [first, second] = decisionsOf({ steps: 2, ...shape });
    const corrector = {
      derivatives: [
        [0, 2],
        [0, 2],
      ],
    };
    const run = { noise, schedule: even, start: starts, count: 2 };
    const { x } = await sample(target, {
      ...run,
      sampler: unified({ decisions: [first!, { ...second!, corrector }] }),
    });
    const all: State[] = [];
    for await (const state of steps(target, { ...run, sampler: ipndm({ order: 2 }) })) all.push(state);
    const eps = await Promise.all(
      all.map(({ x: at, t }) => {
        const every = (value: number): Float64Array => Float64Array.of(value, value);
        const input = {
          x: at,
          batch: 2,
          time: every(t),
          alpha: every(noise.alpha(t)),
          sigma: every(noise.sigma(t)),
        };
        return target.predict(input);
      }),
    );
    const [alpha, alphaNext] = [noise.alpha(all[1]!.t), noise.alpha(all[2]!.t)];
    const expected = all[1]!.x.map(
      (value, at) => alphaNext * (value / alpha - (5 * eps[2]![at]! + 8 * eps[1]![at]! - eps[0]![at]!) / 12),
    );
    close(x, expected, identity, "corrected end");
  });

  it("from points further back it is singlestep DPM-Solver", async () => {
    for (const [expansion, make, names] of [
      [noiseExpansion, dpmSolverSinglestep, "noise"],
      [dataExpansion, dpmSolverPlusPlusSinglestep, "data"],
    ] as const) {
      for (const order of [2, 3]) {
        const calls = 7;
        const groups = logSnr({ steps: order === 2 ? 4 : 3 });
        const sizes = order === 2 ? [2, 2, 2, 1] : [3, 3, 1];
        const outer = Array.from(groups.resolve(noise));
        // Within a group the times are even in lambda.
        const inner = sizes.flatMap((size, group) => {
          const [high, low] = [noise.lambda(outer[group]!), noise.lambda(outer[group + 1]!)];
          return Array.from({ length: size }, (_, i) =>
            i === 0 ? outer[group]! : noise.timeAt(high + ((low - high) * i) / size),
          );
        });
        const schedule = times({ times: [...inner, outer.at(-1)!] });
        const decisions = singlestepDecisions({ calls, order, expansion, relaxation: bh2Relaxation });
        const run = { noise, start: starts, count: 2 };
        const mine = await sample(target, { ...run, schedule, sampler: unified({ decisions }) });
        const peer = await sample(target, { ...run, schedule: groups, sampler: make({ order, calls }) });
        close(mine.x, peer.x, identity, `singlestep of order ${order}, ${names}`);
        assert.deepEqual([mine.calls, peer.calls], [calls, calls]);
      }
    }
  });
});

describe("unified: derivatives", () => {
  it("are exact on polynomials of as high a degree as there are points, at any scale of the step", () => {
    const source = normals(11);
    for (let trial = 0; trial < 40; trial++) {
      const degree = 1 + (trial % 4);
      const scale = [1, 1e-3, 30][trial % 3]!;
      const drawn = new Float64Array(2 * degree + 1);
      source.fill(drawn, { row: trial, index: 0, stage: 0 });
      const distances = Array.from(
        { length: degree },
        (_, k) => scale * (k + 1 + 0.2 * Math.tanh(drawn[k]!)),
      );
      distances[0]! *= -1;
      // M = sum_j c_j u^j / j! in u = lambda / scale: its derivative i in lambda is c_i / scale^i.
      const c = drawn.subarray(degree);
      const value = (u: number): number => {
        let [sum, term] = [0, 1];
        for (let j = 0; j <= degree; j++) {
          sum += c[j]! * term;
          term *= u / (j + 1);
        }
        return sum;
      };
      for (let order = 1; order <= degree; order++) {
        const weights = derivativeWeights(distances, order);
        const found = distances.reduce(
          (sum, distance, k) => sum + weights[k]! * (value(distance / scale) - value(0)),
          0,
        );
        close(found * scale ** order, c[order]!, { abs: 1e-11, rel: 1e-11 }, `derivative ${order}`);
      }
    }
  });

  it("an update is exact where M is a polynomial in lambda of a lower degree than its order", async () => {
    // x = alpha (c + int e^-lambda eps d lambda): eps = 1 + 2 lambda + lambda^2 makes x / alpha - c equal to
    // -e^-lambda (lambda^2 + 4 lambda + 5) up to a sign, found by parts.
    const schedule = logSnr({ steps: 6 });
    const field = {
      dimension: 1,
      predict: ({ time, batch }: { time: Float64Array; batch: number }) =>
        Float64Array.from({ length: batch }, (_, row) => (1 + noise.lambda(time[row]!)) ** 2),
    };
    const decisions = decisionsOf({ steps: 6, order: 3, expansion: noiseExpansion, lowerOrderFinal: false });
    const states: State[] = [];
    const run = { noise, schedule, sampler: unified({ decisions }), start: [0.4], count: 1 };
    for await (const state of steps(field, run)) states.push(state);
    const primitive = (lambda: number): number => Math.exp(-lambda) * (lambda ** 2 + 4 * lambda + 5);
    for (let i = 3; i <= 6; i++) {
      const [from, to] = [states[i - 1]!, states[i]!];
      const moved = primitive(noise.lambda(to.t)) - primitive(noise.lambda(from.t));
      const exact = noise.alpha(to.t) * (from.x[0]! / noise.alpha(from.t) + moved);
      close(to.x[0]!, exact, { abs: 1e-12, rel: 1e-12 }, `step ${i}`);
    }
  });
});

/** Decisions for as many steps as a run has. */
function forAnySteps(of: (steps: number) => Decision[], name: string): Sampler {
  const made = new Map<number, Sampler>();
  return {
    name,
    calls: 1,
    stochastic: false,
    stepInto(step) {
      const total = step.index + step.ahead.length;
      const sampler = made.get(total) ?? unified({ decisions: of(total) });
      made.set(total, sampler);
      return sampler.stepInto(step);
    },
  };
}

describe("unified: orders", () => {
  // From the start whose error of order 3 is not small by chance, which would show the next order.
  for (const [expansion, start] of [
    [noiseExpansion, starts.slice(2)],
    [dataExpansion, starts.slice(0, 2)],
  ] as const) {
    for (const order of [1, 2, 3]) {
      it(`${expansion.name}, order ${order} without relaxation on the log-SNR grid`, async () => {
        const shape = { order, expansion, lowerOrderFinal: false };
        const base = forAnySteps((count) => decisionsOf({ steps: count, ...shape }), `order ${order}`);
        await assertOrder(exactStart(base, { first: order - 1 }), order, {
          ...{ start, counts: [80, 160, 320, 640], referenceSteps: 8000 },
          scheduleOf: (count) => logSnr({ steps: count }),
        });
      });
    }
  }
});
