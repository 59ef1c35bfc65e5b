/** UniPC on variance-exploding noise against the published code. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Denoiser, type Sampler, thresholded, times, uniPc } from "../../src/continuous/index.ts";
import { analyticFirstStep } from "../../src/continuous/samplers/analytic-first-step.ts";
import { close } from "../golden.ts";
import { closeRows, continuousGolden, denoiserOf, type MixtureRecord, sigmaNoise } from "./golden.ts";
import { methodOf, trajectoryOf } from "./unipc-golden.ts";

interface Inputs {
  readonly mixture: MixtureRecord;
  readonly latents: number[][];
  readonly order: number;
  readonly variant: string;
  readonly predict_x0: boolean;
  readonly lower_order_final: boolean;
  readonly afs: boolean;
  readonly denoise_to_zero: boolean;
  readonly x0_dynamic_thresholding: boolean;
}

interface Expected {
  readonly sigmas: number[];
  readonly trajectory: number[][][];
  readonly eval_sigmas: number[];
}

const golden = continuousGolden("edm_solvers.json");

describe("golden: UniPC on variance-exploding noise", () => {
  for (const [index, { inputs, expected }] of golden.cases<Inputs, Expected>("unipc").entries()) {
    const { order, variant, latents, denoise_to_zero: denoise } = inputs;
    it(`case ${index}: ${variant} of order ${order}, ${expected.sigmas.length} times`, async () => {
      const asked: number[] = [];
      const exact = denoiserOf(inputs.mixture);
      const watched: Denoiser = {
        ...exact,
        predict(input) {
          asked.push(input.sigma[0]!);
          return exact.predict(input);
        },
      };
      const setup = {
        denoiser: watched,
        noise: sigmaNoise(expected.sigmas[0]!, expected.sigmas.at(-1)!),
        schedule: times({ times: expected.sigmas }),
      };
      const plain = uniPc(methodOf(inputs));
      const method = inputs.x0_dynamic_thresholding ? withBoundedClean(plain) : plain;
      const run = await trajectoryOf(setup, {
        sampler: inputs.afs ? analyticFirstStep(method) : method,
        start: latents.map((row) => row.map((value) => value * expected.sigmas[0]!)),
        denoise,
      });
      const states = denoise ? [...run.corrected, run.last.x] : run.corrected;
      assert.equal(states.length, expected.trajectory.length);
      expected.trajectory.forEach((state, i) => {
        closeRows(states[i]!, state, golden.tolerance("trajectory"), `state ${i}`);
      });
      close(asked, expected.eval_sigmas, golden.tolerance("eval_sigmas"), "model calls");
    });
  }
});

/** As released: x0 is thresholded in the steps, the analytic first one too, but not where it ends a run. */
function withBoundedClean(base: Sampler): Sampler {
  return {
    ...base,
    stepInto(step) {
      const { batch, dimension } = step;
      const level = (value: number) => new Float64Array(batch).fill(value);
      const model = thresholded({ dimension, predict: ({ x }) => step.predict({ x }) });
      return base.stepInto({
        ...step,
        predict: async ({ x = step.x } = {}) =>
          model.predict({ x, batch, time: level(step.t), alpha: level(1), sigma: level(step.t) }),
      });
    },
  };
}
