/** Feynman-Kac correctors of masked models against enumerated targets, by enumeration and by many independent runs. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  ancestral,
  counts,
  type Denoiser,
  type Expert,
  feynmanKac,
  jointTable,
  klass,
  type Randomness,
  type SampleOptions,
  type State,
  sample,
  steps,
  stratified,
  uniform,
  uniformProcess,
  unprompted,
  weightsOf,
} from "../src/index.ts";
import { copyRowMemory, rowMemory } from "../src/selectors/memory.ts";
import { random } from "../src/selectors/random.ts";
import { fits } from "./chi-square.ts";
import { close } from "./golden.ts";
import { enumerate, sampleLaw, sequenceAt, sequenceIndex, totalVariation } from "./law.ts";

const exactly = { rel: 1e-11, abs: 1e-13 };

/** Three trits: a zero is followed by anything, a one by two ones nearly always, so that powers prefer the one. */
const ownTrits = Float64Array.from({ length: 27 }, (_, index) => {
  const [a, b, c] = sequenceAt(index, 3, 3);
  return a === 0 ? 0.6 / 9 : a === 1 ? (b === 1 && c === 1 ? 0.2 : 0.0125) : 0.1 / 9;
});
const ownModel = jointTable({ joint: ownTrits, vocabulary: 3, length: 3 });

/** Another law of three trits. */
const otherTrits = Float64Array.from({ length: 27 }, (_, index) => {
  const [a, b, c] = sequenceAt(index, 3, 3);
  return 1 + 2 * (a === b ? 1 : 0) + b! + (c === 0 ? 1 : 0);
});
const otherTotal = otherTrits.reduce((sum, weight) => sum + weight, 0);
const otherModel: Denoiser = jointTable({
  joint: otherTrits.map((weight) => weight / otherTotal),
  vocabulary: 3,
  length: 3,
});

interface Problem {
  readonly experts: readonly Expert[];
  /** prod_i q_i(x)^(beta_i), [27] */
  readonly powers: Float64Array;
}

const problems: Readonly<Record<string, Problem>> = {
  "q^2": { experts: [{ exponent: 2 }], powers: ownTrits.map((p) => p * p) },
  "q^0.5": { experts: [{ exponent: 0.5 }], powers: ownTrits.map(Math.sqrt) },
  "guidance of scale 2.5": {
    experts: [{ exponent: 2.5 }, { exponent: -1.5, denoiser: otherModel }],
    powers: ownTrits.map((p, x) => p ** 2.5 * (otherTrits[x]! / otherTotal) ** -1.5),
  },
  product: {
    experts: [{ exponent: 1 }, { exponent: 1, denoiser: otherModel }],
    powers: ownTrits.map((p, x) => (p * otherTrits[x]!) / otherTotal),
  },
};

const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);
const normalised = (values: Float64Array): Float64Array => values.map((value) => value / sum(values));

async function lastOf(options: SampleOptions): Promise<State> {
  let last: State | undefined;
  for await (const state of steps(ownModel, options)) last = state;
  return last!;
}

/** The law of one particle's tokens, over all draws, [27]: with its weight, or without. */
async function particleLaw(options: SampleOptions, weighted = true): Promise<Float64Array> {
  const law = new Float64Array(27);
  const run = (randomness: Randomness) => lastOf({ ...options, randomness });
  for await (const { result, probability } of enumerate(run)) {
    const weight = weighted ? Math.exp(weightsOf(result).logConstant) : 1;
    law[sequenceIndex(result.tokens, 3)]! += probability * weight;
  }
  return law;
}

const oneByOne = { schedule: uniform({ steps: 3 }), selector: random() };

