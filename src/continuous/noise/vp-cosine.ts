import type { Noise } from "./noise.ts";
import { variancePreserving } from "./variance-preserving.ts";

/**
 * Variance-preserving noise with alpha(t) = cos(a(t)) / cos(a(0)), a(t) = (t + s) / (1 + s) pi / 2.
 *
 * Source: Nichol and Dhariwal 2021 (2102.09672), equation 17. The horizon is 0.9946, as in DPM-Solver, because alpha is 0
 * at t = 1. With `normalised: false` alpha(t) = cos(a(t)), as in DEIS: some noise is then left at t = 0.
 */
export function vpCosine({
  offset = 0.008,
  normalised = true,
  horizon = 0.9946,
  cutoff = 1e-3,
}: {
  offset?: number;
  normalised?: boolean;
  horizon?: number;
  cutoff?: number;
} = {}): Noise {
  if (!(offset > 0 && horizon < 1)) {
    throw new RangeError(
      `vpCosine: offset = ${offset}, horizon = ${horizon}; expected a positive offset and a horizon below 1, where alpha is still positive`,
    );
  }
  const rate = Math.PI / 2 / (1 + offset);
  const angle = (t: number): number => (t + offset) * rate;
  const logFirst = normalised ? Math.log(Math.cos(angle(0))) : 0;
  return variancePreserving({
    name: normalised ? "vp-cosine" : "vp-cosine-unnormalised",
    horizon,
    cutoff,
    logAlpha: (t) => Math.log(Math.cos(angle(t))) - logFirst,
    logAlphaSlope: (t) => -rate * Math.tan(angle(t)),
    timeAtLogAlpha: (logAlpha) => Math.acos(Math.min(1, Math.exp(logAlpha + logFirst))) / rate - offset,
  });
}
