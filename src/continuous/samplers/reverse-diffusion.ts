import type { Preconditioner } from "../preconditioners/preconditioner.ts";
import type { Sampler, Step } from "./sampler.ts";

/**
 * Reverse diffusion: the reverse SDE in the forward one's own steps. With x_t = a x_s + G z, a = alpha(t) / alpha(s) and
 * G^2 = sigma(t)^2 - a^2 sigma(s)^2,
 *
 *     x_s = (2 - a) x + G^2 g + G z,   g = grad log p_t(x) = -eps / sigma(t)
 *
 * To a clean time it goes to x0 = (x - sigma eps) / alpha, without noise. First order.
 *
 * With a preconditioner the whole reverse drift f = (a - 1) x - G^2 g and the noise are preconditioned, as published:
 * x_s = x - M M^T f + G M z. That does not keep p_t: where data is not scaled, along a direction that M scales by m, the
 * variance tends to m^2 / (2 m^2 - 1) of the right one as steps get short. {@link balancedReverseDiffusion} has no such
 * bias.
 *
 * One model call a step. Source: Song et al. 2021 (2011.13456), appendix E, equation 46; with a preconditioner Ma, Zhang,
 * Zhu and Feng 2022 (2302.06504).
 */
export function reverseDiffusion({ preconditioner }: { preconditioner?: Preconditioner } = {}): Sampler {
  return {
    name: preconditioner ? "preconditioned-reverse-diffusion" : "reverse-diffusion",
    calls: 1,
    stochastic: true,
    async stepInto(step) {
      const { x, next } = step;
      const eps = await step.predict();
      if (cleanInto(step, eps)) return;
      const { rest, squared, deviation, sigma } = reverseStep(step);
      const drift = eps.map((value, at) => -rest * x[at]! + (squared * value) / sigma);
      const f = preconditioner ? preconditioner.applySquared(drift) : drift;
      const z = preconditioner ? preconditioner.apply(step.normal()) : step.normal();
      for (let at = 0; at < x.length; at++) next[at] = x[at]! - f[at]! + deviation * z[at]!;
    },
  };
}

/**
 * Preconditioned reverse diffusion that keeps p_t as steps get short, for any M:
 *
 *     x_s = (2 - a) x + G^2 (g + M M^T g) / 2 + G M z
 *
 * Half of the reverse drift is the probability flow, which needs no noise and is left alone; the other half is the
 * Langevin part, which is preconditioned together with its noise. Ours. With M = 1 it is {@link reverseDiffusion}, to
 * the bit. One model call a step, first order.
 */
export function balancedReverseDiffusion({ preconditioner }: { preconditioner: Preconditioner }): Sampler {
  return {
    name: "balanced-reverse-diffusion",
    calls: 1,
    stochastic: true,
    async stepInto(step) {
      const { x, next } = step;
      const eps = await step.predict();
      if (cleanInto(step, eps)) return;
      const { rest, squared, deviation, sigma } = reverseStep(step);
      const even = preconditioner.applySquared(eps);
      const z = preconditioner.apply(step.normal());
      for (let at = 0; at < x.length; at++) {
        const f = -rest * x[at]! + (squared * (0.5 * (eps[at]! + even[at]!))) / sigma;
        next[at] = x[at]! - f + deviation * z[at]!;
      }
    },
  };
}

/** 1 - a, G^2, G and sigma(t) of a step. */
function reverseStep({ t, s, noise }: Step): {
  rest: number;
  squared: number;
  deviation: number;
  sigma: number;
} {
  const sigma = noise.sigma(t);
  const a = noise.alpha(t) / noise.alpha(s);
  const squared = sigma * sigma - (a * noise.sigma(s)) ** 2;
  return { rest: 1 - a, squared, deviation: Math.sqrt(squared), sigma };
}

/** Goes to x0 where s is clean; says whether it did. */
function cleanInto({ t, s, x, next, noise }: Step, eps: Float64Array): boolean {
  if (noise.sigma(s) > 0) return false;
  const [alpha, sigma, kept] = [noise.alpha(t), noise.sigma(t), noise.alpha(s)];
  for (let at = 0; at < x.length; at++) next[at] = (kept * (x[at]! - sigma * eps[at]!)) / alpha;
  return true;
}
