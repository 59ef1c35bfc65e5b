import type { Abort } from "../../denoisers/abortable.ts";
import type { Denoiser } from "../denoisers/denoiser.ts";
import type { Noise } from "../noise/noise.ts";
import { steps } from "../sample.ts";
import type { Sampler } from "../samplers/sampler.ts";
import type { Schedule } from "../schedules/schedule.ts";

/** States of a fine run and where the flow goes from each. */
export interface TeacherPaths {
  /** [G + 1] falling. */
  readonly times: Float64Array;
  /** [G + 1] states, each [rows, dimension]. */
  readonly states: readonly Float64Array[];
  /** [G] eps at each state but the last, each [rows, dimension]. */
  readonly directions: readonly Float64Array[];
  readonly calls: number;
  readonly evaluations: number;
}

/**
 * Runs a sampler and keeps every state and eps there. The prediction that a step makes of its own x at its own time
 * serves; a sampler that makes none, as one with churn, is asked once more a step.
 *
 * @param options.start [rows, dimension] at the schedule's first time
 */
export async function teacherPaths(
  denoiser: Denoiser,
  run: {
    readonly noise: Noise;
    readonly schedule: Schedule;
    readonly sampler: Sampler;
    readonly count: number;
    readonly firstRow?: number;
    readonly seed?: number;
    readonly start?: ArrayLike<number>;
    readonly signal?: Abort;
  },
): Promise<TeacherPaths> {
  const states: Float64Array[] = [];
  const directions: Float64Array[] = [];
  const watched: Sampler = {
    ...run.sampler,
    async stepInto(step) {
      let seen: Float64Array | undefined;
      await run.sampler.stepInto({
        ...step,
        async predict(input = {}) {
          const eps = await step.predict(input);
          const own = (input.x ?? step.x) === step.x && (input.time ?? step.t) === step.t && !input.denoiser;
          if (own) seen ??= eps.slice();
          return eps;
        },
      });
      directions.push(seen ?? (await step.predict()));
    },
  };
  let counted = { calls: 0, evaluations: 0 };
  for await (const { x, calls, evaluations } of steps(denoiser, { ...run, sampler: watched })) {
    states.push(x);
    counted = { calls, evaluations };
  }
  return { times: run.schedule.resolve(run.noise), states, directions, ...counted };
}
