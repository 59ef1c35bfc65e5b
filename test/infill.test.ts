/** Infilling under every process: given tokens stay, and what is sampled is conditional on them. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { looGibbs } from "../src/correctors/loo-gibbs.ts";
import { observation } from "../src/denoisers/observation.ts";
import {
  absorbing,
  cosineNoise,
  type Denoiser,
  independent,
  jointTable,
  linear,
  markovChain,
  type Noise,
  type Process,
  type SampleOptions,
  sample,
  uniform,
} from "../src/index.ts";
import { ordinal } from "../src/processes/ordinal.ts";
import { rateMatrix } from "../src/processes/rate-matrix.ts";
import { uniformProcess } from "../src/processes/uniform-process.ts";
import { close } from "./golden.ts";
import { sampleLaw, sequenceAt, totalVariation } from "./law.ts";
import { chain } from "./small-laws.ts";

const exactly = { rel: 1e-9, abs: 1e-12 };

/** A chain over two tokens, for laws of many steps. */
const bits = { initial: [0.7, 0.3], transition: [0.9, 0.1, 0.25, 0.75] };

const processes: Readonly<Record<string, readonly [three: Process, two: Process]>> = {
  absorbing: [absorbing({ vocabulary: 3 }), absorbing({ vocabulary: 2 })],
  uniform: [uniformProcess({ vocabulary: 3 }), uniformProcess({ vocabulary: 2 })],
  ordinal: [
    ordinal({ vocabulary: 3, rateSigma: 1, qSigma: 2 }),
    ordinal({ vocabulary: 2, rateSigma: 1, qSigma: 2 }),
  ],
  "a custom rate matrix": [
    rateMatrix({ rates: [-1.2, 1, 0.2, 0.1, -0.9, 0.8, 1.5, 0, -1.5] }),
    rateMatrix({ rates: [-0.5, 0.5, 1.5, -1.5] }),
  ],
};

/** The law of a chain given some of its tokens, [V^D]. */
function conditionalLaw(given: readonly number[], { initial, transition } = chain): Float64Array {
  const vocabulary = initial.length;
  const law = Float64Array.from({ length: vocabulary ** given.length }, (_, index) => {
    const tokens = sequenceAt(index, vocabulary, given.length);
    let p = initial[tokens[0]!]!;
    for (let d = 1; d < tokens.length; d++) p *= transition[tokens[d - 1]! * vocabulary + tokens[d]!]!;
    return tokens.every((token, d) => given[d] === -1 || given[d] === token) ? p : 0;
  });
  const evidence = law.reduce((sum, p) => sum + p, 0);
  return law.map((p) => p / evidence);
}

function exactModel(process: Process, noise: Noise, length: number): Denoiser {
  return markovChain({
    ...(process.vocabulary === 2 ? bits : chain),
    length,
    ...(process.mask === undefined ? { likelihoodInto: observation(process, noise) } : {}),
  });
}

/** The sampler exactly as published, where a process leaves a choice. */
function parts(process: Process, noise: Noise): Pick<SampleOptions, "process" | "noise" | "selector"> {
  return { process, noise, ...(process.mask === undefined ? {} : { selector: independent() }) };
}

