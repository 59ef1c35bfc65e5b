import {
  copyRowsInto,
  type Resampling,
  recallParticles,
  resamplingOf,
  startParticles,
  weigh,
} from "../../particles/particles.ts";
import type { Sampler, Step } from "../samplers/sampler.ts";
import { cleanMove, type Steering, steeredMove, strengthAt } from "./steered-step.ts";
import { checkTarget, type Target } from "./target.ts";

/** How particles are steered. */
export interface FeynmanKacOptions extends Resampling {
  readonly target: Target;
  /** 2: Heun steps, two predictions of each model; 1: Euler-Maruyama, one, as published. Default 2. */
  readonly order?: 1 | 2;
  /** z >= 0, how much noise is drawn on the way; the weights are right for each. Default 1, the reverse SDE's own. */
  readonly noiseScale?: number;
}

/**
 * Feynman-Kac correctors: the rows of a run are particles, which move by the reverse SDE of a target law and are weighted
 * for what that SDE alone gets wrong ({@link steeredRates}). Systematic resampling moves the weight into the rows. Read
 * the weights, the effective sample size and the normalising constant with `weightsOf`.
 *
 * The constant is Z_t = integral of prod_i q_i,t(x)^(beta_i) e^(b_t r(x)) dx at the time t reached, estimated as Z at the
 * start, exact for noise N(0, priorScale^2 I), times the mean weights of all stages between resamplings. The estimate of
 * Z is unbiased but for the error of the steps, of order h with `order: 1`, h^2 with `order: 2`; its logarithm is too
 * small by about half its variance.
 *
 * Runs start at the noise to the power of B = sum_i beta_i, of deviation priorScale / sqrt(B). A clean last time is gone
 * to without noise, and the weights then gain all but their score terms. Rows are not independent: all of a run are made
 * together, in one batch.
 *
 * Model calls per step: `order` for every model whose exponent is not 0; to a clean time 1. Source: Skreta et al. 2025
 * (2503.02819), algorithm 1, where every step resamples within an interval of times and none weighs outside of it: here
 * weights always accumulate, and resampling is due where the effective sample size is below half of the particles. The
 * second order is ours.
 *
 * @throws RangeError if the exponents do not sum to a positive number or an option is out of range
 */
export function feynmanKac(options: FeynmanKacOptions): Sampler {
  const { target, order = 2, noiseScale = 1 } = options;
  checkMethod(order, noiseScale);
  const total = checkTarget("feynmanKac", target);
  const resampling = resamplingOf("feynmanKac", options);
  const experts = target.experts.filter(({ exponent }) => exponent !== 0);
  const steering = { ...target, experts, order, noiseScale };
  return {
    name: `feynman-kac:${target.name}${order === 2 ? "" : ":order=1"}`,
    calls: order * experts.length,
    stochastic: true,
    coupled: true,
    startScale: 1 / Math.sqrt(total),
    async stepInto(step) {
      const { memory, next, ahead, s, noise } = step;
      if (!recallParticles(memory)) await startInto(step, steering, total);
      const increments = await (noise.sigma(s) > 0 ? steeredMove : cleanMove)(step, steering);
      const arrived = { increments, time: s, final: ahead.length === 1, uniform: () => uniformOf(step) };
      const chosen = weigh(memory, arrived, resampling);
      if (chosen) copyRowsInto(next, next.slice(), chosen);
    },
  };
}

/**
 * The first weights, e^(b_T r), and the constant at the start: the integral of N(x; 0, v I)^B, which is
 * ((2 pi v)^(1 - B) / B)^(D / 2).
 */
async function startInto(step: Step, { reward, experts }: Steering, total: number): Promise<void> {
  const { t, x, dimension, batch, noise, memory } = step;
  for (const { denoiser } of experts) {
    if (denoiser && denoiser.dimension !== dimension) {
      throw new RangeError(
        `feynmanKac: a model of the target has dimension ${denoiser.dimension}, the run's own ${dimension}; expected the same`,
      );
    }
  }
  const strength = reward ? strengthAt(reward, step, t) : 0;
  const values = reward && strength !== 0 ? (await reward.at(x, dimension)).values : new Float64Array(batch);
  const variance = noise.priorScale(t) ** 2;
  const constant = 0.5 * dimension * ((1 - total) * Math.log(2 * Math.PI * variance) - Math.log(total));
  startParticles(
    memory,
    values.map((value) => strength * value),
    constant,
  );
}

/** A uniform of the step: the angle of two of its normals. */
function uniformOf({ normal }: Step): number {
  const [a = 1, b = 0] = normal({ stage: 1 });
  const turn = Math.atan2(b, a) / (2 * Math.PI);
  return turn < 0 ? turn + 1 : turn;
}

/** @throws RangeError unless the order is known and the scale a number >= 0 */
function checkMethod(order: number, noiseScale: number): void {
  if (order !== 1 && order !== 2) {
    throw new RangeError(`feynmanKac: order = ${order}; expected 1 (Euler-Maruyama) or 2 (Heun)`);
  }
  if (!(noiseScale >= 0 && noiseScale < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`feynmanKac: noiseScale = ${noiseScale}; expected a number >= 0`);
  }
}
