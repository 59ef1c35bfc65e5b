/** Concrete scores: what they are of, the way back to predictions, and their entropy. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { absorbing, linear, type Process } from "../src/index.ts";
import { scoreRatesInto, scoreStep } from "../src/processes/from-scores.ts";
import { ordinal } from "../src/processes/ordinal.ts";
import { rateMatrix } from "../src/processes/rate-matrix.ts";
import { scoreEntropy } from "../src/processes/score-entropy.ts";
import { uniformProcess } from "../src/processes/uniform-process.ts";
import { close } from "./golden.ts";
import { normalised } from "./sum.ts";

const vocabulary = 4;

const scored: readonly Process[] = [
  absorbing({ vocabulary }),
  uniformProcess({ vocabulary }),
  absorbing({ vocabulary: 1 }),
  uniformProcess({ vocabulary: 1 }),
  uniformProcess({ vocabulary: 2 }),
];

/** Laws over 4 tokens, with zeros. */
const fourLaws = fc
  .array(fc.oneof(fc.double({ min: 1e-3, max: 1, noNaN: true }), fc.constant(0)), {
    minLength: 4,
    maxLength: 4,
  })
  .filter((weights) => weights[0]! > 0 || weights[3]! > 0)
  .map((weights) => Float64Array.from(weights));

const sigmas = fc.double({ min: 1e-3, max: 8, noNaN: true });

/** The first V entries, normalised. */
function lawOver(size: number, weights: Float64Array): Float64Array {
  const head = weights.slice(0, size);
  return head.some((weight) => weight > 0) ? normalised(head) : head.fill(1 / size);
}

/** States x at which a prediction is not certain. */
const uncertain = ({ mask, states }: Process): number[] =>
  mask === undefined ? Array.from({ length: states }, (_, x) => x) : [mask];

describe("scores and predictions", () => {
  it("go back and forth: the denoising step of the scores of p is p (property)", () => {
    fc.assert(
      fc.property(fourLaws, sigmas, (weights, sigma) => {
        for (const process of scored) {
          const p = lawOver(process.vocabulary, weights);
          const scores = new Float64Array(process.states);
          const back = new Float64Array(process.states);
          const step = scoreStep(process);
          for (const x of uncertain(process)) {
            process.scoresInto(scores, x, p, sigma);
            assert.ok(scores.every((score) => score >= 0));
            step(back, x, scores, sigma);
            // 1 + O(alpha) keeps p to about 1e-16 / alpha.
            close(back.subarray(0, process.vocabulary), p, { rel: 0, abs: 1e-14 * Math.exp(sigma) });
          }
        }
      }),
      { seed: 21, numRuns: 300 },
    );
  });

  it("of part of the time give the posterior: the analytic step is the ancestral one (property)", () => {
    fc.assert(
      fc.property(
        fourLaws,
        sigmas,
        fc.double({ min: 0, max: 0.99, noNaN: true }),
        (weights, sigmaT, part) => {
          for (const process of scored) {
            const p = lawOver(process.vocabulary, weights);
            const law = new Float64Array(process.states);
            const expected = new Float64Array(process.states);
            const sigmaS = part * sigmaT;
            for (const x of uncertain(process)) {
              process.scoresInto(law, x, p, sigmaT);
              scoreStep(process)(law, x, law, sigmaT - sigmaS);
              process.posteriorInto(expected, x, p, sigmaS, sigmaT);
              close(law, expected, { rel: 0, abs: 1e-14 * Math.exp(sigmaT) });
            }
          }
        },
      ),
      { seed: 22, numRuns: 300 },
    );
  });

  it("staggering undoes a transition: it solves s expm(sigma R) = score (property)", () => {
    const scores = fc.array(fc.double({ min: 0, max: 20, noNaN: true }), { minLength: 5, maxLength: 5 });
    fc.assert(
      fc.property(scores, sigmas, (given, sigma) => {
        for (const process of scored) {
          const { states } = process;
          const staggered = Float64Array.from(given.slice(0, states));
          process.staggerInto!(staggered, sigma);
          const back = new Float64Array(states);
          const row = new Float64Array(states);
          for (let y = 0; y < states; y++) {
            process.transitionInto(row, y, sigma);
            for (let z = 0; z < states; z++) back[z]! += staggered[y]! * row[z]!;
          }
          close(back, given.slice(0, states), { rel: 0, abs: 1e-12 * Math.exp(sigma) });
        }
      }),
      { seed: 23, numRuns: 200 },
    );
  });

  it("give the reverse rates that predictions give", () => {
    const noise = linear({ eps: 1e-3 });
    for (const process of scored) {
      const p = lawOver(process.vocabulary, Float64Array.of(0.1, 0.2, 0.3, 0.4));
      for (const x of uncertain(process)) {
        for (const t of [0.01, 0.6, 1]) {
          const scores = new Float64Array(process.states);
          const rates = new Float64Array(process.states);
          const expected = new Float64Array(process.states);
          process.scoresInto(scores, x, p, noise.sigma(t));
          scoreRatesInto(rates, { process, x, scores, rate: noise.rate(t) });
          process.reverseRatesInto(expected, x, p, noise, t);
          close(rates, expected, { rel: 1e-11, abs: 1e-14 });
        }
      }
    }
  });

  it("are refused for processes without a way back, with a sentence", () => {
    const process = ordinal({ vocabulary: 3 });
    assert.throws(
      () => scoreStep(process),
      /scoreStep: scores of the process ordinal do not determine predictions in float64/,
    );
  });
});

