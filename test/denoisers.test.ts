import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type Denoiser, jointTable, markovChain, philox, predictions, purposes } from "../src/index.ts";
import { close } from "./golden.ts";
import { sequenceAt, sequenceIndex } from "./law.ts";

/** Runs a denoiser on one sequence or more, and returns softmax rows [batch * length][vocabulary]. */
async function posterior(denoiser: Denoiser, tokens: readonly number[], time = 0.5): Promise<number[][]> {
  const { length, vocabulary } = denoiser;
  const batch = tokens.length / length;
  const times = new Float64Array(batch).fill(time);
  const logits = await denoiser.predict({ tokens: Int32Array.from(tokens), batch, time: times });
  const laws = predictions(logits, { length, vocabulary });
  return tokens.map((_, at) => [...laws.row(Math.floor(at / length), at % length)]);
}

/** A random chain of an order: [V^k] initial, [V^k, V] transition, some transitions impossible. */
function randomChain(seed: number, vocabulary: number, order: number) {
  const draw = philox(seed).at(0, 0, purposes.data);
  let site = 0;
  const law = (count: number): number[] => {
    const weights = Array.from({ length: count }, () => Math.max(0, draw.uniform(site++) - 0.25));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return total > 0 ? weights.map((weight) => weight / total) : law(count);
  };
  const contexts = vocabulary ** order;
  return {
    initial: law(contexts),
    transition: Array.from({ length: contexts }, () => law(vocabulary)).flat(),
  };
}

/** The law of a chain over all V^D sequences, with `floor` added to every factor. */
function chainLaw(
  { initial, transition }: { initial: readonly number[]; transition: readonly number[] },
  { vocabulary, length, floor = 0 }: { vocabulary: number; length: number; floor?: number },
): Float64Array {
  const order = Math.round(Math.log(initial.length) / Math.log(vocabulary));
  return Float64Array.from({ length: vocabulary ** length }, (_, index) => {
    const tokens = sequenceAt(index, vocabulary, length);
    let p = initial[sequenceIndex(tokens.subarray(0, order), vocabulary)]! + floor;
    for (let d = order; d < length; d++) {
      const context = sequenceIndex(tokens.subarray(d - order, d), vocabulary);
      p *= transition[context * vocabulary + tokens[d]!]! + floor;
    }
    return p;
  });
}

/** The posterior of every position by summing over all sequences that agree with the evidence. */
function bruteForce(
  joint: Float64Array,
  { vocabulary, length }: { vocabulary: number; length: number },
  likelihood: (position: number, token: number) => number,
): number[][] {
  const marginals = Array.from({ length }, () => new Array<number>(vocabulary).fill(0));
  let evidence = 0;
  joint.forEach((p, index) => {
    const tokens = sequenceAt(index, vocabulary, length);
    const weight = tokens.reduce((product, token, d) => product * likelihood(d, token), p);
    evidence += weight;
    tokens.forEach((token, d) => {
      marginals[d]![token]! += weight;
    });
  });
  return marginals.map((row) => row.map((weight) => weight / evidence));
}

const tolerance = { rel: 1e-10, abs: 1e-13 };

