import type { Schedule } from "./schedule.ts";

/** Times as given. @param options.times [steps + 1] strictly falling, >= 0 */
export function times({ times: given }: { readonly times: ArrayLike<number> }): Schedule {
  const own = Float64Array.from(given);
  if (own.length < 2) throw new RangeError(`times: ${own.length} times; expected at least 2`);
  own.forEach((t, i) => {
    if (!(t >= 0 && Number.isFinite(t) && (i === 0 || t < own[i - 1]!))) {
      throw new RangeError(
        `times: times[${i}] = ${t}; expected a number >= 0 below the one before it; times must strictly decrease`,
      );
    }
  });
  return { name: "times", steps: own.length - 1, resolve: () => own.slice() };
}
