/** The search for plans: successive halving, what it chooses among, what it chooses, and that it can be resumed. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import {
  absorbing,
  chainNGramLaw,
  linear,
  type Measure,
  markovChain,
  nGramKL,
  type PooledMeasure,
  sample,
  uniform,
} from "../src/index.ts";
import { openSearchJournal } from "../src/node/search-journal.ts";
import { callsOf, methodOptions, stepsWithin } from "../src/optimize/method-parts.ts";
import { gridCandidates, planCandidates } from "../src/optimize/plan-candidates.ts";
import { planScore } from "../src/optimize/plan-score.ts";
import { searchPlans } from "../src/optimize/search-plans.ts";
import { type HalvingRound, successiveHalving } from "../src/optimize/successive-halving.ts";
import { samplers } from "../src/parts.ts";
import { ordinal } from "../src/processes/ordinal.ts";
import { uniformProcess } from "../src/processes/uniform-process.ts";

const folder = mkdtempSync(join(tmpdir(), "fewstep-search-"));
after(() => rmSync(folder, { recursive: true, force: true }));

describe("successive halving", () => {
  /** Candidate c's rows are c itself, so that its score is the distance of c from 11. */
  const run = async (candidate: number, { count }: { count: number }) =>
    new Int32Array(count).fill(candidate);
  const score = async (tokens: Int32Array) => Math.abs(tokens[0]! - 11);

  it("halves the candidates, doubles their rows, keeps what it is told to keep and stays within its budget", async () => {
    const rounds: HalvingRound[] = [];
    const { ranking, evaluations } = await successiveHalving({
      ...{ candidates: 24, budget: 4800, batch: 4, kept: [0], run, score },
      calls: () => 2,
      onRound: (round) => rounds.push(round),
    });
    assert.deepEqual(
      ranking.slice(0, 5).map(({ candidate }) => candidate),
      [11, 10, 12, 9, 0],
    );
    assert.equal(ranking.length, 24);
    assert.equal(new Set(ranking.map(({ candidate }) => candidate)).size, 24);
    assert.deepEqual(
      rounds.map(({ standing }) => standing.length),
      [24, 13, 8, 5],
    );
    const rows = rounds.map((round) => round.rows);
    assert.ok(rows.every((each, i) => i === 0 || each > 1.4 * rows[i - 1]!));
    assert.ok(evaluations <= 4800 && evaluations > 0.85 * 4800, `${evaluations} evaluations`);
    assert.deepEqual([ranking[0]!.rows, ranking.at(-1)!.rows], [rows.at(-1), rows[0]]);
  });

  it("puts NaN last and keeps the order of equals", async () => {
    const { ranking } = await successiveHalving({
      ...{ candidates: 3, budget: 30, batch: 1, run },
      calls: () => 1,
      score: async (tokens) => (tokens[0] === 0 ? Number.NaN : 1),
    });
    assert.deepEqual(
      ranking.map(({ candidate }) => candidate),
      [1, 2, 0],
    );
  });
});

describe("the score of a plan", () => {
  const fixed = (name: string, value: number, more: Partial<PooledMeasure> = {}): Measure => ({
    ...{ name, label: name, better: "lower", of: () => value },
    ...more,
  });

  it("is the geometric mean of the distances; figures that sameness improves have no say", async () => {
    const { of, score } = planScore([
      fixed("a", 4 - 0.01),
      fixed("b", 9 - 0.01),
      fixed("c", 1e9, { modeSeeking: true }),
      fixed("d", 1e9, { better: "neither" }),
    ]);
    assert.deepEqual(of, ["a", "b"]);
    assert.ok(Math.abs((await score(new Int32Array(100), 10)) - 6) < 1e-12);
  });

  it("does not reward what is below the floor of fresh data", async () => {
    const share: Measure = {
      ...{ name: "ones", label: "ones", better: "lower" },
      of: (tokens) => tokens.filter((token) => token === 1).length / tokens.length,
    };
    // Two fresh sets of two sequences of two tokens: a quarter and three quarters ones, half on average.
    const { score } = planScore([share], { fresh: Int32Array.of(1, 0, 0, 0, 1, 1, 1, 0) });
    assert.ok(Math.abs((await score(Int32Array.of(0, 0, 0, 0), 2)) - 0.75) < 1e-12);
    assert.ok(Math.abs((await score(Int32Array.of(1, 1, 1, 0), 2)) - 1) < 1e-12);
  });

  it("falls back on the first measure, and says so where there is none", async () => {
    const share = fixed("share", 0.75, { better: "higher", modeSeeking: true });
    assert.equal(await planScore([share]).score(new Int32Array(4), 2), 0.25);
    assert.throws(() => planScore([fixed("x", 1, { better: "neither" })]), /no measure of this model/);
  });
});

