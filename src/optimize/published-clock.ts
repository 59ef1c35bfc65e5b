import { constant } from "../noise/constant.ts";
import type { Noise } from "../noise/noise.ts";

/** The chance that a token survives to t = 1, as the papers train with. */
const EPS = 1e-3;

/** A rate at t = 1 above this is one that goes to infinity, as far as float64 shows it. */
const MOST_RATE = 1e6;

/**
 * The time that Jump Your Steps searches in without a mask. Its objective freezes rates in that time, so the
 * result depends on it, and the rates must be finite at 1.
 *
 * A noise of finite rate keeps its own time, as published for ordinal noise. Any other, `linear()` say, gets the
 * time of constant rate, as published for uniform noise, up to alpha = 1e-3: sigma(u) = -u log 1e-3.
 *
 * @returns the noise in that time, and the own time t of a u in [0, 1]
 * Source: the released code of Park et al. 2024, arXiv 2410.07761, `UniformRate` and `GaussianTargetRate`.
 */
export function publishedClock(noise: Noise): { noise: Noise; timeOf: (u: number) => number } {
  if (noise.rate(1) <= MOST_RATE) return { noise, timeOf: (u) => u };
  const steady = constant({ sigmaMin: 0, sigmaMax: -Math.log(EPS) });
  return { noise: steady, timeOf: (u) => noise.timeAt(steady.alpha(u)) };
}
