/** Momentum: its coefficient, what is left of it at 0, and where it ends; the bias of the published rule is held to its formula. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { atFixedLevel, diagonalGaussian, variance as level } from "../../bench/continuous/fixed-level.ts";
import { adaptiveBeta, momentumVariance } from "../../bench/continuous/momentum-theory.ts";
import {
  annealedLangevin,
  batchNorms,
  type Dynamics,
  langevin,
  levelSize,
  momentum,
  momentumLangevin,
  overdamped,
  predictorCorrector,
  rowNorms,
  type StepSize,
  sample,
  timePower,
  varianceExploding,
} from "../../src/continuous/index.ts";
import { close } from "../golden.ts";
import * as bench from "./bench.ts";
import { stationaryCovariance } from "./linear-step.ts";
import { oneStep } from "./one-step.ts";

const exact = { abs: 1e-12, rel: 1e-12 };

/** A step size that is a number. */
function always(s: number): StepSize {
  return { name: `s=${s}`, of: (_direction, _z, { batch }) => new Float64Array(batch).fill(s) };
}

describe("continuous: momentum", () => {
  it("without noise the curvature of a quadratic is found, and beta is the known sequence", async () => {
    const [v, sigma] = [2, 1];
    const memory: Record<string, Float64Array> = {};
    let x: ArrayLike<number> = [3, -2];
    const corrector = momentumLangevin({ size: always(0.1) });
    for (const beta of [0, 0.8185941, 0.5129448, 0.6314004, 0.5853945]) {
      const before = { ...memory };
      const step = oneStep(diagonalGaussian([v - sigma ** 2, v - sigma ** 2]), {
        noise: varianceExploding(),
        t: sigma,
        s: sigma / 2,
        x,
        draws: [[0, 0]],
        memory,
      });
      await corrector.correctInto(step);
      close(memory["langevin-beta"]!, [beta], { abs: 6e-8, rel: 0 }, "beta");
      if (before["langevin-score"]) {
        const changed = memory["langevin-score"]!.map((g, i) => g - before["langevin-score"]![i]!);
        const moved = rowNorms(before["langevin-displacement"]!, 1)[0]!;
        close(rowNorms(changed, 1)[0]! / moved, 1 / v, exact, "curvature");
      }
      x = step.next;
    }
  });

  for (const [name, base, made] of [
    ["fixed at 0", langevin(), momentumLangevin({ beta: 0 })],
    ["adaptive, at most 0", langevin({ steps: 2 }), momentumLangevin({ maximum: 0, steps: 2 })],
    [
      "with measured norms",
      langevin({ norms: batchNorms }),
      momentumLangevin({ beta: 0, norms: batchNorms }),
    ],
  ] as const) {
    it(`beta = 0 is Langevin, to the bit: ${name}`, async () => {
      const options = { noise: bench.noise, schedule: timePower({ steps: 6 }), count: 5, seed: 3 };
      const [plain, heavy, other] = await Promise.all(
        [base, made, momentumLangevin({ beta: 0.5 })].map((corrector) =>
          sample(bench.target, { ...options, sampler: predictorCorrector({ corrector }) }),
        ),
      );
      assert.deepEqual(heavy!.x, plain!.x);
      assert.notDeepEqual(other!.x, plain!.x);
    });
  }

  it("beta = 0 is annealed Langevin, to the bit", async () => {
    const options = { noise: bench.noise, schedule: timePower({ steps: 6 }), count: 5, seed: 3 };
    const [plain, heavy] = await Promise.all(
      [overdamped(), momentum({ beta: 0 })].map((dynamics) =>
        sample(bench.target, { ...options, sampler: annealedLangevin({ dynamics }) }),
      ),
    );
    assert.deepEqual(heavy!.x, plain!.x);
  });

  for (const beta of [0, 0.3, 0.9]) {
    for (const calibrated of [false, true]) {
      it(`beta = ${beta} keeps the variance of the formula, ${calibrated ? "calibrated" : "published"} noise`, async () => {
        for (const s of [0.1, 0.01, 1e-5]) {
          const found = await stationaryVariance(beta, s, calibrated);
          const wanted = momentumVariance({ beta, size: s, calibrated });
          close(found, wanted, { abs: 0, rel: 1e-9 }, "variance");
          const limit = calibrated ? 1 : (1 + beta) ** -2;
          const left = (s * (1 + beta) ** 3) / (2 * (1 - beta));
          assert.ok(
            Math.abs(found / limit - 1 - left) < 2 * left ** 2 + s / 100,
            `${found / limit - 1} is not ${left}`,
          );
        }
      });
    }
  }

  // One row of 8192 dimensions, begun at the right variance, the mean of many moves. The standard error is at most 0.9 %
  // (24 moves to forget, n = 8192), and a right method fails once in 1000 seeds.
  for (const { s, moves, calibrated } of [
    { s: 0.1, moves: 100, calibrated: false },
    { s: 0.01, moves: 160, calibrated: false },
    { s: 0.1, moves: 100, calibrated: true },
  ]) {
    it(`adaptive beta and its variance at s = ${s}, ${calibrated ? "calibrated" : "published"} noise`, async () => {
      const beta = adaptiveBeta(s);
      const wanted = momentumVariance({ beta, size: s, calibrated });
      const found = await adaptive(momentum({ calibrated }), s, moves, wanted);
      assert.ok(Math.abs(found.beta - beta) < 0.01, `beta ${found.beta}; expected ${beta}`);
      assert.ok(
        Math.abs(found.variance / wanted - 1) < 0.03,
        `variance ${found.variance}; expected ${wanted}`,
      );
    });
  }

  it("the bias of the published rule, in numbers", () => {
    const published = [0.3, 0.1, 0.01, 0.003, 0.001].map((size) =>
      momentumVariance({ beta: adaptiveBeta(size), size }),
    );
    close(published, [1.154, 0.876, 0.497, 0.394, 0.336], { abs: 5e-4, rel: 0 }, "published");
    const calibrated = [0.1, 0.01, 0.001].map((size) =>
      momentumVariance({ beta: adaptiveBeta(size), size, calibrated: true }),
    );
    close(calibrated, [1.081, 1.026, 1.01], { abs: 5e-4, rel: 0 }, "calibrated");
    // The limits as the step goes to 0: a quarter of the variance, and a bias of sqrt(s / 8).
    close(momentumVariance({ beta: adaptiveBeta(1e-10), size: 1e-10 }), 0.25, { abs: 1e-4, rel: 0 }, "limit");
    const left = momentumVariance({ beta: adaptiveBeta(1e-8), size: 1e-8, calibrated: true }) - 1;
    close(left / Math.sqrt(1e-8 / 8), 1, { abs: 1e-3, rel: 0 }, "rate of the limit");
  });

  // The mean of 8 rows of 256 dimensions: the standard error is at most 0.023.
  it("from afar the mean comes in faster than with Langevin, slower than with Langevin of four times the step", async () => {
    const after = async (dynamics: Dynamics, step: number): Promise<number> => {
      const x = await atFixedLevel(diagonalGaussian(new Float64Array(256).fill(1 - level)), {
        step,
        moves: 100,
        dynamics,
        start: new Float64Array(8 * 256).fill(10),
        seed: 2,
        visit: () => {},
      });
      return x.reduce((sum, value) => sum + value, 0) / x.length;
    };
    const plain = await after(overdamped(), 0.01);
    close(plain, 10 * 0.99 ** 100, { abs: 0.1, rel: 0 }, "Langevin");
    const heavy = await after(momentum(), 0.01);
    const longer = await after(overdamped(), 0.04);
    close(longer, 10 * 0.96 ** 100, { abs: 0.1, rel: 0 }, "Langevin of four times the step");
    assert.ok(heavy < 0.2 * plain, `${heavy} against ${plain}`);
    assert.ok(heavy > longer + 0.05, `${heavy} against ${longer}`);
  });

  it("a row that has not moved begins anew, alone", async () => {
    const memory: Record<string, Float64Array> = {
      "langevin-momentum": Float64Array.of(1, 1, 1, 1),
      "langevin-score": Float64Array.of(0.5, 0, 0.5, 0),
      "langevin-displacement": Float64Array.of(0, 0, 0.2, 0.1),
      "langevin-beta": Float64Array.of(0.5, 0.5),
      "langevin-adapted": Float64Array.of(0.1, 0.1),
    };
    const step = oneStep(diagonalGaussian([1, 1]), {
      noise: varianceExploding(),
      t: 1,
      s: 0.5,
      x: [1, 2, 1, 2],
      draws: [[0.1, 0.2, 0.3, 0.4]],
      memory,
    });
    await momentumLangevin().correctInto(step);
    assert.equal(memory["langevin-beta"]![0], 0);
    assert.ok(memory["langevin-beta"]![1]! > 0);
    close(memory["langevin-momentum"]!.subarray(0, 2), [-0.5, -1], exact, "m = g");
    assert.equal(
      memory["langevin-adapted"]![0],
      levelSize({ size: 2 * 0.16 ** 2 }).of(step.x, step.x, step)[0],
    );
  });

  it("refuses what is no coefficient, in a sentence", () => {
    assert.throws(() => momentum({ beta: 1 }), /momentum: beta = 1; expected a number >= 0 and below 1/);
    assert.throws(() => momentum({ maximum: -0.1 }), /maximum = -0.1; expected/);
    assert.throws(
      () => annealedLangevin({ noiseFirst: true, dynamics: momentum({ calibrated: true }) }),
      /noiseFirst with calibrated-momentum, whose noise depends on the score/,
    );
  });
});

