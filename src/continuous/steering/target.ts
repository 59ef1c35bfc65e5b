import type { Denoiser } from "../denoisers/denoiser.ts";
import type { Levels } from "../denoisers/gaussian-mixture.ts";

/**
 * What particles are steered to: at every time p_t ~ prod_i q_i,t^(beta_i) e^(b_t r), where q_i,t is the law of the i-th
 * model's noised data and r a reward whose strength b_t grows from 0 in noise to its own at data. So the data itself
 * follow prod_i q_i^(beta_i) e^(b_0 r).
 */
export interface Target {
  readonly name: string;
  readonly experts: readonly Expert[];
  readonly reward?: Reward;
}

/** One factor q^beta. */
export interface Expert {
  /** beta, of either sign. */
  readonly exponent: number;
  /** Default the run's own model. */
  readonly denoiser?: Denoiser;
}

/** A function of x that samples are tilted by. */
export interface Reward {
  /** r and its gradient at x, [rows, dimension]. */
  at(x: Float64Array, dimension: number): RewardAt | Promise<RewardAt>;
  /** b at these levels: 0 in pure noise. */
  strength(levels: Levels): number;
}

/** A reward at some points. */
export interface RewardAt {
  /** [rows] */
  readonly values: Float64Array;
  /** [rows, dimension] */
  readonly gradients: Float64Array;
}

/** q^beta: the run's own model at temperature 1 / beta. @param options.exponent above 0 */
export function annealed({ exponent }: { exponent: number }): Target {
  return { name: `annealed:${exponent}`, experts: [{ exponent }] };
}

/**
 * q_1^(1 - beta) q_2^beta of the run's own model and another: their geometric average, and with beta > 1 what
 * classifier-free guidance of that scale is meant to be, the run's own model being the unconditional one.
 */
export function geometricAverage({ other, scale }: { other: Denoiser; scale: number }): Target {
  return {
    name: `geometric-average:${scale}`,
    experts: [{ exponent: 1 - scale }, { exponent: scale, denoiser: other }],
  };
}

/** (q_1 q_2 ...)^beta of the run's own model and others: what all of them find likely. */
export function productOfExperts({
  others,
  exponent = 1,
}: {
  others: readonly Denoiser[];
  exponent?: number;
}): Target {
  return {
    name: `product:${others.length + 1}:${exponent}`,
    experts: [{ exponent }, ...others.map((denoiser) => ({ exponent, denoiser }))],
  };
}

/**
 * q e^r: the run's own model tilted by a reward.
 *
 * @param options.at r and its gradient of many points at once
 * @param options.strength b at the levels alpha and sigma, default alpha^2 / (alpha^2 + sigma^2)
 */
export function tilted({ at, strength = signalShare }: Pick<Reward, "at"> & Partial<Reward>): Target {
  return { name: "tilted", experts: [{ exponent: 1 }], reward: { at, strength } };
}

/** alpha^2 / (alpha^2 + sigma^2), from 0 in noise to 1. */
function signalShare({ alpha, sigma }: Levels): number {
  return (alpha * alpha) / (alpha * alpha + sigma * sigma);
}

/** Sum of the exponents. @throws RangeError unless they are finite and sum to a positive number */
export function checkTarget(where: string, { experts }: Target): number {
  const total = experts.reduce((sum, { exponent }) => sum + exponent, 0);
  if (!(total > 0 && Number.isFinite(total))) {
    throw new RangeError(
      `${where}: the exponents ${experts.map(({ exponent }) => exponent).join(", ")} sum to ${total}; expected a positive sum, so that noise to the power of it is a law to start from`,
    );
  }
  return total;
}
