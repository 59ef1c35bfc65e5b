/** Predicted nats against the exact KL, by enumeration of joint laws of five bits. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  entropy,
  findSchedules,
  informationCurve,
  jointTable,
  optimalSchedules,
  philox,
  predictions,
  type Randomness,
  random,
  type Selector,
  scheduleCost,
  stratified,
} from "../src/index.ts";
import { meanOf } from "../src/measures/measured.ts";
import { revealPaths } from "../src/optimize/information-curve.ts";
import { natsPredictor } from "../src/optimize/predicted-nats.ts";
import { countLists } from "./count-lists.ts";
import { close } from "./golden.ts";
import { enumerate, sequenceAt } from "./law.ts";
import { normalised, sum } from "./sum.ts";

const exact = { rel: 1e-9, abs: 1e-12 };

/** Joint laws of five bits. */
const joints: Readonly<Record<string, Float64Array>> = {
  any: weighted((index) => philox(3).at(0, 0, 0).uniform(index) ** 4),
  "with impossible sequences": weighted((index) => (index % 3 === 0 ? 1 + (index % 5) : 0)),
  "of a chain": weighted((index) =>
    sequenceAt(index, 2, 5).reduce(
      (product, bit, d, bits) => product * (bit === bits[d - 1] ? 0.95 : 0.05),
      1,
    ),
  ),
  "of independent bits": weighted((index) =>
    sequenceAt(index, 2, 5).reduce((product, bit, d) => product * (bit ? 0.3 + d / 10 : 0.7 - d / 10), 1),
  ),
};
const D = 5;

function weighted(weight: (index: number) => number): Float64Array {
  return normalised(Float64Array.from({ length: 32 }, (_, index) => weight(index)));
}

/** H of the bits in `set`, from the joint's own marginals: no denoiser, no curve. */
function setEntropy(joint: Float64Array, set: readonly number[]): number {
  const marginal = new Map<string, number>();
  joint.forEach((p, index) => {
    const bits = sequenceAt(index, 2, D);
    const key = set.map((d) => bits[d]).join("");
    marginal.set(key, (marginal.get(key) ?? 0) + p);
  });
  return [...marginal.values()].reduce((total, p) => total - (p > 0 ? p * Math.log(p) : 0), 0);
}

/** KL(p || product over blocks of the bits' conditionals given all blocks before) = sum of H(d | before) - H. */
function blockNats(joint: Float64Array, blocks: readonly (readonly number[])[]): number {
  let spent = 0;
  const before: number[] = [];
  for (const block of blocks) {
    for (const d of block) spent += setEntropy(joint, [...before, d]) - setEntropy(joint, before);
    before.push(...block);
  }
  return spent - setEntropy(joint, before);
}

/** The mean of blockNats over the orders in which a selector reveals, each with its exact probability. */
async function exactNats(
  joint: Float64Array,
  selector: Selector,
  counts: readonly number[],
): Promise<number> {
  let mean = 0;
  for await (const { result, probability } of enumerate((randomness) =>
    blocksOf(selector, counts, randomness),
  )) {
    mean += probability * blockNats(joint, result);
  }
  return mean;
}

function blocksOf(selector: Selector, counts: readonly number[], randomness: Randomness): number[][] {
  let masked = Int32Array.from({ length: D }, (_, d) => d);
  return counts.slice(1).map((to, step) => {
    const chosen = new Int32Array(D);
    const count = to - counts[step]!;
    const draw = randomness.at(0, step, 1);
    const probabilities = () => assert.fail("the selector reads positions only");
    const size = selector.selectInto(chosen, { masked, count, chance: 0, draw, probabilities });
    const block = Array.from(chosen.subarray(0, size));
    masked = masked.filter((d) => !block.includes(d));
    return block;
  });
}

/** h(m) through the denoiser: the mean over reveal sets of size m and their outcomes of the predicted entropy. */
async function curveOfJoint(joint: Float64Array): Promise<Float64Array> {
  const denoiser = jointTable({ joint, vocabulary: 2, length: D });
  const totals = new Float64Array(D);
  const pairs = new Float64Array(D);
  for (let set = 0; set < 2 ** D - 1; set++) {
    const revealed = Array.from({ length: D }, (_, d) => (set >> d) & 1);
    const m = sum(revealed);
    for (let index = 0; index < joint.length; index++) {
      const tokens = sequenceAt(index, 2, D).map((bit, d) => (revealed[d] ? bit : 2));
      const logits = await denoiser.predict({ tokens, batch: 1, time: Float64Array.of(1) });
      const laws = predictions(logits, { length: D, vocabulary: 2 });
      for (let d = 0; d < D; d++) {
        if (!revealed[d]) totals[m]! += joint[index]! * entropy(laws.row(0, d));
      }
    }
    pairs[m]! += D - m;
  }
  return totals.map((total, m) => total / pairs[m]!);
}

