/** The exact law after a correction, by enumeration, and problems to correct. */
import assert from "node:assert/strict";
import type { Corrector } from "../src/correctors/corrector.ts";
import { linear, type Noise, type Process, type Randomness, stratified } from "../src/index.ts";
import { modelCalls } from "../src/model-calls.ts";
import { rateMatrix } from "../src/processes/rate-matrix.ts";
import type { Step } from "../src/samplers/sampler.ts";
import { enumerate, sequenceAt, sequenceIndex, totalVariation } from "./law.ts";
import { type ExactProblem, exactDenoiser, lawAt, type Problem } from "./step-law.ts";
import { normalised } from "./sum.ts";

/** Reversible for no law: the stationary one is not the uniform one either. */
export const turning: Process = rateMatrix({ rates: [-1.2, 1, 0.2, 0.1, -0.9, 0.8, 1.5, 0, -1.5] });

/** A problem whose positions depend on each other, none of them alike. */
export function problem(process: Process, length: number, noise: Noise = linear()): ExactProblem {
  const { vocabulary } = process;
  const weights = Float64Array.from({ length: vocabulary ** length }, (_, index) => {
    const tokens = sequenceAt(index, vocabulary, length);
    let weight = 1 + tokens[0]!;
    for (let d = 1; d < length; d++) weight *= tokens[d] === tokens[d - 1] ? 6 + d : 1 + 0.5 * tokens[d]!;
    return weight;
  });
  const exact: Problem = { process, noise, length, joint: normalised(weights) };
  return { ...exact, denoiser: exactDenoiser(exact) };
}

/** The law of the tokens after one correction at time t, started in `law`. */
export async function corrected(
  { process, noise, length, denoiser }: ExactProblem,
  { law, corrector, t, given = [] }: { law: Float64Array; corrector: Corrector; t: number; given?: number[] },
): Promise<Float64Array> {
  const after = new Float64Array(law.length);
  const fixed = Uint8Array.from({ length }, (_, d) => (given[d]! >= 0 ? 1 : 0));
  for (let index = 0; index < law.length; index++) {
    if (law[index] === 0) continue;
    const tokens = sequenceAt(index, process.states, length);
    const run = async (randomness: Randomness) => {
      const calls = modelCalls({ denoiser, batch: 1, firstRow: 0, fixed, calls: 0, evaluations: 0 });
      const step: Step = {
        t,
        s: t,
        batch: 1,
        length,
        tokens,
        next: tokens.slice(),
        fixed,
        left: new Int32Array(1),
        process,
        noise,
        selector: stratified(),
        memory: {},
        predict: (input = {}) => calls.predict({ tokens, time: t, ...input }, {}),
        draw: (row, purpose, stage) => randomness.at(row, 0, purpose, stage),
      };
      await corrector.correctInto(step);
      assert.ok(calls.counted().calls <= corrector.calls, "more calls than declared");
      return step.next;
    };
    for await (const { result, probability } of enumerate(run)) {
      after[sequenceIndex(result, process.states)]! += law[index]! * probability;
    }
  }
  return after;
}

/** How far one correction moves the exact law at time t. */
export async function drift(exact: ExactProblem, corrector: Corrector, t: number): Promise<number> {
  const law = lawAt(exact, t);
  return totalVariation(await corrected(exact, { law, corrector, t }), law);
}
