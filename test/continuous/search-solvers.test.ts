/** The search over solver schedules: its space, its predictor, its bookkeeping, and what it finds. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  atRandom,
  type ContinuousMethod,
  continuousCalls,
  continuousOptions,
  continuousPlan,
  type Denoiser,
  dataExpansion,
  ddim,
  decisionsOf,
  empiricalExpansion,
  flowTeacher,
  noiseExpansion,
  normals,
  probabilityFlow,
  type Sampler,
  sample,
  searchSolvers,
  staged,
  storedDecisions,
  timePower,
  uniPc,
  zeroX0,
} from "../../src/continuous/index.ts";
import { rootMeanSquare } from "../../src/continuous/measures/root-mean-square.ts";
import { dice } from "../../src/continuous/optimize/dice.ts";
import { scorePredictor } from "../../src/continuous/optimize/score-predictor.ts";
import {
  decisionsOfGenes,
  type SolverGenes,
  samplerOfGenes,
  sharesOf,
  timesOfGenes,
} from "../../src/continuous/optimize/solver-genes.ts";
import { grids, solverPeers } from "../../src/continuous/optimize/solver-peers.ts";
import { crossed, mutated, randomGenes } from "../../src/continuous/optimize/vary-genes.ts";
import { bh2Relaxation } from "../../src/continuous/samplers/relaxation.ts";
import { parseContinuousPlan } from "../../src/model/continuous-plan-file.ts";
import { halvingOfRows } from "../../src/optimize/successive-halving.ts";
import { close } from "../golden.ts";
import { noise, starts, target } from "./bench.ts";

const ends = { noise, from: noise.horizon, to: noise.cutoff };
const small = { noise, calls: 5, candidates: 40, rows: 16, teacher: flowTeacher({ steps: 25 }) };

/** The bench's model, and how often and on how many rows it was asked. */
function counted(): { model: Denoiser; asked: { calls: number; rows: number } } {
  const asked = { calls: 0, rows: 0 };
  const model: Denoiser = {
    dimension: 2,
    predict(input) {
      asked.calls++;
      asked.rows += input.batch;
      return target.predict(input);
    },
  };
  return { model, asked };
}

describe("halving of rows that are not tokens", () => {
  it("joins what it is told to join, and drops as with tokens", async () => {
    const seen = new Map<number, number>();
    const { ranking, evaluations } = await halvingOfRows<{ readonly sum: number; readonly rows: number }>({
      ...{ candidates: 8, budget: 64, batch: 1, finalists: 2, calls: () => 1 },
      async run(candidate, { first, count }) {
        assert.equal(first, seen.get(candidate) ?? 0);
        seen.set(candidate, first + count);
        return { sum: count * Math.abs(candidate - 5), rows: count };
      },
      join: (before, made) => ({ sum: before.sum + made.sum, rows: before.rows + made.rows }),
      score: async ({ sum, rows }) => sum / rows,
    });
    assert.deepEqual(
      ranking.slice(0, 3).map(({ candidate, score }) => [candidate, score]),
      [
        [5, 0],
        [4, 1],
        [6, 1],
      ],
    );
    assert.equal(
      evaluations,
      [...seen.values()].reduce((a, b) => a + b, 0),
    );
    assert.equal(ranking[0]!.rows, seen.get(5));
  });
});

