import { leastSquares } from "../least-squares.ts";

/**
 * Ratios of DC-Solver as a polynomial in the step, the number of steps and the guidance: with g = guidance / 12 and
 * n = steps / 50,
 *
 *     r_i = sum_k c_k (i / steps)^k,  c_k = sum_a (sum_b C[k][a][b] n^(2-b)) g^(2-a),  k = 0..3, a = b = 0..2
 *
 * for i = 3 .. steps, counted from 1; the first two are 1. Thirty-six numbers C, as a plan stores them.
 *
 * Source: Zhao et al. 2024 (2409.03755), section 3.
 */
export type CascadePolynomial = readonly (readonly (readonly number[])[])[];

/** Ratios that were searched, and for what. */
export interface SearchedRatios {
  /** Scale of the classifier-free guidance. */
  readonly guidance: number;
  /** [steps], one model call each. */
  readonly ratios: ArrayLike<number>;
}

/** Steps, from 1, that have no polynomial: fewer than three predictions are at hand. */
const FIXED = 2;

/**
 * The cascade polynomial nearest to searched ratios, all 36 numbers at once by least squares. Where they cannot tell two
 * powers apart, as with one guidance or two numbers of steps, the lower power takes it all.
 *
 * The paper fits the polynomials one into the other; the family is the same.
 *
 * @throws RangeError if no ratio is left to fit
 */
export function cascadePolynomial(searched: readonly SearchedRatios[]): CascadePolynomial {
  const rows = searched.flatMap(({ guidance, ratios }) =>
    Array.from(ratios, (ratio, i) => ({ guidance, steps: ratios.length, i: i + 1, ratio })).slice(FIXED),
  );
  const wrong = rows.find(({ guidance, ratio }) => !Number.isFinite(guidance) || !Number.isFinite(ratio));
  if (rows.length === 0 || wrong) {
    throw new RangeError(
      `cascadePolynomial: ${wrong ? `guidance ${wrong.guidance} has ratio ${wrong.ratio}` : "no ratio after the first two of any run"}; expected finite ratios of runs of at least 3 steps`,
    );
  }
  const columns = powers.map((power) => rows.map((row) => monomial(power, row)));
  const weights = leastSquares(
    columns,
    rows.map(({ ratio }) => ratio),
  );
  const coefficients = Array.from({ length: 4 }, () => Array.from({ length: 3 }, () => [0, 0, 0]));
  powers.forEach(({ k, ofGuidance, ofSteps }, i) => {
    coefficients[k]![2 - ofGuidance]![2 - ofSteps] = weights[i]!;
  });
  return coefficients;
}

/**
 * The ratios of a number of steps under a guidance, for `dcSolver`.
 *
 * @throws RangeError unless the polynomial is [4][3][3] and the steps are a whole number
 */
export function cascadeRatios(
  polynomial: CascadePolynomial,
  { guidance, steps }: { guidance: number; steps: number },
): number[] {
  const whole = polynomial.length === 4 && polynomial.every((c) => c.length === 3 && c.every(isTriple));
  if (!whole) {
    throw new RangeError(
      "cascadeRatios: the polynomial is not [4][3][3] finite numbers; expected what cascadePolynomial returns",
    );
  }
  if (!Number.isInteger(steps) || steps < 1 || !Number.isFinite(guidance)) {
    throw new RangeError(
      `cascadeRatios: steps = ${steps}, guidance = ${guidance}; expected a whole number >= 1 and a finite scale`,
    );
  }
  return Array.from({ length: steps }, (_, at) => {
    if (at < FIXED) return 1;
    return powers.reduce((ratio, power) => {
      const { k, ofGuidance, ofSteps } = power;
      const c = polynomial[k]![2 - ofGuidance]![2 - ofSteps]!;
      return ratio + c * monomial(power, { guidance, steps, i: at + 1 });
    }, 0);
  });
}

function isTriple(numbers: readonly number[]): boolean {
  return numbers.length === 3 && numbers.every(Number.isFinite);
}

interface Powers {
  readonly k: number;
  readonly ofGuidance: number;
  readonly ofSteps: number;
}

/** The 36, lower degrees first. */
const powers: readonly Powers[] = [0, 1, 2, 3]
  .flatMap((k) => [0, 1, 2].flatMap((ofGuidance) => [0, 1, 2].map((ofSteps) => ({ k, ofGuidance, ofSteps }))))
  .sort((a, b) => a.k + a.ofGuidance + a.ofSteps - (b.k + b.ofGuidance + b.ofSteps));

function monomial(
  { k, ofGuidance, ofSteps }: Powers,
  { guidance, steps, i }: { guidance: number; steps: number; i: number },
): number {
  return (i / steps) ** k * (guidance / 12) ** ofGuidance * (steps / 50) ** ofSteps;
}
