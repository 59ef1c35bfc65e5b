/**
 * How many rows of a dimension there are.
 *
 * @throws RangeError naming the measure unless they are whole, at least `least`, and all numbers finite
 */
export function countRows(
  points: ArrayLike<number>,
  { measure, name, dimension, least }: { measure: string; name: string; dimension: number; least: number },
): number {
  const rows = points.length / dimension;
  if (!Number.isInteger(dimension) || dimension < 1 || !Number.isInteger(rows) || rows < least) {
    throw new RangeError(
      `${measure}: ${name} has ${points.length} numbers for dimension ${dimension}; expected at least ${least} rows of ${dimension}`,
    );
  }
  for (let at = 0; at < points.length; at++) {
    if (!Number.isFinite(points[at]!)) {
      throw new RangeError(`${measure}: ${name}[${at}] = ${points[at]}; expected finite numbers`);
    }
  }
  return rows;
}
