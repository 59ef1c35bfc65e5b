/** Costs that differ relatively by less than this are equal: the more even path is then taken. */
const ROUND_OFF = 1e-13;

/**
 * The cheapest paths from node 0 to node `last` with exactly 1, 2, ... N edges, each to a later node, by dynamic
 * programming:
 *
 *     best_n(m) = min over c > m of cost(m, c) + g best_{n-1}(c),   best_1(m) = cost(m, last)
 *
 * where the coefficient g makes edges weigh g times as much as the one before. O(last^2 N) time, O(last N) memory.
 *
 * @param last >= 1 @param most N, 1 <= N <= last @param cost (from, to) for 0 <= from < to <= last, finite
 * @param options.coefficient g > 0, default 1
 * @param options.evenTies of paths that cost the same the more even one, default true; else the one whose first edge is
 * shortest
 * @returns for every n = 1 .. N the nodes [n + 1], ascending from 0 to `last`, and their cost
 */
export function shortestPaths(
  last: number,
  most: number,
  cost: (from: number, to: number) => number,
  { coefficient = 1, evenTies = true }: { coefficient?: number; evenTies?: boolean } = {},
): { nodes: Int32Array; cost: number }[] {
  let best = Float64Array.from({ length: last + 1 }, (_, m) => (m < last ? cost(m, last) : 0));
  // after[n - 1][m]: where the best n edges from m go first.
  const after: Int32Array[] = [new Int32Array(last + 1).fill(last)];
  const costs = [best[0]!];
  for (let n = 2; n <= most; n++) {
    const next = new Float64Array(last + 1).fill(Number.POSITIVE_INFINITY);
    const choice = new Int32Array(last + 1);
    for (let m = 0; m <= last - n; m++) {
      const even = m + (last - m) / n;
      let least = Number.POSITIVE_INFINITY;
      let taken = m;
      for (let c = m + 1; c <= last - n + 1; c++) {
        const total = cost(m, c) + coefficient * best[c]!;
        const equal = evenTies && Math.abs(total - least) <= ROUND_OFF * Math.abs(least);
        if (equal ? Math.abs(c - even) < Math.abs(taken - even) : total < least) {
          least = total;
          taken = c;
        }
      }
      choice[m] = taken;
      next[m] = least;
    }
    after.push(choice);
    costs.push(next[0]!);
    best = next;
  }
  return costs.map((total, index) => {
    const nodes = new Int32Array(index + 2);
    for (let i = 0; i <= index; i++) nodes[i + 1] = after[index - i]![nodes[i]!]!;
    return { nodes, cost: total };
  });
}
