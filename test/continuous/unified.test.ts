/** The unified framework: its peers, the estimates it is made of, its orders, and what a run of decisions promises. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  analyticFirstStep,
  averageX0,
  bh1,
  bh1Relaxation,
  bh2,
  bh2Relaxation,
  type Decision,
  dataExpansion,
  dataForm,
  ddim,
  decidedCalls,
  decisionsOf,
  deisLogRho,
  deisRhoAb,
  deisTab,
  derivativeWeights,
  dpmSolver,
  dpmSolverPlusPlus,
  dpmSolverPlusPlusSinglestep,
  dpmSolverSinglestep,
  type EmpiricalStatistics,
  type Expansion,
  empiricalExpansion,
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
import { phi } from "../../src/continuous/samplers/phi.ts";
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

describe("unified: empirical statistics", () => {
  /** The same l, s and b everywhere. */
  const constant = (n: number, l: number, s: number, b: number): EmpiricalStatistics => {
    const every = (value: number): number[][] => Array.from({ length: n + 1 }, () => [value, value]);
    const [lambdaFirst, lambdaLast] = [noise.lambda(1), noise.lambda(noise.cutoff)];
    return { lambdaFirst, lambdaLast, l: every(l), s: every(s), b: every(b) };
  };
  const schedule = logSnr({ steps: 8 });

  for (const [plain, l, s] of [
    [dataExpansion, 1, 0],
    [noiseExpansion, 0, -1],
  ] as const) {
    it(`l = ${l}, s = ${s}, b = 0 is ${plain.name}, but for the trapezoids`, async () => {
      const end = async (expansion: Expansion): Promise<Float64Array> => {
        const decisions = decisionsOf({ steps: 8, order: 3, expansion });
        return (
          await sample(target, { noise, schedule, sampler: unified({ decisions }), start: starts, count: 2 })
        ).x;
      };
      const exact = await end(plain);
      const errors: number[] = [];
      for (const n of [80, 160, 320]) {
        const x = await end(empiricalExpansion(constant(n, l, s, 0)));
        errors.push(Math.max(...x.map((value, at) => Math.abs(value - exact[at]!))));
      }
      for (const i of [1, 2]) {
        const fall = errors[i - 1]! / errors[i]!;
        assert.ok(fall > 3.8 && fall < 4.2, `errors ${errors.join(", ")}`);
      }
      assert.ok(errors[2]! < 1e-3, `${errors[2]}`);
    });
  }

  it("one step is exact where what is left grows as s and b say", async () => {
    // sigma eps - l x = alpha f with f' = s f + b, f = (f0 + b / s) e^(s u) - b / s in u = lambda - lambda_T.
    const [l, s, b] = [0.6, -0.3, 0.2];
    const first = noise.lambda(1);
    const left = (lambda: number): number => (0.5 + b / s) * Math.exp(s * (lambda - first)) - b / s;
    const field = {
      dimension: 2,
      predict: ({ x, time }: { x: Float64Array; time: Float64Array }) =>
        x.map((value, at) => {
          const t = time[at >> 1]!;
          return (l * value + noise.alpha(t) * left(noise.lambda(t))) / noise.sigma(t);
        }),
    };
    const run = { noise, start: starts, count: 2 };
    const of = async (n: number) =>
      (
        await sample(field, {
          ...run,
          schedule: logSnr({ steps: 1 }),
          sampler: unified({
            decisions: [{ expansion: empiricalExpansion(constant(n, l, s, b)) }],
          }),
        })
      ).x;
    const fine = decisionsOf({ steps: 2000, order: 3 });
    const exact = await sample(field, {
      ...run,
      schedule: logSnr({ steps: 2000 }),
      sampler: unified({ decisions: fine }),
    });
    close(await of(4000), exact.x, { abs: 2e-6, rel: 2e-6 }, "end");
  });

  it("says where there are no statistics, and for how many numbers they are", () => {
    const over = { noise, t: 1, s: 1e-4, derivatives: 1, dimension: 2 };
    assert.throws(() => empiricalExpansion(constant(10, 1, 0, 0)).over(over), /end earlier/);
    assert.throws(
      () => empiricalExpansion(constant(10, 1, 0, 0)).over({ ...over, s: 0.5, dimension: 3 }),
      /statistics of 2 numbers for a model of 3/,
    );
    assert.throws(
      () => empiricalExpansion({ ...constant(10, 1, 0, 0), s: [] }),
      /11, 0 and 11 rows of l, s and b/,
    );
  });
});

