import { plugInPosterior } from "../processes/plug-in.ts";
import { redrawInto } from "./redraw.ts";
import type { Sampler } from "./sampler.ts";

/**
 * Ancestral sampling with the plug-in posterior of UDLM and Duo: x_s^d ~ q(x_s | x_t^d, x0 := p^d), for processes
 * without a mask; a step to s = 0 goes to clean tokens.
 *
 * For models trained with the plug-in loss: what such a network learns is the law of a clean token given the
 * *other* tokens, and for that the plug-in posterior is exact. A model trained by cross-entropy predicts the
 * clean token given all tokens, its own noised one included; there `ancestral()` is exact and this sampler uses
 * the token's own evidence twice. `leaveOneOutModel` makes a denoiser of the first kind of model.
 *
 * Model calls per step: 1. Order: first (with predictions of its kind; with the other its error stays).
 * Source: Schiff et al. 2024 (UDLM), arXiv 2412.10193; Sahoo et al. 2025 (Duo), arXiv 2506.10892; which predictions it
 * fits, Gourevitch et al. 2026, arXiv 2605.22765.
 */
export function plugInAncestral(): Sampler {
  return {
    name: "plug-in-ancestral",
    calls: 1,
    selects: false,
    refuses: ({ name, mask }) =>
      mask === undefined
        ? undefined
        : `the sampler plug-in-ancestral is not for the process ${name}, whose plug-in posterior is that of ancestral; use ancestral, which also selects positions`,
    stepInto: (step) => redrawInto(step, { posteriorInto: plugInPosterior(step.process) }),
  };
}
