/** Theta-trapezoidal and theta-RK-2: laws by enumeration, measured order, what they keep and call, and the contract. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  absorbing,
  constant,
  cosineNoise,
  jointTable,
  linear,
  type Noised,
  type Process,
  sample,
  totalVariation,
  uniform,
} from "../src/index.ts";
import { ordinal } from "../src/processes/ordinal.ts";
import { rateMatrix } from "../src/processes/rate-matrix.ts";
import { uniformProcess } from "../src/processes/uniform-process.ts";
import { euler } from "../src/samplers/euler.ts";
import { exponentialLeap, type Leap, linearLeap, rejectingLeap, summingLeap } from "../src/samplers/leap.ts";
import { exitBound } from "../src/samplers/reverse-rates.ts";
import { rk2Combination, thetaRk2 } from "../src/samplers/theta-rk2.ts";
import { thetaTrapezoidal, trapezoidalCombination } from "../src/samplers/theta-trapezoidal.ts";
import { close } from "./golden.ts";
import { hashed } from "./hashed.ts";
import { sampleLaw } from "./law.ts";
import { orders } from "./orders.ts";
import { contract } from "./sampler-contract.ts";
import { mildBits, twoBits } from "./small-laws.ts";
import { type Stages, stagedLaw, stagedStepLaw } from "./staged-law.ts";
import { lawAfter, lawAt, type Problem, stepLaw } from "./step-law.ts";

const exactly = { rel: 1e-11, abs: 1e-13 };
const uneven = Float64Array.of(0.05, 0.2, 0.1, 0.05, 0.05, 0.15, 0.1, 0.1, 0.2);

const methods = [
  { name: "theta-trapezoidal", make: thetaTrapezoidal, combine: trapezoidalCombination },
  { name: "theta-RK-2", make: thetaRk2, combine: rk2Combination },
];

describe("one step is the two leaps of the formula", () => {
  const processes: readonly Process[] = [absorbing({ vocabulary: 3 }), uniformProcess({ vocabulary: 3 })];
  for (const process of processes) {
    const problem: Problem = { joint: uneven, length: 2, process, noise: cosineNoise() };
    for (const { name, make, combine } of methods) {
      for (const leap of [exponentialLeap, rejectingLeap, linearLeap]) {
        it(`${name}, ${process.name} noise, ${leap.name} leap`, async () => {
          for (const theta of [0.5, 0.3, 0.8]) {
            const combination = { ...combine(theta), theta };
            for (const [t, s] of [
              [0.9, 0.7],
              [0.6, 0.1],
            ] as const) {
              const law = lawAt(problem, t);
              const found = await stepLaw(problem, make({ theta, leap }), { t, s, law });
              const wanted = await stagedStepLaw(problem, { leap, combination }, { t, s, law });
              close(found, wanted, exactly, `theta ${theta}, ${t} to ${s}`);
            }
          }
        });
      }
    }
  }

  it("theta-trapezoidal by jump, for numbers", async () => {
    const process = rateMatrix({ rates: [-1, 1, 0, 1, -2, 1, 0, 1, -1], ordered: true });
    const problem = {
      joint: Float64Array.of(0.2, 0.5, 0.3),
      length: 1,
      process,
      noise: constant({ sigmaMax: 1 }),
    };
    const combination = { ...trapezoidalCombination(0.5), theta: 0.5 };
    const step = { t: 0.4, s: 0.395, law: lawAt(problem, 0.4) };
    const wanted = await stagedStepLaw(problem, { leap: summingLeap, combination }, step);
    close(await stepLaw(problem, thetaTrapezoidal(), step), wanted, exactly);
  });
});

describe("order", () => {
  const span = { from: 0.9, to: 0.2 };
  /** Errors of the formulas, which the samplers were shown to follow step by step. */
  async function errorsOf(problem: Problem, stages: Stages, counts: readonly number[]): Promise<number[]> {
    const exact = lawAt(problem, span.to);
    const errors: number[] = [];
    for (const count of counts) {
      const grid = Array.from(
        { length: count + 1 },
        (_, i) => span.from - ((span.from - span.to) * i) / count,
      );
      errors.push(totalVariation(await stagedLaw(problem, stages, grid), exact));
    }
    return errors;
  }
  const trapezoidal = (theta = 0.5, leap: Leap = exponentialLeap): Stages => ({
    leap,
    combination: { ...trapezoidalCombination(theta), theta },
  });
  const rk2 = (theta: number): Stages => ({
    leap: exponentialLeap,
    combination: { ...rk2Combination(theta), theta },
  });
  const within = (errors: readonly number[], least: number, most: number): void => {
    for (const order of orders(errors)) {
      assert.ok(order > least && order < most, `errors ${errors}, orders ${orders(errors)}`);
    }
  };
  const processes: readonly Process[] = [absorbing({ vocabulary: 2 }), uniformProcess({ vocabulary: 2 })];

  for (const process of processes) {
    const mild: Problem = { joint: mildBits, length: 2, process, noise: linear() };
    const strong: Problem = { ...mild, joint: twoBits };

    it(`theta-trapezoidal is second order with ${process.name} noise where no rate is cut`, async () => {
      // Theta = 1/2 with uniform noise: the leading terms of the error nearly cancel until h is small.
      const half = process.mask === undefined ? [32, 64, 128] : [16, 32, 64];
      within(await errorsOf(mild, trapezoidal(), half), 1.7, 2.1);
      within(await errorsOf(mild, trapezoidal(1 / 3), [16, 32, 64]), 1.9, 2.1);
    });

    it(`the sampler theta-trapezoidal is, too, with ${process.name} noise`, async () => {
      const exact = lawAt(mild, span.to);
      const errors: number[] = [];
      for (const steps of [8, 16]) {
        const law = await lawAfter(mild, thetaTrapezoidal({ theta: 1 / 3 }), { ...span, steps });
        errors.push(totalVariation(law, exact));
      }
      within(errors, 1.8, 2.1);
    });

    it(`theta-trapezoidal is first order with ${process.name} noise where jumps halve other rates, and still best`, async () => {
      const errors = await errorsOf(strong, trapezoidal(), [16, 32]);
      within(errors, 0.9, 1.3);
      const [simple] = await errorsOf(strong, { leap: linearLeap }, [32]);
      assert.ok(errors[0]! < 0.6 * simple!, `${errors[0]} in 32 calls, euler ${simple}`);
    });

    it(`leaps that lose h^2 make theta-trapezoidal first order with ${process.name} noise`, async () => {
      within(await errorsOf(mild, trapezoidal(0.5, rejectingLeap), [32, 64]), 0.9, 1.1);
      within(await errorsOf(mild, trapezoidal(0.5, linearLeap), [32, 64]), 0.9, 1.1);
    });

    it(`theta-RK-2 is first order with ${process.name} noise: it starts again from the tokens at t`, async () => {
      for (const theta of [0.3, 0.5, 0.7]) within(await errorsOf(mild, rk2(theta), [16, 32, 64]), 0.9, 1.1);
    });
  }

  it("theta-trapezoidal by jump is second order on a line, where the ends are hardly met", async () => {
    const size = 11;
    const rates = Float64Array.from({ length: size * size }, (_, at) => {
      const x = Math.floor(at / size);
      const y = at % size;
      if (Math.abs(x - y) === 1) return 1;
      return x === y ? (x > 0 ? -1 : 0) - (x < size - 1 ? 1 : 0) : 0;
    });
    const bell = Float64Array.from({ length: size }, (_, x) => Math.exp(-((x - 5) ** 2) / 3));
    const total = bell.reduce((sum, value) => sum + value, 0);
    const problem: Problem = {
      joint: bell.map((value) => value / total),
      length: 1,
      process: rateMatrix({ rates, ordered: true }),
      noise: constant({ sigmaMax: 1 }),
    };
    const counts = [8, 16, 32];
    const two = await errorsOf(problem, trapezoidal(0.5, summingLeap), counts);
    const one = await errorsOf(problem, { leap: summingLeap }, counts);
    within(two, 1.8, 2.05);
    within(one, 0.95, 1.1); // tau-leaping
    assert.ok(two[0]! < one[2]! / 10, `${two} against ${one}`);
  });

  it("whole runs of a mask come closer at equal calls than euler", async () => {
    const denoiser = jointTable({ joint: mildBits, vocabulary: 2, length: 2 });
    const error = async (steps: number, sampler: ReturnType<typeof euler>): Promise<number> =>
      totalVariation(await sampleLaw(denoiser, { schedule: uniform({ steps }), sampler }), mildBits);
    for (const count of [2, 4]) {
      const two = await error(count, thetaTrapezoidal());
      const one = await error(2 * count, euler());
      assert.ok(two < one, `${count} steps: ${two}; euler with as many calls: ${one}`);
    }
  });
});

