import type { Sampler } from "./sampler.ts";

/**
 * The ancestral step with the larger of the two variances of DDPM: with q^2 = sigma_t^2 - (alpha_t / alpha_s)^2
 * sigma_s^2, the variance of x_t given x_s (beta_t of VP noise),
 *
 *     x_s = (alpha_s q^2 x0 + (alpha_t / alpha_s) sigma_s^2 x_t) / sigma_t^2 + q z,   z ~ N(0, I)
 *
 * and no noise where s is clean. The variance is right for data that are standard normal, as that of `ddim({ eta: 1 })`
 * is for data that are one point; in between both are bounds. Over few steps it is by far too large.
 *
 * One model call a step. Source: Ho, Jain and Abbeel 2020 (2006.11239), section 3.2; the "sigma hat" of Song, Meng and
 * Ermon 2021 (2010.02502), section 5, whose code also bounds x0: there the denoiser is `clipped`.
 */
export function ddpm(): Sampler {
  return {
    name: "ddpm",
    calls: 1,
    stochastic: true,
    async stepInto({ t, s, x, next, noise, predict, normal }) {
      const eps = await predict();
      const [alpha, sigma] = [noise.alpha(t), noise.sigma(t)];
      const [alphaNext, sigmaNext] = [noise.alpha(s), noise.sigma(s)];
      const carried = alpha / alphaNext;
      const variance = Math.max(0, sigma * sigma - (carried * sigmaNext) ** 2);
      const [ofClean, ofNoised] = [
        (alphaNext * variance) / (sigma * sigma),
        (carried * sigmaNext * sigmaNext) / (sigma * sigma),
      ];
      const fresh = sigmaNext > 0 ? Math.sqrt(variance) : 0;
      const z = fresh > 0 ? normal() : undefined;
      for (let at = 0; at < x.length; at++) {
        const clean = (x[at]! - sigma * eps[at]!) / alpha;
        next[at] = ofClean * clean + ofNoised * x[at]! + (z ? fresh * z[at]! : 0);
      }
    },
  };
}
