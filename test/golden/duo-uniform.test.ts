/** Noises, posteriors and the NELBO of Duo's uniform-state diffusion against the released code. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { absorbing, predictions } from "../../src/index.ts";
import { plugInPosterior } from "../../src/processes/plug-in.ts";
import { scoreEntropy } from "../../src/processes/score-entropy.ts";
import { uniformProcess } from "../../src/processes/uniform-process.ts";
import { close, goldenFile } from "../golden.ts";
import { type NoiseInputs, noiseOf, type StepInputs } from "./duo.ts";

type Inputs =
  | (NoiseInputs & { readonly kind: "noise"; readonly t: number[]; readonly alpha_query: number[] })
  | (StepInputs & { readonly kind: "step_uniform"; readonly x0: number[] })
  | (StepInputs & { readonly kind: "step_absorb"; readonly mask_index: number })
  | { readonly kind: "kappas"; readonly noise: NoiseInputs };
interface Expected {
  readonly timesteps: number[];
  readonly alphas: number[];
  readonly alpha: number[];
  readonly dalpha_dt_true: number[];
  readonly dalpha_dt_official: number[] | number;
  readonly t_for_alpha_official: number[];
  readonly alpha_t: number;
  readonly alpha_s: number;
  readonly p_x0: number[][];
  readonly ancestral: number[][];
  readonly ancestral_noise_removal: number[][];
  readonly ancestral_mixture: number[][];
  readonly posterior_given_x0: number[][];
  readonly forward_process_of_p_x0_at_s: number[][];
  readonly nelbo_per_token: number[];
}

describe("golden: duo_uniform", () => {
  const { cases, tolerance } = goldenFile<Inputs, Expected>("duo_uniform.json");
  assert.ok(cases.length > 0);
  cases.forEach(({ inputs, expected }, index) => {
    const title = `case ${index}: ${inputs.kind}`;
    if (inputs.kind === "noise") {
      it(`${title} ${inputs.type}`, () => {
        const noise = noiseOf(inputs);
        const { t, alpha_query, eps } = inputs;
        close(t.map(noise.alpha), expected.alpha, tolerance, "alpha");
        const slopes = expected.dalpha_dt_true.map((slope) => -slope);
        close(t.map(noise.slope), slopes, tolerance, "slope");
        // The released inverse takes eps for 0.
        const times = alpha_query.map((alpha) => (1 - eps) * noise.timeAt(alpha));
        close(times, expected.t_for_alpha_official, tolerance, "time of alpha");
      });
    } else if (inputs.kind === "kappas") {
      it(`${title}: alpha at the time steps`, () => {
        close(expected.timesteps.map(noiseOf(inputs.noise).alpha), expected.alphas, tolerance, "alpha");
      });
    } else {
      describe(`${title}, ${inputs.t} to ${inputs.s}, noise ${inputs.noise.type}`, () => {
        if (inputs.kind === "step_absorb") stepAbsorb(inputs, expected);
        else stepUniform(inputs, expected);
      });
    }
  });

  function stepAbsorb(
    { V, noise: noiseInputs, t, s, x, raw_logits, mask_index }: StepInputs & { readonly mask_index: number },
    expected: Expected,
  ): void {
    it("has the ancestral law of masked positions, plug-in and mixture alike", () => {
      const noise = noiseOf(noiseInputs);
      const process = absorbing({ vocabulary: V });
      const plugIn = plugInPosterior(process);
      assert.equal(process.mask, mask_index);
      const logits = { data: Float64Array.from(raw_logits.flat()), width: V + 1 };
      const laws = predictions(logits, { length: x.length, vocabulary: V });
      const law = new Float64Array(process.states);
      x.forEach((token, d) => {
        process.posteriorInto(law, token, laws.row(0, d), noise.sigma(s), noise.sigma(t));
        close(law, expected.ancestral[d]!, tolerance, `mixture at ${d}`);
        if (token !== process.mask) return; // a clean token is copied, whatever is predicted for it
        plugIn(law, token, laws.row(0, d), noise.sigma(s), noise.sigma(t));
        close(law, expected.ancestral[d]!, tolerance, `plug-in at ${d}`);
      });
    });
  }

  function stepUniform(
    { V, noise: noiseInputs, t, s, x, x0, raw_logits }: StepInputs & { readonly x0: number[] },
    expected: Expected,
  ): void {
    const noise = noiseOf(noiseInputs);
    const process = uniformProcess({ vocabulary: V });
    const plugIn = plugInPosterior(process);
    const logits = { data: Float64Array.from(raw_logits.flat()), width: V };
    const laws = predictions(logits, { length: x.length, vocabulary: V });
    const [sigmaS, sigmaT] = [noise.sigma(s), noise.sigma(t)];
    const law = new Float64Array(V);

    it("has alpha, the predictions and the forward law of the predictions", () => {
      close([noise.alpha(t), noise.alpha(s)], [expected.alpha_t, expected.alpha_s], tolerance, "alpha");
      x.forEach((_, d) => {
        close(laws.row(0, d), expected.p_x0[d]!, tolerance, `p at ${d}`);
        process.forwardInto(law, laws.row(0, d), sigmaS);
        close(law, expected.forward_process_of_p_x0_at_s[d]!, tolerance, `forward at ${d}`);
      });
    });

    it("has the mixture posterior and the plug-in posterior, also without noise at s", () => {
      x.forEach((token, d) => {
        const p = laws.row(0, d);
        process.posteriorInto(law, token, p, sigmaS, sigmaT);
        close(law, expected.ancestral_mixture[d]!, tolerance, `mixture at ${d}`);
        plugIn(law, token, p, sigmaS, sigmaT);
        close(law, expected.ancestral[d]!, tolerance, `plug-in at ${d}`);
        plugIn(law, token, p, 0, sigmaT);
        close(law, expected.ancestral_noise_removal[d]!, tolerance, `noise removal at ${d}`);
      });
    });

    it("has the posterior given the clean token, by either function", () => {
      const known = new Float64Array(V);
      x.forEach((token, d) => {
        known.fill(0);
        known[x0[d]!] = 1;
        process.posteriorInto(law, token, known, sigmaS, sigmaT);
        close(law, expected.posterior_given_x0[d]!, tolerance, `mixture at ${d}`);
        plugIn(law, token, known, sigmaS, sigmaT);
        close(law, expected.posterior_given_x0[d]!, tolerance, `plug-in at ${d}`);
      });
    });

    it("has Duo's NELBO integrand: the rate times the score entropy of the plug-in scores", () => {
      // The released d alpha / dt of the cosine noise is not quite the derivative; the integrand is linear in it.
      const slope = -(expected.dalpha_dt_official as number);
      const integrand = x.map((token, d) => {
        process.forwardInto(law, laws.row(0, d), sigmaT);
        const logScores = law.map((value) => Math.log(value / law[token]!));
        return (
          (slope / noise.alpha(t)) * scoreEntropy(process, { x: token, x0: x0[d]!, logScores, sigma: sigmaT })
        );
      });
      close(integrand, expected.nelbo_per_token, tolerance, "NELBO");
    });
  }
});
