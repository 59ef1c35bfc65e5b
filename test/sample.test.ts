/** The contract of the sampling loop, over selectors x schedules x denoisers. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  ancestral,
  cosine,
  cosineNoise,
  counts,
  type Denoiser,
  jointTable,
  linear,
  markovChain,
  philox,
  sample,
  times,
  uniform,
} from "../src/index.ts";
import { hashed } from "./hashed.ts";
import { sequenceAt } from "./law.ts";
import { models, selectors } from "./loop-table.ts";
import { chain } from "./small-laws.ts";
import { states } from "./states.ts";
import { watched } from "./watched.ts";

const table = Float64Array.from({ length: 3 ** 4 }, (_, index) => {
  const tokens = sequenceAt(index, 3, 4);
  return (1 + tokens[0]! * tokens[3]! + tokens[1]!) / 243;
});

/** Models by name, made anew for every test: they own buffers. */
const denoisers: Readonly<Record<string, () => Denoiser>> = {
  ...models,
  "a joint table": () => jointTable({ joint: table, vocabulary: 3, length: 4 }),
};

const schedules = [
  uniform({ steps: 1 }),
  uniform({ steps: 3 }),
  uniform({ steps: 12 }), // more steps than any of the denoisers has positions
  cosine({ steps: 4 }),
  times([1, 0.99, 0.4, 0.39, 0]),
  counts([0, 1, 3, 4]),
];

for (const [name, make] of Object.entries(denoisers)) {
  for (const selector of selectors) {
    describe(`${name}, ${selector.name}`, () => {
      for (const schedule of schedules) {
        const title = `${schedule.name}, ${schedule.steps} steps`;

        it(`${title}: every state follows from the one before, none is left masked, calls are counted`, async () => {
          const denoiser = watched(make());
          const mask = denoiser.vocabulary;
          const given = Object.freeze(Array.from({ length: denoiser.length }, (_, d) => (d === 2 ? 1 : -1)));
          for (const options of [{}, { given }]) {
            const before = { ...denoiser.seen };
            const run = await states(
              denoiser,
              Object.freeze({ schedule, selector, count: 3, seed: 5, ...options }),
            );
            assert.equal(run.length, schedule.steps + 1);
            run.forEach((state, index) => {
              assert.equal(state.index, index);
              assert.equal(state.steps, schedule.steps);
              assert.equal(state.tokens.length, 3 * denoiser.length);
              const earlier = run[index - 1];
              if (!earlier) return;
              assert.ok(state.t < earlier.t, "time does not fall");
              assert.notEqual(state.tokens, earlier.tokens, "a state's tokens were written over");
              earlier.tokens.forEach((token, at) => {
                if (token !== mask) assert.equal(state.tokens[at], token, "a revealed token changed");
              });
              const made = state.calls - earlier.calls;
              assert.ok(made === 0 || made === 1, `${made} calls in a step; ancestral makes at most 1`);
            });
            const [first, last] = [run[0]!, run[run.length - 1]!];
            assert.deepEqual([first.t, last.t], [1, 0]);
            first.tokens.forEach((token, at) => {
              const fixed = "given" in options && at % denoiser.length === 2;
              assert.equal(token, fixed ? 1 : mask);
            });
            assert.ok(
              last.tokens.every((token) => token >= 0 && token < mask),
              "a mask is left",
            );
            assert.equal(last.calls, denoiser.seen.calls - before.calls);
            assert.equal(last.evaluations, denoiser.seen.rows - before.rows);
            assert.ok(last.calls <= ancestral().calls * schedule.steps, "more calls than declared");
          }
        });

        it(`${title}: the same seed and row give the same tokens in any batch`, async () => {
          const options = { schedule, selector, seed: 11 };
          const all = await sample(make(), { ...options, count: 8 });
          assert.deepEqual(await sample(make(), { ...options, count: 8 }), all);
          const shared = make();
          for (const batch of [1, 3, 8, 100]) {
            const again = await sample(shared, { ...options, count: 8, batch });
            assert.deepEqual(again.tokens, all.tokens, `batch ${batch}`);
          }
          const { length } = shared;
          for (const [firstRow, count] of [
            [0, 2],
            [3, 1],
            [5, 3],
          ] as const) {
            const part = await sample(shared, { ...options, firstRow, count, batch: 2 });
            const expected = all.tokens.subarray(firstRow * length, (firstRow + count) * length);
            assert.deepEqual(part.tokens, expected, `rows from ${firstRow}`);
          }
        });

        it(`${title}: a run resumed from any saved state ends alike`, async () => {
          const options = { schedule, selector, seed: 2, count: 2, firstRow: 4 };
          const run = await states(make(), options);
          for (const state of run) {
            const saved = structuredClone(state);
            const rest = await states(make(), { ...options, from: saved });
            assert.equal(rest.length, schedule.steps + 1 - state.index);
            assert.deepEqual(
              rest[rest.length - 1]!.tokens,
              run[run.length - 1]!.tokens,
              `from ${state.index}`,
            );
            assert.deepEqual(saved, state, "the saved state was changed");
          }
        });
      }
    });
  }
}

