/** Problems small enough to enumerate every clean sequence and every noised one, and the cost of a step of them. */
import { observation } from "../src/denoisers/observation.ts";
import {
  absorbing,
  constant,
  exponential,
  geometric,
  jointTable,
  linear,
  type Noise,
  type Process,
  predictions,
} from "../src/index.ts";
import { posteriorDivergence } from "../src/optimize/posterior-divergence.ts";
import { ordinal } from "../src/processes/ordinal.ts";
import { rateMatrix } from "../src/processes/rate-matrix.ts";
import { uniformProcess } from "../src/processes/uniform-process.ts";
import { sequenceAt } from "./law.ts";
import { completeRates, written } from "./small-processes.ts";
import type { ExactProblem } from "./step-law.ts";
import { normalised, sum } from "./sum.ts";

/** Correlated tokens; with `independent` the product of one law. */
export function problemOf(
  process: Process,
  noise: Noise,
  { length = 3, independent = false }: { length?: number; independent?: boolean } = {},
): ExactProblem {
  const { vocabulary } = process;
  const weights = Float64Array.from({ length: vocabulary ** length }, (_, index) => {
    const tokens = sequenceAt(index, vocabulary, length);
    if (independent) return tokens.reduce((product, token) => product * (1 + token), 1);
    return tokens.reduce(
      (product, token, d) => product * (d > 0 && token === tokens[d - 1] ? 6 : 1 + token),
      1,
    );
  });
  const joint = normalised(weights);
  const likelihood = process.mask === undefined ? { likelihoodInto: observation(process, noise) } : {};
  const denoiser = jointTable({ joint, vocabulary, length, ...likelihood });
  return { process, noise, joint, length, denoiser };
}

/** sigma(t), and 0 at t = 0 for every noise. */
export function sigmaAt(noise: Noise, t: number): number {
  return t === 0 ? 0 : noise.sigma(t);
}

/** P(to | from) of whole sequences, [S^D] for every `from`, [S^D]. */
export function transitions({ process, length }: ExactProblem, sigma: number): Float64Array[] {
  const { states } = process;
  const rows = Array.from({ length: states }, (_, x) =>
    written(states, (out) => process.transitionInto(out, x, sigma)),
  );
  const all = Array.from({ length: states ** length }, (_, index) => sequenceAt(index, states, length));
  return all.map((from) =>
    Float64Array.from(all, (to) => to.reduce((product, token, d) => product * rows[from[d]!]![token]!, 1)),
  );
}

/** The index among S^D states of a clean sequence given by its index among V^D. */
export const stateOf = ({ process, length }: ExactProblem, index: number): number =>
  sequenceAt(index, process.vocabulary, length).reduce((at, token) => at * process.states + token, 0);

/** p(x0^d | x_t), [D][V], for every noised sequence. */
export async function predicted(
  { denoiser, process, length }: ExactProblem,
  time: number,
): Promise<Float64Array[][]> {
  const { states, vocabulary } = process;
  const batch = states ** length;
  const tokens = Int32Array.from(
    { length: batch * length },
    (_, at) => sequenceAt(Math.floor(at / length), states, length)[at % length]!,
  );
  const logits = await denoiser.predict({ tokens, batch, time: new Float64Array(batch).fill(time) });
  const p = predictions(logits, { length, vocabulary });
  return Array.from({ length: batch }, (_, row) => Array.from({ length }, (_, d) => p.row(row, d).slice()));
}

/** c(t -> s) by enumeration, and the variance of one draw of it. */
export async function exactCost(
  problem: ExactProblem,
  t: number,
  s: number,
): Promise<{ mean: number; variance: number }> {
  const { process, noise, joint, length } = problem;
  const divergence = posteriorDivergence(process);
  const p = await predicted(problem, t);
  const noised = transitions(problem, noise.sigma(t));
  let [mean, square] = [0, 0];
  joint.forEach((chance, index) => {
    const clean = sequenceAt(index, process.vocabulary, length);
    noised[stateOf(problem, index)]!.forEach((reach, to) => {
      if (reach === 0) return;
      const tokens = sequenceAt(to, process.states, length);
      const cost = sum(
        Array.from(tokens, (token, d) =>
          divergence(clean[d]!, token, p[to]![d]!, sigmaAt(noise, s), noise.sigma(t)),
        ),
      );
      mean += chance * reach * cost;
      square += chance * reach * cost ** 2;
    });
  });
  return { mean, variance: square - mean ** 2 };
}

export const small: Readonly<Record<string, ExactProblem>> = {
  "uniform, linear": problemOf(uniformProcess({ vocabulary: 3 }), linear()),
  "uniform, not mixed at t = 1": problemOf(uniformProcess({ vocabulary: 3 }), constant({ sigmaMax: 2 })),
  "ordinal, exponential": problemOf(
    ordinal({ vocabulary: 3, rateSigma: 1, qSigma: 1 }),
    exponential({ base: 0.2, exponential: 20 }),
  ),
  "ordinal, clean only at s = 0": problemOf(ordinal({ vocabulary: 2 }), geometric({ sigmaMin: 0.1 })),
  "not reversible": problemOf(
    rateMatrix({ rates: completeRates(3, (x, y) => ((x + 1) % 3 === y ? 1 : 0.1)) }),
    constant({ sigmaMax: 3 }),
  ),
  "absorbing, linear": problemOf(absorbing({ vocabulary: 2 }), linear()),
};
