import type { Noise } from "../noise/noise.ts";
import { analyticFirstStep } from "../samplers/analytic-first-step.ts";
import type { Decision } from "../samplers/decision.ts";
import { oneOrderMore } from "../samplers/decisions-of.ts";
import type { Expansion } from "../samplers/expansion.ts";
import type { FirstGuess } from "../samplers/first-guess.ts";
import type { Relaxation } from "../samplers/relaxation.ts";
import type { Sampler } from "../samplers/sampler.ts";
import { unified } from "../samplers/unified.ts";

/** What varies of one step of a unified solver. */
export interface StepGenes {
  readonly expansion: Expansion;
  /** Of the Taylor series, 1 to 4; the first steps have as many as there are points. */
  readonly order: number;
  /** Points before the newest that M' is estimated from, as far as there are any. */
  readonly points: number;
  /** Of M'; in a step of order 1 that of its corrector. */
  readonly relaxation?: Relaxation | undefined;
  /** Whether the end is corrected; never that of the last step. */
  readonly corrected: boolean;
}

/** A unified solver with its times, as something that can be varied. */
export interface SolverGenes {
  /** [steps] shares of the way in lambda from the first time to the last. */
  readonly shares: readonly number[];
  /** [steps] */
  readonly steps: readonly StepGenes[];
  /** What eps is taken to be in the first step, which then makes no call. */
  readonly guess?: FirstGuess | undefined;
}

/** The decisions that the genes stand for. */
export function decisionsOfGenes({ steps }: SolverGenes): Decision[] {
  return steps.map(({ expansion, relaxation, ...gene }, i) => {
    const order = Math.min(gene.order, i + 1);
    const derivatives = Array.from({ length: order - 1 }, (_, j) => {
      const count = j === 0 ? Math.max(1, Math.min(gene.points, i)) : order - 1;
      return Array.from({ length: count }, (_, k) => k + 1);
    });
    const corrected = gene.corrected && i + 1 < steps.length;
    return {
      expansion,
      derivatives,
      ...(relaxation && order > 1 && { relaxation }),
      ...(corrected && { corrector: oneOrderMore({ derivatives }, order === 1 ? relaxation : undefined) }),
    };
  });
}

/** [steps + 1] The times: the ends as given, between them by the shares. */
export function timesOfGenes(
  { shares }: SolverGenes,
  { noise, from, to }: { noise: Noise; from: number; to: number },
): number[] {
  const [first, last] = [noise.lambda(from), noise.lambda(to)];
  const whole = shares.reduce((a, b) => a + b, 0);
  let sum = 0;
  const inner = shares.slice(0, -1).map((share) => {
    sum += share;
    return noise.timeAt(first + ((last - first) * sum) / whole);
  });
  return [from, ...inner, to];
}

/** The shares of times. */
export function sharesOf(times: ArrayLike<number>, noise: Noise): number[] {
  const lambdas = Array.from(times, (t) => noise.lambda(t));
  const whole = lambdas.at(-1)! - lambdas[0]!;
  return lambdas.slice(1).map((lambda, i) => (lambda - lambdas[i]!) / whole);
}

/** The sampler that the genes stand for. */
export function samplerOfGenes(genes: SolverGenes): Sampler {
  const sampler = unified({ decisions: decisionsOfGenes(genes) });
  return genes.guess ? analyticFirstStep(sampler, { guess: genes.guess }) : sampler;
}