describe("solver genes", () => {
  it("of a published solver are its decisions and its grid", async () => {
    const peers = solverPeers({ calls: 6, ...ends });
    const run = { noise, start: starts, count: 2 };
    const of = (name: string): SolverGenes => peers.find((peer) => peer.name === name)!.genes;
    const asDecided = (genes: SolverGenes) => storedDecisions(decisionsOfGenes(genes));
    assert.deepEqual(
      asDecided(of("dpmpp-3m, log-snr")),
      storedDecisions(decisionsOf({ steps: 6, order: 3, relaxation: bh2Relaxation })),
    );
    const solvers: [string, Sampler][] = [
      ["ddim", ddim()],
      ["unipc", uniPc()],
      ["unipc:order=3", uniPc({ order: 3 })],
    ];
    for (const [name, sampler] of solvers) {
      for (const grid of grids) {
        const schedule = grid({ steps: 6 });
        const genes = of(`${name}, ${schedule.name}`);
        close(timesOfGenes(genes, ends), schedule.resolve(noise), { abs: 1e-12, rel: 1e-10 }, "times");
        const [mine, plain] = await Promise.all(
          [samplerOfGenes(genes), sampler].map((each) => sample(target, { ...run, schedule, sampler: each })),
        );
        close(mine!.x, plain!.x, { abs: 1e-10, rel: 1e-10 }, name);
      }
    }
  });

  it("vary without leaving the space: as many calls, rising times, decisions that a run can take", async () => {
    const chance = dice(3);
    const guesses = [zeroX0];
    const calls = 4;
    const shares = sharesOf(timePower({ steps: calls }).resolve(noise), noise);
    let pool = Array.from({ length: 6 }, () => randomGenes(shares, { dice: chance, guesses }));
    const orders = new Set<number>();
    for (let generation = 0; generation < 30; generation++) {
      pool = pool.map((genes) =>
        mutated(crossed(genes, chance.pick(pool), chance), { dice: chance, guesses }),
      );
      for (const genes of pool) {
        const steps = calls + (genes.guess ? 1 : 0);
        assert.deepEqual([genes.shares.length, genes.steps.length], [steps, steps]);
        const decisions = decisionsOfGenes(genes);
        const sampler = samplerOfGenes(genes);
        assert.equal(sampler.calls, 1);
        decisions.forEach(({ derivatives = [] }) => {
          orders.add(derivatives.length + 1);
        });
        const found = timesOfGenes(genes, ends);
        assert.ok(found.every((t, i) => i === 0 || t < found[i - 1]!));
      }
    }
    assert.deepEqual([...orders].sort(), [1, 2, 3, 4]);
  });

  it("are the same for the same seed, and dice are fair", () => {
    const drawn = (seed: number) => {
      const own = dice(seed);
      return Array.from({ length: 4000 }, () => own.pick(["a", "b", "c"], [1, 2, 1]));
    };
    assert.deepEqual(drawn(1), drawn(1));
    assert.notDeepEqual(drawn(1), drawn(2));
    // 4000 draws of probability 1/2: 5 standard deviations are 158; false alarm 6e-7.
    assert.ok(Math.abs(drawn(1).filter((each) => each === "b").length - 2000) < 158);
    const own = dice(4);
    const values = Array.from({ length: 4000 }, () => own.normal());
    const square = values.reduce((sum, value) => sum + value * value, 0) / values.length;
    // Deviation of the mean square sqrt(2 / 4000): 5 of them.
    assert.ok(Math.abs(square - 1) < 0.112, `${square}`);
  });
});

describe("the predictor", () => {
  it("finds an error that is a sum over steps, also of solvers it has not seen", () => {
    const chance = dice(8);
    const shares = [0.4, 0.3, 0.2, 0.1];
    const any = () => randomGenes(shares, { dice: chance, guesses: [zeroX0] });
    const score = ({ shares: own, steps, guess }: SolverGenes): number =>
      Math.exp(
        (guess ? 0.2 : 0) +
          steps.reduce(
            (sum, step, i) =>
              sum +
              (step.expansion === dataExpansion ? 0 : 0.15) +
              (step.corrected ? -0.1 : 0) +
              0.25 * (Math.log(own[i]! * own.length) - 0.2) ** 2,
            0,
          ),
      );
    const looked = Array.from({ length: 200 }, any).map((genes) => ({ genes, score: score(genes) }));
    const predicted = scorePredictor(
      [...looked, { genes: any(), score: Number.POSITIVE_INFINITY }, { genes: any(), score: 0 }],
      { range: 10 },
    );
    const unseen = Array.from({ length: 100 }, any);
    const truth = unseen.map((genes) => Math.log(score(genes)));
    const guess = unseen.map(predicted);
    const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
    const [centre, around] = [mean(truth), mean(guess)];
    const covariance = mean(truth.map((value, i) => (value - centre) * (guess[i]! - around)));
    const deviation = (values: readonly number[], at: number) =>
      Math.sqrt(mean(values.map((value) => (value - at) ** 2)));
    const correlation = covariance / deviation(truth, centre) / deviation(guess, around);
    assert.ok(correlation > 0.9, `correlation ${correlation}`);
    assert.equal(scorePredictor([{ genes: any(), score: Number.NaN }], { range: 10 })(any()), 0);
  });
});

