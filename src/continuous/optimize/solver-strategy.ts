import type { FirstGuess } from "../samplers/first-guess.ts";
import type { Dice } from "./dice.ts";
import { scorePredictor } from "./score-predictor.ts";
import type { SolverGenes } from "./solver-genes.ts";
import type { Peer } from "./solver-peers.ts";
import { crossed, mutated, randomGenes } from "./vary-genes.ts";

/** A solver that was run, and its error on the calibration rows. */
export interface Looked {
  readonly genes: SolverGenes;
  readonly score: number;
}

/** What a strategy knows when it is asked for solvers to look at next. */
export interface StrategyState {
  /** All so far, stage after stage. */
  readonly looked: readonly Looked[];
  /** How many more may be looked at, and how many in all. */
  readonly left: number;
  readonly candidates: number;
  readonly peers: readonly Peer[];
  /** What a first step may guess. */
  readonly guesses: readonly FirstGuess[];
  /** Lambda from the first time to the last. */
  readonly range: number;
  readonly dice: Dice;
}

/** Which solvers to look at next; an empty list ends the search. */
export interface SolverStrategy {
  readonly name: string;
  next(state: StrategyState): SolverGenes[];
}

/**
 * The search of S3: published solvers on plain grids first; then, stage after stage, children of the best so far, of which
 * a predictor fitted to all errors so far chooses those to run. A fifth of every stage is chosen by lot, so that the
 * predictor also learns where it is wrong.
 *
 * Source: Liu et al. 2023 (2312.07243), section 4. Children are made as in the released search, whose parents are the
 * best 15 and whose chance of two parents is 0.3; the predictor is a ridge regression here.
 *
 * @param options.stages after the first, default 8 @param options.parents default 15
 * @param options.pool children made for every one that is run, default 16
 */
export function staged({
  stages = 8,
  parents = 15,
  pool = 16,
}: {
  readonly stages?: number;
  readonly parents?: number;
  readonly pool?: number;
} = {}): SolverStrategy {
  for (const [name, value] of Object.entries({ stages, parents, pool })) {
    if (!(Number.isInteger(value) && value >= 1)) {
      throw new RangeError(`staged: ${name} = ${value}; expected a whole number >= 1`);
    }
  }
  return {
    name: "staged",
    next({ looked, left, candidates, peers, guesses, range, dice }) {
      if (looked.length === 0) return spread(peers, Math.ceil(left / 2)).map(({ genes }) => genes);
      const count = Math.min(left, Math.ceil((candidates - Math.min(peers.length, candidates / 2)) / stages));
      const best = [...looked].sort((a, b) => a.score - b.score).slice(0, parents);
      const children = Array.from({ length: count * pool }, () => {
        const one = dice.pick(best).genes;
        const parent = dice.chance(0.3) ? crossed(one, dice.pick(best).genes, dice) : one;
        return mutated(parent, { dice, guesses });
      });
      const predicted = scorePredictor(looked, { range });
      const byLot = children.slice(0, Math.floor(count / 5));
      const ranked = children
        .slice(byLot.length)
        .map((genes) => ({ genes, score: predicted(genes) }))
        .sort((a, b) => a.score - b.score);
      return [...ranked.slice(0, count - byLot.length).map(({ genes }) => genes), ...byLot];
    },
  };
}

/** Random solvers on random grids, for comparison: what as many looks find without a plan. */
export function atRandom(): SolverStrategy {
  return {
    name: "random",
    next: ({ left, peers, guesses, dice }) =>
      Array.from({ length: left }, () => randomGenes(dice.pick(peers).genes.shares, { dice, guesses })),
  };
}

/** All of a list, or as many as asked for, evenly over it. */
function spread<Item>(items: readonly Item[], most: number): Item[] {
  if (items.length <= most) return [...items];
  return Array.from({ length: most }, (_, i) => items[Math.floor((i * items.length) / most)]!);
}
