/** Exact laws of the sampler by enumeration of every draw (test/law.ts): no Monte Carlo. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  absorbing,
  constant,
  cosine,
  cosineNoise,
  counts,
  exponential,
  geometric,
  independent,
  jointTable,
  linear,
  markovChain,
  type Noise,
  type Process,
  random,
  type Selector,
  sample,
  stratified,
  times,
  uniform,
} from "../src/index.ts";
import { close } from "./golden.ts";
import { divergence, enumerate, productOfMarginals, sampleLaw, sequenceAt, totalVariation } from "./law.ts";
import { selectors as scheduled } from "./loop-table.ts";
import { threeTrits, twoBits } from "./small-laws.ts";

const exactly = { rel: 1e-12, abs: 1e-12 };

const chain = { initial: [0.7, 0.3], transition: [0.9, 0.1, 0.25, 0.75] };

const selectors: readonly Selector[] = scheduled.filter(({ name }) => name !== "independent");

const noises: Readonly<Record<string, Noise>> = {
  linear: linear(),
  "linear, eps 0.001": linear({ eps: 1e-3 }),
  "cosine squared": cosineNoise(),
  "cosine, eps 0.001": cosineNoise({ power: 1, eps: 1e-3 }),
  geometric: geometric(),
  constant: constant(),
  exponential: exponential(),
};

/** The law of a chain of length D, [V^D]. */
function chainLaw({ initial, transition }: typeof chain, length: number): Float64Array {
  const vocabulary = initial.length;
  return Float64Array.from({ length: vocabulary ** length }, (_, index) => {
    const tokens = sequenceAt(index, vocabulary, length);
    let p = initial[tokens[0]!]!;
    for (let d = 1; d < length; d++) p *= transition[tokens[d - 1]! * vocabulary + tokens[d]!]!;
    return p;
  });
}

/** Mutual information of two positions of a law over bits, in nats. */
function information(law: Float64Array, first: number, second: number): number {
  const length = Math.log2(law.length);
  const pair = new Float64Array(4);
  law.forEach((p, index) => {
    const tokens = sequenceAt(index, 2, length);
    pair[2 * tokens[first]! + tokens[second]!]! += p;
  });
  return divergence(pair, productOfMarginals(pair, 2, 2));
}

describe("enumerate", () => {
  it("gives every outcome its probability, leaves out impossible ones, and the sum is 1", async () => {
    const found: [string, number][] = [];
    const runs = enumerate((randomness) => {
      const draw = randomness.at(0, 0, 0);
      const first = draw.categorical(Float64Array.of(0, 1, 0, 3), 4, 0);
      return first === 1 ? "one" : `three ${draw.integer(2, 1)} ${draw.bernoulli(1, 2)}`;
    });
    for await (const { result, probability } of runs) found.push([result, probability]);
    assert.deepEqual(found, [
      ["one", 0.25],
      ["three 0 true", 0.375],
      ["three 1 true", 0.375],
    ]);
  });

  it("refuses a uniform and a site drawn twice", async () => {
    const twice = enumerate(({ at }) => [at(0, 0, 0).integer(2, 5), at(0, 0, 0).integer(2, 5)]);
    await assert.rejects(twice.next(), /drawn twice/);
    const uniformDraw = enumerate(({ at }) => at(0, 0, 0).uniform(0));
    await assert.rejects(uniformDraw.next(), /no finite set of outcomes/);
  });

  it("finds as many runs as there are sequences when one position is revealed at a time", async () => {
    const denoiser = jointTable({ joint: twoBits, vocabulary: 2, length: 2 });
    let runs = 0;
    const each = enumerate((randomness) =>
      sample(denoiser, { schedule: counts([0, 1, 2]), selector: random(), randomness }),
    );
    for await (const _ of each) runs++;
    assert.equal(runs, 2 * 4);
  });
});

