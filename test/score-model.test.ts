/** Score models: the predictions that scores are of. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type ScoreModel, scoreModel } from "../src/denoisers/score-model.ts";
import {
  absorbing,
  ancestral,
  type Denoiser,
  type Logits,
  linear,
  type Noise,
  type Noised,
  type Process,
  predictions,
  sample,
  uniform,
} from "../src/index.ts";
import { ordinal } from "../src/processes/ordinal.ts";
import { uniformProcess } from "../src/processes/uniform-process.ts";
import { analytic } from "../src/samplers/analytic.ts";
import { close } from "./golden.ts";
import { propagatedLaw } from "./propagated-law.ts";
import { twoTrits } from "./small-laws.ts";
import { exactDenoiser } from "./step-law.ts";

const data = { joint: twoTrits, length: 2 };

/** What a score network with no error would return for the predictions of a denoiser. */
function exactScores(denoiser: Denoiser, process: Process, noise: Noise): ScoreModel {
  const { states } = process;
  const { length } = denoiser;
  return {
    length,
    async predict(input: Noised): Promise<Logits> {
      const p = predictions(await denoiser.predict(input), denoiser);
      const data = new Float64Array(input.batch * length * states);
      const out = new Float64Array(states);
      for (let at = 0; at < input.batch * length; at++) {
        const row = Math.floor(at / length);
        process.scoresInto(out, input.tokens[at]!, p.row(row, at % length), noise.sigma(input.time[row]!));
        data.set(out.map(Math.log), at * states);
      }
      return { data, width: states };
    },
  };
}

describe("scoreModel", () => {
  const noise = linear({ eps: 1e-3 });

  for (const process of [absorbing({ vocabulary: 3 }), uniformProcess({ vocabulary: 3 })]) {
    it(`makes of exact scores the predictions they are of: ${process.name}`, async () => {
      const denoiser = exactDenoiser({ ...data, process, noise });
      const model = scoreModel(exactScores(denoiser, process, noise), { process, noise });
      assert.deepEqual([model.vocabulary, model.length, model.timeFree], [3, 2, false]);
      const tokens = Int32Array.of(1, 2, process.mask ?? 0, process.mask ?? 0, 0, process.mask ?? 1);
      const input = { tokens, batch: 3, time: Float64Array.of(0.2, 0.7, 1) };
      const expected = predictions(await denoiser.predict(input), denoiser);
      const found = predictions(await model.predict(input), denoiser);
      for (let row = 0; row < 3; row++) {
        for (let d = 0; d < 2; d++) {
          const wanted = expected.row(row, d).slice();
          close(found.row(row, d), wanted, { rel: 1e-10, abs: 1e-11 }, `row ${row}, position ${d}`);
        }
      }
    });

    it(`samples as the denoiser that it is of: ${process.name}`, async () => {
      const denoiser = exactDenoiser({ ...data, process, noise });
      const model = scoreModel(exactScores(denoiser, process, noise), { process, noise });
      for (const sampler of [ancestral(), analytic()]) {
        const options = { process, noise, schedule: uniform({ steps: 3 }), sampler };
        close(await propagatedLaw(model, options), await propagatedLaw(denoiser, options), {
          rel: 1e-9,
          abs: 1e-11,
        });
      }
    });
  }

  it("works in place, in float32, with wider rows, and only on the positions wanted", async () => {
    const process = uniformProcess({ vocabulary: 3 });
    const data = Float32Array.from({ length: 8 }, (_, at) => Math.log([3, 1.2, 0.9, 7][at % 4]!));
    const model = scoreModel({ length: 2, predict: () => ({ data, width: 4 }) }, { process, noise });
    const before = data.slice();
    const logits = await model.predict({
      tokens: Int32Array.of(0, 0),
      batch: 1,
      time: Float64Array.of(0.5),
      wanted: Int32Array.of(1),
    });
    assert.equal(logits.data, data);
    assert.deepEqual(data.subarray(0, 4), before.subarray(0, 4));
    assert.equal(data[7], before[7]);
    // Back to the scores that were given, whatever the network says of x itself.
    const p = predictions(logits, { length: 2, vocabulary: 3 }).row(0, 1);
    const scores = new Float64Array(3);
    process.scoresInto(scores, 0, p, noise.sigma(0.5));
    close(scores, [1, 1.2, 0.9], { rel: 1e-6, abs: 0 });
  });

  it("leaves out negative probabilities and normalises the rest", async () => {
    const process = uniformProcess({ vocabulary: 3 });
    // Token 2 is scored below what any prediction gives it.
    const logScores = [0, Math.log(1.1), Math.log(1e-9)];
    const model = scoreModel(
      { length: 1, predict: () => ({ data: Float64Array.from(logScores), width: 3 }) },
      { process, noise },
    );
    const logits = await model.predict({ tokens: Int32Array.of(0), batch: 1, time: Float64Array.of(0.3) });
    const p = predictions(logits, { length: 1, vocabulary: 3 }).row(0, 0);
    assert.equal(p[2], 0);
    close(p[0]! + p[1]!, 1, { rel: 1e-12, abs: 0 });
    assert.ok(p[0]! > p[1]! && p[1]! > 0);
  });

  it("reads scores of +-1e4 and of 0 at masked positions; a clean token predicts itself", async () => {
    const process = absorbing({ vocabulary: 3 });
    const rows = [
      [1e4, -1e4, Number.NEGATIVE_INFINITY, 0],
      [5, 6, 7, 0],
    ];
    const model = scoreModel(
      {
        length: 2,
        timeFree: true,
        callsPerPrediction: 2,
        predict: () => ({ data: Float64Array.from(rows.flat()), width: 4 }),
      },
      { process, noise },
    );
    assert.equal(model.timeFree, true);
    assert.equal(model.callsPerPrediction, 2);
    const logits = await model.predict({ tokens: Int32Array.of(3, 1), batch: 1, time: Float64Array.of(1) });
    const laws = predictions(logits, { length: 2, vocabulary: 3 });
    assert.deepEqual([...laws.row(0, 0)], [1, 0, 0]);
    assert.deepEqual([...laws.row(0, 1)], [0, 1, 0]);
  });

  it("names the place where a network's score is NaN", async () => {
    const process = uniformProcess({ vocabulary: 3 });
    const model = scoreModel(
      { length: 1, predict: () => ({ data: Float64Array.of(0, Number.NaN, 0), width: 3 }) },
      { process, noise },
    );
    await assert.rejects(
      () => sample(model, { process, noise, schedule: uniform({ steps: 1 }) }),
      /the model's logits at row 0, position 0 contain NaN/,
    );
  });

  it("refuses what scores cannot say, with a sentence", () => {
    const model: ScoreModel = { length: 1, predict: () => ({ data: new Float64Array(3), width: 3 }) };
    assert.throws(
      () => scoreModel(model, { process: ordinal({ vocabulary: 3 }), noise }),
      /scoreModel: scores of the process ordinal .*; use a model that predicts clean tokens/,
    );
    assert.throws(
      () => scoreModel(model, { process: uniformProcess({ vocabulary: 3 }), noise: linear() }),
      /scoreModel: the noise linear has sigma\(1\) = Infinity.*such as linear\(\{ eps: 1e-3 \}\)/,
    );
    scoreModel(model, { process: absorbing({ vocabulary: 3 }), noise: linear() });
  });
});
