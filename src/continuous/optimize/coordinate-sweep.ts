/** What an interval costs. */
export type IntervalCost = (from: number, to: number) => number | Promise<number>;

/** Points and what the intervals between them cost. */
export interface CostedPoints {
  /** [n + 1] positive, rising. */
  readonly points: Float64Array;
  /** [n] of the interval from points[i] to points[i + 1]. */
  readonly costs: Float64Array;
}

/** Works out what the intervals cost. */
export async function costedPoints(points: Float64Array, cost: IntervalCost): Promise<CostedPoints> {
  const costs = new Float64Array(points.length - 1);
  for (let i = 0; i < costs.length; i++) costs[i] = await cost(points[i]!, points[i + 1]!);
  return { points, costs };
}

/** The sum of the costs. */
export function totalCost({ costs }: CostedPoints): number {
  return costs.reduce((sum, cost) => sum + cost, 0);
}

/**
 * One pass of coordinate search, the least point first: a point moves to the best of `candidates` that are even in log
 * between its neighbours, and stays where none is better. The sum of the costs never rises.
 *
 * Costs are asked 2 `candidates` times a point, first those of all intervals that end at the neighbour above. Source:
 * Sabour, Fidler and Kreis 2024 (2404.14507), algorithm 1.
 *
 * @param options.candidates default 11 @param options.moves which points may move, default all but the ends
 * @param options.progress told after every point
 */
export async function coordinateSweep(
  from: CostedPoints,
  {
    cost,
    candidates = 11,
    moves = () => true,
    progress,
  }: {
    cost: IntervalCost;
    candidates?: number;
    moves?: (point: number) => boolean;
    progress?: (point: number) => void;
  },
): Promise<CostedPoints & { readonly changed: boolean }> {
  const points = from.points.slice();
  const costs = from.costs.slice();
  let changed = false;
  for (let i = 1; i < points.length - 1; i++) {
    if (!moves(i)) continue;
    const [low, high] = [points[i - 1]!, points[i + 1]!];
    const tried = Float64Array.from({ length: candidates }, (_, k) => {
      const share = (k + 1) / (candidates + 1);
      return low ** (1 - share) * high ** share;
    });
    const above: number[] = [];
    for (const point of tried) above.push(await cost(point, high));
    for (const [k, point] of tried.entries()) {
      const below = await cost(low, point);
      if (below + above[k]! < costs[i - 1]! + costs[i]!) {
        [points[i], costs[i - 1], costs[i]] = [point, below, above[k]!];
        changed = true;
      }
    }
    progress?.(i);
  }
  return { points, costs, changed };
}