describe("markovChain", () => {
  const sizes = [
    { vocabulary: 3, order: 1, length: 5 },
    { vocabulary: 2, order: 2, length: 6 },
    { vocabulary: 2, order: 3, length: 5 },
    { vocabulary: 3, order: 2, length: 2 },
    { vocabulary: 4, order: 1, length: 1 },
  ];

  for (const { vocabulary, order, length } of sizes) {
    it(`of order ${order}, V = ${vocabulary}, D = ${length} equals enumeration on 30 random evidences`, async () => {
      const chain = randomChain(order, vocabulary, order);
      const joint = chainLaw(chain, { vocabulary, length });
      const denoiser = markovChain({ ...chain, length });
      for (let trial = 0; trial < 30; trial++) {
        const draw = philox(trial).at(0, 0, purposes.corrupt);
        const clean = sequenceAt(draw.categorical(joint, joint.length, 0), vocabulary, length);
        const tokens = Array.from(clean, (token, d) => (draw.bernoulli(0.5, 1 + d) ? vocabulary : token));
        const expected = bruteForce(joint, { vocabulary, length }, (d, v) =>
          tokens[d] === vocabulary || tokens[d] === v ? 1 : 0,
        );
        close((await posterior(denoiser, tokens)).flat(), expected.flat(), tolerance, `given ${tokens}`);
      }
    });

    it(`of order ${order}, V = ${vocabulary}, D = ${length} takes noisy evidence at the time of its row`, async () => {
      const chain = randomChain(10 + order, vocabulary, order);
      const joint = chainLaw(chain, { vocabulary, length });
      const seen = (observed: number, token: number, time: number) =>
        time / vocabulary + (observed === token ? 1 - time : 0);
      const denoiser = markovChain({
        ...chain,
        length,
        likelihoodInto: (out, observed, time) => {
          for (let v = 0; v < vocabulary; v++) out[v] = seen(observed, v, time);
        },
      });
      assert.equal(denoiser.timeFree, false);
      const tokens = Int32Array.from({ length: 2 * length }, (_, at) => (at * 7) % vocabulary);
      const time = Float64Array.of(0.3, 0.9);
      const logits = await denoiser.predict({ tokens, batch: 2, time });
      const laws = predictions(logits, { length, vocabulary });
      for (let row = 0; row < 2; row++) {
        const expected = bruteForce(joint, { vocabulary, length }, (d, v) =>
          seen(tokens[row * length + d]!, v, time[row]!),
        );
        for (let d = 0; d < length; d++) close(laws.row(row, d), expected[d]!, tolerance, `row ${row}, ${d}`);
      }
    });
  }

  it("reads contradictory evidence as the explanation with the fewest breaks", async () => {
    // A countdown 2, 1, 0, then any; every other transition is impossible.
    const chain = { initial: [1 / 3, 1 / 3, 1 / 3], transition: [1 / 3, 1 / 3, 1 / 3, 1, 0, 0, 0, 1, 0] };
    const size = { vocabulary: 3, length: 5 };
    const denoiser = markovChain({ ...chain, length: 5 });
    const relaxed = chainLaw(chain, { ...size, floor: 1e-30 });
    for (const tokens of [
      [1, 1, 3, 3, 3],
      [3, 2, 2, 3, 3],
      [1, 3, 1, 3, 1],
      [2, 2, 2, 2, 2],
      [1, 3, 3, 2, 2],
    ]) {
      const expected = bruteForce(relaxed, size, (d, v) => (tokens[d] === 3 || tokens[d] === v ? 1 : 0));
      close((await posterior(denoiser, tokens)).flat(), expected.flat(), tolerance, `given ${tokens}`);
    }
  });

  it("stays a law on 3000 positions, with evidence that contradicts itself at every second one", async () => {
    const length = 3000;
    const denoiser = markovChain({ initial: [0.5, 0.5], transition: [0, 1, 1, 0], length });
    const tokens = Array.from({ length }, (_, d) => (d % 2 === 0 ? Math.floor(d / 2) % 2 : 2));
    const laws = await posterior(denoiser, tokens);
    for (const law of laws) close(law[0]! + law[1]!, 1, { rel: 1e-12, abs: 0 });
    tokens.forEach((token, d) => {
      if (token < 2) assert.equal(laws[d]![token], 1);
    });
  });

  it("survives probabilities far below the range of a product in float64", async () => {
    const length = 400;
    const rare = 1e-12; // to the power 400 far below 1e-308
    const denoiser = markovChain({
      initial: [1 - rare, rare],
      transition: [1 - rare, rare, 1 - rare, rare],
      length,
    });
    const tokens = Array.from({ length }, (_, d) => (d % 2 === 0 ? 1 : 2));
    const laws = await posterior(denoiser, tokens);
    laws.forEach((law, d) => {
      close(law, d % 2 === 0 ? [0, 1] : [1 - rare, rare], { rel: 1e-9, abs: 1e-15 });
    });
  });

  it("answers a row alike in any batch, also after a bigger one", async () => {
    const chain = randomChain(3, 3, 1);
    const denoiser = markovChain({ ...chain, length: 4 });
    const rows = [
      [3, 3, 3, 3],
      [3, 1, 3, 3],
      [3, 3, 0, 3],
    ];
    const together = await posterior(denoiser, rows.flat());
    for (let row = 0; row < 3; row++) {
      assert.deepEqual(await posterior(denoiser, rows[row]!), together.slice(row * 4, row * 4 + 4));
    }
  });

  it("works for one token, and for a length that is its order", async () => {
    const single = markovChain({ initial: [1], transition: [1], length: 3 });
    assert.equal(single.vocabulary, 1);
    assert.deepEqual(await posterior(single, [1, 0, 1]), [[1], [1], [1]]);
  });

  it("refuses tables that are no chain, with a sentence", () => {
    const two = { initial: [0.5, 0.5], transition: [0.5, 0.5, 0.5, 0.5] };
    assert.throws(() => markovChain({ ...two, initial: [0.5, 0.6], length: 2 }), /initial sums to 1.1/);
    assert.throws(() => markovChain({ ...two, initial: [Number.NaN, 1], length: 2 }), /initial sums to NaN/);
    assert.throws(() => markovChain({ ...two, initial: [1.5, -0.5], length: 2 }), /initial sums to NaN/);
    assert.throws(
      () => markovChain({ ...two, transition: [0.5, 0.5, 0.9, 0.5], length: 2 }),
      /transition\[1\] sums to 1.4/,
    );
    assert.throws(
      () => markovChain({ ...two, transition: [1, 0, 1], length: 2 }),
      /expected V\^k and V\^k \* V/,
    );
    for (const length of [0, 1.5, Number.NaN]) {
      assert.throws(
        () => markovChain({ ...two, length }),
        /length = .*; expected a whole number >= the order 1/,
      );
    }
  });
});

