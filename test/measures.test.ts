import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { chainSamples } from "../src/denoisers/chain-samples.ts";
import { jointTable } from "../src/denoisers/joint-table.ts";
import { markovChain } from "../src/denoisers/markov-chain.ts";
import { chainNGramLaw } from "../src/measures/chain-n-gram-law.ts";
import { distinct } from "../src/measures/distinct.ts";
import { klDivergence, totalVariation } from "../src/measures/law-distance.ts";
import { estimate, type PooledMeasure } from "../src/measures/measure.ts";
import { countNGrams } from "../src/measures/n-gram-counts.ts";
import { nGramKL } from "../src/measures/n-gram-kl.ts";
import { nelbo } from "../src/measures/nelbo.ts";
import { ruleError } from "../src/measures/rule-error.ts";
import { samplingFloor } from "../src/measures/sampling-floor.ts";
import { unigramEntropy } from "../src/measures/unigram-entropy.ts";
import { wordShare } from "../src/measures/word-share.ts";
import { enumerate, sequenceAt } from "./law.ts";

const models = fileURLToPath(new URL("../models", import.meta.url));
const countdown = chainFile("countdown");
const letters = chainFile("letters");

describe("rule error", () => {
  test("by hand: pairs within a row only, all of them", () => {
    // 4 -> 4 is the one break of six pairs; 0 -> 5 lies across two rows, 0 -> 9 is allowed.
    assert.equal(ruleError().of(Int32Array.of(3, 2, 1, 0, 5, 4, 4, 3), 4), 1 / 6);
    assert.equal(ruleError().of(Int32Array.of(0, 9, 8), 3), 0);
    assert.equal(ruleError().of(Int32Array.of(5, 5, 5), 3), 1);
    assert.throws(() => ruleError().of(Int32Array.of(1, 2, 3), 2), /whole sequences of 2/);
  });

  test("of the exact chain's own data: its slip rate", () => {
    const law = chainNGramLaw(countdown, { n: 2 });
    const expected = law.reduce((sum, p, pair) => {
      const [a, b] = [Math.floor(pair / 32), pair % 32];
      return sum + (a !== 0 && b !== a - 1 ? p : 0);
    }, 0);
    const value = ruleError().of(chainSamples(countdown, { count: 512, seed: 1 }), 256);
    const deviation = Math.sqrt(expected / (512 * 255));
    // 130,560 pairs; 4 standard deviations, false alarm 6e-5.
    assert.ok(Math.abs(value - expected) < 4 * deviation, `${value} against ${expected}`);
    assert.ok(Math.abs(expected - 0.0009) < 0.0001);
  });
});

