/** Runs of the sampling loop: cancelled, forked, and the arrays of logits that they are lent. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { confidence, type Denoiser, markovChain, type State, sample, steps, uniform } from "../src/index.ts";
import { hashed } from "./hashed.ts";
import { selectors } from "./loop-table.ts";
import { chain } from "./small-laws.ts";
import { states } from "./states.ts";
import { watched } from "./watched.ts";

describe("cancelling", () => {
  it("by a signal throws its reason before the next step", async () => {
    const denoiser = watched(hashed({ vocabulary: 4, length: 9 }));
    const controller = new AbortController();
    const reason = new Error("the user left");
    const run = sample(denoiser, {
      schedule: uniform({ steps: 9 }),
      signal: controller.signal,
      progress: ({ state }) => {
        if (state.index === 2) controller.abort(reason);
      },
    });
    await assert.rejects(run, reason);
    assert.equal(denoiser.seen.calls, 2);
  });

  it("before the start makes no call, also without a reason", async () => {
    const denoiser = watched(hashed({ vocabulary: 4, length: 9 }));
    const schedule = uniform({ steps: 2 });
    await assert.rejects(sample(denoiser, { schedule, signal: AbortSignal.abort() }), { name: "AbortError" });
    await assert.rejects(sample(denoiser, { schedule, signal: { aborted: true } }), /aborted/);
    assert.equal(denoiser.seen.calls, 0);
  });

  it("is leaving the loop", async () => {
    const denoiser = watched(hashed({ vocabulary: 4, length: 9 }));
    for await (const state of steps(denoiser, { schedule: uniform({ steps: 9 }) })) {
      if (state.index === 3) break;
    }
    assert.equal(denoiser.seen.calls, 3);
  });
});

describe("forking", () => {
  it("two runs over one denoiser, stepped in turns, do not disturb each other", async () => {
    const shared = markovChain({ ...chain, length: 7 });
    const options = (seed: number) => ({
      schedule: uniform({ steps: 5 }),
      selector: confidence(),
      seed,
      count: 2,
    });
    const runs = [steps(shared, options(1)), steps(shared, options(2))];
    const last: (State | undefined)[] = [undefined, undefined];
    for (let i = 0; i < 6; i++) {
      for (const [k, run] of runs.entries()) last[k] = (await run.next()).value ?? last[k];
    }
    for (const [k, seed] of [1, 2].entries()) {
      assert.deepEqual(last[k]!.tokens, (await sample(shared, options(seed))).tokens);
    }
  });

  it("two samples at once over one chain are the two samples one after the other", async () => {
    const shared = markovChain({ ...chain, length: 7 });
    const options = (seed: number) => ({ schedule: uniform({ steps: 5 }), seed, count: 8 });
    const together = await Promise.all([1, 2].map((seed) => sample(shared, options(seed))));
    for (const [k, seed] of [1, 2].entries()) {
      assert.deepEqual(together[k]!.tokens, (await sample(shared, options(seed))).tokens);
    }
  });

  it("a state may be forked with another seed: what is revealed stays", async () => {
    const denoiser = hashed({ vocabulary: 4, length: 9 });
    const options = { schedule: uniform({ steps: 4 }), count: 2 };
    const from = (await states(denoiser, { ...options, seed: 1 }))[2]!;
    const fork = (await states(denoiser, { ...options, seed: 2, from })).pop()!;
    from.tokens.forEach((token, at) => {
      if (token !== denoiser.vocabulary) assert.equal(fork.tokens[at], token);
    });
  });

  it("a state of another run is refused with a sentence", async () => {
    const denoiser = hashed({ vocabulary: 4, length: 9 });
    const options = { schedule: uniform({ steps: 4 }), count: 2, firstRow: 0 };
    const from = (await states(denoiser, options))[2]!;
    for (const other of [
      { ...options, count: 3 },
      { ...options, firstRow: 1 },
      { ...options, schedule: uniform({ steps: 5 }) },
    ]) {
      await assert.rejects(states(denoiser, { ...other, from }), /from.*expected/s);
    }
    const shorter = hashed({ vocabulary: 4, length: 8 });
    await assert.rejects(states(shorter, { ...options, from }), /from.*expected/s);
  });
});

describe("arrays of logits", () => {
  it("are given back once each, when they are not read any more", async () => {
    for (const selector of selectors) {
      const denoiser = hashed({ vocabulary: 4, length: 9 });
      let lent = 0;
      const lending: Denoiser = {
        ...denoiser,
        async predict(input) {
          const { data, width } = await denoiser.predict(input);
          lent++;
          let back = false;
          const release = () => {
            assert.ok(!back, "given back twice");
            back = true;
            lent--;
            data.fill(Number.NaN); // a later read would stop the run
          };
          return { data, width, release };
        },
      };
      const options = { schedule: uniform({ steps: 5 }), selector, count: 3 };
      assert.deepEqual((await sample(lending, options)).tokens, (await sample(denoiser, options)).tokens);
      assert.ok(lent <= 1, `${selector.name}: ${lent} arrays of one run were never given back`);
    }
  });
});
