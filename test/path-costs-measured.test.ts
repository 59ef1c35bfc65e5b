/** Measured path costs against the exact ones. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Denoiser, pathCosts, predictions, purposes } from "../src/index.ts";
import { dataUniforms, noisedAtTime } from "../src/optimize/coupled-noise.ts";
import { exactCost, small } from "./enumerated-paths.ts";
import { close } from "./golden.ts";
import { sequenceAt } from "./law.ts";
import { sum } from "./sum.ts";

const exact = { rel: 1e-9, abs: 1e-12 };

describe("pathCosts", () => {
  for (const name of ["uniform, linear", "ordinal, exponential", "absorbing, linear"]) {
    it(`${name}: the exact costs within 5 standard errors of 3,000 sequences (false alarm 1e-5)`, async () => {
      const problem = small[name]!;
      const { process, noise, joint, length, denoiser } = problem;
      // Sequences in exact proportion, so that only the noise is chance.
      const n = 3000;
      const rows = Array.from(joint, (chance, index) =>
        Array.from({ length: Math.round(chance * n) }, () => [
          ...sequenceAt(index, process.vocabulary, length),
        ]),
      ).flat();
      const calls: number[] = [];
      const counted: Denoiser = {
        ...denoiser,
        predict: (input) => {
          calls.push(input.time[0]!);
          return denoiser.predict(input);
        },
      };
      const found = await pathCosts(counted, {
        data: Int32Array.from(rows.flat()),
        process,
        noise,
        fineSteps: 5,
        batch: 1000,
        seed: 1,
      });
      assert.equal(found.sequences, rows.length);
      assert.equal(found.evaluations, 5 * rows.length);
      assert.equal(calls.length, 5 * Math.ceil(rows.length / 1000));
      assert.deepEqual([...new Set(calls)], [...found.times.slice(0, -1)]);
      for (let i = 0; i < 5; i++) {
        for (let j = 0; j <= 5; j++) {
          if (j <= i) {
            assert.equal(found.costs[i]![j], 0);
            continue;
          }
          const { mean, variance } = await exactCost(problem, found.times[i]!, found.times[j]!);
          const abs = 5 * Math.sqrt(variance / rows.length) + 3e-3 * mean; // counts are rounded
          close(found.costs[i]![j]!, mean, { rel: 0, abs }, `step ${i} -> ${j}`);
        }
      }
    });
  }

  it("under absorbing noise: exactly the -log p of the masked tokens, times the chance to be revealed", async () => {
    const { process, noise, length, denoiser } = small["absorbing, linear"]!;
    const data = Int32Array.of(0, 0, 1, 1, 1, 1, 0, 1, 1, 0, 0, 0);
    const seed = 3;
    const { times, costs } = await pathCosts(denoiser, {
      data,
      process,
      noise,
      seed,
      fineSteps: 4,
      batch: 3,
    });
    const uniforms = dataUniforms(seed, 4, length);
    for (let i = 0; i < 4; i++) {
      const { tokens, time } = noisedAtTime(data, uniforms, { time: times[i]!, length, process, noise });
      const p = predictions(await denoiser.predict({ tokens, batch: 4, time }), { length, vocabulary: 2 });
      const lost = sum(
        Array.from(tokens, (token, at) =>
          token === process.mask ? -Math.log(p.row(Math.floor(at / length), at % length)[data[at]!]!) : 0,
        ),
      );
      for (let j = i + 1; j <= 4; j++) {
        const reveal = (times[i]! - times[j]!) / times[i]!;
        close(costs[i]![j]!, (reveal * lost) / 4, exact, `step ${i} -> ${j}`);
      }
    }
  });

  it("couples the states of all times by one set of uniforms, and is the same in any batch", async () => {
    const { process, noise, length, denoiser } = small["uniform, linear"]!;
    const data = Int32Array.from({ length: 4 * length }, (_, at) => (at * 7) % 3);
    const seen = new Map<number, number[]>();
    const watched: Denoiser = {
      ...denoiser,
      predict(input) {
        const all = seen.get(input.time[0]!) ?? [];
        seen.set(input.time[0]!, [...all, ...input.tokens]);
        return denoiser.predict(input);
      },
    };
    const options = { data, process, noise, seed: 5, fineSteps: 3 };
    const found = await pathCosts(watched, { ...options, batch: 3 });
    const whole = await pathCosts(denoiser, { ...options, batch: 4 });
    assert.deepEqual(found, whole);
    const targets = dataUniforms(5, 4, length, purposes.jump);
    for (const [time, tokens] of seen) {
      const wanted = noisedAtTime(data, dataUniforms(5, 4, length), {
        time,
        length,
        process,
        noise,
        targets,
      });
      assert.deepEqual(tokens, [...wanted.tokens]);
    }
  });

  it("refuses what is no data and no grid, with a sentence", async () => {
    const { process, noise, denoiser } = small["uniform, linear"]!;
    const data = new Int32Array(6);
    await assert.rejects(
      pathCosts(denoiser, { data: new Int32Array(4), process, noise }),
      /pathCosts: data has 4 tokens; expected whole sequences of 3/,
    );
    await assert.rejects(
      pathCosts(denoiser, { data: data.fill(3), process, noise }),
      /pathCosts: data\[0\] = 3; expected a clean token from 0 to 2/,
    );
    await assert.rejects(
      pathCosts(denoiser, { data, process, noise, fineSteps: 0 }),
      /pathCosts: fineSteps = 0; expected a whole number >= 1/,
    );
  });
});
