/** The one place that maps names to factories of the continuous half: plans and the command line speak in names. */
import { type Factories, makePart, type NamedPart, type Numbers, row } from "../make-part.ts";
import { calibratedMomentumLangevin, langevin, momentumLangevin } from "./correctors/langevin.ts";
import { momentum } from "./correctors/momentum.ts";
import { rowNorms } from "./correctors/norms.ts";
import type { Noise } from "./noise/noise.ts";
import { varianceExploding } from "./noise/variance-exploding.ts";
import { vpCosine } from "./noise/vp-cosine.ts";
import { vpLinear } from "./noise/vp-linear.ts";
import { annealedLangevin } from "./samplers/annealed-langevin.ts";
import { ddim } from "./samplers/ddim.ts";
import { ddpm } from "./samplers/ddpm.ts";
import { deisLogRho, deisRhoAb, deisTab } from "./samplers/deis.ts";
import { noiseForm } from "./samplers/dpm-form.ts";
import { dpmSolverPlusPlusSde } from "./samplers/dpm-sde.ts";
import { dpmSolverPlusPlusSinglestep, dpmSolverSinglestep } from "./samplers/dpm-singlestep.ts";
import { dpmSolver, dpmSolverPlusPlus } from "./samplers/dpm-solver.ts";
import { edmDpm2, edmEuler, edmHeun } from "./samplers/edm.ts";
import { eulerAncestral } from "./samplers/euler-ancestral.ts";
import { ipndm } from "./samplers/ipndm.ts";
import { parataa } from "./samplers/parataa.ts";
import { predictorCorrector } from "./samplers/predictor-corrector.ts";
import { reverseDiffusion } from "./samplers/reverse-diffusion.ts";
import { rhoRungeKutta } from "./samplers/rho-runge-kutta.ts";
import type { Sampler } from "./samplers/sampler.ts";
import { tableaus } from "./samplers/tableaus.ts";
import { timeShift } from "./samplers/time-shift.ts";
import { uniPc } from "./samplers/unipc.ts";
import { bh1 } from "./samplers/unipc-update.ts";
import { logSnr, polynomial, timeLog, timePower, timeUniform } from "./schedules/even-times.ts";
import { gaussianOptimum } from "./schedules/gaussian-optimum.ts";
import type { EvenOptions, Schedule } from "./schedules/schedule.ts";

/** Noises by the names that manifests use; a table of levels is stated in the manifest itself. */
export const noises: Factories<Noise> = {
  "vp-linear": row(vpLinear, "beta0", "beta1", "horizon", "cutoff"),
  "vp-cosine": row(vpCosine, "offset", "horizon", "cutoff"),
  ve: row(varianceExploding, "sigmaMin", "sigmaMax"),
};

const shifts = ["window", "cutoff", "spacing"] as const;
const langevinNumbers = ["snr", "steps"] as const;
const momentumNumbers = ["beta", "maximum"] as const;
const churn = ["churn", "churnMin", "churnMax", "noiseScale"] as const;

