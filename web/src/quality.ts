import type { MeasuredValue } from "../../src/web/index.ts";
import { element } from "./element.ts";
import { estimateText, numberText } from "./number-text.ts";
import { type SideName, sides } from "./settings.ts";
import { badge } from "./side-panel.ts";

/** The measures of both sides, each on a line of its own with dots for A, B and real data. */
export function qualityPanel(box: HTMLElement): {
  update(values: Readonly<Partial<Record<SideName, readonly MeasuredValue[]>>>): void;
} {
  return {
    update({ left = [], right = [] }) {
      const shown = left.length > 0 ? left : right;
      box.replaceChildren(
        ...shown.map((measure) =>
          panel(measure, {
            left: left.find(({ name }) => name === measure.name),
            right: right.find(({ name }) => name === measure.name),
          }),
        ),
      );
    },
  };
}

function panel(
  { label, better, floor }: MeasuredValue,
  values: Readonly<Record<SideName, MeasuredValue | undefined>>,
): HTMLElement {
  const all = Object.values(values).filter((each) => each !== undefined);
  const ends = all.map(({ value, standardError = 0 }) => value + standardError).filter(Number.isFinite);
  const low = Math.min(0, ...all.map(({ value }) => value).filter(Number.isFinite));
  const high = Math.max(...ends, floor ?? 0, low + 1e-12) * 1.04;
  const place = (value: number) => (100 * (value - low)) / (high - low);
  const which = { lower: "lower is better", higher: "higher is better" }[better] ?? "for comparison";
  const rows = sides.flatMap((side) => {
    const value = values[side];
    return value ? row({ side, value, place }) : [];
  });
  const data =
    floor === undefined
      ? []
      : [
          element("dt", {}, "real data"),
          element("dd", { class: "bars data" }, dot(place(floor))),
          element("dd", {}, numberText(floor)),
        ];
  return element(
    "div",
    { class: "measure" },
    element("h3", {}, `${label} `, element("span", { class: "better" }, which)),
    element("dl", {}, ...rows, ...data),
  );
}

function row({
  side,
  value: { value, standardError = 0 },
  place,
}: {
  side: SideName;
  value: MeasuredValue;
  place: (value: number) => number;
}): HTMLElement[] {
  const [from, to] = [place(value - standardError), place(value + standardError)];
  const error = element("i", { class: "error" });
  error.style.left = `${Math.max(0, from)}%`;
  error.style.width = `${Math.min(100, to) - Math.max(0, from)}%`;
  return [
    element("dt", {}, badge(side)),
    element("dd", { class: `bars ${side}` }, ...(standardError > 0 ? [error] : []), dot(place(value))),
    element("dd", {}, estimateText(value, standardError)),
  ];
}

function dot(at: number): HTMLElement {
  const made = element("i", { class: "dot" });
  made.style.left = `${Math.max(0, Math.min(100, at))}%`;
  return made;
}
