import type { Denoiser } from "../../continuous/denoisers/denoiser.ts";
import { cleanFrom } from "../../continuous/denoisers/prediction.ts";
import type { Noise } from "../../continuous/noise/noise.ts";
import { probabilityFlow } from "../../continuous/probability-flow.ts";
import type { Schedule } from "../../continuous/schedules/schedule.ts";

/** Where a run begins and ends, which is all that the exact solution knows of it. */
export interface RunEnds {
  readonly from: number;
  readonly to: number;
  /** Ends with the predicted x0. */
  readonly denoise: boolean;
}

/** lambda where the flow towards a clean end stops: sigma / alpha is 5e-5 there, and the rest is one denoising. */
const NEARLY_CLEAN = 10;

export function endsOf(schedule: Schedule, { noise, denoise }: { noise: Noise; denoise: boolean }): RunEnds {
  const times = schedule.resolve(noise);
  return { from: times[0]!, to: times.at(-1)!, denoise };
}

/** Whether a run ends in data without noise. */
export function endsClean({ to, denoise }: RunEnds, noise: Noise): boolean {
  return denoise || noise.sigma(to) === 0;
}

/**
 * Where a perfect sampler takes start points: the probability flow in fine steps, and at a clean end the predicted x0.
 *
 * @param start [rows, dimension] at `from`
 * @param options.progress called with the share that is done
 * @returns [rows, dimension]
 */
export async function exactFlow(
  denoiser: Denoiser,
  start: Float64Array,
  {
    noise,
    ends,
    steps,
    progress,
  }: { noise: Noise; ends: RunEnds; steps: number; progress?: ((share: number) => void) | undefined },
): Promise<Float64Array> {
  const { from } = ends;
  const clean = noise.sigma(ends.to) === 0;
  const to = clean ? noise.timeAt(Math.max(NEARLY_CLEAN, noise.lambda(from) + 1)) : ends.to;
  let calls = 0;
  const watched: Denoiser = {
    ...denoiser,
    predict(input) {
      progress?.(calls++ / (4 * steps));
      return denoiser.predict(input);
    },
  };
  const x = await probabilityFlow(watched, { noise, start, from, to, steps });
  if (!endsClean(ends, noise)) return x;
  const [alpha, sigma] = [noise.alpha(to), noise.sigma(to)];
  const batch = x.length / denoiser.dimension;
  const all = (level: number): Float64Array => new Float64Array(batch).fill(level);
  const eps = await denoiser.predict({ x, batch, time: all(to), alpha: all(alpha), sigma: all(sigma) });
  return cleanFrom(x, eps, { alpha, sigma });
}