describe("unified: runs", () => {
  const mixed: Decision[] = [
    { expansion: noiseExpansion, corrector: { derivatives: [[0]] } },
    { expansion: dataExpansion, derivatives: [[1]], relaxation: bh1Relaxation },
    {
      expansion: noiseExpansion,
      derivatives: [
        [1, 2],
        [1, 2],
      ],
      corrector: {
        derivatives: [
          [0, 2],
          [0, 2, 3],
        ],
      },
    },
    {
      expansion: dataExpansion,
      from: 1,
      derivatives: [[0]],
      corrector: { from: 2, derivatives: [[0, 1]], again: true },
    },
    { expansion: dataExpansion },
  ];
  const schedule = timePower({ steps: 5 });

  it("a saved state goes on where it stopped; rows do not depend on their batch; calls are as declared", async () => {
    const options = { noise, schedule, sampler: unified({ decisions: mixed }), seed: 4 };
    const all: State[] = [];
    for await (const state of steps(target, { ...options, count: 3 })) all.push(state);
    const kept = structuredClone(all);
    for (const from of kept.slice(0, -1)) {
      const rest: State[] = [];
      for await (const state of steps(target, { ...options, count: 3, from })) rest.push(state);
      assert.deepEqual(rest, all.slice(from.index));
    }
    assert.deepEqual(all, kept);
    const alone = await sample(target, { ...options, firstRow: 2, count: 1 });
    assert.deepEqual(alone.x, all.at(-1)!.x.slice(4));
    assert.equal(all.at(-1)!.calls, 6);
    assert.equal(decidedCalls(mixed), 6);
    assert.equal(options.sampler.calls, 2);
  });

  it("asks again at the corrected point if it is told to", async () => {
    const sampler = unified({
      decisions: [
        { expansion: dataExpansion, corrector: { derivatives: [[0]], again: true } },
        { expansion: dataExpansion },
      ],
    });
    const nodes = [1, 0.5, 0.2];
    const { x, calls } = await sample(target, {
      ...{ noise, sampler, start: starts, count: 2 },
      schedule: times({ times: nodes }),
    });
    const clean = async (at: Float64Array, t: number): Promise<Float64Array> => {
      const every = (value: number): Float64Array => Float64Array.of(value, value);
      const [alpha, sigma] = [noise.alpha(t), noise.sigma(t)];
      const input = { x: at, batch: 2, time: every(t), alpha: every(alpha), sigma: every(sigma) };
      const eps = await target.predict(input);
      return at.map((value, i) => (value - sigma * eps[i]!) / alpha);
    };
    const moved = (
      at: Float64Array,
      [t, s]: readonly number[],
      m: Float64Array,
      difference?: Float64Array,
    ) => {
      const h = noise.lambda(s!) - noise.lambda(t!);
      const [ratio, alpha] = [noise.sigma(s!) / noise.sigma(t!), noise.alpha(s!)];
      return at.map(
        (value, i) =>
          ratio * value +
          alpha * h * (phi(1, -h) * m[i]! + phi(2, -h) * ((difference?.[i] ?? m[i]!) - m[i]!)),
      );
    };
    const begin = Float64Array.from(starts);
    const first = await clean(begin, 1);
    const predicted = await clean(moved(begin, [1, 0.5], first), 0.5);
    const corrected = moved(begin, [1, 0.5], first, predicted);
    const again = await clean(corrected, 0.5);
    close(x, moved(corrected, [0.5, 0.2], again), identity, "end");
    assert.equal(calls, 3);
  });

  it("a corrected last step ends where a longer run is corrected", async () => {
    const shape = { order: 2, relaxation: bh2Relaxation, lowerOrderFinal: false, corrector: true };
    const long = decisionsOf({ steps: 5, ...shape });
    const all = schedule.resolve(noise);
    const states: State[] = [];
    const run = { noise, start: starts, count: 2 };
    for await (const state of steps(target, { ...run, schedule, sampler: unified({ decisions: long }) })) {
      states.push(state);
    }
    const short = await sample(target, {
      ...run,
      schedule: times({ times: all.slice(0, 5) }),
      sampler: unified({ decisions: long.slice(0, 4) }),
    });
    // A point of the memory starts with x, from which the last step went on.
    close(short.x, states.at(-1)!.memory["value0"]!.slice(0, 4), identity, "corrected");
    assert.equal(short.calls, 5);
  });

  it("ends clean at x0, and refuses a corrector there", async () => {
    const clean = times({ times: [1, 0.6, 0.3, 0.05, 0] });
    const sampler = unified({ decisions: decisionsOf({ steps: 4, order: 3, corrector: true }) });
    const { x } = await sample(target, { noise, schedule: clean, sampler, start: starts, count: 2 });
    assert.ok(x.every(Number.isFinite));
    const last = [
      ...decisionsOf({ steps: 3 }),
      { expansion: dataExpansion, corrector: { derivatives: [[0]] } },
    ];
    await assert.rejects(
      sample(target, { noise, schedule: clean, sampler: unified({ decisions: last }) }),
      /the last step has a corrector, but ends clean/,
    );
  });

  it("an analytic first step saves a call; the mean of the data is exact for a point", async () => {
    const decisions = decisionsOf({ steps: 3 });
    const guess = averageX0({ mean: [0.7, -0.2] });
    const point = {
      dimension: 2,
      predict: ({ x, alpha, sigma }: { x: Float64Array; alpha: Float64Array; sigma: Float64Array }) =>
        x.map((value, at) => (value - alpha[at >> 1]! * [0.7, -0.2][at & 1]!) / sigma[at >> 1]!),
    };
    const run = { noise, schedule: timeUniform({ steps: 3 }), start: starts, count: 2 };
    const sampler = unified({ decisions });
    const whole = await sample(point, { ...run, sampler });
    const saved = await sample(point, { ...run, sampler: analyticFirstStep(sampler, { guess }) });
    close(saved.x, whole.x, identity, "end");
    assert.deepEqual([whole.calls, saved.calls], [3, 2]);
    await assert.rejects(
      sample(point, { ...run, sampler: analyticFirstStep(sampler, { guess: averageX0({ mean: [1] }) }) }),
      /average-x0 has 1 numbers for a model of 2/,
    );
    assert.throws(() => averageX0({ mean: [0, Number.NaN] }), /mean\[1\] = NaN/);
    assert.throws(() => averageX0({ mean: [] }), /mean has no numbers/);
  });

  it("refuses decisions that refer to what is not there", async () => {
    const refused = (decisions: Decision[], message: RegExp): void => {
      assert.throws(() => unified({ decisions }), message);
    };
    const expansion = dataExpansion;
    refused([], /no decisions; expected one a step/);
    refused([{ expansion, derivatives: [[1]] }], /decisions\[0\]\.derivatives\[0\] = \[1\]/);
    refused([{ expansion }, { expansion, derivatives: [[1, 1]] }], /at least 1 different points/);
    refused([{ expansion }, { expansion, derivatives: [[0]] }], /without 0, where the step starts/);
    refused(
      [{ expansion }, { expansion, derivatives: [[1], [1]] }],
      /derivatives\[1\] = \[1\]; expected at least 2/,
    );
    refused([{ expansion, from: 1 }], /decisions\[0\]\.from = 1/);
    refused([{ expansion, corrector: { from: 0 } }], /the end itself; expected 1/);
    refused([{ expansion, corrector: { derivatives: [[2]] } }], /corrector\.derivatives\[0\] = \[2\]/);
    await assert.rejects(
      sample(target, {
        ...{ noise, schedule: timeUniform({ steps: 3 }) },
        sampler: unified({ decisions: decisionsOf({ steps: 2 }) }),
      }),
      /2 decisions for 3 steps/,
    );
    assert.throws(() => decisionsOf({ steps: 0 }), /steps = 0, order = 2/);
    assert.throws(() => decisionsOf({ steps: 4, order: 5 }), /order 1 to 4/);
  });
});
