/** Annealed temperatures. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { annealed } from "../src/guidance/annealed.ts";
import { counts, jointTable, sample, uniform } from "../src/index.ts";
import { close } from "./golden.ts";
import { hashed } from "./hashed.ts";
import { sampleLaw } from "./law.ts";
import { normalised } from "./sum.ts";

const exactly = { rel: 1e-12, abs: 1e-12 };

describe("annealing", () => {
  it("goes in a straight line from t = 1 to t = 0", () => {
    const temperature = annealed({ from: 0.8, to: 0.4 });
    close([1, 0.5, 0.25, 0].map(temperature), [0.8, 0.6, 0.5, 0.4], exactly);
    assert.equal(annealed({ from: 0, to: 1 })(1), 0);
  });

  it("sets the temperature of every step of a run", async () => {
    // At temperature 0 from the first step on nothing is left to chance.
    const model = hashed({ vocabulary: 4, length: 6 });
    const options = { schedule: counts([0, 1, 2, 4, 6]), count: 1, seed: 3 };
    const cold = await sample(model, { ...options, temperature: annealed({ from: 0, to: 0 }) });
    assert.deepEqual(cold.tokens, (await sample(model, { ...options, temperature: 0 })).tokens);
    const p = [0.5, 0.3, 0.2];
    const one = jointTable({ joint: p, vocabulary: 3, length: 1 });
    const law = await sampleLaw(one, {
      schedule: uniform({ steps: 1 }),
      temperature: annealed({ from: 0.5, to: 9 }),
    });
    close(law, normalised(p.map((value) => value ** 2)), exactly);
  });

  it("refuses temperatures below 0 with a sentence", () => {
    assert.throws(() => annealed({ from: -1, to: 1 }), /annealed: from = -1; expected a finite number >= 0/);
    assert.throws(() => annealed({ from: 1, to: Number.NaN }), /annealed: to = NaN; expected/);
  });
});
