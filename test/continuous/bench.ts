/** The shared problem of the continuous tests: a mixture in the plane under VP-linear noise, two start points. */
import {
  type GaussianMixture,
  gaussianMixture,
  type Noise,
  type Sampler,
  type Schedule,
  sample,
  vpLinear,
} from "../../src/continuous/index.ts";

/** Three Gaussians in the plane. */
export const target: GaussianMixture = gaussianMixture({
  weights: [0.5, 0.3, 0.2],
  means: [
    [2, 0],
    [-1, 1.5],
    [0, -2],
  ],
  deviations: [0.3, 0.5, 0.25],
});

/** Rates 0.1 to 20, from t = 1 to 0.001. */
export const noise: Noise = vpLinear();

/** The points A and B at t = 1. */
export const starts: readonly number[] = [1, -0.5, -0.3, 0.8];

/** Where a sampler takes A and B. */
export async function endsOf(sampler: Sampler, schedule: Schedule): Promise<Float64Array> {
  return (await sample(target, { noise, schedule, sampler, start: starts, count: 2 })).x;
}
