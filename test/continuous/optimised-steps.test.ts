/** Optimised time steps: the weights, the bound, the minimiser, and what low bounds are worth. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  bh1,
  dpmSolverPlusPlus,
  errorBound,
  logSnr,
  normals,
  optimisedSteps,
  probabilityFlow,
  rootMeanSquare,
  type Sampler,
  type Schedule,
  sample,
  timePower,
  times,
  timeUniform,
  uniPc,
  varianceExploding,
  vpCosine,
} from "../../src/continuous/index.ts";
import { exponentialWeights } from "../../src/continuous/optimize/exponential-weights.ts";
import { LEAST_GAP, orderedNodes } from "../../src/continuous/optimize/ordered-nodes.ts";
import { quasiNewton } from "../../src/continuous/optimize/quasi-newton.ts";
import { gaussLegendre } from "../../src/continuous/samplers/gauss-legendre.ts";
import { close } from "../golden.ts";
import { noise, target } from "./bench.ts";

/** Steps of one to three nodes, long and short. */
const someSteps: readonly { nodes: number[]; to: number }[] = [
  { nodes: [-1.3], to: 0.4 },
  { nodes: [-4.2, -3.1], to: -1.9 },
  { nodes: [0.2, 0.9, 2.4], to: 4.1 },
  { nodes: [-0.5, -0.49, 1.7], to: 1.71 },
  { nodes: [1, 1.001, 1.0025], to: 1.0045 },
];

/** Central differences of f along each coordinate. */
function differences(f: (x: Float64Array) => number, x: ArrayLike<number>, h = 1e-5): Float64Array {
  return Float64Array.from(x, (_, i) => {
    const [up, down] = [Float64Array.from(x), Float64Array.from(x)];
    up[i]! += h;
    down[i]! -= h;
    return (f(up) - f(down)) / (2 * h);
  });
}

describe("weights of an exponential integrator", () => {
  it("add up to e^to - e^from", () => {
    for (const { nodes, to } of someSteps) {
      const { weights } = exponentialWeights(nodes, to);
      const sum = weights.reduce((a, b) => a + b, 0);
      close(sum, Math.exp(nodes.at(-1)!) * Math.expm1(to - nodes.at(-1)!), { rel: 1e-10, abs: 0 });
    }
  });

  it("are integrals of e^lambda times the Lagrange basis", () => {
    for (const { nodes, to } of someSteps) {
      const { points, weights } = gaussLegendre({ from: nodes.at(-1)!, to, count: 20 });
      const integrals = nodes.map((own) =>
        points.reduce((sum, lambda, q) => {
          const basis = nodes.filter((node) => node !== own);
          return (
            sum +
            basis.reduce((f, node) => (f * (lambda - node)) / (own - node), weights[q]! * Math.exp(lambda))
          );
        }, 0),
      );
      close(exponentialWeights(nodes, to).weights, integrals, { rel: 1e-11, abs: 1e-15 });
    }
  });

  it("slopes: differences, and e^shift for all nodes together", () => {
    for (const { nodes, to } of someSteps.slice(0, 3)) {
      const { weights, slopes } = exponentialWeights(nodes, to);
      const width = nodes.length + 1;
      nodes.forEach((_, k) => {
        const own = slopes.subarray(k * width, (k + 1) * width);
        const measured = differences(
          (all) => exponentialWeights(all.subarray(0, -1), all.at(-1)!).weights[k]!,
          [...nodes, to],
        );
        close(own, measured, { rel: 1e-7, abs: 1e-7 });
        close(
          own.reduce((a, b) => a + b, 0),
          weights[k]!,
          { rel: 1e-12, abs: 1e-12 },
        );
      });
    }
  });
});

describe("bound of the error", () => {
  const lambdas = logSnr({ steps: 6 }).resolve(noise).map(noise.lambda);

  it("order 1: the sum of e(lambda_i) (e^lambda_{i+1} - e^lambda_i)", () => {
    let sum = 0;
    for (let i = 0; i < 6; i++) {
      const [lambda, next] = [lambdas[i]!, lambdas[i + 1]!];
      const t = noise.timeAt(lambda);
      sum += (noise.sigma(t) ** 1.5 / noise.alpha(t)) * (Math.exp(next) - Math.exp(lambda));
    }
    for (const truncation of [0, 3, 6]) {
      close(errorBound(lambdas, { order: 1, p: 1.5, truncation }).value, sum, { rel: 1e-10, abs: 0 });
    }
  });

  it("gradient: differences at orders 2 and 3", () => {
    for (const options of [{ order: 2 }, { order: 3, p: 1 }, { truncation: 3 }, { truncation: 6, p: 2.5 }]) {
      const { gradient } = errorBound(lambdas, options);
      const measured = differences((at) => errorBound(at, options).value, lambdas, 1e-6);
      close(gradient, measured, { rel: 1e-6, abs: 1e-5 }, JSON.stringify(options));
    }
  });

  it("letting errors cancel never raises it", () => {
    const of = (truncation: number): number => errorBound(lambdas, { truncation }).value;
    // |sum of terms| <= sum of |terms| <= sqrt 3 times the sum of their norms
    assert.ok(of(0) <= Math.sqrt(3) * of(6));
  });
});

