/** States and their residuals in a round, or how both changed between two rounds. */
export interface RoundMade {
  /** [steps, D] what each step is to make */
  readonly states: Float64Array;
  /** [steps, D] */
  readonly residuals: Float64Array;
}

/**
 * What triangular Anderson acceleration takes off x + R: with c = 1 .. usable_e,
 *
 *     G_e = sum_c gamma_c (dX_c,e + dR_c,e),   (A A' + lambda I) gamma = A R,
 *
 * where the rows of A are the dR_c of steps 0 .. e together and R is theirs: the mixture of earlier rounds that best
 * explains the residuals of this step and of all before it. So no step learns from a later one, and the system stays
 * triangular. A A' and A R are running sums over e.
 *
 * Source: Tang, Tang, Luo, Wang and Chang 2024 (2402.09970). lambda is absolute: it weighs more where residuals are small or
 * samples have few numbers.
 *
 * @param options.residuals R, [steps, D] @param options.differences newest first, so that a step with a short past uses the
 * newest (the published code gives it the oldest, which hold zeros from before its past)
 * @param options.usable [steps] how many of them a step has @param options.from the first step that is accelerated
 * @returns G, [steps, D], 0 for the steps that are not accelerated
 */
export function triangularAnderson({
  residuals,
  differences,
  usable,
  from,
  dimension,
  lambda,
}: {
  readonly residuals: Float64Array;
  readonly differences: readonly RoundMade[];
  readonly usable: ArrayLike<number>;
  readonly from: number;
  readonly dimension: number;
  readonly lambda: number;
}): Float64Array {
  const taken = new Float64Array(residuals.length);
  const columns = differences.length;
  const squares = new Float64Array(columns * columns);
  const products = new Float64Array(columns);
  for (let e = 0; e * dimension < residuals.length; e++) {
    const [start, end] = [e * dimension, (e + 1) * dimension];
    for (let c = 0; c < columns; c++) {
      const own = differences[c]!.residuals;
      for (let at = start; at < end; at++) {
        products[c]! += own[at]! * residuals[at]!;
        for (let b = 0; b <= c; b++) squares[c * columns + b]! += own[at]! * differences[b]!.residuals[at]!;
      }
    }
    const used = usable[e]!;
    if (e < from || used === 0) continue;
    const gamma = ridge(squares, products, { columns, used, lambda });
    for (let c = 0; c < used; c++) {
      const { states, residuals: changed } = differences[c]!;
      for (let at = start; at < end; at++) taken[at]! += gamma[c]! * (states[at]! + changed[at]!);
    }
  }
  return taken;
}

/** gamma of (B + lambda I) gamma = d, the first `used` rows, by Cholesky: B is positive semidefinite, its lower half given. */
function ridge(
  squares: Float64Array,
  products: Float64Array,
  { columns, used, lambda }: { columns: number; used: number; lambda: number },
): Float64Array {
  const root = new Float64Array(used * used);
  const gamma = products.slice(0, used);
  for (let i = 0; i < used; i++) {
    for (let j = 0; j <= i; j++) {
      let left = squares[i * columns + j]! + (i === j ? lambda : 0);
      for (let k = 0; k < j; k++) left -= root[i * used + k]! * root[j * used + k]!;
      root[i * used + j] = i === j ? Math.sqrt(Math.max(left, lambda)) : left / root[j * used + j]!;
    }
    for (let k = 0; k < i; k++) gamma[i]! -= root[i * used + k]! * gamma[k]!;
    gamma[i]! /= root[i * used + i]!;
  }
  for (let i = used - 1; i >= 0; i--) {
    for (let k = i + 1; k < used; k++) gamma[i]! -= root[k * used + i]! * gamma[k]!;
    gamma[i]! /= root[i * used + i]!;
  }
  return gamma;
}
