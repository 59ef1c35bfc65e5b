import { InvalidArgumentError } from "commander";
import type { ContinuousMethod } from "../../continuous/method.ts";
import { schedules } from "../../continuous/parts.ts";
import type { NamedPart } from "../../make-part.ts";
import { type ContinuousModel, guidedTowards } from "../../model/continuous-model.ts";
import { continuousDefaults } from "./defaults.ts";

/** Options that say how a continuous model is sampled. */
export interface MethodAsked {
  readonly steps?: number;
  readonly schedule: string;
  readonly solver?: NamedPart;
  /** Another name of --solver. */
  readonly sampler?: NamedPart;
  readonly denoise?: boolean;
}

/**
 * The schedule under a noise unless another is asked for. On mixtures under variance-preserving noise times even in
 * sqrt(t) leave the least error, whichever solver; where time is the noise level itself those even in its logarithm do.
 */
export function defaultSchedule(noise: NamedPart): string {
  return noise.name === "ve" ? "log-snr" : "time-quadratic";
}

/**
 * The method that the options name.
 *
 * @param options.scheduleSet whether --schedule was given @param options.noise the model's
 * @throws InvalidArgumentError if two solvers are named, or the schedule is one of models of tokens
 */
export function methodAsked(
  { steps = 8, schedule, solver, sampler, denoise }: MethodAsked,
  { scheduleSet, noise }: { scheduleSet: boolean; noise: NamedPart },
): ContinuousMethod {
  if (solver && sampler) {
    throw new InvalidArgumentError("--solver and --sampler were both set and mean the same; use one of them");
  }
  const name = scheduleSet ? schedule : defaultSchedule(noise);
  if (!Object.hasOwn(schedules, name)) {
    throw new InvalidArgumentError(
      `the schedule ${name} is for models of tokens; use one of ${Object.keys(schedules).join(", ")}`,
    );
  }
  return {
    solver: solver ?? sampler ?? { name: continuousDefaults.solver },
    schedule: { name },
    steps,
    ...(denoise ? { denoise } : {}),
  };
}

/**
 * The model of a class, or guided towards it.
 *
 * @param options.scale of the guidance, by the options or a plan
 * @throws InvalidArgumentError if there is a scale and no class
 */
export function modelAsked(
  model: ContinuousModel,
  { label, scale }: { label: number | undefined; scale: number | undefined },
): ContinuousModel {
  if (label === undefined && scale === undefined) return model;
  if (label === undefined) {
    throw new InvalidArgumentError(
      `guidance ${scale} was asked for, and no class to guide "${model.name}" towards; name one with --label`,
    );
  }
  return guidedTowards(model, { label, ...(scale === undefined ? {} : { scale }) });
}