describe("steered tokens", () => {
  for (const [name, { experts, powers }] of Object.entries(problems)) {
    it(`${name}: a particle times its weight is the target, constant and all, by enumeration`, async () => {
      const sampler = feynmanKac({ experts, threshold: 0, last: false });
      close(await particleLaw({ ...oneByOne, sampler }), powers, exactly, name);
      const unweighted = await particleLaw({ ...oneByOne, sampler }, false);
      const distance = totalVariation(unweighted, normalised(powers));
      assert.ok(distance > 0.02, `total variation ${distance} without weights`);
    });

    it(`${name}: rows of resampled runs fit the target, n = 600 runs of 60 particles`, async () => {
      const found = new Float64Array(27);
      for (let seed = 0; seed < 600; seed++) {
        const run = { ...oneByOne, count: 60, seed };
        const { tokens } = await lastOf({ ...run, sampler: feynmanKac({ experts }) });
        found[sequenceIndex(tokens.subarray(0, 3), 3)]!++;
      }
      fits(found, normalised(powers), name);
    });
  }

  it("the constant is unbiased for few particles: 4 resampled after every step, 2000 runs, 4 standard errors", async () => {
    const { experts, powers } = problems["q^2"]!;
    const sampler = feynmanKac({ experts, threshold: 1 });
    const ratios: number[] = [];
    for (let seed = 0; seed < 2000; seed++) {
      const state = await lastOf({ ...oneByOne, count: 4, seed, sampler });
      ratios.push(Math.exp(weightsOf(state).logConstant) / sum(powers));
    }
    const mean = ratios.reduce((total, ratio) => total + ratio, 0) / ratios.length;
    const square = ratios.reduce((total, ratio) => total + (ratio - mean) ** 2, 0);
    const error = Math.sqrt(square) / ratios.length;
    assert.ok(Math.abs(mean - 1) < 4 * error, `${mean} +- ${error}`);
    assert.ok(error < 0.02);
  });

  it("tempering each prediction alone is another law", async () => {
    const naive = await sampleLaw(ownModel, { ...oneByOne, temperature: 0.5 });
    const squares = normalised(problems["q^2"]!.powers);
    const distance = totalVariation(naive, squares);
    assert.ok(distance > 0.15, `total variation ${distance}`);
    const found = new Float64Array(27);
    for (let row = 0; row < 600; row += 60) {
      const { tokens } = await sample(ownModel, { ...oneByOne, temperature: 0.5, count: 60, firstRow: row });
      for (let at = 0; at < 60; at++) found[sequenceIndex(tokens.subarray(3 * at, 3 * at + 3), 3)]!++;
    }
    fits(found, naive, "its own law");
    assert.throws(() => fits(found, squares, "q^2"), /chi-square/);
  });

  it("with two reveals at once the target is the power of what the order of reveals gives", async () => {
    const sampler = feynmanKac({ experts: [{ exponent: 2 }], threshold: 0, last: false });
    const law = await particleLaw({ schedule: counts([0, 2, 3]), selector: random(), sampler });
    const marginal = (positions: readonly number[], x: Int32Array): number =>
      ownTrits.reduce(
        (total, p, index) =>
          positions.every((d) => sequenceAt(index, 3, 3)[d] === x[d]) ? total + p : total,
        0,
      );
    const expected = ownTrits.map((p, index) => {
      const x = sequenceAt(index, 3, 3);
      const orders = [
        [0, 1],
        [0, 2],
        [1, 2],
      ].map(([a, b]) => {
        const given = marginal([a!, b!], x);
        return (marginal([a!], x) * marginal([b!], x) * (given > 0 ? p / given : 0)) ** 2;
      });
      return orders.reduce((total, value) => total + value, 0) / 3;
    });
    close(law, expected, exactly, "two at once");
  });

  it("an exponent of 1 alone is ancestral sampling, with equal weights", async () => {
    const run = { schedule: uniform({ steps: 2 }), selector: stratified(), count: 12, seed: 4 };
    const state = await lastOf({
      ...run,
      sampler: feynmanKac({ experts: [{ exponent: 1 }], threshold: 0, last: false }),
    });
    assert.deepEqual(state.tokens, (await lastOf({ ...run, sampler: ancestral() })).tokens);
    close(weightsOf(state).weights, new Float64Array(12).fill(1 / 12), exactly, "weights");
    close([weightsOf(state).logConstant], [0], { rel: 0, abs: 1e-14 }, "constant");
  });

  it("given tokens are evidence: the target is the power of the law given them", async () => {
    const given = [-1, 2, -1];
    const sampler = feynmanKac({ experts: [{ exponent: 2 }], threshold: 0, last: false });
    const law = await particleLaw({ schedule: uniform({ steps: 2 }), selector: random(), sampler, given });
    const evidence = ownTrits.map((p, index) => (sequenceAt(index, 3, 3)[1] === 2 ? p : 0));
    close(
      law,
      normalised(evidence).map((p) => p * p),
      exactly,
      "given",
    );
    const free = [{ exponent: 2 }, { exponent: -1, denoiser: unprompted(ownModel) }];
    const guided = await lastOf({
      ...oneByOne,
      schedule: uniform({ steps: 2 }),
      given,
      count: 8,
      sampler: feynmanKac({ experts: free }),
    });
    assert.equal(guided.calls, 4);
    await assert.rejects(
      lastOf({ ...oneByOne, sampler, count: 2, given: [-1, 2, -1, -1, 1, -1] }),
      /row 1 is given other tokens than row 0 at position 1/,
    );
  });

  it("rows are made in one batch, and the same again from any saved state", async () => {
    const sampler = feynmanKac({ experts: [{ exponent: 3 }], threshold: 1 });
    const options = { ...oneByOne, sampler, count: 20, seed: 9 };
    const all: State[] = [];
    for await (const state of steps(ownModel, options)) all.push(state);
    assert.deepEqual((await sample(ownModel, { ...options, batch: 3 })).tokens, all.at(-1)!.tokens);
    const kept = structuredClone(all);
    for (const from of kept.slice(1, -1)) {
      const rest: State[] = [];
      for await (const state of steps(ownModel, { ...options, from })) rest.push(state);
      assert.deepEqual(rest, all.slice(from.index));
    }
    assert.deepEqual(all, kept);
    assert.ok(weightsOf(all.at(-1)!).ancestors < 20);
  });

  it("what a selector remembers of a row goes with the row", async () => {
    const memory: Record<string, Float64Array> = { "particles.sizes": Float64Array.of(1) };
    for (const row of [0, 1, 2]) rowMemory(memory, "a/b", row).set("key", Float64Array.of(row));
    rowMemory(memory, "c", 1).set("only", Float64Array.of(7));
    copyRowMemory(memory, Int32Array.of(2, 2, 1));
    const read = (owner: string, key: string) =>
      [0, 1, 2].map((row) => rowMemory(memory, owner, row).get(key)?.[0]);
    assert.deepEqual(read("a/b", "key"), [2, 2, 1]);
    assert.deepEqual(read("c", "only"), [undefined, undefined, 7]);
    assert.deepEqual(memory["particles.sizes"], Float64Array.of(1));
    const sampler = feynmanKac({ experts: [{ exponent: 2 }], threshold: 1 });
    const state = await lastOf({ schedule: uniform({ steps: 3 }), selector: klass(), sampler, count: 6 });
    assert.ok(state.tokens.every((token) => token < 3));
  });

  it("refuses what has no meaning", async () => {
    assert.throws(() => feynmanKac({ experts: [] }), /expected finite numbers, at least one/);
    assert.throws(() => feynmanKac({ experts: [{ exponent: 0 }] }), /exponents 0; expected/);
    const sampler = feynmanKac({ experts: [{ exponent: 2 }] });
    const process = uniformProcess({ vocabulary: 3 });
    await assert.rejects(lastOf({ schedule: uniform({ steps: 2 }), sampler, process }), /has no mask/);
    const [zeros, ones] = [0, 1].map((value) =>
      jointTable({
        joint: Float64Array.from({ length: 3 }, (_, x) => (x === value ? 1 : 0)),
        vocabulary: 3,
        length: 1,
      }),
    ) as [Denoiser, Denoiser];
    const impossible = feynmanKac({ experts: [{ exponent: 1 }, { exponent: 1, denoiser: ones }] });
    await assert.rejects(
      sample(zeros, { schedule: uniform({ steps: 1 }), sampler: impossible }),
      /position 0, no token is possible under all models/,
    );
  });
});
