/** The cost of a grid of times against the divergence of enumerated paths. */
import { describe, it } from "node:test";
import { absorbing, linear } from "../src/index.ts";
import { uniformProcess } from "../src/processes/uniform-process.ts";
import { exactCost, predicted, problemOf, sigmaAt, small, stateOf, transitions } from "./enumerated-paths.ts";
import { close } from "./golden.ts";
import { sequenceAt } from "./law.ts";
import { written } from "./small-processes.ts";
import type { ExactProblem } from "./step-law.ts";
import { sum } from "./sum.ts";

const exact = { rel: 1e-9, abs: 1e-12 };

/**
 * KL( path of the data || path of the ancestral run ) over every x at every time, by enumeration, with kernels
 * made of the process's posterior alone.
 */
async function pathDivergence(problem: ExactProblem, grid: readonly number[]): Promise<number> {
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
function rest(problem: ExactProblem): number {
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
