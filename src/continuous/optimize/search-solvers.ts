import type { Abort } from "../../denoisers/abortable.ts";
import { halvingOfRows } from "../../optimize/successive-halving.ts";
import type { Denoiser } from "../denoisers/denoiser.ts";
import type { ContinuousMethod } from "../method.ts";
import type { Noise } from "../noise/noise.ts";
import { averageX0, pureNoise, zeroX0 } from "../samplers/first-guess.ts";
import { times } from "../schedules/times.ts";
import { storedDecisions } from "../stored-decisions.ts";
import { dice } from "./dice.ts";
import { type RowRange, solverErrors } from "./solver-errors.ts";
import { decisionsOfGenes, type SolverGenes, samplerOfGenes, timesOfGenes } from "./solver-genes.ts";
import { type Peer, solverPeers } from "./solver-peers.ts";
import { type Looked, type SolverStrategy, staged } from "./solver-strategy.ts";
import { flowTeacher, type Teacher } from "./teacher.ts";

/** What is searched for, with how much. */
export interface SolverSearchOptions {
  readonly noise: Noise;
  /** Model calls of a run, the same for all solvers; a guided model makes two for each. */
  readonly calls: number;
  /** Solvers to look at, default 200. */
  readonly candidates?: number;
  /** Rows that each is looked at on, the same for all, default 64; more where few rows hold most of the error. */
  readonly rows?: number;
  /** Of the best, how many are compared again on fresh rows; default 10. */
  readonly finalists?: number;
  /** Of start points and choices, default 0. */
  readonly seed?: number;
  /** First time, default the noise's horizon. */
  readonly from?: number;
  /** Last time, sigma > 0; default the noise's cutoff. */
  readonly to?: number;
  /** Default staged(). */
  readonly strategy?: SolverStrategy;
  /** Default flowTeacher(). */
  readonly teacher?: Teacher;
  /** Told after every look, with the least error so far. */
  readonly progress?: (done: {
    readonly looked: number;
    readonly candidates: number;
    readonly best: number;
  }) => void;
  /** Checked before every model call. */
  readonly signal?: Abort;
}

/** A solver that was found, and how it did. */
export interface FoundSolver {
  /** The published solver and grid that it is, if it is one. */
  readonly name?: string;
  /** As plans store it. */
  readonly method: ContinuousMethod;
  /** Root-mean-square error on the calibration rows. */
  readonly score: number;
  /** The same on the fresh rows of the comparison, and how many those were. */
  readonly fresh: number;
  readonly freshRows: number;
}

/** What a search found, and what it took. */
export interface SolverSearch {
  /** The best on fresh rows. */
  readonly best: FoundSolver;
  /** Best first. */
  readonly finalists: readonly FoundSolver[];
  /** [candidates] the least error so far, after each of them. */
  readonly bestSoFar: readonly number[];
  /** Model calls of the search, the teacher's included. */
  readonly calls: number;
  /** Rows sent through the model. */
  readonly evaluations: number;
  /** Those of them that were the teacher's. */
  readonly teacherEvaluations: number;
}

/**
 * Searches times, expansions, orders, points, relaxations, correctors and the guess of the first step, all together, for a
 * solver of a number of calls whose ends are nearest to those of a fine teacher, by root-mean-square error.
 *
 * A strategy says which solvers to look at; each is run on the same calibration rows. The best look better there than they
 * are, so the finalists, with the best published solver among them, are compared again on fresh rows by successive
 * halving, for a quarter of what was spent so far. The teacher runs once on every row. What the result is worth is
 * to be measured on other rows still.
 *
 * Same seed, same result. Source: Liu et al. 2023 (2312.07243), section 4; its measure is the FID of samples.
 *
 * @throws RangeError if an option is out of range, the last time is clean, or the model returns NaN
 */
export async function searchSolvers(denoiser: Denoiser, options: SolverSearchOptions): Promise<SolverSearch> {
  const { noise, calls, candidates = 200, rows = 64, finalists = 10, seed = 0 } = options;
  const { from = noise.horizon, to = noise.cutoff, teacher = flowTeacher(), signal } = options;
  checkOptions({ calls, candidates, rows, finalists });
  if (!(noise.sigma(to) > 0 && from > to)) {
    throw new RangeError(
      `searchSolvers: from = ${from}, to = ${to} with sigma ${noise.sigma(to)}; expected falling times that end above the clean end`,
    );
  }
  const errors = solverErrors(denoiser, { noise, from, to, teacher, seed, signal });
  const ends = { noise, from, to };
  const world: World = {
    ...{ calls, candidates, rows, ends, peers: solverPeers({ calls, ...ends }) },
    mean: await errors.average({ first: 0, count: rows }),
    squares: (genes, range) => {
      const schedule = times({ times: timesOfGenes(genes, ends) });
      return errors.of({ sampler: samplerOfGenes(genes), schedule }, range);
    },
  };
  const { looked, bestSoFar } = await explored(world, options);
  const found = await comparedAgain(world, finalistsOf(looked, { finalists, peers: world.peers }));
  return { best: found[0]!, finalists: found, bestSoFar, ...errors.counted() };
}

