/**
 * Uniformization: exact laws by enumeration where the times of jumps do not matter, chi-square tests on fixed
 * seeds where they do.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  absorbing,
  constant,
  cosineNoise,
  type Denoiser,
  geometric,
  linear,
  type Noise,
  sample,
  uniform,
} from "../src/index.ts";
import { ordinal } from "../src/processes/ordinal.ts";
import { rateMatrix } from "../src/processes/rate-matrix.ts";
import { uniformProcess } from "../src/processes/uniform-process.ts";
import { reverseRateBound } from "../src/samplers/reverse-rate-bound.ts";
import { uniformization } from "../src/samplers/uniformization.ts";
import { fits, histograms } from "./chi-square.ts";
import { lawGivenTimes } from "./given-times.ts";
import { close } from "./golden.ts";
import { hashed } from "./hashed.ts";
import { bitsModel, twoBits } from "./small-laws.ts";
import { exactDenoiser, lawAt, type Problem } from "./step-law.ts";

const exactly = { rel: 1e-11, abs: 1e-13 };

describe("uniformization with a mask", () => {
  it("has the joint law in any number of steps, whatever the times", async () => {
    const denoiser = bitsModel();
    for (const noise of [linear(), geometric()]) {
      for (const steps of [1, 3]) {
        for (const seed of [1, 2, 3]) {
          const options = { schedule: uniform({ steps }), noise, sampler: uniformization() };
          const law = await lawGivenTimes(denoiser, options, seed);
          close(law, twoBits, exactly, `${noise.name}, ${steps} steps`);
        }
      }
    }
  });

  it("has the law of x_s after a step to s: chi-square, n = 6,000, seed 11, false alarm 1e-6", async () => {
    const process = absorbing({ vocabulary: 2 });
    for (const noise of [linear(), cosineNoise()]) {
      const problem: Problem = { joint: twoBits, length: 2, process, noise };
      const denoiser = bitsModel();
      const options = {
        process,
        noise,
        sampler: uniformization(),
        schedule: uniform({ steps: 3 }),
        seed: 11,
      };
      const found = await histograms(denoiser, options, { n: 6000, after: [1, 2] });
      found.forEach((counted, i) => {
        fits(counted, lawAt(problem, 1 - (i + 1) / 3), `${noise.name}, step ${i + 1}`);
      });
    }
  });

  it("makes as many calls as there are positions", async () => {
    const network = hashed({ vocabulary: 5, length: 40, timeFree: false });
    const { calls } = await sample(network, { schedule: uniform({ steps: 3 }), sampler: uniformization() });
    assert.equal(calls, 40);
  });
});

describe("uniformization without a mask", () => {
  const circle = rateMatrix({ rates: [-1.2, 1, 0.2, 0.2, -1.2, 1, 1, 0.2, -1.2] });
  const joint = Float64Array.of(0.3, 0.02, 0.08, 0.02, 0.1, 0.08, 0.1, 0.05, 0.25);
  const problems: Readonly<Record<string, Problem & { readonly n: number }>> = {
    "uniform noise": {
      joint: twoBits,
      length: 2,
      process: uniformProcess({ vocabulary: 2 }),
      noise: linear(),
      n: 4000,
    },
    "a circle": { joint, length: 2, process: circle, noise: constant({ sigmaMax: 6 }), n: 1000 },
    "ordinal noise": {
      joint,
      length: 2,
      process: ordinal({ vocabulary: 3, rateSigma: 2, qSigma: 2 }),
      noise: constant({ sigmaMax: 6 }),
      n: 1000,
    },
  };
  for (const [name, problem] of Object.entries(problems)) {
    it(`${name}: has the law of data and of x_s, chi-square, n = ${problem.n}, seed 5, false alarm 1e-6`, async () => {
      const { process, noise, n } = problem;
      const denoiser = exactDenoiser(problem);
      const options = { process, noise, sampler: uniformization(), schedule: uniform({ steps: 3 }), seed: 5 };
      const [middle, end] = await histograms(denoiser, options, { n, after: [2, 3] });
      fits(middle!, lawAt(problem, 1 / 3), `${name}, x at 1/3`);
      fits(end!, problem.joint, `${name}, data`);
    });
  }

  it("uniform noise: has the law of data after one step, n = 2000, seed 6, false alarm 1e-6", async () => {
    const problem = problems["uniform noise"]!;
    const options = { ...problem, sampler: uniformization(), schedule: uniform({ steps: 1 }), seed: 6 };
    const [end] = await histograms(exactDenoiser(problem), options, { n: 2000, after: [1] });
    fits(end!, problem.joint, "data");
  });

  it("has bounds that hold, and that are tight for uniform noise", () => {
    const processes = [
      uniformProcess({ vocabulary: 4 }),
      circle,
      ordinal({ vocabulary: 7, rateSigma: 2, qSigma: 4 }),
    ];
    const noise: Noise = { ...constant(), sigma: (t) => t, rate: () => 1 };
    for (const process of processes) {
      const { states } = process;
      const bounds = reverseRateBound(process);
      const rates = new Float64Array(states);
      for (const [low, high] of [
        [1e-6, 2e-6],
        [0.01, 0.02],
        [0.3, 0.6],
        [2, 3],
        [5, 10],
      ] as const) {
        const bound = bounds.over(low, high);
        let greatest = 0;
        for (let i = 0; i <= 8; i++) {
          const sigma = low + ((high - low) * i) / 8;
          for (let x = 0; x < states; x++) {
            for (let x0 = 0; x0 < states; x0++) {
              const p = new Float64Array(states);
              p[x0] = 1;
              process.reverseRatesInto(rates, x, p, noise, sigma);
              greatest = Math.max(
                greatest,
                rates.reduce((sum, rate) => sum + rate, 0),
              );
            }
          }
        }
        assert.ok(
          bound >= greatest * (1 - 1e-12),
          `${process.name} on ${low} to ${high}: ${bound} < ${greatest}`,
        );
        if (process.name === "uniform") close(bound, greatest, { rel: 1e-9, abs: 0 });
      }
    }
  });

  it("makes no call for a candidate that changed nothing, if the model knows no time", async () => {
    const network = hashed({ vocabulary: 3, length: 4 });
    const seen: string[] = [];
    const watching: Denoiser = {
      ...network,
      predict(input) {
        seen.push(input.tokens.join());
        return network.predict(input);
      },
    };
    const process = uniformProcess({ vocabulary: 3 });
    await sample(watching, { process, sampler: uniformization(), schedule: uniform({ steps: 2 }) });
    seen.forEach((tokens, call) => {
      assert.notEqual(tokens, seen[call - 1], `call ${call} repeats the one before it`);
    });
  });
});
