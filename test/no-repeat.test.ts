/** No n-gram twice: what is ruled out, by enumeration and in runs. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { noRepeat } from "../src/guidance/no-repeat.ts";
import { counts, random, sample, uniform } from "../src/index.ts";
import { asked, fixedModel, never } from "./fixed-model.ts";
import { close } from "./golden.ts";
import { hashed } from "./hashed.ts";
import { sampleLaw, sequenceAt } from "./law.ts";
import { tritsModel } from "./small-laws.ts";

const exactly = { rel: 1e-12, abs: 1e-12 };

describe("no repetition", () => {
  const repeats = (tokens: Int32Array, size: number): boolean => {
    const seen = new Set<string>();
    for (let start = 0; start + size <= tokens.length; start++) {
      const key = tokens.slice(start, start + size).join();
      if (seen.has(key)) return true;
      seen.add(key);
    }
    return false;
  };
  const inTurn = (length: number) => ({
    schedule: counts(Array.from({ length: length + 1 }, (_, i) => i)),
    selector: random(),
  });

  it("with size 1 makes permutations, each position drawn from what is left", async () => {
    const law = await sampleLaw(noRepeat(tritsModel(), { size: 1 }), inTurn(3));
    let total = 0;
    law.forEach((p, index) => {
      if (new Set(sequenceAt(index, 3, 3)).size < 3) assert.equal(p, 0);
      else total += p;
    });
    close(total, 1, exactly);
  });

  it("completes no n-gram twice, from either side, where one position is revealed a step", async () => {
    for (const [size, vocabulary] of [
      [2, 8],
      [3, 5],
    ] as const) {
      const model = hashed({ vocabulary, length: 14 });
      const plain = await sample(model, { ...inTurn(14), count: 40, temperature: 0.3 });
      const cleared = await sample(noRepeat(model, { size }), { ...inTurn(14), count: 40, temperature: 0.3 });
      const repeated = (tokens: Int32Array) =>
        Array.from({ length: 40 }, (_, row) => repeats(tokens.slice(row * 14, row * 14 + 14), size)).filter(
          Boolean,
        ).length;
      assert.ok(repeated(plain.tokens) > 3, `${repeated(plain.tokens)} of 40 rows repeat without the rule`);
      assert.equal(repeated(cleared.tokens), 0);
      const alone = await sample(noRepeat(model, { size }), {
        ...inTurn(14),
        count: 40,
        temperature: 0.3,
        batch: 1,
      });
      assert.deepEqual(alone.tokens, cleared.tokens);
    }
  });

  it("rules out what completes an n-gram that stands elsewhere, and nothing else", async () => {
    const model = fixedModel(Array.from({ length: 7 }, () => [0, 0, 0]));
    // 0 1 2 stands; at position 5 after 0 1 the 2 is ruled out, at 6 nothing is known of its neighbours.
    const tokens = Int32Array.of(0, 1, 2, 0, 1, 3, 3);
    const { data } = await noRepeat(model).predict(asked(7, { tokens }));
    assert.deepEqual([...data.subarray(15, 21)], [0, 0, never, 0, 0, 0]);
    assert.ok(model.data.every((logit) => logit === 0));
    assert.deepEqual([...tokens], [0, 1, 2, 0, 1, 3, 3]);
    // 1 _ 1 must not become 1 1 1, which has 1 1 twice.
    const pair = fixedModel(Array.from({ length: 3 }, () => [0, 0, 0]));
    const filled = await noRepeat(pair, { size: 2 }).predict(asked(3, { tokens: Int32Array.of(1, 3, 1) }));
    assert.deepEqual([...filled.data.subarray(3, 6)], [0, never, 0]);
  });

  it("rules out nothing where it would rule out everything", async () => {
    const model = fixedModel([
      [1, 2],
      [1, 2],
      [1, 2],
    ]);
    const { data } = await noRepeat(model, { size: 1 }).predict(asked(3, { tokens: Int32Array.of(0, 1, 2) }));
    assert.deepEqual([...data], [1, 2, 1, 2, 1, 2]);
    const { tokens } = await sample(noRepeat(hashed({ vocabulary: 1, length: 3 })), {
      schedule: uniform({ steps: 3 }),
    });
    assert.deepEqual([...tokens], [0, 0, 0]);
  });

  it("refuses sizes out of range, and NaN, with a sentence", async () => {
    const model = hashed({ vocabulary: 3, length: 4 });
    for (const size of [0, 1.5, Number.NaN]) {
      assert.throws(() => noRepeat(model, { size }), /noRepeat: size = .*expected a whole number >= 1/);
    }
    const failing = noRepeat(fixedModel([[Number.NaN, 0]]), { size: 1 });
    await assert.rejects(sample(failing, { schedule: uniform({ steps: 1 }) }), /contain NaN/);
  });
});
