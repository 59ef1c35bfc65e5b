import { rhoExpansion, stepExpansion, timeExpansion } from "../samplers/clock-expansion.ts";
import { dataExpansion, type Expansion, noiseExpansion } from "../samplers/expansion.ts";
import type { FirstGuess } from "../samplers/first-guess.ts";
import { bh1Relaxation, bh2Relaxation, linearRelaxation, type Relaxation } from "../samplers/relaxation.ts";
import type { Dice } from "./dice.ts";
import type { SolverGenes, StepGenes } from "./solver-genes.ts";

/** Shares are at least this, so that no step is without length. */
const LEAST = 1e-3;
/**
 * Genes with some changed: steps longer or shorter by factors e^(z w), z normal and w the child's own, 0.03 to 0.43; and
 * what a step expands, its order, points, relaxation and corrector, in half of the children with chance 0.3, or for one
 * and a half steps of the run if that is less, in the others for a third of a step, so that their times count. With chance
 * 0.1 the guess of the first step is drawn again; with one a run has a step more, and as many calls as before.
 *
 * The chance of 0.3 and those in `randomStep` are of the released search of USF, Liu et al. 2023 (2312.07243).
 *
 * @param options.guesses what may be guessed
 */
export function mutated(
  genes: SolverGenes,
  { dice, guesses }: { dice: Dice; guesses: readonly FirstGuess[] },
): SolverGenes {
  const base = dice.chance(0.1) ? regrouped(genes, dice.pick([undefined, ...guesses])) : genes;
  const width = 0.03 + 0.4 * dice.uniform() ** 2;
  const change = dice.chance(0.5) ? Math.min(0.3, 1.5 / base.steps.length) : 0.3 / base.steps.length;
  return {
    ...base,
    shares: normalised(base.shares.map((share) => share * Math.exp(width * dice.normal()))),
    steps: base.steps.map((step) => mutatedStep(step, { dice, change })),
  };
}

function mutatedStep(step: StepGenes, { dice, change }: { dice: Dice; change: number }): StepGenes {
  const drawn = randomStep(dice);
  const relaxation = dice.chance(0.5) ? drawn.relaxation : moved(step.relaxation, dice);
  const own = <Gene>(before: Gene, after: Gene): Gene => (dice.chance(change) ? after : before);
  return {
    expansion: own(step.expansion, drawn.expansion),
    order: own(step.order, drawn.order),
    points: own(step.points, drawn.points),
    relaxation: own(step.relaxation, relaxation),
    corrected: own(step.corrected, drawn.corrected),
  };
}

/** A linear relaxation with another coefficient; others as they are. */
function moved(relaxation: Relaxation | undefined, dice: Dice): Relaxation | undefined {
  const { name, coefficient } = relaxation?.part ?? { name: "linear", coefficient: 0 };
  if (name !== "linear") return relaxation;
  return linearRelaxation({ coefficient: Number(coefficient) + 0.1 * dice.normal() });
}

/** What a step may expand. */
export const expansions: readonly Expansion[] = [
  noiseExpansion,
  dataExpansion,
  timeExpansion,
  rhoExpansion,
  stepExpansion,
];

/** Any step. */
export function randomStep(dice: Dice): StepGenes {
  return {
    expansion: dice.pick(expansions),
    order: dice.pick([1, 2, 3, 4], [0.2, 0.4, 0.3, 0.1]),
    points: dice.pick([1, 2, 3], [0.45, 0.45, 0.1]),
    relaxation: dice.pick([
      undefined,
      bh1Relaxation,
      bh2Relaxation,
      linearRelaxation({ coefficient: 0.1 * dice.normal() }),
    ]),
    corrected: dice.chance(0.5),
  };
}

/** Any solver: a grid whose shares are off by factors e^(0.4 z), and any steps on it. */
export function randomGenes(
  grid: readonly number[],
  { dice, guesses }: { dice: Dice; guesses: readonly FirstGuess[] },
): SolverGenes {
  const shares = normalised(grid.map((share) => share * Math.exp(0.4 * dice.normal())));
  const genes = { shares, steps: shares.map(() => randomStep(dice)) };
  return regrouped(genes, dice.pick([undefined, undefined, ...guesses]));
}

/**
 * A child of two: times of one of them or in between; steps one by one of either, or all of one. Parents with different
 * numbers of steps have none: the first is returned.
 */
export function crossed(one: SolverGenes, other: SolverGenes, dice: Dice): SolverGenes {
  if (one.steps.length !== other.steps.length) return one;
  const share = dice.pick([0, dice.uniform(), 1]);
  const mixed = dice.chance(0.5);
  const whole = dice.chance(0.5) ? one : other;
  return {
    shares: one.shares.map((value, i) => share * value + (1 - share) * other.shares[i]!),
    steps: whole.steps.map((step, i) =>
      mixed ? (dice.chance(0.5) ? one.steps[i]! : other.steps[i]!) : step,
    ),
    guess: whole.guess,
  };
}

/** With this guess: the longest step in two where there was none, the shortest neighbours in one where there is none any more. */
function regrouped(genes: SolverGenes, guess: FirstGuess | undefined): SolverGenes {
  const { shares, steps } = genes;
  if ((guess === undefined) === (genes.guess === undefined)) return { ...genes, guess };
  if (guess) {
    const at = shares.indexOf(Math.max(...shares));
    const half = shares[at]! / 2;
    return {
      shares: [...shares.slice(0, at), half, half, ...shares.slice(at + 1)],
      steps: [...steps.slice(0, at + 1), ...steps.slice(at)],
      guess,
    };
  }
  const pairs = shares.slice(1).map((share, i) => share + shares[i]!);
  const at = pairs.indexOf(Math.min(...pairs));
  return {
    shares: [...shares.slice(0, at), pairs[at]!, ...shares.slice(at + 2)],
    steps: steps.filter((_, i) => i !== at),
    guess,
  };
}

function normalised(shares: readonly number[]): number[] {
  const whole = shares.reduce((a, b) => a + b, 0);
  return shares.map((share) => Math.max(LEAST, share / whole));
}
