/** The search for schedules against brute force, and what it reports of itself. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  bisectSchedule,
  chainSamples,
  confidence,
  findSchedules,
  goldenSection,
  informationCurve,
  markovChain,
  optimalSchedules,
  random,
  type Selector,
  scheduleCost,
  stratified,
} from "../src/index.ts";
import { countLists } from "./count-lists.ts";
import { close } from "./golden.ts";
import { sum } from "./sum.ts";

const exact = { rel: 1e-9, abs: 1e-12 };

const curves = fc.array(
  fc.oneof(
    fc.double({ min: 0, max: 5, noNaN: true }),
    // Ties, flat stretches and jumps.
    fc.constantFrom(0, 1, 1, 2, 1 + 1e-12, 1e-300, 1e6),
  ),
  { minLength: 1, maxLength: 8 },
);

describe("optimalSchedules", () => {
  it("finds the least cost of all schedules, for every number of steps (property)", () => {
    fc.assert(
      fc.property(curves, (curve) => {
        const found = optimalSchedules(curve, curve.length);
        assert.equal(found.length, curve.length);
        found.forEach(({ steps, counts, cost }, i) => {
          assert.equal(steps, i + 1);
          const least = Math.min(
            ...[...countLists(curve.length, steps)].map((each) => scheduleCost(curve, each)),
          );
          close(cost, least, { rel: 1e-12, abs: 1e-12 }, `${steps} steps`);
          close(
            scheduleCost(curve, counts),
            cost,
            { rel: 1e-12, abs: 1e-12 },
            `the counts of ${steps} steps`,
          );
          assertCounts(counts, curve.length, steps);
        });
      }),
      { numRuns: 300 },
    );
  });

  it("costs no more with more steps on a falling curve, and the area with one token a step", () => {
    const curve = Float64Array.from({ length: 256 }, (_, m) => 3 * Math.exp(-m / 20) + 0.01);
    const found = optimalSchedules(curve, 64);
    assert.equal(found.length, 64);
    found.forEach(({ counts, cost, steps }, i) => {
      assertCounts(counts, 256, steps);
      assert.ok(i === 0 || cost < found[i - 1]!.cost);
    });
    close(found[0]!.cost, 256 * curve[0]!, exact);
    close(optimalSchedules(curve.subarray(0, 20), 20)[19]!.cost, sum(curve.subarray(0, 20)), exact);
  });

  it("refuses numbers of steps and curves that cannot be", () => {
    for (const steps of [0, 4, 1.5, Number.NaN]) {
      assert.throws(() => optimalSchedules([1, 1, 1], steps), /steps for 3 tokens; expected from 1 to 3/);
    }
    assert.throws(
      () => optimalSchedules([1, Number.NaN], 1),
      /curve\[1\] = NaN; expected a finite number >= 0/,
    );
    assert.throws(() => optimalSchedules([1, -0.1], 1), /curve\[1\] = -0\.1; expected a finite number >= 0/);
  });
});

describe("bisectSchedule", () => {
  it("is the best single split, never better than the dynamic program, and leaves room (property)", () => {
    fc.assert(
      fc.property(curves, (curve) => {
        const best = optimalSchedules(curve, curve.length);
        for (let steps = 1; steps <= curve.length; steps *= 2) {
          const counts = bisectSchedule(curve, steps);
          assertCounts(counts, curve.length, steps);
          const cost = scheduleCost(curve, counts);
          const least = best[steps - 1]!.cost;
          assert.ok(cost >= least - 1e-9 * (1 + Math.abs(least)));
          if (steps <= 2) close(cost, least, { rel: 1e-9, abs: 1e-9 }, `${steps} steps`);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("refuses what is no power of 2, or too many", () => {
    for (const steps of [3, 6, 16]) {
      assert.throws(() => bisectSchedule([1, 1, 1, 1, 1, 1, 1, 1], steps), /expected a power of 2 up to 8/);
    }
    assert.throws(() => bisectSchedule([1, 1], 0), /steps = 0; expected a whole number >= 1/);
  });
});

describe("goldenSection", () => {
  it("finds the minimum of a valley within its tolerance, also of an asynchronous function", async () => {
    const valley = async (x: number) => (x - 0.3) ** 2;
    const { best, least, evaluated, asked } = await goldenSection(valley, [0, 1], { tolerance: 1e-4 });
    assert.ok(Math.abs(least - 0.3) < 1e-4 && Math.abs(best - 0.3) < 1e-4, `${least}, ${best}`);
    assert.deepEqual([evaluated[0]!.x, evaluated[2]!.x], [0, 1]);
    assert.ok(asked >= evaluated.length);
  });

  it("makes at most three evaluations and one an iteration", async () => {
    const { asked } = await goldenSection(Math.cos, [0, 6], { tolerance: 0, maxIterations: 7 });
    assert.equal(asked, 10);
  });

  it("refuses a function that is not a number somewhere", async () => {
    await assert.rejects(
      goldenSection(Math.sqrt, [-1, 1], { tolerance: 0.1 }),
      /f\(-1\) is NaN; expected a number/,
    );
  });
});

function assertCounts(counts: ArrayLike<number>, length: number, steps: number): void {
  const list = Array.from(counts);
  assert.equal(list.length, steps + 1);
  assert.deepEqual([list[0], list[steps]], [0, length]);
  assert.ok(
    list.every((count, i) => i === 0 || count > list[i - 1]!),
    String(list),
  );
}

/** A two-state chain of 96 tokens that tends to stay: cheap, and its curve bends. */
const chain = { initial: [0.5, 0.5], transition: [0.95, 0.05, 0.1, 0.9], length: 96 };

