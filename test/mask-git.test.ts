/** MaskGIT and the Gumbel noise of its choice. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { absorbing, type Denoiser, type State, sample, steps, times, uniform } from "../src/index.ts";
import { gumbel } from "../src/samplers/gumbel.ts";
import { maskGit } from "../src/samplers/mask-git.ts";
import { close } from "./golden.ts";
import { bitsModel } from "./small-laws.ts";
import { recordStep } from "./step-of.ts";

const exactly = { rel: 1e-12, abs: 1e-12 };

describe("gumbel", () => {
  it("is -log(-log u) and finite at both ends", () => {
    for (const u of [0.001, 0.25, 0.49, 0.5, 0.51, 0.75, 0.999]) {
      close(gumbel(u), -Math.log(-Math.log(u)), { rel: 1e-12, abs: 1e-12 });
    }
    close(gumbel(0), -Math.log(54 * Math.LN2), exactly);
    close(gumbel(1 - 2 ** -53), 54 * Math.LN2, { rel: 1e-12, abs: 0 });
    assert.ok(gumbel(1 - 2 ** -52) < gumbel(1 - 2 ** -53));
  });
});

describe("maskGit", () => {
  const process = absorbing({ vocabulary: 4 });
  // The token that is drawn (the first possible one) has probability 1/4, 1, 1/2 and 1/4.
  const laws = [
    [0.25, 0.25, 0.25, 0.25],
    [1, 0, 0, 0],
    [0.5, 0.5, 0, 0],
    [0.25, 0.25, 0.25, 0.25],
  ];
  const logits = laws.map((p) => p.map(Math.log));

  it("keeps the most likely draws at temperature 0, ties to the left", async () => {
    const made = { process, tokens: [4, 4, 4, 4], logits, t: 1, s: 0.5 };
    for (const [left, expected] of [
      [3, [4, 0, 4, 4]],
      [2, [4, 0, 0, 4]],
      [1, [0, 0, 0, 4]],
      [0, [0, 0, 0, 0]],
    ] as const) {
      const { next } = await recordStep(maskGit({ temperature: 0 }), { ...made, left });
      assert.deepEqual([...next], [...expected]);
    }
  });

  it("keeps one of several with chance proportional to its probability at temperature 1", async () => {
    // n = 8000 rows; 3 degrees of freedom; false alarm 0.001 at 16.27.
    const n = 8000;
    const denoiser: Denoiser = {
      vocabulary: 4,
      length: 4,
      timeFree: true,
      predict: ({ batch }) => ({
        data: Float64Array.from({ length: batch * 16 }, (_, at) => logits.flat()[at % 16]!),
        width: 4,
      }),
    };
    const counts = [0, 0, 0, 0];
    const sampler = maskGit({ temperature: () => 1 });
    let first: State | undefined;
    for await (const state of steps(denoiser, {
      schedule: uniform({ steps: 4 }),
      sampler,
      count: n,
      seed: 5,
    })) {
      first = state;
      if (state.index === 1) break;
    }
    first!.tokens.forEach((token, at) => {
      if (token !== 4) counts[at % 4]!++;
    });
    const expected = [0.125, 0.5, 0.25, 0.125].map((p) => p * n);
    const statistic = counts.reduce((sum, count, i) => sum + (count - expected[i]!) ** 2 / expected[i]!, 0);
    assert.ok(statistic < 16.27, `counts ${counts}, expected ${expected}, chi-square ${statistic}`);
  });

  it("anneals with the time, or by a function of it", async () => {
    const seen: number[] = [];
    const sampler = maskGit({
      temperature: (s) => {
        seen.push(s);
        return 0;
      },
    });
    await sample(bitsModel(), { schedule: times([1, 0.4, 0]), sampler });
    assert.deepEqual(seen, [0.4, 0]);
    assert.throws(() => maskGit({ temperature: -1 }), /temperature = -1/);
  });
});
