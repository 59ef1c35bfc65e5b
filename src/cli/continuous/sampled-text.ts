import type { ContinuousModel } from "../../model/continuous-model.ts";
import { greyLevels, rowsOfPoints } from "../../node/write-points.ts";
import { callsText } from "../check-plan.ts";
import { samplesText } from "../samples-text.ts";
import { shortNumber, textTable, withError } from "../table.ts";
import { continuousMeasures, type MeasuredByName } from "./judge.ts";
import { methodName, type SolverRun } from "./run-solver.ts";

/** Shades of a picture in a terminal. */
const GREYS = 256;

/** What `fewstep sample` prints of a continuous run: what it was, how good, and images as lines. */
export function sampledText(
  model: ContinuousModel,
  {
    run,
    count,
    floor,
    out,
    plan,
  }: {
    run: SolverRun;
    count: number;
    floor: MeasuredByName;
    out?: string | undefined;
    plan?: string | undefined;
  },
): string {
  const { method, calls, evaluations, seconds, samples, measured } = run;
  const { steps } = method;
  // Solvers that call the model for several points of a sample at once make more of them than calls.
  const each = evaluations / count;
  const side = each > calls ? ` one after the other, ${shortNumber(each)} in all` : "";
  const written = [...(out ? [`Samples: ${out}`] : []), ...(plan ? [`Plan: ${plan}`] : [])];
  const kept = out || model.pixels ? [] : ["To keep the samples: --out samples.npy"];
  return [
    `${count === 1 ? "1 sample" : `${count} samples`} of ${model.name} by ${methodName(method)}`,
    `${steps === 1 ? "1 step" : `${steps} steps`}, ${callsText(calls)} a sample${side}, ${seconds.toFixed(2)} s`,
    ...(Object.keys(measured).length > 0 ? ["", measuredTable(model, measured, floor)] : []),
    ...(model.pixels && !out ? ["", imagesText(model.pixels, samples.x, count)] : []),
    ...(written.length + kept.length > 0 ? ["", ...written, ...kept] : []),
  ].join("\n");
}

function measuredTable(model: ContinuousModel, measured: MeasuredByName, floor: MeasuredByName): string {
  const rows = Object.values(continuousMeasures)
    .filter(({ name }) => measured[name])
    .map(({ name, label }) => [label, withError(measured[name]!), floor[name] ? withError(floor[name]) : ""]);
  return textTable([["", "samples", model.exact ? "exact draws" : "held-out data"], ...rows]);
}

function imagesText(pixels: NonNullable<ContinuousModel["pixels"]>, x: Float64Array, count: number): string {
  const images = rowsOfPoints(x, count).map((row) => greyLevels(row, pixels, GREYS));
  const { rows, columns } = pixels;
  return samplesText(images, { description: { kind: "grey", rows, columns }, vocabulary: GREYS });
}
