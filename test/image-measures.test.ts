import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  estimate,
  type Features,
  farShare,
  fitGaussian,
  frechet,
  gaussianDistance,
  measureValue,
  nearestDistance,
  philox,
  tanhFeatures,
} from "../src/index.ts";
import { symmetricEigen } from "../src/measures/symmetric-eigen.ts";

const near = (value: number, expected: number, within: number): void =>
  assert.ok(Math.abs(value - expected) <= within, `${value} against ${expected}`);

/** [n, f] points in a fixed disorder. */
const points = (n: number, f: number, k: number): Float64Array =>
  Float64Array.from({ length: n * f }, (_, at) => {
    const [i, j] = [Math.floor(at / f), at % f];
    return ((7 * i + 3 * i * i * (j + k) + 5 * j * k) % 23) / 7;
  });

describe("eigenvalues", () => {
  test("A = V diag(values) V^T with V orthogonal, for n from 1 to 40", () => {
    for (const n of [1, 2, 5, 40]) {
      const half = points(n, n, n);
      const a = half.map((entry, at) => entry + half[(at % n) * n + Math.floor(at / n)]!);
      const { values, vectors } = symmetricEigen(a, n);
      for (let i = 0; i < n; i++) {
        for (let j = 0; j < n; j++) {
          let entry = 0;
          let product = 0;
          for (let k = 0; k < n; k++) {
            entry += vectors[i * n + k]! * values[k]! * vectors[j * n + k]!;
            product += vectors[k * n + i]! * vectors[k * n + j]!;
          }
          near(entry, a[i * n + j]!, 1e-11);
          near(product, i === j ? 1 : 0, 1e-12);
        }
      }
    }
  });

  test("equal to numpy.linalg.eigvalsh of a covariance", () => {
    // numpy 2: eigvalsh(cov(points(40, 4, 1), rowvar=False)).
    const numpy = [0.3892335812238469, 0.7334729588663117, 0.8971907018701875, 1.13054755134159];
    const { values } = symmetricEigen(fitGaussian(points(40, 4, 1), 4).covariance, 4);
    [...values]
      .sort((a, b) => a - b)
      .forEach((value, at) => {
        near(value, numpy[at]!, 1e-14);
      });
    assert.throws(() => symmetricEigen(Float64Array.of(1, Number.NaN, 0, 1), 2), /expected 2 x 2 finite/);
  });
});

describe("Frechet distance", () => {
  test("of normal laws whose covariances commute: |m - m'|^2 + sum (sqrt a - sqrt b)^2, in any axes", () => {
    const [sine, cosine] = [Math.sin(0.7), Math.cos(0.7)];
    /** R diag(a, b) R^T. */
    const turned = (a: number, b: number): Float64Array =>
      Float64Array.of(
        a * cosine ** 2 + b * sine ** 2,
        (a - b) * sine * cosine,
        (a - b) * sine * cosine,
        a * sine ** 2 + b * cosine ** 2,
      );
    const first = { mean: Float64Array.of(1, 2), covariance: turned(4, 9) };
    const second = { mean: Float64Array.of(4, -2), covariance: turned(1, 0.25) };
    near(gaussianDistance(first, second), 25 + 1 + 2.5 ** 2, 1e-12);
    near(gaussianDistance(second, first), 25 + 1 + 2.5 ** 2, 1e-12);
    near(gaussianDistance(first, first), 0, 1e-12);
  });

  test("equal to scipy's, for full and for singular covariances", () => {
    // scipy 1.17: trace(A + B - 2 sqrtm(A @ B)) + |m - m'|^2 with numpy.cov.
    const b = fitGaussian(points(30, 4, 2), 4);
    near(gaussianDistance(fitGaussian(points(40, 4, 1), 4), b), 0.3534109593932857, 1e-12);
    near(gaussianDistance(fitGaussian(points(3, 4, 1), 4), b), 2.7972615631289157, 1e-6);
    assert.throws(() => gaussianDistance(b, fitGaussian(points(3, 2, 1), 2)), /a has 4 dimensions, b has 2/);
  });

  test("identical sets are at 0, one sequence is a point without spread", async () => {
    const reference = Int32Array.from({ length: 60 }, (_, at) => (at * at + 3 * at) % 17);
    const identity: Features = { width: 3, of: (tokens) => Float64Array.from(tokens) };
    const measure = frechet({ features: identity, reference, length: 3 });
    near(await measureValue(measure, reference, 3), 0, 1e-11);
    const { mean, covariance } = fitGaussian(Float64Array.from(reference), 3);
    const own = [5, 9, 14];
    const expected = own.reduce((sum, each, i) => sum + (each - mean[i]!) ** 2 + covariance[4 * i]!, 0);
    near(measure.of(Int32Array.from(own), 3), expected, 1e-11);
    assert.ok((await estimate(measure, reference, 3)).standardError > 0);
  });

  test("its bias falls as 1 / count: perfect samples of a standard normal law", () => {
    const exact = {
      mean: new Float64Array(4),
      covariance: Float64Array.from({ length: 16 }, (_, at) => (at % 5 ? 0 : 1)),
    };
    const draws = philox(3);
    const normal = (row: number, site: number): number => {
      const draw = draws.at(row, 0, 0);
      return (
        Math.sqrt(-2 * Math.log(1 - draw.uniform(2 * site))) *
        Math.cos(2 * Math.PI * draw.uniform(2 * site + 1))
      );
    };
    const all = Float64Array.from({ length: 4 * 8000 }, (_, at) => normal(Math.floor(at / 4), at % 4));
    const floor = (count: number): number => {
      let sum = 0;
      for (let set = 0; set < 8000 / count; set++) {
        sum += gaussianDistance(exact, fitGaussian(all.subarray(set * count * 4, (set + 1) * count * 4), 4));
      }
      return (sum * count) / 8000;
    };
    // f / n of the mean and f (f + 1) / (4 n) of the covariance (delta method): 9 / n for f = 4, and higher order.
    for (const count of [40, 200]) near(floor(count) * count, 9, 1.2);
  });

  test("tanh features by hand", () => {
    const features = tanhFeatures({ weights: [1, 2, -1, 0, 0.5, 0.25], length: 2, vocabulary: 5 });
    const [one, two] = [Math.tanh(0.25 - 1 + 0.5), Math.tanh(0.5 + 0.25)];
    assert.deepEqual(
      [...features.of(Int32Array.of(1, 4, 0, 0), 2)],
      [one, two, Math.tanh(0.5), Math.tanh(0.25)],
    );
    assert.throws(() => features.of(Int32Array.of(1), 1), /length = 1; expected that of the weights, 2/);
    assert.throws(
      () => tanhFeatures({ weights: [1, 2, 3, 4], length: 2, vocabulary: 5 }),
      /4 weights; expected 3 rows/,
    );
  });
});

