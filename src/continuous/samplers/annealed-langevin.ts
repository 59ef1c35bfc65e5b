import { checkWhole } from "../../correctors/check-whole.ts";
import { type Dynamics, overdamped } from "../correctors/dynamics.ts";
import { moveInto } from "../correctors/langevin.ts";
import { levelSize } from "../correctors/step-size.ts";
import { cleanFrom } from "../denoisers/prediction.ts";
import type { Sampler } from "./sampler.ts";

/**
 * Annealed Langevin: a step t -> s is a few Langevin moves at level s, of step size * sigma(s)^2, beginning at x_t as it
 * is. The levels of a run are its times but the first, where it begins. To a clean time it goes to x0 at t.
 *
 * Model calls: `steps` a step. Keeps p_s as the size goes to 0 and the levels get close. Source: Song and Ermon 2019
 * (1907.05600), algorithm 1, with step_lr = size sigma_L^2; with momentum Wen et al. 2024 (2405.13726).
 *
 * @param options.size > 0, default 0.1: a Langevin move is stable below 2
 * @param options.steps moves at each level, >= 1, default 5
 * @param options.dynamics default Langevin; `momentum({ maximum: 0.999 })` for adaptive momentum, which goes on through
 * the levels
 * @param options.noiseFirst adds the noise of a move before the score is asked for, so that the last move is one towards
 * data; default false
 * @throws RangeError for noiseFirst with dynamics whose noise depends on the score
 */
export function annealedLangevin({
  size = 0.1,
  steps = 5,
  dynamics = overdamped(),
  noiseFirst = false,
}: {
  size?: number;
  steps?: number;
  dynamics?: Dynamics;
  noiseFirst?: boolean;
} = {}): Sampler {
  checkWhole("annealedLangevin", "steps", steps);
  if (noiseFirst && !dynamics.plainNoise) {
    throw new RangeError(
      `annealedLangevin: noiseFirst with ${dynamics.name}, whose noise depends on the score; expected dynamics with noise sqrt(2 s), or noiseFirst: false`,
    );
  }
  const rule = levelSize({ size });
  return {
    name: `annealed-langevin:${dynamics.name}:size=${size}:steps=${steps}`,
    calls: steps,
    stochastic: true,
    async stepInto(step) {
      const { t, s, x, next, noise } = step;
      if (noise.sigma(s) === 0) {
        const clean = cleanFrom(x, await step.predict(), { alpha: noise.alpha(t), sigma: noise.sigma(t) });
        for (let at = 0; at < next.length; at++) next[at] = noise.alpha(s) * clean[at]!;
        return;
      }
      for (let stage = 0; stage < steps; stage++) {
        await moveInto({ ...step, t: s }, { stage, size: rule, dynamics, noiseFirst });
      }
    },
  };
}