describe("samples", () => {
  const options = { schedule: uniform({ steps: 4 }) };

  it("differ between seeds and between rows", async () => {
    const denoiser = hashed({ vocabulary: 4, length: 9 });
    const a = await sample(denoiser, { ...options, count: 20, seed: 0 });
    const b = await sample(denoiser, { ...options, count: 20, seed: 1 });
    assert.notDeepEqual(a.tokens, b.tokens);
    const rows = new Set(
      Array.from({ length: 20 }, (_, row) => a.tokens.slice(row * 9, row * 9 + 9).join(" ")),
    );
    assert.ok(rows.size > 15, `${rows.size} distinct rows of 20`);
  });

  it("report the calls of the slowest batch, and all sequences evaluated", async () => {
    const denoiser = watched(hashed({ vocabulary: 4, length: 9 }));
    const done = await sample(denoiser, { ...options, count: 10, batch: 4 });
    assert.deepEqual([done.count, done.length], [10, 9]);
    assert.equal(done.calls, 4);
    assert.equal(denoiser.seen.calls, 12);
    assert.equal(done.evaluations, denoiser.seen.rows);
    assert.ok(done.evaluations <= 40);
  });

  it("count several calls for a denoiser that makes them", async () => {
    const denoiser = { ...hashed({ vocabulary: 4, length: 9 }), callsPerPrediction: 2 };
    const done = await sample(denoiser, { ...options, count: 1 });
    assert.deepEqual([done.calls, done.evaluations], [8, 8]);
  });

  it("tell their progress after every step of every batch, the start included", async () => {
    const seen: string[] = [];
    await sample(hashed({ vocabulary: 2, length: 4 }), {
      schedule: uniform({ steps: 2 }),
      count: 3,
      batch: 2,
      progress: ({ rows, state }) => seen.push(`${rows}:${state.index}`),
    });
    assert.deepEqual(seen, ["0:0", "0:1", "0:2", "2:0", "2:1", "2:2"]);
  });

  it("come from a source of randomness of one's own", async () => {
    const denoiser = hashed({ vocabulary: 4, length: 9 });
    const own = await sample(denoiser, { ...options, count: 3, seed: 1, randomness: philox(77) });
    assert.deepEqual(own.tokens, (await sample(denoiser, { ...options, count: 3, seed: 77 })).tokens);
  });

  it("come without a call where nothing is to be revealed", async () => {
    const all = watched(hashed({ vocabulary: 4, length: 3 }));
    const done = await sample(all, { ...options, given: [1, 2, 3], count: 2 });
    assert.deepEqual([...done.tokens], [1, 2, 3, 1, 2, 3]);
    assert.deepEqual([done.calls, all.seen.calls], [0, 0]);
    const some = watched(hashed({ vocabulary: 4, length: 5 }));
    const infilled = await sample(some, {
      schedule: uniform({ steps: 12 }),
      given: [0, -1, 3, -1, 1],
      count: 2,
    });
    assert.deepEqual([infilled.calls, some.seen.calls], [2, 2]);
  });

  it("are the same with a noise's own times when the counts are given", async () => {
    const denoiser = hashed({ vocabulary: 4, length: 9 });
    const schedule = counts([0, 2, 5, 9]);
    const straight = await sample(denoiser, { schedule, noise: linear(), count: 4 });
    assert.deepEqual(
      (await sample(denoiser, { schedule, noise: cosineNoise(), count: 4 })).tokens,
      straight.tokens,
    );
  });
});

describe("small sizes", () => {
  for (const selector of selectors) {
    it(`V = 1, V = 2 and D = 1 work with ${selector.name}`, async () => {
      for (const vocabulary of [1, 2]) {
        for (const length of [1, 5]) {
          for (const schedule of [uniform({ steps: 1 }), uniform({ steps: 3 }), cosine({ steps: 2 })]) {
            const options = { schedule, selector, count: 4, batch: 3 };
            const { tokens } = await sample(hashed({ vocabulary, length }), options);
            assert.equal(tokens.length, 4 * length);
            assert.ok(tokens.every((token) => token >= 0 && token < vocabulary));
          }
        }
      }
    });

    it(`infilling with more steps than free positions finishes with ${selector.name}`, async () => {
      const given = [0, -1, 2, 1, -1, 0, 0];
      const { tokens, calls } = await sample(markovChain({ ...chain, length: 7 }), {
        schedule: uniform({ steps: 30 }),
        selector,
        given,
        count: 3,
      });
      tokens.forEach((token, at) => {
        if (given[at % 7]! >= 0) assert.equal(token, given[at % 7]);
        else assert.ok(token >= 0 && token < 3);
      });
      // Each position on its own may come at its own step in each of the 3 rows; counted positions need 2 calls.
      assert.ok(calls <= (selector.name === "independent" ? 6 : 2), `${calls} calls`);
    });
  }
});
