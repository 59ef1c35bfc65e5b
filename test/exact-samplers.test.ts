/** First hitting, k-Gillespie and uniformization: models that depend on time, refusals, and the contract. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { absorbing, constant, cosineNoise, type Denoiser, linear, sample, uniform } from "../src/index.ts";
import { ordinal } from "../src/processes/ordinal.ts";
import { uniformProcess } from "../src/processes/uniform-process.ts";
import { firstHitting } from "../src/samplers/first-hitting.ts";
import { kGillespie } from "../src/samplers/k-gillespie.ts";
import type { Sampler } from "../src/samplers/sampler.ts";
import { uniformization } from "../src/samplers/uniformization.ts";
import { fits } from "./chi-square.ts";
import { contract } from "./sampler-contract.ts";

describe("a model that depends on time", () => {
  // One position, p(0) = t: the law is the mean of the reveal time, at which alpha is uniform. For
  // alpha = cos(pi t / 2) that is the integral of 2 acos(u) / pi = 2 / pi.
  const model: Denoiser = {
    vocabulary: 2,
    length: 1,
    timeFree: false,
    predict: ({ batch, time }) => ({
      data: Float64Array.from({ length: 2 * batch }, (_, at) => {
        const t = time[at >> 1]!;
        return Math.log(at % 2 === 0 ? t : 1 - t);
      }),
      width: 2,
    }),
  };
  for (const sampler of [firstHitting(), uniformization()]) {
    it(`${sampler.name} asks it at the time of the jump: n = 20,000, seed 7, false alarm 1e-6`, async () => {
      const n = 20_000;
      for (const [noise, mean] of [
        [linear(), 0.5],
        [cosineNoise({ power: 1 }), 2 / Math.PI],
      ] as const) {
        const schedule = uniform({ steps: 2 });
        const { tokens } = await sample(model, { schedule, noise, sampler, count: n, batch: n, seed: 7 });
        const zeros = tokens.reduce((count, token) => count + (token === 0 ? 1 : 0), 0);
        fits(Float64Array.of(zeros, n - zeros), Float64Array.of(mean, 1 - mean), noise.name);
      }
    });
  }
});

describe("refusals", () => {
  it("a mask is needed where masked positions are counted", () => {
    const process = uniformProcess({ vocabulary: 3 });
    assert.match(kGillespie().refuses(process)!, /the process uniform has no mask; use tauLeaping or euler/);
    assert.match(firstHitting().refuses(process)!, /the process uniform has no mask; use uniformization/);
    assert.equal(uniformization().refuses(process), undefined);
    assert.match(
      uniformization().refuses(uniformProcess({ vocabulary: 50_257 }))!,
      /S = 50257 states; expected at most 512/,
    );
    assert.equal(uniformization().refuses(absorbing({ vocabulary: 50_257 })), undefined);
    for (const perCall of [0, 1.5, Number.NaN]) {
      assert.throws(
        () => firstHitting({ perCall }),
        /firstHitting: perCall = .*; expected a whole number >= 1/,
      );
    }
  });
});

const masked: readonly Sampler[] = [
  kGillespie(),
  firstHitting(),
  firstHitting({ perCall: 2 }),
  uniformization(),
];

masked.forEach((sampler, i) => {
  contract(`${sampler.name} (${i}), absorbing`, {
    sampler,
    process: (vocabulary) => absorbing({ vocabulary }),
  });
});

contract("uniformization, uniform", {
  sampler: uniformization(),
  process: (vocabulary) => uniformProcess({ vocabulary }),
});

contract("uniformization, ordinal", {
  sampler: uniformization(),
  process: (vocabulary) => ordinal({ vocabulary }),
  noises: [constant({ sigmaMax: 3 })],
  leastVocabulary: 2,
});
