/**
 * Steering with weights (Feynman-Kac correctors) on mixtures whose steered law is known exactly: masses and variances of
 * the modes, the normalising constant, and what a run needs for them.
 * `node --import tsx bench/continuous/fkc.ts`
 */
import {
  annealed,
  type Denoiser,
  type FeynmanKacOptions,
  feynmanKac,
  gaussianMixture,
  noisedMixture,
  productOfExperts,
  type State,
  steps,
  temperedNoise,
  timeUniform,
  vpLinear,
  weightedMean,
  weightsOf,
} from "../../src/continuous/index.ts";
import {
  exactPower,
  exactProduct,
  nearestMean,
  planarDenoiser,
} from "../../test/continuous/planar-mixture.ts";
import { table } from "./table.ts";

const [count, seeds] = [Number(process.argv[2] ?? 2000), Number(process.argv[3] ?? 16)];
const noise = vpLinear();
const data = gaussianMixture({
  weights: [0.5, 0.3, 0.2],
  means: [
    [2, 0],
    [-1, 1.5],
    [0, -2],
  ],
  deviations: [0.3, 0.5, 0.25],
});
const other = gaussianMixture({
  weights: [0.4, 0.6],
  means: [
    [1.5, 1],
    [-1.25, -0.5],
  ],
  deviations: [0.4, 0.2],
});
const levels = { alpha: noise.alpha(noise.cutoff), sigma: noise.sigma(noise.cutoff) };
const [end, otherEnd] = [noisedMixture(data, levels), noisedMixture(other, levels)];

interface Ends {
  readonly states: State[];
  readonly calls: number;
}

async function runs(denoiser: Denoiser, options: FeynmanKacOptions, size: number): Promise<Ends> {
  const sampler = feynmanKac({ last: false, ...options });
  const states: State[] = [];
  for (let seed = 0; seed < seeds; seed++) {
    let last: State | undefined;
    const run = { noise, schedule: timeUniform({ steps: size }), sampler, count, seed };
    for await (const state of steps(denoiser, run)) last = state;
    states.push(last!);
  }
  return { states, calls: states[0]!.calls };
}

/** mean +- standard error over the seeds, and the standard deviation of one run. */
function summary(values: readonly number[], digits = 3): string {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const square = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const deviation = Math.sqrt(square / (values.length - 1));
  return `${mean.toFixed(digits)} ± ${(deviation / Math.sqrt(values.length)).toFixed(digits)} (${deviation.toFixed(digits)})`;
}

const equal = (state: State): Float64Array => new Float64Array(state.batch).fill(1 / state.batch);

/** Masses of the modes. */
function masses(state: State, weights: Float64Array): number[] {
  const indicators = new Float64Array(3 * state.batch);
  for (let row = 0; row < state.batch; row++) {
    indicators[3 * row + nearestMean(data, state.x.subarray(2 * row, 2 * row + 2))] = 1;
  }
  return [...weightedMean(indicators, weights)];
}

/** Variance, per dimension, of the particles nearest to the first mean. */
function firstVariance(state: State, weights: Float64Array): number {
  const parts = new Float64Array(4 * state.batch);
  for (let row = 0; row < state.batch; row++) {
    const point = state.x.subarray(2 * row, 2 * row + 2);
    if (nearestMean(data, point) !== 0) continue;
    parts.set([1, point[0]!, point[1]!, point[0]! ** 2 + point[1]! ** 2], 4 * row);
  }
  const [mass, x, y, square] = weightedMean(parts, weights) as unknown as [number, number, number, number];
  return 0.5 * (square / mass - (x / mass) ** 2 - (y / mass) ** 2);
}

