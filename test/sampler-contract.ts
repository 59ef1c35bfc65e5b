/** What every sampler keeps on every process it runs on, as tests. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  constant,
  linear,
  type Noise,
  type Process,
  type State,
  sample,
  steps,
  uniform,
} from "../src/index.ts";
import type { Sampler } from "../src/samplers/sampler.ts";
import { hashed } from "./hashed.ts";
import { watched } from "./watched.ts";

/** A sampler with a process to run it on. */
export interface Pair {
  readonly sampler: Sampler;
  readonly process: (vocabulary: number) => Process;
  /** Default `linear`, whose rate is infinite at t = 1, and `constant`. */
  readonly noises?: readonly Noise[];
  /** Default 1; `ordinal` has no fewer than 2. */
  readonly leastVocabulary?: number;
}

/** Registers the tests of one pair. */
export function contract(name: string, pair: Pair): void {
  const { sampler, leastVocabulary = 1, noises = [linear(), constant({ sigmaMax: 4 })] } = pair;
  describe(`contract: ${name}`, () => {
    for (const noise of noises) {
      for (const timeFree of [true, false]) {
        const size = { vocabulary: 3, length: 5, timeFree };
        const process = pair.process(size.vocabulary);
        const options = { process, noise, sampler, seed: 3 };
        const title = `${noise.name} noise, model ${timeFree ? "without" : "with"} time`;

        it(`${title}: ends clean, keeps what is given, counts its calls, writes over nothing`, async () => {
          const given = [-1, 2, -1, -1, 0];
          for (const count of [1, 2, 7]) {
            const schedule = uniform({ steps: count });
            for (const settings of [{}, { given }]) {
              const denoiser = watched(hashed(size), { process });
              const all: State[] = [];
              const copies: Int32Array[] = [];
              for await (const state of steps(denoiser, { ...options, schedule, count: 3, ...settings })) {
                all.push(state);
                copies.push(state.tokens.slice());
              }
              const last = all[all.length - 1]!;
              assert.equal(all.length, count + 1);
              all.forEach((state, i) => {
                assert.deepEqual(state.tokens, copies[i], `the tokens of state ${i} were written over`);
              });
              assert.equal(last.calls, denoiser.seen.calls);
              assert.ok(last.calls <= sampler.calls * count, `${last.calls} calls in ${count} steps`);
              for (const token of last.tokens)
                assert.ok(token >= 0 && token < size.vocabulary, `token ${token}`);
              if ("given" in settings) {
                for (const state of all) {
                  state.tokens.forEach((token, at) => {
                    if (given[at % 5]! >= 0) assert.equal(token, given[at % 5]);
                  });
                }
              }
            }
          }
        });

        it(`${title}: a row is the same in any batch, resumed, and when all is given no call is made`, async () => {
          const schedule = uniform({ steps: 4 });
          const five = await sample(hashed(size), { ...options, schedule, count: 5, batch: 5 });
          const pairs = await sample(hashed(size), { ...options, schedule, count: 5, batch: 2 });
          const later = await sample(hashed(size), { ...options, schedule, count: 2, firstRow: 3 });
          assert.deepEqual(pairs.tokens, five.tokens);
          assert.deepEqual(later.tokens, five.tokens.slice(3 * size.length));
          let halfway: State | undefined;
          for await (const state of steps(hashed(size), { ...options, schedule, count: 5 })) {
            if (state.index === 2) halfway = structuredClone(state);
          }
          let resumed: State | undefined;
          for await (const state of steps(hashed(size), { ...options, schedule, count: 5, from: halfway! })) {
            resumed = state;
          }
          assert.deepEqual(resumed!.tokens, five.tokens);
          const whole = await sample(hashed(size), { ...options, schedule, given: [0, 1, 2, 0, 1] });
          assert.deepEqual([...whole.tokens], [0, 1, 2, 0, 1]);
          assert.equal(whole.calls, 0);
        });
      }
    }

    it("runs with the fewest tokens and with one position", async () => {
      for (let vocabulary = leastVocabulary; vocabulary <= 2; vocabulary++) {
        for (const length of [1, 3]) {
          const { tokens } = await sample(hashed({ vocabulary, length }), {
            process: pair.process(vocabulary),
            noise: noises[0]!,
            sampler,
            schedule: uniform({ steps: 3 }),
            count: 4,
          });
          for (const token of tokens) assert.ok(token >= 0 && token < vocabulary, `token ${token}`);
        }
      }
    });

    it("refuses NaN from the model", async () => {
      const broken = hashed({ vocabulary: 3, length: 4 });
      const run = sample(
        {
          ...broken,
          predict: ({ batch }) => ({ data: new Float32Array(batch * 12).fill(Number.NaN), width: 3 }),
        },
        { process: pair.process(3), noise: noises[0]!, sampler, schedule: uniform({ steps: 2 }) },
      );
      await assert.rejects(run, /NaN/);
    });
  });
}
