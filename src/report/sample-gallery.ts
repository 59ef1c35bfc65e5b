import type { Comparison, Measure, SampleSet } from "./comparison.ts";
import { estimateOf, plural } from "./findings.ts";
import { formatEstimate } from "./format.ts";
import { escapeHtml } from "./html.ts";
import { mainGroup, type Shown, samplesByCalls } from "./reveal-order.ts";
import { revealShade } from "./reveal-shade.ts";
import { shownTokens } from "./shown-tokens.ts";

const MOST_TOKENS = 512;

/**
 * Samples side by side at equal calls: melodies to be played, images, or text coloured by the step that revealed
 * each token. Other numbers of calls are folded.
 */
export function sampleGallery(comparison: Comparison): string {
  const groups = samplesByCalls(comparison);
  const main = mainGroup(groups);
  if (!main) return "";
  const others = groups.filter((group) => group !== main);
  const [calls, shown] = main;
  const measures = comparison.measures.filter(({ better }) => better !== "neither").slice(0, 2);
  const show = shownTokens(comparison);
  const cards = (group: readonly Shown[], most: number): string => {
    const made = group.map((each) => card(each, measures, show?.(each, most) ?? texts(each.samples, most)));
    return `${comparison.model.tokens ? "" : legend(group)}<div class="grid two">${made.join("")}</div>`;
  };
  const folded = others.map(
    ([count, group]) =>
      `<details><summary>The same at ${escapeHtml(plural(count))}</summary>${cards(group, 1)}</details>`,
  );
  return `<h3>At ${escapeHtml(plural(calls))}</h3>${cards(shown, 2)}${folded.join("")}`;
}

function card({ samples, result }: Shown, measures: readonly Measure[], content: string): string {
  const scores = measures.flatMap((measure) => {
    const estimate = result && estimateOf(result, measure);
    return estimate ? [`${measure.label} ${formatEstimate(estimate)}`] : [];
  });
  const score = scores.length > 0 ? `<p class="score">${escapeHtml(scores.join(" · "))}</p>` : "";
  return `<article class="card"><h4>${escapeHtml(samples.method)}</h4>${score}${content}</article>`;
}

function texts(samples: SampleSet, most: number): string {
  const made = samples.text.slice(0, most).map((text, i) => {
    const revealedAt = samples.pieces ? undefined : samples.revealedAt?.[i];
    const coloured = colouredText(text, revealedAt, samples.steps);
    // Letters in spans of their own are spelled out by screen readers, so those get the plain text.
    return `<p class="unseen">${escapeHtml(text)}</p><p class="sample" aria-hidden="true">${coloured}</p>`;
  });
  return made.join("");
}

/** Text with a span around each run of tokens of one shade; plain where tokens and steps do not match. */
function colouredText(text: string, revealedAt: readonly number[] | undefined, steps: number): string {
  const characters = Array.from(text);
  const words = text.split(" ");
  const tokens = revealedAt?.length === characters.length ? characters : words;
  const gap = tokens === words ? " " : "";
  const cut = tokens.length > MOST_TOKENS ? "…" : "";
  if (revealedAt?.length !== tokens.length) {
    return (
      escapeHtml(characters.slice(0, 2 * MOST_TOKENS).join("")) +
      (characters.length > 2 * MOST_TOKENS ? "…" : "")
    );
  }
  const runs: { shade: number | undefined; text: string }[] = [];
  tokens.slice(0, MOST_TOKENS).forEach((token, d) => {
    const step = revealedAt[d]!;
    const shade = step > 0 ? revealShade(step, steps) : undefined;
    const last = runs.at(-1);
    if (last && last.shade === shade) last.text += gap + token;
    else runs.push({ shade, text: token });
  });
  const spans = runs.map(({ shade, text }) =>
    shade === undefined ? escapeHtml(text) : `<span class="r${shade}">${escapeHtml(text)}</span>`,
  );
  return spans.join(gap) + cut;
}

/** The colours of the steps, first to last; empty where no sample says when its tokens were revealed. */
function legend(group: readonly Shown[]): string {
  const steps = group.find(({ samples }) => samples.revealedAt)?.samples.steps;
  if (steps === undefined) return "";
  const all = Array.from({ length: steps }, (_, i) => i + 1);
  const shades = [...new Set(all.map((step) => revealShade(step, steps)))];
  const swatches = shades.map((shade) => {
    const members = all.filter((step) => revealShade(step, steps) === shade);
    const range = members.length > 1 ? `${members[0]}–${members.at(-1)}` : `${members[0]}`;
    return `<li><span class="swatch b${shade}"></span>${range}</li>`;
  });
  return `<ul class="legend" aria-label="Colour of a character by the step that revealed it"><li>revealed in step</li>${swatches.join("")}</ul>`;
}