describe("n-grams", () => {
  test("counts stay within rows", () => {
    assert.deepEqual(
      [...countNGrams(Int32Array.of(0, 1, 1, 1, 0, 0), 3, { n: 2, vocabulary: 2 })],
      [1, 1, 1, 1],
    );
    assert.deepEqual(
      [...countNGrams(Int32Array.of(0, 1, 1, 1, 0, 0), 3, { n: 3, vocabulary: 2 })],
      [0, 0, 0, 1, 1, 0, 0, 0],
    );
    assert.throws(
      () => countNGrams(Int32Array.of(0, 2), 2, { n: 2, vocabulary: 2 }),
      /token 2 in row 0 at position 1/,
    );
    assert.throws(() => countNGrams(Int32Array.of(0, 1), 2, { n: 3, vocabulary: 2 }), /length = 2/);
  });

  test("KL by hand", () => {
    const tokens = Int32Array.of(0, 1, 1, 1); // bigrams 01, 11, 11
    const law = [0.25, 0.25, 0.25, 0.25];
    const expected = (1 / 3) * Math.log(4 / 3) + (2 / 3) * Math.log(8 / 3);
    assert.equal(nGramKL({ n: 2, vocabulary: 2, law }).of(tokens, 4), expected);
    assert.equal(
      nGramKL({ n: 2, vocabulary: 2, law: [0.5, 0.5, 0, 0] }).of(tokens, 4),
      Number.POSITIVE_INFINITY,
    );
    const smoothed = nGramKL({ n: 2, vocabulary: 2, counts: [0, 1, 2, 0], smoothing: 0.25 });
    const value = (1 / 3) * Math.log(1 / 3 / (1.25 / 4)) + (2 / 3) * Math.log(2 / 3 / (0.25 / 4));
    assert.ok(Math.abs(smoothed.of(tokens, 4) - value) < 1e-15);
    assert.deepEqual(
      [smoothed.name, nGramKL({ n: 3, vocabulary: 1, law: [1] }).name],
      ["bigram-kl", "trigram-kl"],
    );
  });

  test("a reference of the wrong size, or counts given as a law, is refused", () => {
    assert.throws(() => nGramKL({ n: 2, vocabulary: 3, law: [1] }), /expected V\^n = 3\^2 = 9/);
    assert.throws(() => nGramKL({ n: 1, vocabulary: 2, law: [3, 4] }), /sums to 7; expected 1/);
    assert.throws(() => nGramKL({ n: 1, vocabulary: 2, counts: [Number.NaN, 4] }), /sums to NaN/);
    assert.throws(() => nGramKL({ n: 9, vocabulary: 37, counts: [] }), /V\^n <= 2\^24/);
  });

  test("the law of a chain's n-grams equals that of its enumerated sequences", () => {
    const length = 5;
    for (const order of [1, 2]) {
      const chain = { initial: lawFrom(3 ** order, 1), transition: rowsFrom(3 ** order, 3), length };
      const joint = enumerated(chain, 3, order);
      for (const n of [1, 2, 3, 5]) {
        const expected = new Float64Array(3 ** n);
        joint.forEach((p, index) => {
          const counts = countNGrams(sequenceAt(index, 3, length), length, { n, vocabulary: 3 });
          counts.forEach((count, gram) => {
            expected[gram]! += (p * count) / (length - n + 1);
          });
        });
        assert.ok(totalVariation(chainNGramLaw(chain, { n }), expected) < 1e-14, `order ${order}, n ${n}`);
      }
    }
  });

  test("letters start stationary: bigram law = initial x transition", () => {
    const law = chainNGramLaw(letters, { n: 2 });
    letters.transition.forEach((p, pair) => {
      assert.ok(Math.abs(law[pair]! - letters.initial[Math.floor(pair / 27)]! * p) < 1e-13);
    });
  });

  test("letters: 512 fresh sequences of 128 score the floor of the estimator, 0.004", async () => {
    const measure = nGramKL({ n: 2, vocabulary: 27, law: chainNGramLaw(letters, { n: 2 }) });
    const fresh = chainSamples(letters, { count: 2048, seed: 5 });
    const floor = await samplingFloor(measure, fresh, 128, { count: 512 });
    console.log(`letters, bigram KL of 512 fresh sequences: ${show(floor)}`);
    // (27^2 - 1 cells) / (2 x 65,024 bigrams) = 0.0056 if all cells were in use; many are rare.
    assert.ok(floor.value > 0.002 && floor.value < 0.006);
  });
});

describe("words", () => {
  const alphabet = " 'abcdefghijklmnopqrstuvwxyz";
  const tokens = (text: string) => Int32Array.from(text, (character) => alphabet.indexOf(character));
  const measure = wordShare({ alphabet, words: ["the", "lord's", "a"] });

  test("by hand: runs that touch an end are left out", () => {
    assert.equal(measure.of(tokens("xx the lord's abc yy"), 20), 2 / 3);
    assert.equal(measure.of(tokens(" the a q "), 9), 2 / 3);
    assert.equal(measure.of(tokens("the"), 3), 0);
    assert.equal(measure.of(tokens(" a xthe "), 4), 1 / 1);
    assert.throws(() => measure.of(Int32Array.of(0, 28), 2), /token 28 in row 0/);
  });
});

describe("diversity", () => {
  test("token entropy by hand", () => {
    assert.ok(Math.abs(unigramEntropy().of(Int32Array.of(0, 1, 2, 3), 2) - Math.log(4)) < 1e-15);
    assert.equal(unigramEntropy().of(Int32Array.of(7, 7, 7), 3), 0);
  });

  test("distinct n-grams by hand, and where their names are renumbered", () => {
    assert.equal(distinct({ n: 2 }).of(Int32Array.of(0, 1, 0, 1, 0, 1), 3), 2 / 4);
    assert.equal(distinct().of(Int32Array.of(1, 2, 3, 4), 4), 1);
    const tokens = chainSamples(countdown, { count: 4, seed: 2 }).map((token) => token * 30_000);
    const grams = new Set<string>();
    for (let row = 0; row < 4; row++) {
      for (let at = 0; at + 6 <= 256; at++)
        grams.add(tokens.subarray(row * 256 + at, row * 256 + at + 6).join());
    }
    assert.equal(distinct({ n: 6 }).of(tokens, 256), grams.size / (4 * 251));
    assert.throws(() => distinct({ n: 0 }), /whole number/);
  });
});

