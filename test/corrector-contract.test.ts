/** The contract of the sampling loop with correctors. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Corrector } from "../src/correctors/corrector.ts";
import { lowConfidence, lowMargin, lowProbability } from "../src/correctors/doubt.ts";
import { forwardBackward } from "../src/correctors/forward-backward.ts";
import { informed } from "../src/correctors/informed.ts";
import { looGibbs } from "../src/correctors/loo-gibbs.ts";
import { absorbing, cosine, counts, type Denoiser, sample, times, uniform } from "../src/index.ts";
import { ordinal } from "../src/processes/ordinal.ts";
import { uniformProcess } from "../src/processes/uniform-process.ts";
import { summingLeap } from "../src/samplers/leap.ts";
import { hashed } from "./hashed.ts";
import { states } from "./states.ts";
import { watched } from "./watched.ts";

describe("the contract of correctors", () => {
  const masked: readonly Corrector[] = [
    informed(),
    informed({ pool: 1 }),
    informed({ count: 3, steps: 2, doubt: lowProbability() }),
    informed({ count: 100, pool: 200 }),
    forwardBackward(),
    forwardBackward({ steps: 3, size: 1.5, entry: 0.5 }),
  ];
  const others: readonly Corrector[] = [
    looGibbs(),
    looGibbs({ count: 3, steps: 2 }),
    looGibbs({ count: 2, doubt: lowMargin() }),
    looGibbs({ count: 100, doubt: lowConfidence({ temperature: 0.1 }) }),
    forwardBackward(),
    forwardBackward({ steps: 2, size: 1.5, entry: 0.5 }),
  ];
  const pairs = [
    ...masked.map((corrector) => ({ corrector, process: absorbing })),
    ...others.map((corrector) => ({ corrector, process: uniformProcess })),
    ...others.map((corrector) => ({
      corrector,
      process: ({ vocabulary }: { vocabulary: number }) =>
        ordinal({ vocabulary: Math.max(2, vocabulary), rateSigma: 1, qSigma: 4 }),
    })),
  ];
  const schedules = [
    uniform({ steps: 1 }),
    uniform({ steps: 4 }),
    cosine({ steps: 3 }),
    counts([0, 2, 3, 7]),
  ];
  const given = [-1, 2, -1, -1, 0, -1, -1, -1];

  pairs.forEach(({ corrector, process: make }, index) => {
    const process = make({ vocabulary: 3 });
    const denoiser = hashed({ vocabulary: 3, length: 8, timeFree: index % 2 === 0, single: index % 3 > 0 });
    it(`${index}: ${corrector.name}, ${process.name}: rows keep to themselves, runs resume, given tokens stay`, async () => {
      for (const schedule of schedules) {
        const options = { schedule, process, corrector, given, seed: 3 };
        const counting = watched(denoiser, { process, revises: true });
        const run = await states(counting, { ...options, count: 5 });
        const last = run[run.length - 1]!;
        assert.equal(last.calls, counting.seen.calls);
        assert.ok(
          last.calls <= schedule.steps + (schedule.steps - 1) * corrector.calls,
          `${last.calls} calls of ${schedule.steps} steps`,
        );
        for (const { tokens } of run) {
          tokens.forEach((token, at) => {
            if (given[at % 8]! >= 0) assert.equal(token, given[at % 8]);
          });
        }
        assert.ok(last.tokens.every((token) => token >= 0 && token < 3));
        const whole = await sample(denoiser, { ...options, count: 5, batch: 5 });
        assert.deepEqual(whole.tokens, last.tokens);
        const single = await sample(denoiser, { ...options, count: 5, batch: 1 });
        assert.deepEqual(single.tokens, last.tokens);
        const part = await sample(denoiser, { ...options, firstRow: 3, count: 2 });
        assert.deepEqual(part.tokens, last.tokens.slice(24));
        for (const state of run) {
          const rest = await states(denoiser, { ...options, count: 5, from: structuredClone(state) });
          assert.deepEqual(rest[rest.length - 1]!.tokens, last.tokens, `resumed from ${state.index}`);
        }
      }
    });
  });

  it("small vocabularies and lengths, and everything given, work", async () => {
    for (const { corrector, process: make } of pairs) {
      for (const vocabulary of [1, 2]) {
        const process = make({ vocabulary });
        for (const length of [1, 2]) {
          const denoiser = hashed({ vocabulary: process.vocabulary, length });
          const options = { schedule: uniform({ steps: 3 }), process, corrector, count: 2 };
          const { tokens } = await sample(denoiser, options);
          assert.ok(tokens.every((token) => token >= 0 && token < process.vocabulary));
          const all = new Int32Array(length);
          assert.deepEqual((await sample(denoiser, { ...options, given: all })).tokens.subarray(length), all);
        }
      }
    }
  });

  it("NaN of the model is refused", async () => {
    for (const { corrector, process: make } of pairs) {
      const process = make({ vocabulary: 3 });
      const good = hashed({ vocabulary: 3, length: 4, timeFree: false, single: false });
      let calls = 0;
      const failing: Denoiser = {
        ...good,
        async predict(input) {
          const { data, width } = await good.predict(input);
          // The first call is the sampler's, the next the corrector's.
          return { data: calls++ > 0 ? data.map(() => Number.NaN) : data, width };
        },
      };
      const run = sample(failing, { schedule: times([1, 0.4, 0]), process, corrector });
      await assert.rejects(run, /contain NaN/);
    }
  });

  it("refuses what it cannot correct with a sentence", async () => {
    const schedule = uniform({ steps: 2 });
    const denoiser = hashed({ vocabulary: 3, length: 4 });
    await assert.rejects(
      sample(denoiser, { schedule, corrector: looGibbs() }),
      /sample: the corrector loo-gibbs cannot run on the process absorbing: .*use the corrector informed/,
    );
    await assert.rejects(
      sample(denoiser, { schedule, process: uniformProcess({ vocabulary: 3 }), corrector: informed() }),
      /sample: the corrector informed cannot run on the process uniform: .*use the corrector loo-gibbs/,
    );
    await assert.rejects(
      sample(denoiser, { schedule, corrector: forwardBackward({ leap: summingLeap }) }),
      /sample: the corrector forward-backward was given the leap summing, .*are not numbers/,
    );
  });

  it("refuses options out of range with a sentence", () => {
    for (const value of [0, 1.5, Number.NaN, -2]) {
      assert.throws(() => looGibbs({ count: value }), /looGibbs: count = .*expected a whole number >= 1/);
      assert.throws(() => looGibbs({ steps: value }), /looGibbs: steps = .*expected a whole number >= 1/);
      assert.throws(() => informed({ count: value }), /informed: count = .*expected a whole number >= 1/);
      assert.throws(() => informed({ steps: value }), /informed: steps = .*expected a whole number >= 1/);
      assert.throws(() => informed({ pool: value }), /informed: pool = .*expected a whole number >= 1/);
      assert.throws(() => forwardBackward({ steps: value }), /forwardBackward: steps = .*expected/);
    }
    for (const value of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.throws(() => forwardBackward({ size: value }), /forwardBackward: size = .*expected/);
      assert.throws(() => forwardBackward({ entry: value }), /forwardBackward: entry = .*expected/);
    }
  });
});
