import { revealChance } from "../processes/absorbing.ts";
import { maskedPositions } from "./masked-positions.ts";
import { redrawInto } from "./redraw.ts";
import { revealInto } from "./reveal.ts";
import type { Sampler, Step } from "./sampler.ts";

/**
 * Ancestral sampling: x_s^d ~ sum over x0 of p^d(x0 | x_t) q(x_s | x_t^d, x0).
 *
 * For a process with a mask the selector decides which masked positions are revealed; each becomes v ~ p^d
 * and stays. With the selector `independent` this is the published sampler; with any other, the scheduled
 * number of positions. For other processes every position that is not given is drawn from its posterior.
 *
 * Model calls per step: 1, or 0 if nothing is to be revealed. Order: first.
 * Source: Austin et al. 2021, arXiv 2107.03006, equation 3; Sahoo et al. 2024, arXiv 2406.07524, equation 7.
 */
export function ancestral(): Sampler {
  return {
    name: "ancestral",
    calls: 1,
    selects: true,
    refuses: () => undefined,
    stepInto: (step) =>
      step.process.mask === undefined ? redrawInto(step) : reveal(step, step.process.mask),
  };
}

async function reveal(step: Step, mask: number): Promise<void> {
  const { noise, left, s, t } = step;
  const masked = maskedPositions(step, mask);
  await revealInto(step, {
    masked,
    counts: masked.map((positions, row) => Math.max(0, positions.length - left[row]!)),
    chance: s <= 0 ? 1 : revealChance(noise.sigma(s), noise.sigma(t)),
  });
}