describe("jointTable", () => {
  it("equals enumeration of a random table, noisy evidence included (property)", async () => {
    const size = { vocabulary: 3, length: 3 };
    const tables = fc
      .array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 27, maxLength: 27 })
      .filter((weights) => weights.reduce((sum, weight) => sum + weight, 0) > 1e-3);
    const evidence = fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 3, maxLength: 3 });
    const time = fc.double({ min: 0.1, max: 1, noNaN: true });
    await fc.assert(
      fc.asyncProperty(tables, evidence, time, async (weights, tokens, t) => {
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        const joint = Float64Array.from(weights, (weight) => weight / total);
        const denoiser = jointTable({
          joint,
          ...size,
          likelihoodInto: (out, observed, time) => {
            out.fill(time / 3);
            out[observed]! += 1 - time;
          },
        });
        const expected = bruteForce(joint, size, (d, v) => t / 3 + (tokens[d] === v ? 1 - t : 0));
        close((await posterior(denoiser, tokens, t)).flat(), expected.flat(), { rel: 1e-9, abs: 1e-12 });
      }),
      { seed: 3, numRuns: 100 },
    );
  });

  it("reads the time of every row", async () => {
    const times: number[] = [];
    const denoiser = jointTable({
      joint: [0.25, 0.75],
      vocabulary: 2,
      length: 1,
      likelihoodInto: (out, observed, time) => {
        times.push(time);
        out.fill(time / 2);
        out[observed]! += 1 - time;
      },
    });
    const logits = await denoiser.predict({
      tokens: Int32Array.of(0, 0),
      batch: 2,
      time: Float64Array.of(1, 0.5),
    });
    const laws = predictions(logits, { length: 1, vocabulary: 2 });
    assert.deepEqual(times, [1, 0.5]);
    close(laws.row(0, 0), [0.25, 0.75], tolerance);
    close(laws.row(1, 0), [0.5, 0.5], tolerance); // 1/4 * 3/4 against 3/4 * 1/4
  });

  it("agrees with a chain's forward-backward", async () => {
    const chain = randomChain(8, 3, 1);
    const joint = chainLaw(chain, { vocabulary: 3, length: 4 });
    const table = jointTable({ joint, vocabulary: 3, length: 4 });
    const forwardBackward = markovChain({ ...chain, length: 4 });
    for (const tokens of [
      [3, 3, 3, 3],
      [3, 1, 3, 3],
      [3, 3, 3, 2],
    ]) {
      close(
        (await posterior(table, tokens)).flat(),
        (await posterior(forwardBackward, tokens)).flat(),
        tolerance,
      );
    }
  });

  it("leaves unknown positions uniform where the evidence is impossible", async () => {
    const table = jointTable({ joint: [0.5, 0, 0, 0, 0, 0, 0, 0.5], vocabulary: 2, length: 3 });
    assert.deepEqual(await posterior(table, [0, 1, 2]), [
      [1, 0],
      [0, 1],
      [0.5, 0.5],
    ]);
  });

  it("refuses tables of the wrong size or sum, with a sentence", () => {
    assert.throws(
      () => jointTable({ joint: [1], vocabulary: 2, length: 2 }),
      /joint has 1 entries; expected V\^D/,
    );
    assert.throws(() => jointTable({ joint: [0.5, 0.6], vocabulary: 2, length: 1 }), /joint sums to 1.1/);
    assert.throws(() => jointTable({ joint: [1.5, -0.5], vocabulary: 2, length: 1 }), /joint sums to NaN/);
  });
});

