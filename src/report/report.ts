import { numbersSection, qualitySection, sentence } from "./compared-sections.ts";
import type { Comparison } from "./comparison.ts";
import { curvePicture, drawnSchedules } from "./curve-picture.ts";
import { headlineOf } from "./findings.ts";
import { formatCount, formatList, formatNumber } from "./format.ts";
import { playerScript } from "./melody-player.ts";
import { drawnOrders, orderPicture } from "./order-picture.ts";
import { figures, page, type Section } from "./page.ts";
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
