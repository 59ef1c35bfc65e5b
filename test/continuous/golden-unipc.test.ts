/** UniPC against the published code: states after predictor and corrector, and where they end. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { uniPc } from "../../src/continuous/index.ts";
import { close } from "../golden.ts";
import { closeRows, continuousGolden } from "./golden.ts";
import { type RunRecord, setupOf, trajectoryOf } from "./unipc-golden.ts";

interface Inputs extends RunRecord {
  readonly start: number[][];
  readonly denoise_to_zero: boolean;
}

interface Expected {
  readonly times: number[];
  readonly trajectory: number[][][];
  readonly final?: number[][];
  readonly denoised?: number[][];
}

const golden = continuousGolden("dpm_unipc_dc.json");

describe("golden: UniPC", () => {
  for (const [index, { inputs, expected }] of golden.cases<Inputs, Expected>("unipc").entries()) {
    const { steps, order, variant, predict_x0, skip_type, denoise_to_zero: denoise } = inputs;
    const form = predict_x0 ? "data" : "noise";

    it(`case ${index}: ${variant} of order ${order}, ${form} form, ${steps} steps, ${skip_type}`, async () => {
      const setup = setupOf(inputs);
      close(setup.schedule.resolve(setup.noise), expected.times, golden.tolerance("times"), "times");
      const { start } = inputs;
      const run = await trajectoryOf(setup, { sampler: uniPc(setup.method), start, denoise });
      const tolerance = golden.tolerance("trajectory");
      assert.equal(run.corrected.length, expected.trajectory.length);
      expected.trajectory.forEach((state, i) => {
        closeRows(run.corrected[i]!, state, tolerance, `state ${i}`);
      });
      const end = denoise ? expected.denoised! : expected.final!;
      closeRows(run.last.x, end, golden.tolerance(denoise ? "denoised" : "final"), "end");
      const perPrediction = inputs.guidance ? 2 : 1;
      assert.equal(run.last.calls, (steps + (denoise ? 1 : 0)) * perPrediction);
    });
  }
});
