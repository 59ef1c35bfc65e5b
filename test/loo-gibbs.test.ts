/** Leave-one-out Gibbs: the laws it keeps, by enumeration of every draw. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { lowConfidence, lowMargin, lowProbability } from "../src/correctors/doubt.ts";
import { looGibbs } from "../src/correctors/loo-gibbs.ts";
import { cosineNoise, type Denoiser, linear, type Process } from "../src/index.ts";
import { ordinal } from "../src/processes/ordinal.ts";
import { uniformProcess } from "../src/processes/uniform-process.ts";
import { corrected, drift, problem, turning } from "./corrected-law.ts";
import { close } from "./golden.ts";
import { lawAt } from "./step-law.ts";

const exactly = { rel: 0, abs: 1e-12 };

const unmasked: Readonly<Record<string, Process>> = {
  uniform: uniformProcess({ vocabulary: 3 }),
  ordinal: ordinal({ vocabulary: 3, rateSigma: 1, qSigma: 2 }),
  "a custom rate matrix": turning,
};

describe("leave-one-out Gibbs", () => {
  for (const [name, process] of Object.entries(unmasked)) {
    it(`one position a call keeps q_t, ${name}`, async () => {
      for (const noise of [linear(), cosineNoise()]) {
        for (const t of [0.05, 0.4, 0.9]) {
          const exact = problem(process, 2, noise);
          const law = lawAt(exact, t);
          for (const corrector of [looGibbs(), looGibbs({ steps: 2 })]) {
            close(await corrected(exact, { law, corrector, t }), law, exactly);
          }
        }
      }
    });
  }

  it("keeps q_t on three positions", async () => {
    const exact = problem(uniformProcess({ vocabulary: 2 }), 3);
    const law = lawAt(exact, 0.3);
    close(await corrected(exact, { law, corrector: looGibbs(), t: 0.3 }), law, exactly);
  });

  it("keeps q_t given some tokens", async () => {
    const given = [-1, 1, -1];
    for (const process of [uniformProcess({ vocabulary: 2 }), turning]) {
      const exact = problem(process, 3);
      const law = lawAt(exact, 0.3, given);
      close(await corrected(exact, { law, corrector: looGibbs(), t: 0.3, given }), law, exactly);
    }
  });

  it("draws from the closed form of the paper for uniform noise", async () => {
    // log p_loo = log p - [x0 = x] log(1 + V alpha / (1 - alpha)), then alpha p_loo + (1 - alpha) / V.
    const vocabulary = 4;
    const p = [0.1, 0.5, 0.15, 0.25];
    const x = 1;
    const t = 0.35;
    const alpha = 1 - t;
    const weights = p.map((value, v) => (v === x ? value / (1 + (vocabulary * alpha) / (1 - alpha)) : value));
    const total = weights.reduce((sum, value) => sum + value, 0);
    const expected = weights.map((value) => (alpha * value) / total + (1 - alpha) / vocabulary);
    const denoiser: Denoiser = {
      vocabulary,
      length: 1,
      timeFree: false,
      predict: () => ({ data: Float64Array.from(p, Math.log), width: vocabulary }),
    };
    const one = { ...problem(uniformProcess({ vocabulary }), 1), denoiser };
    const law = Float64Array.from(p, (_, v) => (v === x ? 1 : 0));
    close(await corrected(one, { law, corrector: looGibbs(), t }), expected, exactly);
  });

  it("several positions of one call, or positions chosen by their laws, keep it only roughly", async () => {
    const exact = problem(uniformProcess({ vocabulary: 2 }), 3);
    const t = 0.3;
    const found = {
      two: await drift(exact, looGibbs({ count: 2 }), t),
      margin: await drift(exact, looGibbs({ doubt: lowMargin() }), t),
      probability: await drift(exact, looGibbs({ doubt: lowProbability() }), t),
      confidence: await drift(exact, looGibbs({ doubt: lowConfidence() }), t),
    };
    for (const [name, value] of Object.entries(found)) {
      assert.ok(value > 1e-4 && value < 0.15, `${name}: ${JSON.stringify(found)}`);
    }
  });
});
