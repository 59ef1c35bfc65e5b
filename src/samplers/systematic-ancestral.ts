import { drawIndex } from "../categorical.ts";
import { purposes } from "../random.ts";
import { redrawInto } from "./redraw.ts";
import type { Sampler, Step } from "./sampler.ts";

/**
 * Ancestral sampling whose moves are spread over the sequence: what stratified selection is to absorbing noise,
 * for processes without a mask.
 *
 * The law of every position is that of `ancestral`, k_d(y) = sum over x0 of p^d(x0 | x_t) q(y | x_t^d, x0). Only
 * the joint law differs. With the chance to move m_d = 1 - k_d(x_t^d), cumulated over the free positions of a row
 * M_d = m_1 + ... + m_d, and one uniform U for the row,
 *
 *     d moves  <=>  floor(M_d + U) > floor(M_(d-1) + U)
 *
 * which is systematic sampling with unequal chances: each d moves with chance m_d exactly (m_d <= 1), the number
 * of moves is the rounded sum, and positions that move together are about one unit of M apart, so that few of
 * them depend on each other, which is the only error a step makes. Where to: y != x_t^d with probability
 * k_d(y) / m_d.
 *
 * Model calls per step: 1. Order: first.
 * Source: the systematic sample, Madow 1949, Annals of Mathematical Statistics 20, 333-354; its use here is this
 * project's.
 */
export function systematicAncestral(): Sampler {
  return {
    name: "systematic-ancestral",
    calls: 1,
    selects: false,
    refuses: ({ mask, name }) =>
      mask === undefined
        ? undefined
        : `systematic-ancestral: the process ${name} has a mask; use ancestral with the selector stratified, which does the same there`,
    stepInto,
  };
}

async function stepInto(step: Step): Promise<void> {
  const { states } = step.process;
  await redrawInto(step, {
    row(row) {
      const where = step.draw(row, purposes.token);
      // The offset plus the chances so far, without its whole part.
      let passed = step.draw(row, purposes.jump).uniform(0);
      return (law, position, token) => {
        let others = 0;
        for (let y = 0; y < states; y++) if (y !== token) others += law[y]!;
        passed += others / (others + law[token]!);
        if (passed < 1) return token;
        passed -= 1;
        law[token] = 0;
        return drawIndex(law, states, where.uniform(position));
      };
    },
  });
}
