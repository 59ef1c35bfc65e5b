import { leastSquares } from "../least-squares.ts";
import { dataExpansion } from "../samplers/expansion.ts";
import type { SolverGenes } from "./solver-genes.ts";
import { expansions } from "./vary-genes.ts";

/** Of squared weights. */
const PENALTY = 10;
/** Errors above this times the least count as this times the least. */
const WORST = 4;

/** Guesses the logarithm of an error from genes. */
export type ScorePredictor = (genes: SolverGenes) => number;

/**
 * Ridge regression of log error on features of solvers: of every step, counted from the end, the logarithm of its share and
 * that squared, what it expands, its order, its points, its relaxation and whether it is corrected; and what the
 * first step guesses. Features are centred and scaled to deviation 1; the penalty is 10 squared weights. Errors above 4 times
 * the least count as that: the good ones are to be told apart.
 *
 * The errors of most solvers are sums over steps, hence a function that is one too. It has only to tell which of many
 * children are worth a run. Source: Hoerl and Kennard 1970; that a predictor screens candidates in stages is from Liu et
 * al. 2023 (2312.07243), section 4, where it is a network.
 *
 * @param options.range lambda from the first time to the last
 */
export function scorePredictor(
  known: readonly { readonly genes: SolverGenes; readonly score: number }[],
  { range }: { range: number },
): ScorePredictor {
  const slots = Math.max(...known.map(({ genes }) => genes.steps.length));
  const rows = known.map(({ genes }) => features(genes, { slots, range }));
  const logs = known.map(({ score }) => Math.log(score));
  const finite = logs.filter(Number.isFinite);
  if (finite.length === 0) return () => 0;
  const best = Math.min(...finite);
  const values = logs.map((log) => Math.max(best, Math.min(log, best + Math.log(WORST))));
  const average = mean(values);
  const columns = rows[0]!.map((_, at) => scaled(rows.map((row) => row[at]!)));
  const varied = columns.filter(({ deviation }) => deviation > 0);
  const penalised = varied.map(({ values: column }, i) => [
    ...column,
    ...varied.map((_, j) => (i === j ? Math.sqrt(PENALTY) : 0)),
  ]);
  const weights = leastSquares(penalised, [
    ...values.map((value) => value - average),
    ...varied.map(() => 0),
  ]);
  return (genes) => {
    const own = features(genes, { slots, range });
    let [sum, next] = [average, 0];
    columns.forEach(({ centre, deviation }, at) => {
      if (deviation > 0) sum += (weights[next++]! * (own[at]! - centre)) / deviation;
    });
    return sum;
  };
}

/** All but one, the one that others are compared to. */
const others = expansions.slice(1);
const PER_STEP = 8 + others.length;

/** [slots x PER_STEP + 1] */
function features(
  { shares, steps, guess }: SolverGenes,
  { slots, range }: { slots: number; range: number },
): number[] {
  const missing = Math.max(0, slots - steps.length);
  const own = steps.slice(-slots).map((step, i) => {
    const share = Math.log(shares.at(i - Math.min(slots, steps.length))! * shares.length);
    const order = Math.min(step.order, i + 1);
    const data = step.expansion === dataExpansion;
    const h = range / shares.length;
    const relaxed = step.relaxation?.at({ h, rate: data ? -1 : 1 }) ?? 1;
    return [
      ...[share, share * share],
      ...others.map((each) => (step.expansion === each ? 1 : 0)),
      ...[2, 3, 4].map((each) => (order >= each ? 1 : 0)),
      ...[
        order > 1 ? Math.min(step.points, i) : 0,
        Math.max(-2, Math.min(2, relaxed)),
        step.corrected ? 1 : 0,
      ],
    ];
  });
  return [...new Array<number>(PER_STEP * missing).fill(0), ...own.flat(), guess === undefined ? 0 : 1];
}

function scaled(column: readonly number[]): { values: number[]; centre: number; deviation: number } {
  const centre = mean(column);
  const deviation = Math.sqrt(mean(column.map((value) => (value - centre) ** 2)));
  return {
    values: column.map((value) => (deviation > 0 ? (value - centre) / deviation : 0)),
    centre,
    deviation,
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}
