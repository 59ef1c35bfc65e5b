/** How fast weighted particles approach the target law as steps get short, without sampling any. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { annealed, feynmanKac, gaussianMixture, timeUniform, weightsOf } from "../../src/continuous/index.ts";
import { noise } from "./bench.ts";
import { oneStep } from "./one-step.ts";

const deviation = 0.6;
const data = gaussianMixture({ weights: [1], means: [[0]], deviations: [deviation] });

describe("Feynman-Kac correctors: orders", () => {
  for (const order of [1, 2] as const) {
    for (const exponent of [2.5, 0.5]) {
      it(`q^${exponent} of a Gaussian: variance and constant are of order ${order}, by the exact law of infinitely many particles`, async () => {
        const errors = await Promise.all(
          [320, 640, 1280].map((count) => gaussianErrors({ order, exponent, count })),
        );
        for (const which of ["variance", "constant"] as const) {
          for (const i of [1, 2]) {
            const slope = Math.log2(errors[i - 1]![which] / errors[i]![which]);
            assert.ok(Math.abs(slope - order) < 0.15, `${which}: slope ${slope}, ${errors[i]![which]}`);
          }
        }
        assert.ok(errors[2]!.constant < (order === 2 ? 0.001 : 0.1), `${errors[2]!.constant}`);
      });
    }
  }
});

/**
 * What is wrong with q^beta of N(0, 0.6^2) after `count` steps from its exact start, for infinitely many particles: x at
 * s is linear and the log-weight quadratic in x at t and in the noise n, so that the weighted law stays a Gaussian, whose
 * variance and mass follow from one step at four points.
 */
async function gaussianErrors({
  order,
  exponent,
  count,
}: {
  order: 1 | 2;
  exponent: number;
  count: number;
}): Promise<{ variance: number; constant: number }> {
  const exact = (t: number): { variance: number; constant: number } => {
    const variance = (noise.alpha(t) * deviation) ** 2 + noise.sigma(t) ** 2;
    return {
      variance: variance / exponent,
      constant: 0.5 * ((1 - exponent) * Math.log(2 * Math.PI * variance) - Math.log(exponent)),
    };
  };
  const sampler = feynmanKac({ target: annealed({ exponent }), order, threshold: 0, last: false });
  const grid = timeUniform({ steps: count }).resolve({ ...noise, cutoff: 0.05 });
  let { variance, constant } = exact(1);
  for (let i = 0; i < count; i++) {
    const step = oneStep(data, {
      noise,
      t: grid[i]!,
      s: grid[i + 1]!,
      x: [0, 1, 0, 1],
      draws: [[0, 0, 1, 1]],
    });
    await sampler.stepInto(step);
    const [none, x, n, both] = weightsOf({ memory: step.memory, index: 1 }).logWeights as unknown as number[];
    const [keep, draw] = [step.next[1]!, step.next[2]!];
    // The weighted law of (x, n) has the precision [[p, c], [c, q]].
    const p = 1 / variance - 2 * (x! - none!);
    const q = 1 - 2 * (n! - none!);
    const c = -(both! - x! - n! + none!);
    const determinant = p * q - c * c;
    constant += none! - 0.5 * Math.log(determinant * variance);
    variance = (keep * keep * q - 2 * keep * draw * c + draw * draw * p) / determinant;
  }
  const end = exact(grid.at(-1)!);
  return {
    variance: Math.abs(variance / end.variance - 1),
    constant: Math.abs(constant - end.constant),
  };
}