/** The variance of x that is kept, of variance 1 as it should be: from the linear map of (x, m, z), as it is moved. */
async function stationaryVariance(beta: number, s: number, calibrated: boolean): Promise<number> {
  const sigma = Math.SQRT1_2;
  const dynamics = momentum({ beta, calibrated });
  const moved = async (x: number, m: number, z: number): Promise<[number, number]> => {
    const step = oneStep(diagonalGaussian([0.5]), {
      noise: varianceExploding(),
      t: sigma,
      s: sigma,
      x: [x],
      memory: {
        "langevin-momentum": Float64Array.of(m),
        "langevin-score": Float64Array.of(0),
        "langevin-displacement": Float64Array.of(1),
        "langevin-beta": Float64Array.of(beta),
        "langevin-adapted": Float64Array.of(s),
      },
    });
    const score = Float64Array.of(-x);
    const { displacement, deviation } = dynamics.move(score, Float64Array.of(z), always(s), step);
    return [x + displacement[0]! + deviation[0]! * z, step.memory["langevin-momentum"]![0]!];
  };
  const [ofX, ofM, ofZ] = [await moved(1, 0, 0), await moved(0, 1, 0), await moved(0, 0, 1)];
  const covariance = stationaryCovariance({
    ofX: [
      [ofX[0], ofM[0]],
      [ofX[1], ofM[1]],
    ],
    ofDraws: [[[ofZ[0]], [ofZ[1]]]],
  });
  return covariance[0]![0]!;
}

/** Mean square and mean beta of one long row. */
async function adaptive(
  dynamics: Dynamics,
  step: number,
  moves: number,
  variance: number,
): Promise<{ variance: number; beta: number }> {
  const dimension = 8192;
  const found = { variance: 0, beta: 0 };
  const begun = 20;
  const watched: Dynamics = {
    ...dynamics,
    move(score, z, size, at) {
      const move = dynamics.move(score, z, size, at);
      seen.push(at.memory["langevin-beta"]![0]!);
      return move;
    },
  };
  const seen: number[] = [];
  await atFixedLevel(diagonalGaussian(new Float64Array(dimension).fill(1 - level)), {
    step,
    moves,
    dynamics: watched,
    start: Float64Array.from({ length: dimension }, (_, at) => (at % 2 === 0 ? 1 : -1) * Math.sqrt(variance)),
    seed: 11,
    visit(x, move) {
      if (move > begun) {
        found.variance += x.reduce((sum, value) => sum + value * value, 0) / dimension / (moves - begun);
      }
    },
  });
  found.beta = seen.slice(begun).reduce((sum, beta) => sum + beta, 0) / (seen.length - begun);
  return found;
}