console.log(
  `${count} particles, ${seeds} seeds, VP-linear noise, t = 1 to 0.001 in equal steps; mean ± standard error (standard deviation of one run).\n`,
);
for (const exponent of [2, 0.5]) {
  const exact = exactPower(end, exponent, { reach: exponent < 1 ? 8 : 6 });
  const rows = [
    [
      "exact",
      "",
      ...exact.masses.map((mass) => mass.toFixed(3)),
      exact.variances[0]!.toFixed(4),
      "0",
      "",
      "",
    ],
  ];
  const target = annealed({ exponent });
  const methods: [string, FeynmanKacOptions, number][] = [
    ["Euler-Maruyama", { target, order: 1 }, 200],
    ["Heun", { target }, 100],
    ["Heun, tempered noise", { target, noiseScale: temperedNoise({ exponent }) }, 100],
    ["Heun, noise 1.4", { target, noiseScale: 1.4 }, 100],
    ["Heun, every step resampled", { target, threshold: 1 }, 100],
    ["Heun", { target }, 200],
    ["Heun, noise 1.4", { target, noiseScale: 1.4 }, 200],
  ];
  for (const [name, options, size] of methods) {
    const { states, calls } = await runs(planarDenoiser(data), options, size);
    const found = states.map((state) => weightsOf(state));
    const modes = states.map((state, i) => masses(state, found[i]!.weights));
    const mean = (of: (i: number) => number): string =>
      (states.reduce((sum, _, i) => sum + of(i), 0) / states.length).toFixed(0);
    rows.push([
      name,
      `${calls}`,
      ...[0, 1, 2].map((k) => summary(modes.map((mode) => mode[k]!))),
      summary(
        states.map((state, i) => firstVariance(state, found[i]!.weights)),
        4,
      ),
      summary(found.map(({ logConstant }) => logConstant - exact.logConstant)),
      mean((i) => found[i]!.effectiveSizes.reduce((a, b) => Math.min(a, b))),
      mean((i) => found[i]!.ancestors),
    ]);
  }
  const { states, calls } = await runs(planarDenoiser(data), { target, threshold: 0 }, 100);
  const modes = states.map((state) => masses(state, equal(state)));
  rows.push([
    "Heun, weights ignored",
    `${calls}`,
    ...[0, 1, 2].map((k) => summary(modes.map((mode) => mode[k]!))),
    summary(
      states.map((state) => firstVariance(state, equal(state))),
      4,
    ),
    "",
    "",
    "",
  ]);
  const head = [`q^${exponent}`, "calls", "mass 1", "mass 2", "mass 3", "variance 1", "log Z - exact"];
  console.log(`${table([...head, "least ESS", "ancestors"], rows)}\n`);
}

const { logConstant, product } = exactProduct(end, otherEnd);
const moments = product.moments();
const rows = [
  [
    "exact",
    "",
    ...[...moments.mean].map((value) => value.toFixed(3)),
    moments.covariance[0]!.toFixed(4),
    "0",
  ],
];
for (const [name, noiseScale, size] of [
  ["Heun", 1, 100],
  ["Heun", 1, 200],
  ["Heun, noise 1.4", 1.4, 200],
] as const) {
  const target = productOfExperts({ others: [planarDenoiser(other)] });
  const { states, calls } = await runs(planarDenoiser(data), { target, noiseScale }, size);
  const found = states.map((state) => weightsOf(state));
  const means = states.map((state, i) => weightedMean(state.x, found[i]!.weights));
  const variances = states.map((state, i) => {
    const squares = weightedMean(
      state.x.map((value) => value * value),
      found[i]!.weights,
    );
    return squares[0]! - means[i]![0]! ** 2;
  });
  rows.push([
    name,
    `${calls}`,
    summary(means.map(([x]) => x!)),
    summary(means.map(([, y]) => y!)),
    summary(variances, 4),
    summary(found.map((weights) => weights.logConstant - logConstant)),
  ]);
}
console.log(table(["q1 q2", "calls", "mean x", "mean y", "variance x", "log Z - exact"], rows));

const narrow = gaussianMixture({ weights: [1], means: [[1, -0.5]], deviations: [0.6] });
const variance = noisedMixture(narrow, levels).deviations[0]! ** 2;
const cubes = [["exact", "", (variance / 3).toFixed(4), "0"]];
for (const [noiseScale, size] of [
  [1, 100],
  [1, 400],
  [1.4, 100],
  [1.4, 400],
  [2, 100],
  [2, 400],
] as const) {
  const { states, calls } = await runs(
    planarDenoiser(narrow),
    { target: annealed({ exponent: 3 }), noiseScale },
    size,
  );
  const found = states.map((state) => weightsOf(state));
  const variances = states.map((state, i) => {
    const [mean] = weightedMean(state.x, found[i]!.weights);
    const [square] = weightedMean(
      state.x.map((value) => value * value),
      found[i]!.weights,
    );
    return square! - mean! ** 2;
  });
  const exact = -2 * Math.log(2 * Math.PI * variance) - Math.log(3);
  cubes.push([
    `Heun, noise ${noiseScale}`,
    `${calls}`,
    summary(variances, 4),
    summary(found.map(({ logConstant }) => logConstant - exact)),
  ]);
}
console.log(`\n${table(["q^3 of a Gaussian", "calls", "variance x", "log Z - exact"], cubes)}`);
