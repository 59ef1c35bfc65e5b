/** The exact law of single steps, so that a method's error is measured on any stretch of time, without a start law's. */

import { observation } from "../src/denoisers/observation.ts";
import { type Denoiser, jointTable, type Noise, type Process, predictions, random } from "../src/index.ts";
import type { Sampler, Step } from "../src/samplers/sampler.ts";
import { enumerate, sequenceAt } from "./law.ts";

/** An exact problem: data of a known law, noised by a process, and the posterior of it. */
export interface Problem {
  /** [V^D] */
  readonly joint: Float64Array;
  readonly length: number;
  readonly process: Process;
  readonly noise: Noise;
}

/** A problem with its exact model. */
export interface ExactProblem extends Problem {
  readonly denoiser: Denoiser;
}

/** The exact posterior of a problem under its own noise. */
export function exactDenoiser({ joint, length, process, noise }: Problem): Denoiser {
  return jointTable({
    joint,
    vocabulary: process.vocabulary,
    length,
    likelihoodInto: observation(process, noise),
  });
}

/**
 * The law of x_t, [states^D], the first position the slowest index.
 *
 * @param given tokens, -1 where free: evidence about the data, and not noised
 */
export function lawAt(
  { joint, length, process, noise }: Problem,
  t: number,
  given: ArrayLike<number> = new Int32Array(length).fill(-1),
): Float64Array {
  const { states, vocabulary } = process;
  const law = new Float64Array(states ** length);
  const row = new Float64Array(states);
  let evidence = 0;
  joint.forEach((p, index) => {
    const clean = sequenceAt(index, vocabulary, length);
    if (clean.some((token, d) => given[d]! >= 0 && token !== given[d])) return;
    evidence += p;
    const rows = Array.from(clean, (token, d) => {
      if (given[d]! >= 0) row.fill(0).fill(1, token, token + 1);
      else process.transitionInto(row, token, noise.sigma(t));
      return row.slice();
    });
    for (let to = 0; to < law.length; to++) {
      law[to]! += sequenceAt(to, states, length).reduce((chance, token, d) => chance * rows[d]![token]!, p);
    }
  });
  return law.map((chance) => chance / evidence);
}

/** One row of a step t -> s as `sample` would hand it to a sampler. */
export function stepOf(
  { length, process, noise }: Omit<Problem, "joint">,
  {
    t,
    s,
    tokens,
    denoiser,
    left = 0,
  }: { t: number; s: number; tokens: Int32Array; denoiser: Denoiser; left?: number },
  draw: Step["draw"],
): Step {
  const fixed = new Uint8Array(length);
  return {
    t,
    s,
    batch: 1,
    length,
    tokens,
    next: tokens.slice(),
    fixed,
    left: Int32Array.of(left),
    process,
    noise,
    selector: random(),
    memory: {},
    async predict({ tokens: seen = tokens, time = t } = {}) {
      const times = typeof time === "number" ? Float64Array.of(time) : time;
      const logits = await denoiser.predict({ tokens: seen, batch: 1, time: times, fixed });
      return predictions(logits, { length, vocabulary: process.vocabulary });
    },
    draw,
  };
}

/** The law after a step t -> s of a sampler from `law`, both [states^D]. */
export async function stepLaw(
  problem: Problem,
  sampler: Sampler,
  { t, s, law }: { t: number; s: number; law: Float64Array },
): Promise<Float64Array> {
  const { length, process } = problem;
  const denoiser = exactDenoiser(problem);
  const after = new Float64Array(law.length);
  for (let from = 0; from < law.length; from++) {
    if (law[from] === 0) continue;
    const tokens = sequenceAt(from, process.states, length);
    const runs = enumerate(async ({ at }) => {
      const step = stepOf(problem, { t, s, tokens, denoiser }, (row, purpose, stage) =>
        at(row, 0, purpose, stage),
      );
      await sampler.stepInto(step);
      return step.next.reduce((index, token) => index * process.states + token, 0);
    });
    for await (const { result, probability } of runs) after[result]! += law[from]! * probability;
  }
  return after;
}

/** The law that equal steps from time `from` to time `to` lead to, started from the exact law. */
export async function lawAfter(
  problem: Problem,
  sampler: Sampler,
  { from, to, steps }: { from: number; to: number; steps: number },
): Promise<Float64Array> {
  let law = lawAt(problem, from);
  const h = (from - to) / steps;
  for (let i = 0; i < steps; i++) {
    const s = i === steps - 1 ? to : from - h * (i + 1);
    law = await stepLaw(problem, sampler, { t: from - h * i, s, law });
  }
  return law;
}
