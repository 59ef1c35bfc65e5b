import type { Noise } from "../noise/noise.ts";

/** When we step: falling times, the first of them noise and the last of them data. */
export interface Schedule {
  readonly name: string;
  readonly steps: number;
  /** [steps + 1] strictly falling times. */
  resolve(noise: Noise): Float64Array;
}

/** Where a schedule starts and ends, where that is not the noise's own horizon and cutoff. */
export interface Ends {
  readonly from?: number;
  readonly to?: number;
}

/** What every schedule that spaces times evenly in some clock has. */
export interface EvenOptions extends Ends {
  readonly steps: number;
}

/**
 * Times that are evenly spaced in a clock: t_i = back(clock(from) + (i / steps)(clock(to) - clock(from))). The ends are
 * exact.
 */
export function evenly(
  name: string,
  { steps, from, to }: EvenOptions,
  clockOf: (noise: Noise) => { clock(t: number): number; back(value: number): number },
): Schedule {
  if (!Number.isInteger(steps) || steps < 1) {
    throw new RangeError(`${name}: steps = ${steps}; expected a whole number >= 1`);
  }
  return {
    name,
    steps,
    resolve(noise) {
      const { clock, back } = clockOf(noise);
      const [first, last] = [from ?? noise.horizon, to ?? noise.cutoff];
      const [high, low] = [clock(first), clock(last)];
      return Float64Array.from({ length: steps + 1 }, (_, i) =>
        i === 0 ? first : i === steps ? last : back(high + ((low - high) * i) / steps),
      );
    },
  };
}
