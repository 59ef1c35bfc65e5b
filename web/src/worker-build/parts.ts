/**
 * The parts that the page offers, in place of the library's table (`src/parts.ts`) in the worker's build: whatever is not
 * listed here is not sent to the reader. Plans with other parts are refused by name.
 */
import type { Corrector } from "../../../src/correctors/corrector.ts";
import {
  type Factories,
  type Factory,
  makePart,
  type NamedPart,
  required,
  row,
} from "../../../src/make-part.ts";
import { exponential } from "../../../src/noise/exponential.ts";
import { linear } from "../../../src/noise/linear.ts";
import type { Noise } from "../../../src/noise/noise.ts";
import { absorbing } from "../../../src/processes/absorbing.ts";
import { ordinal } from "../../../src/processes/ordinal.ts";
import type { Process } from "../../../src/processes/process.ts";
import { uniformProcess } from "../../../src/processes/uniform-process.ts";
import { ancestral } from "../../../src/samplers/ancestral.ts";
import { psi } from "../../../src/samplers/psi.ts";
import type { Sampler } from "../../../src/samplers/sampler.ts";
import { systematicAncestral } from "../../../src/samplers/systematic-ancestral.ts";
import { cosine } from "../../../src/schedules/cosine.ts";
import type { Schedule } from "../../../src/schedules/schedule.ts";
import { uniform } from "../../../src/schedules/uniform.ts";
import { dilated } from "../../../src/selectors/dilated.ts";
import { leftToRight } from "../../../src/selectors/left-to-right.ts";
import { random } from "../../../src/selectors/random.ts";
import { confidence, entropyOrder, margin } from "../../../src/selectors/ranked.ts";
import type { Selector } from "../../../src/selectors/selector.ts";
import { stratified } from "../../../src/selectors/stratified.ts";

export { type Factories, type Factory, makePart, type NamedPart, parsePart } from "../../../src/make-part.ts";

export const noises: Factories<Noise> = {
  linear: row(linear, "eps"),
  exponential: row(exponential, "base", "exponential"),
};

export const processes: Readonly<Record<string, (options: { vocabulary: number }) => Factory<Process>>> = {
  absorbing: ({ vocabulary }) => row(() => absorbing({ vocabulary })),
  uniform: ({ vocabulary }) => row(() => uniformProcess({ vocabulary })),
  ordinal: ({ vocabulary }) => row((numbers) => ordinal({ ...numbers, vocabulary }), "rateSigma", "qSigma"),
};

export const samplers: Factories<Sampler> = {
  ancestral: row(() => ancestral()),
  "systematic-ancestral": row(() => systematicAncestral()),
  psi: row((numbers) => psi({ kappa: 0.5, ...numbers }), "kappa"),
};

export const correctors: Factories<Corrector> = {};

export const selectors: Factories<Selector> = {
  random: row(() => random()),
  stratified: row(() => stratified()),
  confidence: row(() => confidence()),
  margin: row(() => margin()),
  entropy: row(() => entropyOrder()),
  "left-to-right": row(() => leftToRight()),
  dilated: row(
    (numbers) => dilated({ length: required("dilated", numbers, "length"), ...numbers }),
    "length",
    "base",
  ),
};

export const plainSchedules: Readonly<Record<string, (options: { steps: number }) => Schedule>> = {
  uniform,
  cosine,
};

export function makeProcess({ name, ...numbers }: NamedPart, options: { vocabulary: number }): Process {
  const factories = Object.fromEntries(Object.entries(processes).map(([id, make]) => [id, make(options)]));
  return makePart("process", factories, { name, ...numbers });
}
