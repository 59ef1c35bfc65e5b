/** The Fourier transform, the map M it is used for, and the statistics that M is made of. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  ddim,
  fourier,
  imageStatistics,
  normals,
  preconditionedStart,
  preconditioner,
  type State,
  steps,
  timeLog,
  varianceExploding,
} from "../../src/continuous/index.ts";
import { close } from "../golden.ts";
import { denseGaussian, distance, times, transposed } from "./linear-step.ts";

const exact = { abs: 1e-12, rel: 1e-12 };

/** Numbers without pattern, the same at every run. */
function noisy(count: number, row = 0): Float64Array {
  const out = new Float64Array(count);
  normals(3).fill(out, { row, index: 0, stage: 0 });
  return out;
}

/** The two-dimensional transform as it is defined, one sum per frequency. */
function naive(x: ArrayLike<number>, height: number, width: number): { real: number[]; imaginary: number[] } {
  const out = { real: [] as number[], imaginary: [] as number[] };
  for (let p = 0; p < height; p++) {
    for (let q = 0; q < width; q++) {
      let [re, im] = [0, 0];
      for (let a = 0; a < height; a++) {
        for (let b = 0; b < width; b++) {
          const angle = -2 * Math.PI * ((a * p) / height + (b * q) / width);
          re += x[a * width + b]! * Math.cos(angle);
          im += x[a * width + b]! * Math.sin(angle);
        }
      }
      out.real.push(re);
      out.imaginary.push(im);
    }
  }
  return out;
}

/** Statistics of noise, which have no pattern but the one that images' must have. */
function statisticsOf(shape: readonly [number, number, number]) {
  const images = noisy(3 * shape[0] * shape[1] * shape[2]).map((value) => 0.5 + 0.2 * value);
  return imageStatistics({ images, shape });
}