/** n independent sequences of the joint law, [n, D]. */
function drawn(joint: Float64Array, n: number): Int32Array {
  const draw = philox(11);
  const data = new Int32Array(n * D);
  for (let row = 0; row < n; row++) {
    data.set(sequenceAt(draw.at(row, 0, 5).categorical(joint, joint.length, 0), 2, D), row * D);
  }
  return data;
}

const fewSteps = [
  [0, 5],
  [0, 2, 5],
  [0, 2, 4, 5],
] as const;

for (const [name, joint] of Object.entries(joints)) {
  describe(`five bits, a joint law ${name}`, () => {
    it("predicted nats equal the exact KL for all schedules, and the optimal ones are the best of all", async () => {
      const curve = await curveOfJoint(joint);
      const best = optimalSchedules(curve, D);
      for (let steps = 1; steps <= D; steps++) {
        let least = Number.POSITIVE_INFINITY;
        for (const counts of countLists(D, steps)) {
          const nats = await exactNats(joint, random(), counts);
          close(scheduleCost(curve, counts) - sum(curve), nats, exact, `counts ${counts}`);
          least = Math.min(least, nats);
        }
        const { counts, cost } = best[steps - 1]!;
        close(cost - sum(curve), least, exact, `${steps} steps`);
        close(await exactNats(joint, random(), [...counts]), least, exact, `the counts of ${steps} steps`);
      }
    });

    it("a measured curve and its predictions agree with enumeration within 4 standard errors", async () => {
      // Deterministic: 5 + 5 comparisons on fixed seeds, each of false-alarm probability 6e-5.
      const denoiser = jointTable({ joint, vocabulary: 2, length: D });
      const data = drawn(joint, 1500);
      const curve = await informationCurve(denoiser, { data, seed: 1 });
      assert.deepEqual(curve.counts, [0, 1, 2, 3, 4]);
      (await curveOfJoint(joint)).forEach((value, m) => {
        within(curve.entropy[m]!, value, curve.standardError[m]!, `h(${m})`);
      });
      const { schedules } = await findSchedules(denoiser, {
        steps: [1, 2, 3, 4, 5],
        selector: random(),
        data,
        seed: 1,
      });
      for (const { values, predictedNats, steps } of schedules) {
        assert.ok("counts" in values);
        const nats = await exactNats(joint, random(), values.counts);
        within(predictedNats!.value, nats, predictedNats!.standardError, `${steps} steps`);
      }
    });

    it("a prediction along a selector's own path agrees with enumeration within 4 standard errors", async () => {
      const denoiser = jointTable({ joint, vocabulary: 2, length: D });
      const data = drawn(joint, 1500);
      for (const selector of [stratified(), stratified({ jitter: true })]) {
        const shared = { data, selector, seed: 2, batch: 64 };
        const paths = await revealPaths(denoiser, { ...shared, counts: [0, 1, 2, 3, 4] });
        const predict = natsPredictor(denoiser, { ...shared, paths, sequences: 1500 });
        for (const counts of fewSteps) {
          const { value, standardError } = meanOf((await predict(counts))!);
          const nats = await exactNats(joint, selector, counts);
          within(value, nats, standardError, `${selector.name}, ${counts}`);
        }
      }
    });
  });
}

it("on a chain the orders differ by far more than a prediction's error", async () => {
  const joint = joints["of a chain"]!;
  const spread = await exactNats(joint, stratified(), [0, 2, 5]);
  const plain = await exactNats(joint, random(), [0, 2, 5]);
  assert.ok(spread < plain - 0.1, `stratified ${spread}, random ${plain}`);
});

/** |value - expected| within 4 standard errors, or equal where nothing varies. */
function within(value: number, expected: number, standardError: number, what: string): void {
  const gap = Math.abs(value - expected);
  assert.ok(gap <= 4 * standardError + 1e-9, `${what}: ${value} ± ${standardError}, exactly ${expected}`);
}
