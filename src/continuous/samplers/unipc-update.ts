import type { Levels } from "../denoisers/gaussian-mixture.ts";
import { leastSquares } from "../least-squares.ts";
import type { Noise } from "../noise/noise.ts";
import type { DpmForm } from "./dpm-form.ts";
import type { Remembered } from "./history.ts";
import { phi } from "./phi.ts";

/** B(h) of UniPC, a free choice that vanishes as h does; it matters where a step is long. */
export interface UniPcWeight {
  readonly name: string;
  at(h: number): number;
}

/** B(h) = h. */
export const bh1: UniPcWeight = { name: "bh1", at: (h) => h };

/** B(h) = e^h - 1; better under guidance. */
export const bh2: UniPcWeight = { name: "bh2", at: Math.expm1 };

/** alpha and sigma at t. */
export function levelsAt(noise: Noise, t: number): Levels {
  return { alpha: noise.alpha(t), sigma: noise.sigma(t) };
}

/**
 * One UniPC update t -> s from the predictions M at t and before. With h = lambda_s - lambda_t, k = h in the noise form
 * and -h in the data form, kept and weight of the form, r_i = (lambda_i - lambda_t) / h and D_i = (M_i - M_t) / r_i,
 *
 *     x_s = kept x_t + (weight / k) (expm1(k) M_t + B(k) sum_i c_i D_i)
 *
 * where c solves sum_i r_i^(n-1) c_i = n! k phi_{n+1}(k) / B(k), n = 1, 2, .. The predictor of order p has p - 1 terms.
 * The corrector, given M at s, has one more, r = 1, and is one order better. As published, the predictor of order 2
 * and the corrector of order 1 have c = 1/2. A step to the clean end, sigma_s = 0, is x0.
 *
 * No model call. Source: Zhao et al. 2023 (2302.04867), section 3, algorithms 1 and 2; the phi functions instead of the
 * published recursion, which cancels where steps are short.
 *
 * @param options.x [batch, dimension] at t @param options.buffer predictions, newest first: the first is at t
 * @param options.order at most as many as are in `buffer` @param options.latest the prediction at s, for the corrector
 */
export function uniPcUpdate({
  noise,
  form,
  weight,
  order,
  x,
  s,
  buffer,
  latest,
}: {
  noise: Noise;
  form: DpmForm;
  weight: UniPcWeight;
  order: number;
  x: Float64Array;
  s: number;
  buffer: readonly Remembered[];
  latest?: Remembered;
}): Float64Array {
  const { t, value: newest } = buffer[0]!;
  const [from, to] = [levelsAt(noise, t), levelsAt(noise, s)];
  if (to.sigma === 0) return form.clean(x, newest, from).map((clean) => to.alpha * clean);
  const h = noise.lambda(s) - noise.lambda(t);
  const { kept, weight: gain, rate } = form.coefficients({ from, to, h, eta: 0 });
  const k = rate * h;
  const terms = buffer.slice(1, order).map((past) => ({
    value: past.value,
    r: (noise.lambda(past.t) - noise.lambda(t)) / h,
  }));
  if (latest) terms.push({ value: latest.value, r: 1 });
  const c = coefficients(
    terms.map(({ r }) => r),
    { k, weight },
  );
  const [first, higher] = [(gain * Math.expm1(k)) / k, (gain * weight.at(k)) / k];
  return Float64Array.from(x, (value, at) => {
    let sum = 0;
    terms.forEach((term, i) => {
      sum += (c[i]! / term.r) * (term.value[at]! - newest[at]!);
    });
    return kept * value + first * newest[at]! + higher * sum;
  });
}

/** c of r_1, r_2, .. */
function coefficients(
  r: readonly number[],
  { k, weight }: { k: number; weight: UniPcWeight },
): ArrayLike<number> {
  if (r.length === 1) return [0.5];
  let factorial = 1;
  const moments = r.map((_, i) => {
    factorial *= i + 1;
    return (factorial * k * phi(i + 2, k)) / weight.at(k);
  });
  const powers = r.map((base) => r.map((_, n) => base ** n));
  return leastSquares(powers, moments);
}