for (const [name, [process, binary]] of Object.entries(processes)) {
  describe(`infilling under noise: ${name}`, () => {
    it("draws one free position from its exact conditional law, in any number of steps", async () => {
      for (const noise of [linear(), cosineNoise()]) {
        for (const given of [
          [-1, 1, 2],
          [0, -1, 1],
          [2, 1, -1],
        ]) {
          for (const count of [1, 3]) {
            const law = await sampleLaw(exactModel(process, noise, 3), {
              ...parts(process, noise),
              schedule: uniform({ steps: count }),
              given,
            });
            close(law, conditionalLaw(given), exactly, `${given}, ${count} steps, ${noise.name}`);
          }
        }
      }
    });

    it("draws two free positions from their conditional law, but for an error that falls with the steps", async () => {
      const noise = linear();
      const given = [-1, -1, 1];
      const exact = conditionalLaw(given, bits);
      const model = exactModel(binary, noise, 3);
      const errors: number[] = [];
      for (const count of [2, 4]) {
        const schedule = uniform({ steps: count });
        const law = await sampleLaw(model, { ...parts(binary, noise), schedule, given });
        law.forEach((p, index) => {
          if (sequenceAt(index, 2, 3)[2] !== 1) assert.equal(p, 0);
        });
        errors.push(totalVariation(law, exact));
      }
      const ratio = errors[0]! / errors[1]!;
      assert.ok(errors[1]! < 0.15 && ratio > 1.5, `errors ${errors}, ratio ${ratio}`);
    });

    it("leaves everything given as it is, and calls no model for it", async () => {
      const given = [0, 1, 2, 1];
      const model = exactModel(process, linear(), 4);
      const done = await sample(model, { process, schedule: uniform({ steps: 3 }), given, count: 2 });
      assert.deepEqual([...done.tokens], [...given, ...given]);
      if (process.mask !== undefined) assert.equal(done.calls, 0);
    });

    it("gives every row the same samples in any batch", async () => {
      const model = exactModel(process, linear(), 6);
      const options = { process, schedule: uniform({ steps: 3 }), given: [-1, 1, -1, -1, 0, -1], seed: 9 };
      const all = await sample(model, { ...options, count: 7, batch: 7 });
      assert.deepEqual((await sample(model, { ...options, count: 7, batch: 2 })).tokens, all.tokens);
      all.tokens.forEach((token, at) => {
        if (options.given[at % 6]! >= 0) assert.equal(token, options.given[at % 6]);
      });
    });

    it("a chain and the table of its law give the same samples", async () => {
      const joint = conditionalLaw([-1, -1, -1, -1]);
      const table = jointTable({
        joint,
        vocabulary: 3,
        length: 4,
        ...(process.mask === undefined ? { likelihoodInto: observation(process, linear()) } : {}),
      });
      const options = { process, schedule: uniform({ steps: 3 }), given: [-1, 1, -1, -1], count: 20 };
      const { tokens } = await sample(exactModel(process, linear(), 4), options);
      assert.deepEqual((await sample(table, options)).tokens, tokens);
    });
  });
}

describe("a model that is not told which tokens are given", () => {
  it("takes them for noisy ones, and fills in from another law", async () => {
    const [process] = processes["uniform"]!;
    const noise = linear();
    const model = exactModel(process, noise, 2);
    const untold: Denoiser = { ...model, predict: ({ fixed: _, ...input }) => model.predict(input) };
    const options = { process, noise, schedule: uniform({ steps: 4 }), given: [2, -1] };
    const exact = conditionalLaw([2, -1]);
    close(await sampleLaw(model, options), exact, exactly);
    const error = totalVariation(await sampleLaw(untold, options), exact);
    assert.ok(error > 0.1, `total variation ${error}`);
  });
});

describe("infilling with a corrector", () => {
  it("stays conditional, and comes nearer to the law", async () => {
    const noise = linear();
    const given = [-1, -1, 1];
    const exact = conditionalLaw(given, bits);
    for (const name of ["uniform", "a custom rate matrix"]) {
      const [, process] = processes[name]!;
      const options = { process, noise, schedule: uniform({ steps: 2 }), given };
      const plain = totalVariation(await sampleLaw(exactModel(process, noise, 3), options), exact);
      const law = await sampleLaw(exactModel(process, noise, 3), { ...options, corrector: looGibbs() });
      const mended = totalVariation(law, exact);
      assert.ok(mended < plain, `${name}: ${plain} plain, ${mended} corrected`);
    }
  });
});

describe("rows with given tokens of their own", () => {
  const model = markovChain({ ...chain, length: 4 });
  const given = Int32Array.of(0, -1, -1, 1, 2, -1, -1, 0, -1, 1, -1, 1);
  const shared = { schedule: uniform({ steps: 2 }), seed: 7 };

  it("are sampled as each would be alone, in any batch", async () => {
    for (const batch of [1, 2, 3]) {
      const { tokens } = await sample(model, { ...shared, given, count: 3, batch });
      given.forEach((token, at) => {
        if (token >= 0) assert.equal(tokens[at], token);
      });
      for (let row = 0; row < 3; row++) {
        const own = given.subarray(4 * row, 4 * row + 4);
        const alone = await sample(model, { ...shared, given: own, firstRow: row });
        assert.deepEqual(tokens.subarray(4 * row, 4 * row + 4), alone.tokens);
      }
    }
  });

  it("have to leave as many positions free, in whatever batch they are", async () => {
    const uneven = Int32Array.of(0, -1, -1, 1, 2, -1, -1, -1);
    for (const batch of [1, 2]) {
      await assert.rejects(sample(model, { ...shared, given: uneven, count: 2, batch }), {
        name: "RangeError",
        message:
          "sample: given leaves 2 positions free in row 0 and 3 in row 1; expected as many in every row",
      });
    }
    await assert.rejects(sample(model, { ...shared, given: uneven, count: 3 }), {
      message: "sample: given has 8 tokens; expected 4, or 3 rows of 4, with -1 where free",
    });
  });
});