describe("quasi-Newton", () => {
  it("solves a quadratic", () => {
    const { x, value } = quasiNewton(
      ([a, b]) => ({
        value: (a! - 3) ** 2 + 10 * (b! + a!) ** 2,
        gradient: Float64Array.of(2 * (a! - 3) + 20 * (b! + a!), 20 * (b! + a!)),
      }),
      [0, 5],
    );
    close(x, [3, -3], { rel: 1e-5, abs: 0 });
    assert.ok(value < 1e-9);
  });

  it("follows a bent valley with a kink to its end", () => {
    // |x - 1| / 4 + |y - 2 x^2 + 1|: Nesterov's; steepest descent stays where it meets the kink.
    const { x, value } = quasiNewton(
      ([a, b]) => {
        const bend = b! - 2 * a! * a! + 1;
        const [left, right] = [Math.sign(a! - 1) / 4, Math.sign(bend)];
        return {
          value: Math.abs(a! - 1) / 4 + Math.abs(bend),
          gradient: Float64Array.of(left - 4 * a! * right, right),
        };
      },
      [-1, 0.9],
    );
    close(x, [1, 1], { rel: 1e-3, abs: 0 });
    assert.ok(value < 1e-3, `${value}`);
  });

  it("keeps out of where the function is not defined", () => {
    const { x } = quasiNewton(
      ([a]) => ({
        value: a! > 0 ? a! - Math.log(a!) : Number.POSITIVE_INFINITY,
        gradient: Float64Array.of(1 - 1 / a!),
      }),
      [0.01],
    );
    close(x, [1], { rel: 1e-4, abs: 0 });
  });
});

describe("nodes in order", () => {
  const nodes = orderedNodes([-5, 4.5]);
  const lambdas = [-5, -3.2, -1, 0.4, 0.5, 4.5];

  it("to free numbers and back", () => {
    close(nodes.nodes(nodes.free(lambdas)), lambdas, { rel: 1e-13, abs: 1e-14 });
  });

  it("any free numbers are a schedule; one with a step of no length is not defined", () => {
    const at = nodes.nodes(Float64Array.of(3, -8, 0, 6));
    assert.ok(
      at.every((lambda, i) => i === 0 || lambda > at[i - 1]!),
      `${at}`,
    );
    const { value } = nodes.of(() => ({ value: 1, gradient: new Float64Array(6) }))(
      Float64Array.of(40, 0, 0, 0),
    );
    assert.equal(value, Number.POSITIVE_INFINITY);
    assert.ok(9.5 * Math.exp(-40) < LEAST_GAP);
  });

  it("gradient: differences", () => {
    const f = nodes.of((at) => errorBound(at, { truncation: 5 }));
    const v = nodes.free(lambdas);
    close(
      f(v).gradient,
      differences((own) => f(own).value, v),
      { rel: 1e-6, abs: 1e-6 },
    );
  });
});

