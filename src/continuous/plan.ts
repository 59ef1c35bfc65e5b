import type { NamedPart } from "../make-part.ts";
import type { Measured } from "../measures/measured.ts";
import { type ContinuousMethod, continuousCalls, continuousOptions } from "./method.ts";
import { namedNoise } from "./named-noise.ts";
import type { Noise } from "./noise/noise.ts";
import type { SampleOptions } from "./sample.ts";

/** What a plan's samples scored, and those of other methods at equal model calls. */
export interface ContinuousEvidence {
  /** What was measured, lower is better: "root-mean-square error", "energy distance". */
  readonly measure: string;
  readonly rows: number;
  readonly seed: number;
  readonly plan: Measured;
  readonly others?: readonly (Measured & { readonly method: string })[];
  /** Rows sent through the model to find the plan. */
  readonly evaluations?: number;
  readonly verdict?: string;
}

/** Everything needed to sample a continuous model well in few calls: plain data, stored as JSON. */
export interface ContinuousPlan {
  readonly format: "fewstep/plan";
  readonly version: 1;
  readonly model: {
    readonly name: string;
    /** SHA-256 of the model's file: a plan runs only on the model it was made for. */
    readonly fingerprint: string;
    readonly shape: readonly number[];
  };
  readonly continuous: ContinuousMethod & {
    /** Default the model's. */
    readonly noise?: NamedPart;
    /** Predictions of one run, at most; under guidance each is two model calls. */
    readonly calls: number;
    /** The scale of the guidance that it was found under, which whoever runs it gives its model; absent without. */
    readonly guidance?: number;
    readonly search?: ContinuousSearch;
    readonly evidence?: ContinuousEvidence;
  };
}

/** How a plan was found. */
export interface ContinuousSearch {
  /** "s3", "gits", "dm", "ays", "dc". */
  readonly method: string;
  readonly seed: number;
  /** Model calls of the search, one after the other, and rows sent through the model. */
  readonly calls: number;
  readonly evaluations: number;
  /** What was made small, where the search began and where it ended. Not the error of samples. */
  readonly objective: { readonly before: number; readonly after: number };
}

/** What a plan wants to know of the model it is to run on; one that `loadContinuousModel` returns fits. */
export interface PlannedModel {
  readonly name: string;
  readonly fingerprint: string;
  readonly shape: readonly number[];
  readonly noise: Noise;
}

/**
 * A plan for a model.
 *
 * @param options.noise by name, where it is not the model's own
 * @throws RangeError if the method is none
 */
export function continuousPlan(
  model: Omit<PlannedModel, "noise">,
  {
    method,
    ...found
  }: {
    readonly method: ContinuousMethod;
    readonly noise?: NamedPart;
    readonly guidance?: number;
    readonly search?: ContinuousSearch;
    readonly evidence?: ContinuousEvidence;
  },
): ContinuousPlan {
  const { name, fingerprint, shape } = model;
  return {
    format: "fewstep/plan",
    version: 1,
    model: { name, fingerprint, shape },
    continuous: { ...method, calls: continuousCalls(method), ...found },
  };
}

/**
 * The sampling options a plan stands for. The guidance, if it has any, is a matter of the model that is sampled with them.
 *
 * @param model the model it is to run on
 * @throws RangeError if the plan was made for another model, or was changed
 */
export function continuousPlanOptions(
  plan: ContinuousPlan,
  model: PlannedModel,
): Pick<SampleOptions, "noise" | "schedule" | "sampler" | "denoise"> {
  const { fingerprint, name } = plan.model;
  if (fingerprint !== model.fingerprint) {
    throw new RangeError(
      `plan: made for model "${name}" (${fingerprint.slice(0, 12)}), got "${model.name}" (${model.fingerprint.slice(0, 12)}); make a plan for this model`,
    );
  }
  const { noise, calls, ...method } = plan.continuous;
  const found = continuousCalls(method);
  if (found !== calls) {
    throw new RangeError(
      `plan: ${found} model calls; expected ${calls}, so the file was changed: make it again`,
    );
  }
  return continuousOptions(method, { noise: noise ? namedNoise(noise) : model.noise });
}