describe("searchSolvers", () => {
  it("is no worse than the best published solver of its start, on fresh rows, at equal calls", async () => {
    const { model, asked } = counted();
    const told: number[] = [];
    const options = {
      ...small,
      candidates: 100,
      progress: ({ looked }: { looked: number }) => told.push(looked),
    };
    const search = await searchSolvers(model, options);
    assert.deepEqual(
      told,
      Array.from({ length: 100 }, (_, i) => i + 1),
    );
    assert.equal(search.bestSoFar.length, 100);
    assert.ok(search.bestSoFar.every((best, i) => i === 0 || best <= search.bestSoFar[i - 1]!));
    assert.ok(search.bestSoFar.at(-1)! < search.bestSoFar[44]!, "the stages improve on the start");
    const peers = search.finalists.filter(({ name }) => name !== undefined);
    assert.ok(peers.length >= 1, "the best published solver is among the finalists");
    assert.ok(peers.every(({ fresh }) => search.best.fresh <= fresh));
    assert.equal(search.best, search.finalists[0]);
    for (const { method, score } of search.finalists) {
      assert.equal(continuousCalls(method), 5);
      assert.ok(score >= search.bestSoFar.at(-1)!);
    }
    // Model calls and rows are those that the model saw, and the teacher ran once on every row: 25 steps of 4 calls.
    assert.deepEqual([search.calls, search.evaluations], [asked.calls, asked.rows]);
    const rows = 16 + Math.max(...search.finalists.map(({ freshRows }) => freshRows));
    assert.equal(search.teacherEvaluations, rows * 25 * 4);
    const explored = 100 * 16 * 5;
    const spent = search.evaluations - search.teacherEvaluations;
    assert.ok(spent >= explored && spent <= 1.3 * explored, `${spent} rows for ${explored}`);
  });

  it("reports errors that a run of the stored plan has", async () => {
    const { best } = await searchSolvers(target, small);
    const plan = continuousPlan({ name: "mixture", fingerprint: "0", shape: [2] }, { method: best.method });
    const read = parseContinuousPlan(JSON.parse(JSON.stringify(plan)), "plan.json");
    assert.deepEqual(read, JSON.parse(JSON.stringify(plan)));
    assert.equal(read.continuous.calls, 5);
    const start = new Float64Array(32);
    for (let row = 0; row < 16; row++) {
      normals(0).fill(start.subarray(2 * row, 2 * row + 2), { row, index: "start", stage: 0 });
    }
    const { calls: _, ...method } = read.continuous;
    const { x, calls } = await sample(target, { ...continuousOptions(method, { noise }), start, count: 16 });
    const exact = await probabilityFlow(target, { noise, start, steps: 25 });
    close(rootMeanSquare(x, exact, { dimension: 2 }).value, best.score, { abs: 0, rel: 1e-9 }, "score");
    assert.equal(calls, 5);
  });

  it("same seed, same search; another seed or strategy, another", async () => {
    const first = await searchSolvers(target, small);
    assert.deepEqual(await searchSolvers(target, small), first);
    const other = await searchSolvers(target, { ...small, seed: 1 });
    assert.notDeepEqual(other.best.method, first.best.method);
    const random = await searchSolvers(target, { ...small, strategy: atRandom() });
    assert.equal(random.bestSoFar.length, first.bestSoFar.length);
    assert.ok(random.finalists.every(({ name }) => name === undefined));
    assert.notDeepEqual(random.best.method, first.best.method);
  });

  it("gives up runs that leave all bounds, and passes on what the model throws", async () => {
    // eps grows with x far from the data: some solvers diverge.
    const steep: Denoiser = {
      dimension: 1,
      predict: ({ x, sigma }) => x.map((value, row) => (value / sigma[row]!) * (1 + value * value)),
    };
    const search = await searchSolvers(steep, {
      ...small,
      candidates: 12,
      teacher: async (_, { start }) => [start.map(() => 0)],
    });
    assert.equal(search.bestSoFar.length, 12);
    const broken: Denoiser = {
      dimension: 1,
      predict: () => {
        throw new Error("no such tensor");
      },
    };
    await assert.rejects(searchSolvers(broken, small), /no such tensor/);
  });

  it("stops when it is told to, and refuses what makes no sense", async () => {
    const stop = new AbortController();
    const stopped = searchSolvers(target, {
      ...small,
      signal: stop.signal,
      progress: ({ looked }) => looked === 5 && stop.abort(new Error("enough")),
    });
    await assert.rejects(stopped, /enough/);
    await assert.rejects(searchSolvers(target, { ...small, calls: 0 }), /searchSolvers: calls = 0/);
    await assert.rejects(searchSolvers(target, { ...small, rows: 1.5 }), /rows = 1.5; expected a whole/);
    await assert.rejects(searchSolvers(target, { ...small, to: 0 }), /end above the clean end/);
    assert.throws(() => staged({ stages: 0 }), /staged: stages = 0/);
    for (const calls of [1, 2]) {
      const { best } = await searchSolvers(target, { ...small, calls, candidates: 3, rows: 8 });
      assert.equal(continuousCalls(best.method), calls);
    }
  });
});

