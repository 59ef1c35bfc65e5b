import type { Denoiser } from "../denoisers/denoiser.ts";
import type { Noise } from "../noise/noise.ts";
import { probabilityFlow } from "../probability-flow.ts";
import { sample } from "../sample.ts";
import { ddim } from "../samplers/ddim.ts";
import { logSnr, timeUniform } from "../schedules/even-times.ts";

/**
 * Where the flow is at the times of a schedule, as exactly as it is worth: what few steps are held against.
 *
 * @param run.times [N + 1] falling @param run.start [batch, dimension] at the first of them
 * @returns [N] states, each [batch, dimension]: at times[1], times[2], ..
 */
export type Teacher = (
  denoiser: Denoiser,
  run: { noise: Noise; times: Float64Array; start: Float64Array },
) => Promise<Float64Array[]>;

/**
 * Runge-Kutta 4 from each time to the next, `steps` of them, default 50, of four calls each.
 *
 * @throws RangeError if a time is clean: its lambda is infinite
 */
export function flowTeacher({ steps = 50 }: { steps?: number } = {}): Teacher {
  checkSteps("flowTeacher", steps);
  return (denoiser, { noise, times, start }) => {
    const clean = times.find((t) => noise.sigma(t) === 0);
    if (clean !== undefined) {
      throw new RangeError(
        `flowTeacher: sigma is 0 at t = ${clean}; expected times above the clean end: take ddimTeacher, or end the schedule earlier`,
      );
    }
    return alongNodes({ times, start }, (x, from, to) =>
      probabilityFlow(denoiser, { noise, start: x, from, to, steps }),
    );
  };
}

/**
 * DDIM from each time to the next, `steps` of them, default 200, of one call each; even in lambda, and in time to the
 * clean end. The published search runs 200 steps over the whole, and takes the teacher's state nearest to a node; here the
 * nodes are met.
 */
export function ddimTeacher({ steps = 200 }: { steps?: number } = {}): Teacher {
  checkSteps("ddimTeacher", steps);
  return (denoiser, { noise, times, start }) =>
    alongNodes({ times, start }, async (x, from, to) => {
      const schedule = noise.sigma(to) === 0 ? timeUniform({ steps, from, to }) : logSnr({ steps, from, to });
      const count = x.length / denoiser.dimension;
      return (await sample(denoiser, { noise, schedule, sampler: ddim(), start: x, count, batch: count })).x;
    });
}

async function alongNodes(
  { times, start }: { times: Float64Array; start: Float64Array },
  advance: (x: Float64Array, from: number, to: number) => Promise<Float64Array>,
): Promise<Float64Array[]> {
  const states: Float64Array[] = [];
  for (let i = 1; i < times.length; i++) {
    states.push(await advance(states.at(-1) ?? start, times[i - 1]!, times[i]!));
  }
  return states;
}

function checkSteps(where: string, steps: number): void {
  if (!Number.isInteger(steps) || steps < 1) {
    throw new RangeError(`${where}: steps = ${steps}; expected a whole number >= 1`);
  }
}