describe("rows that are read", () => {
  async function readRows(
    process: Process,
    steps: number,
    sampler: ReturnType<typeof euler>,
  ): Promise<{ calls: number; rows: number }> {
    const network = hashed({ vocabulary: 5, length: 64, timeFree: false });
    let rows = 0;
    const counting = {
      ...network,
      predict(input: Noised) {
        rows += input.wanted!.length;
        return network.predict(input);
      },
    };
    const { calls } = await sample(counting, { process, schedule: uniform({ steps }), sampler });
    return { calls, rows };
  }

  it("with a mask are those that may move, and a call that nobody waits for is not made", async () => {
    const process = absorbing({ vocabulary: 5 });
    assert.deepEqual((await readRows(process, 32, euler())).rows, 64);
    // Those that wait for the second call are read twice, some of them in vain.
    const some = await readRows(process, 32, thetaTrapezoidal());
    assert.ok(some.calls <= 64 && some.rows < 3 * 64, `${some.calls} calls, ${some.rows} rows`);
    const many = await readRows(process, 1000, thetaTrapezoidal());
    assert.ok(many.calls < 3 * 64 && many.rows < 3 * 64, `${many.calls} calls, ${many.rows} rows`);
  });

  it("with uniform noise are a part of all", async () => {
    const process = uniformProcess({ vocabulary: 5 });
    const one = await readRows(process, 32, euler());
    assert.equal(one.calls, 32);
    assert.ok(one.rows < 0.4 * 32 * 64, `${one.rows} rows in 32 calls of 64`);
    const two = await readRows(process, 32, thetaTrapezoidal());
    assert.ok(two.rows < 0.4 * 64 * 64, `${two.rows} rows in 64 calls of 64`);
  });

  it("are those a bound allows: no prediction has a greater rate", () => {
    const circle = rateMatrix({ rates: [-1.2, 1, 0.2, 0.2, -1.2, 1, 1, 0.2, -1.2] });
    for (const process of [absorbing({ vocabulary: 3 }), uniformProcess({ vocabulary: 3 }), circle]) {
      const noise = constant({ sigmaMax: 3 });
      const rates = new Float64Array(process.states);
      for (const t of [0.01, 0.3, 1]) {
        const bound = exitBound({ process, noise }, t);
        for (let x = 0; x < process.states; x++) {
          const totals = [0, 1, 2].map((x0) => {
            const p = new Float64Array(3);
            p[x0] = 1;
            process.reverseRatesInto(rates, x, p, noise, t);
            return rates.reduce((sum, rate) => sum + rate, 0);
          });
          const most = Math.max(...totals);
          assert.ok(bound(x) >= most, `${process.name}, token ${x} at ${t}: ${bound(x)} < ${most}`);
          if (process !== circle) close(bound(x), most, { rel: 1e-8, abs: 0 });
        }
      }
    }
  });
});

