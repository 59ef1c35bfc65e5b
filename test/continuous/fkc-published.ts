/** The noises and inputs of fkc.json, and three things of the released code that the library leaves out. */
import assert from "node:assert/strict";
import { type Noise, vpLinear } from "../../src/continuous/index.ts";
import { normalisedWeights } from "../../src/particles/log-weights.ts";
import type { MixtureRecord } from "./golden.ts";

/** Inputs of one step. */
export interface StepInputs {
  readonly mixture: MixtureRecord;
  readonly mixture_2: MixtureRecord;
  readonly schedule: Record<string, number> & { readonly kind: string };
  readonly inverse_temperature: number;
  readonly scaled_noise: boolean;
  readonly t: number;
  readonly dt: number;
  readonly x: number[][];
  readonly z: number[][];
}

/** Inputs of a guided run. */
export interface Guided {
  readonly mixture: MixtureRecord;
  readonly conditional_mixture: MixtureRecord;
  readonly guidance: number;
  readonly num_steps: number;
  readonly sigma_min: number;
  readonly sigma_max: number;
  readonly rho: number;
  readonly latents: number[][];
  readonly z: number[][][];
  readonly u: number[];
}

/** A noise of which a step asks alpha, sigma and their slopes alone. */
function levels(
  logAlpha: (t: number) => number,
  logAlphaSlope: (t: number) => number,
  variance: (t: number) => number,
  varianceSlope: (t: number) => number,
): Noise {
  const lambda = (t: number): number => logAlpha(t) - 0.5 * Math.log(variance(t));
  return {
    name: "golden",
    horizon: 1,
    cutoff: 0,
    priorScale: () => 1,
    alpha: (t) => Math.exp(logAlpha(t)),
    sigma: (t) => Math.sqrt(variance(t)),
    logAlpha,
    logAlphaSlope,
    lambda,
    lambdaSlope: (t) => logAlphaSlope(t) - (0.5 * varianceSlope(t)) / variance(t),
    timeAt: () => Number.NaN,
  };
}

/** The noise of a case. */
export function scheduleOf({ kind, ...numbers }: StepInputs["schedule"]): Noise {
  const none = (): number => 0;
  const { beta = 0, sigma_min: low = 1, sigma_max: high = 1 } = numbers;
  if (kind.startsWith("notebook:")) {
    const { logAlpha, logAlphaSlope } = vpLinear({ beta0: numbers["beta0"]!, beta1: numbers["beta1"]! });
    return levels(
      logAlpha,
      logAlphaSlope,
      (t) => t * t,
      (t) => 2 * t,
    );
  }
  if (kind === "linear")
    return levels(
      none,
      none,
      (t) => beta * t,
      () => beta,
    );
  if (kind === "quadratic")
    return levels(
      none,
      none,
      (t) => beta * t * t,
      (t) => 2 * beta * t,
    );
  assert.equal(kind, "geometric", `no noise for a schedule of kind ${kind}`);
  const ratio = high / low;
  return levels(
    none,
    none,
    (t) => low * low * (ratio ** (2 * t) - 1),
    (t) => 2 * low * low * Math.log(ratio) * ratio ** (2 * t),
  );
}

/** Weights clipped to >= 1e-6 and not normalised again, positions that fall on a border to the left of it. */
export function clippedResampling(logWeights: Float64Array, u: number): number[] {
  const clipped = normalisedWeights(logWeights).map((weight) => Math.max(weight, 1e-6));
  let total = 0;
  const bins = clipped.map((weight) => {
    total += weight;
    return total;
  });
  return Array.from(bins, (_, i) => {
    const at = bins.findIndex((bin) => bin >= (u + i / bins.length) % 1);
    return at < 0 ? bins.length - 1 : at;
  });
}

/** Centred, clamped. */
export function published(increments: Float64Array, bound: number): Float64Array {
  const mean = increments.reduce((sum, value) => sum + value, 0) / increments.length;
  return increments.map((value) => Math.min(bound, Math.max(-bound, value - mean)));
}

/** The rows that a choice copies. */
export function chosenRows(x: Float64Array, chosen: readonly number[]): Float64Array {
  const width = x.length / chosen.length;
  return Float64Array.from(chosen.flatMap((which) => [...x.slice(which * width, (which + 1) * width)]));
}

/** Noise levels of a guided run, and 0. */
export function stamps({ num_steps: count, sigma_min: low, sigma_max: high, rho }: Guided): number[] {
  const at = (i: number): number =>
    (high ** (1 / rho) + (i / (count - 1)) * (low ** (1 / rho) - high ** (1 / rho))) ** rho;
  return [...Array.from({ length: count }, (_, i) => at(i)), 0];
}