describe("standard errors", () => {
  const mean: PooledMeasure = {
    name: "mean",
    label: "mean",
    better: "neither",
    of: (tokens) => tokens.reduce((sum, token) => sum + token, 0) / tokens.length,
  };
  const tokens = Int32Array.from({ length: 3 * 22 }, (_, i) => (i * i * 7919) % 101);

  test("the jackknife of a mean, one sequence a group: s / sqrt(n)", async () => {
    const rows = Float64Array.from({ length: 22 }, (_, row) =>
      mean.of(tokens.subarray(3 * row, 3 * row + 3), 3),
    );
    const { value, standardError, count } = await estimate(mean, tokens, 3, { groups: 99 });
    assert.equal(value, mean.of(tokens, 3));
    assert.equal(count, 22);
    assert.ok(Math.abs(standardError - deviation(rows) / Math.sqrt(22)) < 1e-12);
  });

  test("equal groups: s of the groups' means / sqrt(groups)", async () => {
    const groups = Float64Array.from({ length: 11 }, (_, g) => mean.of(tokens.subarray(6 * g, 6 * g + 6), 6));
    const { standardError } = await estimate(mean, tokens, 3, { groups: 11 });
    assert.ok(Math.abs(standardError - deviation(groups) / Math.sqrt(11)) < 1e-12);
  });

  test("unequal groups: sum of (mean of group - mean)^2 / (h - 1), over the number of groups", async () => {
    const borders = [0, 5, 11, 16, 22];
    const expected = [0, 1, 2, 3].reduce((sum, g) => {
      const [first, end] = [borders[g]!, borders[g + 1]!];
      const own = mean.of(tokens.subarray(3 * first, 3 * end), 3);
      return sum + (own - mean.of(tokens, 3)) ** 2 / (22 / (end - first) - 1) / 4;
    }, 0);
    assert.ok(
      Math.abs((await estimate(mean, tokens, 3, { groups: 4 })).standardError - Math.sqrt(expected)) < 1e-12,
    );
  });

  test("of a bigram KL: what 48 repetitions scatter by", async () => {
    const measure = nGramKL({ n: 2, vocabulary: 27, law: chainNGramLaw(letters, { n: 2 }) });
    // A chain that errs: 0.95 letters + 0.05 uniform.
    const wrong = { ...letters, transition: letters.transition.map((p) => 0.95 * p + 0.05 / 27) };
    const all = chainSamples(wrong, { count: 48 * 64, seed: 3 });
    const repeated = await Promise.all(
      Array.from({ length: 48 }, (_, r) => estimate(measure, all.subarray(r * 8192, (r + 1) * 8192), 128)),
    );
    const scatter = deviation(Float64Array.from(repeated, ({ value }) => value));
    const stated = Math.sqrt(repeated.reduce((sum, { standardError }) => sum + standardError ** 2 / 48, 0));
    console.log(
      `bigram KL of 64 letter sequences: scatter ${scatter.toFixed(5)}, stated ${stated.toFixed(5)}`,
    );
    // 48 repetitions tell a standard deviation to 10 %: 4 of those, false alarm below 1e-3.
    assert.ok(stated / scatter > 0.7 && stated / scatter < 1.5);
  });

  test("the floor is the mean over disjoint sets", async () => {
    const fresh = Int32Array.of(1, 1, 3, 3, 5, 7, 6, 6, 100, 100);
    const floor = await samplingFloor(mean, fresh, 2, { count: 2 });
    assert.deepEqual([floor.value, floor.standardError, floor.count], [4, Math.sqrt(8), 2]);
    assert.deepEqual(
      await samplingFloor(mean, fresh, 2, { count: 4 }),
      await estimate(mean, fresh.subarray(0, 8), 2),
    );
    await assert.rejects(samplingFloor(mean, fresh, 2, { count: 6 }), /the 5 fresh sequences/);
  });

  test("one sequence has no standard error", async () => {
    await assert.rejects(estimate(mean, tokens.subarray(0, 3), 3), /1 sequences in 16 groups/);
  });
});

describe("laws", () => {
  test("KL and total variation by hand", () => {
    const p = Float64Array.of(0.5, 0.5, 0);
    const q = Float64Array.of(0.25, 0.5, 0.25);
    assert.ok(Math.abs(klDivergence(p, q) - 0.5 * Math.log(2)) < 1e-15);
    assert.equal(klDivergence(q, p), Number.POSITIVE_INFINITY);
    assert.equal(klDivergence(p, p), 0);
    assert.equal(totalVariation(p, q), 0.25);
    assert.throws(() => totalVariation(p, Float64Array.of(1)), /p has 3 entries, q has 1/);
  });
});

