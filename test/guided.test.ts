/** Guidance on logits: what it does to the law of the samples, by enumeration, and its contract. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { guided, guidedLogit } from "../src/guidance/guided.ts";
import { unprompted } from "../src/guidance/unprompted.ts";
import { type Denoiser, type Noised, predictions, sample, uniform } from "../src/index.ts";
import { uniformProcess } from "../src/processes/uniform-process.ts";
import { asked, fixedModel, never } from "./fixed-model.ts";
import { close } from "./golden.ts";
import { hashed } from "./hashed.ts";
import { sampleLaw, sequenceAt, sequenceIndex } from "./law.ts";
import { threeTrits, tritsModel } from "./small-laws.ts";
import { normalised } from "./sum.ts";

const exactly = { rel: 1e-12, abs: 1e-12 };

describe("guidance on logits", () => {
  const withCondition = [[0.3, -1.2, 2, 0.1]];
  const without = [[-0.4, 0.9, 1.1, 0.5]];
  const law = async (model: Denoiser): Promise<Float64Array> =>
    predictions(await model.predict(asked(1)), { length: 1, vocabulary: 4 })
      .row(0, 0)
      .slice();

  it("is guidance on the predicted laws: p_c^scale p_u^(1 - scale), renormalised", async () => {
    const [c, u] = [fixedModel(withCondition), fixedModel(without)];
    const [pc, pu] = [await law(c), await law(u)];
    for (const scale of [0, 0.5, 1, 1.5, 4]) {
      const expected = normalised(pc.map((p, v) => p ** scale * pu[v]! ** (1 - scale)));
      close(await law(guided(c, u, { scale })), expected, exactly, `scale ${scale}`);
      const w = scale - 1;
      const weights = withCondition[0]!.map((logit, v) => Math.exp((1 + w) * logit - w * without[0]![v]!));
      close(await law(guided(c, u, { scale })), normalised(weights), exactly, `w ${w}`);
    }
    assert.deepEqual(await law(guided(c, u, { scale: 1 })), pc);
    assert.deepEqual(await law(guided(c, u, { scale: 0 })), pu);
  });

  it("takes float32 logits and logits wider than the vocabulary", async () => {
    const wide = fixedModel([[...withCondition[0]!, 77]], { vocabulary: 4, single: true });
    const plain = guided(fixedModel(withCondition), fixedModel(without), { scale: 2 });
    close(await law(guided(wide, fixedModel(without), { scale: 2 })), await law(plain), {
      rel: 1e-6,
      abs: 1e-7,
    });
    const swapped = guided(fixedModel(without), wide, { scale: -1 + 2 });
    assert.deepEqual(await law(swapped), await law(fixedModel(without)));
  });

  it("a token that either model rules out is impossible, and NaN and +Infinity stay visible", () => {
    for (const scale of [0.5, 2]) {
      for (const [c, u] of [
        [never, 0],
        [0, never],
        [never, never],
        [never, 1e4],
        [-1e4, never],
      ] as const) {
        assert.equal(guidedLogit(c, u, scale), never, `${c}, ${u}, scale ${scale}`);
      }
      for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
        for (const other of [never, 0]) {
          assert.ok(!(guidedLogit(bad, other, scale) < Number.POSITIVE_INFINITY));
          assert.ok(!Number.isFinite(guidedLogit(other, bad, scale)));
          assert.notEqual(guidedLogit(never, bad, scale), never);
        }
      }
    }
    // A model of weight 0 has no say.
    assert.equal(guidedLogit(0.5, never, 1), 0.5);
    assert.equal(guidedLogit(never, 0.5, 0), 0.5);
  });

  it("works on logits of +-1e4", async () => {
    const c = fixedModel([[1e4, -1e4, 9999]]);
    const u = fixedModel([[-1e4, 1e4, -1e4]]);
    const found = predictions(await guided(c, u, { scale: 3 }).predict(asked(1)), {
      length: 1,
      vocabulary: 3,
    });
    close(found.row(0, 0), normalised([1, 0, Math.exp(-3)]), exactly);
  });

  it("counts the calls of both models, in a run too", async () => {
    const models = [0, 1].map((k) => hashed({ vocabulary: 3, length: 4, timeFree: k === 0 }));
    const both = guided(models[0]!, models[1]!, { scale: 2 });
    assert.equal(both.callsPerPrediction, 2);
    assert.equal(both.timeFree, false);
    assert.equal(guided(both, models[0]!, { scale: 2 }).callsPerPrediction, 3);
    const { calls, evaluations } = await sample(both, { schedule: uniform({ steps: 4 }), count: 3 });
    assert.deepEqual([calls, evaluations], [8, 24]);
  });

  it("keeps rows apart, the models' arrays as they are, and gives every lent one back once", async () => {
    const rows = [
      [0.3, -1.2, 2],
      [0.5, 0.1, -0.7],
    ];
    const other = rows.map((row) => row.map((logit) => -0.3 * logit));
    const lending = [fixedModel(rows, { lend: true }), fixedModel(other, { lend: true })];
    const keeping = [fixedModel(rows), fixedModel(other)];
    const options = { schedule: uniform({ steps: 2 }), count: 1, seed: 4 };
    const lent = await sample(guided(lending[0]!, lending[1]!, { scale: 2 }), options);
    const kept = await sample(guided(keeping[0]!, keeping[1]!, { scale: 2 }), options);
    assert.deepEqual(lent.tokens, kept.tokens);
    assert.deepEqual(
      lending.map(({ lent: { count } }) => count),
      [0, 0],
    );
    assert.deepEqual([...keeping[0]!.data, ...keeping[1]!.data], [...rows.flat(), ...other.flat()]);

    const pair = () =>
      guided(hashed({ vocabulary: 4, length: 7 }), hashed({ vocabulary: 4, length: 7, width: 6 }), {
        scale: 1.7,
      });
    for (const process of [undefined, uniformProcess({ vocabulary: 4 })]) {
      const settings = {
        schedule: uniform({ steps: 3 }),
        given: [-1, 2, -1, -1, 0, -1, -1],
        ...(process ? { process } : {}),
      };
      const together = await sample(pair(), { ...settings, count: 5 });
      assert.deepEqual((await sample(pair(), { ...settings, count: 5, batch: 1 })).tokens, together.tokens);
      assert.deepEqual(
        (await sample(pair(), { ...settings, count: 2, firstRow: 3 })).tokens,
        together.tokens.slice(21),
      );
      together.tokens.forEach((token, at) => {
        if (settings.given[at % 7]! >= 0) assert.equal(token, settings.given[at % 7]);
      });
    }
  });

  it("works for one and two tokens and one position", async () => {
    for (const vocabulary of [1, 2]) {
      const model = hashed({ vocabulary, length: 1 });
      const { tokens } = await sample(guided(model, model, { scale: 3 }), {
        schedule: uniform({ steps: 2 }),
      });
      assert.ok(tokens[0]! < vocabulary);
    }
  });

  it("refuses models that do not fit, scales out of range and NaN with a sentence", async () => {
    const model = hashed({ vocabulary: 3, length: 4 });
    for (const other of [hashed({ vocabulary: 4, length: 4 }), hashed({ vocabulary: 3, length: 5 })]) {
      assert.throws(() => guided(model, other, { scale: 2 }), /guided: .*they must agree/);
    }
    for (const scale of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.throws(() => guided(model, model, { scale }), /guided: scale = .*expected a finite number >= 0/);
    }
    const schedule = uniform({ steps: 1 });
    const apart = guided(fixedModel([[0, never]]), fixedModel([[never, 0]]), { scale: 2 });
    await assert.rejects(
      sample(apart, { schedule }),
      /guided: .*position 0 .*no token is possible under both/,
    );
    for (const logits of [
      [Number.NaN, 0],
      [0, Number.NaN],
    ]) {
      const [bad, good] = [fixedModel([logits]), fixedModel([[never, 0]])];
      await assert.rejects(sample(guided(bad, good, { scale: 2 }), { schedule }), /contain NaN/);
      await assert.rejects(sample(guided(good, bad, { scale: 2 }), { schedule }), /contain NaN/);
    }
  });
});

describe("the unprompted model", () => {
  it("sees masks for given tokens", async () => {
    const seen: Noised[] = [];
    const watched: Denoiser = {
      ...tritsModel(),
      predict(input) {
        seen.push(input);
        return tritsModel().predict(input);
      },
    };
    const tokens = Int32Array.of(2, 1, 3);
    const input = { tokens, batch: 1, time: Float64Array.of(0.5), fixed: Uint8Array.of(0, 1, 0) };
    await unprompted(watched).predict(input);
    assert.deepEqual([...seen[0]!.tokens], [2, 3, 3]);
    assert.deepEqual([...tokens], [2, 1, 3]);
    assert.equal(seen[0]!.fixed, undefined);
    const { fixed: _, ...plain } = input;
    await unprompted(watched).predict(plain);
    assert.deepEqual([...seen[1]!.tokens], [2, 1, 3]);
  });

  it("guides a masked model towards its prompt: p(x | prompt)^scale p(x)^(1 - scale)", async () => {
    // One free position, so that one step is the whole law.
    const given = [2, -1, 0];
    const scale = 2.5;
    const law = await sampleLaw(guided(tritsModel(), unprompted(tritsModel()), { scale }), {
      schedule: uniform({ steps: 1 }),
      given,
    });
    const weights = [0, 1, 2].map((token) => {
      const conditional = threeTrits[sequenceIndex([2, token, 0], 3)]!;
      let marginal = 0;
      threeTrits.forEach((p, index) => {
        if (sequenceAt(index, 3, 3)[1] === token) marginal += p;
      });
      return conditional ** scale * marginal ** (1 - scale);
    });
    const expected = normalised(weights);
    for (const token of [0, 1, 2]) {
      close(law[sequenceIndex([2, token, 0], 3)]!, expected[token]!, exactly, `token ${token}`);
    }
  });
});
