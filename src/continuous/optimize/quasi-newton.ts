/** A function and its gradient; its value is Infinity where it is not defined. */
export type Differentiable = (x: Float64Array) => Valued;

/** What a function says of a point. */
export interface Valued {
  readonly value: number;
  readonly gradient: Float64Array;
}

/** The best point found. */
export interface Minimum {
  readonly x: Float64Array;
  readonly value: number;
  /** How often the function was asked. */
  readonly evaluations: number;
}

/** Armijo's and Wolfe's constants, and how often a search along a line doubles or halves. */
const [DECREASE, CURVATURE, TRIALS] = [1e-4, 0.9, 40];
/** How far the first step goes, in all: nothing is known yet of how the function curves. */
const FIRST_LENGTH = 0.3;

/**
 * BFGS: from x along d = -H g, H the inverse Hessian that earlier steps suggest, a step of length a is taken that fulfils
 * the weak Wolfe conditions
 *
 *     f(x + a d) <= f(x) + 1e-4 a g.d    and    g(x + a d).d >= 0.9 g.d
 *
 * Nothing of it needs a smooth f: on sums of absolute values it goes on to minima that lie on kinks, where steepest
 * descent stops early. Where a line shows no descent it starts over with H = I. It ends when that does not help, or when
 * `patience` steps together gained less than `tolerance` of the value.
 *
 * Source: Lewis and Overton 2013, "Nonsmooth optimization via quasi-Newton methods", algorithms 2.1 and 2.6.
 *
 * @param start where f is finite @param options.iterations at most, default 500
 * @param options.tolerance default 1e-9 @param options.patience default 20
 */
export function quasiNewton(
  f: Differentiable,
  start: ArrayLike<number>,
  {
    iterations = 500,
    tolerance = 1e-9,
    patience = 20,
  }: { iterations?: number; tolerance?: number; patience?: number } = {},
): Minimum {
  let x: Float64Array = Float64Array.from(start);
  let here = f(x);
  let evaluations = 1;
  let inverse: Float64Array[] | undefined;
  const values = [here.value];
  while (values.length <= iterations) {
    const direction = descent(inverse, here.gradient);
    const found = alongLine(f, x, here, direction);
    evaluations += found.evaluations;
    if (found.x === x) {
      if (!inverse) break;
      inverse = undefined;
      continue;
    }
    const moved = found.x.map((value, i) => value - x[i]!);
    const turned = found.here.gradient.map((value, i) => value - here.gradient[i]!);
    inverse = updated(inverse, moved, turned);
    [x, here] = [found.x, found.here];
    values.push(here.value);
    if (values.at(-1 - patience)! - here.value < tolerance * Math.abs(here.value)) break;
  }
  return { x, value: here.value, evaluations };
}

/** -H g, and -g at a fixed length where there is no H. */
function descent(inverse: readonly Float64Array[] | undefined, gradient: Float64Array): Float64Array {
  const length = Math.sqrt(dot(gradient, gradient));
  return gradient.map((value, i) =>
    inverse ? -dot(inverse[i]!, gradient) : (-FIRST_LENGTH * value) / length,
  );
}

/** A point along the line that fulfils both conditions, the best one that descends, or x itself. */
function alongLine(
  f: Differentiable,
  x: Float64Array,
  here: Valued,
  direction: Float64Array,
): { x: Float64Array; here: Valued; evaluations: number } {
  const slope = dot(direction, here.gradient);
  let reached = { x, here };
  if (!(slope < 0)) return { ...reached, evaluations: 0 };
  let [low, high, length] = [0, Number.POSITIVE_INFINITY, 1];
  for (let trial = 1; trial <= TRIALS; trial++) {
    const at = x.map((value, i) => value + length * direction[i]!);
    const there = f(at);
    if (!(there.value <= here.value + DECREASE * length * slope)) {
      high = length;
    } else {
      [reached, low] = [{ x: at, here: there }, length];
      if (dot(direction, there.gradient) >= CURVATURE * slope) return { ...reached, evaluations: trial };
    }
    length = high < Number.POSITIVE_INFINITY ? (low + high) / 2 : 2 * low;
  }
  return { ...reached, evaluations: TRIALS };
}

/**
 * (I - s y' / s.y) H (I - y s' / s.y) + s s' / s.y, H itself where the slope did not rise along the step s. The first H is
 * as large as the step shows, (s.y / y.y) I.
 */
function updated(
  inverse: readonly Float64Array[] | undefined,
  moved: Float64Array,
  turned: Float64Array,
): Float64Array[] | undefined {
  const curvature = dot(moved, turned);
  if (!(curvature > 0)) return inverse?.slice();
  const before = inverse ?? diagonal(moved.length, curvature / dot(turned, turned));
  const image = before.map((row) => dot(row, turned));
  const scale = (1 + dot(turned, image) / curvature) / curvature;
  return before.map((row, i) =>
    row.map((value, j) => {
      const crossed = (moved[i]! * image[j]! + image[i]! * moved[j]!) / curvature;
      return value - crossed + scale * moved[i]! * moved[j]!;
    }),
  );
}

function diagonal(size: number, value: number): Float64Array[] {
  return Array.from({ length: size }, (_, i) => {
    const row = new Float64Array(size);
    row[i] = value;
    return row;
  });
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
