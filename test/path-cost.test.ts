/** Path costs of few-step sampling against enumerated paths, and the cheapest times against brute force. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { observation } from "../src/denoisers/observation.ts";
import {
  absorbing,
  constant,
  cosineNoise,
  type Denoiser,
  exponential,
  geometric,
  jointTable,
  linear,
  type Noise,
  optimalTimes,
  type Process,
  pathCosts,
  predictions,
  purposes,
  sine,
} from "../src/index.ts";
import { dataUniforms, noisedAtTime } from "../src/optimize/coupled-noise.ts";
import { fineTimes } from "../src/optimize/fine-times.ts";
import { posteriorDivergence } from "../src/optimize/posterior-divergence.ts";
import { ordinal } from "../src/processes/ordinal.ts";
import { rateMatrix } from "../src/processes/rate-matrix.ts";
import { uniformProcess } from "../src/processes/uniform-process.ts";
import { countLists } from "./count-lists.ts";
import { close } from "./golden.ts";
import { sequenceAt } from "./law.ts";
import { completeRates, laws, processes, written } from "./small-processes.ts";

const exact = { rel: 1e-9, abs: 1e-12 };
const sum = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((total, each) => total + each, 0);

/** A problem small enough to enumerate: every clean sequence and every noised one. */
interface Problem {
  readonly process: Process;
  readonly noise: Noise;
  readonly joint: Float64Array;
  readonly length: number;
  readonly denoiser: Denoiser;
}

/** Correlated tokens; with `independent` the product of one law. */
function problemOf(
  process: Process,
  noise: Noise,
  { length = 3, independent = false }: { length?: number; independent?: boolean } = {},
): Problem {
  const { vocabulary } = process;
  const weights = Float64Array.from({ length: vocabulary ** length }, (_, index) => {
    const tokens = sequenceAt(index, vocabulary, length);
    if (independent) return tokens.reduce((product, token) => product * (1 + token), 1);
    return tokens.reduce(
      (product, token, d) => product * (d > 0 && token === tokens[d - 1] ? 6 : 1 + token),
      1,
    );
  });
  const joint = weights.map((weight) => weight / sum(weights));
  const likelihood = process.mask === undefined ? { likelihoodInto: observation(process, noise) } : {};
  const denoiser = jointTable({ joint, vocabulary, length, ...likelihood });
  return { process, noise, joint, length, denoiser };
}

const sigmaAt = (noise: Noise, t: number): number => (t === 0 ? 0 : noise.sigma(t));

/** P(to | from) of whole sequences, [S^D] for every `from`, [S^D]. */
function transitions({ process, length }: Problem, sigma: number): Float64Array[] {
  const { states } = process;
  const rows = Array.from({ length: states }, (_, x) =>
    written(states, (out) => process.transitionInto(out, x, sigma)),
  );
  const all = Array.from({ length: states ** length }, (_, index) => sequenceAt(index, states, length));
  return all.map((from) =>
    Float64Array.from(all, (to) => to.reduce((product, token, d) => product * rows[from[d]!]![token]!, 1)),
  );
}

/** The index among S^D states of a clean sequence given by its index among V^D. */
const stateOf = ({ process, length }: Problem, index: number): number =>
  sequenceAt(index, process.vocabulary, length).reduce((at, token) => at * process.states + token, 0);

/** p(x0^d | x_t), [D][V], for every noised sequence. */
async function predicted({ denoiser, process, length }: Problem, time: number): Promise<Float64Array[][]> {
  const { states, vocabulary } = process;
  const batch = states ** length;
  const tokens = Int32Array.from(
    { length: batch * length },
    (_, at) => sequenceAt(Math.floor(at / length), states, length)[at % length]!,
  );
  const logits = await denoiser.predict({ tokens, batch, time: new Float64Array(batch).fill(time) });
  const p = predictions(logits, { length, vocabulary });
  return Array.from({ length: batch }, (_, row) => Array.from({ length }, (_, d) => p.row(row, d).slice()));
}

/** c(t -> s) by enumeration, and the variance of one draw of it. */
async function exactCost(
  problem: Problem,
  t: number,
  s: number,
): Promise<{ mean: number; variance: number }> {
  const { process, noise, joint, length } = problem;
  const divergence = posteriorDivergence(process);
  const p = await predicted(problem, t);
  const noised = transitions(problem, noise.sigma(t));
  let [mean, square] = [0, 0];
  joint.forEach((chance, index) => {
    const clean = sequenceAt(index, process.vocabulary, length);
    noised[stateOf(problem, index)]!.forEach((reach, to) => {
      if (reach === 0) return;
      const tokens = sequenceAt(to, process.states, length);
      const cost = sum(
        Array.from(tokens, (token, d) =>
          divergence(clean[d]!, token, p[to]![d]!, sigmaAt(noise, s), noise.sigma(t)),
        ),
      );
      mean += chance * reach * cost;
      square += chance * reach * cost ** 2;
    });
  });
  return { mean, variance: square - mean ** 2 };
}

