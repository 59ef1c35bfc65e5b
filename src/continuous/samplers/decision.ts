import type { Expansion } from "./expansion.ts";
import type { Taylor } from "./unified-update.ts";

/** What is decided for one step of the unified framework. */
export interface Decision extends Taylor {
  /** The prediction whose Taylor series the step is. */
  readonly expansion: Expansion;
  /** How the end of the step is corrected; default not at all. */
  readonly corrector?: Correction;
}

/**
 * The step made again once the model was asked at its predicted end. Here the newest point, 0, is that end, and 1 is where
 * the step started. The next step goes on from the corrected point with the prediction made at the predicted one.
 */
export interface Correction extends Taylor {
  /** Asks the model at the corrected point too, for a call more; default false. */
  readonly again?: boolean;
}

/** How many points before the newest the update of a step with these decisions needs. */
export function reachOf({ from = 0, derivatives = [] }: Taylor): number {
  return Math.max(from, ...derivatives.flat());
}

/** Where a corrector starts unless it says otherwise. */
export function correcting(corrector: Correction): Correction {
  return { from: 1, ...corrector };
}

/** Model calls of a run: one a step, and one more where a corrector asks again or the last step is corrected. */
export function decidedCalls(decisions: readonly Decision[]): number {
  return decisions.reduce((sum, { corrector }, i) => {
    const last = i + 1 === decisions.length;
    return sum + 1 + (corrector && (last || corrector.again) ? 1 : 0);
  }, 0);
}

/**
 * Checks what every step refers to.
 *
 * @throws RangeError that names the step, if it refers to points that are not there, twice to one, or too few
 */
export function checkDecisions(decisions: readonly Decision[]): void {
  if (decisions.length === 0) throw new RangeError("unified: no decisions; expected one a step");
  decisions.forEach((decision, step) => {
    checkTaylor(decision, { where: `decisions[${step}]`, points: step + 1 });
    if (!decision.corrector) return;
    const corrector = correcting(decision.corrector);
    const where = `decisions[${step}].corrector`;
    if (corrector.from === 0) {
      throw new RangeError(`unified: ${where}.from = 0, the end itself; expected 1, where the step started`);
    }
    checkTaylor(corrector, { where, points: step + 2 });
  });
}

function checkTaylor(taylor: Taylor, { where, points }: { where: string; points: number }): void {
  const { from = 0, derivatives = [] } = taylor;
  const there = (point: number): boolean => Number.isInteger(point) && point >= 0 && point < points;
  if (!there(from)) {
    throw new RangeError(
      `unified: ${where}.from = ${from}; expected a point, 0 for the newest to ${points - 1} for the first`,
    );
  }
  derivatives.forEach((active, i) => {
    const whole = active.every((point) => there(point) && point !== from);
    if (whole && new Set(active).size === active.length && active.length > i) return;
    throw new RangeError(
      `unified: ${where}.derivatives[${i}] = [${active.join(", ")}]; expected at least ${i + 1} different points from 0 (the newest) to ${points - 1} (the first), without ${from}, where the step starts`,
    );
  });
}
