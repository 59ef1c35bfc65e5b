/** The solvers of diff-sampler for models that speak in sigma: grids, Euler, Heun, DPM-Solver-2, iPNDM, DEIS. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  analyticFirstStep,
  type Denoiser,
  deisRhoAb,
  deisTab,
  edmDpm2,
  edmEuler,
  edmHeun,
  ipndm,
  logSnr,
  type Noise,
  polynomial,
  rhoAt,
  type Sampler,
  type Schedule,
  steps,
  timePower,
  times,
  variancePreserving,
} from "../../src/continuous/index.ts";
import { adamsBashforth } from "../../src/continuous/samplers/adams-bashforth.ts";
import { type Clock, rhoClock, timeClock } from "../../src/continuous/samplers/clocks.ts";
import { rhoMultistep } from "../../src/continuous/samplers/rho-multistep.ts";
import { close } from "../golden.ts";
import { continuousGolden, type MixtureRecord, mixtureOf, sigmaNoise } from "./golden.ts";

interface Grid {
  type: string;
  rho?: number;
  n: number;
  sigma_min: number;
  sigma_max: number;
}

interface Run {
  mixture: MixtureRecord;
  latents: number[][];
  grid: Grid;
  order: number | null;
  afs: boolean;
  denoise_to_zero: boolean;
  r?: number | null;
  deis_mode?: string | null;
}

interface Expected {
  sigmas: number[];
  trajectory: number[][][];
  eval_sigmas: number[];
  coef_official?: number[][];
  coef_adams_bashforth?: number[][];
  trajectory_adams_bashforth?: number[][][];
  coef_quadrature?: number[][];
  vp_times?: number[];
  vp_beta0?: number;
  vp_beta1?: number;
}

const golden = continuousGolden("edm_solvers.json");

/**
 * The variance-preserving noise, linear in time, that has rho = sigma_max at t = 1 and sigma_min at t = 0.001: the time
 * that time_uniform grids and tAB mean. Its rate at 0 may be negative, which `vpLinear` refuses.
 */
function matched({ sigma_min, sigma_max }: Grid): Noise & { beta0: number; beta1: number } {
  const [low, high] = [Math.log1p(sigma_min ** 2), Math.log1p(sigma_max ** 2)];
  const least = 1e-3;
  // log(1 + rho^2) = slope t^2 / 2 + beta0 t
  const slope = (2 * (high - low / least)) / (1 - least);
  const beta0 = high - slope / 2;
  const noise = variancePreserving({
    name: `matched:${sigma_min}:${sigma_max}`,
    horizon: 1,
    cutoff: least,
    logAlpha: (t) => -0.25 * slope * t * t - 0.5 * beta0 * t,
    logAlphaSlope: (t) => -0.5 * (slope * t + beta0),
    timeAtLogAlpha: (logAlpha) => (-beta0 + Math.sqrt(beta0 * beta0 - 4 * slope * logAlpha)) / slope,
  });
  return { ...noise, beta0, beta1: beta0 + slope };
}

/** A grid of n times, in sigma. */
function sigmasOf(grid: Grid): Float64Array {
  const { type, n, sigma_max, sigma_min } = grid;
  const noise = sigmaNoise(sigma_max, sigma_min);
  switch (type) {
    case "polynomial":
      return polynomial({ steps: n - 1, power: grid.rho! }).resolve(noise);
    case "logsnr":
      return logSnr({ steps: n - 1 }).resolve(noise);
    case "time_uniform": {
      const clock = matched(grid);
      return timePower({ steps: n - 1, power: grid.rho! })
        .resolve(clock)
        .map((t) => rhoAt(clock, t));
    }
    default:
      return assert.fail(`no schedule for a grid of type ${type}`);
  }
}

function samplerOf(kind: string, { order, r, deis_mode, grid }: Run): Sampler {
  switch (kind) {
    case "euler":
      return edmEuler();
    case "heun":
      return edmHeun();
    case "dpm_2":
      return edmDpm2(typeof r === "number" ? { ratio: r } : {});
    case "ipndm":
      return ipndm({ order: order! });
    case "ipndm_v":
      // Adams-Bashforth for uneven steps; there the order is the number of predictions.
      return deisRhoAb({ order: order! - 1 });
    case "deis":
      return deis_mode === "rhoab"
        ? deisRhoAb({ order: order! - 1 })
        : deisTab({ order: order! - 1, clock: matched(grid) });
    default:
      return assert.fail(`no sampler for a case of kind ${kind}`);
  }
}

/** All states of a run, and the sigmas that the model was asked at. */
async function run(
  { mixture, latents, grid, afs, denoise_to_zero }: Run,
  base: Sampler,
): Promise<{ trajectory: Float64Array[]; asked: number[] }> {
  const model = mixtureOf(mixture);
  const asked: number[] = [];
  const watched: Denoiser = {
    dimension: model.dimension,
    predict(input) {
      asked.push(input.sigma[0]!);
      return model.predict(input);
    },
  };
  const sigmas = sigmasOf(grid);
  const schedule: Schedule = times({ times: sigmas });
  const trajectory: Float64Array[] = [];
  for await (const { x } of steps(watched, {
    noise: sigmaNoise(grid.sigma_max, grid.sigma_min),
    schedule,
    sampler: afs ? analyticFirstStep(base) : base,
    denoise: denoise_to_zero,
    start: latents.flat().map((z) => sigmas[0]! * z),
    count: latents.length,
  })) {
    trajectory.push(x);
  }
  return { trajectory, asked };
}