/**
 * KL( path of the data || path of the ancestral run ) over every x at every time, by enumeration, with kernels
 * made of the process's posterior alone.
 */
async function pathDivergence(problem: Problem, grid: readonly number[]): Promise<number> {
  const { process, noise, joint, length } = problem;
  const { states } = process;
  const count = states ** length;
  const prior = written(states, (out) => process.priorInto(out));
  const started = Float64Array.from({ length: count }, (_, index) =>
    sequenceAt(index, states, length).reduce((product, token) => product * prior[token]!, 1),
  );
  // kernels[i][x_t][x_s]
  const kernels: Float64Array[][] = [];
  for (let i = 0; i + 1 < grid.length; i++) {
    const p = await predicted(problem, grid[i]!);
    const [sigmaS, sigmaT] = [sigmaAt(noise, grid[i + 1]!), noise.sigma(grid[i]!)];
    kernels.push(
      Array.from({ length: count }, (_, from) => {
        const tokens = sequenceAt(from, states, length);
        const own = Array.from(tokens, (token, d) =>
          written(states, (out) => process.posteriorInto(out, token, p[from]![d]!, sigmaS, sigmaT)),
        );
        return Float64Array.from({ length: count }, (_, to) =>
          sequenceAt(to, states, length).reduce(
            (product, token, d) => (product * own[d]![token]!) / sum(own[d]!),
            1,
          ),
        );
      }),
    );
  }
  const forward = kernels.map((_, i) =>
    transitions(problem, noise.sigma(grid[i]!) - sigmaAt(noise, grid[i + 1]!)),
  );
  // From the data up: the chance of the path, and the log of the run's chance of it.
  const above = (x: number, i: number, chance: number, logRun: number): number => {
    if (i < 0) return chance * (Math.log(chance) - logRun - Math.log(started[x]!));
    let total = 0;
    forward[i]![x]!.forEach((reach, to) => {
      if (reach > 0) total += above(to, i - 1, chance * reach, logRun + Math.log(kernels[i]![to]![x]!));
    });
    return total;
  };
  return sum(joint.map((chance, index) => above(stateOf(problem, index), kernels.length - 1, chance, 0)));
}

/** E KL( q(x_1 | x_0) || prior ) - H(data): what a grid's cost leaves out. */
function rest(problem: Problem): number {
  const { process, noise, joint, length } = problem;
  const prior = written(process.states, (out) => process.priorInto(out));
  const toPrior = Array.from({ length: process.vocabulary }, (_, x) => {
    const row = written(process.states, (out) => process.transitionInto(out, x, noise.sigma(1)));
    return sum(row.map((value, y) => (value > 0 ? value * Math.log(value / prior[y]!) : 0)));
  });
  return sum(
    joint.map(
      (chance, index) =>
        chance *
        (Math.log(chance) +
          sequenceAt(index, process.vocabulary, length).reduce((total, token) => total + toPrior[token]!, 0)),
    ),
  );
}

const small: Readonly<Record<string, Problem>> = {
  "uniform, linear": problemOf(uniformProcess({ vocabulary: 3 }), linear()),
  "uniform, not mixed at t = 1": problemOf(uniformProcess({ vocabulary: 3 }), constant({ sigmaMax: 2 })),
  "ordinal, exponential": problemOf(
    ordinal({ vocabulary: 3, rateSigma: 1, qSigma: 1 }),
    exponential({ base: 0.2, exponential: 20 }),
  ),
  "ordinal, clean only at s = 0": problemOf(ordinal({ vocabulary: 2 }), geometric({ sigmaMin: 0.1 })),
  "not reversible": problemOf(
    rateMatrix({ rates: completeRates(3, (x, y) => ((x + 1) % 3 === y ? 1 : 0.1)) }),
    constant({ sigmaMax: 3 }),
  ),
  "absorbing, linear": problemOf(absorbing({ vocabulary: 2 }), linear()),
};