describe("nelbo", () => {
  const chain = { initial: lawFrom(3, 4), transition: rowsFrom(3, 3), length: 5 };

  test("its expectation over the masks, enumerated, is -log p(x) / D for an exact model", async () => {
    const joint = lawFrom(8, 9);
    const denoiser = jointTable({ joint, vocabulary: 2, length: 3 });
    for (const levels of [1, 2]) {
      for (const index of [0, 5]) {
        let expected = 0;
        const run = (randomness: Parameters<Parameters<typeof enumerate>[0]>[0]) =>
          nelbo(denoiser, sequenceAt(index, 2, 3), { levels, randomness });
        for await (const { result, probability } of enumerate(run)) expected += probability * result.value;
        assert.ok(
          Math.abs(expected + Math.log(joint[index]!) / 3) < 1e-12,
          `${levels} levels, sequence ${index}`,
        );
      }
    }
  });

  test("of a chain's own data is the chain's entropy", async () => {
    const joint = enumerated(chain, 3, 1);
    const exact = joint.reduce((sum, p) => sum - p * Math.log(p), 0) / 5;
    const tokens = chainSamples(chain, { count: 4000, seed: 6 });
    const given = logLikelihood(chain, tokens) / (-5 * 4000);
    const { value, standardError, count } = await nelbo(markovChain(chain), tokens, {
      seed: 1,
      levels: 5,
      batch: 500,
    });
    console.log(
      `nelbo, ${count} sequences of 5: ${value.toFixed(5)} +- ${standardError.toFixed(5)}; entropy ${exact.toFixed(5)}; -log p of these ${given.toFixed(5)}`,
    );
    // n = 4,000; 4 standard errors, false alarm 6e-5.
    assert.ok(Math.abs(value - exact) < 4 * standardError);
    assert.ok(Math.abs(value - given) < 4 * standardError);
    assert.ok(standardError < 0.01);
  });

  test("does not depend on the batch; the same seed gives the same number", async () => {
    const tokens = chainSamples(chain, { count: 7, seed: 6 });
    const one = await nelbo(markovChain(chain), tokens, { seed: 1, batch: 1 });
    assert.deepEqual(await nelbo(markovChain(chain), tokens, { seed: 1, batch: 3 }), one);
    assert.notEqual((await nelbo(markovChain(chain), tokens, { seed: 2 })).value, one.value);
  });

  test("refuses a model that wants the time, and a mask in the data", async () => {
    const timed = { ...markovChain(chain), timeFree: false };
    await assert.rejects(nelbo(timed, new Int32Array(5)), /expected a time-free absorbing model/);
    await assert.rejects(
      nelbo(markovChain(chain), new Int32Array(5).fill(3)),
      /tokens\[0\] = 3; expected a clean token/,
    );
    await assert.rejects(nelbo(markovChain(chain), new Int32Array(4)), /whole sequences of 5/);
    await assert.rejects(nelbo(markovChain(chain), new Int32Array(5), { levels: 0 }), /levels = 0/);
  });
});

function chainFile(name: string): { initial: number[]; transition: number[]; length: number } {
  const { initial, transition, length } = JSON.parse(readFileSync(join(models, name, "chain.json"), "utf8"));
  return { initial, transition: transition.flat(), length };
}

function show({ value, standardError }: { value: number; standardError: number }): string {
  return `${value.toFixed(4)} +- ${standardError.toFixed(4)}`;
}

function deviation(values: Float64Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}

/** Some law with no symmetry. */
function lawFrom(size: number, seed: number): number[] {
  const weights = Array.from({ length: size }, (_, i) => 1 + ((i * 7 + seed * 3) % 11));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

/** Some transition matrix, [contexts, vocabulary] flat. */
function rowsFrom(contexts: number, vocabulary: number): number[] {
  return Array.from({ length: contexts }, (_, context) => lawFrom(vocabulary, context + 2)).flat();
}

/** [V^D] law of a chain's sequences. */
function enumerated(
  { initial, transition, length }: { initial: number[]; transition: number[]; length: number },
  vocabulary: number,
  order: number,
): Float64Array {
  return Float64Array.from({ length: vocabulary ** length }, (_, index) => {
    const tokens = sequenceAt(index, vocabulary, length);
    const context = (at: number) =>
      tokens.subarray(at - order, at).reduce((sum, token) => sum * vocabulary + token, 0);
    let p = initial[context(order)]!;
    for (let at = order; at < length; at++) p *= transition[context(at) * vocabulary + tokens[at]!]!;
    return p;
  });
}

/** Sum of log p over the sequences of a first-order chain. */
function logLikelihood(
  { initial, transition, length }: { initial: number[]; transition: number[]; length: number },
  tokens: Int32Array,
): number {
  const vocabulary = initial.length;
  return tokens.reduce((sum, token, at) => {
    const p = at % length === 0 ? initial[token]! : transition[tokens[at - 1]! * vocabulary + token]!;
    return sum + Math.log(p);
  }, 0);
}