describe("the candidates", () => {
  const optimal = async (steps: number) => uniform({ steps });
  const noise = linear();
  const processes = [
    absorbing({ vocabulary: 3 }),
    uniformProcess({ vocabulary: 3 }),
    ordinal({ vocabulary: 3, rateSigma: 1, qSigma: 1 }),
  ];

  it("all run, within the calls, whatever the process and the number of calls", async () => {
    for (const process of processes) {
      for (const calls of [1, 2, 5, 16]) {
        const options = { calls, process, noise, length: 16, shape: { rows: 4, columns: 4 }, optimal };
        const all = await planCandidates(options);
        assert.ok(all.length >= (calls === 1 ? 3 : 8), `${process.name}, ${calls}: ${all.length}`);
        assert.equal(new Set(all.map(({ name }) => name)).size, all.length);
        assert.ok(all.some(({ plain }) => plain));
        const model = markovChain({
          ...{
            initial: [0.5, 0.3, 0.2],
            transition: [0.8, 0.1, 0.1, 0.2, 0.5, 0.3, 0.1, 0.1, 0.8],
            length: 16,
          },
        });
        for (const each of all) {
          assert.ok(callsOf(each) <= calls, each.name);
          const made = await sample(model, { ...methodOptions(each, { process, noise }), count: 2 });
          assert.ok(made.calls <= callsOf(each), `${each.name}: ${made.calls} calls`);
        }
      }
    }
  });

  it("of a schedule alone are a family around the plain grids, each grid once", async () => {
    const options = { calls: 6, process: processes[1]!, noise, length: 16, optimal };
    const all = await gridCandidates({ ...options, sampler: { name: "ancestral" } });
    // The optimal grid here is the uniform one, so it is not there twice.
    assert.equal(all.length, 26);
    assert.ok(all.every(({ sampler }) => sampler.name === "ancestral"));
    await assert.rejects(
      gridCandidates({ ...options, calls: 1, sampler: { name: "theta-trapezoidal" } }),
      /takes more than 1 calls/,
    );
  });

  it("take as many steps as fit", () => {
    const corrector = { name: "loo-gibbs", steps: 2 };
    assert.equal(stepsWithin(10, { sampler: { name: "ancestral" } }), 10);
    assert.equal(stepsWithin(10, { sampler: { name: "theta-trapezoidal" } }), 5);
    assert.equal(stepsWithin(10, { sampler: { name: "ancestral" }, corrector }), 4);
    assert.equal(stepsWithin(1, { sampler: { name: "theta-trapezoidal" } }), 0);
    assert.ok(Object.hasOwn(samplers, "systematic-ancestral"));
  });
});

describe("a search for a plan", () => {
  const chain = {
    ...{ initial: [0.25, 0.25, 0.25, 0.25], length: 32 },
    transition: [
      0.91, 0.03, 0.03, 0.03, 0.03, 0.91, 0.03, 0.03, 0.03, 0.03, 0.91, 0.03, 0.03, 0.03, 0.03, 0.91,
    ],
  };
  const process = absorbing({ vocabulary: 4 });
  const noise = linear();
  const measures = [nGramKL({ n: 2, vocabulary: 4, law: chainNGramLaw(chain, { n: 2 }) })];
  const make = async (remember?: Parameters<typeof searchPlans>[1]["remember"]) =>
    searchPlans(markovChain(chain), {
      ...{ process, noise, measures, budget: 4000, check: 64, seed: 5 },
      candidates: await planCandidates({
        ...{ calls: 4, process, noise, length: 32 },
        optimal: async (steps) => uniform({ steps }),
      }),
      ...(remember ? { remember } : {}),
    });

  it("finds a spread order for a sticky chain and beats every plain method", async () => {
    const { best, checked, ranking, scoredBy } = await make();
    assert.deepEqual(scoredBy, ["bigram-kl"]);
    assert.match(best.name, /stratified|dilated/);
    const plain = checked.filter((each) => each.plain);
    assert.ok(plain.length >= 2 && plain.every(({ score }) => score > best.score));
    assert.ok(ranking.findIndex(({ name }) => name.includes("confidence")) > ranking.length / 2);
  });

  it("goes on where an interrupted search stopped, to the same end", async () => {
    const path = join(folder, "plan.json.search");
    const whole = await make();
    let made = 0;
    const first = await openSearchJournal(path, { search: 1 });
    await assert.rejects(
      make((request, rows) => {
        if (++made > 20) throw new Error("interrupted");
        return first.rows(request, rows);
      }),
      /interrupted/,
    );
    // The line that was being written.
    writeFileSync(path, '{"key":"half', { flag: "a" });
    const second = await openSearchJournal(path, { search: 1 });
    assert.equal(second.resumed, 20);
    let again = 0;
    const resumed = await make((request, rows) =>
      second.rows(request, () => {
        again++;
        return rows();
      }),
    );
    assert.deepEqual(resumed, whole);
    assert.ok(again > 0);
    const third = await openSearchJournal(path, { search: 1 });
    assert.ok(third.resumed >= 20 + again - 1, `${third.resumed} of ${20 + again}`);
    assert.equal((await openSearchJournal(path, { search: 2 })).resumed, 0);
    await second.discard();
  });

  it("does not overwrite a file that is no journal", async () => {
    const path = join(folder, "letter.txt");
    writeFileSync(path, "dear reader\n");
    await assert.rejects(openSearchJournal(path, {}), /is not the journal of a search/);
    assert.equal(readFileSync(path, "utf8"), "dear reader\n");
    await assert.rejects(openSearchJournal(folder, {}), /is no file/);
  });
});
