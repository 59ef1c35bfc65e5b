/** Informed correction: the laws it keeps, by enumeration of every draw. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { lowConfidence } from "../src/correctors/doubt.ts";
import { informed } from "../src/correctors/informed.ts";
import { absorbing, jointTable } from "../src/index.ts";
import { corrected, drift, problem } from "./corrected-law.ts";
import { close } from "./golden.ts";
import { sequenceAt } from "./law.ts";
import { lawAt } from "./step-law.ts";

const exactly = { rel: 0, abs: 1e-12 };

describe("informed correction", () => {
  const exact = problem(absorbing({ vocabulary: 2 }), 3);
  const timeFree = {
    ...exact,
    denoiser: jointTable({ joint: exact.joint, vocabulary: 2, length: 3 }),
  };

  it("of a uniformly chosen position keeps q_t", async () => {
    for (const start of [exact, timeFree]) {
      for (const t of [0.05, 0.4, 0.9]) {
        const law = lawAt(start, t);
        for (const corrector of [informed({ pool: 1 }), informed({ pool: 1, steps: 2 })]) {
          close(await corrected(start, { law, corrector, t }), law, exactly);
        }
      }
    }
  });

  it("keeps q_t with a choice that does not look at the tokens it may change", async () => {
    for (const pool of [2, 3]) {
      const corrector = informed({ pool, doubt: lowConfidence({ temperature: 0.3 }) });
      for (const t of [0.1, 0.5]) {
        const law = lawAt(timeFree, t);
        close(await corrected(timeFree, { law, corrector, t }), law, exactly);
      }
    }
  });

  it("keeps q_t given some tokens", async () => {
    const given = [0, -1, -1];
    for (const corrector of [informed({ pool: 1 }), informed({ pool: 2, doubt: lowConfidence() })]) {
      const law = lawAt(timeFree, 0.4, given);
      close(await corrected(timeFree, { law, corrector, t: 0.4, given }), law, exactly);
    }
  });

  it("keeps the number of masked positions whatever the choice", async () => {
    const t = 0.5;
    const masks = (law: Float64Array) => {
      const counts = new Float64Array(4);
      law.forEach((p, index) => {
        counts[sequenceAt(index, 3, 3).filter((token) => token === 2).length]! += p;
      });
      return counts;
    };
    const law = lawAt(timeFree, t);
    for (const corrector of [informed(), informed({ count: 2 }), informed({ count: 9, pool: 9 })]) {
      close(masks(await corrected(timeFree, { law, corrector, t })), masks(law), exactly);
    }
  });

  it("chosen by margin, or several at once, keeps q_t only roughly", async () => {
    const t = 0.2;
    const found = {
      margin: await drift(timeFree, informed(), t),
      two: await drift(timeFree, informed({ count: 2, pool: 2 }), t),
    };
    for (const [name, value] of Object.entries(found)) {
      assert.ok(value > 1e-4 && value < 0.15, `${name}: ${JSON.stringify(found)}`);
    }
  });
});
