import {
  copyRowsInto,
  type Resampling,
  recallParticles,
  resamplingOf,
  startParticles,
  weigh,
} from "../particles/particles.ts";
import { purposes } from "../random.ts";
import { ancestral } from "../samplers/ancestral.ts";
import type { Prediction, Sampler, Step } from "../samplers/sampler.ts";
import { copyRowMemory } from "../selectors/memory.ts";
import { type Expert, type JointPredictions, jointPredictions } from "./joint-predictions.ts";

/** How particles are steered. */
export interface FeynmanKacOptions extends Resampling {
  /**
   * The target prod_i q_i(x)^(beta_i): `[{ exponent: 2 }]` is the run's model at half the temperature,
   * `[{ exponent: 3 }, { exponent: -2, denoiser: free }]` guidance of scale 3, `[{ exponent: 1 }, { exponent: 1, denoiser:
   * other }]` what both find likely.
   */
  readonly experts: readonly Expert[];
}

/**
 * Feynman-Kac correctors for masked models: sequences follow q(x)^beta, or a product of models, as a whole, where
 * tempering or guiding each prediction alone does not. The rows of a run are particles. The target's reverse rates from
 * the mask to v are kappa(t) prod_i p_i(v)^(beta_i), of total kappa Z; the particles reveal at the model's own pace
 * kappa, v ~ prod_i p_i^(beta_i) / Z, and a jump multiplies the weight by the ratio of the two rates,
 *
 *     Z = sum_v prod_i p_i^d(v | x)^(beta_i)
 *
 * of the position d that was revealed. The compensator, the integral of kappa (Z - 1), is the weight that the target law
 * asks for between jumps, so that nothing else is left: neither noise nor times enter, and no step size is in the way.
 *
 * Reveals are those of `ancestral`, with any selector. With one reveal a step and a model whose predictions are the
 * conditionals of one joint law, weighted rows follow the target in the limit of many particles and the constant, of
 * sum_x prod_i q_i(x)^(beta_i), is unbiased for any number. With several at once each q_i is the law that the few-step
 * sampler gives the order of its reveals. The run's temperature and top-p shape every prediction before it is raised to a
 * power; a corrector would move rows off the target. Read weights with `weightsOf`.
 *
 * Model calls per step: those of `ancestral`, of every model whose exponent is not 0. Rows are not independent, and all of
 * a run are made together; given tokens must be those of every row.
 *
 * Source: the weights of a rate ratio at jumps and its compensator, Del Moral 2004, chapter 1; Skreta et al. 2025
 * (2503.02819) for continuous models; this form for masks is ours.
 *
 * @throws RangeError if an option is out of range, or the process has no mask
 */
export function feynmanKac({ experts: all, ...resampling }: FeynmanKacOptions): Sampler {
  const experts = all.filter(({ exponent }) => exponent !== 0);
  const when = resamplingOf("feynmanKac", resampling);
  checkExperts(experts);
  const base = ancestral();
  return {
    name: `feynman-kac:${experts.map(({ exponent }) => exponent).join(",")}`,
    calls: base.calls * experts.length,
    selects: true,
    coupled: true,
    refuses: ({ mask, name }) =>
      mask === undefined
        ? `the sampler feynman-kac weighs what is revealed, and the process ${name} has no mask; use a process with one`
        : undefined,
    async stepInto(step) {
      const { batch, memory, next, s } = step;
      if (!recallParticles(memory)) {
        checkGiven(step);
        startParticles(memory, new Float64Array(batch), 0);
      }
      const increments = await revealInto(step, experts, base);
      const uniform = (): number => step.draw(0, purposes.resample).uniform(0);
      const chosen = weigh(memory, { increments, time: s, final: s <= 0, uniform }, when);
      if (!chosen) return;
      copyRowsInto(next, next.slice(), chosen);
      copyRowMemory(memory, chosen);
    },
  };
}

/** Reveals by the product's laws; returns [batch] sums of log Z over the positions that were revealed. */
async function revealInto(step: Step, experts: readonly Expert[], base: Sampler): Promise<Float64Array> {
  const { batch, length, tokens, next, process } = step;
  const masses = new Float64Array(tokens.length);
  const predict = async (input: Prediction = {}): Promise<JointPredictions> => {
    const parts = [];
    for (const { exponent, ...model } of experts) {
      parts.push({ exponent, predictions: await step.predict({ ...input, ...model }) });
    }
    const joint = jointPredictions(parts, process);
    return {
      ...joint,
      row(row, position) {
        const law = joint.row(row, position);
        masses[row * length + position] = joint.logMass();
        return law;
      },
    };
  };
  await base.stepInto({ ...step, predict });
  const increments = new Float64Array(batch);
  next.forEach((token, at) => {
    if (token !== tokens[at]) increments[Math.floor(at / length)]! += masses[at]!;
  });
  return increments;
}

/** @throws RangeError unless there is an expert and all exponents are finite */
function checkExperts(experts: readonly Expert[]): void {
  if (experts.length === 0 || !experts.every(({ exponent }) => Number.isFinite(exponent))) {
    throw new RangeError(
      `feynmanKac: experts have the exponents ${experts.map(({ exponent }) => exponent).join(", ") || "0"}; expected finite numbers, at least one of them not 0`,
    );
  }
}

/** @throws RangeError unless all rows are given the same tokens at the same positions */
function checkGiven({ batch, length, tokens, fixed }: Step): void {
  for (let at = length; at < batch * length; at++) {
    const first = at % length;
    if (fixed[at] !== fixed[first] || (fixed[at] && tokens[at] !== tokens[first])) {
      throw new RangeError(
        `feynmanKac: row ${Math.floor(at / length)} is given other tokens than row 0 at position ${first}; rows of one run are particles of one problem, so give all of them the same, or run each alone`,
      );
    }
  }
}
