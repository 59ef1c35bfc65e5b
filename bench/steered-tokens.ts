/**
 * Steering masked models with weights: the tempered law q^2 / Z of a Markov chain, whose constant and mean log-probability
 * are known by its transfer matrix, by particles and by tempering each prediction alone.
 * `node --import tsx bench/steered-tokens.ts`
 */
import {
  feynmanKac,
  leftToRight,
  markovChain,
  random,
  type Selector,
  type State,
  steps,
  stratified,
  uniform,
  weightedMean,
  weightsOf,
} from "../src/index.ts";
import { table } from "./continuous/table.ts";

const [length, exponent, seeds] = [16, 2, 16];
const initial = [0.4, 0.3, 0.2, 0.1];
// Each row of the chain is as sharp as its token is late, so that powers of the whole prefer late tokens.
const transition = [
  [0.25, 0.25, 0.25, 0.25],
  [0.4, 0.3, 0.2, 0.1],
  [0.1, 0.1, 0.7, 0.1],
  [0.04, 0.03, 0.03, 0.9],
];
const chain = markovChain({ initial, transition: transition.flat(), length });

/** log sum_x q(x)^beta. */
function logConstant(beta: number): number {
  let powers = initial.map((p) => p ** beta);
  let log = 0;
  for (let d = 1; d < length; d++) {
    powers = powers.map((_, to) =>
      powers.reduce((sum, p, from) => sum + p * transition[from]![to]! ** beta, 0),
    );
    const total = powers.reduce((sum, p) => sum + p, 0);
    powers = powers.map((p) => p / total);
    log += Math.log(total);
  }
  return log + Math.log(powers.reduce((sum, p) => sum + p, 0));
}

function logProbability(tokens: Int32Array): number {
  return tokens.reduce(
    (sum, token, d) => sum + Math.log(d === 0 ? initial[token]! : transition[tokens[d - 1]!]![token]!),
    0,
  );
}

/** mean +- standard error over the seeds, and the standard deviation of one run. */
function summary(values: readonly number[]): string {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const square = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const deviation = Math.sqrt(square / (values.length - 1));
  return `${mean.toFixed(3)} ± ${(deviation / Math.sqrt(values.length)).toFixed(3)} (${deviation.toFixed(3)})`;
}

async function runs(selector: Selector, count: number, size: number, threshold: number): Promise<State[]> {
  const sampler = feynmanKac({ experts: [{ exponent }], threshold, last: false });
  const found: State[] = [];
  for (let seed = 0; seed < seeds; seed++) {
    let last: State | undefined;
    for await (const state of steps(chain, {
      schedule: uniform({ steps: size }),
      sampler,
      selector,
      count,
      seed,
    }))
      last = state;
    found.push(last!);
  }
  return found;
}

const meanLog = ({ tokens, batch }: State, weights: Float64Array): number =>
  weightedMean(
    Float64Array.from({ length: batch }, (_, row) =>
      logProbability(tokens.subarray(row * length, (row + 1) * length)),
    ),
    weights,
  )[0]!;

const h = 1e-5;
const exactMean = (logConstant(exponent + h) - logConstant(exponent - h)) / (2 * h);
const rows = [["exact", "", "", exactMean.toFixed(3), "0", ""]];
for (const [name, selector] of [
  ["random", random()],
  ["stratified", stratified()],
  ["left-to-right", leftToRight()],
] as const) {
  for (const [count, size] of [
    [100, 16],
    [1000, 16],
    [1000, 8],
  ] as const) {
    const states = await runs(selector, count, size, 0.5);
    const found = states.map((state) => weightsOf(state));
    const least = found.map(({ effectiveSizes }) => effectiveSizes.reduce((a, b) => Math.min(a, b)));
    rows.push([
      name,
      `${count}`,
      `${size}`,
      summary(states.map((state, i) => meanLog(state, found[i]!.weights))),
      summary(found.map((weights) => weights.logConstant - logConstant(exponent))),
      (least.reduce((sum, value) => sum + value, 0) / seeds).toFixed(0),
    ]);
  }
  const plain = await runs(selector, 1000, 16, 0);
  rows.push([
    `${name}, weights ignored`,
    "1000",
    "16",
    summary(plain.map((state) => meanLog(state, new Float64Array(1000).fill(0.001)))),
    "",
    "",
  ]);
}
console.log(
  `q^${exponent} of a chain of ${initial.length} tokens and ${length} positions, ${seeds} seeds; mean ± standard error (standard deviation of one run).\n`,
);
console.log(table(["selector", "particles", "calls", "mean log q", "log Z - exact", "least ESS"], rows));
