import type { Process } from "../processes/process.ts";
import { redrawInto } from "./redraw.ts";
import { type Clock, reviseInto } from "./revise.ts";
import type { Sampler } from "./sampler.ts";

/** The times of a step, and alpha at both on the sampler's clock. */
export interface PsiStep {
  readonly t: number;
  readonly s: number;
  readonly alphaT: number;
  readonly alphaS: number;
}

/** The share of the posterior in a step, in [0, 1], or how it follows from the step's times. */
export type Kappa = number | ((step: PsiStep) => number);

/** Makes, for a process, what writes the weights of x_s, [states]; see `Process.posteriorInto`. */
export type Posterior = (
  process: Process,
) => (out: Float64Array, x: number, p: Float64Array, sigmaS: number, sigmaT: number) => void;

/**
 * Psi-samplers: with q_u the posterior of x_u given x_t and the prediction,
 *
 *     x_s^d ~ kappa q_s + (1 - kappa) sum over v of q_0(v) P(x_s = . | x_0 = v)
 *
 * that is, the posterior mixed with the predicted clean token noised anew to s. kappa = 1 is ancestral sampling;
 * less lets every token change at any time, so mistakes can be mended. For every process. Under absorbing noise
 * it is remdm with sigma = (1 - kappa) (1 - alpha(s)), and the selector says which positions are revealed;
 * with `independent` it is the published sampler. A step to s = 0 is the posterior's.
 *
 * Model calls per step: 1, under absorbing noise 0 if nothing is to be revealed. Order: first for 1 - kappa of the
 * order of the step; a kappa below 1 that does not depend on the step leaves an error, as remdm does.
 *
 * Deviation from the released code: the run ends with the step to s = 0, where the code stops at t = 1e-5 and
 * calls the model once more.
 *
 * @param options.kappa in [0, 1]; see `psiProfile` for the published ones
 * @param options.posterior default the mixture, `process.posteriorInto`; `plugInPosterior` is that of Duo's code.
 * For absorbing noise both are the same.
 * @param options.clock from the step's time to the time whose noise level is meant; default the same. With a
 * clock, the number of tokens left masked follows it and not the schedule.
 * Source: Deschenaux, Gulcehre, Sahoo 2026, arXiv 2602.21185.
 */
export function psi({
  kappa,
  posterior = (process) => process.posteriorInto.bind(process),
  clock,
}: {
  kappa: Kappa;
  posterior?: Posterior;
  clock?: Clock;
}): Sampler {
  if (typeof kappa === "number") checkKappa(kappa);
  return {
    name: "psi",
    calls: 1,
    selects: true,
    refuses: () => undefined,
    stepInto(step) {
      const { process, noise, s } = step;
      const sigmaT = noise.sigma(clock ? clock(step.t) : step.t);
      const sigmaS = s <= 0 ? 0 : noise.sigma(clock ? clock(s) : s);
      const times = { t: step.t, s, alphaT: Math.exp(-sigmaT), alphaS: Math.exp(-sigmaS) };
      const share = s <= 0 ? 1 : typeof kappa === "number" ? kappa : checkKappa(kappa(times));
      if (process.mask === undefined) {
        return redrawInto(step, { posteriorInto: mixed(process, posterior(process), share), clock });
      }
      const sigma = (1 - share) * -Math.expm1(-sigmaS);
      return reviseInto(step, process.mask, { sigma, remask: () => sigma, clock });
    },
  };
}

/** share of the posterior, and the rest of the predicted clean token noised anew. */
function mixed(process: Process, posteriorInto: ReturnType<Posterior>, share: number): ReturnType<Posterior> {
  if (share === 1) return posteriorInto;
  const { states } = process;
  const clean = new Float64Array(states);
  const noised = new Float64Array(states);
  return (out, x, p, sigmaS, sigmaT) => {
    posteriorInto(out, x, p, sigmaS, sigmaT);
    posteriorInto(clean, x, p, 0, sigmaT);
    process.forwardInto(noised, clean, sigmaS);
    const weight = share / total(out);
    const rest = (1 - share) / total(noised);
    for (let v = 0; v < states; v++) out[v] = weight * out[v]! + rest * noised[v]!;
  };
}

function total(weights: Float64Array): number {
  let sum = 0;
  for (const weight of weights) sum += weight;
  return sum;
}

function checkKappa(kappa: number): number {
  if (!(kappa >= 0 && kappa <= 1)) throw new RangeError(`psi: kappa = ${kappa}; expected 0 <= kappa <= 1`);
  return kappa;
}