describe("ancestral sampling with every position on its own", () => {
  // Both tokens fall into the same step with probability c = sum over steps of (share revealed)^2, and are then
  // drawn from the product of their marginals; else the second is drawn given the first. So the law is
  // (1 - c) joint + c product on any two-token problem, and its total variation c TV(joint, product).
  const denoiser = jointTable({ joint: twoBits, vocabulary: 2, length: 2 });
  const product = productOfMarginals(twoBits, 2, 2);

  it("is first order: total variation 0.0891, 0.0446, 0.0223, 0.0111 at 4, 8, 16, 32 uniform steps", async () => {
    const found: string[] = [];
    for (const count of [4, 8, 16, 32]) {
      const law = await sampleLaw(denoiser, {
        schedule: uniform({ steps: count }),
        selector: independent(),
      });
      close(
        law,
        twoBits.map((p, i) => p + (product[i]! - p) / count),
        exactly,
      );
      found.push(totalVariation(law, twoBits).toFixed(4));
    }
    assert.deepEqual(found, ["0.0891", "0.0446", "0.0223", "0.0111"]);
  });

  for (const [name, noise] of Object.entries(noises)) {
    it(`mixes joint and product as the shares revealed say, noise ${name}`, async () => {
      for (const schedule of [uniform({ steps: 3 }), cosine({ steps: 4 }), times([1, 0.9, 0.2, 0])]) {
        const grid = schedule.resolve(noise, 2);
        let together = 0;
        for (let i = 0; i < schedule.steps; i++) {
          // The last step reveals what is left, also where alpha(0) < 1.
          const alpha = i === schedule.steps - 1 ? 1 : noise.alpha(grid.times[i + 1]!);
          together += ((alpha - noise.alpha(grid.times[i]!)) / (1 - noise.alpha(1))) ** 2;
        }
        const law = await sampleLaw(denoiser, { schedule, noise, selector: independent() });
        close(
          law,
          twoBits.map((p, i) => p + together * (product[i]! - p)),
          { rel: 1e-9, abs: 1e-12 },
        );
      }
    });
  }

  it("halves its error with its step on a chain of three", async () => {
    const exact = chainLaw(chain, 3);
    const model = markovChain({ ...chain, length: 3 });
    const errors: number[] = [];
    for (const count of [2, 4, 8]) {
      const schedule = uniform({ steps: count });
      errors.push(totalVariation(await sampleLaw(model, { schedule, selector: independent() }), exact));
    }
    const ratios = [errors[0]! / errors[1]!, errors[1]! / errors[2]!];
    assert.ok(
      ratios.every((ratio) => ratio > 1.8 && ratio < 2.05),
      `errors ${errors}, ratios ${ratios}`,
    );
  });
});

describe("count schedules", () => {
  const problems = [
    {
      name: "two bits",
      exact: twoBits,
      model: jointTable({ joint: twoBits, vocabulary: 2, length: 2 }),
      size: [2, 2],
    },
    {
      name: "three trits",
      exact: threeTrits,
      model: jointTable({ joint: threeTrits, vocabulary: 3, length: 3 }),
      size: [3, 3],
    },
    { name: "a chain", exact: chainLaw(chain, 4), model: markovChain({ ...chain, length: 4 }), size: [2, 4] },
  ];

  for (const { name, exact, model, size } of problems) {
    const [vocabulary, length] = size as [number, number];
    it(`one position per step gives the joint law of ${name}, whatever the order`, async () => {
      const schedule = counts(Array.from({ length: length + 1 }, (_, i) => i));
      for (const selector of selectors) {
        close(await sampleLaw(model, { schedule, selector }), exact, exactly, selector.name);
      }
    });

    it(`all positions in one step give the product of the marginals of ${name}`, async () => {
      const product = productOfMarginals(exact, vocabulary, length);
      for (const selector of [independent(), ...selectors]) {
        const law = await sampleLaw(model, { schedule: uniform({ steps: 1 }), selector });
        close(law, product, exactly, selector.name);
      }
    });
  }

  it("stratified keeps neighbours of a chain apart: its only error is between positions two apart", async () => {
    const model = markovChain({ ...chain, length: 4 });
    const exact = chainLaw(chain, 4);
    const schedule = counts([0, 2, 4]);
    const far = divergence(exact, await sampleLaw(model, { schedule, selector: stratified() }));
    const any = divergence(exact, await sampleLaw(model, { schedule, selector: random() }));
    // {0, 2} or {1, 3} first; what is left is then independent given its neighbours.
    const bound = (information(exact, 0, 2) + information(exact, 1, 3)) / 2;
    assert.ok(far <= bound, `stratified ${far}; expected at most ${bound}`);
    assert.ok(far < 0.7 * any, `stratified ${far}, random ${any}`);
  });
});

describe("infilling", () => {
  it("one position per step gives the exact conditional law", async () => {
    for (const selector of selectors) {
      for (const given of [
        [1, -1, -1],
        [-1, 2, -1],
        [-1, -1, 0],
        [2, -1, 0],
        [0, 1, 2],
      ]) {
        const law = await sampleLaw(jointTable({ joint: threeTrits, vocabulary: 3, length: 3 }), {
          schedule: counts([0, 1, 2, 3]),
          selector,
          given,
        });
        const agrees = threeTrits.map((p, index) =>
          sequenceAt(index, 3, 3).every((token, d) => given[d] === -1 || given[d] === token) ? p : 0,
        );
        const evidence = agrees.reduce((sum, p) => sum + p, 0);
        close(
          law,
          agrees.map((p) => p / evidence),
          exactly,
          `${selector.name}, given ${given}`,
        );
      }
    }
  });
});

