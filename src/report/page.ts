import { escapeHtml } from "./html.ts";
import { pageStyle } from "./page-style.ts";

/** A part of the page under a heading that says what to see. */
export interface Section {
  readonly heading: string;
  /** One sentence above the pictures. */
  readonly lead: string;
  /** HTML; a section without content is left out. */
  readonly content: string;
}

/** A complete HTML document that needs no network, and can be read without its script if it has one. */
export function page({
  title,
  headline,
  facts,
  sections,
  script = "",
}: {
  title: string;
  headline: string;
  facts: string;
  sections: readonly Section[];
  script?: string;
}): string {
  const parts = sections
    .filter(({ content }) => content !== "")
    .map(
      ({ heading, lead, content }, i) =>
        `<section aria-labelledby="section-${i}"><h2 id="section-${i}">${escapeHtml(heading)}</h2><p class="lead">${escapeHtml(lead)}</p>${content}</section>`,
    );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${pageStyle()}</style>
</head>
<body>
<header>
<h1>${escapeHtml(title)}</h1>
<p class="headline">${escapeHtml(headline)}</p>
<p class="facts">${escapeHtml(facts)}</p>
</header>
<main>
${parts.join("\n")}
</main>
${script === "" ? "" : `<script>${script}</script>\n`}</body>
</html>
`;
}

/** Pictures with a sentence under each, side by side where the screen is wide enough. */
export function figures(pictures: readonly { readonly svg: string; readonly caption?: string }[]): string {
  if (pictures.length === 0) return "";
  const columns = pictures.length === 1 ? "one" : pictures.length % 3 === 0 ? "three" : "two";
  const made = pictures.map(({ svg, caption }) => {
    const words = caption ? `<figcaption>${escapeHtml(caption)}</figcaption>` : "";
    const width = Number(/viewBox="0 0 (\S+)/.exec(svg)?.[1]);
    return `<figure style="max-width:${1.3 * width}px">${svg}${words}</figure>`;
  });
  return `<div class="grid ${columns}">${made.join("")}</div>`;
}
