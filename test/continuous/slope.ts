/** The order that a sampler is seen to have: the slope of its error against its number of steps. */
import assert from "node:assert/strict";
import {
  type Denoiser,
  type Noise,
  probabilityFlow,
  type Sampler,
  type Schedule,
  sample,
  timePower,
} from "../../src/continuous/index.ts";
import * as bench from "./bench.ts";

/** What the order is fitted on; by default the shared problem, on times even in their root. */
export interface OrderOptions {
  readonly scheduleOf?: (steps: number) => Schedule;
  /** Numbers of steps, default 40, 80, 160, 320. */
  readonly counts?: readonly number[];
  readonly denoiser?: Denoiser;
  readonly noise?: Noise;
  /** [count, dimension] where the runs start, at the first time. */
  readonly start?: readonly number[];
  /** Steps of the Runge-Kutta reference, default 4000. */
  readonly referenceSteps?: number;
}

/** The fitted order, and the root-mean-square error at each number of steps. */
export interface FittedOrder {
  readonly order: number;
  readonly errors: number[];
}

/**
 * Fits error = c N^-order by least squares on log-log axes, against the exact flow. That the reference is 100 times more
 * accurate than the best run is asserted: its error is of fourth order, so 1/15 of what half its steps change.
 */
export async function fittedOrder(
  sampler: Sampler,
  {
    scheduleOf = (steps) => timePower({ steps }),
    counts = [40, 80, 160, 320],
    denoiser = bench.target,
    noise = bench.noise,
    start = bench.starts,
    referenceSteps = 4000,
  }: OrderOptions = {},
): Promise<FittedOrder> {
  const schedules = counts.map(scheduleOf);
  const times = schedules[0]!.resolve(noise);
  const ends = { noise, start, from: times[0]!, to: times.at(-1)! };
  const exact = await reference(denoiser, { ...ends, steps: referenceSteps });
  const count = start.length / denoiser.dimension;
  const errors: number[] = [];
  for (const schedule of schedules) {
    const { x } = await sample(denoiser, { noise, schedule, sampler, start, count });
    errors.push(rootMeanSquare(x, exact.x));
  }
  const best = Math.min(...errors);
  assert.ok(
    exact.change / 15 <= best / 100,
    `${sampler.name}: best error ${best}, reference good to ${exact.change / 15}; take more referenceSteps`,
  );
  return { order: -slope(counts.map(Math.log), errors.map(Math.log)), errors };
}

/** Asserts that the fitted order is within `within` of `order`. */
export async function assertOrder(
  sampler: Sampler,
  order: number,
  { within = 0.15, ...options }: OrderOptions & { readonly within?: number } = {},
): Promise<void> {
  const fitted = await fittedOrder(sampler, options);
  assert.ok(
    Math.abs(fitted.order - order) <= within,
    `${sampler.name}: fitted order ${fitted.order.toFixed(3)}, expected ${order} within ${within}; errors ${fitted.errors.map((error) => error.toExponential(2)).join(", ")}`,
  );
}

/**
 * A multistep method whose first steps are exact, so that what they lose does not hide the order of the others: the base
 * makes the step, and remembers what it will, then the flow itself takes its place.
 */
export function exactStart(
  base: Sampler,
  { first, denoiser = bench.target, steps = 200 }: { first: number; denoiser?: Denoiser; steps?: number },
): Sampler {
  return {
    ...base,
    name: `${base.name} after ${first} exact steps`,
    async stepInto(step) {
      await base.stepInto(step);
      if (step.index >= first) return;
      const { noise, x, t, s } = step;
      step.next.set(await probabilityFlow(denoiser, { noise, start: x, from: t, to: s, steps }));
    },
  };
}

type Flow = Parameters<typeof probabilityFlow>[1] & { readonly steps: number };

/** Kept, because one file of tests asks for few references many times. */
const references = new Map<string, { of: Denoiser; made: Promise<{ x: Float64Array; change: number }> }>();

async function reference(denoiser: Denoiser, options: Flow): Promise<{ x: Float64Array; change: number }> {
  const key = JSON.stringify({ ...options, noise: options.noise.name });
  const kept = references.get(key);
  if (kept?.of === denoiser) return kept.made;
  const make = async () => {
    const x = await probabilityFlow(denoiser, options);
    const coarse = await probabilityFlow(denoiser, { ...options, steps: options.steps / 2 });
    return { x, change: rootMeanSquare(x, coarse) };
  };
  const made = make();
  references.set(key, { of: denoiser, made });
  return made;
}

function rootMeanSquare(a: Float64Array, b: Float64Array): number {
  return Math.sqrt(a.reduce((sum, value, at) => sum + (value - b[at]!) ** 2, 0) / a.length);
}

/** The least-squares slope of y over x. */
function slope(x: readonly number[], y: readonly number[]): number {
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  const [centreX, centreY] = [mean(x), mean(y)];
  let [above, below] = [0, 0];
  for (const [i, value] of x.entries()) {
    above += (value - centreX) * (y[i]! - centreY);
    below += (value - centreX) ** 2;
  }
  return above / below;
}
