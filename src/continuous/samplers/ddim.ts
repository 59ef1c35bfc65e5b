import type { Noise } from "../noise/noise.ts";
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
 * @param options.clip keeps x0 within [-clip, clip] and leaves eps as predicted, as in the code that is most in use, so
 * that x_t is no longer alpha_t x0 + sigma_t eps; default Infinity. `clipped` bounds the denoiser itself instead, and
 * keeps that identity.
 */
export function ddim({
  eta = 0,
  clip = Number.POSITIVE_INFINITY,
}: {
  eta?: number;
  clip?: number;
} = {}): Sampler {
  checkEta("ddim", eta);
  if (!(clip > 0)) throw new RangeError(`ddim: clip = ${clip}; expected a positive bound of |x0|, such as 1`);
  const settings = [
    ...(eta === 0 ? [] : [`eta=${eta}`]),
    ...(clip < Number.POSITIVE_INFINITY ? [`clip=${clip}`] : []),
  ];
  return {
    name: ["ddim", ...settings].join(":"),
    calls: 1,
    stochastic: eta > 0,
    async stepInto({ t, s, x, next, noise, predict, normal }) {
      const coefficients = ddimCoefficients({ noise, t, s, eta });
      const eps = await predict();
      const z = coefficients.fresh > 0 ? normal() : undefined;
      ddimInto(next, { x, eps, ...(z && { z }), coefficients, clip });
    },
  };
}

/** What a step of DDIM multiplies with. */
export interface DdimCoefficients {
  readonly alpha: number;
  readonly sigma: number;
  readonly alphaNext: number;
  /** Standard deviation of x_s given x_t and x0: that of the fresh noise at eta = 1. */
  readonly posterior: number;
  /** c = eta posterior, of the fresh noise. */
  readonly fresh: number;
  /** sqrt(sigma_s^2 - c^2), of the predicted noise. */
  readonly kept: number;
}

/** The coefficients of the step from t to s. */
export function ddimCoefficients({
  noise,
  t,
  s,
  eta,
}: {
  noise: Noise;
  t: number;
  s: number;
  eta: number;
}): DdimCoefficients {
  const [alpha, sigma] = [noise.alpha(t), noise.sigma(t)];
  const [alphaNext, sigmaNext] = [noise.alpha(s), noise.sigma(s)];
  const posterior = posteriorDeviation({ alpha, sigma, alphaNext, sigmaNext });
  const fresh = eta * posterior;
  const kept = Math.sqrt(Math.max(0, sigmaNext * sigmaNext - fresh * fresh));
  return { alpha, sigma, alphaNext, posterior, fresh, kept };
}

/** Writes x at s; all arrays of one length. @param step.z normals, read where there is fresh noise */
export function ddimInto(
  next: Float64Array,
  step: {
    readonly x: Float64Array;
    readonly eps: Float64Array;
    readonly z?: Float64Array;
    readonly coefficients: DdimCoefficients;
    readonly clip?: number;
  },
): void {
  const { x, eps, z, coefficients, clip = Number.POSITIVE_INFINITY } = step;
  const { alpha, sigma, alphaNext, fresh, kept } = coefficients;
  for (let at = 0; at < x.length; at++) {
    const clean = Math.min(clip, Math.max(-clip, (x[at]! - sigma * eps[at]!) / alpha));
    next[at] = alphaNext * clean + kept * eps[at]! + (z && fresh > 0 ? fresh * z[at]! : 0);
  }
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

/** @throws RangeError unless eta is in [0, 1] */
export function checkEta(where: string, eta: number): void {
  if (!(eta >= 0 && eta <= 1)) {
    throw new RangeError(`${where}: eta = ${eta}; expected a number from 0 (no noise) to 1 (DDPM)`);
  }
}
