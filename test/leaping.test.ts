/** Leaps and the samplers of one call that make them: laws by enumeration, order, and the contract. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  absorbing,
  ancestral,
  constant,
  cosineNoise,
  independent,
  jointTable,
  linear,
  type Process,
  sample,
  times,
  totalVariation,
  uniform,
} from "../src/index.ts";
import { matrixExponential } from "../src/processes/matrix-exponential.ts";
import { ordinal } from "../src/processes/ordinal.ts";
import { rateMatrix } from "../src/processes/rate-matrix.ts";
import { uniformProcess } from "../src/processes/uniform-process.ts";
import { euler } from "../src/samplers/euler.ts";
import { exponentialEuler } from "../src/samplers/exponential-euler.ts";
import {
  exponentialLeap,
  landing,
  linearLeap,
  rejectingLeap,
  type SingleLeap,
  summingLeap,
} from "../src/samplers/leap.ts";
import { tauLeaping } from "../src/samplers/tau-leaping.ts";
import { close } from "./golden.ts";
import { enumerate, sampleLaw } from "./law.ts";
import { orders } from "./orders.ts";
import { contract } from "./sampler-contract.ts";
import { mildBits, twoBits } from "./small-laws.ts";
import { exactDenoiser, lawAfter, lawAt, type Problem, stepLaw } from "./step-law.ts";
import { summingLaw } from "./summing-law.ts";

const exactly = { rel: 1e-12, abs: 1e-12 };

/** A process that drifts round a circle of three: not reversible. */
const circle = (vocabulary: number): Process =>
  rateMatrix({
    rates: Float64Array.from({ length: vocabulary ** 2 }, (_, at) => {
      const step = (vocabulary + (at % vocabulary) - Math.floor(at / vocabulary)) % vocabulary;
      if (vocabulary === 1) return 0;
      return step === 0
        ? -(vocabulary === 2 ? 1 : 1.2)
        : step === 1
          ? 1
          : vocabulary > 2 && step === 2
            ? 0.2
            : 0;
    }),
    name: "circle",
  });

/** The law of Poisson counts of jumps to each target, landed: up to `most` jumps a target. */
function lawOfCounts(x: number, means: readonly number[], sums: boolean, most: number): Float64Array {
  const law = new Float64Array(means.length);
  const visit = (target: number, counts: number[], chance: number): void => {
    if (target === means.length) {
      law[landing(x, counts, { sums })]! += chance;
      return;
    }
    let weight = Math.exp(-means[target]!);
    for (let n = 0; n <= most; n++) {
      if (weight > 0) visit(target + 1, [...counts, n], chance * weight);
      weight *= means[target]! / (n + 1);
    }
  };
  visit(0, [], 1);
  return law;
}

describe("leaps", () => {
  const rates = Float64Array.of(0.5, 0, 1.5, 2);
  const singles: readonly SingleLeap[] = [rejectingLeap, exponentialLeap, linearLeap];
  const law = (leap: SingleLeap, duration: number): Float64Array => {
    const out = new Float64Array(4);
    leap.lawInto(out, 1, rates, duration);
    return out;
  };

  it("are laws that agree to first order in the duration", () => {
    for (const leap of singles) {
      for (const duration of [0, 1e-3, 0.1, 0.25, 1, 30]) {
        const found = law(leap, duration);
        close(
          found.reduce((sum, value) => sum + value, 0),
          1,
          exactly,
          leap.name,
        );
        assert.ok(found.every((value) => value >= 0));
        assert.ok(leap.leaveChance(duration * 4) <= leap.mostLeaveChance(duration * 4));
      }
      const short = law(leap, 1e-6);
      for (const y of [0, 2, 3]) close(short[y]!, 1e-6 * rates[y]!, { rel: 1e-5, abs: 0 }, leap.name);
    }
  });

  it("rejecting is the law of Poisson counts with more than one jump rejected, 1 / e at most", () => {
    close(law(rejectingLeap, 0.3), lawOfCounts(1, [0.15, 0, 0.45, 0.6], false, 12), exactly);
    assert.ok(Math.abs(rejectingLeap.mostLeaveChance(50) - Math.exp(-1)) < 1e-15);
    assert.ok(rejectingLeap.leaveChance(1) <= Math.exp(-1) + 1e-15);
  });

  it("exponential is the matrix exponential of rates that do not change when the token does", () => {
    // From any state jump to y at rate(y): the last jump counts.
    const matrix = Float64Array.from({ length: 16 }, (_, at) =>
      at % 5 === 0 ? rates[at % 4]! - 4 : rates[at % 4]!,
    );
    close(law(exponentialLeap, 0.7), matrixExponential(matrix, 0.7).slice(4, 8), exactly);
  });

  it("linear is the Euler step while its diagonal is positive, and always leaves after", () => {
    close(law(linearLeap, 0.1), [0.05, 0.6, 0.15, 0.2], exactly);
    close(law(linearLeap, 0.25), [0.125, 0, 0.375, 0.5], exactly);
    close(law(linearLeap, 9), [0.125, 0, 0.375, 0.5], exactly);
  });

  it("summing is the law of Poisson counts that add up and are clamped", async () => {
    const three = Float64Array.of(0, 0.9, 0.4);
    const found = new Float64Array(3);
    const runs = enumerate(({ at }) =>
      summingLeap.move(0, three, 0.2, {
        states: 3,
        scratch: new Float64Array(3),
        draw: at(0, 0, 2),
        position: 0,
        length: 1,
      }),
    );
    for await (const { result, probability } of runs) found[result]! += probability;
    close(found, lawOfCounts(0, [0, 0.18, 0.08], true, 12), exactly);
    const byJump = Float64Array.of(0, 0, 0, 0.9, 0.4);
    close(found, summingLaw(0, byJump, 0.2, 3), exactly);
  });

  it("summing keeps the mean and spread of many jumps", () => {
    // Up at rate 3, down at 1, for 2.5: mean 5, variance 10 in the middle of a long line. Here every draw is its
    // law's mode or median, so only that large means are drawn in parts that fit is checked.
    const middle = 500;
    const line = new Float64Array(1001);
    line[middle + 1] = 300;
    line[middle - 1] = 100;
    const parts: number[] = [];
    const moved = summingLeap.move(middle, line, 1, {
      states: 1001,
      scratch: new Float64Array(1001),
      position: 7,
      length: 10,
      draw: {
        uniform: () => 0.5,
        integer: () => 0,
        bernoulli: () => false,
        categorical(weights, count, site) {
          assert.equal(site % 10, 7);
          if (count === 1001) return middle + (parts.length > 0 && site % 40 === 7 ? -1 : 1);
          const mean = weights.subarray(0, count).reduce((sum, weight, n) => sum + n * weight, 0);
          parts.push(mean);
          return Math.round(mean);
        },
      },
    });
    close(
      parts.reduce((sum, mean) => sum + mean, 0),
      400,
      { rel: 1e-9, abs: 0 },
    );
    assert.equal(moved, middle + 200);
  });
});

