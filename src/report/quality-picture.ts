import * as Plot from "@observablehq/plot";
import { type Axis, callsAxis, valueAxis } from "./axis.ts";
import { seriesColour, seriesColours } from "./colours.ts";
import type { Compared, Estimate, Measure } from "./comparison.ts";
import { comparedCalls, estimateOf, methodNames } from "./findings.ts";
import { formatCount, formatNumber } from "./format.ts";
import { columnSize, type LineLabel, labelColumn, wrapLabel } from "./label-column.ts";
import { picture, pictureTitle, standaloneSvg } from "./picture.ts";

const WIDTH = 400;
/** Letters of a heading that fit the width. */
const TITLE_LETTERS = 52;

interface Point {
  readonly calls: number;
  readonly value: number;
  readonly low: number;
  readonly high: number;
  /** At or below zero, so drawn on the lower edge of a log axis. */
  readonly under: boolean;
}

interface Line {
  readonly points: readonly Point[];
  readonly label: LineLabel;
}

/**
 * One measure against model calls: a line for each method with bars of one standard error, the floor dashed.
 * Undefined where no method has a finite value.
 */
export function qualityPicture(comparison: Compared, measure: Measure): string | undefined {
  const estimates = comparison.results.flatMap((result) => estimateOf(result, measure) ?? []);
  if (estimates.length === 0) return undefined;
  const given = measure.floor && Number.isFinite(measure.floor.value) ? measure.floor : undefined;
  const y = valueAxis(given ? [...estimates, given] : estimates, measure);
  const floor = given && pointOf(0, given, y);
  const lines = linesOf(comparison, measure, y);
  const labels = lines.map(({ label }) => label);
  if (floor) labels.push(floorLabel(floor));
  const column = columnSize(labels);
  const direction = { lower: ", lower is better", higher: ", higher is better", neither: "" }[measure.better];
  const title = wrapLabel(`${measure.label}${direction}`, TITLE_LETTERS);
  const margins = {
    marginTop: 20 + 16 * title.length,
    marginRight: column.width,
    marginBottom: 44,
    marginLeft: tickWidth(y),
  };
  const x = callsAxis(comparedCalls(comparison), WIDTH - margins.marginLeft - margins.marginRight);
  const hollow = lines.some(({ points }) => points.some(({ under }) => under));
  const marks = [
    Plot.gridY(y.ticks, { stroke: "var(--rule)", strokeOpacity: 1 }),
    Plot.axisX(x.ticks, {
      text: (calls: number) => formatCount(calls),
      label: hollow ? "model calls (hollow: 0 or below)" : `model calls per ${comparison.noun ?? "sequence"}`,
      labelAnchor: "center",
      labelArrow: "none",
      labelOffset: 38,
      fontSize: 12,
    }),
    Plot.axisY(y.ticks, { text: String, tickSize: 0, label: null, fontSize: 12 }),
    pictureTitle(title.join("\n"), margins),
    ...(floor ? floorMarks(floor, x) : []),
    ...lines.flatMap(lineMarks),
    labelColumn(labels),
  ];
  return picture(
    {
      ...margins,
      width: WIDTH,
      height: Math.max(340, margins.marginTop + column.height),
      x: { type: "log", domain: x.domain },
      y: { type: y.type, domain: y.domain },
      marks,
    },
    { describe: description(comparison, measure) },
  );
}

/** The pictures of some measures (all by default) as an SVG file of its own. */
export function qualitySvg(
  comparison: Compared,
  { measures = comparison.measures, columns = 2 }: { measures?: readonly Measure[]; columns?: number } = {},
): string {
  const pictures = measures.flatMap((measure) => qualityPicture(comparison, measure) ?? []);
  return standaloneSvg(pictures, { columns });
}

function linesOf(comparison: Compared, measure: Measure, y: Axis): Line[] {
  const names = methodNames(comparison);
  return names.flatMap((method, i) => {
    const points = comparison.results
      .filter((result) => result.method === method && estimateOf(result, measure))
      .map((result) => pointOf(result.calls, estimateOf(result, measure)!, y))
      .sort((a, b) => a.calls - b.calls);
    if (points.length === 0) return [];
    const last = points.at(-1)!;
    // Moved aside by a few pixels, lines with equal values do not hide each other.
    const shift = (i - (names.length - 1) / 2) * Math.min(2.5, 10 / names.length);
    const label: LineLabel = {
      lines: [
        ...wrapLabel(method, 16),
        ...slopeLine(comparison.slopes?.[method], measure === comparison.measures[0]),
      ],
      colour: seriesColour(i),
      dash: i >= seriesColours ? "4 3" : undefined,
      end: { x: last.calls, y: last.value, shift },
    };
    return [{ points, label }];
  });
}

/** The order at which the first measure falls, under the name of the method. */
function slopeLine(slope: Estimate | undefined, shown: boolean): string[] {
  return slope && shown ? [`order ${formatNumber(slope.value, 2)}`] : [];
}

/** Pixels that the numbers on an axis need. */
function tickWidth({ ticks }: Axis): number {
  return 16 + 7 * Math.max(3, ...ticks.map((tick) => String(tick).length));
}

function pointOf(calls: number, { value, standardError }: Estimate, y: Axis): Point {
  const error = Number.isFinite(standardError) ? standardError : 0;
  const inside = (at: number): number => Math.min(y.domain[1], Math.max(y.domain[0], at));
  const under = y.type === "log" && value <= 0;
  return { calls, value: inside(value), low: inside(value - error), high: inside(value + error), under };
}

function lineMarks({ points, label: { colour, dash, end } }: Line): Plot.Markish[] {
  const place = { x: "calls", dx: end.shift, stroke: colour } as const;
  const fill = (point: Point): string => (point.under ? "var(--page)" : colour);
  return [
    Plot.line(points, { ...place, y: "value", strokeWidth: 2, ...(dash && { strokeDasharray: dash }) }),
    Plot.ruleX(points, { ...place, y1: "low", y2: "high", strokeWidth: 1.5 }),
    Plot.dot(points, { ...place, y: "value", r: 3.25, fill, strokeWidth: 1.5 }),
  ];
}

function floorMarks(floor: Point, x: Axis): Plot.Markish[] {
  const band = { x1: x.domain[0], x2: x.domain[1], y1: "low", y2: "high" };
  return [
    Plot.rect([floor], { ...band, fill: "var(--faint)", fillOpacity: 0.18 }),
    Plot.ruleY([floor.value], { stroke: "var(--faint)", strokeWidth: 1.5, strokeDasharray: "5 4" }),
  ];
}

function floorLabel(floor: Point): LineLabel {
  return {
    lines: ["fresh real data"],
    colour: "var(--faint)",
    dash: "5 4",
    end: { y: floor.value, shift: 0 },
  };
}

function description(comparison: Compared, measure: Measure): string {
  const lines = methodNames(comparison).flatMap((method) => {
    const values = comparison.results
      .filter((result) => result.method === method && estimateOf(result, measure))
      .sort((a, b) => a.calls - b.calls)
      .map((result) => `${formatNumber(estimateOf(result, measure)!.value)} at ${formatCount(result.calls)}`);
    return values.length > 0 ? [`${method}: ${values.join(", ")}`] : [];
  });
  const floor = measure.floor ? ` Fresh real data: ${formatNumber(measure.floor.value)}.` : "";
  return `${measure.label} against model calls. ${lines.join("; ")}.${floor}`;
}
