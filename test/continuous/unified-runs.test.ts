/** The unified framework: expansions by empirical statistics, and what a run of decisions promises. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  analyticFirstStep,
  averageX0,
  bh1Relaxation,
  bh2Relaxation,
  type Decision,
  dataExpansion,
  decidedCalls,
  decisionsOf,
  type EmpiricalStatistics,
  type Expansion,
  empiricalExpansion,
  noiseExpansion,
  type State,
  sample,
  steps,
  timePower,
  times,
  timeUniform,
  unified,
} from "../../src/continuous/index.ts";
import { phi } from "../../src/continuous/samplers/phi.ts";
import { logSnr } from "../../src/continuous/schedules/even-times.ts";
import { close } from "../golden.ts";
import { noise, starts, target } from "./bench.ts";

const identity = { abs: 1e-10, rel: 1e-10 };

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