/** Samplers by the names that plans and `--solver` use. */
export const samplers: Factories<Sampler> = {
  ddim: row(ddim, "eta", "clip"),
  ddpm: row(() => ddpm()),
  parataa: row(parataa, "eta", "window", "order", "memory", "lambda", "tolerance1", "tolerance2"),
  "time-shift-ddim": row(({ eta = 0, ...shift }) => timeShift(ddim({ eta }), shift), "eta", ...shifts),
  "time-shift-ipndm": row(
    ({ order = 4, ...shift }) => timeShift(ipndm({ order }), shift),
    "order",
    ...shifts,
  ),
  "reverse-diffusion": row(() => reverseDiffusion()),
  "predictor-corrector": row(
    (numbers) => predictorCorrector({ corrector: langevin(moves(numbers)) }),
    ...langevinNumbers,
  ),
  "predictor-corrector-norms": row(
    (numbers) => predictorCorrector({ corrector: langevin({ ...moves(numbers), norms: rowNorms }) }),
    ...langevinNumbers,
  ),
  "predictor-corrector-momentum": row(
    (numbers) =>
      predictorCorrector({ corrector: momentumLangevin({ ...moves(numbers), ...betas(numbers) }) }),
    ...langevinNumbers,
    ...momentumNumbers,
  ),
  "predictor-corrector-calibrated-momentum": row(
    (numbers) =>
      predictorCorrector({ corrector: calibratedMomentumLangevin({ ...moves(numbers), ...betas(numbers) }) }),
    ...langevinNumbers,
    ...momentumNumbers,
  ),
  "annealed-langevin": row(({ size = 0.1, steps = 5 }) => annealedLangevin({ size, steps }), "size", "steps"),
  "annealed-langevin-momentum": row(
    ({ size = 0.1, steps = 5, ...numbers }) =>
      annealedLangevin({ size, steps, dynamics: momentum({ maximum: 0.999, ...betas(numbers) }) }),
    "size",
    "steps",
    ...momentumNumbers,
  ),
  unipc: row(uniPc, "order"),
  "unipc-bh1": row((numbers) => uniPc({ ...numbers, weight: bh1 }), "order"),
  "unipc-noise": row((numbers) => uniPc({ ...numbers, form: noiseForm }), "order"),
  "unipc-bh1-noise": row((numbers) => uniPc({ ...numbers, weight: bh1, form: noiseForm }), "order"),
  deis: row(deisTab, "order"),
  "deis-vp-time": row((numbers) => deisTab({ ...numbers, clock: vpLinear() }), "order"),
  "deis-rho-ab": row(deisRhoAb, "order"),
  "deis-log-rho": row(deisLogRho, "order"),
  "rho-heun": row(() => rhoRungeKutta(tableaus.heun)),
  "rho-kutta": row(() => rhoRungeKutta(tableaus.kutta)),
  "rho-ralston": row(() => rhoRungeKutta(tableaus.ralston)),
  "rho-heun3": row(() => rhoRungeKutta(tableaus.heun3)),
  "rho-van-der-houwen": row(() => rhoRungeKutta(tableaus.vanDerHouwen)),
  "rho-ssp3": row(() => rhoRungeKutta(tableaus.ssp3)),
  "rho-rk4": row(() => rhoRungeKutta(tableaus.rk4)),
  ipndm: row(ipndm, "order"),
  "dpm-solver": row(dpmSolver, "order"),
  "dpm-solver-taylor": row((numbers) => dpmSolver({ ...numbers, taylor: true }), "order"),
  "dpm-solver-sde": row((numbers) => dpmSolver({ eta: 1, ...numbers }), "order", "eta", "noiseScale"),
  "dpm-solver-singlestep": row(dpmSolverSinglestep, "order", "calls"),
  "dpmpp-2m": row(() => dpmSolverPlusPlus()),
  "dpmpp-2m-taylor": row(() => dpmSolverPlusPlus({ taylor: true })),
  "dpmpp-2m-sde": row((numbers) => dpmSolverPlusPlus({ eta: 1, ...numbers }), "eta", "noiseScale"),
  "dpmpp-2m-sde-heun": row(
    (numbers) => dpmSolverPlusPlus({ eta: 1, ...numbers, taylor: true }),
    "eta",
    "noiseScale",
  ),
  "dpmpp-3m": row(() => dpmSolverPlusPlus({ order: 3 })),
  "dpmpp-3m-sde": row(
    (numbers) => dpmSolverPlusPlus({ eta: 1, ...numbers, order: 3, taylor: true }),
    "eta",
    "noiseScale",
  ),
  "dpmpp-2s": row((numbers) => dpmSolverPlusPlusSinglestep({ ...numbers, order: 2 }), "calls"),
  "dpmpp-3s": row((numbers) => dpmSolverPlusPlusSinglestep({ ...numbers, order: 3 }), "calls"),
  "dpmpp-sde": row(dpmSolverPlusPlusSde, "ratio", "eta", "noiseScale"),
  "edm-euler": row(edmEuler, ...churn),
  "edm-heun": row(edmHeun, ...churn),
  "edm-dpm-2": row(edmDpm2, "ratio", ...churn),
  "euler-ancestral": row(eulerAncestral, "eta", "noiseScale"),
};

/** What a Langevin corrector takes of a row's numbers. */
function moves({ snr = 0.16, steps = 1 }: Numbers): { snr: number; steps: number } {
  return { snr, steps };
}

/** What momentum takes of them. */
function betas({ beta, maximum }: Numbers): { beta?: number; maximum?: number } {
  return { ...(beta !== undefined && { beta }), ...(maximum !== undefined && { maximum }) };
}

/** Schedules that need nothing but a number of steps and a noise, by the names that plans and `--schedule` use. */
export const schedules: Readonly<Record<string, (options: EvenOptions) => Schedule>> = {
  "time-uniform": timeUniform,
  "time-quadratic": (options) => timePower({ ...options, power: 2 }),
  "time-log": timeLog,
  "log-snr": logSnr,
  polynomial,
  "gaussian-optimum": gaussianOptimum,
};

/** Makes a sampler from its name and numbers. @throws RangeError that lists what there is */
export function makeSampler(part: NamedPart): Sampler {
  return makePart("sampler", samplers, part);
}