describe("optimised time steps", () => {
  it("three steps: not above the best of a fine grid", () => {
    const [first, last] = [noise.lambda(1), noise.lambda(1e-3)];
    let least = Number.POSITIVE_INFINITY;
    const count = 150;
    for (let i = 1; i < count; i++) {
      for (let j = i + 1; j < count; j++) {
        const at = [i, j].map((node) => first + ((last - first) * node) / count);
        least = Math.min(least, errorBound([first, ...at, last], { truncation: 3 }).value);
      }
    }
    const { objective } = optimisedSteps({ noise, steps: 3 });
    assert.ok(
      objective.after <= least && objective.after > 0.99 * least,
      `${objective.after}, grid ${least}`,
    );
  });

  it("where nothing cancels the gradient is 0 at the end, from every start", () => {
    for (const steps of [4, 10, 20]) {
      const { times: at, objective, searches } = optimisedSteps({ noise, steps, truncation: steps });
      const { value, gradient } = errorBound(at.map(noise.lambda), { truncation: steps });
      close(value, objective.after, { rel: 1e-9, abs: 0 });
      for (const slope of gradient.subarray(1, -1)) assert.ok(Math.abs(slope) < 1e-3 * value, `${slope}`);
      for (const { after } of searches) close(after, value, { rel: 1e-4, abs: 0 });
    }
  });

  it("falls from end to end, and never ends above a start", () => {
    for (const steps of [1, 2, 5, 8, 12]) {
      const { schedule, times: at, objective, searches } = optimisedSteps({ noise, steps });
      assert.deepEqual(schedule.resolve(noise), at);
      assert.deepEqual([at.length, at[0], at[steps]], [steps + 1, noise.horizon, noise.cutoff]);
      for (const { before, after } of searches) assert.ok(after <= before && objective.after <= after);
    }
  });

  it("says the same of all noise in lambda", () => {
    const cosine = vpCosine();
    const [from, to] = [noise, cosine].map(({ cutoff, horizon, lambda }) => [
      lambda(horizon),
      lambda(cutoff),
    ]);
    const ends = [Math.max(from![0]!, to![0]!), Math.min(from![1]!, to![1]!)];
    const found = [noise, cosine, varianceExploding()].map((own) => {
      const [first, last] = ends.map(own.timeAt);
      return optimisedSteps({
        noise: own,
        steps: 6,
        from: first!,
        to: last!,
        starts: [logSnr({ steps: 6, from: first!, to: last! })],
      }).times.map(own.lambda);
    });
    close(found[1]!, found[0]!, { rel: 1e-3, abs: 1e-3 });
    close(found[2]!, found[0]!, { rel: 1e-3, abs: 1e-3 });
  });

  it("10 steps take less than a second of work", () => {
    const began = process.cpuUsage();
    optimisedSteps({ noise, steps: 10 });
    const { user, system } = process.cpuUsage(began);
    assert.ok(user + system < 1e6, `${(user + system) / 1e6} s`);
  });

  it("refuses what it cannot use", () => {
    const steps = 5;
    assert.throws(() => optimisedSteps({ noise, steps: 2.5 }), /steps = 2.5; expected a whole number/);
    assert.throws(() => optimisedSteps({ noise, steps, order: 4 }), /order = 4/);
    assert.throws(() => optimisedSteps({ noise, steps, p: Number.NaN }), /p = NaN/);
    assert.throws(() => optimisedSteps({ noise, steps, starts: [] }), /at least one schedule/);
    assert.throws(
      () => optimisedSteps({ noise, steps, starts: [logSnr({ steps: 4 })] }),
      /log-snr has 4 steps/,
    );
    const others: Schedule[] = [timeUniform({ steps }), timeUniform({ steps, to: 0.1 })];
    assert.throws(() => optimisedSteps({ noise, steps, starts: others }), /other ends/);
    assert.throws(
      () => optimisedSteps({ noise, steps: 2, starts: [times({ times: [1, 0.5, 0] })] }),
      /ends at t = 0; expected/,
    );
  });
});

describe("what a low bound is worth, on the mixture", async () => {
  const rows = 300;
  const start = new Float64Array(2 * rows);
  const source = normals(1000);
  for (let row = 0; row < rows; row++) {
    source.fill(start.subarray(2 * row, 2 * row + 2), { row, index: "start", stage: 0 });
  }
  const exact = await probabilityFlow(target, { noise, start, steps: 100 });
  const errorOf = async (sampler: Sampler, schedule: Schedule): Promise<number> => {
    const { x } = await sample(target, { noise, schedule, sampler, start, count: rows, batch: rows });
    return rootMeanSquare(x, exact, { dimension: 2 }).value;
  };
  const steps = 10;

  it("10 steps: better than the best of even grids for the solvers it is made for", async () => {
    const { schedule } = optimisedSteps({ noise, steps });
    for (const sampler of [uniPc({ order: 3, weight: bh1 }), dpmSolverPlusPlus({ order: 3 })]) {
      const found = await errorOf(sampler, schedule);
      for (const grid of [timeUniform, logSnr, timePower]) {
        assert.ok(found < (await errorOf(sampler, grid({ steps }))), `${sampler.name}: ${found}`);
      }
    }
  });

  it("the deep minima that cancelling errors make are bad schedules", async () => {
    const [safe, deep] = [steps, 0].map((truncation) => optimisedSteps({ noise, steps, truncation }));
    assert.ok(deep!.objective.after < 0.3 * errorBound(safe!.times.map(noise.lambda)).value);
    const sampler = dpmSolverPlusPlus({ order: 3 });
    const [good, bad] = [await errorOf(sampler, safe!.schedule), await errorOf(sampler, deep!.schedule)];
    assert.ok(bad > 2 * good, `${good} and ${bad}`);
    assert.ok(bad > (await errorOf(sampler, timeUniform({ steps }))));
  });
});
