import type { Noise } from "../noise/noise.ts";
import type { RewardAt } from "./target.ts";

/** What is known of the particles at one time. */
export interface Instant {
  readonly noise: Noise;
  /** Above 0: where there is noise. */
  readonly t: number;
  /** [rows, dimension] */
  readonly x: Float64Array;
  readonly dimension: number;
  /** What each model predicts, eps_i of [rows, dimension], and its exponent beta_i. */
  readonly experts: readonly { readonly exponent: number; readonly eps: Float64Array }[];
  /** The reward here, its strength b and b' = db / d tau, its growth as time runs down. */
  readonly reward?: RewardAt & { readonly strength: number; readonly growth: number };
}

/** How particles move and what their weights gain in a unit of time that runs down. */
export interface Rates {
  /** [rows, dimension] */
  readonly drift: Float64Array;
  /** [rows] d log w / d tau */
  readonly weights: Float64Array;
}

/**
 * The Feynman-Kac corrector: the reverse SDE whose weighted particles follow p_t ~ prod_i q_i^(beta_i) e^(b r). With
 * s_i = -eps_i / sigma, U = sum_i beta_i s_i, f = (d log alpha / dt) x, g^2 = -2 sigma^2 d lambda / dt and a scale z of
 * the noise, tau running from noise to data,
 *
 *     dx = ((1 + z^2) / 2 g^2 U + z^2 / 2 g^2 b grad r - f) dtau + z g dW
 *     d log w = ((B - 1) div f + g^2 / 2 (|U|^2 - sum_i beta_i |s_i|^2)
 *                + b' r - b <grad r, f> + g^2 / 2 b <grad r, U>) dtau,     B = sum_i beta_i
 *
 * The weights are the same for every z: 1 is the reverse SDE itself ("target score"), 0 the probability flow, and for
 * q^beta z^2 = (beta + 2 a (1 - beta)) / beta is the published family in a, "tempered noise" at a = 1/2.
 *
 * Source: Skreta et al. 2025 (2503.02819), propositions 3.1 to 3.3 and their table 1 for annealing, geometric averages and
 * products; the general product and the free z are ours (d log p / d tau of the product, less what the SDE does to it; no
 * divergence of a score is left when the drift is the one above). The last term of the reward has a plus sign, as in the
 * paper; public code also has it with a minus.
 *
 * @param noiseScale z >= 0
 */
export function steeredRates(
  { noise, t, x, dimension, experts, reward }: Instant,
  { noiseScale: z }: { noiseScale: number },
): Rates {
  const sigma = noise.sigma(t);
  const shrink = noise.logAlphaSlope(t);
  const squared = diffusionSquared(noise, t);
  const total = experts.reduce((sum, { exponent }) => sum + exponent, 0);
  const towards = (0.5 * (1 + z * z) * squared) / sigma;
  const spread = (0.5 * squared) / (sigma * sigma);
  const drift = new Float64Array(x.length);
  const weights = new Float64Array(x.length / dimension);
  for (let row = 0; row < weights.length; row++) {
    let [whole, parts, along, uphill] = [0, 0, 0, 0];
    for (let at = row * dimension; at < (row + 1) * dimension; at++) {
      let joint = 0;
      for (const { exponent, eps } of experts) {
        joint += exponent * eps[at]!;
        parts += exponent * eps[at]! * eps[at]!;
      }
      whole += joint * joint;
      drift[at] = -shrink * x[at]! - towards * joint;
      if (!reward) continue;
      const gradient = reward.gradients[at]!;
      drift[at]! += 0.5 * z * z * squared * reward.strength * gradient;
      along += gradient * x[at]!;
      uphill -= (gradient * joint) / sigma;
    }
    weights[row] = (total - 1) * dimension * shrink + spread * (whole - parts);
    if (!reward) continue;
    weights[row]! +=
      reward.growth * reward.values[row]! + reward.strength * (0.5 * squared * uphill - shrink * along);
  }
  return { drift, weights };
}

/** g^2 = -2 sigma^2 d lambda / dt of the forward SDE. */
export function diffusionSquared(noise: Noise, t: number): number {
  return -2 * noise.sigma(t) ** 2 * noise.lambdaSlope(t);
}

/** z of the published family that anneals q to q^beta. @param options.a in [0, 1/2]: 0 target score, 1/2 tempered noise */
export function temperedNoise({ exponent, a = 0.5 }: { exponent: number; a?: number }): number {
  if (!(exponent > 0 && a >= 0 && a <= 0.5)) {
    throw new RangeError(
      `temperedNoise: exponent = ${exponent}, a = ${a}; expected an exponent above 0 and a from 0 (target score) to 1/2 (tempered noise)`,
    );
  }
  return Math.sqrt((exponent + 2 * a * (1 - exponent)) / exponent);
}