describe("continuous: preconditioner", () => {
  for (const [height, width] of [
    [1, 1],
    [2, 3],
    [4, 4],
    [5, 7],
    [8, 8],
    [12, 10],
    [1, 9],
  ] as const) {
    it(`the Fourier transform of ${height} x ${width} is the sum it stands for`, () => {
      const x = noisy(height * width);
      const wanted = naive(x, height, width);
      const got = fourier({ height, width }).forward({ real: x, imaginary: new Float64Array(x.length) });
      close(got.real, wanted.real, { abs: 1e-11, rel: 0 }, "real");
      close(got.imaginary, wanted.imaginary, { abs: 1e-11, rel: 0 }, "imaginary");
    });
  }

  for (const side of [8, 28, 32, 64]) {
    it(`the inverse transform of ${side} x ${side} brings complex images back`, () => {
      const [real, imaginary] = [noisy(side * side, 1), noisy(side * side, 2)];
      const { forward, inverse } = fourier({ height: side, width: side });
      const back = inverse(forward({ real, imaginary }));
      close(back.real, real, exact, "real");
      close(back.imaginary, imaginary, exact, "imaginary");
    });
  }

  for (const shape of [
    [1, 4, 4],
    [2, 3, 5],
    [1, 1, 6],
  ] as const) {
    for (const kinds of ["both masks", "space alone", "frequency alone"]) {
      it(`M M^T is M times its transpose, so the covariance of M z: ${shape.join(" x ")}, ${kinds}`, () => {
        const { spaceStatistics, frequencyStatistics } = statisticsOf(shape);
        const made = preconditioner({
          shape,
          alpha: 1.5,
          ...(kinds !== "frequency alone" && { spaceStatistics }),
          ...(kinds !== "space alone" && { frequencyStatistics }),
        });
        const units = Array.from({ length: made.dimension }, (_, unit) =>
          Float64Array.from({ length: made.dimension }, (_, d) => (d === unit ? 1 : 0)),
        );
        // Rows of these are columns of M, and M M^T is symmetric.
        const columns = units.map((unit) => Array.from(made.apply(unit)));
        const squared = units.map((unit) => Array.from(made.applySquared(unit)));
        assert.ok(distance(times(transposed(columns), columns), squared) < 1e-12);
        const scale = times(transposed(columns), columns)
          .flat()
          .reduce((sum, value) => sum + value ** 2, 0);
        assert.ok(scale > 1.1 * made.dimension, "M is not 1");
      });
    }
  }

  it("a mask is 1 where data is largest and alpha / (alpha - 1) where there is none", () => {
    const made = preconditioner({ shape: [1, 1, 3], spaceStatistics: [4, 0, 2], alpha: 5 });
    close(made.space!, [1, 1.25, 5 / 4.5], exact, "mask");
    const other = preconditioner({ shape: [1, 1, 3], frequencyStatistics: [4, 2, 2], alpha: 2 });
    close(other.frequency!, [1, 4 / 3, 4 / 3], exact, "mask");
  });

  it("masks of 1 leave numbers as they are, to the bit", () => {
    const x = noisy(24);
    for (const made of [
      preconditioner({ shape: [2, 3, 4] }),
      preconditioner({
        shape: [2, 3, 4],
        spaceStatistics: new Float64Array(24).fill(3),
        frequencyStatistics: new Float64Array(24).fill(0.1),
      }),
    ]) {
      assert.deepEqual(made.apply(x), x);
      assert.deepEqual(made.applySquared(x), x);
      assert.equal(made.frequency ?? made.space, undefined);
    }
  });

  it("statistics are the mean of x^2, and log(1 + mean |F x|^2)", () => {
    const shape = [2, 3, 4] as const;
    const images = noisy(5 * 24);
    const { spaceStatistics, frequencyStatistics } = imageStatistics({ images, shape });
    for (let channel = 0; channel < 2; channel++) {
      const space = new Float64Array(12);
      const power = new Float64Array(12);
      for (let image = 0; image < 5; image++) {
        const own = images.subarray(image * 24 + channel * 12, image * 24 + (channel + 1) * 12);
        const { real, imaginary } = naive(own, 3, 4);
        for (let at = 0; at < 12; at++) {
          space[at]! += own[at]! ** 2 / 5;
          power[at]! += (real[at]! ** 2 + imaginary[at]! ** 2) / 5;
        }
      }
      const part = (all: Float64Array) => all.subarray(channel * 12, (channel + 1) * 12);
      close(part(spaceStatistics), space, exact, "space");
      close(
        part(frequencyStatistics),
        power.map((value) => Math.log(1 + value)),
        exact,
        "frequency",
      );
    }
  });

  it("a run can start at M z; what it draws later is as ever", async () => {
    const made = preconditioner({ shape: [1, 2, 2], spaceStatistics: [1, 2, 3, 4], alpha: 1.5 });
    const denoiser = denseGaussian([1, 2, 3, 4].map((_, i, all) => all.map((_, j) => (i === j ? 1 : 0.2))));
    const noise = varianceExploding({ sigmaMax: 10 });
    const options = { noise, schedule: timeLog({ steps: 2 }), sampler: ddim({ eta: 1 }), count: 3 };
    const states: State[] = [];
    const source = preconditionedStart({ preconditioner: made, seed: 4 });
    for await (const state of steps(denoiser, { ...options, normals: source })) states.push(state);
    for (let row = 0; row < 3; row++) {
      const z = new Float64Array(4);
      normals(4).fill(z, { row, index: "start", stage: 0 });
      const start = states[0]!.x.subarray(4 * row, 4 * row + 4);
      close(start, made.apply(z.map((value) => 10 * value)), exact, "start");
    }
    let last: State | undefined;
    for await (const state of steps(denoiser, { ...options, seed: 4, start: states[0]!.x })) last = state;
    assert.deepEqual(last!.x, states.at(-1)!.x);
  });

  for (const [what, make, message] of [
    ["shapes", () => preconditioner({ shape: [1, 0, 2] }), /shape = \[1, 0, 2\]; expected \[channels/],
    ["alpha", () => preconditioner({ shape: [1, 1, 1], alpha: 1 }), /alpha = 1; expected a number above 1/],
    [
      "statistics of another size",
      () => preconditioner({ shape: [1, 1, 2], spaceStatistics: [1] }),
      /spaceStatistics has 1 numbers, the largest 1; expected 2/,
    ],
    [
      "negative statistics",
      () => preconditioner({ shape: [1, 1, 2], spaceStatistics: [1, -1] }),
      /spaceStatistics\[1\] = -1; expected 2 numbers >= 0/,
    ],
    [
      "statistics of nothing",
      () => preconditioner({ shape: [1, 1, 2], frequencyStatistics: [0, 0] }),
      /the largest 0; expected 2/,
    ],
    [
      "frequencies that are not of real images",
      () => preconditioner({ shape: [1, 1, 3], frequencyStatistics: [1, 2, 3] }),
      /at the opposite frequency; expected the same/,
    ],
    [
      "rows of another size",
      () => preconditioner({ shape: [1, 1, 2] }).apply(new Float64Array(3)),
      /3 numbers; expected rows of 2/,
    ],
    ["no image", () => imageStatistics({ images: [], shape: [1, 1, 2] }), /0 numbers; expected images of/],
  ] as const) {
    it(`refuses ${what} in a sentence`, () => {
      assert.throws(make, message);
    });
  }
});
