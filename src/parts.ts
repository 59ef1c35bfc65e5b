/** The one place that maps names to factories: plans and the command line speak in names, the library in values. */
import type { Corrector } from "./correctors/corrector.ts";
import { lowMargin } from "./correctors/doubt.ts";
import { forwardBackward } from "./correctors/forward-backward.ts";
import { informed } from "./correctors/informed.ts";
import { looGibbs } from "./correctors/loo-gibbs.ts";
import { type Factories, type Factory, makePart, type NamedPart, required, row } from "./make-part.ts";
import { constant } from "./noise/constant.ts";
import { cosine as cosineNoise } from "./noise/cosine.ts";
import { exponential } from "./noise/exponential.ts";
import { geometric } from "./noise/geometric.ts";
import { linear } from "./noise/linear.ts";
import type { Noise } from "./noise/noise.ts";
import { sine } from "./noise/sine.ts";
import { absorbing } from "./processes/absorbing.ts";
import { ordinal } from "./processes/ordinal.ts";
import type { Process } from "./processes/process.ts";
import { uniformProcess } from "./processes/uniform-process.ts";
import { analytic } from "./samplers/analytic.ts";
import { ancestral } from "./samplers/ancestral.ts";
import { euler } from "./samplers/euler.ts";
import { exponentialEuler } from "./samplers/exponential-euler.ts";
import { firstHitting } from "./samplers/first-hitting.ts";
import { kGillespie } from "./samplers/k-gillespie.ts";
import { maskGit } from "./samplers/mask-git.ts";
import { pathPlanning } from "./samplers/path-planning.ts";
import { plugInAncestral } from "./samplers/plug-in-ancestral.ts";
import { psi } from "./samplers/psi.ts";
import {
  cap,
  confidenceRule,
  forwardBackward as forwardBackwardRule,
  loop,
  rescale,
} from "./samplers/remask-rules.ts";
import { remdm } from "./samplers/remdm.ts";
import type { Sampler } from "./samplers/sampler.ts";
import { systematicAncestral } from "./samplers/systematic-ancestral.ts";
import { tauLeaping } from "./samplers/tau-leaping.ts";
import { thetaRk2 } from "./samplers/theta-rk2.ts";
import { thetaTrapezoidal } from "./samplers/theta-trapezoidal.ts";
import { uniformization } from "./samplers/uniformization.ts";
import { cosine } from "./schedules/cosine.ts";
import type { Schedule } from "./schedules/schedule.ts";
import { uniform } from "./schedules/uniform.ts";
import { blockwise } from "./selectors/blockwise.ts";
import { dilated } from "./selectors/dilated.ts";
import { entropyBound } from "./selectors/entropy-bound.ts";
import { factor } from "./selectors/factor.ts";
import { independent } from "./selectors/independent.ts";
import { klass } from "./selectors/klass.ts";
import { leftToRight } from "./selectors/left-to-right.ts";
import { random } from "./selectors/random.ts";
import { confidence, entropyOrder, margin } from "./selectors/ranked.ts";
import type { Selector } from "./selectors/selector.ts";
import { stratified } from "./selectors/stratified.ts";
import { stratifiedGrid } from "./selectors/stratified-grid.ts";
import { threshold } from "./selectors/threshold.ts";

/** Noises by the names that plans and manifests use. */
export const noises: Factories<Noise> = {
  linear: row(linear, "eps"),
  cosine: row((numbers) => cosineNoise({ ...numbers, power: 1 }), "eps"),
  "cosine-squared": row((numbers) => cosineNoise({ ...numbers, power: 2 }), "eps"),
  sine: row(sine, "eps"),
  geometric: row(geometric, "sigmaMin", "sigmaMax"),
  constant: row(constant, "sigmaMin", "sigmaMax"),
  exponential: row(exponential, "base", "exponential"),
};

