/** ReMDM: the chances of taking a token back, the counts it keeps, its loop. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  absorbing,
  confidence,
  type Noised,
  purposes,
  random,
  sample,
  steps,
  stratified,
  uniform,
} from "../src/index.ts";
import {
  cap,
  confidenceRule,
  flowMatching,
  forwardBackward,
  loop,
  rescale,
} from "../src/samplers/remask-rules.ts";
import { remdm } from "../src/samplers/remdm.ts";
import { close } from "./golden.ts";
import { hashed } from "./hashed.ts";
import { bitsModel } from "./small-laws.ts";
import { recordStep, stepLaws } from "./step-of.ts";

const exactly = { rel: 1e-12, abs: 1e-12 };

describe("remdm", () => {
  const process = absorbing({ vocabulary: 3 });
  const logits = Array.from({ length: 6 }, (_, d) => [0, d / 2, 1]);
  const made = { process, tokens: [3, 0, 1, 3, 2, 1], logits, t: 0.6, s: 0.5 };

  it("shares sigma among clean tokens by how unsure they were", async () => {
    const probabilities = Float64Array.of(1, 0.2, 0.9, 1, 0.2, 0.5);
    const { chances, memory } = await recordStep(remdm({ rule: confidenceRule() }), {
      ...made,
      memory: { "remdm/probabilities": probabilities },
      coin: (purpose, position) => purpose === purposes.select && position === 0,
    });
    const shares = chances[purposes.corrupt]!;
    assert.deepEqual([...shares.keys()], [1, 2, 4, 5]);
    const total = [...shares.values()].reduce((sum, share) => sum + share, 0);
    close(total, 1, exactly); // sigma_max = min(1, 0.5 / 0.4)
    assert.equal(shares.get(1), shares.get(4));
    close(shares.get(1)! / shares.get(2)!, Math.exp(0.7), exactly);
    assert.ok(shares.get(5)! < shares.get(1)! && shares.get(5)! > shares.get(2)!);
    // Position 0 was revealed as token 0; what was known before is another array.
    close(memory["remdm/probabilities"]![0]!, 1 / (2 + Math.E), exactly);
    assert.equal(probabilities[0], 1);
  });

  it("scales another rule by the confidence", async () => {
    const rule = confidenceRule({ rule: cap({ eta: 0.02 }) });
    const { chances } = await recordStep(remdm({ rule }), made);
    close([...chances[purposes.corrupt]!.values()], [0.005, 0.005, 0.005, 0.005], exactly);
  });

  it("keeps the share of clean tokens at alpha(s), whatever sigma", async () => {
    // Clean with chance alpha(t) before the step, so clean with alpha(s) after it.
    for (const rule of [cap({ eta: 0.3 }), rescale({ eta: 0.7 }), forwardBackward(), flowMatching()]) {
      const laws = await stepLaws(remdm({ rule }), made);
      const kept = 1 - laws[1]![3]!;
      const revealed = 1 - laws[0]![3]!;
      close(0.4 * kept + 0.6 * revealed, 0.5, exactly, rule.name);
      assert.ok(kept < 1, rule.name);
    }
  });

  it("makes up for what it takes back: the scheduled number is left masked", async () => {
    const denoiser = hashed({ vocabulary: 4, length: 12 });
    const schedule = uniform({ steps: 6 });
    for (const selector of [stratified(), random(), confidence()]) {
      let renewed = 0;
      let before: Int32Array | undefined;
      const sampler = remdm({ rule: rescale({ eta: 0.4 }) });
      for await (const { index, tokens } of steps(denoiser, {
        schedule,
        sampler,
        selector,
        count: 8,
        seed: 3,
      })) {
        for (let row = 0; row < 8; row++) {
          const own = [...tokens.keys()].slice(row * 12, row * 12 + 12);
          const masked = own.filter((at) => tokens[at] === 4).length;
          const returned = own.filter((at) => before && tokens[at] === 4 && before[at] !== 4).length;
          // What is taken back stays masked for a step, though it be more than the schedule leaves.
          assert.equal(masked, Math.max(12 - 2 * index, returned), `after step ${index}`);
          renewed += returned;
        }
        before = tokens;
      }
      assert.ok(renewed > 10, `${renewed} tokens were taken back`);
    }
  });

  it("loop holds the share of clean tokens and finishes", async () => {
    const denoiser = hashed({ vocabulary: 4, length: 20 });
    const sampler = remdm({ rule: loop({ eta: 0.1, on: 0.6, off: 0.2, alphaOn: 0.8 }) });
    const left: number[] = [];
    let changed = 0;
    let before: Int32Array | undefined;
    for await (const { tokens } of steps(denoiser, { schedule: uniform({ steps: 10 }), sampler })) {
      left.push(tokens.filter((token) => token === 4).length);
      changed += before ? tokens.filter((token, at) => token === 4 && before![at] !== 4).length : 0;
      before = tokens;
    }
    assert.deepEqual(left, [20, 16, 12, 8, 4, 4, 4, 4, 4, 2, 0]);
    assert.ok(changed > 0, "nothing was taken back");
  });

  it("tells a model with time the time of the loop's alpha", async () => {
    const told: number[] = [];
    const model = hashed({ vocabulary: 3, length: 30, timeFree: false });
    const denoiser = {
      ...model,
      predict: (input: Noised) => {
        told.push(input.time[0]!);
        return model.predict(input);
      },
    };
    const sampler = remdm({ rule: loop({ eta: 0.1, on: 0.5, off: 0.25, alphaOn: 0.9 }) });
    await sample(denoiser, { schedule: uniform({ steps: 8 }), sampler });
    close(told, [1, 0.775, 0.55, 0.325, 0.1, 0.1, 0.1, 0.05], { rel: 1e-12, abs: 0 });
  });

  it("refuses rules and numbers that make no sense", async () => {
    assert.throws(() => cap({ eta: 1.5 }), /cap: eta = 1.5; expected 0 <= eta <= 1/);
    assert.throws(() => rescale({ eta: Number.NaN }), /rescale: eta = NaN/);
    assert.throws(() => forwardBackward({ strength: -1 }), /strength = -1/);
    assert.throws(() => loop({ on: 0.1, off: 0.2 }), /off = 0.2, on = 0.1; expected/);
    assert.throws(() => loop({ alphaOn: 1 }), /alphaOn = 1/);
    const broken = remdm({ rule: { name: "broken", sigma: () => Number.NaN } });
    await assert.rejects(
      sample(bitsModel(), { schedule: uniform({ steps: 2 }), sampler: broken }),
      /rule broken gave sigma = NaN/,
    );
  });
});
