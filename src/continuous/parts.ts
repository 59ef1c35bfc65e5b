/** The one place that maps names to factories of the continuous half: plans and the command line speak in names. */
import { type Factories, makePart, type NamedPart, row } from "../make-part.ts";
import type { Noise } from "./noise/noise.ts";
import { varianceExploding } from "./noise/variance-exploding.ts";
import { vpCosine } from "./noise/vp-cosine.ts";
import { vpLinear } from "./noise/vp-linear.ts";
import { ddim } from "./samplers/ddim.ts";
import type { Sampler } from "./samplers/sampler.ts";
import { logSnr, polynomial, timeLog, timePower, timeUniform } from "./schedules/even-times.ts";
import type { EvenOptions, Schedule } from "./schedules/schedule.ts";

/** Noises by the names that manifests use; a table of levels is stated in the manifest itself. */
export const noises: Factories<Noise> = {
  "vp-linear": row(vpLinear, "beta0", "beta1", "horizon", "cutoff"),
  "vp-cosine": row(vpCosine, "offset", "horizon", "cutoff"),
  ve: row(varianceExploding, "sigmaMin", "sigmaMax"),
};

/** Samplers by the names that plans and `--solver` use. */
export const samplers: Factories<Sampler> = {
  ddim: row(ddim, "eta"),
};

/** Schedules that need nothing but a number of steps and a noise, by the names that plans and `--schedule` use. */
export const schedules: Readonly<Record<string, (options: EvenOptions) => Schedule>> = {
  "time-uniform": timeUniform,
  "time-quadratic": (options) => timePower({ ...options, power: 2 }),
  "time-log": timeLog,
  "log-snr": logSnr,
  polynomial,
};

/** Makes a sampler from its name and numbers. @throws RangeError that lists what there is */
export function makeSampler(part: NamedPart): Sampler {
  return makePart("sampler", samplers, part);
}
