/** What a method is as a linear map, read off its own steps: on a Gaussian around 0 with fixed step sizes every step is one. */
import type { Denoiser, Step } from "../../src/continuous/index.ts";
import { oneStep, type StepRecord } from "./one-step.ts";

/** Square and other matrices by rows. */
export type Matrix = readonly (readonly number[])[];

/** The exact denoiser of N(0, C) in few dimensions, by solving (alpha^2 C + sigma^2) y = x. */
export function denseGaussian(covariance: Matrix): Denoiser {
  const dimension = covariance.length;
  return {
    dimension,
    predict: ({ x, batch, alpha, sigma }) => {
      const rows = Array.from({ length: batch }, (_, row) => {
        const [a, s] = [alpha[row]!, sigma[row]!];
        const levelled = covariance.map((line, i) => line.map((c, j) => a * a * c + (i === j ? s * s : 0)));
        return solve(levelled, Array.from(x.subarray(row * dimension, (row + 1) * dimension))).map(
          (y) => s * y,
        );
      });
      return Float64Array.from(rows.flat());
    },
  };
}

/** x' = sum over inputs: the columns that x, and each draw, are multiplied by. */
export async function linearStep(
  denoiser: Denoiser,
  levels: Pick<StepRecord, "noise" | "t" | "s">,
  draws: number,
  run: (step: Step) => Promise<void>,
): Promise<{ ofX: Matrix; ofDraws: Matrix[] }> {
  const { dimension } = denoiser;
  const zero = new Float64Array(dimension);
  const column = async (input: number, unit: number): Promise<Float64Array> => {
    const given = Array.from({ length: draws + 1 }, (_, at) =>
      at === input ? zero.map((_, d) => (d === unit ? 1 : 0)) : zero,
    );
    const step = oneStep(denoiser, { ...levels, x: given[0]!, draws: given.slice(1) });
    await run(step);
    return step.next;
  };
  const maps: Matrix[] = [];
  for (let input = 0; input <= draws; input++) {
    const columns: Float64Array[] = [];
    for (let unit = 0; unit < dimension; unit++) columns.push(await column(input, unit));
    maps.push(columns[0] ? transposed(columns.map((values) => Array.from(values))) : []);
  }
  return { ofX: maps[0]!, ofDraws: maps.slice(1) };
}

/** The covariance that x' = A x + sum_i B_i z_i keeps: P = A P A^T + Q by doubling, P <- P + A P A^T, A <- A A. */
export function stationaryCovariance({ ofX, ofDraws }: { ofX: Matrix; ofDraws: Matrix[] }): Matrix {
  let covariance: Matrix = ofDraws.map((b) => times(b, transposed(b))).reduce(plus);
  let power = ofX;
  for (let doubling = 0; doubling < 40; doubling++) {
    covariance = plus(covariance, times(times(power, covariance), transposed(power)));
    power = times(power, power);
  }
  return covariance;
}

export function transposed(a: Matrix): Matrix {
  return a[0]!.map((_, j) => a.map((line) => line[j]!));
}

export function times(a: Matrix, b: Matrix): Matrix {
  const turned = transposed(b);
  return a.map((line) => turned.map((column) => line.reduce((sum, value, k) => sum + value * column[k]!, 0)));
}

export function plus(a: Matrix, b: Matrix): Matrix {
  return a.map((line, i) => line.map((value, j) => value + b[i]![j]!));
}

/** The largest difference of two matrices. */
export function distance(a: Matrix, b: Matrix): number {
  return Math.max(...a.flatMap((line, i) => line.map((value, j) => Math.abs(value - b[i]![j]!))));
}

/** y with a y = x, by elimination; `a` is symmetric and positive. */
function solve(a: Matrix, x: readonly number[]): number[] {
  const lines = a.map((line, i) => [...line, x[i]!]);
  for (const [i, pivot] of lines.entries()) {
    for (const [j, line] of lines.entries()) {
      if (j === i) continue;
      const factor = line[i]! / pivot[i]!;
      for (let k = i; k < line.length; k++) line[k]! -= factor * pivot[k]!;
    }
  }
  return lines.map((line, i) => line.at(-1)! / line[i]!);
}
