import { type Measured, meanOf } from "../../measures/measured.ts";
import { countRows } from "./count-rows.ts";

/**
 * Root-mean-square difference a number, sqrt(mean over rows and coordinates of (x - y)^2): of samples and the exact
 * solution from the same start points, row by row. Points are sqrt(dimension) times as far apart.
 *
 * Its standard error is that of the mean of squares over rows, carried through the root: se(m) / (2 sqrt(m)).
 *
 * @param x [n, dimension] @param reference [n, dimension]
 * @throws RangeError if they are not equally many rows of finite numbers
 */
export function rootMeanSquare(
  x: ArrayLike<number>,
  reference: ArrayLike<number>,
  { dimension }: { dimension: number },
): Measured {
  const size = { measure: "rootMeanSquare", dimension, least: 1 };
  const rows = countRows(x, { ...size, name: "x" });
  const others = countRows(reference, { ...size, name: "reference" });
  if (rows !== others) {
    throw new RangeError(
      `rootMeanSquare: x has ${rows} rows and the reference ${others}; expected a row of the reference for each`,
    );
  }
  const squares = Array.from({ length: rows }, (_, row) => {
    let square = 0;
    for (let at = row * dimension; at < (row + 1) * dimension; at++) square += (x[at]! - reference[at]!) ** 2;
    return square / dimension;
  });
  const { value: mean, standardError } = meanOf(squares);
  const value = Math.sqrt(mean);
  return { value, standardError: value > 0 ? standardError / (2 * value) : 0 };
}