describe("refusals", () => {
  it("theta is in (0, 1), and leaps suit the process", () => {
    for (const theta of [0, 1, -1, Number.NaN]) {
      assert.throws(
        () => thetaTrapezoidal({ theta }),
        /thetaTrapezoidal: theta = .*; expected 0 < theta < 1/,
      );
      assert.throws(() => thetaRk2({ theta }), /thetaRk2: theta = .*; expected 0 < theta < 1/);
    }
    for (const { make } of methods) {
      assert.match(make({ leap: summingLeap }).refuses(absorbing({ vocabulary: 2 }))!, /are not numbers/);
      assert.equal(make().refuses(ordinal({ vocabulary: 2 })), undefined);
    }
  });
});

for (const { name, make } of methods) {
  for (const theta of [0.5, 0.7]) {
    const sampler = make({ theta });
    const title = `${name}, theta ${theta}`;
    contract(`${title}, absorbing`, { sampler, process: (vocabulary) => absorbing({ vocabulary }) });
    contract(`${title}, uniform`, { sampler, process: (vocabulary) => uniformProcess({ vocabulary }) });
    contract(`${title}, ordinal`, {
      sampler,
      process: (vocabulary) => ordinal({ vocabulary }),
      noises: [constant({ sigmaMax: 3 })],
      leastVocabulary: 2,
    });
  }
}