describe("posteriorDivergence", () => {
  for (const [name, process] of Object.entries(processes)) {
    it(`${name}: by definition, at most -log p(x0), which it is at s = 0`, () => {
      const { states, vocabulary } = process;
      const divergence = posteriorDivergence(process);
      /** q(x_s | x_t, x0) from the transitions alone. */
      const posterior = (x0: number, x: number, sigmaS: number, sigmaT: number): Float64Array => {
        const reach = written(states, (out) => process.transitionInto(out, x0, sigmaS));
        const law = reach.map(
          (value, y) => value * written(states, (out) => process.transitionInto(out, y, sigmaT - sigmaS))[x]!,
        );
        return law.map((value) => value / sum(law));
      };
      for (const p of laws(vocabulary)) {
        for (const [sigmaS, sigmaT] of [
          [0.4, 1.1],
          [0.4, Number.POSITIVE_INFINITY],
          [0, 0.7],
        ] as const) {
          for (let x0 = 0; x0 < vocabulary; x0++) {
            if (p[x0] === 0) continue;
            const reached = written(states, (out) => process.transitionInto(out, x0, sigmaT));
            for (let x = 0; x < states; x++) {
              if (reached[x] === 0) continue;
              const kernel = new Float64Array(states);
              for (let v = 0; v < vocabulary; v++) {
                const from = written(states, (out) => process.transitionInto(out, v, sigmaT))[x]!;
                if (p[v] === 0 || from === 0) continue;
                posterior(v, x, sigmaS, sigmaT).forEach((value, y) => {
                  kernel[y]! += p[v]! * value;
                });
              }
              const all = sum(kernel);
              const wanted = sum(
                posterior(x0, x, sigmaS, sigmaT).map((value, y) =>
                  value > 0 ? value * Math.log((value * all) / kernel[y]!) : 0,
                ),
              );
              const got = divergence(x0, x, p, sigmaS, sigmaT);
              close(got, wanted, exact, `x0 = ${x0}, x = ${x}`);
              if (Math.abs(all - 1) < 1e-9) {
                assert.ok(got <= -Math.log(p[x0]!) + 1e-12);
                if (sigmaS === 0)
                  close(got, process.mask === undefined || x === process.mask ? -Math.log(p[x0]!) : 0, exact);
              }
            }
          }
        }
      }
    });
  }
});

describe("the cost of a grid", () => {
  for (const [name, problem] of Object.entries(small)) {
    it(`${name}: with the entropy terms it is the enumerated divergence of the paths`, async () => {
      for (const grid of [
        [1, 0],
        [1, 0.45, 0],
        ...(problem.process.states ** problem.length <= 8 ? [[1, 0.7, 0.2, 0]] : []),
      ]) {
        let cost = rest(problem);
        for (let i = 0; i + 1 < grid.length; i++) {
          cost += (await exactCost(problem, grid[i]!, grid[i + 1]!)).mean;
        }
        close(cost, await pathDivergence(problem, grid), exact, `grid ${grid.join(" ")}`);
      }
    });
  }

  it("is that of any other where tokens are independent: nothing but a start that is not mixed is lost", async () => {
    for (const process of [uniformProcess({ vocabulary: 3 }), absorbing({ vocabulary: 2 })]) {
      const problem = problemOf(process, linear(), { independent: true });
      for (const grid of [
        [1, 0],
        [1, 0.8, 0.3, 0],
      ]) {
        let cost = rest(problem);
        for (let i = 0; i + 1 < grid.length; i++) {
          cost += (await exactCost(problem, grid[i]!, grid[i + 1]!)).mean;
        }
        close(cost, 0, { rel: 0, abs: 1e-12 }, `${process.name}, grid ${grid.join(" ")}`);
      }
    }
  });

  it("under absorbing noise is that of the information curve at binomial reveal counts", async () => {
    const problem = small["absorbing, linear"]!;
    const { joint, length, process } = problem;
    const p = await predicted(problem, 0.5);
    // h(m): mean over sets of m revealed and over masked positions of -log p of the true token.
    const h = new Float64Array(length);
    const sets = new Float64Array(length);
    for (let set = 0; set < 2 ** length - 1; set++) {
      const revealed = Array.from({ length }, (_, d) => (set >> d) & 1);
      const m = sum(revealed);
      sets[m]!++;
      joint.forEach((chance, index) => {
        const clean = sequenceAt(index, process.vocabulary, length);
        const state = clean.reduce(
          (at, token, d) => at * process.states + (revealed[d] ? token : process.mask!),
          0,
        );
        revealed.forEach((known, d) => {
          if (!known) h[m]! -= (chance * Math.log(p[state]![d]![clean[d]!]!)) / (length - m);
        });
      });
    }
    const binomial = (m: number, alpha: number): number =>
      sets[m]! * alpha ** m * (1 - alpha) ** (length - m);
    for (const [t, s] of [
      [1, 0.6],
      [0.6, 0.25],
      [0.25, 0],
    ] as const) {
      const left = sum(Array.from(h, (value, m) => binomial(m, 1 - t) * (length - m) * (value / sets[m]!)));
      close((await exactCost(problem, t, s)).mean, ((t - s) / t) * left, exact, `${t} -> ${s}`);
    }
  });
});

