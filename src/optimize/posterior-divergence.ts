import type { Process } from "../processes/process.ts";

/**
 * What the ancestral kernel loses at one position of one step, in nats:
 *
 *     KL( q(x_s | x_t, x_0) || sum over x0' of p(x0') q(x_s | x_t, x0') )
 *
 * At s = 0 the first law is certain of x_0 and this is -log p(x_0). It is never above -log p(x_0).
 *
 * @returns a function of the clean token, the noised one, the predicted law [vocabulary], sigma(s) < sigma(t)
 * Cost: one posterior, one transition and one likelihood of the process, and a logarithm a state.
 */
export function posteriorDivergence(
  process: Process,
): (x0: number, x: number, p: Float64Array, sigmaS: number, sigmaT: number) => number {
  const { states } = process;
  const kernel = new Float64Array(states);
  const reach = new Float64Array(states);
  const likelihood = new Float64Array(states);
  return (x0, x, p, sigmaS, sigmaT) => {
    process.posteriorInto(kernel, x, p, sigmaS, sigmaT);
    process.transitionInto(reach, x0, sigmaS);
    process.likelihoodInto(likelihood, x, sigmaT - sigmaS);
    let kernelTotal = 0;
    let total = 0;
    for (let y = 0; y < states; y++) {
      kernelTotal += kernel[y]!;
      reach[y]! *= likelihood[y]!;
      total += reach[y]!;
    }
    const scale = kernelTotal / total;
    let divergence = 0;
    for (let y = 0; y < states; y++) {
      const weight = reach[y]!;
      // The kernel is at least p(x_0) times this law; where that underflows, the least number there is.
      if (weight > 0)
        divergence += weight * Math.log((weight * scale) / Math.max(kernel[y]!, Number.MIN_VALUE));
    }
    return divergence / total;
  };
}
