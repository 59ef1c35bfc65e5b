import { advantage } from "../measures/measured.ts";
import type { Compared, Comparison, Result } from "../report/comparison.ts";
import { shortNumber, textTable, withError } from "./table.ts";

/**
 * The results of a study as a text table, in groups of equal calls, with the data's own values last. Predicted nats are
 * for models of tokens, fitted orders for continuous ones.
 */
export function studyTable({ results, measures, slopes }: Compared): string {
  const shown = measures.slice(0, 4);
  // Continuous models have orders of convergence instead.
  const predicted = slopes === undefined;
  const nats = (cell: string): string[] => (predicted ? [cell] : []);
  const order = (method: string): string[] => {
    if (!slopes || Object.keys(slopes).length === 0) return [];
    const fitted = slopes[method];
    return [fitted ? withError(fitted) : "-"];
  };
  const ordered = [...results].sort((a, b) => a.steps - b.steps);
  const rows = ordered.map((result) => [
    result.method,
    String(result.calls),
    ...nats(result.predictedNats ? withError(result.predictedNats) : "-"),
    ...shown.map(({ name }) => (result.measured[name] ? withError(result.measured[name]) : "-")),
    ...order(result.method),
    result.seconds.toFixed(1),
  ]);
  const grouped = ordered.flatMap(({ steps }, i) =>
    i > 0 && steps !== ordered[i - 1]!.steps ? [[], rows[i]!] : [rows[i]!],
  );
  const floor = shown.map((measure) => (measure.floor ? withError(measure.floor) : "-"));
  const fits = order("").map(() => "fitted order");
  return textTable([
    [
      predicted ? "schedule, selector" : "method",
      "calls",
      ...nats("predicted nats"),
      ...shown.map(({ name }) => name),
      ...fits,
      "seconds",
    ],
    ...grouped,
    ...(shown.some((measure) => measure.floor)
      ? [[], ["fresh real data", "", ...nats(""), ...floor, ...fits.map(() => ""), ""]]
      : []),
    ...(shown.some((measure) => measure.unrelated)
      ? [["real, of another beginning", "", ...nats(""), ...unrelatedValues(shown), ""]]
      : []),
  ]);
}

function unrelatedValues(measures: Compared["measures"]): string[] {
  return measures.map((measure) => (measure.unrelated ? withError(measure.unrelated) : ""));
}

/**
 * What the numbers say of the chosen method against a plain one with more calls, measure by measure.
 */
export function headline(
  { measures, model }: Comparison,
  { chosen, plain }: { chosen: Result; plain: Result },
): string {
  const judged = measures.filter(({ better }) => better !== "neither");
  const verdicts = judged.map((measure) => {
    const gap = advantage(chosen.measured[measure.name]!, plain.measured[measure.name]!, measure.better);
    const word = gap > 2 ? "better" : gap < -2 ? "worse" : "as good";
    return `${measure.name} ${shortNumber(chosen.measured[measure.name]!.value)} against ${shortNumber(plain.measured[measure.name]!.value)} (${word})`;
  });
  return `On ${model.name}, ${chosen.calls} model calls chosen well (${chosen.method}) against ${plain.calls} plain ones (${plain.method}): ${verdicts.join(", ")}.`;
}

/** A study as a Markdown page: how it was made, and every number. */
export function studyMarkdown(comparison: Comparison): string {
  const { title, model, command, machine, sequences, seconds, measures, results } = comparison;
  const head = ["schedule, selector", "calls", "predicted nats", ...measures.map(({ name }) => name)];
  const rows = [...results]
    .sort((a, b) => a.steps - b.steps)
    .map((result) => [
      result.method,
      String(result.calls),
      result.predictedNats ? withError(result.predictedNats) : "",
      ...measures.map(({ name }) => withError(result.measured[name]!)),
    ]);
  const floor = [
    "fresh real data",
    "",
    "",
    ...measures.map((measure) => (measure.floor ? withError(measure.floor) : "")),
  ];
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [
    `# ${title}`,
    "",
    `Model \`${model.name}\`: ${model.description}`,
    "",
    `Made by \`${command}\`: ${sequences} sequences a row, ± one standard error, ${seconds.toFixed(0)} s on ${machine}.`,
    "",
    line(head),
    line(head.map((_, column) => (column === 0 ? "---" : "---:"))),
    ...[...rows, floor].map(line),
    ...(measures.some((measure) => measure.unrelated)
      ? [line(["real, of another beginning", "", "", ...unrelatedValues(measures)])]
      : []),
    "",
    ...chosenPlans(comparison),
  ].join("\n");
}

/** What the chosen plans are, and how many standard errors better than every other method they are. */
function chosenPlans({ chosen = [], results, measures }: Comparison): string[] {
  if (chosen.length === 0) return [];
  const judged = measures.filter(({ better }) => better !== "neither");
  const rows = chosen.flatMap(({ steps }) => {
    const own = results.find((result) => result.method === "plan" && result.steps === steps)!;
    return results
      .filter((result) => result.steps === steps && result !== own)
      .map((other) => [
        String(steps),
        other.method,
        ...judged.map(({ name, better }) => {
          const gap = advantage(own.measured[name]!, other.measured[name]!, better);
          return Number.isFinite(gap) ? gap.toFixed(1) : "";
        }),
      ]);
  });
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const head = ["calls", "against", ...judged.map(({ name }) => name)];
  return [
    "The plans chosen:",
    "",
    ...chosen.map(({ steps, text }) => `* ${steps} calls: ${text}`),
    "",
    "How many standard errors of the difference the plan is better (below -2: clearly worse):",
    "",
    line(head),
    line(head.map((_, column) => (column === 1 ? "---" : "---:"))),
    ...rows.map(line),
    "",
  ];
}
