import type { StoredSchedule } from "../../src/optimize/method-parts.ts";
import { optimalSchedules, scheduleCost } from "../../src/optimize/optimal-schedule.ts";
import { cosine } from "../../src/schedules/cosine.ts";
import { power } from "../../src/schedules/power.ts";
import type { Schedule } from "../../src/schedules/schedule.ts";
import { uniform } from "../../src/schedules/uniform.ts";
import type { Facts } from "./facts.ts";
import type { Side } from "./settings.ts";

/** Times of a model without a mask are moved on a grid of this many places. */
const TIMES = 200;

/** The picture that a schedule is drawn and moved in. */
export interface Plane {
  /** Steps stand at places 0 .. places; a moved step at a whole one. */
  readonly places: number;
  /** [places] the height of the line at each place. */
  readonly heights: Float64Array;
  /** True where the heights are what a token costs, so that a loss can be predicted. */
  readonly costs: boolean;
}

/** The reveal counts, or the times, that a side's choice stands for. */
export function stepsOf(
  { schedule, steps }: Side,
  { calls, facts, curve }: { calls: number; facts: Facts; curve: Float64Array | undefined },
): readonly number[] {
  if (steps) return steps.length === calls + 1 ? steps : stretched(steps, calls, facts);
  if (schedule === "optimal" && curve) return best(curve, calls).counts;
  if (schedule === "cosine") return gridOf(cosine({ steps: calls }), facts);
  if (schedule === "late") return gridOf(power({ steps: calls, a: 1, b: 1.25 }), facts);
  return gridOf(uniform({ steps: calls }), facts);
}

function gridOf(schedule: Schedule, { mask, noise, length }: Facts): number[] {
  const { counts, times } = schedule.resolve(noise, length);
  return Array.from(mask === undefined ? times : counts);
}

/** The same steps with another number of them: between two the line is straight. */
function stretched(steps: readonly number[], calls: number, { mask, length }: Facts): number[] {
  const last = steps.length - 1;
  const moved = Array.from({ length: calls + 1 }, (_, i) => {
    const at = (i * last) / calls;
    const before = Math.min(last - 1, Math.floor(at));
    return steps[before]! + (at - before) * (steps[before + 1]! - steps[before]!);
  });
  if (mask === undefined) return moved;
  return moved.map((count, i) => Math.min(length - calls + i, Math.max(i, Math.round(count)))).map(rising);
}

function rising(count: number, i: number, all: number[]): number {
  all[i] = i === 0 ? count : Math.max(count, all[i - 1]! + 1);
  return all[i]!;
}

const found = new WeakMap<Float64Array, Map<number, { counts: readonly number[]; nats: number }>>();

/** The counts of least cost on a curve and the nats they lose; looked up after the first time. */
export function best(curve: Float64Array, calls: number): { counts: readonly number[]; nats: number } {
  const known = found.get(curve) ?? new Map();
  found.set(curve, known);
  if (!known.has(calls)) {
    const { counts } = optimalSchedules(curve, Math.min(calls, curve.length)).at(-1)!;
    known.set(calls, { counts: Array.from(counts), nats: lost(curve, counts) });
  }
  return known.get(calls)!;
}

/**
 * The nats per sequence that steps lose on a curve: sum (c_{i+1} - c_i) h(c_i) - sum h(m), the area between the
 * staircase and the curve.
 */
export function lost(curve: Float64Array, counts: ArrayLike<number>): number {
  return scheduleCost(curve, counts) - curve.reduce((sum, value) => sum + value, 0);
}

/** How plans and jobs write the steps. */
export function stored(name: string, steps: readonly number[], { mask }: Facts): StoredSchedule {
  return mask === undefined ? { name, times: steps } : { name, counts: steps };
}

/** Where the steps of a model stand in its picture. */
export function planeOf(facts: Facts, curve: Float64Array | undefined): Plane | undefined {
  if (facts.mask !== undefined) {
    return curve && { places: facts.length, heights: curve, costs: true };
  }
  const heights = Float64Array.from({ length: TIMES }, (_, i) => facts.noise.alpha(1 - i / TIMES));
  return { places: TIMES, heights, costs: false };
}

/** Steps as places of the picture, and back. */
export function placesOf(steps: readonly number[], { mask }: Facts): number[] {
  return mask === undefined ? steps.map((time) => (1 - time) * TIMES) : [...steps];
}

export function stepsAt(places: readonly number[], { mask }: Facts): number[] {
  if (mask !== undefined) return [...places];
  return places.map((place) => Number((1 - place / TIMES).toFixed(6)));
}

/** The end of an axis with four even steps that reaches the highest point. */
export function niceTop(highest: number): number {
  const steps = [0.05, 0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.8, 1, 1.25, 1.5, 2, 2.5];
  return 4 * (steps.find((step) => 4 * step >= highest) ?? Math.ceil(highest / 4));
}