describe("temperature and top-p", () => {
  const p = [0.5, 0.25, 0.15, 0.1];
  const one = jointTable({ joint: p, vocabulary: 4, length: 1 });
  const law = (shaping: { temperature?: number; topP?: number }) =>
    sampleLaw(one, { schedule: uniform({ steps: 1 }), ...shaping });

  it("temperature T draws from p^(1/T), 0 the most likely token", async () => {
    for (const temperature of [0.5, 2, 0.01]) {
      const powers = p.map((value) => value ** (1 / temperature));
      const total = powers.reduce((sum, value) => sum + value, 0);
      close(
        await law({ temperature }),
        powers.map((value) => value / total),
        { rel: 1e-10, abs: 1e-12 },
      );
    }
    close(await law({ temperature: 1 }), p, exactly);
    close(await law({ temperature: 0 }), [1, 0, 0, 0], exactly);
    const tie = jointTable({ joint: [0.4, 0.4, 0.2], vocabulary: 3, length: 1 });
    close(await sampleLaw(tie, { schedule: uniform({ steps: 1 }), temperature: 0 }), [0.5, 0.5, 0], exactly);
  });

  it("top-p keeps the fewest tokens whose mass reaches it, the one that crosses it included", async () => {
    close(await law({ topP: 1 }), p, exactly);
    close(await law({ topP: 0.95 }), p, exactly);
    close(await law({ topP: 0.8 }), [5 / 9, 2.5 / 9, 1.5 / 9, 0], exactly);
    close(await law({ topP: 0.75 }), [2 / 3, 1 / 3, 0, 0], exactly); // reached exactly
    close(await law({ topP: 0.6 }), [2 / 3, 1 / 3, 0, 0], exactly);
    close(await law({ topP: 0.3 }), [1, 0, 0, 0], exactly);
    close(await law({ topP: 1e-9 }), [1, 0, 0, 0], exactly);
  });

  it("temperature acts before top-p", async () => {
    // Squared and normalised: 0.7246, 0.1812, 0.0652, 0.0290.
    close(await law({ temperature: 0.5, topP: 0.8 }), [0.8, 0.2, 0, 0], exactly);
  });
});

describe("ancestral sampling without a mask", () => {
  /**
   * Uniform noise: stay with probability alpha = exp(-sigma), else a uniform token; posterior by Bayes' rule.
   * What the ancestral sampler does not use is left as the absorbing process has it.
   */
  function resampling(vocabulary: number): Process {
    const chance = (from: number, to: number, sigma: number) =>
      (from === to ? Math.exp(-sigma) : 0) - Math.expm1(-sigma) / vocabulary;
    return {
      ...absorbing({ vocabulary }),
      name: "uniform",
      states: vocabulary,
      mask: undefined,
      priorInto: (out) => void out.fill(1 / vocabulary),
      posteriorInto(out, x, p, sigmaS, sigmaT) {
        out.fill(0);
        for (let clean = 0; clean < vocabulary; clean++) {
          const seen = chance(clean, x, sigmaT);
          for (let y = 0; y < vocabulary; y++) {
            out[y]! += (p[clean]! * chance(clean, y, sigmaS) * chance(y, x, sigmaT - sigmaS)) / seen;
          }
        }
      },
    };
  }
  const likelihoodInto = (vocabulary: number) => (out: Float64Array, token: number, time: number) => {
    out.fill(time / vocabulary);
    out[token]! += 1 - time;
  };

  it("is exact on one position, in any number of steps", async () => {
    const joint = [0.5, 0.3, 0.2];
    const one = jointTable({ joint, vocabulary: 3, length: 1, likelihoodInto: likelihoodInto(3) });
    for (const schedule of [uniform({ steps: 1 }), uniform({ steps: 4 }), times([1, 0.95, 0.1, 0])]) {
      close(await sampleLaw(one, { schedule, process: resampling(3) }), joint, exactly);
    }
  });

  it("is first order on two", async () => {
    const two = jointTable({ joint: twoBits, vocabulary: 2, length: 2, likelihoodInto: likelihoodInto(2) });
    const scaled: number[] = [];
    for (const count of [2, 4, 6]) {
      const law = await sampleLaw(two, { schedule: uniform({ steps: count }), process: resampling(2) });
      scaled.push(count * totalVariation(law, twoBits));
    }
    assert.ok(
      scaled.every((value) => value > 0.45 && value < 0.51),
      `steps times total variation: ${scaled}`,
    );
  });

  it("keeps given tokens and conditions on them", async () => {
    // A given token is certain evidence, which a likelihood at the time of the noise does not say: one step from
    // t = 1 draws the free token from the law the model states.
    const two = jointTable({ joint: twoBits, vocabulary: 2, length: 2 });
    const law = await sampleLaw(two, {
      schedule: uniform({ steps: 1 }),
      process: resampling(2),
      given: [1, -1],
    });
    assert.equal(law[0], 0);
    assert.equal(law[1], 0);
    close(law[2]! + law[3]!, 1, exactly);
  });
});
