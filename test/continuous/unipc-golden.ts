/** What the golden files of UniPC and DC-Solver state, as models, schedules and samplers of the library. */
import assert from "node:assert/strict";
import {
  bh1,
  bh2,
  type Denoiser,
  dataForm,
  logSnr,
  type Noise,
  noiseForm,
  type Sampler,
  type Schedule,
  type State,
  steps,
  thresholded,
  timePower,
  times,
  timeUniform,
  type UniPcOptions,
} from "../../src/continuous/index.ts";
import { denoiserOf, type MixtureRecord, noiseOf, type ScheduleRecord } from "./golden.ts";

/** Dynamic thresholding as the files state it. */
export interface Thresholding {
  readonly ratio: number;
  readonly max_val: number;
}

/** The inputs that all runs have. */
export interface RunRecord {
  readonly mixture: MixtureRecord;
  readonly guidance?: { readonly scale: number; readonly conditional_mixture: MixtureRecord } | null;
  readonly schedule: ScheduleRecord;
  readonly steps: number;
  readonly order: number;
  readonly variant: string;
  readonly predict_x0: boolean;
  readonly lower_order_final: boolean;
  readonly dynamic_thresholding?: Thresholding | null;
  /** Of runs in continuous time. */
  readonly skip_type?: string;
  /** Of runs in the times of a table, whose nodes the file gives or which are spaced so. */
  readonly timestep_spacing?: string;
  readonly disable_corrector?: number[];
  readonly dc_order?: number | null;
}

/** The model, noise, schedule and method of a run. */
export function setupOf(
  record: RunRecord,
  timesteps?: number[],
): { denoiser: Denoiser; noise: Noise; schedule: Schedule; method: UniPcOptions & { order: number } } {
  const { dynamic_thresholding: bound, disable_corrector: uncorrected = [] } = record;
  const model = denoiserOf(record.mixture, record.guidance);
  return {
    denoiser: bound ? thresholded(model, { ratio: bound.ratio, largest: bound.max_val }) : model,
    noise: noiseOf(record.schedule),
    schedule: scheduleOf(record, timesteps),
    method: {
      ...methodOf(record),
      uncorrected,
    },
  };
}

/** Order, B(h), form and final order. */
export function methodOf(
  record: Pick<RunRecord, "order" | "variant" | "predict_x0" | "lower_order_final">,
): UniPcOptions & { order: number } {
  assert.ok(["bh1", "bh2"].includes(record.variant), `no B(h) is called ${record.variant}`);
  return {
    order: record.order,
    weight: record.variant === "bh1" ? bh1 : bh2,
    form: record.predict_x0 ? dataForm : noiseForm,
    lowerOrderFinal: record.lower_order_final,
  };
}

function scheduleOf(record: RunRecord, timesteps?: number[]): Schedule {
  const { skip_type, steps: count, schedule, timestep_spacing } = record;
  switch (skip_type) {
    case "time_uniform":
      return timeUniform({ steps: count });
    case "time_quadratic":
      return timePower({ steps: count });
    case "logSNR":
      return logSnr({ steps: count });
    case undefined: {
      const levels = schedule.n!;
      const nodes = timesteps ?? spacedNodes(timestep_spacing, { count, levels });
      return times({ times: [...nodes, 0].map((level) => (level + 1) / levels) });
    }
    default:
      return assert.fail(`no schedule for skip_type ${skip_type}`);
  }
}

/** Levels of a table: `count` of them, evenly from the last to the first, which is itself left out. */
function spacedNodes(
  spacing: string | undefined,
  { count, levels }: { count: number; levels: number },
): number[] {
  assert.equal(spacing, "linspace");
  return Array.from({ length: count }, (_, i) => roundHalfEven(((levels - 1) * (count - i)) / count));
}

/** As NumPy rounds. */
function roundHalfEven(value: number): number {
  const low = Math.floor(value);
  return value - low === 0.5 ? low + (low % 2) : Math.round(value);
}

/** Every state of a run, and the states after correction: at each time but the last those the next step starts from. */
export async function trajectoryOf(
  { denoiser, noise, schedule }: { denoiser: Denoiser; noise: Noise; schedule: Schedule },
  { sampler, start, denoise = false }: { sampler: Sampler; start: number[][]; denoise?: boolean },
): Promise<{ predicted: Float64Array[]; corrected: Float64Array[]; last: State }> {
  const all: State[] = [];
  const run = { noise, schedule, sampler, denoise, start: start.flat(), count: start.length };
  for await (const state of steps(denoiser, run)) all.push(state);
  const reached = all.slice(0, schedule.steps + 1);
  const corrected = reached.slice(1).map((state) => state.memory["corrected"]!);
  return {
    predicted: reached.map(({ x }) => x),
    corrected: [...corrected, reached.at(-1)!.x],
    last: all.at(-1)!,
  };
}
