/**
 * The weights w that make |A w - b| least, by Gram-Schmidt on the columns of A in their order, each orthogonalised twice,
 * and back substitution. A column that those before it explain, to `tolerance` of its own length, gets weight 0: where the
 * data cannot tell two columns apart, the earlier one takes it all. A square A of full rank is solved exactly.
 *
 * Source: Bjorck 1996, Numerical Methods for Least Squares Problems, section 2.4.
 *
 * @param columns of A, each [rows] @param values b, [rows]
 * @returns [columns]
 */
export function leastSquares(
  columns: readonly ArrayLike<number>[],
  values: ArrayLike<number>,
  { tolerance = 1e-10 }: { tolerance?: number } = {},
): Float64Array {
  const directions: { at: number; unit: Float64Array; length: number; shares: Float64Array }[] = [];
  const taken = (rest: Float64Array): Float64Array => {
    const shares = new Float64Array(directions.length);
    for (let pass = 0; pass < 2; pass++) {
      directions.forEach(({ unit }, i) => {
        const share = dot(unit, rest);
        shares[i]! += share;
        rest.forEach((value, row) => {
          rest[row] = value - share * unit[row]!;
        });
      });
    }
    return shares;
  };
  columns.forEach((column, at) => {
    const rest = Float64Array.from(column);
    const whole = Math.sqrt(dot(rest, rest));
    const shares = taken(rest);
    const length = Math.sqrt(dot(rest, rest));
    if (length > tolerance * whole)
      directions.push({ at, unit: rest.map((value) => value / length), length, shares });
  });
  const targets = taken(Float64Array.from(values));
  const weights = new Float64Array(columns.length);
  for (let i = directions.length - 1; i >= 0; i--) {
    const { at, length, shares } = directions[i]!;
    weights[at] = targets[i]! / length;
    for (let before = 0; before < i; before++) targets[before]! -= shares[before]! * weights[at]!;
  }
  return weights;
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}
