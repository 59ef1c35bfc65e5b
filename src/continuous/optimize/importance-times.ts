import { gaussLegendre } from "../samplers/gauss-legendre.ts";

/** Noise levels to be asked about between two, most often where most is at stake. */
export interface ImportanceTimes {
  /** The integral of the density over the interval. */
  readonly total: number;
  /** The density at rho, not normalised, over rho^-3: 1 / (rho^2 + c^2) - 1 / (b^2 + c^2). */
  spread(rho: number): number;
  /** The level below which the fraction u of the density lies. */
  quantile(u: number): number;
}

/** Width of a cell of the table, in log rho: four Gauss points reach the last digits on it. */
const CELL = 0.125;
const UNIT = gaussLegendre({ from: 0, to: 1, count: 4 });
/** Of a quantile, in log rho. */
const TOLERANCE = 1e-12;

/**
 * The density rho^-3 (1 / (rho^2 + c^2) - 1 / (b^2 + c^2)) on [a, b]: what Gaussian data of deviation c lose per unit of
 * rho if the denoiser is frozen at b. The distribution function is tabulated on cells that are even in log rho; within a
 * cell its inverse is found by Newton's method, kept in brackets.
 *
 * Source: Sabour, Fidler and Kreis 2024 (2404.14507), section 3.3 and appendix.
 *
 * @param ends a, b with 0 < a < b @param deviation c > 0
 */
export function importanceTimes(
  [a, b]: readonly [number, number],
  { deviation }: { deviation: number },
): ImportanceTimes {
  const square = deviation * deviation;
  const spread = (rho: number): number => ((b - rho) * (b + rho)) / ((rho * rho + square) * (b * b + square));
  // Over log rho.
  const density = (log: number): number => {
    const rho = Math.exp(log);
    return spread(rho) / (rho * rho);
  };
  const mass = (from: number, to: number): number => {
    let sum = 0;
    for (let q = 0; q < UNIT.points.length; q++) {
      sum += UNIT.weights[q]! * density(from + (to - from) * UNIT.points[q]!);
    }
    return (to - from) * sum;
  };
  const [low, high] = [Math.log(a), Math.log(b)];
  const cells = Math.max(4, Math.ceil((high - low) / CELL));
  const edges = Float64Array.from({ length: cells + 1 }, (_, i) => low + ((high - low) * i) / cells);
  const below = new Float64Array(cells + 1);
  for (let i = 0; i < cells; i++) below[i + 1] = below[i]! + mass(edges[i]!, edges[i + 1]!);
  const total = below[cells]!;
  return {
    total,
    spread,
    quantile(u) {
      const i = cellOf(below, u * total);
      const rest = u * total - below[i]!;
      let [from, to] = [edges[i]!, edges[i + 1]!];
      let log = from + ((to - from) * rest) / (below[i + 1]! - below[i]!);
      while (to - from > TOLERANCE) {
        const over = mass(edges[i]!, log) - rest;
        if (over > 0) to = log;
        else from = log;
        const newton = log - over / density(log);
        const next = newton >= from && newton <= to ? newton : 0.5 * (from + to);
        if (Math.abs(next - log) <= TOLERANCE) return Math.exp(next);
        log = next;
      }
      return Math.exp(log);
    },
  };
}

/** The cell i with below[i] <= mass < below[i + 1], the last one for all of the mass. */
function cellOf(below: Float64Array, mass: number): number {
  let [low, high] = [0, below.length - 2];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (below[middle]! <= mass) low = middle;
    else high = middle - 1;
  }
  return low;
}
