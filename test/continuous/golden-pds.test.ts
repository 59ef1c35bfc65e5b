/** Preconditioned sampling, as its authors' code samples: masks, the operators M and M M^T, a corrected and predicted step. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  batchNorms,
  type ImagePreconditioner,
  langevin,
  preconditioned,
  preconditioner,
  reverseDiffusion,
  signalToNoise,
} from "../../src/continuous/index.ts";
import { close } from "../golden.ts";
import { continuousGolden, type MixtureRecord, mixtureOf } from "./golden.ts";
import { oneStep, type SdeRecord, sdeStep } from "./one-step.ts";

const file = continuousGolden("pds.json");
const tolerance = file.tolerance();

interface Maps {
  readonly channels: number;
  readonly size: number;
  readonly alpha: number;
  readonly space_statistics: number[][][] | null;
  readonly freq_statistics: number[][][] | null;
}

type Images = number[][][][];

const flat = (images: Images | number[][][]): Float64Array => Float64Array.from(images.flat(3) as number[]);

describe("golden: preconditioned sampling", () => {
  it("every kind of case is read", () => file.kinds(["preconditioner", "pc_step"]));

  for (const [at, { inputs, expected }] of file
    .cases<
      Maps & { noise: Images; gradient: Images },
      {
        space_mask: number[][][] | null;
        freq_mask: number[][][] | null;
        M_noise: Images;
        MMt_gradient: Images;
        max_imaginary_part: number;
      }
    >("preconditioner")
    .entries()) {
    it(`masks and operators ${at}`, () => {
      const made = preconditionerOf(inputs);
      for (const [mask, wanted] of [
        [made.space, expected.space_mask],
        [made.frequency, expected.freq_mask],
      ] as const) {
        assert.equal(mask === undefined, wanted === null);
        if (mask && wanted) close(mask, flat(wanted), tolerance, "mask");
      }
      close(made.apply(flat(inputs.noise)), flat(expected.M_noise), tolerance, "M z");
      close(made.applySquared(flat(inputs.gradient)), flat(expected.MMt_gradient), tolerance, "M M^T g");
      assert.ok(Math.abs(expected.max_imaginary_part) < 1e-9, "the file's R is symmetric");
    });
  }

  for (const [at, { inputs, expected }] of file
    .cases<
      Maps & {
        sde: SdeRecord;
        t: number;
        snr: number;
        corrector_steps: number;
        mixture: MixtureRecord;
        x: Images;
        noise: Images[];
      },
      {
        score_at_start: Images;
        corrector_x: Images;
        corrector_x_mean: Images;
        predictor_x: Images;
        predictor_x_mean: Images;
        G: number;
      }
    >("pc_step")
    .entries()) {
    it(`a step ${at}`, async () => {
      const made = preconditionerOf(inputs);
      const levels = sdeStep(inputs.sde, inputs.t);
      const draws = inputs.noise.map(flat);
      const target = mixtureOf(inputs.mixture);
      close(levels.deviation, expected.G, tolerance, "G");

      const rule = signalToNoise({ snr: inputs.snr, norms: batchNorms });
      let sizes = new Float64Array(0);
      const recorded = {
        name: rule.name,
        of: (...move: Parameters<typeof rule.of>) => {
          sizes = Float64Array.from(rule.of(...move));
          return sizes;
        },
      };
      const corrector = preconditioned({
        corrector: langevin({ steps: inputs.corrector_steps, size: recorded }),
        preconditioner: made,
      });
      const corrected = oneStep(target, { ...levels, x: flat(inputs.x), draws });
      const eps = await corrected.predict();
      const score = eps.map((value) => -value / levels.noise.sigma(levels.t));
      close(score, flat(expected.score_at_start), tolerance, "score");
      await corrector.correctInto(corrected);
      close(corrected.next, flat(expected.corrector_x), tolerance, "corrected x");
      const last = made.apply(draws[inputs.corrector_steps - 1]!);
      const mean = corrected.next.map(
        (value, i) => value - Math.sqrt(2 * sizes[Math.floor(i / made.dimension)]!) * last[i]!,
      );
      close(mean, flat(expected.corrector_x_mean), tolerance, "mean of corrected x");

      const predictor = reverseDiffusion({ preconditioner: made });
      for (const [z, wanted] of [
        [draws.at(-1)!, expected.predictor_x],
        [new Float64Array(made.dimension * inputs.x.length), expected.predictor_x_mean],
      ] as const) {
        const step = oneStep(target, { ...levels, x: corrected.next, draws: [z] });
        await predictor.stepInto(step);
        close(step.next, flat(wanted), tolerance, "predicted x");
      }
    });
  }
});

function preconditionerOf(maps: Maps): ImagePreconditioner {
  return preconditioner({
    shape: [maps.channels, maps.size, maps.size],
    alpha: maps.alpha,
    ...(maps.space_statistics && { spaceStatistics: flat(maps.space_statistics) }),
    ...(maps.freq_statistics && { frequencyStatistics: flat(maps.freq_statistics) }),
  });
}
