import type { Levels } from "../denoisers/gaussian-mixture.ts";
import { cleanFrom } from "../denoisers/prediction.ts";

/**
 * The two ways in which DPM-Solver writes the same equation: with the prediction M that is expanded in lambda being eps
 * (noise form) or x0 (data form). With eta = 0 it is the probability flow, with eta > 0 the reverse SDE with eta times
 * the noise of the forward one, whose marginals are the same. Over h = lambda_s - lambda_t, with
 * phi_j of phi.ts and the derivatives M^(j) in lambda,
 *
 *     x_s = kept x_t + weight sum_j h^j phi_{j+1}(rate h) M^(j) + spread z,  z ~ N(0, I)
 *
 *     noise   kept = alpha_s / alpha_t                 weight = -(1 + eta) sigma_s h   rate = 1
 *             spread = sigma_s sqrt(eta (e^(2 h) - 1))
 *     data    kept = (sigma_s / sigma_t) e^(-eta h)    weight = (1 + eta) alpha_s h    rate = -(1 + eta)
 *             spread = sigma_s sqrt(1 - e^(-2 eta h))
 *
 * Source: Lu et al. 2022 (2206.00927), proposition 3.1; Lu et al. 2022 (2211.01095), proposition 4.1 and, with eta = 1,
 * SDE-DPM-Solver++. Any eta >= 0 follows from d(x / alpha) = (1 + eta) eps d rho + sqrt(eta) dw_(rho^2).
 */
export interface DpmForm {
  readonly name: "data" | "noise";
  /** M from what the model predicts at x. */
  prediction(x: Float64Array, eps: Float64Array, levels: Levels): Float64Array;
  /** x0 from M at x. */
  clean(x: Float64Array, prediction: Float64Array, levels: Levels): Float64Array;
  /** A step between levels of sigma > 0. */
  coefficients(step: { from: Levels; to: Levels; h: number; eta: number }): DpmCoefficients;
}

/** What a step multiplies x, the derivatives of M and z by. */
export interface DpmCoefficients {
  readonly kept: number;
  readonly weight: number;
  readonly rate: number;
  readonly spread: number;
}

/** eps is expanded: DPM-Solver. */
export const noiseForm: DpmForm = {
  name: "noise",
  prediction: (_x, eps) => eps,
  clean: cleanFrom,
  coefficients: ({ from, to, h, eta }) => ({
    kept: to.alpha / from.alpha,
    weight: -(1 + eta) * to.sigma * h,
    rate: 1,
    spread: to.sigma * Math.sqrt(eta * Math.expm1(2 * h)),
  }),
};

/** x0 is expanded: DPM-Solver++, which stands strong guidance and thresholding. */
export const dataForm: DpmForm = {
  name: "data",
  prediction: cleanFrom,
  clean: (_x, x0) => x0,
  coefficients: ({ from, to, h, eta }) => ({
    kept: (to.sigma / from.sigma) * Math.exp(-eta * h),
    weight: (1 + eta) * to.alpha * h,
    rate: -(1 + eta),
    spread: to.sigma * Math.sqrt(-Math.expm1(-2 * eta * h)),
  }),
};
