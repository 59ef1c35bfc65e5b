/** The network that ships, models/digits-continuous: every sampler runs on it, and its error falls as the steps do. */
import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { after, describe, it } from "node:test";
import { parse } from "npyjs";
import {
  type Denoiser,
  ddim,
  energyDistance,
  guided,
  logSnr,
  normals,
  probabilityFlow,
  rhoAt,
  type Sampler,
  type State,
  sample,
  steps,
  uniPc,
} from "../../src/continuous/index.ts";
import { makeSampler, samplers } from "../../src/continuous/parts.ts";
import { loadContinuousModel } from "../../src/node/index.ts";

const model = await loadContinuousModel("digits-continuous", { threads: 1 });
const { noise, denoiser, dimension } = model;
const data = (await model.heldOut())!;
const images = data.length / dimension;
after(() => model.dispose());

const file = (path: string): URL => new URL(`../../models/${path}`, import.meta.url);

/** Every n-th of the held-out images at time t, each with noise of its own. */
function noisedImages({ t, every, first = 0 }: { t: number; every: number; first?: number }) {
  const rows = Array.from({ length: Math.ceil((images - first) / every) }, (_, i) => first + i * every);
  const source = normals(4);
  const eps = new Float64Array(rows.length * dimension);
  const clean = new Float64Array(rows.length * dimension);
  rows.forEach((row, i) => {
    source.fill(eps.subarray(i * dimension, (i + 1) * dimension), { row, index: 0, stage: 0 });
    clean.set(data.subarray(row * dimension, (row + 1) * dimension), i * dimension);
  });
  const [alpha, sigma] = [noise.alpha(t), noise.sigma(t)];
  const fill = (value: number): Float64Array => new Float64Array(rows.length).fill(value);
  return {
    eps,
    alpha,
    sigma,
    input: {
      x: clean.map((value, at) => alpha * value + sigma * eps[at]!),
      batch: rows.length,
      time: fill(t),
      alpha: fill(alpha),
      sigma: fill(sigma),
    },
  };
}

const rootMeanSquare = (a: Float64Array, b: Float64Array): number =>
  Math.sqrt(a.reduce((sum, value, at) => sum + (value - b[at]!) ** 2, 0) / a.length);

describe("digits-continuous", () => {
  it("is small, and its held-out images are greys that it was not trained on", () => {
    assert.ok(statSync(file("digits-continuous/model.onnx")).size < 4.2e6);
    assert.deepEqual(model.shape, [1, 8, 8]);
    assert.ok(images >= 300 && data.every((value) => Math.abs(value) <= 1 && Number.isInteger(8 * value)));
    const trained = parse(new Uint8Array(readFileSync(file("digits/train.npy"))).buffer);
    const greys = trained.data as Uint8Array;
    const seen = new Set(
      Array.from({ length: greys.length / 64 }, (_, row) => greys.slice(64 * row, 64 * row + 64).join()),
    );
    for (let row = 0; row < images; row++) {
      const own = Array.from(data.subarray(row * dimension, (row + 1) * dimension), (value) => 8 * value + 8);
      assert.ok(!seen.has(own.join()), `image ${row} is a training image`);
    }
  });

  it("predicts the noise in held-out images about as well as it did in training", async () => {
    // v = alpha eps - sigma x0 = (eps - sigma x) / alpha, of unit scale at every time.
    const times = [0.02, 0.1, 0.25, 0.4, 0.6, 0.8];
    let [sum, count] = [0, 0];
    for (const [first, t] of times.entries()) {
      const { input, eps, alpha } = noisedImages({ t, every: 10, first });
      const made = await denoiser.predict(input);
      for (let at = 0; at < eps.length; at++) sum += ((made[at]! - eps[at]!) / alpha) ** 2;
      count += eps.length;
    }
    const loss = sum / count;
    console.log(`v loss over ${times.length} times: ${loss.toFixed(4)}`);
    // The best straight line, that of a Gaussian with the training images' mean and covariance, has 0.39.
    assert.ok(loss < 0.35, `${loss}`);
  });

  it("where nothing is seen of the image, no digit is the mean of the ten", async () => {
    const { input } = noisedImages({ t: 1, every: 20 });
    const { x } = input;
    const cleanOf = async (asked: Denoiser): Promise<Float64Array> =>
      (await asked.predict(input)).map((eps, at) => (x[at]! - noise.sigma(1) * eps) / noise.alpha(1));
    const free = await cleanOf(denoiser);
    const mean = new Float64Array(x.length);
    let apart = 0;
    for (let label = 0; label < 10; label++) {
      const own = await cleanOf(model.conditional(label));
      apart += rootMeanSquare(own, free) / 10;
      own.forEach((value, at) => {
        mean[at]! += value / 10;
      });
    }
    const off = rootMeanSquare(mean, free);
    console.log(`mean of the digits: ${off.toFixed(3)} from no digit; each of them ${apart.toFixed(3)}`);
    assert.ok(off < 0.1 && apart > 3 * off, `${off}, ${apart}`);
  });

  it("an image that was made of a digit is best explained by that digit", async () => {
    // The classifier that a conditional model is: the digit under which the noise is predicted best.
    const made: number[] = [];
    for (let label = 0; label < 10; label++) {
      const towards = guided({ conditional: model.conditional(label), unconditional: denoiser, scale: 2 });
      const options = { noise, schedule: logSnr({ steps: 6 }), sampler: uniPc(), count: 2, seed: label };
      made.push(...(await sample(towards, options)).x);
    }
    const t = 0.35;
    const [alpha, sigma] = [noise.alpha(t), noise.sigma(t)];
    const eps = new Float64Array(made.length);
    normals(8).fill(eps, { row: 0, index: 0, stage: 0 });
    const fill = (value: number): Float64Array => new Float64Array(20).fill(value);
    const x = eps.map((value, at) => alpha * made[at]! + sigma * value);
    const input = { x, batch: 20, time: fill(t), alpha: fill(alpha), sigma: fill(sigma) };
    const errors = await Promise.all(
      Array.from({ length: 10 }, async (_, label) => {
        const predicted = await model.conditional(label).predict(input);
        return Array.from({ length: 20 }, (_, row) => {
          const own = [row * dimension, (row + 1) * dimension] as const;
          return rootMeanSquare(predicted.slice(...own), eps.slice(...own));
        });
      }),
    );
    const told = Array.from({ length: 20 }, (_, row) => {
      const of = errors.map((each) => each[row]!);
      return of.indexOf(Math.min(...of));
    });
    const right = told.filter((label, row) => label === row >> 1).length;
    assert.ok(right >= 17, `${right} of 20 are what they were to be: ${told}`);
  });

  it("samples are close to held-out images, as these are to one another", async () => {
    const options = { noise, schedule: logSnr({ steps: 12 }), sampler: uniPc(), count: 48, seed: 1 };
    const { x } = await sample(denoiser, options);
    const nearest = (from: Float64Array, own?: (row: number) => number): number => {
      const rows = from.length / dimension;
      let sum = 0;
      for (let row = 0; row < rows; row++) {
        let least = Number.POSITIVE_INFINITY;
        for (let other = 0; other < images; other++) {
          if (other === own?.(row)) continue;
          let square = 0;
          for (let d = 0; d < dimension; d++) {
            square += (from[row * dimension + d]! - data[other * dimension + d]!) ** 2;
          }
          least = Math.min(least, square);
        }
        sum += Math.sqrt(least) / rows;
      }
      return sum;
    };
    const real = nearest(data, (row) => row);
    // Images of which every pixel comes from another one: right pixel by pixel, and no digits.
    const mixed = Float64Array.from(
      x,
      (_, at) => data[((at * 7919) % images) * dimension + (at % dimension)]!,
    );
    const { value } = energyDistance(x, data, { dimension });
    const found = { samples: nearest(x), real, mixed: nearest(mixed), energy: value };
    console.log(found);
    assert.ok(found.samples < real + 0.3 * (found.mixed - real), JSON.stringify(found));
    // 48 real images are within 0.1 of 0, normal noise is 3.5 away.
    assert.ok(value < 0.15, `energy distance ${value}`);
  });
});

