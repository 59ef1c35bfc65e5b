/** Selectors that follow a rule or a fixed order, in whole runs. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Denoiser, type Selector, sample, uniform } from "../src/index.ts";
import { dilated } from "../src/selectors/dilated.ts";
import { entropyBound } from "../src/selectors/entropy-bound.ts";
import { factor } from "../src/selectors/factor.ts";
import { klass } from "../src/selectors/klass.ts";
import { leftToRight } from "../src/selectors/left-to-right.ts";
import { stratifiedGrid } from "../src/selectors/stratified-grid.ts";
import { threshold } from "../src/selectors/threshold.ts";
import { hashed } from "./hashed.ts";
import { states } from "./states.ts";
import { watched } from "./watched.ts";

describe("runs", () => {
  const selectors: readonly Selector[] = [
    threshold({ probability: 0.5 }),
    factor({ factor: 2 }),
    entropyBound({ gamma: 2 }),
    klass({ probability: 0.3, kl: 5, history: 1 }),
    dilated({ length: 12 }),
    stratifiedGrid({ rows: 3, columns: 4 }),
    leftToRight(),
  ];
  const make = () => watched(hashed({ vocabulary: 4, length: 12 }));

  for (const selector of selectors) {
    it(`${selector.name}: finished, counted, no call once nothing is masked`, async () => {
      for (const schedule of [uniform({ steps: 1 }), uniform({ steps: 4 }), uniform({ steps: 20 })]) {
        const denoiser = make();
        const run = await states(denoiser, { schedule, selector, seed: 4 });
        let needed = 0;
        run.forEach(({ tokens, calls, index }, i) => {
          const masked = tokens.filter((token) => token === 4).length;
          if (schedule.steps <= 12) assert.ok(masked <= 12 - (12 * index) / schedule.steps);
          if (i > 0 && run[i - 1]!.tokens.includes(4)) needed++;
          assert.equal(calls, needed);
        });
        const last = run[run.length - 1]!;
        assert.ok(!last.tokens.includes(4));
        assert.equal(last.calls, denoiser.seen.calls);
        if (selector.commits === "at-least") assert.ok(last.calls <= Math.min(schedule.steps, 12));
      }
    });

    it(`${selector.name}: a resumed run ends alike, a row is the same in any batch`, async () => {
      const options = { schedule: uniform({ steps: 6 }), selector, seed: 9, count: 4 };
      const whole = await states(make(), options);
      const { tokens } = whole[whole.length - 1]!;
      for (const from of whole.map((state) => structuredClone(state))) {
        const rest = await states(make(), { ...options, from });
        assert.deepEqual(rest[rest.length - 1]!.tokens, tokens);
      }
      for (const batch of [1, 3]) {
        assert.deepEqual((await sample(make(), { ...options, batch })).tokens, tokens);
      }
    });
  }

  it("a rule ends a run before its schedule does", async () => {
    const certain: Denoiser = {
      vocabulary: 2,
      length: 12,
      timeFree: true,
      predict: ({ batch }) => ({
        data: Float64Array.from({ length: 24 * batch }, (_, at) => 9 * (at % 2)),
        width: 2,
      }),
    };
    for (const selector of [threshold(), factor(), entropyBound()]) {
      const done = await sample(certain, { schedule: uniform({ steps: 12 }), selector });
      assert.equal(done.calls, 1, selector.name);
    }
    // Stable since the second of its three predictions.
    const done = await sample(certain, { schedule: uniform({ steps: 12 }), selector: klass() });
    assert.equal(done.calls, 3);
  });
});
