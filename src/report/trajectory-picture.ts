import * as Plot from "@observablehq/plot";
import { linearTicks } from "./axis.ts";
import { seriesColour } from "./colours.ts";
import { plural } from "./findings.ts";
import { picture, pictureTitle } from "./picture.ts";

const WIDTH = 400;

/** Paths of samples in the plane. */
export interface Trajectories {
  readonly method: string;
  readonly calls: number;
  /** [path][state] points, the start first. */
  readonly paths: readonly (readonly Point[])[];
}

/** A point of the plane. */
export type Point = readonly [number, number];

/** What lies under trajectories. */
export interface Plane {
  readonly x: readonly [number, number];
  readonly y: readonly [number, number];
  /** The density of data on a grid, [rows * columns], rows from the lower end of y. */
  readonly density: { readonly columns: number; readonly rows: number; readonly values: readonly number[] };
  /** [path][state] of the exact flow from the same start points. */
  readonly reference: readonly (readonly Point[])[];
}

/** The ways a method took: contours of the data, the exact flow dashed, each path a line with a dot at every state. */
export function trajectoryPicture({ method, calls, paths }: Trajectories, plane: Plane): string {
  const margins = { marginTop: 34, marginRight: 12, marginBottom: 28, marginLeft: 36 };
  const inner = WIDTH - margins.marginLeft - margins.marginRight;
  const [x, y] = [plane.x, plane.y];
  const height =
    Math.round((inner * (y[1] - y[0])) / (x[1] - x[0])) + margins.marginTop + margins.marginBottom;
  const { columns, rows, values } = plane.density;
  const most = Math.max(...values);
  const line = (points: readonly Point[], options: Plot.LineOptions): Plot.Markish =>
    Plot.line(points as unknown as [number, number][], { clip: true, ...options });
  const marks = [
    Plot.contour(values as number[], {
      width: columns,
      height: rows,
      x1: x[0],
      x2: x[1],
      y1: y[0],
      y2: y[1],
      thresholds: [0.02, 0.1, 0.3, 0.6].map((share) => share * most),
      fill: "var(--faint)",
      fillOpacity: 0.14,
      stroke: "none",
    }),
    Plot.axisX(linearTicks(x), { text: String, label: null, tickSize: 0, fontSize: 12 }),
    Plot.axisY(linearTicks(y), { text: String, label: null, tickSize: 0, fontSize: 12 }),
    ...plane.reference.map((points) =>
      line(points, { stroke: "var(--faint)", strokeWidth: 1.5, strokeDasharray: "4 3" }),
    ),
    ...paths.flatMap((points, i) => [
      line(points, { stroke: seriesColour(i), strokeWidth: 1.75 }),
      Plot.dot(points as unknown as [number, number][], { r: 2.25, fill: seriesColour(i), clip: true }),
    ]),
    pictureTitle(`${method}, ${plural(calls)}`, margins),
  ];
  const ends = paths.map((points) =>
    points
      .at(-1)!
      .map((value) => value.toFixed(2))
      .join(", "),
  );
  return picture(
    { ...margins, width: WIDTH, height, x: { domain: [...x] }, y: { domain: [...y] }, marks },
    { describe: `${plural(calls)} of ${method}: ${paths.length} samples end at (${ends.join("), (")}).` },
  );
}