describe("pathCosts", () => {
  for (const name of ["uniform, linear", "ordinal, exponential", "absorbing, linear"]) {
    it(`${name}: the exact costs within 5 standard errors of 3,000 sequences (false alarm 1e-5)`, async () => {
      const problem = small[name]!;
      const { process, noise, joint, length, denoiser } = problem;
      // Sequences in exact proportion, so that only the noise is chance.
      const n = 3000;
      const rows = Array.from(joint, (chance, index) =>
        Array.from({ length: Math.round(chance * n) }, () => [
          ...sequenceAt(index, process.vocabulary, length),
        ]),
      ).flat();
      const calls: number[] = [];
      const counted: Denoiser = {
        ...denoiser,
        predict: (input) => {
          calls.push(input.time[0]!);
          return denoiser.predict(input);
        },
      };
      const found = await pathCosts(counted, {
        data: Int32Array.from(rows.flat()),
        process,
        noise,
        fineSteps: 5,
        batch: 1000,
        seed: 1,
      });
      assert.equal(found.sequences, rows.length);
      assert.equal(found.evaluations, 5 * rows.length);
      assert.equal(calls.length, 5 * Math.ceil(rows.length / 1000));
      assert.deepEqual([...new Set(calls)], [...found.times.slice(0, -1)]);
      for (let i = 0; i < 5; i++) {
        for (let j = 0; j <= 5; j++) {
          if (j <= i) {
            assert.equal(found.costs[i]![j], 0);
            continue;
          }
          const { mean, variance } = await exactCost(problem, found.times[i]!, found.times[j]!);
          const abs = 5 * Math.sqrt(variance / rows.length) + 3e-3 * mean; // counts are rounded
          close(found.costs[i]![j]!, mean, { rel: 0, abs }, `step ${i} -> ${j}`);
        }
      }
    });
  }

  it("under absorbing noise: exactly the -log p of the masked tokens, times the chance to be revealed", async () => {
    const { process, noise, length, denoiser } = small["absorbing, linear"]!;
    const data = Int32Array.of(0, 0, 1, 1, 1, 1, 0, 1, 1, 0, 0, 0);
    const seed = 3;
    const { times, costs } = await pathCosts(denoiser, {
      data,
      process,
      noise,
      seed,
      fineSteps: 4,
      batch: 3,
    });
    const uniforms = dataUniforms(seed, 4, length);
    for (let i = 0; i < 4; i++) {
      const { tokens, time } = noisedAtTime(data, uniforms, { time: times[i]!, length, process, noise });
      const p = predictions(await denoiser.predict({ tokens, batch: 4, time }), { length, vocabulary: 2 });
      const lost = sum(
        Array.from(tokens, (token, at) =>
          token === process.mask ? -Math.log(p.row(Math.floor(at / length), at % length)[data[at]!]!) : 0,
        ),
      );
      for (let j = i + 1; j <= 4; j++) {
        const reveal = (times[i]! - times[j]!) / times[i]!;
        close(costs[i]![j]!, (reveal * lost) / 4, exact, `step ${i} -> ${j}`);
      }
    }
  });

  it("couples the states of all times by one set of uniforms, and is the same in any batch", async () => {
    const { process, noise, length, denoiser } = small["uniform, linear"]!;
    const data = Int32Array.from({ length: 4 * length }, (_, at) => (at * 7) % 3);
    const seen = new Map<number, number[]>();
    const watched: Denoiser = {
      ...denoiser,
      predict(input) {
        const all = seen.get(input.time[0]!) ?? [];
        seen.set(input.time[0]!, [...all, ...input.tokens]);
        return denoiser.predict(input);
      },
    };
    const options = { data, process, noise, seed: 5, fineSteps: 3 };
    const found = await pathCosts(watched, { ...options, batch: 3 });
    const whole = await pathCosts(denoiser, { ...options, batch: 4 });
    assert.deepEqual(found, whole);
    const targets = dataUniforms(5, 4, length, purposes.jump);
    for (const [time, tokens] of seen) {
      const wanted = noisedAtTime(data, dataUniforms(5, 4, length), {
        time,
        length,
        process,
        noise,
        targets,
      });
      assert.deepEqual(tokens, [...wanted.tokens]);
    }
  });

  it("refuses what is no data and no grid, with a sentence", async () => {
    const { process, noise, denoiser } = small["uniform, linear"]!;
    const data = new Int32Array(6);
    await assert.rejects(
      pathCosts(denoiser, { data: new Int32Array(4), process, noise }),
      /pathCosts: data has 4 tokens; expected whole sequences of 3/,
    );
    await assert.rejects(
      pathCosts(denoiser, { data: data.fill(3), process, noise }),
      /pathCosts: data\[0\] = 3; expected a clean token from 0 to 2/,
    );
    await assert.rejects(
      pathCosts(denoiser, { data, process, noise, fineSteps: 0 }),
      /pathCosts: fineSteps = 0; expected a whole number >= 1/,
    );
  });
});

