import type { Step } from "../samplers/sampler.ts";
import { diffusionSquared, type Rates, steeredRates } from "./rates.ts";
import type { Expert, Reward } from "./target.ts";

/** How a step is made. */
export interface Steering {
  /** Those of the target whose exponent is not 0. */
  readonly experts: readonly Expert[];
  readonly reward?: Reward;
  /** 2: Heun, 1: Euler-Maruyama. */
  readonly order: 1 | 2;
  /** z of {@link steeredRates}. */
  readonly noiseScale: number;
}

/**
 * Moves the particles from t to s > 0, t - s = h, into `step.next`: x + h v(t, x) + z g sqrt(h) n with n ~ N(0, I), v the
 * drift; in the second order, Heun's, this is x' and the step goes to x + h/2 (v(t, x) + v(s, x')) with the same noise, of
 * g^2 averaged over t and s. The log-weights are integrated alike.
 *
 * Source: Kloeden and Platen 1992, section 15.1, equation 15.1.3 for noise that does not depend on x.
 *
 * @returns [batch] what their log-weights gain
 */
export async function steeredMove(step: Step, steering: Steering): Promise<Float64Array> {
  const { t, s, x, next, noise, normal } = step;
  const { order, noiseScale } = steering;
  const h = t - s;
  const late = order === 2 ? diffusionSquared(noise, s) : diffusionSquared(noise, t);
  const deviation = noiseScale * Math.sqrt(0.5 * h * (diffusionSquared(noise, t) + late));
  const n = deviation > 0 ? normal() : new Float64Array(x.length);
  const moveInto = (drift: (at: number) => number): void => {
    for (let at = 0; at < x.length; at++) next[at] = x[at]! + h * drift(at) + deviation * n[at]!;
  };
  const here = await ratesAt(step, { x, time: t }, steering);
  moveInto((at) => here.drift[at]!);
  if (order === 1) return here.weights.map((rate) => h * rate);
  const there = await ratesAt(step, { x: next.slice(), time: s }, steering);
  moveInto((at) => 0.5 * (here.drift[at]! + there.drift[at]!));
  return here.weights.map((rate, row) => 0.5 * h * (rate + there.weights[row]!));
}

/**
 * Takes the particles to a clean s, without noise: (alpha_s / alpha_t)(x - sigma sum beta_i eps_i). One prediction of each
 * model.
 *
 * @returns [batch] what their log-weights gain, the terms with scores left out
 */
export async function cleanMove(step: Step, { experts, reward }: Steering): Promise<Float64Array> {
  const { t, s, x, next, batch, dimension, noise, predict } = step;
  const sigma = noise.sigma(t);
  const kept = noise.alpha(s) / noise.alpha(t);
  for (let at = 0; at < x.length; at++) next[at] = kept * x[at]!;
  let total = 0;
  for (const { exponent, ...model } of experts) {
    const eps = await predict(model);
    for (let at = 0; at < x.length; at++) next[at]! -= kept * sigma * exponent * eps[at]!;
    total += exponent;
  }
  const expansion = (total - 1) * dimension * (noise.logAlpha(t) - noise.logAlpha(s));
  if (!reward) return new Float64Array(batch).fill(expansion);
  const gain = strengthAt(reward, step, s) - strengthAt(reward, step, t);
  const { values } = await reward.at(x, dimension);
  return values.map((value) => expansion + gain * value);
}

/** b at a time of the step. */
export function strengthAt({ strength }: Reward, { noise }: Pick<Step, "noise">, t: number): number {
  return strength({ alpha: noise.alpha(t), sigma: noise.sigma(t) });
}

/** Asks every model about the particles at a time. */
async function ratesAt(
  step: Step,
  { x, time }: { x: Float64Array; time: number },
  { experts, reward, noiseScale }: Steering,
): Promise<Rates> {
  const { t, s, noise, dimension, predict } = step;
  const predicted: { exponent: number; eps: Float64Array }[] = [];
  for (const { exponent, ...model } of experts) {
    predicted.push({ exponent, eps: await predict({ x, time, ...model }) });
  }
  const instant = { noise, t: time, x, dimension, experts: predicted };
  if (!reward) return steeredRates(instant, { noiseScale });
  const growth = (strengthAt(reward, step, s) - strengthAt(reward, step, t)) / (t - s);
  const found = await reward.at(x, dimension);
  const tilt = { ...found, strength: strengthAt(reward, step, time), growth };
  return steeredRates({ ...instant, reward: tilt }, { noiseScale });
}
