/** Corrected runs: how near their laws are, by enumeration of every draw. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Corrector } from "../src/correctors/corrector.ts";
import { lowConfidence } from "../src/correctors/doubt.ts";
import { forwardBackward } from "../src/correctors/forward-backward.ts";
import { informed } from "../src/correctors/informed.ts";
import { looGibbs } from "../src/correctors/loo-gibbs.ts";
import {
  absorbing,
  independent,
  type Randomness,
  type SampleOptions,
  steps,
  times,
  uniform,
} from "../src/index.ts";
import { ordinal } from "../src/processes/ordinal.ts";
import { uniformProcess } from "../src/processes/uniform-process.ts";
import { problem, turning } from "./corrected-law.ts";
import { enumerate, sampleLaw, sequenceIndex, totalVariation } from "./law.ts";
import { type ExactProblem, lawAt } from "./step-law.ts";

describe("after a coarse step", () => {
  /** The law of the tokens after the first of two steps, 1 -> s, corrected or not. */
  async function firstLaw(
    { denoiser, process, noise, length }: ExactProblem,
    s: number,
    corrector?: Corrector,
  ): Promise<Float64Array> {
    const law = new Float64Array(process.states ** length);
    const run = async (randomness: Randomness) => {
      const options: SampleOptions = {
        schedule: times([1, s, 0]),
        process,
        noise,
        randomness,
        ...(process.mask === undefined ? {} : { selector: independent() }),
        ...(corrector ? { corrector } : {}),
      };
      for await (const state of steps(denoiser, options)) if (state.index === 1) return state.tokens;
      throw new Error("no state after the first step");
    };
    for await (const { result, probability } of enumerate(run)) {
      law[sequenceIndex(result, process.states)]! += probability;
    }
    return law;
  }

  const uniformly = problem(uniformProcess({ vocabulary: 2 }), 2);
  const masked = problem(absorbing({ vocabulary: 2 }), 2);
  const three = problem(uniformProcess({ vocabulary: 2 }), 3);
  // The first step draws every position from its own exact law. Of two positions so drawn, a Gibbs move of either
  // makes the pair exact; of three it leaves an error.
  const rows: readonly [ExactProblem, Corrector, number][] = [
    [uniformly, looGibbs(), 1e-12],
    [problem(turning, 2), looGibbs(), 1e-12],
    [problem(ordinal({ vocabulary: 3, rateSigma: 1, qSigma: 2 }), 2), looGibbs(), 1e-12],
    [masked, informed({ pool: 1 }), 1e-12],
    [masked, informed({ pool: 2, doubt: lowConfidence() }), 1e-12],
    [three, looGibbs(), 0.75],
    [three, looGibbs({ steps: 2 }), 0.55],
    [uniformly, forwardBackward({ size: 0.1, steps: 3 }), 0.5],
    [masked, forwardBackward({ size: 0.1, steps: 3 }), 0.85],
  ];
  for (const [exact, corrector, left] of rows) {
    const { process, length } = exact;
    it(`${corrector.name}, ${corrector.calls} calls, ${length} positions, ${process.name}: the law is nearer to q_s`, async () => {
      const s = 0.2;
      const truth = lawAt(exact, s);
      const plain = totalVariation(await firstLaw(exact, s), truth);
      const mended = totalVariation(await firstLaw(exact, s, corrector), truth);
      assert.ok(plain > 0.1, `the step makes no error to correct: ${plain}`);
      assert.ok(mended <= left * plain, `total variation ${plain} before, ${mended} after`);
    });
  }

  it("a whole run ends nearer to the data", async () => {
    for (const [exact, corrector] of rows) {
      const { denoiser, process, joint, length } = exact;
      if (process.vocabulary > 2 || length > 2) continue;
      const law = async (options: Pick<SampleOptions, "corrector">) => {
        const selector = process.mask === undefined ? {} : { selector: independent() };
        return sampleLaw(denoiser, { process, schedule: uniform({ steps: 2 }), ...selector, ...options });
      };
      assert.equal(joint.length, 2 ** length);
      const plain = totalVariation(await law({}), joint);
      const mended = totalVariation(await law({ corrector }), joint);
      assert.ok(mended < 0.96 * plain, `${corrector.name}: ${plain} plain, ${mended} corrected`);
    }
  });
});
