import type { Compared, Measure, Result } from "./comparison.ts";
import { comparedCalls, estimateOf, indistinguishable, plural, ranking } from "./findings.ts";
import { DASH, formatCount, formatEstimate, formatSeconds } from "./format.ts";
import { escapeHtml } from "./html.ts";

/** Every result with its errors, grouped by model calls; in each group the best of a column is marked. */
export function resultsTable(comparison: Compared): string {
  const { measures, results } = comparison;
  const predicted = results.some(({ predictedNats }) => predictedNats !== undefined);
  const columns = [
    "method",
    ...measures.map(({ label }) => label),
    ...(predicted ? ["nats lost, predicted"] : []),
    "model evaluations",
    "wall time",
  ];
  const head = columns.map((column) => `<th scope="col">${escapeHtml(column)}</th>`).join("");
  const bodies = comparedCalls(comparison).map((calls) => {
    const group = results.filter((result) => result.calls === calls);
    const rows = group.map((result) => row(result, group, measures, predicted));
    return `<tbody><tr><th scope="rowgroup" colspan="${columns.length}" class="calls"><span>${escapeHtml(plural(calls))}</span></th></tr>${rows.join("")}</tbody>`;
  });
  return `<div class="scroll" role="region" aria-label="Table of results" tabindex="0"><table><thead><tr>${head}</tr></thead>${bodies.join("")}${floorRow(measures, columns.length)}</table></div>`;
}

function row(
  result: Result,
  group: readonly Result[],
  measures: readonly Measure[],
  predicted: boolean,
): string {
  const cells = [
    ...measures.map((measure) => measuredCell(result, group, measure)),
    ...(predicted ? [cell(formatEstimate(result.predictedNats))] : []),
    cell(formatCount(result.evaluations)),
    cell(formatSeconds(result.seconds)),
  ];
  return `<tr><th scope="row">${escapeHtml(result.method)}${detail(result)}</th>${cells.join("")}</tr>`;
}

/** The best value in bold with a star; those within two standard errors of it with an "about equal" sign. */
function measuredCell(result: Result, group: readonly Result[], measure: Measure): string {
  const estimate = estimateOf(result, measure);
  if (!estimate) return `<td>${DASH}<span class="unseen"> not measured</span></td>`;
  const text = escapeHtml(formatEstimate(estimate));
  const ranked = ranking(group, measure);
  if (ranked.length < 2) return cell(text);
  const best = estimateOf(ranked[0]!, measure)!;
  if (estimate.value === best.value) {
    return `<td class="best"><span class="mark" aria-hidden="true">★</span>${text}<span class="unseen"> best</span></td>`;
  }
  if (!indistinguishable(estimate, best)) return cell(text);
  return `<td><span class="mark" aria-hidden="true">≈</span>${text}<span class="unseen"> as good as the best</span></td>`;
}

/** Schedule and selector under the name, unless the name says both. */
function detail({ method, schedule, selector }: Result): string {
  const name = method.toLowerCase();
  const said = [schedule, selector ?? ""].every((part) => name.includes(part.toLowerCase()));
  if (said) return "";
  const selection = selector === undefined ? "" : `, ${selector} selection`;
  return `<small>${escapeHtml(`${schedule} schedule${selection}`)}</small>`;
}

function floorRow(measures: readonly Measure[], columns: number): string {
  if (!measures.some(({ floor }) => floor)) return "";
  const cells = measures.map(({ floor }) => cell(escapeHtml(formatEstimate(floor))));
  const rest = columns - 1 - measures.length;
  return `<tbody class="floor"><tr><th scope="row">fresh real data</th>${cells.join("")}${cell("").repeat(rest)}</tr></tbody>`;
}

function cell(text: string): string {
  return `<td>${text}</td>`;
}
