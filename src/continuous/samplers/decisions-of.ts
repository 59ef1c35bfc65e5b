import { singlestepOrders } from "../schedules/singlestep-times.ts";
import type { Correction, Decision } from "./decision.ts";
import { dataExpansion, type Expansion } from "./expansion.ts";
import type { Relaxation } from "./relaxation.ts";
import type { Taylor } from "./unified-update.ts";

/** The Taylor part of a step from the newest point: derivatives 1 .. order - 1, each from the `order` - 1 points before. */
export function backward(order: number): Taylor {
  const before = Array.from({ length: order - 1 }, (_, i) => i + 1);
  return { derivatives: before.map(() => before) };
}

/**
 * The corrector of UniPC for a step: it starts where the step did, takes the predicted end as one more point for every
 * derivative, has one derivative more, and is relaxed only as it is told.
 */
export function oneOrderMore(
  { from = 0, derivatives = [] }: Taylor,
  relaxation?: Relaxation,
): Required<Pick<Correction, "from" | "derivatives">> & Correction {
  const moved = derivatives.map((active) => [0, ...active.map((point) => point + 1)]);
  return {
    from: from + 1,
    derivatives: [...moved, moved.at(-1) ?? [0]],
    ...(relaxation && { relaxation }),
  };
}

/**
 * The decisions of a multistep method, whose orders rise from 1 as points come in and fall to 1 at the end:
 *
 *     DDIM                            order 1
 *     DPM-Solver, DPM-Solver++ 2M     order 2, relaxation bh2Relaxation (without: their "taylor" variants)
 *     DPM-Solver++ 3M                 order 3, relaxation bh2Relaxation
 *     UniPC                           the relaxation of its B(h), corrector true
 *     tAB-DEIS, rhoAB-DEIS, iPNDM     timeExpansion, rhoExpansion, stepExpansion, lowerOrderFinal false; order is r + 1
 *
 * The relaxation is that of steps of order 2, and of correctors of order 2. The released mapping of UniPC leaves it out of
 * the corrector of the first step, and so is not quite UniPC.
 *
 * Source: Liu et al. 2023 (2312.07243), appendix, table of existing methods.
 *
 * @param options.order 1 .. 4, default 2 @param options.expansion default dataExpansion
 * @param options.lowerOrderFinal default true @param options.corrector at every step but the last, default false
 */
export function decisionsOf({
  steps,
  order = 2,
  expansion = dataExpansion,
  relaxation,
  lowerOrderFinal = true,
  corrector = false,
}: {
  readonly steps: number;
  readonly order?: number;
  readonly expansion?: Expansion;
  readonly relaxation?: Relaxation;
  readonly lowerOrderFinal?: boolean;
  readonly corrector?: boolean;
}): Decision[] {
  const whole = Number.isInteger(steps) && steps >= 1 && Number.isInteger(order) && order >= 1 && order <= 4;
  if (!whole) {
    throw new RangeError(
      `decisionsOf: steps = ${steps}, order = ${order}; expected a whole number of steps >= 1 and order 1 to 4`,
    );
  }
  return Array.from({ length: steps }, (_, i) => {
    const own = Math.min(order, i + 1, lowerOrderFinal ? steps - i : order);
    const taylor = backward(own);
    const corrected = corrector && i + 1 < steps;
    return {
      expansion,
      ...taylor,
      ...(relaxation && own === 2 && { relaxation }),
      ...(corrected && { corrector: oneOrderMore(taylor, own === 1 ? relaxation : undefined) }),
    };
  });
}

/**
 * The decisions of singlestep DPM-Solver or DPM-Solver++: the steps of a group all start from the group's first point, the
 * second of them from what the first found, the third from what the second found. Their times are those of the groups and
 * those in between: for the published solvers even in lambda within a group.
 *
 * Source: Lu et al. 2022 (2206.00927), algorithms 1 and 2. Released as order 1, 2, 3, 1, 2, 3, .. whatever the number of
 * calls; here the last groups are lower, as published.
 *
 * @param options.order 1 to 3, default 3
 * @param options.relaxation of the last step of groups of order 2: bh2Relaxation, the "dpmsolver" variant; without: "taylor"
 */
export function singlestepDecisions({
  calls,
  order = 3,
  expansion = dataExpansion,
  relaxation,
}: {
  readonly calls: number;
  readonly order?: number;
  readonly expansion?: Expansion;
  readonly relaxation?: Relaxation;
}): Decision[] {
  return singlestepOrders({ calls, order }).flatMap((group) =>
    Array.from({ length: group }, (_, from): Decision => {
      if (from === 0) return { expansion };
      const relaxed = group === 2 && relaxation ? { relaxation } : {};
      return { expansion, from, derivatives: [[0]], ...relaxed };
    }),
  );
}
