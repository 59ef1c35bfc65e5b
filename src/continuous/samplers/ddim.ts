import type { Sampler } from "./sampler.ts";

/**
 * DDIM: x_s = alpha_s x0 + sqrt(sigma_s^2 - c^2) eps + c z, with x0 = (x_t - sigma_t eps) / alpha_t, z ~ N(0, I) and c =
 * eta times the deviation of x_s given x_t and x0. eta = 0 follows the probability flow, first order; eta = 1 is the
 * ancestral step of DDPM.
 *
 * One model call a step. Source: Song, Meng and Ermon 2021 (2010.02502), equations 12 and 16; here for any alpha and
 * sigma, not only alpha^2 + sigma^2 = 1.
 *
 * @param options.eta in [0, 1], default 0
 */
export function ddim({ eta = 0 }: { eta?: number } = {}): Sampler {
  if (!(eta >= 0 && eta <= 1)) {
    throw new RangeError(`ddim: eta = ${eta}; expected a number from 0 (no noise) to 1 (DDPM)`);
  }
  return {
    name: eta === 0 ? "ddim" : `ddim:eta=${eta}`,
    calls: 1,
    stochastic: eta > 0,
    async stepInto({ t, s, x, next, noise, predict, normal }) {
      const eps = await predict();
      const [alpha, sigma] = [noise.alpha(t), noise.sigma(t)];
      const [alphaNext, sigmaNext] = [noise.alpha(s), noise.sigma(s)];
      const fresh = eta * posteriorDeviation({ alpha, sigma, alphaNext, sigmaNext });
      const kept = Math.sqrt(Math.max(0, sigmaNext * sigmaNext - fresh * fresh));
      const z = fresh > 0 ? normal() : undefined;
      for (let at = 0; at < x.length; at++) {
        const clean = (x[at]! - sigma * eps[at]!) / alpha;
        next[at] = alphaNext * clean + kept * eps[at]! + (z ? fresh * z[at]! : 0);
      }
    },
  };
}

/**
 * Standard deviation of x_s given x_t and x0: (sigma_s / sigma_t) sqrt(sigma_t^2 - (alpha_t / alpha_s)^2 sigma_s^2), for
 * any Gaussian noise.
 */
export function posteriorDeviation({
  alpha,
  sigma,
  alphaNext,
  sigmaNext,
}: {
  alpha: number;
  sigma: number;
  alphaNext: number;
  sigmaNext: number;
}): number {
  if (sigma === 0) return 0;
  const carried = (alpha / alphaNext) * sigmaNext;
  return (sigmaNext / sigma) * Math.sqrt(Math.max(0, sigma * sigma - carried * carried));
}
