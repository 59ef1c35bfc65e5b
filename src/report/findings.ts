import type { Compared, Estimate, Measure, Result } from "./comparison.ts";
import { formatCount, formatEstimate, formatList, formatNumber } from "./format.ts";

/** The numbers of model calls that methods were compared at, rising. */
export function comparedCalls({ results }: Compared): number[] {
  return [...new Set(results.map(({ calls }) => calls))].sort((a, b) => a - b);
}

/** Method names in the order in which they first appear. */
export function methodNames({ results }: Compared): string[] {
  return [...new Set(results.map(({ method }) => method))];
}

/** A finite value of a measure and its error, or undefined. */
export function estimateOf(result: Result, measure: Measure): Estimate | undefined {
  const estimate = result.measured[measure.name];
  return estimate !== undefined && Number.isFinite(estimate.value) ? estimate : undefined;
}

/** The results that have a measure, best first; empty for a measure that is neither better high nor low. */
export function ranking(results: readonly Result[], measure: Measure): Result[] {
  if (measure.better === "neither") return [];
  const sign = measure.better === "lower" ? 1 : -1;
  const value = (result: Result): number => sign * estimateOf(result, measure)!.value;
  return results.filter((result) => estimateOf(result, measure)).sort((a, b) => value(a) - value(b));
}

/** Whether two values lie within two standard errors of their difference. */
export function indistinguishable(a: Estimate, b: Estimate): boolean {
  const error = Math.hypot(a.standardError, b.standardError);
  return Math.abs(a.value - b.value) <= 2 * error;
}

/** One sentence on a measure: who is best and worst at one number of calls, and how many calls the best saves. */
export function qualityFinding(comparison: Compared, measure: Measure): string {
  if (measure.better === "neither") {
    const floor = measure.floor ? `, ${formatEstimate(measure.floor)}` : "";
    return `Neither high nor low is good here: the nearer to real data${floor}, the better.`;
  }
  const contest = mainContest(comparison, measure);
  if (contest === undefined) return "One method, so nothing to compare it with.";
  const { best, worst, equals } = contest;
  const score = ({ method, measured }: Result): string =>
    `${method}: ${formatEstimate(measured[measure.name])}`;
  const at = `At ${plural(best.calls)}`;
  if (equals.includes(worst)) return `${at} no method stands out. ${score(best)}; ${score(worst)}.`;
  const others =
    equals.length === 0
      ? ""
      : ` (${equals.length > 2 ? `${equals.length} others` : formatList(equals.map(({ method }) => method))} about the same)`;
  const sentence = `${at}, ${score(best)}${others}; ${score(worst)}`;
  const saved = callsSaved(comparison, measure, contest);
  return saved
    ? `${sentence}. The first needs ${plural(saved.few.calls)} to beat ${formatCount(saved.many.calls)} of the last.`
    : `${sentence}.`;
}

/** The headline of a comparison that brings none, from its first measure that has a better side. */
export function headlineOf(comparison: Compared): string {
  if (comparison.headline) return comparison.headline;
  const measure = comparison.measures.find(({ better }) => better !== "neither");
  const contest = measure && mainContest(comparison, measure);
  if (!contest || contest.equals.includes(contest.worst)) {
    return `${comparison.model.name}, sampled in few model calls.`;
  }
  const label = measure.label.replace(/\s*\([^)]*\)$/, "");
  const value = (result: Result): string => formatNumber(estimateOf(result, measure)!.value, 2);
  const { few, many } = callsSaved(comparison, measure, contest) ?? {
    few: contest.best,
    many: contest.worst,
  };
  return `${plural(few.calls)} of ${few.method}: ${label} ${value(few)}. ${plural(many.calls)} of ${many.method}: ${value(many)}.`;
}

/** "1 call", "8 calls". */
export function plural(calls: number): string {
  return calls === 1 ? "1 call" : `${formatCount(calls)} calls`;
}

interface Contest {
  readonly best: Result;
  readonly worst: Result;
  /** Results other than the best that are within two standard errors of it. */
  readonly equals: readonly Result[];
}

/** The contest at the number of calls nearest to eight at which at least two methods have the measure. */
function mainContest(comparison: Compared, measure: Measure): Contest | undefined {
  const distanceFromEight = (calls: number): number => Math.abs(Math.log2(calls / 8));
  const [ranked] = comparedCalls(comparison)
    .map((calls) => comparison.results.filter((result) => result.calls === calls))
    .map((group) => ranking(group, measure))
    .filter((group) => group.length > 1)
    .sort((a, b) => distanceFromEight(a[0]!.calls) - distanceFromEight(b[0]!.calls));
  if (ranked === undefined) return undefined;
  const [best, ...rest] = ranked;
  const first = estimateOf(best!, measure)!;
  const equals = rest.filter((result) => indistinguishable(estimateOf(result, measure)!, first));
  return { best: best!, worst: rest.at(-1)!, equals };
}

/** The fewest calls with which the best method is ahead of the worst one at its most calls, if they are fewer. */
function callsSaved(
  { results }: Compared,
  measure: Measure,
  { best, worst }: Contest,
): { few: Result; many: Result } | undefined {
  const byCalls = ({ method }: Result): Result[] =>
    results
      .filter((result) => result.method === method && estimateOf(result, measure))
      .sort((a, b) => a.calls - b.calls);
  const many = byCalls(worst).at(-1)!;
  const few = byCalls(best).find(
    (result) => result.calls < many.calls && ranking([many, result], measure)[0] === result,
  );
  return few && { few, many };
}
