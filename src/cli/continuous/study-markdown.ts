import type { Estimate, Measure } from "../../report/comparison.ts";
import type { ContinuousComparison } from "../../report/continuous-report.ts";
import { withError } from "../table.ts";

/**
 * A study of a continuous model as a Markdown page: for every measure a table with a row for each method and a column for
 * each number of calls, the best of a column and what is within two standard errors of it in bold.
 */
export function continuousMarkdown(comparison: ContinuousComparison): string {
  const { title, model, command, sequences, seconds, machine, measures, seed } = comparison;
  return [
    `# ${title}`,
    "",
    `Model \`${model.name}\`: ${model.description}`,
    "",
    `Made by \`${command}\`: ${sequences} samples of seed ${seed} for each cell, ± one standard error, ${seconds.toFixed(0)} s on ${machine}. Bold: the best of a column, and what is within two standard errors of it.`,
    "",
    ...measures.flatMap((measure, i) => [...measureTable(comparison, measure, i === 0), ""]),
  ].join("\n");
}

function measureTable(
  { results, slopes = {} }: ContinuousComparison,
  measure: Measure,
  first: boolean,
): string[] {
  const having = results.filter(({ measured }) => measured[measure.name]);
  const budgets = [...new Set(having.map(({ steps }) => steps))].sort((a, b) => a - b);
  const methods = [...new Set(having.map(({ method }) => method))];
  const orders = first && methods.some((method) => slopes[method]);
  const estimateAt = (method: string, budget: number): Estimate | undefined =>
    having.find((result) => result.method === method && result.steps === budget)?.measured[measure.name];
  const best = new Map(
    budgets.map((budget) => {
      const all = methods.flatMap((method) => estimateAt(method, budget) ?? []);
      return [budget, all.reduce((a, b) => (b.value < a.value ? b : a))];
    }),
  );
  const cell = (method: string, budget: number): string => {
    const value = estimateAt(method, budget);
    if (!value) return "";
    const leader = best.get(budget)!;
    const gap = value.value - leader.value;
    const close =
      measure.better === "lower" && gap <= 2 * Math.hypot(value.standardError, leader.standardError);
    return close ? `**${withError(value)}**` : withError(value);
  };
  const head = [
    "solver, schedule",
    ...budgets.map((budget) => `${budget} calls`),
    ...(orders ? ["order"] : []),
  ];
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [
    `${measure.label[0]!.toUpperCase()}${measure.label.slice(1)}:`,
    "",
    line(head),
    line(head.map((_, column) => (column === 0 ? "---" : "---:"))),
    ...methods.map((method) =>
      line([
        method,
        ...budgets.map((budget) => cell(method, budget)),
        ...(orders ? [slopes[method] ? withError(slopes[method]) : ""] : []),
      ]),
    ),
    ...(measure.floor
      ? [line(["fresh real data", ...budgets.map(() => withError(measure.floor!)), ...(orders ? [""] : [])])]
      : []),
  ];
}
