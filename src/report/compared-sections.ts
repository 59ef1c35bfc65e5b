import type { Compared } from "./comparison.ts";
import { plural, qualityFinding } from "./findings.ts";
import { formatCount, formatSeconds } from "./format.ts";
import { escapeHtml } from "./html.ts";
import { figures, type Section } from "./page.ts";
import { qualityPicture } from "./quality-picture.ts";
import { resultsTable } from "./results-table.ts";

/** Every measure against model calls. */
export function qualitySection(comparison: Compared): Section {
  const pictures = comparison.measures.flatMap((measure) => {
    const svg = qualityPicture(comparison, measure);
    return svg ? [{ svg, caption: qualityFinding(comparison, measure) }] : [];
  });
  const floored = comparison.measures.some(({ floor }) => floor)
    ? " The dashed line is what as much fresh real data scores, so no model can be expected to do better."
    : "";
  return {
    heading: "Quality against model calls",
    lead: `Each dot is ${formatCount(comparison.sequences)} ${comparison.noun ?? "sequence"}s, its bar one standard error; further left is cheaper.${floored}`,
    content: figures(pictures),
  };
}

/** Every number, and how to make them again. */
export function numbersSection(comparison: Compared): Section {
  const { command, seed, machine, sequences, seconds, results } = comparison;
  const most = Math.max(0, ...results.map(({ calls }) => calls));
  const rows: readonly (readonly [string, string])[] = [
    ["Command", `<code>${escapeHtml(command)}</code>`],
    ["Seed", escapeHtml(String(seed))],
    ["Machine", escapeHtml(machine)],
    [
      comparison.noun === "sample" ? "Samples" : "Sequences",
      `${formatCount(sequences)} for each method and number of calls, up to ${plural(most)}`,
    ],
    ["Wall time", `${formatSeconds(seconds)} in all`],
    ["±", "one standard error"],
    ["★ ≈", "best at equal calls; within two standard errors of the best"],
  ];
  const list = rows.map(([term, value]) => `<dt>${term}</dt><dd>${value}</dd>`).join("");
  return {
    heading: "All numbers",
    lead: "Mean and standard error, grouped by model calls.",
    content: `${resultsTable(comparison)}<footer class="small"><dl>${list}</dl></footer>`,
  };
}

/** A text that ends like a sentence. */
export function sentence(text: string): string {
  return text === "" || /[.!?]$/.test(text) ? text : `${text}.`;
}
