import type { Noise } from "../noise/noise.ts";
import { derivativeWeights } from "./derivative-weights.ts";
import type { Evaluated, Expansion } from "./expansion.ts";
import type { Relaxation } from "./relaxation.ts";

/** How an update uses the points of a run. Points are counted back: 0 is the newest. */
export interface Taylor {
  /** The point it starts from, where the derivatives are taken; default 0, for a corrector 1. */
  readonly from?: number;
  /** For M', M'', .. the points whose differences to M at `from` estimate it. The order is one more; default none. */
  readonly derivatives?: readonly (readonly number[])[];
  /** Multiplies the estimate of M'; default by 1. */
  readonly relaxation?: Relaxation;
}

/**
 * One update of the unified sampling framework: the Taylor series of an expansion's M about one point, its derivatives
 * estimated from differences to other points (derivative-weights.ts). A step to the clean end, sigma_s = 0, is x0.
 *
 * No model call. Order: 1 more than there are derivatives, if derivative i is estimated from as many points as there
 * are derivatives. Source: Liu et al. 2023 (2312.07243), section 3, algorithm 1.
 *
 * @param options.points newest first
 * @returns a fresh [batch, dimension] array, x at s
 */
export function unifiedUpdate({
  expansion,
  taylor: { from = 0, derivatives = [], relaxation },
  points,
  noise,
  s,
  dimension,
}: {
  expansion: Expansion;
  taylor: Taylor;
  points: readonly Evaluated[];
  noise: Noise;
  s: number;
  dimension: number;
}): Float64Array {
  const start = points[from]!;
  if (noise.sigma(s) === 0) {
    const alpha = noise.alpha(s);
    return expansion.clean(start, noise).map((clean) => alpha * clean);
  }
  const { t } = start;
  // A corrector's newest point is the end of the step.
  const length = points[0]!.t === s ? from : from + 1;
  const step = expansion.over({ noise, t, s, derivatives: derivatives.length + 1, dimension, length });
  const reading = (back: number): number => expansion.reading(noise, { t: points[back]!.t, back });
  // M_p - M has these weights, [dimension], in the sum over the derivatives.
  const shares = new Map<number, Float64Array>();
  derivatives.forEach((active, i) => {
    const distances = active.map((point) => reading(point) - reading(from));
    const weights = derivativeWeights(distances, i + 1);
    const relaxed = i === 0 && relaxation ? relaxation.at(step) : 1;
    active.forEach((point, k) => {
      const before = shares.get(point);
      const added = step.weights[i + 1]!.map(
        (weight, at) => relaxed * weights[k]! * weight + (before?.[at] ?? 0),
      );
      shares.set(point, added);
    });
  });
  const own = step.prediction(start);
  const { kept, offset, weights } = step;
  const next = start.x.map((value, at) => {
    const d = at % dimension;
    return kept[d]! * value + offset[d]! + weights[0]![d]! * own[at]!;
  });
  for (const [point, share] of shares) {
    const other = step.prediction(points[point]!);
    for (let at = 0; at < next.length; at++) next[at]! += share[at % dimension]! * (other[at]! - own[at]!);
  }
  return next;
}