describe("every sampler runs on a network", () => {
  for (const name of Object.keys(samplers)) {
    it(`${name}: finite, with as many calls as it counts`, async () => {
      const sampler = makeSampler({ name });
      let [asked, rows, before] = [0, 0, 0];
      const watched: Denoiser = {
        dimension,
        predict(input) {
          asked++;
          rows += input.batch;
          return denoiser.predict(input);
        },
      };
      let last: State | undefined;
      for await (const state of steps(watched, {
        noise,
        schedule: logSnr({ steps: 5 }),
        sampler,
        count: 2,
      })) {
        assert.deepEqual([state.calls, state.evaluations], [asked, rows]);
        assert.ok(asked - before <= sampler.calls, `${asked - before} calls in a step`);
        before = asked;
        last = state;
      }
      assert.equal(last!.index, 5);
      assert.ok(asked >= 1 && last!.x.every(Number.isFinite));
    });
  }
});

describe("error on a network", () => {
  it("falls with the number of steps, with slope 1 for DDIM, and further for UniPC", async () => {
    const count = 2;
    const start = new Float64Array(count * dimension);
    for (let row = 0; row < count; row++) {
      const own = start.subarray(row * dimension, (row + 1) * dimension);
      normals(3).fill(own, { row, index: "start", stage: 0 });
    }
    // Data end: lambda 2.2, where the network's float32 is still far below the errors.
    const to = 0.03;
    const truth = await probabilityFlow(denoiser, { noise, start, to, steps: 80 });
    const errorOf = async (sampler: Sampler, n: number): Promise<number> => {
      const { x } = await sample(denoiser, {
        noise,
        schedule: logSnr({ steps: n, to }),
        sampler,
        start,
        count,
      });
      return rootMeanSquare(x, truth);
    };
    const counts = [8, 16, 32, 64];
    const errors = await Promise.all(counts.map((n) => errorOf(ddim(), n)));
    const better = await Promise.all(counts.map((n) => errorOf(uniPc(), n)));
    console.log(
      `rho ${rhoAt(noise, to)}; ddim ${errors.map((e) => e.toExponential(2))}; unipc ${better.map((e) => e.toExponential(2))}`,
    );
    const slope = Math.log2(errors[0]! / errors[3]!) / 3;
    assert.ok(slope > 0.8 && slope < 1.3, `slope ${slope}`);
    for (let i = 1; i < counts.length; i++) {
      assert.ok(errors[i]! < 0.65 * errors[i - 1]!, `${counts[i]} steps: ${errors[i]}`);
      assert.ok(better[i]! < 0.3 * errors[i]!, `${counts[i]} steps of UniPC: ${better[i]}`);
    }
  });
});
