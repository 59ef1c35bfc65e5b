/**
 * Known answers of published code for continuous diffusion. The folder is the one that the environment variable
 * FEWSTEP_GOLDEN_CONTINUOUS names, by default test/fixtures/golden-continuous.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  alphaBars,
  type Denoiser,
  gaussianMixture,
  guided,
  type Noise,
  varianceExploding,
  vpCosine,
  vpLinear,
  vpTable,
} from "../../src/continuous/index.ts";
import { close, type Tolerance } from "../golden.ts";

const fixtures = fileURLToPath(new URL("../fixtures/golden-continuous", import.meta.url));

/** A mixture as the files state it. */
export interface MixtureRecord {
  readonly weights: number[];
  readonly means: number[][];
  readonly stds: number[];
}

/** A noise schedule as the files state it. */
export interface ScheduleRecord {
  readonly kind: string;
  readonly T?: number;
  readonly t_end?: number;
  readonly beta0?: number;
  readonly beta1?: number;
  readonly betas?: "linear" | "scaled_linear";
  readonly start?: number;
  readonly end?: number;
  readonly n?: number;
}

/** One case; every test names the fields that it uses. */
export interface ContinuousCase<Inputs, Expected> {
  readonly kind: string;
  readonly name?: string;
  readonly inputs: Inputs;
  readonly expected: Expected;
}

/** Cases of one kind. */
export interface ContinuousFile {
  /** The cases of a kind; the file must have some unless `optional`. */
  cases<Inputs, Expected>(kind: string): ContinuousCase<Inputs, Expected>[];
  /** @throws AssertionError if the file has a kind that is not listed, so that none is passed over */
  kinds(known: readonly string[]): void;
  /** The tolerance of a field, or the file's own. */
  tolerance(field?: string): Tolerance;
}

/** Reads a file of the folder. */
export function continuousGolden(file: string): ContinuousFile {
  const folder = process.env["FEWSTEP_GOLDEN_CONTINUOUS"] || fixtures;
  const read = JSON.parse(readFileSync(join(folder, file), "utf8"));
  assert.ok(read.cases.length > 0, `${file} has no cases`);
  return {
    cases: (kind) => read.cases.filter((one: { kind: string }) => one.kind === kind),
    kinds(known) {
      for (const { kind } of read.cases)
        assert.ok(known.includes(kind), `${file}: no test reads cases of kind ${kind}`);
    },
    tolerance(field = "default") {
      const { tolerance } = read;
      return typeof tolerance.abs === "number" ? tolerance : (tolerance[field] ?? tolerance.default);
    },
  };
}

/** The exact denoiser of a mixture, guided towards another where the case says so. */
export function denoiserOf(
  mixture: MixtureRecord,
  guidance?: { readonly scale: number; readonly conditional_mixture: MixtureRecord } | null,
): Denoiser {
  const made = mixtureOf(mixture);
  if (!guidance) return made;
  return guided({
    unconditional: made,
    conditional: mixtureOf(guidance.conditional_mixture),
    scale: guidance.scale,
  });
}

/** A mixture of a file. */
export function mixtureOf({ weights, means, stds }: MixtureRecord): ReturnType<typeof gaussianMixture> {
  return gaussianMixture({ weights, means, deviations: stds });
}

/** A noise of a file; tables have their levels at (i + 1) / n, or at i for the kind that interpolates alpha_bar. */
export function noiseOf(schedule: ScheduleRecord): Noise {
  const { kind, beta0 = 0.1, beta1 = 20, betas, start = 0, end = 0, n = 0 } = schedule;
  const cutoff = schedule.t_end === undefined ? {} : { cutoff: schedule.t_end };
  const horizon = schedule.T === undefined ? {} : { horizon: schedule.T };
  const table = () =>
    alphaBars({ n, start, end, spacing: betas === "scaled_linear" ? "scaled-linear" : "linear" });
  switch (kind) {
    case "vp-linear":
      return vpLinear({ beta0, beta1, ...horizon, ...cutoff });
    case "vp-cosine":
    case "vp-cosine-unnormalised":
      return vpCosine({ normalised: kind === "vp-cosine", ...horizon, ...cutoff });
    case "vp-table":
      return vpTable({ alphaBars: table(), ...cutoff });
    case "vp-table-interp-abar":
      return vpTable({
        alphaBars: table(),
        interpolation: "alpha-bar",
        first: 0,
        last: n - 1,
        cutoff: schedule.t_end ?? 0,
      });
    default:
      return assert.fail(`no noise for a schedule of kind ${kind}`);
  }
}

/** The noise of the files that speak in sigma. */
export function sigmaNoise(sigmaMax = 80, sigmaMin = 0.002): Noise {
  return varianceExploding({ sigmaMin, sigmaMax });
}

/** Asserts that [rows][dimension] numbers are those of a flat array. */
export function closeRows(
  actual: Float64Array,
  expected: number[][],
  tolerance: Tolerance,
  where: string,
): void {
  close(actual, expected.flat(), tolerance, where);
}
