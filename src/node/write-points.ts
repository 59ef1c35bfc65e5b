import { extname } from "node:path";
import { dump } from "npyjs";
import type { PixelsDescription } from "../model/continuous-manifest.ts";
import { writeFinished } from "./write-file.ts";
import { pngLayout, pngSheet } from "./write-png.ts";

/** Formats that samples of numbers are written in. */
export type PointsFormat = "npy" | "csv" | "json" | "svg" | "png";

/** Finished samples of a continuous model. */
export interface WrittenPoints {
  /** [count, ...shape] */
  readonly x: Float64Array;
  readonly count: number;
  readonly shape: readonly number[];
}

const always = ["npy", "csv", "json"] as const;
const ofImages = ["png", "svg"] as const;

/** Greys of a picture. */
const GREYS = 256;

/**
 * The format a file name asks for, so that a wrong one is refused before the sampling.
 *
 * @param options.pixels how samples are images, which can be .png and .svg
 * @throws RangeError unless samples of that kind, and so many, can be written in it
 */
export function pointsFormat(
  path: string,
  { pixels, count }: { pixels?: PixelsDescription | undefined; count: number },
): PointsFormat {
  const format = extname(path).slice(1).toLowerCase();
  const possible: readonly PointsFormat[] = [...(pixels ? ofImages : []), ...always];
  const found = possible.find((each) => each === format);
  if (found === undefined) {
    const endings = possible.map((each) => `.${each}`);
    const what = pixels ? "" : "for this model, whose samples are no images, ";
    throw new RangeError(
      `writePoints: ${path} ends in ${format === "" ? "nothing" : `.${format}`}; ${what}expected ${endings.slice(0, -1).join(", ")} or ${endings.at(-1)}`,
    );
  }
  if (found === "png" && pixels) pngLayout({ kind: "grey", ...pixels }, count);
  return found;
}

/**
 * Writes samples in the format of the file's ending.
 *
 * .npy: float64 [count, ...shape], as numpy.load reads it. .csv: one sample a line, no head. .json: {"shape", "count",
 * "samples": [[...]], ...extra}. Images also as .png and .svg, a contact sheet.
 *
 * @param options.extra further fields of the .json file
 * @throws RangeError if the ending does not fit the samples
 */
export async function writePoints(
  path: string,
  points: WrittenPoints,
  { pixels, extra = {} }: { pixels?: PixelsDescription; extra?: Readonly<Record<string, unknown>> } = {},
): Promise<void> {
  const { x, count, shape } = points;
  const format = pointsFormat(path, { pixels, count });
  if (format === "npy") return writeFinished(path, npyPieces(points));
  const rows = rowsOfPoints(x, count);
  if (format === "csv") return writeFinished(path, linesOf(rows));
  if (format === "json") {
    const samples = rows.map((row) => Array.from(row));
    return writeFinished(path, `${JSON.stringify({ shape, count, samples, ...extra })}\n`);
  }
  const description = { kind: "grey", rows: pixels!.rows, columns: pixels!.columns } as const;
  const images = rows.map((row) => greyLevels(row, pixels!, GREYS));
  if (format === "png")
    return writeFinished(path, await pngSheet(images, { ...description, vocabulary: GREYS }));
  // Loaded when needed, as every picture is.
  const { greySheetSvg } = await import("../report/grey-picture.ts");
  return writeFinished(path, greySheetSvg(images, { ...description, vocabulary: GREYS }));
}

/** The rows [dimension] of samples [count, dimension], not copied. */
export function rowsOfPoints(x: Float64Array, count: number): Float64Array[] {
  const dimension = x.length / count;
  return Array.from({ length: count }, (_, row) => x.subarray(row * dimension, (row + 1) * dimension));
}

/** Pixels as greys 0 (low or below) .. levels - 1 (high or above). */
export function greyLevels(
  pixels: Float64Array,
  { low, high }: Pick<PixelsDescription, "low" | "high">,
  levels: number,
): Int32Array {
  return Int32Array.from(pixels, (value) => {
    const share = Math.min(1, Math.max(0, (value - low) / (high - low)));
    return Math.round(share * (levels - 1));
  });
}

async function* npyPieces({ x, count, shape }: WrittenPoints): AsyncGenerator<Uint8Array> {
  // The header alone: it is made of the type and the shape.
  yield new Uint8Array(dump(new Float64Array(0), [count, ...shape]));
  yield new Uint8Array(x.buffer, x.byteOffset, x.byteLength);
}

async function* linesOf(rows: readonly Float64Array[]): AsyncGenerator<string> {
  for (const row of rows) yield `${row.join(",")}\n`;
}
