/** GITS: shortest paths by brute force, what jumps cost, what does not change them, and what the times are worth. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  absoluteMiss,
  analyticFirstStep,
  chordMiss,
  type Denoiser,
  ddim,
  edmEuler,
  edmHeun,
  euclideanMiss,
  gaussianMixture,
  gits,
  gitsCosts,
  gitsTimes,
  ipndm,
  normals,
  polynomial,
  probabilityFlow,
  rhoAt,
  rootMeanSquare,
  type Schedule,
  sample,
  times,
  varianceExploding,
  vpLinear,
} from "../../src/continuous/index.ts";
import { shortestPaths } from "../../src/optimize/shortest-paths.ts";
import { close } from "../golden.ts";
import { target } from "./bench.ts";

const ve = varianceExploding();
const grid = polynomial({ steps: 20 });

/** All ways from 0 to `last` in `edges` edges. */
function allPaths(last: number, edges: number, from = 0): number[][] {
  if (edges === 1) return [[from, last]];
  const paths = [];
  for (let next = from + 1; next <= last - edges + 1; next++) {
    for (const rest of allPaths(last, edges - 1, next)) paths.push([from, ...rest]);
  }
  return paths;
}

/** Normals, [count, 2]. */
function drawn(count: number, seed: number, scale = 80): Float64Array {
  const out = new Float64Array(2 * count);
  const source = normals(seed);
  for (let row = 0; row < count; row++) {
    source.fill(out.subarray(2 * row, 2 * row + 2), { row, index: "start", stage: 0 });
  }
  return out.map((z) => scale * z);
}

describe("paths whose later edges weigh more", () => {
  const source = normals(5);
  const last = 11;
  const costs = Array.from({ length: last + 1 }, (_, row) => {
    const own = new Float64Array(last + 1);
    source.fill(own, { row, index: 0, stage: 0 });
    return own;
  });

  it("are those that brute force finds on 12 nodes, costs below 0 too", () => {
    for (const coefficient of [0.9, 1, 1.15, 2]) {
      const found = shortestPaths(last, last, (from, to) => costs[from]![to]!, { coefficient });
      found.forEach(({ nodes, cost }, i) => {
        const totals = allPaths(last, i + 1).map((path) => ({
          path,
          total: path
            .slice(1)
            .reduce((sum, to, edge) => sum + coefficient ** edge * costs[path[edge]!]![to]!, 0),
        }));
        const best = totals.reduce((a, b) => (b.total < a.total ? b : a));
        assert.deepEqual(Array.from(nodes), best.path, `${i + 1} edges, coefficient ${coefficient}`);
        close(cost, best.total, { rel: 1e-12, abs: 1e-12 });
      });
    }
  });

  it("of equal ones the even one, or the one whose first edge is shortest", () => {
    for (const level of [2, -2]) {
      const nodes = (options?: { evenTies: boolean }): number[] =>
        Array.from(shortestPaths(9, 3, () => level, options)[2]!.nodes);
      assert.deepEqual(nodes(), [0, 3, 6, 9]);
      assert.deepEqual(nodes({ evenTies: false }), [0, 1, 2, 9]);
    }
  });
});

describe("costs of jumps", () => {
  const start = drawn(24, 1);

  it("along an Euler teacher a jump to the next node misses by nothing", async () => {
    for (const metric of [euclideanMiss, absoluteMiss, chordMiss]) {
      const { costs } = await gitsCosts(target, { noise: ve, grid, teacher: ddim(), start, metric });
      for (let i = 0; i < 20; i++) assert.ok(Math.abs(costs[i]![i + 1]!) < 1e-12);
    }
  });

  it("distances are never negative; more steps of an Euler teacher cost less, all of its own nothing", async () => {
    for (const metric of [euclideanMiss, absoluteMiss]) {
      const measured = await gitsCosts(target, { noise: ve, grid, start, metric, teacher: ddim() });
      for (const row of measured.costs) assert.ok(row.every((cost) => cost >= 0));
      const paths = gitsTimes(measured, 20, { coefficient: 1 });
      paths.slice(1).forEach(({ cost }, i) => {
        assert.ok(cost < paths[i]!.cost);
      });
      close(paths.at(-1)!.cost, 0, { rel: 0, abs: 1e-12 });
    }
  });

  it("are the same for turned data and noise, but for the absolute distance", async () => {
    const turn = (v: ArrayLike<number>): number[] =>
      Array.from(v, (value, at) =>
        at % 2 === 0 ? 0.6 * value - 0.8 * v[at + 1]! : 0.8 * v[at - 1]! + 0.6 * value,
      );
    const { weights, means, deviations } = target;
    const turned = gaussianMixture({
      weights,
      means: Array.from(weights, (_, k) => turn(means.slice(2 * k, 2 * k + 2))),
      deviations,
    });
    for (const metric of [euclideanMiss, chordMiss, absoluteMiss]) {
      const options = { noise: ve, grid, metric };
      const { costs } = await gitsCosts(target, { ...options, start });
      const after = (await gitsCosts(turned, { ...options, start: turn(start) })).costs;
      if (metric === absoluteMiss) assert.ok(Math.abs(after[0]![10]! / costs[0]![10]! - 1) > 1e-3);
      else
        costs.forEach((row, i) => {
          close(after[i]!, row, { rel: 1e-9, abs: 1e-10 });
        });
    }
  });

  it("are the same on any noise with these levels", async () => {
    const vp = vpLinear();
    const own = grid.resolve(vp);
    const rhos = own.map((t) => rhoAt(vp, t));
    for (const metric of [euclideanMiss, chordMiss]) {
      const { costs } = await gitsCosts(target, { noise: vp, grid, start: drawn(8, 2, 1), metric });
      const exploding = await gitsCosts(target, {
        noise: ve,
        grid: times({ times: rhos }),
        start: drawn(8, 2, 1 / vp.alpha(1)),
        metric,
      });
      costs.forEach((row, i) => {
        close(exploding.costs[i]!, row, { rel: 1e-7, abs: 1e-9 }, `row ${i}`);
      });
    }
  });

  it("are means over paths: batches change nothing, and start from the noise's prior", async () => {
    const whole = await gitsCosts(target, { noise: ve, grid, count: 9, seed: 4 });
    const parts = await gitsCosts(target, { noise: ve, grid, count: 9, seed: 4, batch: 4 });
    whole.costs.forEach((row, i) => {
      close(parts.costs[i]!, row, { rel: 1e-12, abs: 1e-14 });
    });
    assert.deepEqual(parts.starts, drawn(9, 4));
    assert.deepEqual(parts.ends, whole.ends);
  });

  it("cost no call beyond the teacher's, unless it never asks at its own point", async () => {
    const calls = async (teacher: Parameters<typeof gitsCosts>[1]["teacher"]): Promise<number[]> => {
      const { calls: made, evaluations } = await gitsCosts(target, {
        noise: ve,
        grid,
        count: 3,
        teacher: teacher!,
      });
      return [made, evaluations];
    };
    assert.deepEqual(await calls(ipndm()), [20, 60]);
    assert.deepEqual(await calls(edmHeun()), [40, 120]);
    assert.deepEqual(await calls(edmEuler({ churn: 20 })), [40, 120]);
  });

  it("can be stopped", async () => {
    const signal = { aborted: false, reason: new Error("enough") };
    const rows: number[] = [];
    const stopped = gitsCosts(target, {
      noise: ve,
      grid,
      count: 8,
      batch: 2,
      signal,
      progress(done) {
        rows.push(done.rows);
        signal.aborted = done.rows === 4;
      },
    });
    await assert.rejects(stopped, /enough/);
    assert.deepEqual(rows, [2, 4]);
  });

  it("refuses what it cannot use", async () => {
    await assert.rejects(gitsCosts(target, { noise: ve, count: 0 }), /0 paths/);
    await assert.rejects(gitsCosts(target, { noise: ve, start: [1, 2, 3] }), /1.5 paths/);
    const made = await gitsCosts(target, { noise: ve, grid, count: 2 });
    assert.throws(() => gitsTimes(made, 21), /21 steps on a grid of 20/);
    assert.throws(() => gitsTimes(made, 5, { coefficient: 0 }), /coefficient = 0/);
  });
});