describe("informationCurve", () => {
  const denoiser = markovChain(chain);
  const data = chainSamples(chain, { count: 12 });

  it("is the same for a seed in any batch, and another for another seed", async () => {
    const curve = await informationCurve(denoiser, { data, batch: 1 });
    assert.deepEqual(await informationCurve(denoiser, { data, batch: 5 }), curve);
    assert.notDeepEqual(await informationCurve(denoiser, { data, batch: 5, seed: 1 }), curve);
  });

  it("sends levels times sequences through the model, and says so while it does", async () => {
    let sent = 0;
    const counted = {
      ...denoiser,
      predict: (input: Parameters<typeof denoiser.predict>[0]) => {
        sent += input.batch;
        return denoiser.predict(input);
      },
    };
    const told: { evaluations: number; total: number }[] = [];
    const { evaluations, counts, sequences, length } = await informationCurve(counted, {
      data,
      counts: [0, 10, 40],
      batch: 5,
      progress: (done) => told.push(done),
    });
    assert.deepEqual([evaluations, sent, sequences, length, counts], [36, 36, 12, 96, [0, 10, 40]]);
    assert.equal(told.length, 9);
    assert.deepEqual(told.at(-1), { evaluations: 36, total: 36 });
  });

  it("refuses data that are no whole sequences of clean tokens", async () => {
    await assert.rejects(
      informationCurve(denoiser, { data: data.subarray(1) }),
      /data has 1151 tokens; expected whole sequences of 96/,
    );
    await assert.rejects(
      informationCurve(denoiser, { data: data.map((token) => token + 1) }),
      /data\[\d+\] = 2; expected a clean token from 0 to 1/,
    );
  });
});

describe("findSchedules", () => {
  const denoiser = markovChain(chain);
  const data = chainSamples(chain, { count: 4 });
  const selector = random();

  it("takes one curve for any number of steps, at least 50 times cheaper than the published search to 64", async () => {
    const steps = [1, 2, 4, 8, 16, 32, 64];
    const optimal = await findSchedules(denoiser, { steps, selector, data });
    assert.equal(optimal.evaluations, optimal.curve!.counts.length * 4);
    assert.equal(optimal.publishedEvaluations, undefined);
    const published = await findSchedules(denoiser, { steps, method: "jys", selector, data });
    const ratio = published.publishedEvaluations! / optimal.evaluations;
    assert.ok(ratio >= 50, `${published.publishedEvaluations} / ${optimal.evaluations} = ${ratio}`);
    assert.ok(published.evaluations < published.publishedEvaluations!);
    const bisected = await findSchedules(denoiser, { steps, method: "bisect", selector, data });
    assert.equal(bisected.evaluations, optimal.evaluations);
    steps.forEach((n, i) => {
      const [found, jys, bisect] = [optimal, published, bisected].map(({ schedules }) => schedules[i]!);
      assert.ok("counts" in found!.values && "counts" in bisect!.values && "times" in jys!.values);
      assertCounts(found!.values.counts, 96, n);
      assertCounts(bisect!.values.counts, 96, n);
      assert.equal(jys!.values.times.length, n + 1);
      assert.deepEqual(
        [found, jys, bisect].map((each) => each!.schedule.steps),
        [n, n, n],
      );
      // The same paths predict all three, and the dynamic program has the least cost on them.
      for (const other of [jys!, bisect!]) {
        assert.ok(found!.predictedNats!.value <= other.predictedNats!.value + 1e-9);
      }
    });
  });

  it("keeps equal counts in stratified order unless its own are clearly better", async () => {
    const { schedules } = await findSchedules(denoiser, {
      steps: [2, 8],
      selector: stratified(),
      data: chainSamples(chain, { count: 16 }),
    });
    const [few, many] = schedules;
    assert.equal(few!.schedule.name, "optimal");
    assert.notDeepEqual(few!.values, { counts: [0, 48, 96] });
    assert.equal(many!.schedule.name, "uniform");
    assert.deepEqual(many!.values, { counts: [0, 12, 24, 36, 48, 60, 72, 84, 96] });
  });

  it("predicts nothing for a selector that reads predictions, nor where it is told not to measure", async () => {
    const nats = async (options: { selector: Selector; predictSequences?: number }) =>
      (await findSchedules(denoiser, { steps: [4], data, ...options })).schedules[0]!.predictedNats;
    assert.equal(await nats({ selector: confidence() }), undefined);
    assert.equal(await nats({ selector: stratified(), predictSequences: 0 }), undefined);
    assert.ok((await nats({ selector: stratified() }))!.standardError > 0);
  });

  it("refuses numbers of steps that cannot be", async () => {
    for (const steps of [[], [0], [97], [2.5]]) {
      await assert.rejects(
        findSchedules(denoiser, { steps, selector, data }),
        /^RangeError: findSchedules: /,
      );
    }
    await assert.rejects(
      findSchedules(denoiser, { steps: [3, 4], method: "jys", selector, data }),
      /jys makes powers of 2 only; got steps = 3/,
    );
    await assert.rejects(
      findSchedules(denoiser, { steps: [6], method: "bisect", selector, data }),
      /expected a power of 2/,
    );
  });
});
