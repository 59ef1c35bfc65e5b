/**
 * Schedules for networks that were trained at n fixed levels, 0 the least noised, n - 1 the most. Level i is at time
 * (i + 1) / n, where `vpTable` has it, and the clean end at 0.
 */
import type { Schedule } from "./schedule.ts";
import { times } from "./times.ts";

/** What every choice of levels has. */
export interface LevelOptions {
  /** Model calls: as many levels are visited. */
  readonly steps: number;
  /** n, default 1000. */
  readonly levels?: number;
  /** Ends with a step from the lowest level visited to clean data, default true; else at level 0. */
  readonly clean?: boolean;
}

/**
 * Levels i floor(n / steps) + offset, i = steps - 1 .. 0: never quite the noisiest, "leading" in diffusers.
 *
 * Source: Song, Meng and Ermon 2021 (2010.02502), appendix D.2, "linear". Their range(0, n, floor(n / steps)) has more
 * entries where steps does not divide n; here there are always `steps`.
 *
 * @param options.offset whole, default 0
 */
export function leadingLevels({
  offset = 0,
  ...options
}: LevelOptions & { readonly offset?: number }): Schedule {
  const { steps, levels = 1000 } = options;
  const stride = Math.floor(levels / steps);
  return spaced("leading", options, (i) => (steps - 1 - i) * stride + offset);
}

/**
 * Levels round(i (n - 1) / (steps - 1)), i = steps - 1 .. 0: from the noisiest to level 0, "linspace" in diffusers. One
 * step alone is asked at the noisiest.
 */
export function linspaceLevels(options: LevelOptions): Schedule {
  const { steps, levels = 1000 } = options;
  const stride = (levels - 1) / (steps - 1);
  return spaced("linspace", options, (i) => (steps === 1 ? levels - 1 : evenRound((steps - 1 - i) * stride)));
}

/**
 * Levels round(n - i n / steps) - 1, i = 0 .. steps - 1: from the noisiest, with a whole stride left at the end,
 * "trailing" in diffusers.
 *
 * Source: Lin, Liu, Li and Yang 2024 (2305.08891), section 3.3.
 */
export function trailingLevels(options: LevelOptions): Schedule {
  const { steps, levels = 1000 } = options;
  return spaced("trailing", options, (i) => evenRound(levels - i * (levels / steps)) - 1);
}

/**
 * Levels as given.
 *
 * @param options.of n, default 1000 @param options.levels strictly falling, 0 .. n - 1
 * @throws RangeError unless they are
 */
export function levelTimes({
  levels,
  of = 1000,
  clean = true,
}: {
  readonly levels: ArrayLike<number>;
  readonly of?: number;
  readonly clean?: boolean;
}): Schedule {
  const visited = Array.from(levels);
  visited.forEach((level, i) => {
    if (!(Number.isInteger(level) && level >= 0 && level < of && (i === 0 || level < visited[i - 1]!))) {
      throw new RangeError(
        `levelTimes: levels[${i}] = ${level}; expected a whole number from 0 to ${of - 1}, below the one before it`,
      );
    }
  });
  const whole = clean ? [...visited, -1] : visited.at(-1) === 0 ? visited : [...visited, 0];
  return { ...times({ times: whole.map((level) => (level + 1) / of) }), name: "levels" };
}

/**
 * The schedule of these levels. The one before a level is the next lower one that is visited. (The scheduler of diffusers
 * steps by floor(n / steps) levels whatever the spacing, and so from a level it does not ask at next; that is not done
 * here.)
 */
function spaced(
  name: string,
  { steps, levels = 1000, clean = true }: LevelOptions,
  level: (i: number) => number,
): Schedule {
  if (!(Number.isInteger(steps) && steps >= 1 && Number.isInteger(levels) && levels >= steps)) {
    throw new RangeError(
      `${name}: ${steps} steps over ${levels} levels; expected whole numbers, and at least as many levels as steps`,
    );
  }
  return {
    ...levelTimes({ levels: Array.from({ length: steps }, (_, i) => level(i)), of: levels, clean }),
    name,
  };
}

/** To the nearest whole number, halves to the even one, as NumPy rounds: the published levels are rounded so. */
function evenRound(value: number): number {
  const low = Math.floor(value);
  const rest = value - low;
  return rest > 0.5 || (rest === 0.5 && low % 2 === 1) ? low + 1 : low;
}
