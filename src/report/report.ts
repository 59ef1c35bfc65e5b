import type { Comparison } from "./comparison.ts";
import { curvePicture, drawnSchedules } from "./curve-picture.ts";
import { headlineOf, plural, qualityFinding } from "./findings.ts";
import { formatCount, formatList, formatNumber, formatSeconds } from "./format.ts";
import { escapeHtml } from "./html.ts";
import { playerScript } from "./melody-player.ts";
import { drawnOrders, orderPicture } from "./order-picture.ts";
import { figures, page, type Section } from "./page.ts";
import { qualityPicture } from "./quality-picture.ts";
import { resultsTable } from "./results-table.ts";
import { neighboursTogether } from "./reveal-order.ts";
import { sampleGallery } from "./sample-gallery.ts";

/**
 * A comparison as one self-contained HTML document: quality against calls, the information curve with the
 * schedules on it, the order of reveal, samples side by side, and every number.
 */
export function renderReport(comparison: Comparison): string {
  const { title, model } = comparison;
  return page({
    title,
    headline: headlineOf(comparison),
    facts: `${model.name}: ${sentence(model.description)} ${formatCount(model.length)} tokens a sequence, ${formatCount(model.vocabulary)} different tokens.`,
    sections: [
      qualitySection(comparison),
      curveSection(comparison),
      orderSection(comparison),
      samplesSection(comparison),
      numbersSection(comparison),
    ],
    script: comparison.model.tokens?.kind === "notes" ? playerScript() : "",
  });
}

function qualitySection(comparison: Comparison): Section {
  const pictures = comparison.measures.flatMap((measure) => {
    const svg = qualityPicture(comparison, measure);
    return svg ? [{ svg, caption: qualityFinding(comparison, measure) }] : [];
  });
  const floored = comparison.measures.some(({ floor }) => floor)
    ? " The dashed line is what as much fresh real data scores, so no model can be expected to do better."
    : "";
  return {
    heading: "Quality against model calls",
    lead: `Each dot is ${formatCount(comparison.sequences)} sequences, its bar one standard error; further left is cheaper.${floored}`,
    content: figures(pictures),
  };
}

function curveSection(comparison: Comparison): Section {
  const heading = "What each call costs";
  if (comparison.curve.counts.length === 0) return { heading, lead: "", content: "" };
  const schedules = drawnSchedules(comparison);
  const pictures = schedules.map((schedule) => ({ svg: curvePicture(comparison, schedule) }));
  const losses = schedules.map(
    ({ steps, predictedNats }) => `${formatNumber(predictedNats)} at ${formatCount(steps)}`,
  );
  return {
    heading,
    lead:
      schedules.length > 0
        ? `Blue: what a masked token still holds, with ${comparison.curve.selector} selection. Each dot is a model call, placed so that the orange area, the nats a sequence loses, is smallest: ${formatList(losses)} calls.`
        : `What a masked token still holds as others are revealed, with ${comparison.curve.selector} selection.`,
    content: figures(pictures.length > 0 ? pictures : [{ svg: curvePicture(comparison) }]),
  };
}

function orderSection(comparison: Comparison): Section {
  const orders = drawnOrders(comparison);
  const counts = orders.map(({ samples, result }) => {
    const count = neighboursTogether(samples.revealedAt?.[0] ?? []);
    return `${count} with ${result?.selector ?? samples.method} selection`;
  });
  return {
    heading: "The order in which a sequence was revealed",
    lead: `Each row is a step: coloured what it reveals, grey what is there already. Tokens revealed in one step cannot see each other, so neighbours should be kept apart; pairs revealed together: ${formatList(counts)}.`,
    content: figures(orders.map((shown) => ({ svg: orderPicture(shown) }))),
  };
}

function samplesSection(comparison: Comparison): Section {
  return {
    heading: "Samples side by side",
    lead: "The first sequences of every method, not chosen by hand.",
    content: sampleGallery(comparison),
  };
}

function numbersSection(comparison: Comparison): Section {
  const { command, seed, machine, sequences, seconds, results } = comparison;
  const most = Math.max(0, ...results.map(({ calls }) => calls));
  const rows: readonly (readonly [string, string])[] = [
    ["Command", `<code>${escapeHtml(command)}</code>`],
    ["Seed", escapeHtml(String(seed))],
    ["Machine", escapeHtml(machine)],
    ["Sequences", `${formatCount(sequences)} for each method and number of calls, up to ${plural(most)}`],
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

function sentence(text: string): string {
  return text === "" || /[.!?]$/.test(text) ? text : `${text}.`;
}
