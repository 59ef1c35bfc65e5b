/** Path planning: which positions it keeps, step by step. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { absorbing } from "../src/index.ts";
import { pathPlanning } from "../src/samplers/path-planning.ts";
import { recordStep } from "./step-of.ts";

describe("pathPlanning", () => {
  const process = absorbing({ vocabulary: 2 });
  const tokens = [0, 1, 2, 2, 0];
  // p of the token that a position has, or of the one that is drawn, token 0.
  const held = [0.9, 0.3, 0.8, 0.6, 0.5];
  const logits = held.map((p, d) => (tokens[d] === 1 ? [1 - p, p] : [p, 1 - p]).map(Math.log));
  const made = { process, tokens, logits, t: 0.5, s: 0.4 };

  it("keeps the highest scores of all positions and masks the others", async () => {
    // log p: -0.11, -1.20, -0.22, -0.51, -0.69.
    for (const [left, expected] of [
      [1, [0, 2, 0, 0, 0]],
      [2, [0, 2, 0, 0, 2]],
      [3, [0, 2, 0, 2, 2]],
      [5, [2, 2, 2, 2, 2]],
    ] as const) {
      assert.deepEqual([...(await recordStep(pathPlanning(), { ...made, left })).next], [...expected]);
    }
  });

  it("weighs the scores of clean positions by eta", async () => {
    const next = async (eta: number, left: number) => [
      ...(await recordStep(pathPlanning({ eta }), { ...made, left })).next,
    ];
    assert.deepEqual(await next(0, 2), [0, 1, 2, 2, 0]); // nothing to reveal, nothing taken back
    assert.deepEqual(await next(0, 1), [0, 1, 0, 2, 0]);
    // At 0.2 the clean scores are -0.02, -0.24, -0.14: above -0.51 of position 3, and one below -0.22.
    assert.deepEqual(await next(0.2, 1), [0, 1, 0, 2, 0]);
    assert.deepEqual(await next(0.2, 2), [0, 2, 0, 2, 0]);
    assert.deepEqual(
      await next(10, 3),
      [2, 2, 0, 0, 2].map((token, d) => (d === 0 ? 2 : token)),
    );
  });

  it("keeps a clean token before a masked one of the same score", async () => {
    const sure = {
      ...made,
      tokens: [2, 0, 0],
      logits: [
        [0, -40],
        [0, -40],
        [0, -40],
      ],
    };
    assert.deepEqual([...(await recordStep(pathPlanning(), { ...sure, left: 1 })).next], [2, 0, 0]);
  });

  it("refuses an eta out of range", () => {
    assert.throws(() => pathPlanning({ eta: -0.1 }), /pathPlanning: eta = -0.1/);
  });
});
