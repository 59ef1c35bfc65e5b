import type { Levels } from "../denoisers/gaussian-mixture.ts";
import type { Noise } from "../noise/noise.ts";
import type { DpmForm } from "./dpm-form.ts";
import type { Remembered } from "./history.ts";
import { phi } from "./phi.ts";

/**
 * One step t -> s of any DPM-Solver: M is taken for the polynomial in lambda through `latest`, at t, and up to two
 * `others`, before t (multistep) or between t and s (singlestep). At r_i = (lambda_i - lambda_t) / h and with
 * E_i = (M_i - M) / r_i its derivatives at t are
 *
 *     one other    h M' = E_1
 *     two          h M' = (r_2 E_1 - r_1 E_2) / (r_2 - r_1)   h^2 M'' = 2 (E_2 - E_1) / (r_2 - r_1)
 *
 * which are weighted by phi_2 and phi_3 (dpm-form.ts). With `midpoint`, h M' of one other is weighted by phi_1 / 2, which
 * takes M for constant at its value in the middle of the step; that has the same order. A step to the clean end,
 * sigma_s = 0, is x0.
 *
 * No model call. Order: 1 more than there are others. Source: Lu et al. 2022 (2206.00927), section 3 and
 * appendix B; Lu et al. 2022 (2211.01095), section 4 and appendix. Released codes have half of the h^2 M'' above in their
 * multistep solver of order 3, which then is only of order 2; this is the one of order 3.
 *
 * @param options.x [batch, dimension] at t
 * @param options.eta how much noise is added, 0 for none @param options.z [batch, dimension] its standard normals
 * @returns a fresh [batch, dimension] array, x at s
 */
export function dpmStep({
  form,
  noise,
  s,
  x,
  latest,
  others = [],
  midpoint = false,
  eta = 0,
  noiseScale = 1,
  z,
}: {
  form: DpmForm;
  noise: Noise;
  s: number;
  x: Float64Array;
  latest: Remembered;
  others?: readonly Remembered[];
  midpoint?: boolean;
  eta?: number;
  noiseScale?: number;
  z?: Float64Array | undefined;
}): Float64Array {
  const { t, value: m } = latest;
  const [from, to] = [levelsAt(noise, t), levelsAt(noise, s)];
  if (to.sigma === 0) return form.clean(x, m, from).map((clean) => to.alpha * clean);
  const lambda = noise.lambda(t);
  const h = noise.lambda(s) - lambda;
  const { kept, weight, rate, spread } = form.coefficients({ from, to, h, eta });
  const ratios = others.map((other) => (noise.lambda(other.t) - lambda) / h);
  const weights = [phi(1, rate * h), midpoint ? phi(1, rate * h) / 2 : phi(2, rate * h), phi(3, rate * h)];
  // M_i - M have these weights in the sum over the derivatives.
  const differences = ofDifferences(ratios, weights).map((c) => weight * c);
  const constant = weight * weights[0]!;
  return Float64Array.from(x, (value, at) => {
    let sum = kept * value + constant * m[at]!;
    for (let i = 0; i < others.length; i++) sum += differences[i]! * (others[i]!.value[at]! - m[at]!);
    return z ? sum + noiseScale * spread * z[at]! : sum;
  });
}

/** What multiplies M_i - M when h M' and h^2 M'' have these weights: [others]. */
function ofDifferences(ratios: readonly number[], [, first, second]: readonly number[]): number[] {
  const [r1, r2] = ratios;
  if (r1 === undefined) return [];
  if (r2 === undefined) return [first! / r1];
  return [(r2 * first! - 2 * second!) / (r1 * (r2 - r1)), (2 * second! - r1 * first!) / (r2 * (r2 - r1))];
}

function levelsAt(noise: Noise, t: number): Levels {
  return { alpha: noise.alpha(t), sigma: noise.sigma(t) };
}
