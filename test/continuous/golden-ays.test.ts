/** Align Your Steps as published: the lists of the paper, their interpolation, and the optimum of a Gaussian. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  ddim,
  gaussianMixture,
  gaussianOptimum,
  levelTimes,
  logLinear,
  type PublishedModel,
  publishedLevels,
  publishedSchedule,
  publishedSchedules,
  rhoAt,
  sample,
  varianceExploding,
} from "../../src/continuous/index.ts";
import { close } from "../golden.ts";
import { continuousGolden, noiseOf, type ScheduleRecord } from "./golden.ts";

/** The file's names of models. */
const models: Readonly<Record<string, PublishedModel>> = {
  stable_diffusion_1_5: "stable-diffusion-1.5",
  sdxl: "sdxl",
  deepfloyd_if_stage_1: "deepfloyd-if",
  stable_video_diffusion: "stable-video-diffusion",
};

const golden = continuousGolden("ays.json");

function modelOf(name: string): PublishedModel {
  return models[name] ?? assert.fail(`no model for ${name}`);
}

/** The noise whose time is rho, wide enough for any of the lists. */
const sigmas = varianceExploding({ sigmaMin: 1e-4, sigmaMax: 1e4 });

describe("golden: Align Your Steps", () => {
  it("no kind of case is passed over", () => {
    golden.kinds(["published", "published_timesteps", "loglinear_interpolation", "gaussian_optimum"]);
  });

  it("published lists, to all printed digits", () => {
    for (const { expected } of golden.cases<unknown, { sigmas: Record<string, number[]> }>("published")) {
      assert.deepEqual(
        Object.keys(expected.sigmas).map(modelOf).sort(),
        Object.keys(publishedSchedules).sort(),
      );
      for (const [name, list] of Object.entries(expected.sigmas)) {
        assert.deepEqual(publishedSchedules[modelOf(name)], list, name);
        const steps = list.length - 1;
        close(
          publishedSchedule(modelOf(name), { steps }).resolve(sigmas),
          list,
          { rel: 1e-12, abs: 0 },
          name,
        );
      }
    }
  });

  it("published levels, and their sigmas on the table", () => {
    type Levels = Record<string, number[]> & { sigma_at_timesteps: Record<string, number[]> };
    const cases = golden.cases<{ schedule: ScheduleRecord }, Levels>("published_timesteps");
    for (const { inputs, expected } of cases) {
      const noise = noiseOf(inputs.schedule);
      const of = inputs.schedule.n!;
      for (const [name, rhos] of Object.entries(expected.sigma_at_timesteps)) {
        const model = modelOf(name);
        assert.ok(model === "stable-diffusion-1.5" || model === "sdxl", name);
        const levels = publishedLevels[model];
        assert.deepEqual(levels, expected[name], name);
        const times = levelTimes({ levels, of, clean: false }).resolve(noise);
        close(
          times.map((t) => rhoAt(noise, t)),
          rhos,
          golden.tolerance(),
          name,
        );
        // The list in sigma means these levels.
        publishedSchedule(model)
          .resolve(noise)
          .forEach((t, i) => {
            assert.ok(
              Math.abs(t - times[i]!) * of < 1,
              `${name}: time ${i} is ${t}, of the levels ${times[i]}`,
            );
          });
      }
    }
  });

  it("interpolation to other numbers of steps", () => {
    type Inputs = { model: string; sigmas: number[]; steps: number[] };
    const cases = golden.cases<Inputs, { sigmas: number[][] }>("loglinear_interpolation");
    for (const { inputs, expected } of cases) {
      assert.equal(inputs.steps.length, expected.sigmas.length);
      inputs.steps.forEach((steps, i) => {
        const wanted = expected.sigmas[i]!;
        close(logLinear(inputs.sigmas, steps), wanted, golden.tolerance(), `${inputs.model} at ${steps}`);
        const named = publishedSchedule(modelOf(inputs.model), { steps });
        close(named.resolve(sigmas), wanted, golden.tolerance(), `${named.name} at ${steps}`);
      });
    }
  });

  it("the optimum of a Gaussian, and the deviation that DDIM leaves it", async () => {
    type Inputs = { c: number; t_min: number; t_max: number; n: number };
    type Expected = { times_ascending: number[]; euler_std_over_exact_std: number };
    for (const { inputs, expected } of golden.cases<Inputs, Expected>("gaussian_optimum")) {
      const { c, n: steps, t_min: sigmaMin, t_max: sigmaMax } = inputs;
      const noise = varianceExploding({ sigmaMin, sigmaMax });
      const schedule = gaussianOptimum({ steps, deviation: c });
      close(schedule.resolve(noise).reverse(), expected.times_ascending, golden.tolerance(), "times");
      const data = gaussianMixture({ weights: [1], means: [[0]], deviations: [c] });
      // A linear map: a start of one deviation ends at the deviation of the samples.
      const start = [Math.hypot(c, sigmaMax)];
      const { x } = await sample(data, { noise, schedule, sampler: ddim(), start });
      close(x[0]! / Math.hypot(c, sigmaMin), expected.euler_std_over_exact_std, golden.tolerance(), "ratio");
    }
  });
});