describe("GITS", () => {
  it("finds its times by the cheapest path, with the evidence", async () => {
    const options = { noise: ve, grid, count: 16, metric: euclideanMiss };
    const found = await gits(target, { ...options, steps: 5 });
    const cheapest = gitsTimes(await gitsCosts(target, options), 5).at(-1)!;
    assert.deepEqual(found.nodes, Array.from(cheapest.nodes));
    assert.deepEqual(found.schedule.resolve(ve), cheapest.times);
    assert.equal(found.objective.after, cheapest.cost);
    assert.ok(found.objective.after < found.objective.before);
    assert.deepEqual([found.calls, found.evaluations], [20, 320]);
    assert.deepEqual(found.distances, []);
  });

  it("a free first step: the student's best node, and the teacher as it was", async () => {
    const counted = { rows: 0 };
    const watched: Denoiser = {
      dimension: 2,
      predict(input) {
        counted.rows += input.batch;
        return target.predict(input);
      },
    };
    const options = { noise: ve, grid, count: 12, metric: euclideanMiss, analyticFirst: true } as const;
    const found = await gits(watched, { ...options, steps: 3, student: ddim() });
    assert.equal(found.evaluations, counted.rows);
    const plain = await gitsCosts(target, { ...options, analyticFirst: false });
    const free = await gitsCosts(target, options);
    assert.deepEqual(free.ends, plain.ends);
    free.costs.slice(1).forEach((row, i) => {
      assert.deepEqual(row, plain.costs[i + 1]);
    });
    assert.notDeepEqual(free.costs[0], plain.costs[0]);
    const path = Array.from(gitsTimes(free, 3).at(-1)!.nodes);
    assert.ok(path[1]! > 1, "the problem leaves room for a free step");
    assert.equal(found.distances.length, path[1]! - 1);
    const least = found.distances.indexOf(Math.min(...found.distances)) + 1;
    assert.deepEqual(found.nodes, [0, least, ...path.slice(1)]);
    // It runs with as many calls as there were steps without.
    const { calls } = await sample(target, {
      noise: ve,
      schedule: found.schedule,
      sampler: analyticFirstStep(ddim()),
    });
    assert.equal(calls, 3);
  });

  it("Euler on starts it has not seen: nearer to the flow than on the grid of its teacher", async () => {
    const start = drawn(200, 77);
    const exact = await probabilityFlow(target, { noise: ve, start, steps: 100 });
    const errorOf = async (schedule: Schedule): Promise<number> => {
      const { x } = await sample(target, {
        noise: ve,
        schedule,
        sampler: ddim(),
        start,
        count: 200,
        batch: 200,
      });
      return rootMeanSquare(x, exact, { dimension: 2 }).value;
    };
    const fine = polynomial({ steps: 60 });
    const measured = await gitsCosts(target, { noise: ve, grid: fine, count: 64 });
    const paths = gitsTimes(measured, 10, { coefficient: 1 });
    for (const steps of [5, 6, 8, 10]) {
      const found = await errorOf(times({ times: paths[steps - 1]!.times }));
      const even = await errorOf(polynomial({ steps }));
      assert.ok(found < 0.85 * even, `${steps} steps: ${found}, polynomial ${even}`);
    }
  });
});
