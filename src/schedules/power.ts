import { checkSteps, gridFromTimes, type Schedule } from "./schedule.ts";

/**
 * Times of a two-parameter family, t_i = (1 - (i / N)^a)^b: a > 1 starts with small steps, b > 1 ends with small
 * ones, below 1 the other way round; a = b = 1 is the uniform grid. Smooth, and wide enough to come near any grid
 * that slows down at either end.
 *
 * @param options.a @param options.b positive, default 1
 */
export function power({ steps, a = 1, b = 1 }: { steps: number; a?: number; b?: number }): Schedule {
  checkSteps("power", steps);
  for (const [name, value] of Object.entries({ a, b })) {
    if (!(value > 0 && value < Number.POSITIVE_INFINITY)) {
      throw new RangeError(`power: ${name} = ${value}; expected a positive number`);
    }
  }
  return {
    name: `power:a=${a}:b=${b}`,
    steps,
    resolve(noise, free) {
      const times = Float64Array.from({ length: steps + 1 }, (_, i) => (1 - (i / steps) ** a) ** b);
      return gridFromTimes(times, noise, free);
    },
  };
}
