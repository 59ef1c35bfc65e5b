import { rhoAt } from "../noise/noise.ts";
import type { Sampler, Step } from "./sampler.ts";

/** How much noise is stirred in before each step; the names of the paper in brackets. */
export interface ChurnOptions {
  /** [S_churn] >= 0: raises rho by the factor 1 + churn / steps, at most by sqrt(2). Default 0: nothing. */
  readonly churn?: number;
  /** [S_tmin, S_tmax] only where rho is within these, default 0 and Infinity. */
  readonly churnMin?: number;
  readonly churnMax?: number;
  /** [S_noise] standard deviation of the new noise, default 1; slightly above makes up for a model that removes too much. */
  readonly noiseScale?: number;
}

/**
 * A sampler that first goes back to more noise in every step, then takes the longer step from there: with
 * rho = sigma / alpha and rho' = (1 + gamma) rho, gamma = min(churn / N, sqrt 2 - 1),
 *
 *     x' / alpha' = x / alpha + sqrt(rho'^2 - rho^2) noiseScale z,   z ~ N(0, I)
 *
 * and the base sampler goes from t' to s. As many model calls as the base makes. The base must be a one-step method: what
 * a multistep method remembers belongs to a path that was left.
 *
 * Source: Karras et al. 2022 (2206.00364), algorithm 2, lines 4 to 6, for alpha = 1. Here for any noise, because x / alpha
 * at rho is the same thing: `churnMin` and `churnMax` are then of rho, and the model is asked at t', which must be a time
 * it knows. So keep churnMax below rho(horizon) / (1 + gamma) for a model that was trained up to the horizon and no
 * further, and leave churn at 0 for one that knows whole numbers of steps only.
 *
 * @throws RangeError if an option is out of range
 */
export function churned(base: Sampler, options: ChurnOptions = {}): Sampler {
  const { churn = 0, churnMin = 0, churnMax = Number.POSITIVE_INFINITY, noiseScale = 1 } = options;
  if (!(churn >= 0 && Number.isFinite(churn) && noiseScale > 0 && churnMin >= 0 && churnMax >= churnMin)) {
    throw new RangeError(
      `churned: churn = ${churn} between ${churnMin} and ${churnMax}, noiseScale = ${noiseScale}; expected churn >= 0, 0 <= churnMin <= churnMax and a positive noiseScale`,
    );
  }
  if (churn === 0) return base;
  const set = Object.entries(options).map(([name, value]) => `:${name}=${value}`);
  return {
    name: `${base.name}${set.join("")}`,
    calls: base.calls,
    stochastic: true,
    stepInto(step) {
      const rho = rhoAt(step.noise, step.t);
      const gamma = Math.min(churn / (step.index + step.ahead.length), Math.SQRT2 - 1);
      return base.stepInto(rho >= churnMin && rho <= churnMax ? raised(step, gamma, noiseScale) : step);
    },
  };
}

/** The step from t' to s. */
function raised(step: Step, gamma: number, noiseScale: number): Step {
  const { noise, t, x, next, predict, normal } = step;
  const rho = rhoAt(noise, t);
  const time = noise.timeAt(-Math.log((1 + gamma) * rho));
  const alpha = noise.alpha(time);
  const kept = alpha / noise.alpha(t);
  // sqrt(rho'^2 - rho^2)
  const added = alpha * noiseScale * rho * Math.sqrt(gamma * (2 + gamma));
  const z = normal();
  const stirred = x.map((value, at) => kept * value + added * z[at]!);
  next.set(stirred);
  return {
    ...step,
    t: time,
    x: stirred,
    predict: (input) => predict({ x: stirred, time, ...input }),
    normal: ({ stage = 0, ...at } = {}) => normal({ ...at, stage: stage + 1 }),
  };
}
