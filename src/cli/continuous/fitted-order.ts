import type { Measured } from "../../measures/measured.ts";

/**
 * The order of convergence: minus the slope of log error against log calls by least squares, with its standard error
 * from the residuals.
 *
 * @param points at least 3, errors positive
 */
export function fittedOrder(points: readonly { readonly calls: number; readonly error: number }[]): Measured {
  const logs = points.map(({ calls, error }) => ({ x: Math.log(calls), y: Math.log(error) }));
  const mean = (of: (point: { x: number; y: number }) => number): number =>
    logs.reduce((sum, point) => sum + of(point), 0) / logs.length;
  const [x, y] = [mean((point) => point.x), mean((point) => point.y)];
  const square = mean((point) => (point.x - x) ** 2);
  const slope = mean((point) => (point.x - x) * (point.y - y)) / square;
  const residual = mean((point) => (point.y - y - slope * (point.x - x)) ** 2);
  return { value: -slope, standardError: Math.sqrt(residual / square / (logs.length - 2)) };
}