describe("scoreEntropy", () => {
  const all: readonly Process[] = [
    absorbing({ vocabulary: 3 }),
    uniformProcess({ vocabulary: 3 }),
    ordinal({ vocabulary: 4, rateSigma: 2, qSigma: 2 }),
    rateMatrix({ rates: [-1, 1, 0, 0.2, -0.7, 0.5, 2, 0, -2] }),
  ];

  it("is 0 for the scores of the clean token and positive for any other", () => {
    for (const process of all) {
      const { states } = process;
      for (let x0 = 0; x0 < process.vocabulary; x0++) {
        const law = new Float64Array(states);
        process.transitionInto(law, x0, 0.8);
        for (let x = 0; x < states; x++) {
          if (law[x] === 0) continue;
          const logScores = law.map((value) => Math.log(value / law[x]!));
          close(scoreEntropy(process, { x, x0, logScores, sigma: 0.8 }), 0, { rel: 0, abs: 1e-12 });
          const off = scoreEntropy(process, {
            x,
            x0,
            logScores: logScores.map((score) => score + 0.3),
            sigma: 0.8,
          });
          assert.ok(off >= 0 && (off > 0 || process.mask !== undefined));
        }
      }
    }
  });

  it("is least, over all scores, at the scores of the posterior mean", () => {
    // A weighted sum over x0 is a convex function of the scores, whose minimum is q_t(y) / q_t(x).
    const prior = [0.5, 0.3, 0.2];
    for (const process of [uniformProcess({ vocabulary: 3 }), all[3]!]) {
      const sigma = 0.7;
      const rows = prior.map((_, x0) => {
        const row = new Float64Array(3);
        process.transitionInto(row, x0, sigma);
        return row;
      });
      const marginal = [0, 1, 2].map((y) => prior.reduce((sum, p, x0) => sum + p * rows[x0]![y]!, 0));
      for (let x = 0; x < 3; x++) {
        const best = marginal.map((value) => Math.log(value / marginal[x]!));
        const loss = (logScores: number[]): number =>
          prior.reduce(
            (sum, p, x0) => sum + p * rows[x0]![x]! * scoreEntropy(process, { x, x0, logScores, sigma }),
            0,
          );
        for (let y = 0; y < 3; y++) {
          for (const shift of [-0.2, 0.2]) {
            const other = best.map((score, z) => (z === y ? score + shift : score));
            assert.ok(loss(other) >= loss(best) - 1e-15);
          }
        }
      }
    }
  });
});