describe("euler with absorbing noise and alpha = 1 - t", () => {
  it("is ancestral sampling with every position on its own", async () => {
    const denoiser = jointTable({ joint: twoBits, vocabulary: 2, length: 2 });
    for (const schedule of [uniform({ steps: 1 }), uniform({ steps: 5 }), times([1, 0.9, 0.3, 0.05, 0])]) {
      close(
        await sampleLaw(denoiser, { schedule, sampler: euler() }),
        await sampleLaw(denoiser, { schedule, selector: independent() }),
        exactly,
        `${schedule.name}, ${schedule.steps} steps`,
      );
    }
  });

  it("draws the same tokens as it, seed by seed", async () => {
    // Same chances for the same draws: leaving is drawn for another purpose, so only the laws must agree.
    const denoiser = jointTable({ joint: twoBits, vocabulary: 2, length: 2 });
    const schedule = uniform({ steps: 1 });
    const one = await sample(denoiser, { schedule, sampler: euler(), count: 20 });
    const other = await sample(denoiser, { schedule, sampler: ancestral(), count: 20 });
    assert.deepEqual(one.tokens, other.tokens);
  });
});

describe("one step is the leap of the reverse rates", () => {
  const problems: Readonly<Record<string, Problem>> = {
    uniform: { joint: mildBits, length: 2, process: uniformProcess({ vocabulary: 2 }), noise: cosineNoise() },
    circle: {
      joint: Float64Array.of(0.5, 0.1, 0.4),
      length: 1,
      process: circle(3),
      noise: constant({ sigmaMax: 3 }),
    },
    absorbing: { joint: mildBits, length: 2, process: absorbing({ vocabulary: 2 }), noise: cosineNoise() },
  };
  for (const [name, problem] of Object.entries(problems)) {
    it(name, async () => {
      const { process, noise, length } = problem;
      const { states } = process;
      const t = 0.7;
      const s = 0.4;
      const methods = [
        [euler(), linearLeap],
        [exponentialEuler(), exponentialLeap],
        [tauLeaping(), rejectingLeap],
      ] as const;
      for (const [sampler, leap] of methods) {
        for (let from = 0; from < states ** length; from++) {
          const law = new Float64Array(states ** length);
          law[from] = 1;
          const tokens = Int32Array.from(
            { length },
            (_, d) => Math.floor(from / states ** (length - 1 - d)) % states,
          );
          const data = (await exactDenoiser(problem).predict({ tokens, batch: 1, time: Float64Array.of(t) }))
            .data;
          const rows = Array.from(tokens, (x, d) => {
            const p = Float64Array.from({ length: process.vocabulary }, (_, v) =>
              Math.exp(data[d * process.vocabulary + v]!),
            );
            const rates = new Float64Array(states);
            process.reverseRatesInto(rates, x, p, noise, t);
            const row = new Float64Array(states);
            leap.lawInto(row, x, rates, t - s);
            return row;
          });
          const product = law.map((_, to) =>
            rows.reduce(
              (chance, row, d) => chance * row[Math.floor(to / states ** (length - 1 - d)) % states]!,
              1,
            ),
          );
          close(
            await stepLaw(problem, sampler, { t, s, law }),
            product,
            exactly,
            `${sampler.name} from ${from}`,
          );
        }
      }
    });
  }
});

