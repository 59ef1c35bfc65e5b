import { freePositions, givenRows } from "../../given.ts";
import { makePart, type NamedPart } from "../../make-part.ts";
import { corrupted, type Model } from "../../model/model.ts";
import {
  type MethodParts,
  methodOptions,
  type PlainSchedule,
  type StoredSchedule,
} from "../../optimize/method-parts.ts";
import { makeProcess, noises, samplers } from "../../parts.ts";
import { type Plan, planOptions } from "../../plan.ts";
import type { SampleOptions } from "../../sample.ts";
import { loadModel } from "../model.ts";

/** How a job samples, by names and numbers; what is left out is as in `sample`. */
export type JobMethod = Partial<Omit<MethodParts, "schedule">> & {
  readonly schedule: StoredSchedule | PlainSchedule;
};

/** Which model, as `loadModel` and `corrupted` take it. */
export interface JobModel {
  /** The name of a model that ships, the path of a model folder, or `chain:FILE.json`. */
  readonly reference: string;
  readonly small?: boolean;
  /** D, where the network takes sequences of any length. */
  readonly length?: number;
  /** For chains: instead of the model's own. */
  readonly process?: NamedPart;
  readonly noise?: NamedPart;
}

/**
 * What is to be sampled: plain data, so that it can be sent to a thread and written down. Row i of a job is a pure
 * function of the job and i, whatever batch and whichever thread makes it.
 */
export interface SampleJob extends JobModel {
  /** Parts by name, or a plan. */
  readonly method: JobMethod | Plan;
  /** Divides the logits; default the method's. */
  readonly temperature?: number;
  readonly topP?: number;
  /** [length] or [count, length] tokens that are given, -1 where free. */
  readonly given?: Int32Array;
  /** Rows; default 1. */
  readonly count?: number;
  /** Index of the first row; default 0. */
  readonly firstRow?: number;
  /** Default 0. */
  readonly seed?: number;
}

/** A job's parts with every default filled in. */
export type ResolvedMethod = JobMethod & {
  readonly process: NamedPart;
  readonly noise: NamedPart;
  readonly sampler: NamedPart;
};

/** Loads the model of a job. @throws Error as `loadModel` and `corrupted` do */
export async function loadJobModel(
  { reference, small, length, process, noise }: JobModel,
  { threads }: { threads?: number | undefined } = {},
): Promise<Model> {
  const model = await loadModel(reference, {
    ...(threads === undefined ? {} : { threads }),
    ...(small ? { small } : {}),
    ...(length === undefined ? {} : { length }),
  });
  return corrupted(model, { ...(process ? { process } : {}), ...(noise ? { noise } : {}) });
}

/** The parts of a job on its model: the plan's, or those named, else ancestral and, where it selects, stratified. */
export function resolvedMethod(
  model: Model,
  { method, temperature }: Pick<SampleJob, "method" | "temperature">,
): ResolvedMethod {
  const { corrector, schedule } = method;
  const isPlan = "format" in method;
  const sampler = method.sampler ?? { name: "ancestral" };
  const selects = model.process.mask !== undefined && makePart("sampler", samplers, sampler).selects;
  const selector = method.selector ?? (selects && !isPlan ? { name: "stratified" } : undefined);
  const divisor = temperature ?? method.temperature;
  return {
    process: isPlan ? method.process : model.processDescription,
    noise: isPlan ? method.noise : model.noiseDescription,
    sampler,
    schedule,
    ...(selector ? { selector } : {}),
    ...(corrector ? { corrector } : {}),
    ...(divisor === undefined ? {} : { temperature: divisor }),
  };
}

/**
 * The options of `sample` that a job stands for, but for its rows.
 *
 * @throws RangeError if a name or number is not known, or the plan was made for another model
 */
export function jobOptions(model: Model, job: SampleJob): SampleOptions {
  const { method, topP, seed = 0, given, count = 1 } = job;
  const { name, fingerprint, process } = model;
  const { length, vocabulary } = model.denoiser;
  // Over all rows, which are afterwards made some at a time.
  if (given && given.length !== length) freePositions(givenRows(given, model.denoiser, count), length);
  if ("format" in method) planOptions(method, { name, fingerprint, length, vocabulary, process });
  const parts = resolvedMethod(model, job);
  return {
    ...methodOptions(parts, {
      process: makeProcess(parts.process, { vocabulary }),
      noise: makePart("noise", noises, parts.noise),
    }),
    seed,
    ...(topP === undefined ? {} : { topP }),
  };
}
