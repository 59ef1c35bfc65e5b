import { ddim } from "./ddim.ts";
import type { Sampler } from "./sampler.ts";

/**
 * The ancestral Euler sampler: with the deviation of x_s given x_t and x0,
 * rho_up = eta (rho_s / rho_t) sqrt(rho_t^2 - rho_s^2), an Euler step of x / alpha to rho_down = sqrt(rho_s^2 - rho_up^2),
 * then noise of size rho_up. This is DDIM with the same eta, whose noise can be scaled here.
 *
 * One model call a step; first order in law with eta = 1.
 *
 * Source: k-diffusion, sample_euler_ancestral (Crowson 2022), written for alpha = 1; Song, Meng and Ermon 2021
 * (2010.02502), equation 16, for any noise.
 *
 * @param options.eta in [0, 1], default 1 @param options.noiseScale of the new noise, default 1
 */
export function eulerAncestral({
  eta = 1,
  noiseScale = 1,
}: {
  eta?: number;
  noiseScale?: number;
} = {}): Sampler {
  if (!(noiseScale > 0 && Number.isFinite(noiseScale))) {
    throw new RangeError(`eulerAncestral: noiseScale = ${noiseScale}; expected a positive number, such as 1`);
  }
  const base = ddim({ eta });
  return {
    ...base,
    name: `euler-ancestral:eta=${eta}${noiseScale === 1 ? "" : `:noiseScale=${noiseScale}`}`,
    stepInto: (step) =>
      base.stepInto({ ...step, normal: (at) => step.normal(at).map((z) => noiseScale * z) }),
  };
}
