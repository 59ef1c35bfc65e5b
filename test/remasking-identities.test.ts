/** Samplers that revise: which of them are which others for some of their options. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  confidence,
  type Denoiser,
  independent,
  linear,
  type Process,
  type Randomness,
  random,
  type Selector,
  sample,
  stratified,
  times,
  uniform,
} from "../src/index.ts";
import { plugInPosterior } from "../src/processes/plug-in.ts";
import { rateMatrix } from "../src/processes/rate-matrix.ts";
import { uniformProcess } from "../src/processes/uniform-process.ts";
import { maskGit } from "../src/samplers/mask-git.ts";
import { pathPlanning, randomScore } from "../src/samplers/path-planning.ts";
import { psi } from "../src/samplers/psi.ts";
import { psiCap } from "../src/samplers/psi-profile.ts";
import { cap, confidenceRule, loop } from "../src/samplers/remask-rules.ts";
import { remdm } from "../src/samplers/remdm.ts";
import { close } from "./golden.ts";
import { enumerate, productOfMarginals, sampleLaw, sequenceIndex, totalVariation } from "./law.ts";
import { propagatedLaw } from "./propagated-law.ts";
import { bitsModel, threeTrits, tritsModel, twoBits } from "./small-laws.ts";
import { exactDenoiser } from "./step-law.ts";

const exactly = { rel: 1e-12, abs: 1e-12 };
const bits = bitsModel();
const trits = tritsModel();
const uniformBits = uniformProcess({ vocabulary: 2 });
const cycle = rateMatrix({ rates: [-1, 1, 0, 0, -1, 1, 1, 0, -1] });

/** Exact denoisers of the two joint laws under another process. */
function noisy(process: Process): Denoiser {
  const data = process.vocabulary === 2 ? { joint: twoBits, length: 2 } : { joint: threeTrits, length: 3 };
  return exactDenoiser({ ...data, process, noise: linear() });
}

describe("identities", () => {
  const never = remdm({ rule: { name: "never", sigma: () => 0 } });
  const selectors: readonly Selector[] = [independent(), random(), stratified(), confidence()];

  for (const selector of selectors) {
    it(`remdm with sigma = 0 and psi with kappa = 1 are ancestral, ${selector.name}`, async () => {
      for (const schedule of [uniform({ steps: 2 }), times([1, 0.7, 0.1, 0])]) {
        const options = { schedule, selector };
        const expected = await sampleLaw(trits, options);
        for (const sampler of [never, remdm({ rule: cap({ eta: 0 }) }), psi({ kappa: 1 })]) {
          close(await sampleLaw(trits, { ...options, sampler }), expected, exactly, sampler.name);
        }
      }
    });
  }

  for (const [name, process] of Object.entries({ uniform: uniformBits, "a cycle": cycle })) {
    it(`psi with kappa = 1 is ancestral under ${name}`, async () => {
      const options = { process, schedule: times([1, 0.6, 0.25, 0]) };
      const expected = await propagatedLaw(noisy(process), options);
      for (const kappa of [1, () => 1]) {
        const law = await propagatedLaw(noisy(process), { ...options, sampler: psi({ kappa }) });
        close(law, expected, exactly);
      }
    });
  }

  it("psi under absorbing noise is remdm with sigma = (1 - kappa) (1 - alpha(s))", async () => {
    const options = { schedule: times([1, 0.8, 0.5, 0.1, 0]), selector: independent() };
    const rule = { name: "as psi", sigma: ({ alphaS }: { alphaS: number }) => 0.3 * (1 - alphaS) };
    close(
      await propagatedLaw(trits, { ...options, sampler: psi({ kappa: 0.7 }) }),
      await propagatedLaw(trits, { ...options, sampler: remdm({ rule }) }),
      exactly,
    );
    close(
      await propagatedLaw(trits, { ...options, sampler: psi({ kappa: psiCap({ eta: 0.05 }) }) }),
      await propagatedLaw(trits, { ...options, sampler: remdm({ rule: cap({ eta: 0.05 }) }) }),
      exactly,
    );
  });

  it("psi with the plug-in posterior differs from the mixture, except under absorbing noise", async () => {
    const options = { schedule: uniform({ steps: 3 }) };
    const laws = await Promise.all(
      [{}, { posterior: plugInPosterior }].flatMap((posterior) => [
        propagatedLaw(noisy(uniformBits), {
          ...options,
          process: uniformBits,
          sampler: psi({ kappa: 0.8, ...posterior }),
        }),
        propagatedLaw(bits, { ...options, sampler: psi({ kappa: 0.8, ...posterior }) }),
      ]),
    );
    assert.ok(totalVariation(laws[0]!, laws[2]!) > 1e-3);
    close(laws[1]!, laws[3]!, exactly);
  });

  it("pathPlanning with eta = 0 and random scores is ancestral in random order", async () => {
    const sampler = pathPlanning({ eta: 0, score: randomScore });
    for (const [denoiser, schedule] of [
      [bits, uniform({ steps: 2 })],
      [trits, uniform({ steps: 2 })],
    ] as const) {
      const { vocabulary, length } = denoiser;
      const expected = await sampleLaw(denoiser, { schedule, selector: random() });
      const law = new Float64Array(expected.length);
      const runs = enumerate((randomness) =>
        sample(denoiser, { schedule, sampler, randomness: orderedUniforms(randomness, length) }),
      );
      for await (const { result, probability } of runs) {
        law[sequenceIndex(result.tokens, vocabulary)]! += probability;
      }
      close(law, expected, exactly);
    }
  });

  it("all samplers draw from the product of the marginals in one step", async () => {
    const product = productOfMarginals(threeTrits, 3, 3);
    const schedule = uniform({ steps: 1 });
    const samplers = [
      remdm(),
      remdm({ rule: confidenceRule() }),
      remdm({ rule: loop() }),
      psi({ kappa: 0 }),
      maskGit({ temperature: 0 }),
      pathPlanning(),
    ];
    for (const sampler of samplers) {
      close(await sampleLaw(trits, { schedule, sampler }), product, exactly, sampler.name);
    }
  });
});

/**
 * Uniforms of which only the order counts, made of draws that can be enumerated: the ranks of n positions in
 * uniform random order.
 */
function orderedUniforms({ at }: Randomness, n: number): Randomness {
  return {
    at(row, step, purpose, stage) {
      const draw = at(row, step, purpose, stage);
      const ranks = Array.from({ length: n }, (_, rank) => (rank + 0.5) / n);
      return {
        ...draw,
        uniform: (site) => ranks.splice(ranks.length > 1 ? draw.integer(ranks.length, site) : 0, 1)[0]!,
      };
    },
  };
}
