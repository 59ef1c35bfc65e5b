import type { Noise } from "../noise/noise.ts";
import { compensated } from "../samplers/dc-solver.ts";
import type { Remembered } from "../samplers/history.ts";
import type { UniPcMethod } from "../samplers/unipc.ts";
import { uniPcUpdate } from "../samplers/unipc-update.ts";

/** A run of UniPC between two steps. */
export interface Standing {
  /** [batch, dimension] at t, after correction. */
  readonly x: Float64Array;
  /** Predictions, newest first: the first at t. */
  readonly buffer: Remembered[];
}

/** Where a step with one ratio ends. */
export interface Ending extends Standing {
  /** The prediction at the predicted point, if the correction asked for it; not in the buffer yet. */
  readonly latest?: Remembered;
}

/** What all steps of a run share. */
export interface Run {
  readonly method: UniPcMethod;
  readonly compensationOrder: number;
  readonly noise: Noise;
  /** [steps + 1] */
  readonly times: Float64Array;
  /** The model at x, t, in the form of the method. */
  predicted(t: number, x: Float64Array): Promise<Remembered>;
}

/** One step of `dcSolver`, with the correction of its end: one model call where it is corrected, else none. */
export async function compensatedStep(
  { method, compensationOrder, noise, times, predicted }: Run,
  { from, step, ratio }: { from: Standing; step: number; ratio: number },
): Promise<Ending> {
  const { form, weight } = method;
  const buffer = compensated(from.buffer, { ratio, compensationOrder });
  const remaining = times.length - 1 - step;
  const order = method.orderAt({ buffered: buffer.length, remaining });
  const update = { noise, form, weight, order, x: from.x, s: times[step + 1]!, buffer };
  const x = uniPcUpdate(update);
  if (!method.corrects({ index: step, remaining })) return { x, buffer };
  const latest = await predicted(update.s, x);
  return { x: uniPcUpdate({ ...update, latest }), buffer, latest };
}

/** Goes on from the end of a step at t: its prediction enters the buffer, for one model call if it was not made yet. */
export async function standingAt(
  { method, compensationOrder, predicted }: Run,
  { t, ending }: { t: number; ending: Ending },
): Promise<Standing> {
  const { x, buffer, latest = await predicted(t, x) } = ending;
  return { x, buffer: [latest, ...buffer].slice(0, Math.max(method.order, compensationOrder + 1)) };
}