/** What both parts of a search need. */
interface World {
  readonly calls: number;
  readonly candidates: number;
  readonly rows: number;
  readonly ends: { readonly noise: Noise; readonly from: number; readonly to: number };
  readonly peers: readonly Peer[];
  /** [dimension] of the data, as the teacher has it. */
  readonly mean: Float64Array;
  squares(genes: SolverGenes, range: RowRange): Promise<Float64Array>;
}

/** Looks at what the strategy proposes, stage after stage, all on the calibration rows. */
async function explored(
  { calls, candidates, rows, ends, peers, mean, squares }: World,
  { strategy = staged(), seed = 0, progress }: SolverSearchOptions,
): Promise<{ looked: Looked[]; bestSoFar: number[] }> {
  const looked: Looked[] = [];
  const bestSoFar: number[] = [];
  const fixed = {
    ...{ candidates, peers, guesses: [pureNoise, zeroX0, averageX0({ mean })], dice: dice(seed) },
    range: ends.noise.lambda(ends.to) - ends.noise.lambda(ends.from),
  };
  while (looked.length < candidates) {
    const left = candidates - looked.length;
    const stage = strategy.next({ ...fixed, looked, left }).slice(0, left);
    if (stage.length === 0) break;
    // As many finalists as candidates: one round, in which every solver runs on all calibration rows.
    const { ranking } = await halvingOfRows({
      ...{ candidates: stage.length, finalists: stage.length, batch: rows, join, score: rootMean },
      ...{ calls: () => calls, budget: stage.length * rows * calls },
      async run(candidate, range) {
        const found = await squares(stage[candidate]!, range);
        const best = Math.min(bestSoFar.at(-1) ?? Number.POSITIVE_INFINITY, await rootMean(found));
        bestSoFar.push(best);
        progress?.({ looked: bestSoFar.length, candidates, best });
        return found;
      },
    });
    looked.push(...ranking.map(({ candidate, score }) => ({ genes: stage[candidate]!, score })));
  }
  return { looked, bestSoFar };
}

/** The finalists on rows that chose none of them, best first, for a quarter of what all looks took. */
async function comparedAgain(
  { calls, candidates, rows, ends, peers, squares }: World,
  { entries, kept }: { entries: readonly Looked[]; kept: readonly number[] },
): Promise<FoundSolver[]> {
  const { ranking } = await halvingOfRows({
    ...{ candidates: entries.length, finalists: 2, kept, batch: 8, join, score: rootMean },
    ...{ calls: () => calls, budget: Math.ceil((candidates * rows * calls) / 4) },
    run: (candidate, { first, count }) => squares(entries[candidate]!.genes, { first: rows + first, count }),
  });
  return ranking.map(({ candidate, score: fresh, rows: freshRows }) => {
    const { genes, score } = entries[candidate]!;
    const name = peers.find((peer) => peer.genes === genes)?.name;
    return { ...(name && { name }), method: methodOfGenes(genes, ends), score, fresh, freshRows };
  });
}

function methodOfGenes(genes: SolverGenes, ends: World["ends"]): ContinuousMethod {
  const found = timesOfGenes(genes, ends);
  return {
    ...{ solver: { name: "unified" }, schedule: { times: found }, steps: found.length - 1 },
    decisions: storedDecisions(decisionsOfGenes(genes), genes.guess),
  };
}

/** The best of all, and the best published solver if it is not among them, which stays to the end. */
function finalistsOf(
  looked: readonly Looked[],
  { finalists, peers }: { finalists: number; peers: readonly Peer[] },
): { entries: readonly Looked[]; kept: number[] } {
  const ranked = [...looked].sort((a, b) => a.score - b.score);
  const plain = ranked.find(({ genes }) => peers.some((peer) => peer.genes === genes));
  const entries = ranked.slice(0, finalists);
  if (plain && !entries.includes(plain)) entries.push(plain);
  return { entries, kept: plain ? [entries.indexOf(plain)] : [] };
}

async function rootMean(squares: Float64Array): Promise<number> {
  return Math.sqrt(squares.reduce((a, b) => a + b, 0) / squares.length);
}

function join(before: Float64Array, made: Float64Array): Float64Array {
  return Float64Array.of(...before, ...made);
}

function checkOptions(numbers: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(numbers)) {
    if (!(Number.isInteger(value) && value >= 1)) {
      throw new RangeError(`searchSolvers: ${name} = ${value}; expected a whole number >= 1`);
    }
  }
}
