/** UniPC: known answers, what it is exact for, what it equals, its orders. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  bh1,
  bh2,
  dataForm,
  ddim,
  type Levels,
  logSnr,
  type Noise,
  noiseForm,
  polynomial,
  type State,
  sample,
  steps,
  timePower,
  times,
  timeUniform,
  type UniPcOptions,
  uniPc,
  varianceExploding,
  vpCosine,
} from "../../src/continuous/index.ts";
import { uniPcUpdate } from "../../src/continuous/samplers/unipc-update.ts";
import { close } from "../golden.ts";
import { endsOf, noise, starts, target } from "./bench.ts";
import { assertOrder } from "./slope.ts";

const forms = [dataForm, noiseForm];
const weights = [bh1, bh2];

describe("UniPC: known answers of the shared problem", () => {
  const known: readonly [string, UniPcOptions, ReturnType<typeof logSnr>, number[]][] = [
    [
      "order 3, bh1, 10 steps even in time",
      { order: 3, weight: bh1 },
      timeUniform({ steps: 10 }),
      [2.128598563044, -0.11023586729, -0.86271519574, 1.628622499711],
    ],
    [
      "order 2, bh2, 10 steps even in time",
      { order: 2, weight: bh2 },
      timeUniform({ steps: 10 }),
      [2.120990753568, -0.115080539362, -0.78633069219, 1.578234701861],
    ],
    [
      "order 3, bh1, 10 steps even in lambda",
      { order: 3, weight: bh1 },
      logSnr({ steps: 10 }),
      [2.082950877292, -0.209942735498, -0.586748818244, 1.49594799924],
    ],
    [
      "order 2, bh2, 10 steps even in lambda",
      {},
      logSnr({ steps: 10 }),
      [2.202068916521, -0.179325502119, -0.617193117438, 1.553257758695],
    ],
    [
      "order 3, bh1, 5 steps even in time",
      { order: 3, weight: bh1 },
      timeUniform({ steps: 5 }),
      [2.077685747293, -0.095883466861, -0.611624629425, 1.428462922614],
    ],
  ];
  for (const [name, options, schedule, ends] of known) {
    it(name, async () => {
      close(await endsOf(uniPc(options), schedule), ends, { abs: 1e-8, rel: 0 }, "ends");
    });
  }
});

describe("UniPC: identities", () => {
  const problems: readonly [Noise, ReturnType<typeof logSnr>][] = [
    [noise, timePower({ steps: 9 })],
    [vpCosine(), logSnr({ steps: 9 })],
    [varianceExploding({ sigmaMax: 10 }), polynomial({ steps: 9 })],
  ];
  for (const [own, schedule] of problems) {
    it(`order 1 without corrector is DDIM on ${own.name}`, async () => {
      const run = { noise: own, schedule, count: 8, seed: 3 };
      const { x } = await sample(target, { ...run, sampler: ddim() });
      for (const form of forms) {
        const { x: same } = await sample(target, {
          ...run,
          sampler: uniPc({ order: 1, corrector: false, form }),
        });
        close(same, x, { abs: 1e-10, rel: 1e-10 }, `${form.name} form`);
      }
    });
  }

  it("no step corrected is no corrector", async () => {
    const schedule = timePower({ steps: 6 });
    const without = await endsOf(uniPc({ corrector: false }), schedule);
    assert.deepEqual(await endsOf(uniPc({ uncorrected: [0, 1, 2, 3, 4] }), schedule), without);
    assert.notDeepEqual(await endsOf(uniPc({ uncorrected: [0, 1, 2, 3] }), schedule), without);
  });

  it("N calls for N steps, the last point uncorrected", async () => {
    const all: State[] = [];
    const run = {
      noise,
      schedule: timePower({ steps: 6 }),
      sampler: uniPc({ order: 3 }),
      start: starts,
      count: 2,
    };
    for await (const state of steps(target, run)) all.push(state);
    assert.deepEqual(
      all.map(({ calls }) => calls),
      [0, 1, 2, 3, 4, 5, 6],
    );
    assert.deepEqual(Object.keys(all[6]!.memory).sort(), [
      "corrected",
      "times",
      "value0",
      "value1",
      "value2",
    ]);
    // Corrected from the second step on.
    assert.deepEqual(all[1]!.memory["corrected"], all[0]!.x);
    assert.notDeepEqual(all[2]!.memory["corrected"], all[1]!.x);
  });

  it("a step to the clean end is x0, whatever the order", async () => {
    const schedule = times({ times: [1, 0.6, 0.3, 0.1, 0] });
    for (const form of forms) {
      const all: State[] = [];
      const sampler = uniPc({ order: 3, form, lowerOrderFinal: false });
      for await (const state of steps(target, { noise, schedule, sampler, start: starts, count: 2 }))
        all.push(state);
      const { memory, x } = all[4]!;
      const levels: Levels = { alpha: noise.alpha(0.1), sigma: noise.sigma(0.1) };
      close(x, form.clean(memory["corrected"]!, memory["value0"]!, levels), { abs: 1e-14, rel: 1e-14 });
    }
  });
});

describe("UniPC: what an update is exact for", () => {
  // x_s = kept x + alpha_s integral of e^-(lambda_s - lambda) x0(lambda), or - sigma_s that of e^(lambda_s - lambda) eps: by
  // Simpson's rule.
  const [s, nodes] = [0.25, [0.4, 0.55, 0.8]];
  const exactUpdate = (m: (lambda: number) => number, x: number, form: typeof dataForm): number => {
    const [from, to] = [nodes[0]!, s].map((t) => ({ alpha: noise.alpha(t), sigma: noise.sigma(t) }));
    const [low, high] = [noise.lambda(nodes[0]!), noise.lambda(s)];
    const { kept, rate } = form.coefficients({ from: from!, to: to!, h: high - low, eta: 0 });
    const panels = 2000;
    let integral = 0;
    for (let i = 0; i <= panels; i++) {
      const lambda = low + ((high - low) * i) / panels;
      const weight = i === 0 || i === panels ? 1 : i % 2 === 1 ? 4 : 2;
      integral += weight * Math.exp(rate * (high - lambda)) * m(lambda);
    }
    integral *= (high - low) / panels / 3;
    return kept * x + (form === dataForm ? to!.alpha : -to!.sigma) * integral;
  };
  for (const form of forms) {
    for (const weight of weights) {
      const updated = (m: (lambda: number) => number, order: number, corrected: boolean): number => {
        const at = (t: number) => ({ t, value: Float64Array.of(m(noise.lambda(t))) });
        const buffer = nodes.map(at);
        const x = Float64Array.of(0.7);
        const latest = corrected ? { latest: at(s) } : {};
        return uniPcUpdate({ noise, form, weight, order, x, s, buffer, ...latest })[0]!;
      };
      const powers = [() => 1, (l: number) => l, (l: number) => l * l, (l: number) => l ** 3];
      it(`${weight.name}, ${form.name} form: a prediction that is a polynomial in lambda`, () => {
        for (const [order, corrected, degree] of [
          [1, false, 0],
          [3, false, 2],
          [2, true, 2],
          [3, true, 3],
        ] as const) {
          for (let k = 0; k <= degree; k++) {
            const where = `order ${order}, ${corrected ? "corrected" : "predicted"}, degree ${k}`;
            close(
              updated(powers[k]!, order, corrected),
              exactUpdate(powers[k]!, 0.7, form),
              { abs: 1e-11, rel: 1e-11 },
              where,
            );
          }
          if (degree < 3) {
            const off =
              updated(powers[degree + 1]!, order, corrected) - exactUpdate(powers[degree + 1]!, 0.7, form);
            assert.ok(Math.abs(off) > 1e-4, `order ${order}: exact for degree ${degree + 1} too`);
          }
        }
      });
    }
  }
});

describe("UniPC: orders on times even in lambda", () => {
  const shared = {
    scheduleOf: (count: number) => logSnr({ steps: count }),
    counts: [80, 160, 320, 640],
    referenceSteps: 8000,
    start: starts.slice(0, 2),
    within: 0.2,
  };
  for (const form of forms) {
    for (const weight of weights) {
      for (const order of [1, 2, 3]) {
        for (const corrector of [false, true]) {
          const expected = order + (corrector ? 1 : 0);
          it(`${weight.name} of order ${order}, ${form.name} form, ${corrector ? "corrected" : "not corrected"}: ${expected}`, async () => {
            const sampler = uniPc({ order, weight, form, corrector, lowerOrderFinal: false });
            await assertOrder(sampler, expected, shared);
          });
        }
      }
    }
  }

  it("the lowered last step leaves an error of order 2, seen at hundreds of steps", async () => {
    await assertOrder(uniPc({ order: 3 }), 2, { ...shared, counts: [320, 640, 1280] });
  });
});

describe("UniPC: what it refuses", () => {
  it("orders and steps that are none", () => {
    assert.throws(() => uniPc({ order: 4 }), /order = 4; expected a whole number from 1 to 3/);
    assert.throws(() => uniPc({ order: 1.5 }), RangeError);
    assert.throws(() => uniPc({ uncorrected: [0, -1] }), /uncorrected has -1/);
  });
});
