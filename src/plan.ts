import { makePart, type NamedPart } from "./make-part.ts";
import type { Measured } from "./measures/measured.ts";
import type { InformationCurve } from "./optimize/information-curve.ts";
import { callsOf, methodOptions, type StoredSchedule, scheduleFrom } from "./optimize/method-parts.ts";
import { makeProcess, noises } from "./parts.ts";
import type { SampleOptions } from "./sample.ts";

/** What a plan's samples scored beside those of a plain schedule at equal model calls. */
export interface PlanCheck {
  /** The measure compared, and whether lower or higher is better. */
  readonly measure: string;
  readonly better: "lower" | "higher" | "neither";
  readonly sequences: number;
  readonly seed: number;
  readonly plan: Measured;
  readonly plain: readonly (Measured & { readonly schedule: string; readonly selector: string })[];
  /** Whether the plan is better than every plain schedule by more than two standard errors of the difference. */
  readonly wins: boolean;
  readonly verdict: string;
}

/** Everything needed to sample a model well in few calls, and how it was found: plain data, stored as JSON. */
export interface Plan {
  readonly format: "fewstep/plan";
  readonly version: 1;
  readonly model: {
    readonly name: string;
    /** SHA-256 of the model's file: a plan runs only on the model it was made for. */
    readonly fingerprint: string;
    readonly length: number;
    readonly vocabulary: number;
  };
  readonly process: NamedPart;
  readonly noise: NamedPart;
  readonly sampler: NamedPart;
  /** Absent where the process or the sampler leaves nothing to select. */
  readonly selector?: NamedPart;
  readonly corrector?: NamedPart;
  /** Divides the logits; default 1. */
  readonly temperature?: number;
  readonly schedule: StoredSchedule;
  /** Model calls of one run, at most. */
  readonly calls: number;
  /** The curve the schedule was found on, where there is one. */
  readonly curve?: InformationCurve;
  readonly search: {
    /** "direct" and "plan" chose among methods by sampling; the others found a schedule by measuring the model; none did "by hand". */
    readonly method: "optimal" | "jys" | "bisect" | "direct" | "plan" | "by hand";
    /** Where the sequences came from that the search looked at. */
    readonly data: "held out" | "exact" | "own samples";
    readonly sequences: number;
    readonly seed: number;
    /** Sequences sent through the model to find this and all other numbers of steps of the same search. */
    readonly evaluations: number;
    /** What the published search would have sent through the model for the same steps. */
    readonly publishedEvaluations?: number;
    /** Predicted KL(data || samples) in nats per sequence, from the dependence that few steps ignore. */
    readonly predictedNats?: Measured;
    /** What a search by sampling scored its candidates by, the lower the better, and all of them, best first. */
    readonly scoredBy?: readonly string[];
    readonly candidates?: readonly {
      readonly name: string;
      readonly score: number;
      /** Sequences it was scored on; fewer for those dropped early, so compare scores at equal rows. */
      readonly rows: number;
    }[];
  };
  readonly measured?: PlanCheck;
}

/**
 * The sampling options a plan stands for.
 *
 * @param model the model it is to run on
 * @throws RangeError if the plan was made for another model
 */
export function planOptions(
  plan: Plan,
  model: {
    readonly name: string;
    readonly fingerprint: string;
    readonly length: number;
    readonly vocabulary: number;
    /** What the model is run under, if known: the plan's must be the same. */
    readonly process?: { readonly name: string };
  },
): SampleOptions {
  if (plan.model.fingerprint !== model.fingerprint) {
    throw new RangeError(
      `plan: made for model "${plan.model.name}" (${plan.model.fingerprint.slice(0, 12)}), got "${model.name}" (${model.fingerprint.slice(0, 12)}); make a plan for this model with \`fewstep optimize\``,
    );
  }
  const stored = plan.schedule;
  // Throws where the counts or times make no schedule.
  scheduleFrom(stored);
  const last = "counts" in stored ? stored.counts.at(-1) : model.length;
  const calls = callsOf(plan);
  if (last !== model.length || calls !== plan.calls) {
    throw new RangeError(
      `plan: ${calls} model calls up to ${last} tokens; expected ${plan.calls} model calls up to ${model.length} tokens, so the file was changed: make it again`,
    );
  }
  if (model.process && model.process.name !== plan.process.name) {
    throw new RangeError(
      `plan: for ${plan.process.name} noise, and the model "${model.name}" is run under ${model.process.name} noise; make it again`,
    );
  }
  const process = makeProcess(plan.process, { vocabulary: model.vocabulary });
  return methodOptions(plan, { process, noise: makePart("noise", noises, plan.noise) });
}
