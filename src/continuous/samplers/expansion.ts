import type { Noise } from "../noise/noise.ts";
import type { DpmForm } from "./dpm-form.ts";
import { dataForm, noiseForm } from "./dpm-form.ts";
import { phi } from "./phi.ts";
import { levelsAt } from "./unipc-update.ts";

/** A point of a run at which the model was asked. The arrays are [batch, dimension]. */
export interface Evaluated {
  readonly t: number;
  /** x at t: what later steps start from. */
  readonly x: Float64Array;
  /** Where the model was asked: x, or what x was before it was corrected. */
  readonly at: Float64Array;
  /** What it answered. */
  readonly eps: Float64Array;
}

/**
 * A prediction M and a clock c, such as lambda, in which its Taylor series solves the probability flow from t to s, each
 * coordinate by itself:
 *
 *     x_s = kept x_t + offset + sum_i weights_i M^(i),  M^(i) = d^i M / dc^i at t,  i = 0, 1, ..
 */
export interface Expansion {
  readonly name: string;
  /** What the clock shows at a point: at time t, so many steps before the newest. */
  reading(noise: Noise, point: { readonly t: number; readonly back: number }): number;
  /** x0 at a point, for a step to the clean end. */
  clean(point: Evaluated, noise: Noise): Float64Array;
  /** What a step from t to s takes, sigma > 0 at both, with this many derivatives M^(0), M^(1), .. */
  over(step: {
    noise: Noise;
    t: number;
    s: number;
    derivatives: number;
    dimension: number;
    /** How many steps of the run lie between t and s, default 1. */
    length?: number;
  }): ExpandedStep;
}

/** What a step multiplies and adds, and the M that it expands. */
export interface ExpandedStep {
  /** lambda_s - lambda_t */
  readonly h: number;
  /** 1 or -1: relaxations are functions of rate h. */
  readonly rate: number;
  /** [dimension] */
  readonly kept: Float64Array;
  /** [dimension] */
  readonly offset: Float64Array;
  /** [derivatives][dimension] */
  readonly weights: readonly Float64Array[];
  /** M at a point, [batch, dimension]. */
  prediction(point: Evaluated): Float64Array;
}

/** Expands eps in lambda, as DPM-Solver does. */
export const noiseExpansion: Expansion = expanding(noiseForm);

/** Expands x0 in lambda, as DPM-Solver++ does. */
export const dataExpansion: Expansion = expanding(dataForm);

/** weights_i = weight h^i phi_{i+1}(rate h), of the forms in dpm-form.ts. */
function expanding(form: DpmForm): Expansion {
  return {
    name: form.name,
    reading: (noise, { t }) => noise.lambda(t),
    clean: ({ t, x, at, eps }, noise) => {
      const levels = levelsAt(noise, t);
      return form.clean(x, form.prediction(at, eps, levels), levels);
    },
    over({ noise, t, s, derivatives, dimension }) {
      const [from, to] = [levelsAt(noise, t), levelsAt(noise, s)];
      const h = noise.lambda(s) - noise.lambda(t);
      const { kept, weight, rate } = form.coefficients({ from, to, h, eta: 0 });
      const every = (value: number): Float64Array => new Float64Array(dimension).fill(value);
      return {
        h,
        rate,
        kept: every(kept),
        offset: every(0),
        weights: Array.from({ length: derivatives }, (_, i) => every(weight * h ** i * phi(i + 1, rate * h))),
        prediction: (point) => form.prediction(point.at, point.eps, levelsAt(noise, point.t)),
      };
    },
  };
}