describe("decisions of a plan", () => {
  const method = (more: Partial<ContinuousMethod>): ContinuousMethod => ({
    ...{ solver: { name: "unified" }, schedule: { name: "log-snr" }, steps: 2 },
    decisions: { steps: [{ expansion: "data" }, { expansion: "noise", derivatives: [[1]] }] },
    ...more,
  });

  it("are the sampler that they were stored from", async () => {
    const decisions = decisionsOf({ steps: 2, order: 2, expansion: noiseExpansion, lowerOrderFinal: false });
    const options = continuousOptions(method({ decisions: storedDecisions(decisions) }), { noise });
    const peer = decisionsOf({ steps: 2, order: 2, expansion: noiseExpansion, lowerOrderFinal: false });
    assert.deepEqual(storedDecisions(peer), storedDecisions(decisions));
    const { x } = await sample(target, { ...options, start: starts, count: 2 });
    assert.ok(x.every(Number.isFinite));
  });

  it("are counted: a guess saves a call, a corrector that asks again or of the last step costs one", () => {
    const steps = [{ expansion: "data", corrector: { derivatives: [[0]] } }, { expansion: "data" }];
    assert.equal(continuousCalls(method({ decisions: { steps } })), 2);
    assert.equal(continuousCalls(method({ decisions: { steps, guess: { name: "zero-x0" } } })), 1);
    const mean = { name: "average-x0", mean: [0, 1] };
    assert.equal(continuousCalls(method({ decisions: { steps, guess: mean }, denoise: true })), 2);
    const again = [{ expansion: "data", corrector: { derivatives: [[0]], again: true } }, steps[0]!];
    assert.equal(continuousCalls(method({ decisions: { steps: again } })), 4);
  });

  it("that cannot be are refused in sentences", () => {
    const refused = (more: Partial<ContinuousMethod>, message: RegExp): void => {
      assert.throws(() => continuousOptions(method(more), { noise }), message);
    };
    refused({ steps: 3 }, /decisions: 2 for 3 steps/);
    refused({ solver: { name: "ddim" } }, /solver "ddim" takes no decisions/);
    const { decisions: _, ...without } = method({});
    assert.throws(() => continuousOptions(without, { noise }), /solver "unified" needs decisions/);
    const one = (step: object) => ({
      decisions: { steps: [{ expansion: "data", ...step }, { expansion: "data" }] },
    });
    refused(one({ expansion: "score" }), /nothing to expand is called "score"/);
    refused(one({ corrector: { derivatives: [[0]], relaxation: { name: "none" } } }), /relaxation "none"/);
    refused(one({ derivatives: [[1]] }), /decisions\[0\]\.derivatives\[0\]/);
    const { steps } = method({}).decisions!;
    refused({ decisions: { steps, guess: { name: "average-x0" } } }, /"average-x0" without a mean/);
    const statistics = { lambdaFirst: -5, lambdaLast: 5, l: [[0], [0]], s: [[0], [0]], b: [[0], [0]] };
    assert.throws(
      () => storedDecisions([{ expansion: empiricalExpansion(statistics) }]),
      /step 0 expands "empirical"/,
    );
  });
});
