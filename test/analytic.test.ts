/** The analytic sampler: laws by enumeration, order, and what it refuses. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { observation } from "../src/denoisers/observation.ts";
import {
  absorbing,
  cosineNoise,
  geometric,
  independent,
  jointTable,
  linear,
  type Noise,
  type SampleOptions,
  sample,
  times,
  uniform,
} from "../src/index.ts";
import { ordinal } from "../src/processes/ordinal.ts";
import { uniformProcess } from "../src/processes/uniform-process.ts";
import { analytic } from "../src/samplers/analytic.ts";
import { close } from "./golden.ts";
import { sampleLaw, totalVariation } from "./law.ts";
import { propagatedLaw } from "./propagated-law.ts";
import { twoTrits } from "./small-laws.ts";
import { exactDenoiser } from "./step-law.ts";

const data = { joint: twoTrits, length: 2 };

describe("analytic sampling", () => {
  const noises: readonly Noise[] = [linear(), linear({ eps: 1e-3 }), cosineNoise(), geometric()];
  const schedules = [uniform({ steps: 1 }), uniform({ steps: 3 }), times([1, 0.9, 0.2, 0])];

  it("is ancestral sampling with every position on its own, for absorbing noise", async () => {
    const process = absorbing({ vocabulary: 3 });
    for (const noise of noises) {
      const denoiser = exactDenoiser({ ...data, process, noise });
      for (const schedule of schedules) {
        const options: SampleOptions = { process, noise, schedule };
        close(
          await sampleLaw(denoiser, { ...options, sampler: analytic() }),
          await sampleLaw(denoiser, { ...options, selector: independent() }),
          { rel: 1e-10, abs: 1e-10 },
          `${noise.name}, ${schedule.steps} steps`,
        );
      }
    }
  });

  it("is ancestral sampling for uniform noise", async () => {
    const process = uniformProcess({ vocabulary: 3 });
    for (const noise of noises.slice(0, 3)) {
      const denoiser = exactDenoiser({ ...data, process, noise });
      for (const schedule of schedules) {
        close(
          await propagatedLaw(denoiser, { process, noise, schedule, sampler: analytic() }),
          await propagatedLaw(denoiser, { process, noise, schedule }),
          { rel: 1e-10, abs: 1e-10 },
          `${noise.name}, ${schedule.steps} steps`,
        );
      }
    }
  });

  it("leaves no noise at the end, where the noise itself does", async () => {
    const noise = geometric({ sigmaMin: 0.3, sigmaMax: 20 });
    for (const process of [absorbing({ vocabulary: 3 }), uniformProcess({ vocabulary: 3 })]) {
      const certain = jointTable({
        joint: [0, 1, 0],
        vocabulary: 3,
        length: 1,
        likelihoodInto: observation(process, noise),
      });
      for (const count of [1, 2, 5]) {
        const law = await propagatedLaw(certain, {
          process,
          noise,
          schedule: uniform({ steps: count }),
          sampler: analytic(),
        });
        close(law, [0, 1, 0], { rel: 0, abs: 1e-12 }, `${process.name}, ${count} steps`);
      }
    }
  });

  it("is first order", async () => {
    const noise = linear();
    for (const process of [absorbing({ vocabulary: 3 }), uniformProcess({ vocabulary: 3 })]) {
      const denoiser = exactDenoiser({ ...data, process, noise });
      const errors: number[] = [];
      for (const count of [8, 16, 32]) {
        const schedule = uniform({ steps: count });
        errors.push(
          totalVariation(
            await propagatedLaw(denoiser, { process, noise, schedule, sampler: analytic() }),
            twoTrits,
          ),
        );
      }
      const ratios = [errors[0]! / errors[1]!, errors[1]! / errors[2]!];
      assert.ok(
        ratios.every((ratio) => ratio > 1.8 && ratio < 2.3),
        `${process.name}: ratios ${ratios}`,
      );
    }
  });

  it("keeps given tokens and calls the model once a step at most", async () => {
    const noise = linear({ eps: 1e-3 });
    for (const process of [absorbing({ vocabulary: 3 }), uniformProcess({ vocabulary: 3 })]) {
      const { tokens, calls } = await sample(exactDenoiser({ ...data, process, noise }), {
        process,
        noise,
        schedule: uniform({ steps: 6 }),
        sampler: analytic(),
        given: [2, -1],
        count: 20,
        seed: 3,
      });
      tokens.forEach((token, at) => {
        assert.ok(at % 2 === 0 ? token === 2 : token >= 0 && token < 3);
      });
      assert.ok(calls <= 6);
    }
  });

  it("is refused where scores have no way back, and takes no selector", async () => {
    const process = ordinal({ vocabulary: 3 });
    const denoiser = exactDenoiser({ ...data, process, noise: linear() });
    await assert.rejects(
      () => sample(denoiser, { process, schedule: uniform({ steps: 2 }), sampler: analytic() }),
      /sample: the sampler analytic cannot run: scores of the process ordinal .*; ancestral is the same step/,
    );
    await assert.rejects(
      () =>
        sample(exactDenoiser({ ...data, process: absorbing({ vocabulary: 3 }), noise: linear() }), {
          schedule: uniform({ steps: 2 }),
          sampler: analytic(),
          selector: independent(),
        }),
      /the sampler analytic decides itself which positions change/,
    );
  });
});