describe("order of samplers of one call", () => {
  const processes: readonly Process[] = [absorbing({ vocabulary: 2 }), uniformProcess({ vocabulary: 2 })];
  for (const process of processes) {
    for (const sampler of [euler(), exponentialEuler(), tauLeaping()]) {
      it(`${sampler.name} is first order with ${process.name} noise`, async () => {
        const problem = { joint: twoBits, length: 2, process, noise: linear() };
        const exact = lawAt(problem, 0.2);
        const errors: number[] = [];
        for (const steps of [16, 32, 64]) {
          errors.push(totalVariation(await lawAfter(problem, sampler, { from: 0.9, to: 0.2, steps }), exact));
        }
        for (const order of orders(errors))
          assert.ok(order > 0.9 && order < 1.1, `errors ${errors}, order ${order}`);
      });
    }
  }

  it("all are first order on a whole run of a mask, the last step included", async () => {
    const denoiser = jointTable({ joint: twoBits, vocabulary: 2, length: 2 });
    for (const sampler of [euler(), exponentialEuler(), tauLeaping()]) {
      const errors: number[] = [];
      for (const steps of [4, 8, 16]) {
        const law = await sampleLaw(denoiser, { schedule: uniform({ steps }), sampler });
        errors.push(totalVariation(law, twoBits));
      }
      for (const order of orders(errors))
        assert.ok(order > 0.75 && order < 1.1, `${sampler.name}: ${errors}`);
    }
  });

  it("one step is exact on one position, whatever the noise", async () => {
    const joint = Float64Array.of(0.5, 0.3, 0.2);
    for (const process of [absorbing({ vocabulary: 3 }), uniformProcess({ vocabulary: 3 }), circle(3)]) {
      for (const sampler of [euler(), exponentialEuler(), tauLeaping()]) {
        const problem = { joint, length: 1, process, noise: linear() };
        const law = await sampleLaw(exactDenoiser(problem), {
          process,
          sampler,
          schedule: uniform({ steps: 1 }),
        });
        close(law, joint, exactly, `${process.name}, ${sampler.name}`);
      }
    }
  });
});

describe("tau-leaping with one position and small steps", () => {
  it("approaches the matrix exponential of rates that do not depend on time", async () => {
    // A prediction that is always the same and a process at its stationary law: the reverse rates are constant.
    const process = uniformProcess({ vocabulary: 3 });
    const noise = constant({ sigmaMax: 2 });
    const joint = Float64Array.of(1 / 3, 1 / 3, 1 / 3);
    const problem = { joint, length: 1, process, noise };
    const rates = new Float64Array(9);
    const row = new Float64Array(3);
    for (let x = 0; x < 3; x++) {
      process.ratesInto(row, x);
      rates.set(row, 3 * x);
    }
    const exact = matrixExponential(rates, 2 * 0.6).slice(0, 3);
    const errors: number[] = [];
    for (const count of [16, 64, 256]) {
      let law: Float64Array = Float64Array.of(1, 0, 0);
      for (let i = 0; i < count; i++) {
        law = await stepLaw(problem, tauLeaping(), {
          t: 0.9 - (0.6 * i) / count,
          s: 0.9 - (0.6 * (i + 1)) / count,
          law,
        });
      }
      errors.push(totalVariation(law, exact));
    }
    assert.ok(errors[2]! < 2e-3, `errors ${errors}`);
    for (const ratio of [errors[0]! / errors[1]!, errors[1]! / errors[2]!]) {
      assert.ok(ratio > 3.6 && ratio < 4.6, `errors ${errors}`);
    }
  });
});

describe("refusals", () => {
  it("a leap that adds jumps up needs tokens that are numbers", () => {
    const sampler = tauLeaping({ leap: summingLeap });
    assert.match(
      sampler.refuses(uniformProcess({ vocabulary: 3 }))!,
      /tokens of the process uniform are not numbers/,
    );
    assert.match(sampler.refuses(absorbing({ vocabulary: 3 }))!, /leave the leap out/);
    assert.equal(sampler.refuses(ordinal({ vocabulary: 3 })), undefined);
  });
});

for (const sampler of [euler(), exponentialEuler(), tauLeaping()]) {
  contract(`${sampler.name}, absorbing`, { sampler, process: (vocabulary) => absorbing({ vocabulary }) });
  contract(`${sampler.name}, uniform`, { sampler, process: (vocabulary) => uniformProcess({ vocabulary }) });
  contract(`${sampler.name}, ordinal`, {
    sampler,
    process: (vocabulary) => ordinal({ vocabulary }),
    noises: [constant({ sigmaMax: 3 })],
    leastVocabulary: 2,
  });
  contract(`${sampler.name}, custom`, { sampler, process: circle, noises: [constant({ sigmaMax: 3 })] });
}