/** Processes by the names that plans and manifests use; each takes the number of clean tokens. */
export const processes: Readonly<Record<string, (options: { vocabulary: number }) => Factory<Process>>> = {
  absorbing: ({ vocabulary }) => row(() => absorbing({ vocabulary })),
  uniform: ({ vocabulary }) => row(() => uniformProcess({ vocabulary })),
  ordinal: ({ vocabulary }) => row((numbers) => ordinal({ ...numbers, vocabulary }), "rateSigma", "qSigma"),
};

/** Samplers by the names that plans use. */
export const samplers: Factories<Sampler> = {
  ancestral: row(() => ancestral()),
  "systematic-ancestral": row(() => systematicAncestral()),
  "plug-in-ancestral": row(() => plugInAncestral()),
  analytic: row(() => analytic()),
  euler: row(() => euler()),
  "exponential-euler": row(() => exponentialEuler()),
  "tau-leaping": row(() => tauLeaping()),
  "theta-trapezoidal": row(thetaTrapezoidal, "theta"),
  "theta-rk2": row(thetaRk2, "theta"),
  "k-gillespie": row(() => kGillespie()),
  "first-hitting": row(firstHitting, "perCall"),
  uniformization: row(() => uniformization()),
  "remdm-cap": row((numbers) => remdm({ rule: cap(numbers) }), "eta"),
  "remdm-rescale": row((numbers) => remdm({ rule: rescale(numbers) }), "eta"),
  "remdm-confidence": row(
    (numbers) => remdm({ rule: confidenceRule({ rule: rescale({ eta: 1, ...numbers }) }) }),
    "eta",
  ),
  "remdm-forward-backward": row((numbers) => remdm({ rule: forwardBackwardRule(numbers) }), "strength"),
  "remdm-loop": row((numbers) => remdm({ rule: loop(numbers) }), "eta", "on", "off", "alphaOn"),
  psi: row((numbers) => psi({ kappa: 0.5, ...numbers }), "kappa"),
  "mask-git": row(maskGit, "temperature"),
  "path-planning": row(pathPlanning, "eta"),
};

/** Correctors by the names that plans use. */
export const correctors: Factories<Corrector> = {
  "forward-backward": row(forwardBackward, "steps", "size", "entry"),
  informed: row(informed, "count", "steps", "pool"),
  "loo-gibbs": row(looGibbs, "count", "steps"),
  "loo-gibbs-margin": row((numbers) => looGibbs({ ...numbers, doubt: lowMargin() }), "count", "steps"),
};

/** Selectors by the names that plans and `--select` use. */
export const selectors: Factories<Selector> = {
  random: row(() => random()),
  stratified: row(() => stratified()),
  "stratified-jitter": row(() => stratified({ jitter: true })),
  independent: row(() => independent()),
  confidence: row(() => confidence()),
  margin: row(() => margin()),
  entropy: row(() => entropyOrder()),
  "left-to-right": row(() => leftToRight()),
  threshold: row(threshold, "probability"),
  factor: row(factor, "factor"),
  "entropy-bound": row(entropyBound, "gamma"),
  klass: row(klass, "probability", "kl", "history"),
  blockwise: row((numbers) => blockwise(confidence(), numbers), "size"),
  dilated: row(
    (numbers) => dilated({ length: required("dilated", numbers, "length"), ...numbers }),
    "length",
    "base",
  ),
  "stratified-grid": row(
    (numbers) =>
      stratifiedGrid({
        rows: required("stratified-grid", numbers, "rows"),
        columns: required("stratified-grid", numbers, "columns"),
      }),
    "rows",
    "columns",
  ),
};

/** Schedules that need nothing but a number of steps. */
export const plainSchedules: Readonly<Record<string, (options: { steps: number }) => Schedule>> = {
  uniform,
  cosine,
};

/** Makes a process from its name and numbers, for a vocabulary. */
export function makeProcess(part: NamedPart, { vocabulary }: { vocabulary: number }): Process {
  const factories = Object.fromEntries(
    Object.entries(processes).map(([name, make]) => [name, make({ vocabulary })]),
  );
  return makePart("process", factories, part);
}
