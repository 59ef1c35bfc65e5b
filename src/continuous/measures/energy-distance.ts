import type { Measured } from "../../measures/measured.ts";
import { countRows } from "./count-rows.ts";

/**
 * Energy distance of the laws of two independent sets of points, 2 E|X - Y| - E|X - X'| - E|Y - Y'|, which is 0 for equal
 * laws alone. In one dimension it is 2 times the integral of (F - G)^2 of the two distribution functions.
 *
 * The estimate is unbiased: means over pairs of different points, so that it may fall below 0. Its standard error is
 * the jackknife's over the points of both sets, which on average is never too small (Efron and Stein 1981). Where the
 * laws are equal it is too large by the root of 2 (1.40 measured), because pairs are then all there is; the tails are
 * long there, and one value in ten is still more than 2 of its errors from 0, one in 25 more than 3.
 *
 * Costs n m + n^2 / 2 + m^2 / 2 distances and no array of them. Source: Szekely and Rizzo 2013, "Energy statistics: a
 * class of statistics based on distances", equation 5; as a U-statistic here.
 *
 * @param x [n, dimension] @param y [m, dimension], at least 3 rows each
 * @throws RangeError if they are not whole rows of finite numbers
 */
export function energyDistance(
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  { dimension }: { dimension: number },
): Measured {
  const size = { measure: "energyDistance", dimension, least: 3 };
  const rowsX = countRows(x, { ...size, name: "x" });
  const rowsY = countRows(y, { ...size, name: "y" });
  const across = { ofX: new Float64Array(rowsX), ofY: new Float64Array(rowsY) };
  for (let i = 0; i < rowsX; i++) {
    for (let j = 0; j < rowsY; j++) {
      const distance = distanceOf(x, i, y, j, dimension);
      across.ofX[i]! += distance;
      across.ofY[j]! += distance;
    }
  }
  const within = { ofX: sumsWithin(x, rowsX, dimension), ofY: sumsWithin(y, rowsY, dimension) };
  const between = total(across.ofX) / (rowsX * rowsY);
  const value = 2 * between - meanPair(within.ofX) - meanPair(within.ofY);
  const variance =
    varianceFrom(across.ofX, within.ofX, rowsY, between) +
    varianceFrom(across.ofY, within.ofY, rowsX, between);
  return { value, standardError: Math.sqrt(variance) };
}

/**
 * What leaving out each point of one set in turn says of the variance: (n - 1) / n sum_i (theta_i - mean)^2, theta_i
 * being the estimate without point i, up to what is the same for all i.
 *
 * @param across sum of the distances of each point to the other set @param within the same to its own set
 */
function varianceFrom(across: Float64Array, within: Float64Array, others: number, between: number): number {
  const count = across.length;
  const all = total(within);
  const without = across.map((sum, i) => {
    const left = (count * between - sum / others) / (count - 1);
    return 2 * left - (all - 2 * within[i]!) / ((count - 1) * (count - 2));
  });
  const mean = total(without) / count;
  return ((count - 1) / count) * without.reduce((sum, each) => sum + (each - mean) ** 2, 0);
}

/** [rows] sum of the distances of each point to the others. */
function sumsWithin(points: ArrayLike<number>, rows: number, dimension: number): Float64Array {
  const sums = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    for (let j = i + 1; j < rows; j++) {
      const distance = distanceOf(points, i, points, j, dimension);
      sums[i]! += distance;
      sums[j]! += distance;
    }
  }
  return sums;
}

function meanPair(sums: Float64Array): number {
  return total(sums) / (sums.length * (sums.length - 1));
}

function distanceOf(
  x: ArrayLike<number>,
  i: number,
  y: ArrayLike<number>,
  j: number,
  dimension: number,
): number {
  let square = 0;
  for (let d = 0; d < dimension; d++) square += (x[i * dimension + d]! - y[j * dimension + d]!) ** 2;
  return Math.sqrt(square);
}

function total(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0);
}
