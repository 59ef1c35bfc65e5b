import type { Ends, EvenOptions, Schedule } from "./schedule.ts";

/**
 * The orders of the steps of a singlestep solver that has `calls` model calls: as many steps of its full order as fit, and
 * the rest in lower orders at the end. Order 3: 3, .., 3, 2, 1 where 3 divides the calls, else 3, .., 3, 1 or 3, .., 3, 2.
 * Order 2: 2, .., 2 and 1 more if the calls are odd.
 *
 * Source: Lu et al. 2022 (2206.00927), where it is called DPM-Solver-fast.
 */
export function singlestepOrders({ calls, order }: { calls: number; order: number }): number[] {
  if (!(Number.isInteger(calls) && calls >= 1 && (order === 1 || order === 2 || order === 3))) {
    throw new RangeError(
      `singlestepOrders: calls = ${calls}, order = ${order}; expected a whole number of calls >= 1 and order 1, 2 or 3`,
    );
  }
  const over = calls % order;
  const rest = over > 0 ? [over] : order === 3 ? [2, 1] : [];
  const full = (calls - rest.reduce((a, b) => a + b, 0)) / order;
  return [...Array<number>(full).fill(order), ...rest];
}

/**
 * Times for the steps of a singlestep solver that has `calls` model calls: those of a grid of as many steps, of which a
 * step of order k takes k. So steps are as long as the calls they make. Where the steps should be even instead, as
 * published for lambda, take logSnr of singlestepOrders(..).length steps.
 *
 * Source: the released code of Lu et al. 2022 (2206.00927), for time_uniform and time_quadratic.
 *
 * @param options.grid such as timeUniform
 */
export function singlestepTimes({
  calls,
  order = 3,
  grid,
  ...ends
}: Ends & {
  readonly calls: number;
  readonly order?: number;
  readonly grid: (options: EvenOptions) => Schedule;
}): Schedule {
  const orders = singlestepOrders({ calls, order });
  const fine = grid({ steps: calls, ...ends });
  return {
    name: `singlestep-${fine.name}:calls=${calls}:order=${order}`,
    steps: orders.length,
    resolve(noise) {
      const times = fine.resolve(noise);
      const at = [0];
      for (const own of orders) at.push(at.at(-1)! + own);
      return Float64Array.from(at, (i) => times[i]!);
    },
  };
}
