import { element } from "./element.ts";
import { estimateText, numberText } from "./number-text.ts";
import type { SideName } from "./settings.ts";

/** A measure of one side's samples so far. */
export interface Value {
  readonly name: string;
  readonly label: string;
  readonly better: string;
  readonly value: number;
  readonly standardError?: number;
  /** What as many real sequences score. */
  readonly floor?: number;
}

const letters: Readonly<Record<SideName, string>> = { left: "A", right: "B" };

/** The measures of both sides, each on a line of its own with dots for A, B and real data. */
export function qualityPanel(box: HTMLElement): {
  update(values: Readonly<Partial<Record<SideName, readonly Value[]>>>): void;
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
  { label, better, floor }: Value,
  values: Readonly<Record<SideName, Value | undefined>>,
): HTMLElement {
  const all = Object.values(values).filter((each) => each !== undefined);
  const ends = all.map(({ value, standardError = 0 }) => value + standardError).filter(Number.isFinite);
  const low = Math.min(0, ...all.map(({ value }) => value).filter(Number.isFinite));
  const high = Math.max(...ends, floor ?? 0, low + 1e-12) * 1.04;
  const place = (value: number) => (100 * (value - low)) / (high - low);
  const which = { lower: "lower is better", higher: "higher is better" }[better] ?? "for comparison";
  const rows = (["left", "right"] as const).flatMap((side) => {
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
  value: Value;
  place: (value: number) => number;
}): HTMLElement[] {
  const [from, to] = [place(value - standardError), place(value + standardError)];
  const error = element("i", { class: "error" });
  error.style.left = `${Math.max(0, from)}%`;
  error.style.width = `${Math.min(100, to) - Math.max(0, from)}%`;
  return [
    element("dt", { class: side }, element("span", { class: "letter" }, letters[side])),
    element("dd", { class: `bars ${side}` }, ...(standardError > 0 ? [error] : []), dot(place(value))),
    element("dd", {}, estimateText(value, standardError)),
  ];
}

function dot(at: number): HTMLElement {
  const made = element("i", { class: "dot" });
  made.style.left = `${Math.max(0, Math.min(100, at))}%`;
  return made;
}
