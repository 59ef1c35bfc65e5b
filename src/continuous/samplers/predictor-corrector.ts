import type { Corrector } from "../correctors/corrector.ts";
import { langevin } from "../correctors/langevin.ts";
import type { Norms } from "../correctors/norms.ts";
import { preconditioned } from "../correctors/preconditioned.ts";
import type { Preconditioner } from "../preconditioners/preconditioner.ts";
import { reverseDiffusion } from "./reverse-diffusion.ts";
import type { Sampler } from "./sampler.ts";

/**
 * Predictor-corrector sampling: a step t -> s first corrects x at t, then predicts x at s from the corrected x. Draws of
 * the predictor are at even stages, those of the corrector at odd ones.
 *
 * Model calls: the corrector's and the predictor's. Order: the predictor's. Source: Song et al. 2021 (2011.13456),
 * algorithm 1, as its released code orders the two.
 *
 * @param options.predictor any sampler, default {@link reverseDiffusion} @param options.corrector default {@link langevin}
 */
export function predictorCorrector({
  predictor = reverseDiffusion(),
  corrector = langevin(),
}: {
  predictor?: Sampler;
  corrector?: Corrector;
} = {}): Sampler {
  return {
    name: `${predictor.name}+${corrector.name}`,
    calls: corrector.calls + predictor.calls,
    stochastic: true,
    async stepInto(step) {
      const x = step.x.slice();
      await corrector.correctInto({
        ...step,
        next: x,
        normal: ({ stage = 0, ...options } = {}) => step.normal({ ...options, stage: 2 * stage + 1 }),
      });
      step.next.set(x);
      await predictor.stepInto({
        ...step,
        x,
        predict: (input) => step.predict({ x, ...input }),
        normal: ({ stage = 0, ...options } = {}) => step.normal({ ...options, stage: 2 * stage }),
      });
    },
  };
}

/**
 * Preconditioned diffusion sampling, "PDS": {@link predictorCorrector} with {@link reverseDiffusion} and {@link langevin},
 * both preconditioned. The published method also starts at M z: {@link preconditionedStart}.
 *
 * Model calls: steps + 1. Biased through its predictor, see {@link reverseDiffusion}; with `predictor:
 * balancedReverseDiffusion({ preconditioner })` not. Source: Ma, Zhang, Zhu and Feng 2022 (2302.06504).
 *
 * @param options.snr drift against noise in the corrector's moves, default 0.16 @param options.steps moves, default 1
 * @param options.norms measures drift and noise for the step, as {@link langevin} does; published: `batchNorms`
 */
export function preconditionedSampling({
  preconditioner,
  predictor = reverseDiffusion({ preconditioner }),
  snr = 0.16,
  steps = 1,
  norms,
}: {
  preconditioner: Preconditioner;
  predictor?: Sampler;
  snr?: number;
  steps?: number;
  norms?: Norms;
}): Sampler {
  const corrector = preconditioned({
    corrector: langevin({ snr, steps, ...(norms && { norms }) }),
    preconditioner,
  });
  return predictorCorrector({ predictor, corrector });
}