describe("optimalTimes", () => {
  it("finds the least cost of all grids, for every number of steps (property)", () => {
    const size = 6;
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.double({ min: 0, max: 9, noNaN: true }), fc.constantFrom(0, 1, 2)), {
          minLength: size * (size + 1),
          maxLength: size * (size + 1),
        }),
        (entries) => {
          const times = Float64Array.from({ length: size + 1 }, (_, i) => 1 - i / size);
          const costs = Array.from({ length: size + 1 }, (_, i) =>
            Float64Array.from({ length: size + 1 }, (_, j) => (i < j ? entries[i * (size + 1) + j]! : 0)),
          );
          const costOf = (nodes: ArrayLike<number>): number =>
            sum(Array.from(nodes, (node, i) => (i === 0 ? 0 : costs[nodes[i - 1]!]![node]!)));
          const found = optimalTimes({ times, costs }, size);
          found.forEach(({ steps, times: chosen, cost }, i) => {
            assert.equal(steps, i + 1);
            assert.equal(chosen.length, steps + 1);
            const least = Math.min(...[...countLists(size, steps)].map(costOf));
            close(cost, least, { rel: 1e-12, abs: 1e-12 }, `${steps} steps`);
            const nodes = Array.from(chosen, (t) => times.indexOf(t));
            close(costOf(nodes), cost, { rel: 1e-12, abs: 1e-12 }, `the times of ${steps} steps`);
            assert.deepEqual([nodes[0], nodes.at(-1)], [0, size]);
          });
        },
      ),
      { numRuns: 200 },
    );
  });

  it("refuses more steps than the grid has", () => {
    const costs = { times: Float64Array.of(1, 0), costs: [new Float64Array(2), new Float64Array(2)] };
    assert.throws(
      () => optimalTimes(costs, 2),
      /optimalTimes: 2 steps on a fine grid of 1; expected from 1 to 1/,
    );
  });
});

describe("fineTimes", () => {
  const noises: readonly Noise[] = [linear(), cosineNoise(), sine(), geometric(), exponential(), constant()];

  it("falls from 1 to 0, gaps in time at most 2 / steps, for every process and noise", () => {
    for (const [name, process] of Object.entries(processes)) {
      for (const noise of noises) {
        const times = fineTimes(process, noise, { steps: 20 });
        assert.deepEqual([times.length, times[0], times[20]], [21, 1, 0]);
        for (let i = 0; i < 20; i++) {
          const gap = times[i]! - times[i + 1]!;
          assert.ok(gap > 0 && gap <= 0.1 + 1e-9, `${name}, ${noise.name}: gap ${i} is ${gap}`);
        }
      }
    }
  });

  it("under absorbing noise has gaps in alpha of hardly more than 2 / steps too, and is even with linear noise", () => {
    const process = absorbing({ vocabulary: 5 });
    for (const noise of noises) {
      // Geometric noise has lost a little at t = 0, and rounding of the table adds to it.
      const alphas = fineTimes(process, noise, { steps: 20 }).map((t) => noise.alpha(t));
      for (let i = 0; i < 20; i++) {
        const gap = alphas[i + 1]! - alphas[i]!;
        assert.ok(gap <= 0.13, `${noise.name}: gap ${i} is ${gap}`);
      }
    }
    close(fineTimes(process, linear(), { steps: 8 }), [1, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125, 0], {
      rel: 0,
      abs: 1e-12,
    });
  });
});
