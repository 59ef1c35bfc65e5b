/** The DEIS family: known end points, identities, exactly solvable flow, orders of convergence. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type Denoiser,
  ddim,
  deisLogRho,
  deisRhoAb,
  deisTab,
  edmDpm2,
  edmEuler,
  edmHeun,
  gaussianMixture,
  ipndm,
  logSnr,
  type Noise,
  polynomial,
  rhoAt,
  rhoRungeKutta,
  type Sampler,
  type Schedule,
  sample,
  tableaus,
  timePower,
  times,
  timeUniform,
  varianceExploding,
  vpLinear,
} from "../../src/continuous/index.ts";
import { close } from "../golden.ts";
import { endsOf, noise, starts, target } from "./bench.ts";
import { assertOrder, exactStart, fittedOrder } from "./slope.ts";

const known = { abs: 1e-8, rel: 0 };
const same = { abs: 1e-10, rel: 1e-10 };

const quadratic = timePower({ steps: 10 });
const short = timePower({ steps: 5 });
const even = timeUniform({ steps: 10 });

/** Variance exploding, and start points there. */
const explode = varianceExploding({ sigmaMin: 0.01, sigmaMax: 40 });
const wide = [20, -10, -8, 30];

async function ends(
  sampler: Sampler,
  {
    noise: own = noise,
    schedule = quadratic,
    start = starts,
  }: { noise?: Noise; schedule?: Schedule; start?: readonly number[] } = {},
): Promise<Float64Array> {
  return (await sample(target, { noise: own, schedule, sampler, start, count: start.length / 2 })).x;
}

describe("DEIS: known end points", () => {
  const rows: [string, Sampler, Schedule, number[]][] = [
    [
      "tAB0",
      deisTab({ order: 0 }),
      quadratic,
      [2.083667230341, -0.16371939685, -0.430254143361, 1.349196297902],
    ],
    [
      "tAB1",
      deisTab({ order: 1 }),
      quadratic,
      [2.136183489253, -0.173542385449, -0.548126724217, 1.457459174477],
    ],
    [
      "tAB2",
      deisTab({ order: 2 }),
      quadratic,
      [2.14787054895, -0.178248449008, -0.57607010057, 1.483877239104],
    ],
    ["tAB3", deisTab(), quadratic, [2.151102581457, -0.180234247961, -0.582670922373, 1.490811580692]],
    [
      "rhoAB1",
      deisRhoAb({ order: 1 }),
      quadratic,
      [2.119009929362, -0.173062312559, -0.503069949177, 1.419419357636],
    ],
    [
      "rhoAB2",
      deisRhoAb({ order: 2 }),
      quadratic,
      [2.125517194977, -0.177431199548, -0.510587539257, 1.429941749124],
    ],
    ["rhoAB3", deisRhoAb(), quadratic, [2.127352505015, -0.179417835202, -0.50924153586, 1.43101829924]],
    [
      "log rho, 2 predictions",
      deisLogRho({ order: 1 }),
      quadratic,
      [2.1443608942, -0.1838630165, -0.5388292671, 1.4602990587],
    ],
    [
      "log rho, 3 predictions",
      deisLogRho(),
      quadratic,
      [2.1510734902, -0.1910166209, -0.5420278645, 1.4676612426],
    ],
    [
      "rhoRK heun",
      rhoRungeKutta(tableaus.heun),
      short,
      [2.528264215334, -0.271523953565, -1.013715839029, 1.997635343314],
    ],
    [
      "rhoRK kutta",
      rhoRungeKutta(tableaus.kutta),
      short,
      [2.168885286306, -0.191366077834, -0.629781934076, 1.537568164198],
    ],
    [
      "rhoRK rk4",
      rhoRungeKutta(tableaus.rk4),
      short,
      [2.217024703533, -0.197407481079, -0.682804658343, 1.593461593537],
    ],
    ["iPNDM4", ipndm(), even, [2.159118636702, -0.142337001555, -0.486454777269, 1.450588124014]],
  ];
  for (const [name, sampler, schedule, expected] of rows) {
    it(name, async () => close(await endsOf(sampler, schedule), expected, known, name));
  }
});

