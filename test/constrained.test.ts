/** Constraints: what they do to the law of the samples, by enumeration, and their contract. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { constrained } from "../src/guidance/constrained.ts";
import { counts, jointTable, random, sample, uniform } from "../src/index.ts";
import { uniformProcess } from "../src/processes/uniform-process.ts";
import { asked, fixedModel, never } from "./fixed-model.ts";
import { close } from "./golden.ts";
import { hashed } from "./hashed.ts";
import { productOfMarginals, sampleLaw, sequenceAt, sequenceIndex, totalVariation } from "./law.ts";
import { threeTrits, tritsModel } from "./small-laws.ts";
import { normalised } from "./sum.ts";

const exactly = { rel: 1e-12, abs: 1e-12 };

describe("constraints", () => {
  const allowed = [undefined, [0, 2], [1]] as const;
  const isAllowed = (tokens: Int32Array) =>
    tokens.every((token, d) => !allowed[d] || allowed[d]!.includes(token as never));
  const inTurn = { schedule: counts([0, 1, 2, 3]), selector: random() };

  /** One position at a time in a uniformly random order, each drawn from its law cut to what is allowed. */
  function projected(joint: Float64Array): Float64Array {
    const law = new Float64Array(27);
    const visit = (tokens: number[], weight: number): void => {
      const open = tokens.flatMap((token, d) => (token < 0 ? [d] : []));
      if (open.length === 0) law[sequenceIndex(tokens, 3)]! += weight;
      for (const d of open) {
        const p = [0, 1, 2].map((token) =>
          !allowed[d] || allowed[d]!.includes(token as never)
            ? joint.reduce((sum, value, index) => {
                const full = sequenceAt(index, 3, 3);
                const agrees = tokens.every((t, e) => (e === d ? full[e] === token : t < 0 || full[e] === t));
                return sum + (agrees ? value : 0);
              }, 0)
            : 0,
        );
        normalised(p).forEach((chance, token) => {
          if (chance > 0) visit(tokens.with(d, token), (weight * chance) / open.length);
        });
      }
    };
    visit([-1, -1, -1], 1);
    return law;
  }

  it("cut and renormalise every position, which is not conditioning", async () => {
    const law = await sampleLaw(constrained(tritsModel(), { allowed }), inTurn);
    law.forEach((p, index) => {
      if (!isAllowed(sequenceAt(index, 3, 3))) assert.equal(p, 0);
    });
    close(law, projected(threeTrits), exactly);
    const conditional = normalised(
      threeTrits.map((p, index) => (isAllowed(sequenceAt(index, 3, 3)) ? p : 0)),
    );
    const apart = totalVariation(law, conditional);
    assert.ok(apart > 0.01, `total variation from conditioning ${apart}`);
  });

  it("are conditioning where positions are independent, or all tokens but one are given", async () => {
    const product = productOfMarginals(threeTrits, 3, 3);
    const independent = jointTable({ joint: product, vocabulary: 3, length: 3 });
    const conditional = (joint: Float64Array, given: number[] = []) =>
      normalised(
        joint.map((p, index) => {
          const tokens = sequenceAt(index, 3, 3);
          return isAllowed(tokens) && tokens.every((token, d) => (given[d] ?? -1) < 0 || token === given[d])
            ? p
            : 0;
        }),
      );
    close(await sampleLaw(constrained(independent, { allowed }), inTurn), conditional(product), exactly);
    const given = [1, -1, 1];
    const law = await sampleLaw(constrained(tritsModel(), { allowed }), {
      schedule: uniform({ steps: 1 }),
      given,
    });
    close(law, conditional(threeTrits, given), exactly);
  });

  it("hold under uniform noise too, and for every row", async () => {
    const model = constrained(hashed({ vocabulary: 3, length: 5, timeFree: false }), {
      allowed: [[1], undefined, [0, 2]],
    });
    for (const process of [undefined, uniformProcess({ vocabulary: 3 })]) {
      const settings = { schedule: uniform({ steps: 3 }), ...(process ? { process } : {}) };
      const { tokens } = await sample(model, { ...settings, count: 20 });
      tokens.forEach((token, at) => {
        if (at % 5 === 0) assert.equal(token, 1);
        if (at % 5 === 2) assert.notEqual(token, 1);
      });
      assert.deepEqual((await sample(model, { ...settings, count: 20, batch: 3 })).tokens, tokens);
    }
  });

  it("may be zeros and ones, are copied, and leave the model's array as it is", async () => {
    const ones = Uint8Array.of(1, 1, 1, 1, 0, 1, 0, 1, 0);
    const model = constrained(tritsModel(), { allowed: ones });
    ones.fill(0);
    close(
      await sampleLaw(model, inTurn),
      await sampleLaw(constrained(tritsModel(), { allowed }), inTurn),
      exactly,
    );
    const own = fixedModel([[1, 2, 3]]);
    const cut = await constrained(own, { allowed: [[1]] }).predict(asked(1));
    assert.deepEqual([...cut.data], [never, 2, never]);
    assert.deepEqual([...own.data], [1, 2, 3]);
  });

  it("work for one and two tokens", async () => {
    for (const vocabulary of [1, 2]) {
      const model = constrained(hashed({ vocabulary, length: 1 }), { allowed: [[vocabulary - 1]] });
      const { tokens } = await sample(model, { schedule: uniform({ steps: 2 }), count: 3 });
      assert.deepEqual([...tokens], [vocabulary - 1, vocabulary - 1, vocabulary - 1]);
    }
  });

  it("that cannot be met are refused with a sentence", async () => {
    const model = hashed({ vocabulary: 3, length: 4 });
    assert.throws(
      () => constrained(model, { allowed: [[0], []] }),
      /constrained: position 1 allows no token/,
    );
    assert.throws(() => constrained(model, { allowed: new Uint8Array(12) }), /position 0 allows no token/);
    assert.throws(
      () => constrained(model, { allowed: new Uint8Array(11) }),
      /11 entries; expected 4 x 3 = 12/,
    );
    assert.throws(() => constrained(model, { allowed: [[], [], [], [], []] }), /5 entries; expected/);
    for (const token of [3, -1, 0.5, Number.NaN]) {
      assert.throws(() => constrained(model, { allowed: [[token]] }), /position 0 allows token .*expected/);
    }
    const schedule = uniform({ steps: 2 });
    await assert.rejects(
      sample(constrained(model, { allowed: [undefined, [0, 1]] }), { schedule, given: [-1, 2, -1, -1] }),
      /constrained: position 1 is given token 2, which is not allowed there/,
    );
    const certain = constrained(fixedModel([[0, never]]), { allowed: [[1]] });
    await assert.rejects(
      sample(certain, { schedule }),
      /every token allowed at position 0 has probability 0/,
    );
    for (const logits of [
      [Number.NaN, 0],
      [0, Number.NaN],
    ]) {
      const failing = constrained(fixedModel([logits]), { allowed: [[1]] });
      await assert.rejects(sample(failing, { schedule }), /contain NaN/);
    }
  });
});
