/** Psi-samplers and their profiles against the released code of Duo, chapter II. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { absorbing, linear } from "../../src/index.ts";
import { sine } from "../../src/noise/sine.ts";
import { plugInPosterior } from "../../src/processes/plug-in.ts";
import { uniformProcess } from "../../src/processes/uniform-process.ts";
import { type Kappa, psi } from "../../src/samplers/psi.ts";
import { psiCap, psiProfile, psiRemask, psiRescale } from "../../src/samplers/psi-profile.ts";
import { close, goldenFile } from "../golden.ts";
import { stepLaws } from "../step-of.ts";
import { type NoiseInputs, noiseOf, type StepInputs } from "./duo.ts";

type Inputs =
  | { readonly kind: "noise" }
  | ({ readonly kind: "step_uniform" } & StepInputs)
  | ({ readonly kind: "step_absorb"; readonly mask_index: number } & StepInputs)
  | {
      readonly kind: "kappas";
      readonly noise: NoiseInputs;
      readonly num_steps: number;
      readonly t_end: number;
      readonly time_profile: string;
      readonly high_mode: string;
      readonly middle_mode: string;
      readonly low_mode: string;
      readonly high_frac: number;
      readonly middle_frac: number;
    };
interface Expected {
  readonly alpha_t: number;
  readonly alpha_s: number;
  /** The plug-in posterior, at s and at 0, and the mixture. */
  readonly ancestral: number[][];
  readonly ancestral_noise_removal?: number[][];
  readonly ancestral_mixture?: number[][];
  readonly psi: Record<string, number[][]>;
  readonly forward_process_of_p_x0_at_s?: number[][];
  // kind "kappas"
  readonly timesteps: number[];
  readonly alphas: number[];
  readonly kappas: number[];
}

function kappaOf(mode: string): Kappa {
  const eta = Number(mode.split("-").pop());
  if (mode === "pure-posterior") return 1;
  if (mode === "pure-pc") return 0;
  if (mode.startsWith("max-capped-")) return psiCap({ eta });
  if (mode.startsWith("max-rescale-")) return psiRescale({ eta });
  if (mode.startsWith("constant-remdm-")) return psiRemask({ eta });
  assert.match(mode, /^constant-/);
  return eta;
}

/** The time that a profile holds; "inv" gives it as an alpha, inverted as if eps were 0. */
function heldTime(profile: string, { type }: NoiseInputs): { hold?: number } {
  if (!profile.startsWith("linear-constant-linear")) return {};
  const level = Number(profile.split("-")[3]);
  if (!profile.includes("inv")) return { hold: level };
  return { hold: (type === "cosine" ? sine() : linear()).timeAt(level) };
}

describe("golden: duo_uniform, psi-samplers", () => {
  const { cases, tolerance } = goldenFile<Inputs, Expected>("duo_uniform.json");
  assert.ok(cases.length > 0);
  cases.forEach(({ inputs, expected }, index) => {
    if (inputs.kind === "noise") return;
    if (inputs.kind === "kappas") {
      it(`case ${index}: profile ${inputs.time_profile}, ${inputs.high_mode}, ${inputs.middle_mode}, ${inputs.low_mode}`, () => {
        const noise = noiseOf(inputs.noise);
        const profile = psiProfile({
          steps: inputs.num_steps,
          noise,
          high: kappaOf(inputs.high_mode),
          middle: kappaOf(inputs.middle_mode),
          low: kappaOf(inputs.low_mode),
          highShare: inputs.high_frac,
          middleShare: inputs.middle_frac,
          end: inputs.t_end,
          ...heldTime(inputs.time_profile, inputs.noise),
        });
        close(profile.times, expected.timesteps, tolerance, "times");
        close(Array.from(profile.times, noise.alpha), expected.alphas, tolerance, "alphas");
        close(profile.kappas, expected.kappas, tolerance, "kappas");
        for (let i = 0; i < inputs.num_steps; i++) {
          const t = 1 - i / inputs.num_steps;
          close(profile.kappa({ t }), expected.kappas[i]!, tolerance, `kappa at step ${i}`);
          close(profile.clock(t), expected.timesteps[i]!, tolerance, `clock at step ${i}`);
        }
      });
      return;
    }
    describe(`case ${index}: ${inputs.kind}, t = ${inputs.t}, s = ${inputs.s}`, () => {
      const { V: vocabulary, x: tokens, raw_logits: logits, t, s } = inputs;
      const noise = noiseOf(inputs.noise);
      const uniform = inputs.kind === "step_uniform";
      const process = uniform ? uniformProcess({ vocabulary }) : absorbing({ vocabulary });
      const made = { process, tokens, logits, t, s, noise };
      const agree = async (sampler: ReturnType<typeof psi>, rows: number[][], at = s) => {
        const laws = await stepLaws(sampler, { ...made, s: at });
        laws.forEach((law, d) => {
          close(law, rows[d]!, tolerance, `law at ${d}`);
        });
      };

      it("has the noise at both times", () => {
        close(noise.alpha(t), expected.alpha_t, tolerance, "alpha(t)");
        close(noise.alpha(s), expected.alpha_s, tolerance, "alpha(s)");
      });

      for (const [name, rows] of Object.entries(expected.psi)) {
        const kappa = Number(name);
        it(`kappa = ${kappa} with the plug-in posterior of the code`, () =>
          agree(psi({ kappa, posterior: plugInPosterior }), rows));
        if (!uniform) it(`kappa = ${kappa} with the mixture, the same`, () => agree(psi({ kappa }), rows));
      }

      it("kappa = 1 is the posterior, also at s = 0", async () => {
        await agree(psi({ kappa: 1, posterior: plugInPosterior }), expected.ancestral);
        if (!uniform) return;
        await agree(psi({ kappa: 1 }), expected.ancestral_mixture!);
        await agree(psi({ kappa: 1, posterior: plugInPosterior }), expected.ancestral_noise_removal!, 0);
        await agree(psi({ kappa: 0.5, posterior: plugInPosterior }), expected.ancestral_noise_removal!, 0);
      });

      if (uniform) {
        it("kappa = 0 with the mixture noises the prediction to s", () =>
          agree(psi({ kappa: 0 }), expected.forward_process_of_p_x0_at_s!));
      }
    });
  });
});