describe("DEIS: identities", () => {
  const settings = [
    { where: "VP", noise, schedule: quadratic, start: starts },
    { where: "VE", noise: explode, schedule: polynomial({ steps: 10 }), start: wide },
    {
      where: "VP to the clean end",
      noise,
      schedule: times({ times: [1, 0.6, 0.2, 0.05, 0] }),
      start: starts,
    },
    { where: "VE to sigma 0", noise: explode, schedule: times({ times: [40, 9, 2, 0.3, 0] }), start: wide },
  ];

  /** Euler on v = x / alpha in rho, row by row. */
  async function eulerInRho({ noise: own, schedule, start }: (typeof settings)[number]): Promise<number[]> {
    const at = schedule.resolve(own);
    let v = start.map((value) => value / own.alpha(at[0]!));
    for (let i = 0; i + 1 < at.length; i++) {
      const t = at[i]!;
      const [alpha, sigma] = [own.alpha(t), own.sigma(t)];
      const eps = [0, 1].flatMap((row) => {
        const x = Float64Array.from(v.slice(2 * row, 2 * row + 2), (value) => alpha * value);
        return Array.from(target.score(x, { alpha, sigma }), (score) => -sigma * score);
      });
      const next = own.sigma(at[i + 1]!) / own.alpha(at[i + 1]!);
      v = v.map((value, d) => value + (next - sigma / alpha) * eps[d]!);
    }
    return v.map((value) => own.alpha(at.at(-1)!) * value);
  }

  for (const setting of settings) {
    it(`${setting.where}: one method of first order`, async () => {
      const plain = await eulerInRho(setting);
      for (const sampler of [
        ddim(),
        deisTab({ order: 0 }),
        deisRhoAb({ order: 0 }),
        deisLogRho({ order: 0 }),
        rhoRungeKutta(tableaus.euler),
        ipndm({ order: 1 }),
        edmEuler(),
      ]) {
        close(await ends(sampler, setting), plain, same, sampler.name);
      }
    });

    it(`${setting.where}: Heun is Heun, and DPM-Solver-2 with its second call at the end`, async () => {
      const heun = await ends(rhoRungeKutta(tableaus.heun), setting);
      close(await ends(edmHeun(), setting), heun, same, "edm-heun");
      close(await ends(edmDpm2({ ratio: 1 }), setting), heun, same, "edm-dpm-2");
    });
  }

  it("VE: a polynomial in time is one in rho, unless the time of another noise is meant", async () => {
    const options = { noise: explode, schedule: polynomial({ steps: 10 }), start: wide };
    const rho = await ends(deisRhoAb(), options);
    close(await ends(deisTab(), options), rho, same, "tAB");
    // The same model in VP: times of the same rho, x times alpha. There the polynomial is in VP's time.
    const vp = vpLinear();
    const at = options.schedule.resolve(explode).map((sigma) => vp.timeAt(-Math.log(sigma)));
    const scaled = await ends(deisTab(), {
      noise: vp,
      schedule: times({ times: at }),
      start: wide.map((value) => vp.alpha(at[0]!) * value),
    });
    const own = await ends(deisTab({ clock: vp }), options);
    close(
      own,
      scaled.map((value) => value / vp.alpha(at.at(-1)!)),
      same,
      "tAB in VP's time",
    );
    assert.ok(Math.abs(own[0]! - rho[0]!) > 1e-3);
  });

  it("where rho falls evenly iPNDM is rhoAB", async () => {
    const options = { noise: explode, schedule: timeUniform({ steps: 12 }), start: wide };
    for (const order of [1, 2, 3, 4]) {
      const [constant, uneven] = [ipndm({ order }), deisRhoAb({ order: order - 1 })];
      close(
        await ends(constant, options),
        await ends(uneven, options),
        { abs: 1e-9, rel: 1e-9 },
        `order ${order}`,
      );
    }
  });

  it("a stage at the end of a step is asked for at the very time, for models that know few", async () => {
    const asked: number[] = [];
    const watched: Denoiser = {
      dimension: 2,
      predict(input) {
        asked.push(input.time[0]!);
        return target.predict(input);
      },
    };
    const sampler = rhoRungeKutta(tableaus.heun);
    await sample(watched, { noise, schedule: quadratic, sampler, start: starts, count: 2 });
    const at = Array.from(quadratic.resolve(noise));
    assert.deepEqual(
      asked,
      at.slice(1).flatMap((s, i) => [at[i]!, s]),
    );
  });

  it("more predictions, closer to the flow", async () => {
    const flow = [2.159810047299, -0.18532831404, -0.611838199854, 1.512823031223];
    const errors: number[] = [];
    for (const order of [0, 1, 2, 3]) {
      const x = await ends(deisTab({ order }));
      errors.push(Math.hypot(...x.map((value, at) => value - flow[at]!)));
    }
    assert.deepEqual(
      errors,
      errors.slice().sort((a, b) => b - a),
    );
  });
});

