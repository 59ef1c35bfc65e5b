import { type CostedPoints, coordinateSweep, type IntervalCost } from "./coordinate-sweep.ts";

/** How one number of steps is searched. */
export interface LevelSearch {
  readonly cost: IntervalCost;
  /** Places tried for a point in a pass. */
  readonly candidates: number;
  /** Told after every point; passes count from 1. */
  progress(sweep: number, point: number): void;
}

/** What the search of one number of steps came to. */
export interface SearchedLevel {
  readonly best: CostedPoints;
  /** What the judge said of the start and after every pass. */
  readonly judged: readonly number[];
  /** Passes made. */
  readonly sweeps: number;
}

/** Passes without a better verdict before a judged search stops. */
const PATIENCE = 4;

/**
 * Passes over all points, until nothing moves, there were `sweeps`, or the judge has seen no better for four of them. The
 * best is where the judge says least, and without a judge the last.
 */
export async function searchAll(
  start: CostedPoints,
  {
    sweeps,
    judge,
    ...search
  }: LevelSearch & {
    readonly sweeps: number;
    readonly judge?: (points: Float64Array) => number | Promise<number>;
  },
): Promise<SearchedLevel> {
  const seen: CostedPoints[] = [start];
  const judged = judge ? [await judge(start.points)] : [];
  for (let sweep = 1; sweep <= sweeps; sweep++) {
    const { changed, ...next } = await pass(seen.at(-1)!, sweep, search);
    seen.push(next);
    if (judge) judged.push(await judge(next.points));
    if (!changed || (judge && sweep - leastOf(judged) >= PATIENCE)) break;
  }
  return { best: judge ? seen[leastOf(judged)]! : seen.at(-1)!, judged, sweeps: seen.length - 1 };
}

/** One pass over the odd points, whose neighbours stay. */
export async function searchNew(start: CostedPoints, search: LevelSearch): Promise<SearchedLevel> {
  return { best: await pass(start, 1, search, (point) => point % 2 === 1), judged: [], sweeps: 1 };
}

/** With one point more between every two, half way in log. */
export function halved(points: Float64Array): Float64Array {
  return Float64Array.from({ length: 2 * points.length - 1 }, (_, i) =>
    i % 2 === 0 ? points[i / 2]! : Math.sqrt(points[(i - 1) / 2]! * points[(i + 1) / 2]!),
  );
}

function pass(
  from: CostedPoints,
  sweep: number,
  { cost, candidates, progress }: LevelSearch,
  moves: (point: number) => boolean = () => true,
): ReturnType<typeof coordinateSweep> {
  return coordinateSweep(from, {
    cost,
    candidates,
    moves,
    progress: (point) => progress(sweep, point),
  });
}

function leastOf(values: readonly number[]): number {
  return values.indexOf(Math.min(...values));
}