describe("far from all real images", () => {
  // 0, 1, ..., 18 and 100 on a line: the nearest others are at 1, but that of 100 at 82: one in twenty.
  const reference = Int32Array.from({ length: 20 }, (_, at) => (at === 19 ? 100 : at));
  const line = { reference, length: 1 };

  test("by hand: the limit is the 95 % quantile within the reference", async () => {
    const scores = async (...tokens: number[]) => [
      ...(await farShare(line).scores(Int32Array.from(tokens), 1)),
    ];
    assert.deepEqual(await scores(0, 19, 20, 50, 101), [0, 0, 1, 1, 0]);
    assert.deepEqual(
      [...(await nearestDistance(line).scores(Int32Array.of(0, 20, 50, 101), 1))],
      [0, 2, 32, 1],
    );
    assert.equal(await measureValue(farShare(line), reference, 1), 0, "copies are not far");
  });

  test("fresh sequences of one law score about 0.05, noise 1", async () => {
    const draws = philox(1);
    const uniform = (row: number, d: number): number => draws.at(row, 0, 0).uniform(d);
    // 12 tokens that all follow one another closely; noise does not.
    const real = (rows: number, from: number): Int32Array =>
      Int32Array.from({ length: rows * 12 }, (_, at) => {
        const row = from + Math.floor(at / 12);
        return Math.floor(200 * uniform(row, 20) + 40 * uniform(row, at % 12));
      });
    const measure = farShare({ reference: real(1000, 0), length: 12 });
    const fresh = await estimate(measure, real(1000, 1000), 12);
    // Both sets have 1000: standard deviation of the difference at most 0.0098; 4 of them, false alarm 6e-5.
    near(fresh.value, 0.05, 0.04);
    near(fresh.standardError, Math.sqrt((fresh.value * (1 - fresh.value)) / 999), 1e-12);
    const noise = Int32Array.from({ length: 100 * 12 }, (_, at) => Math.floor(240 * uniform(5000 + at, 0)));
    assert.equal(await measureValue(measure, noise, 12), 1);
  });

  test("what does not fit is refused", () => {
    assert.throws(
      () => farShare({ reference: Int32Array.of(1, 2), length: 2 }),
      /a single sequence; expected two/,
    );
    assert.throws(
      () => farShare(line).scores(Int32Array.of(1, 2), 2),
      /length = 2; expected that of the reference, 1/,
    );
  });
});
