/** DPM-Solver without noise: what it must agree with, its orders, and what it refuses. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  ddim,
  dpmSolver,
  dpmSolverPlusPlus,
  dpmSolverPlusPlusSde,
  dpmSolverPlusPlusSinglestep,
  dpmSolverSinglestep,
  logSnr,
  type Noise,
  noiseForm,
  polynomial,
  probabilityFlow,
  type Sampler,
  type Schedule,
  sample,
  singlestepOrders,
  singlestepTimes,
  timePower,
  timeUniform,
  uniPc,
  varianceExploding,
  vpCosine,
} from "../../src/continuous/index.ts";
import { close } from "../golden.ts";
import { noise, starts, target } from "./bench.ts";
import { publishedStates } from "./dpm-published.ts";
import { assertOrder } from "./slope.ts";

const identical = { abs: 1e-10, rel: 1e-10 };
const steps = 10;
const settings: Record<string, { noise: Noise; schedule: Schedule }> = {
  "vp-linear": { noise, schedule: timePower({ steps }) },
  "vp-cosine": { noise: vpCosine(), schedule: timeUniform({ steps }) },
  ve: { noise: varianceExploding(), schedule: polynomial({ steps }) },
  "vp-linear, short steps": { noise, schedule: logSnr({ steps, from: 0.3, to: 0.299 }) },
};

const short = { lowerOrderFinal: false };
const plain = { corrector: false };
const same: Record<string, readonly [Sampler, ...Sampler[]]> = {
  "order 1 is DDIM": [
    ddim(),
    dpmSolver({ order: 1 }),
    dpmSolverPlusPlus({ order: 1 }),
    dpmSolverSinglestep({ order: 1 }),
    dpmSolverPlusPlusSinglestep({ order: 1 }),
  ],
  "DPM++ 2S is DPM++ SDE without noise": [
    dpmSolverPlusPlusSinglestep({ order: 2 }),
    dpmSolverPlusPlusSde({ eta: 0 }),
  ],
  "DPM++ 2M is UniPC-2 without corrector": [uniPc(plain), dpmSolverPlusPlus()],
  "DPM++ 3M is UniPC-3 without corrector": [
    uniPc({ ...plain, ...short, order: 3 }),
    dpmSolverPlusPlus({ ...short, order: 3 }),
  ],
  "DPM-Solver of order 3 is UniPC-3 of eps without corrector": [
    uniPc({ ...plain, order: 3, form: noiseForm }),
    dpmSolver({ order: 3 }),
  ],
};

describe("DPM-Solver: identities", () => {
  for (const [what, [first, ...others]] of Object.entries(same)) {
    for (const [where, setting] of Object.entries(settings)) {
      it(`${what}: ${where}`, async () => {
        const run = async (sampler: Sampler) =>
          (await sample(target, { ...setting, sampler, seed: 4, count: 3 })).x;
        const expected = await run(first);
        for (const other of others) close(await run(other), expected, identical, other.name);
      });
    }
  }

  it("the two slopes of order 2 differ, and so do the two of singlestep order 3", async () => {
    const options = { noise, schedule: timePower({ steps }), start: starts, count: 2 };
    for (const make of [dpmSolver, dpmSolverPlusPlus, dpmSolverSinglestep, dpmSolverPlusPlusSinglestep]) {
      const [published, taylor] = await Promise.all(
        [false, true].map((taylor) => sample(target, { ...options, sampler: make({ taylor }) })),
      );
      assert.ok(Math.abs(published!.x[0]! - taylor!.x[0]!) > 1e-6);
    }
  });
});

describe("DPM-Solver: fitted orders on 40 to 320 steps", () => {
  const samplers: readonly (readonly [number, Sampler])[] = [
    [1, dpmSolver({ order: 1 })],
    [2, dpmSolver()],
    [2, dpmSolver({ taylor: true })],
    [3, dpmSolver({ ...short, order: 3 })],
    [2, dpmSolverPlusPlus()],
    [2, dpmSolverPlusPlus({ taylor: true })],
    [3, dpmSolverPlusPlus({ ...short, order: 3 })],
    ...[dpmSolverSinglestep, dpmSolverPlusPlusSinglestep].flatMap((make) =>
      [2, 3].flatMap((order) => [false, true].map((taylor) => [order, make({ order, taylor })] as const)),
    ),
    [3, dpmSolverSinglestep({ inner: timePower })],
    [3, dpmSolverPlusPlusSinglestep({ order: 3, inner: timePower })],
  ];
  for (const [order, sampler] of samplers) {
    it(`${sampler.name} is of order ${order}`, () => assertOrder(sampler, order, { referenceSteps: 6_000 }));
  }

  it("with half of its second derivative, as released, order 3 is of order 2", async () => {
    const exact = await probabilityFlow(target, { noise, start: starts });
    for (const form of ["noise", "data"] as const) {
      const [released, right] = await Promise.all(
        [1, 2].map(async (d2Factor) => {
          const [coarse, fine] = await Promise.all(
            [80, 320].map(async (count) => {
              const times = timePower({ steps: count }).resolve(noise);
              const options = { noise, times, start: starts, form, order: 3, taylor: false, ...short };
              const states = await publishedStates(target, { ...options, d2Factor });
              return Math.hypot(...states.at(-1)!.map((value, at) => value - exact[at]!));
            }),
          );
          return Math.log(coarse! / fine!) / Math.log(4);
        }),
      );
      assert.ok(released! < 2.3 && right! > 2.8, `${form}: slopes ${released} and ${right}`);
    }
  });
});

describe("DPM-Solver, singlestep: how calls become steps", () => {
  it("all calls are used, in orders that never rise", () => {
    for (let calls = 1; calls <= 30; calls++) {
      for (const order of [1, 2, 3]) {
        const orders = singlestepOrders({ calls, order });
        assert.equal(
          orders.reduce((a, b) => a + b, 0),
          calls,
        );
        assert.ok(orders.every((own, i) => own >= 1 && own <= (orders[i - 1] ?? order)));
        // As published: floor(N / 3) + 1 steps, or N / 2 rounded up.
        const count = order === 3 ? Math.floor(calls / 3) + 1 : Math.ceil(calls / order);
        assert.equal(orders.length, count, `${calls} calls of order ${order}`);
      }
    }
    assert.deepEqual(singlestepOrders({ calls: 9, order: 3 }), [3, 3, 2, 1]);
    assert.throws(() => singlestepOrders({ calls: 0, order: 3 }), /calls = 0/);
    assert.throws(() => singlestepOrders({ calls: 6, order: 4 }), /order = 4/);
  });

  it("a budget of calls is kept, whatever the grid", async () => {
    for (const [calls, order] of [
      [10, 3],
      [11, 3],
      [12, 3],
      [7, 2],
    ] as const) {
      const schedule = singlestepTimes({ calls, order, grid: timePower });
      const fine = timePower({ steps: calls }).resolve(noise);
      const own = schedule.resolve(noise);
      assert.equal(own.length, schedule.steps + 1);
      assert.ok(own.every((t) => fine.includes(t)));
      const sampler = dpmSolverSinglestep({ order, calls });
      assert.equal((await sample(target, { noise, schedule, sampler })).calls, calls);
    }
  });

  it("a schedule of another number of steps is refused", async () => {
    const options = { noise, schedule: logSnr({ steps: 6 }) };
    await assert.rejects(
      sample(target, { ...options, sampler: dpmSolverSinglestep({ order: 3, calls: 10 }) }),
      /10 calls are 4 steps, of orders 3, 3, 3, 1, but the schedule has 6 steps/,
    );
  });
});

describe("DPM-Solver: what is refused", () => {
  it("orders, noise and ratios out of range", () => {
    for (const make of [dpmSolver, dpmSolverPlusPlus, dpmSolverSinglestep, dpmSolverPlusPlusSinglestep]) {
      for (const order of [0, 4, 1.5])
        assert.throws(() => make({ order }), /expected a whole number from 1 to 3/);
    }
    assert.throws(() => dpmSolver({ eta: -1 }), /eta = -1/);
    assert.throws(() => dpmSolverPlusPlus({ eta: Number.NaN }), /eta = NaN/);
    assert.throws(() => dpmSolverPlusPlusSde({ noiseScale: -1 }), /noiseScale = -1/);
    for (const ratio of [0, 1.1]) assert.throws(() => dpmSolverPlusPlusSde({ ratio }), /ratio = /);
  });
});