describe("DEIS: a single Gaussian", () => {
  // x / alpha - mean grows as sqrt(deviation^2 + rho^2).
  const [mean, deviation] = [0.7, 0.4];
  const line = gaussianMixture({ weights: [1], means: [[mean]], deviations: [deviation] });

  for (const [own, schedule, start] of [
    [noise, logSnr({ steps: 400 }), 1.3],
    [explode, polynomial({ steps: 400 }), -25],
  ] as const) {
    it(`${own.name}: the closed form`, async () => {
      const at = schedule.resolve(own);
      const [first, last] = [at[0]!, at.at(-1)!];
      const spread = (t: number): number => Math.hypot(deviation, rhoAt(own, t));
      const away = (start / own.alpha(first) - mean) * (spread(last) / spread(first));
      const exact = own.alpha(last) * (mean + away);
      for (const [sampler, tolerance] of [
        [rhoRungeKutta(tableaus.rk4), 1e-8],
        [rhoRungeKutta(tableaus.kutta), 1e-6],
        [deisTab(), 1e-4],
        [deisRhoAb(), 1e-4],
        [deisLogRho(), 1e-4],
        [edmDpm2(), 1e-3],
        [ipndm(), 1e-3],
      ] as const) {
        const { x } = await sample(line, { noise: own, schedule, sampler, start: [start] });
        close(x, [exact], { abs: tolerance, rel: 0 }, sampler.name);
      }
    });
  }
});

describe("DEIS: order of convergence", () => {
  for (const tableau of Object.values(tableaus)) {
    it(`rhoRK ${tableau.name}`, () => assertOrder(rhoRungeKutta(tableau), tableau.order, { within: 0.1 }));
  }
  // From exact first steps, for DDIM's first step leaves an error of second order, however small.
  for (const order of [0, 1, 2, 3]) {
    const from = (sampler: Sampler): Sampler => exactStart(sampler, { first: order });
    it(`tAB${order}`, () => assertOrder(from(deisTab({ order })), order + 1));
    it(`log rho, order ${order}`, () => assertOrder(from(deisLogRho({ order })), order + 1));
    it(`rhoAB${order}`, async () => {
      await assertOrder(from(deisRhoAb({ order })), order + 1, { within: 0.4 });
      // rho falls from 152 to 0.01: it takes more steps until the order is seen.
      await assertOrder(from(deisRhoAb({ order })), order + 1, { counts: [160, 320, 640, 1280] });
    });
  }
  it("tAB as it is, with its own first steps", async () => {
    await assertOrder(deisTab({ order: 1 }), 2, { within: 0.1 });
    await assertOrder(deisTab({ order: 2 }), 3, { within: 0.15 });
    await assertOrder(deisTab({ order: 3 }), 4, { within: 0.6 });
  });

  it("tAB on times even in t: rho grows like the root of t at the end, and no order is seen", async () => {
    const { order } = await fittedOrder(deisTab(), { scheduleOf: (steps) => timeUniform({ steps }) });
    assert.ok(order < 1, `${order}`);
  });

  it("iPNDM: of its own order where rho falls evenly, else of second", async () => {
    const steady = {
      noise: varianceExploding({ sigmaMin: 0.3, sigmaMax: 8 }),
      start: [5, -3, -4, 2],
      scheduleOf: (steps: number) => timeUniform({ steps }),
    };
    for (const order of [1, 2, 4]) {
      const sampler = exactStart(ipndm({ order }), { first: order - 1 });
      await assertOrder(sampler, order, steady);
    }
    for (const order of [2, 3, 4]) {
      await assertOrder(ipndm({ order }), 2, { counts: [160, 320, 640, 1280] });
    }
  });
});

describe("DEIS: what is refused", () => {
  it("orders that there are not", () => {
    for (const order of [-1, 4, 1.5, Number.NaN]) {
      assert.throws(() => deisTab({ order }), /deis-tab: order = .*; expected a whole number from 0 to 3/);
      assert.throws(() => deisRhoAb({ order }), /deis-rho-ab: order/);
      assert.throws(() => deisLogRho({ order }), /deis-log-rho: order/);
    }
    for (const order of [0, 5]) assert.throws(() => ipndm({ order }), /ipndm: order = .* from 1 to 4/);
  });
});
