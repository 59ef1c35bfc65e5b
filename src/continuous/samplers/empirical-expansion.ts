import { cleanFrom } from "../denoisers/prediction.ts";
import type { Noise } from "../noise/noise.ts";
import type { Evaluated, Expansion } from "./expansion.ts";
import { levelsAt } from "./unipc-update.ts";

/** What was measured of a model at n + 1 values of lambda, evenly from the first to the last. */
export interface EmpiricalStatistics {
  readonly lambdaFirst: number;
  readonly lambdaLast: number;
  /** [n + 1][dimension] the linear part of sigma eps in x that leaves least. */
  readonly l: readonly ArrayLike<number>[];
  /** [n + 1][dimension] how fast what is left grows, and towards what: its slope in lambda is about s f + b. */
  readonly s: readonly ArrayLike<number>[];
  readonly b: readonly ArrayLike<number>[];
}

/**
 * Expands what is left of the model once its statistics are taken out, as DPM-Solver-v3 does, coordinate by coordinate:
 * f = (sigma eps - l x) / alpha, and from a step's start a, with L, S the integrals of l and s from a,
 *
 *     g(lambda) = e^(-S) f - int_a^lambda e^(-S) b
 *     x_s = (alpha_s / alpha_a) e^(-L(s)) x_a - alpha_s e^(-L(s)) int_a^s e^(L + S) (g + int_a^lambda e^(-S) b) d lambda
 *
 * where g is the M of the Taylor series. l = 1, s = b = 0 is dataExpansion, l = 0, s = -1, b = 0 noiseExpansion.
 * The integrals are sums of trapezoids on the values of lambda, and a time counts as the value nearest to it, as released:
 * steps are as exact as these are dense.
 *
 * Source: Zheng et al. 2023 (2310.13268), section 3.1, equations 8 to 11. For `s` less than the last lambda.
 *
 * @throws RangeError if the lists differ in length, or a run leaves the values of lambda
 */
export function empiricalExpansion(statistics: EmpiricalStatistics): Expansion {
  const table = integrals(statistics);
  return {
    name: "empirical",
    reading: (noise, { t }) => noise.lambda(t),
    clean: ({ t, at, eps }, noise) => cleanFrom(at, eps, levelsAt(noise, t)),
    over({ noise, t, s, derivatives, dimension }) {
      checkDimension(table, dimension);
      const [a, z] = [indexAt(table, noise, t), indexAt(table, noise, s)];
      const [alpha, alphaNext] = [noise.alpha(t), noise.alpha(s)];
      const { L, S, I, B, C } = table;
      const each = (value: (d: number) => number): Float64Array =>
        Float64Array.from({ length: dimension }, (_, d) => value(d));
      const gain = (d: number): number => alphaNext * Math.exp(L[a]![d]! - L[z]![d]!);
      return {
        h: noise.lambda(s) - noise.lambda(t),
        rate: 1,
        kept: each((d) => gain(d) / alpha),
        offset: each((d) => {
          const grown = C[z]![d]! - C[a]![d]! - B[a]![d]! * (I[z]![d]! - I[a]![d]!);
          return -alphaNext * Math.exp(-L[z]![d]!) * grown;
        }),
        weights: Array.from({ length: derivatives }, (_, i) =>
          each((d) => -gain(d) * moment(table, { a, z, d, i })),
        ),
        prediction({ t: own, at, eps }: Evaluated) {
          const p = indexAt(table, noise, own);
          const { sigma, alpha: level } = levelsAt(noise, own);
          const carried = each((d) => Math.exp(S[a]![d]! - S[p]![d]!));
          const drift = each((d) => Math.exp(S[a]![d]!) * (B[p]![d]! - B[a]![d]!));
          return at.map((x, position) => {
            const d = position % dimension;
            const f = (sigma * eps[position]! - statistics.l[p]![d]! * x) / level;
            return carried[d]! * f - drift[d]!;
          });
        },
      };
    },
  };
}

type Rows = readonly Float64Array[];

/** Integrals from the first lambda, [n + 1][dimension]: of l, s, e^(L + S), e^(-S) b and e^(L + S) B. */
interface Table {
  readonly lambdas: Float64Array;
  readonly L: Rows;
  readonly S: Rows;
  readonly I: Rows;
  readonly B: Rows;
  readonly C: Rows;
}

function integrals({ lambdaFirst, lambdaLast, l, s, b }: EmpiricalStatistics): Table {
  const n = l.length - 1;
  if (n < 1 || s.length !== l.length || b.length !== l.length || !(lambdaLast > lambdaFirst)) {
    throw new RangeError(
      `empiricalExpansion: ${l.length}, ${s.length} and ${b.length} rows of l, s and b from lambda ${lambdaFirst} to ${lambdaLast}; expected equally many, at least 2, and a rising lambda`,
    );
  }
  const lambdas = Float64Array.from(l, (_, i) => lambdaFirst + ((lambdaLast - lambdaFirst) * i) / n);
  const dimension = l[0]!.length;
  const integral = (of: (i: number, d: number) => number): Float64Array[] => {
    const sums = [new Float64Array(dimension)];
    for (let i = 1; i <= n; i++) {
      const half = (lambdas[i]! - lambdas[i - 1]!) / 2;
      sums.push(sums[i - 1]!.map((sum, d) => sum + half * (of(i - 1, d) + of(i, d))));
    }
    return sums;
  };
  const L = integral((i, d) => l[i]![d]!);
  const S = integral((i, d) => s[i]![d]!);
  const I = integral((i, d) => Math.exp(L[i]![d]! + S[i]![d]!));
  const B = integral((i, d) => Math.exp(-S[i]![d]!) * b[i]![d]!);
  const C = integral((i, d) => Math.exp(L[i]![d]! + S[i]![d]!) * B[i]![d]!);
  return { lambdas, L, S, I, B, C };
}

/** The integral of e^(L + S) (lambda - lambda_a)^i / i! from a to z, L and S taken from a. */
function moment(
  { lambdas, L, S }: Table,
  { a, z, d, i }: { a: number; z: number; d: number; i: number },
): number {
  const origin = L[a]![d]! + S[a]![d]!;
  const value = (at: number): number => {
    let term = Math.exp(L[at]![d]! + S[at]![d]! - origin);
    for (let j = 1; j <= i; j++) term *= (lambdas[at]! - lambdas[a]!) / j;
    return term;
  };
  let sum = 0;
  for (let at = a + 1; at <= z; at++) {
    sum += ((lambdas[at]! - lambdas[at - 1]!) / 2) * (value(at - 1) + value(at));
  }
  return sum;
}

/** The value of lambda nearest to that at t. */
function indexAt({ lambdas }: Table, noise: Noise, t: number): number {
  const [first, last] = [lambdas[0]!, lambdas.at(-1)!];
  const index = Math.round(((lambdas.length - 1) * (noise.lambda(t) - first)) / (last - first));
  if (index >= 0 && index < lambdas.length) return index;
  throw new RangeError(
    `empiricalExpansion: lambda = ${noise.lambda(t)} at t = ${t}; expected ${first} to ${last}, where there are statistics: start later or end earlier`,
  );
}

function checkDimension({ L }: Table, dimension: number): void {
  if (L[0]!.length === dimension) return;
  throw new RangeError(
    `empiricalExpansion: statistics of ${L[0]!.length} numbers for a model of ${dimension}; expected one for each`,
  );
}