/** A multistep method with the weights of the file; an empty row is an Euler step. */
function given(sigmas: number[], rows: number[][]): Sampler {
  return rhoMultistep({
    name: "given",
    keep: Math.max(...rows.map((row) => row.length)),
    weights({ times: kept, s }) {
      const row = rows[stepTo(s, sigmas)]!;
      return row.length > 0 ? kept.map((_, j) => row[j] ?? 0) : [s - kept[0]!];
    },
  });
}

/** The step that ends at the sigma nearest to s. */
function stepTo(s: number, sigmas: number[]): number {
  const away = sigmas.map((sigma) => Math.abs(sigma - s));
  return away.indexOf(Math.min(...away)) - 1;
}

const flat = (trajectory: number[][][]): number[][] => trajectory.map((rows) => rows.flat());

function closeStates(actual: Float64Array[], expected: readonly ArrayLike<number>[], where: string): void {
  assert.equal(actual.length, expected.length, where);
  expected.forEach((rows, i) => {
    close(actual[i]!, rows, golden.tolerance(), `${where}[${i}]`);
  });
}

/** Our weights against the rows of the file; a row is empty where the released code takes an Euler step. */
function closeWeights({
  rows,
  sigmas,
  clock,
  grid,
  where,
}: {
  rows: number[][];
  sigmas: number[];
  clock: Clock;
  grid: Grid;
  where: string;
}): void {
  const noise = sigmaNoise(grid.sigma_max, grid.sigma_min);
  for (const [i, row] of rows.entries()) {
    if (row.length === 0) continue;
    const made = row.map((_, j) => sigmas[i - j]!);
    const weights = adamsBashforth({ noise, clock, times: made, s: sigmas[i + 1]! });
    close(weights, row, golden.tolerance(), `${where}[${i}]`);
  }
}

describe("golden: solvers in sigma", () => {
  it("has no case that is not read", () => {
    // dpmpp and unipc are read by golden-edm-dpm.test.ts and golden-edm-unipc.test.ts.
    golden.kinds(["grids", "euler", "heun", "dpm_2", "ipndm", "ipndm_v", "deis", "dpmpp", "unipc"]);
  });

  it("grids", () => {
    for (const { inputs, expected } of golden.cases<{ grids: Grid[] }, { sigmas: number[][] }>("grids")) {
      inputs.grids.forEach((grid, g) => {
        close(sigmasOf(grid), expected.sigmas[g]!, golden.tolerance(), `grids[${g}] ${grid.type}`);
      });
    }
  });

  for (const kind of ["euler", "heun", "dpm_2", "ipndm", "ipndm_v", "deis"]) {
    for (const [at, { inputs, expected }] of golden.cases<Run, Expected>(kind).entries()) {
      const { order, afs, denoise_to_zero, deis_mode, grid } = inputs;
      const which = [order && `order ${order}`, deis_mode, afs && "afs", denoise_to_zero && "denoised"];

      it(`${kind} ${at}: ${[grid.type, ...which.filter(Boolean)].join(", ")}`, async () => {
        const { trajectory, asked } = await run(inputs, samplerOf(kind, inputs));
        // Released weights of iPNDM_v are wrong above order 2, those of tAB are Riemann sums.
        const states =
          deis_mode === "tab"
            ? (await run(inputs, given(expected.sigmas, expected.coef_quadrature!))).trajectory
            : flat(expected.trajectory_adams_bashforth ?? expected.trajectory);
        closeStates(trajectory, states, "trajectory");
        close(asked, expected.eval_sigmas, golden.tolerance(), "eval_sigmas");
      });

      const exact = expected.coef_quadrature ?? expected.coef_adams_bashforth;
      const rows = exact ?? (kind === "deis" ? expected.coef_official : undefined);
      if (rows) {
        it(`${kind} ${at}: weights`, () => {
          const clock = deis_mode === "tab" ? timeClock({ of: matched(grid) }) : rhoClock;
          closeWeights({ rows, sigmas: expected.sigmas, clock, grid, where: "weights" });
        });
      }
      if (deis_mode === "tab") {
        it(`${kind} ${at}: the released trajectory, with the released weights`, async () => {
          const released = given(expected.sigmas, expected.coef_official!);
          closeStates((await run(inputs, released)).trajectory, flat(expected.trajectory), "trajectory");
        });

        it(`${kind} ${at}: the time of tAB`, () => {
          const { timeAt, beta0, beta1 } = matched(grid);
          const own = expected.sigmas.map((sigma) => timeAt(-Math.log(sigma)));
          close(own, expected.vp_times!, golden.tolerance(), "vp_times");
          close([beta0, beta1], [expected.vp_beta0!, expected.vp_beta1!], golden.tolerance(), "rates");
        });
      }
    }
  }
});
