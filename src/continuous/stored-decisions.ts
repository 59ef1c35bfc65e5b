import { type Factories, makePart, type NamedPart, row } from "../make-part.ts";
import { analyticFirstStep } from "./samplers/analytic-first-step.ts";
import { rhoExpansion, stepExpansion, timeExpansion } from "./samplers/clock-expansion.ts";
import { type Decision, decidedCalls } from "./samplers/decision.ts";
import { dataExpansion, type Expansion, noiseExpansion } from "./samplers/expansion.ts";
import { averageX0, type FirstGuess, pureNoise, zeroX0 } from "./samplers/first-guess.ts";
import {
  bh1Relaxation,
  bh2Relaxation,
  exponentialRelaxation,
  linearRelaxation,
  type Relaxation,
} from "./samplers/relaxation.ts";
import type { Sampler } from "./samplers/sampler.ts";
import { unified } from "./samplers/unified.ts";
import type { Taylor } from "./samplers/unified-update.ts";

/** The decisions of a run as plans store them: names and numbers. */
export interface StoredDecisions {
  /** What eps is taken to be in the first step, which then makes no call; `mean` [dimension] of "average-x0". */
  readonly guess?: { readonly name: string; readonly mean?: readonly number[] };
  /** [steps] */
  readonly steps: readonly StoredDecision[];
}

/** Those of one step, as in `Decision`. */
export interface StoredDecision extends StoredTaylor {
  readonly expansion: string;
  readonly corrector?: StoredTaylor & { readonly again?: boolean };
}

/** An update, as in `Taylor`. */
export interface StoredTaylor {
  readonly from?: number;
  readonly derivatives?: readonly (readonly number[])[];
  readonly relaxation?: NamedPart;
}

const expansions: Readonly<Record<string, Expansion>> = {
  noise: noiseExpansion,
  data: dataExpansion,
  "noise-time": timeExpansion,
  "noise-rho": rhoExpansion,
  "noise-steps": stepExpansion,
};

const guesses: Readonly<Record<string, FirstGuess>> = { "pure-noise": pureNoise, "zero-x0": zeroX0 };

const relaxations: Factories<Relaxation> = {
  bh1: row(() => bh1Relaxation),
  bh2: row(() => bh2Relaxation),
  exponential: row(exponentialRelaxation, "share"),
  linear: row(linearRelaxation, "coefficient"),
};

/**
 * Decisions by their names.
 *
 * @throws RangeError if a step expands what has no name, such as what carries statistics
 */
export function storedDecisions(decisions: readonly Decision[], guess?: FirstGuess): StoredDecisions {
  const stored = guess && {
    guess: { name: guess.name, ...(guess.mean && { mean: Array.from(guess.mean) }) },
  };
  return {
    ...stored,
    steps: decisions.map(({ expansion, corrector, ...taylor }, i) => {
      if (expansions[expansion.name] !== expansion) {
        throw new RangeError(
          `storedDecisions: step ${i} expands "${expansion.name}"; expected one of ${Object.keys(expansions).join(", ")}: others cannot be stored`,
        );
      }
      const { again, ...correction } = corrector ?? {};
      return {
        expansion: expansion.name,
        ...storedTaylor(taylor),
        ...(corrector && { corrector: { ...storedTaylor(correction), ...(again && { again }) } }),
      };
    }),
  };
}

/** The sampler of stored decisions. @throws RangeError if a name is not known or a step refers to what is not there */
export function decidedSampler({ guess, steps }: StoredDecisions): Sampler {
  const sampler = unified({ decisions: steps.map(decision) });
  return guess ? analyticFirstStep(sampler, { guess: guessOf(guess) }) : sampler;
}

/** Model calls of a run. */
export function storedCalls({ guess, steps }: StoredDecisions): number {
  return decidedCalls(steps.map(decision)) - (guess ? 1 : 0);
}

function decision({ expansion: name, corrector, ...taylor }: StoredDecision): Decision {
  const expansion = Object.hasOwn(expansions, name) ? expansions[name] : undefined;
  if (!expansion) {
    throw new RangeError(
      `decisions: nothing to expand is called "${name}"; expected one of ${Object.keys(expansions).join(", ")}`,
    );
  }
  const { again, ...correction } = corrector ?? {};
  return {
    expansion,
    ...madeTaylor(taylor),
    ...(corrector && { corrector: { ...madeTaylor(correction), ...(again && { again }) } }),
  };
}

function storedTaylor({ from, derivatives, relaxation }: Taylor): StoredTaylor {
  return {
    ...(from && { from }),
    ...(derivatives?.length && { derivatives }),
    ...(relaxation && { relaxation: relaxation.part }),
  };
}

function madeTaylor({ relaxation, ...rest }: StoredTaylor): Taylor {
  return { ...rest, ...(relaxation && { relaxation: makePart("relaxation", relaxations, relaxation) }) };
}

function guessOf({ name, mean }: NonNullable<StoredDecisions["guess"]>): FirstGuess {
  if (name === "average-x0" && mean) return averageX0({ mean });
  const guess = Object.hasOwn(guesses, name) ? guesses[name] : undefined;
  if (guess && !mean) return guess;
  throw new RangeError(
    `decisions: guess "${name}" ${mean ? "with a" : "without a"} mean is not known; expected one of ${Object.keys(guesses).join(", ")}, or average-x0 with a mean`,
  );
}
