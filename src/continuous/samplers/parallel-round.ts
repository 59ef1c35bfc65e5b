/**
 * One round of solving the steps of DDIM at once. Step e takes state e to state e + 1,
 *
 *     x_{e+1} = F_e(x_e) = carry_e x_e + push_e eps(x_e, t_e) + fresh_e z_e,
 *
 * so the states of a run solve a triangular system: state e + 1 depends on those before it alone. A round evaluates all
 * predictions of a window of steps at the states as they are, which is one model call, and moves every state.
 *
 * Source: Tang, Tang, Luo, Wang and Chang 2024 (2402.09970); without memory it is the fixed-point iteration
 * of Shih et al. 2023 (2305.16317). Steps are numbered as they are made; the paper numbers them from the other end.
 */
import { type DdimCoefficients, ddimInto } from "./ddim.ts";
import { type RoundMade, triangularAnderson } from "./triangular-anderson.ts";

/** The steps of a window as they are at the start of a round. Step e is the e-th of the window. */
export interface Window {
  /** D */
  readonly dimension: number;
  /** [steps] */
  readonly coefficients: readonly DdimCoefficients[];
  /** [steps + 1, D]: state 0 is known, and state e + 1 is what step e is to make. */
  readonly states: Float64Array;
  /** [steps, D] eps of state e at the time of step e. */
  readonly predicted: Float64Array;
  /** [steps, D] the normals of each step; not needed without fresh noise. */
  readonly normals?: Float64Array;
}

/** How a round moves the states. */
export interface RoundOptions {
  /** Steps that one equation spans, 1 .. ; see `higherOrderResiduals`. */
  readonly order: number;
  /** Earlier rounds, newest first; none for the plain fixed-point iteration. */
  readonly earlier?: readonly RoundMade[];
  /** [steps] how many of them a step was part of. */
  readonly usable?: ArrayLike<number>;
  /** Of the least squares, above 0. */
  readonly lambda: number;
  readonly tolerance1: number;
  readonly tolerance2: number;
}

/** What a round made of a window. */
export interface Moved {
  /** [steps, D] states 1 .. steps */
  readonly states: Float64Array;
  /** [steps, D] the residuals, of this order, of the states before the round. */
  readonly residuals: Float64Array;
  /** Steps that are done after the round: the first of the window, at least 1. */
  readonly solved: number;
}

/**
 * One round: x <- x + R - G, R the residuals of this order and G what triangular Anderson acceleration takes from the
 * states behind the first unfinished one. A step is unfinished while the root mean square of its first-order residual is
 * above both tolerance1 and tolerance2 times the deviation of its posterior. The first unfinished step becomes exact in
 * this round, for all before it are done, and so is done too.
 */
export function parallelRound(
  window: Window,
  { order, earlier = [], usable = [], lambda, tolerance1, tolerance2 }: RoundOptions,
): Moved {
  const { coefficients, states, dimension } = window;
  const steps = coefficients.length;
  const first = firstOrderResiduals(window);
  const unfinished = coefficients.findIndex(({ posterior }, e) => {
    const size = rootMeanSquare(first.subarray(e * dimension, (e + 1) * dimension));
    return size > tolerance1 && size > tolerance2 * posterior;
  });
  const residuals = higherOrderResiduals(first, { coefficients, dimension, order });
  const next = residuals.map((residual, at) => states[dimension + at]! + residual);
  if (unfinished >= 0 && earlier.length > 0) {
    const from = unfinished + 1;
    const differences = between([{ states: states.subarray(dimension), residuals }, ...earlier]);
    const taken = triangularAnderson({ residuals, differences, usable, from, dimension, lambda });
    for (let at = from * dimension; at < next.length; at++) next[at]! -= taken[at]!;
  }
  return { states: next, residuals, solved: unfinished < 0 ? steps : unfinished + 1 };
}

/** What changed from each round to the one before it in time; rounds newest first, as many differences less one. */
function between(rounds: readonly RoundMade[]): RoundMade[] {
  const minus = (a: Float64Array, b: Float64Array): Float64Array => a.map((value, at) => value - b[at]!);
  return rounds.slice(1).map((older, i) => ({
    states: minus(rounds[i]!.states, older.states),
    residuals: minus(rounds[i]!.residuals, older.residuals),
  }));
}

/** [steps, D] F_e(x_e) - x_{e+1} of every step: 0 on the states that the steps make one after the other. */
export function firstOrderResiduals({
  coefficients,
  states,
  predicted,
  normals,
  dimension,
}: Window): Float64Array {
  const residuals = new Float64Array(predicted.length);
  coefficients.forEach((own, e) => {
    const [start, end] = [e * dimension, (e + 1) * dimension];
    const z = normals?.subarray(start, end);
    ddimInto(residuals.subarray(start, end), {
      x: states.subarray(start, end),
      eps: predicted.subarray(start, end),
      ...(z && { z }),
      coefficients: own,
    });
  });
  return residuals.map((made, at) => made - states[dimension + at]!);
}

/**
 * [steps, D] residuals of the equations that reach back over `order` steps, with u = max(0, e + 1 - order):
 *
 *     x_{e+1} = X(u .. e) x_u + sum_{j = u .. e} X(j+1 .. e) (push_j eps_j + fresh_j z_j),   X(j .. e) = carry_j ... carry_e.
 *
 * By telescoping they are sums of those of first order, R_e = sum_{j = u .. e} X(j+1 .. e) r_j. So the solution is the
 * same for every order, and with order >= steps R_e = r_e + carry_e R_{e-1}.
 */
export function higherOrderResiduals(
  first: Float64Array,
  {
    coefficients,
    dimension,
    order,
  }: {
    readonly coefficients: readonly DdimCoefficients[];
    readonly dimension: number;
    readonly order: number;
  },
): Float64Array {
  const residuals = first.slice();
  const add = (e: number, carry: number, from: Float64Array, row: number): void => {
    for (let d = 0; d < dimension; d++) residuals[e * dimension + d]! += carry * from[row * dimension + d]!;
  };
  for (let e = 1; e < coefficients.length; e++) {
    if (e < order) {
      add(e, carryOf(coefficients[e]!), residuals, e - 1);
      continue;
    }
    // A sum anew for each step: what a running sum takes away again would be left behind in the last digits.
    let carry = 1;
    for (let j = e - 1; j > e - order; j--) {
      carry *= carryOf(coefficients[j + 1]!);
      add(e, carry, first, j);
    }
  }
  return residuals;
}

/** alpha_s / alpha_t, what a step of DDIM multiplies the state with. */
function carryOf({ alpha, alphaNext }: DdimCoefficients): number {
  return alphaNext / alpha;
}

function rootMeanSquare(values: Float64Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
}
