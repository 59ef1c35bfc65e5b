/** A colour on a light page and on a dark one. */
interface Shades {
  readonly light: string;
  readonly dark: string;
}

const shades = (light: string, dark: string): Shades => ({ light, dark });

const surfaces: Readonly<Record<string, Shades>> = {
  page: shades("#ffffff", "#13161b"),
  card: shades("#f6f7f9", "#1b1f26"),
  ink: shades("#1b1f24", "#e8eaed"),
  faint: shades("#5b636e", "#a3abb6"),
  rule: shades("#dfe3e8", "#323842"),
  lost: shades("#e69f00", "#e69f00"),
  revealed: shades("#dde1e6", "#3a414c"),
};

/** After Okabe and Ito, darkened on white and lightened on black until lines stand 3:1 against the page. */
const series: readonly Shades[] = [
  shades("#0072b2", "#56b4e9"),
  shades("#d55e00", "#ff8c42"),
  shades("#008f68", "#2ecc9b"),
  shades("#b0509a", "#e699cc"),
  shades("#4a4f57", "#c9ced6"),
  shades("#a67c00", "#f0d24a"),
  shades("#3f51b5", "#9fa8ff"),
  shades("#8c4a3f", "#d3a297"),
];

/** Early to late, blue over magenta to amber as in matplotlib's plasma; every shade is readable as text. */
const reveal: readonly Shades[] = [
  shades("#10349a", "#7fa6ff"),
  shades("#4d22a6", "#a592ff"),
  shades("#7b1fa0", "#cb86f7"),
  shades("#a31a87", "#ee80d6"),
  shades("#b9256a", "#ff82b0"),
  shades("#c23a3c", "#ff9080"),
  shades("#b95010", "#ffa95c"),
  shades("#946200", "#ffcd4d"),
];

const palette: Readonly<Record<string, Shades>> = {
  ...surfaces,
  ...Object.fromEntries(series.map((entry, i) => [`series-${i}`, entry])),
  ...Object.fromEntries(reveal.map((entry, i) => [`reveal-${i}`, entry])),
};

/** Colours of lines before they repeat with dashes. */
export const seriesColours: number = series.length;

/** The colour of a line, as a CSS variable that follows the reader's light or dark mode. */
export function seriesColour(index: number): string {
  return `var(--series-${index % series.length})`;
}

/** CSS declarations of every colour variable. */
export function colourVariables(mode: keyof Shades): string {
  return Object.entries(palette)
    .map(([name, entry]) => `--${name}:${entry[mode]};`)
    .join("");
}

/** Replaces colour variables by their light values, for pictures that stand outside a page. */
export function withLightColours(svg: string): string {
  return svg.replace(/var\(--([\w-]+)\)/g, (whole, name: string) => palette[name]?.light ?? whole);
}
