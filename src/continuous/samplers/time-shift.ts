import type { Noise } from "../noise/noise.ts";
import type { Sampler } from "./sampler.ts";

/** How far from its own time a state may be taken to be. */
export interface TimeShiftOptions {
  /** Width of the window about t, in the noise's own time; default 0.03. With 0 nothing is shifted. */
  readonly window?: number;
  /** At this time and below nothing is shifted, default 0.3. */
  readonly cutoff?: number;
  /** Shifts are whole multiples of this, such as 1 / n for a network of n levels; default 0, any shift. */
  readonly spacing?: number;
}

/**
 * Time-Shift sampler: another sampler whose network is asked at the time that the state looks like. Above the cutoff, and
 * not in the first step, every row of numbers x that the base wants a prediction of at t is predicted at
 *
 *     t_s = argmin over |tau - t| <= window / 2 of |v - sigma(tau)^2|,   v the unbiased variance of the row's numbers,
 *
 * so that what earlier errors have done to the noise in x matters less (exposure bias). The base steps by its own times;
 * only the network's time is shifted, and with it the levels by which a prediction of x0 or v becomes eps.
 *
 * As many model calls as the base. v is an estimate, with a standard error of sigma^2 sqrt(2 / (D - 1)) over the D numbers
 * of a sample: thousands are wanted, and one alone has none, so that nothing is shifted. It is taken for the variance of
 * the noise, sigma^2, though that of x is alpha^2 V + sigma^2 for data of variance V: a perfect network is shifted as well
 * where alpha is not small, which the cutoff prevents. There is nothing to gain on a perfect network, which has no such
 * bias; with a real one it depends on window and cutoff, which the paper tunes on data. Where a prediction is merely too
 * large, as on Gaussian data of variance V, the shift mends it only while sigma^2 (1 - V) < V, and else makes it worse.
 *
 * Source: Li, Qu, Yao, Sun and Moens 2024 (2305.15583), algorithm 1. The published code measures x before the step
 * instead, keeps the network's time and shifts the time that is stepped to.
 */
export function timeShift(
  base: Sampler,
  { window = 0.03, cutoff = 0.3, spacing = 0 }: TimeShiftOptions = {},
): Sampler {
  if (!(window >= 0 && cutoff >= 0 && spacing >= 0 && Number.isFinite(spacing))) {
    throw new RangeError(
      `timeShift: window = ${window}, cutoff = ${cutoff}, spacing = ${spacing}; expected three times >= 0`,
    );
  }
  return {
    ...base,
    name: `time-shift-${base.name}:window=${window}:cutoff=${cutoff}${spacing > 0 ? `:spacing=${spacing}` : ""}`,
    async stepInto(step) {
      const { dimension, noise, predict } = step;
      if (step.index === 0 || dimension < 2) return base.stepInto(step);
      return base.stepInto({
        ...step,
        predict({ x = step.x, time = step.t } = {}) {
          const shifted = Float64Array.from({ length: x.length / dimension }, (_, row) => {
            const t = typeof time === "number" ? time : time[row]!;
            if (t <= cutoff) return t;
            const measured = variance(x.subarray(row * dimension, (row + 1) * dimension));
            return shiftedTime({ noise, t, measured, window, spacing });
          });
          return predict({ x, time: shifted });
        },
      });
    },
  };
}

/**
 * The time within half a window of t, and between the noise's cutoff and horizon, at which sigma^2 is nearest to
 * `measured`; with a spacing, of the times that are whole multiples of it from t.
 */
export function shiftedTime({
  noise,
  t,
  measured,
  window,
  spacing = 0,
}: {
  readonly noise: Noise;
  readonly t: number;
  readonly measured: number;
  readonly window: number;
  readonly spacing?: number;
}): number {
  const nominal = (time: number): number => noise.sigma(time) ** 2;
  const low = Math.min(t, Math.max(noise.cutoff, t - window / 2));
  const high = Math.max(t, Math.min(noise.horizon, t + window / 2));
  if (spacing === 0) return timeOfVariance(nominal, { measured, low, high });
  // A little more than the window, for what multiples of the spacing lose in rounding.
  const slack = spacing * 1e-6;
  const [below, above] = [t - low, high - t].map((width) => Math.floor((width + slack) / spacing));
  const candidates = Array.from({ length: below! + above! + 1 }, (_, i) => t + (i - below!) * spacing);
  return nearestVariance({ measured, candidates, nominal });
}

/** The candidate whose nominal variance is nearest to the measured one, the first of equals. */
export function nearestVariance({
  measured,
  candidates,
  nominal,
}: {
  readonly measured: number;
  readonly candidates: ArrayLike<number>;
  readonly nominal: (candidate: number) => number;
}): number {
  let [best, least] = [candidates[0]!, Number.POSITIVE_INFINITY];
  for (let i = 0; i < candidates.length; i++) {
    const distance = Math.abs(measured - nominal(candidates[i]!));
    if (distance < least) [best, least] = [candidates[i]!, distance];
  }
  return best;
}

/** Where the growing nominal variance is the measured one, by bisection; the nearer end if nowhere. */
function timeOfVariance(
  nominal: (time: number) => number,
  { measured, low, high }: { measured: number; low: number; high: number },
): number {
  if (measured <= nominal(low)) return low;
  if (measured >= nominal(high)) return high;
  let [below, above] = [low, high];
  for (let middle = 0.5 * (below + above); below < middle && middle < above; middle = 0.5 * (below + above)) {
    if (nominal(middle) < measured) below = middle;
    else above = middle;
  }
  return below;
}

/** Unbiased variance of the numbers of one sample. */
export function variance(values: Float64Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
}