describe("predictions", () => {
  const row = (logits: readonly number[], shaping = {}): number[] => [
    ...predictions(
      { data: Float64Array.from(logits), width: logits.length },
      { length: 1, vocabulary: logits.length },
      shaping,
    ).row(0, 0),
  ];

  it("is the softmax of the logits, and shifting them changes nothing", () => {
    close(row([0, Math.log(2), Math.log(5)]), [1 / 8, 2 / 8, 5 / 8], { rel: 1e-14, abs: 0 });
    close(row([1e4, 1e4 + Math.log(3)]), [0.25, 0.75], { rel: 1e-11, abs: 0 });
    close(row([-1e4, -1e4 + Math.log(3)]), [0.25, 0.75], { rel: 1e-11, abs: 0 });
  });

  it("finds the largest logit wherever it is, and NaN too", () => {
    for (let count = 1; count <= 9; count++) {
      for (let at = 0; at < count; at++) {
        const spiked = (value: number): number[] =>
          Array.from({ length: count }, (_, v) => (v === at ? value : 0));
        assert.equal(row(spiked(800))[at], 1, `${at} of ${count}`);
        assert.throws(() => row(spiked(Number.NaN)), /contain NaN/, `${at} of ${count}`);
      }
    }
  });

  it("takes -Infinity and logits of +-1e4 as one-hot", () => {
    assert.deepEqual(row([Number.NEGATIVE_INFINITY, 3, Number.NEGATIVE_INFINITY]), [0, 1, 0]);
    assert.deepEqual(row([1e4, -1e4]), [1, 0]);
    assert.deepEqual(row([-3e38, 3e38]), [0, 1]);
  });

  it("reads rows of a wider array without its further columns, at the row and position asked", () => {
    const data = Float32Array.from({ length: 2 * 3 * 4 }, (_, at) => (at % 4 === 3 ? 99 : Math.log(1 + at)));
    const laws = predictions({ data, width: 4 }, { length: 3, vocabulary: 3 });
    for (let r = 0; r < 2; r++) {
      for (let position = 0; position < 3; position++) {
        const first = (r * 3 + position) * 4 + 1;
        const total = 3 * first + 3;
        close(laws.row(r, position), [first / total, (first + 1) / total, (first + 2) / total], {
          rel: 1e-6, // float32 logits
          abs: 0,
        });
      }
    }
  });

  it("shares row 0 with every row when broadcast", () => {
    const laws = predictions(
      { data: Float64Array.of(0, Math.log(3)), width: 2 },
      { length: 1, vocabulary: 2, broadcast: true },
    );
    close(laws.row(5, 0), [0.25, 0.75], { rel: 1e-14, abs: 0 });
  });

  it("takes extreme temperatures", () => {
    assert.deepEqual(row([1, 2, 2], { temperature: 0 }), [0, 0.5, 0.5]);
    assert.deepEqual(row([1, 2, 2], { temperature: -0 }), [0, 0.5, 0.5]);
    assert.deepEqual(row([1, 2, Number.NEGATIVE_INFINITY], { temperature: 0 }), [0, 1, 0]);
    assert.deepEqual(row([1, 2, 2], { temperature: 1e-310 }), [0, 0.5, 0.5]);
    close(row([1, 2, 2], { temperature: 1e300 }), [1 / 3, 1 / 3, 1 / 3], { rel: 1e-14, abs: 0 });
    assert.deepEqual(row([1, Number.NEGATIVE_INFINITY], { temperature: 1e300 }), [1, 0]);
  });

  it("keeps tokens of equal probability from the left when top-p cuts through them", () => {
    close(row([0, 0, 0, 0], { topP: 0.5 }), [0.5, 0.5, 0, 0], { rel: 1e-14, abs: 0 });
  });

  const refused = [
    { logits: [0, Number.NaN], found: "NaN" },
    { logits: [Number.POSITIVE_INFINITY, 0], found: "Infinity" },
    { logits: [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY], found: "-Infinity" },
    { logits: [Number.NaN, Number.NaN], found: "NaN" },
  ];
  for (const { logits, found } of refused) {
    it(`refuses logits ${logits} at any temperature, naming the place`, () => {
      for (const temperature of [0, 0.5, 1]) {
        assert.throws(
          () => row(logits, { temperature }),
          new RegExp(`logits at row 0, position 0 contain ${found}; expected finite numbers`),
        );
      }
    });
  }

  it("names the NaN, not the -Infinity that stands before it and is allowed", () => {
    assert.throws(() => row([Number.NEGATIVE_INFINITY, Number.NaN, 0]), /contain NaN/);
  });
});
