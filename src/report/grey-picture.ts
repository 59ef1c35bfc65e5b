import { type GreyDescription, greysOf, sheetLayout } from "../tokens/grey.ts";
import { escapeHtml } from "./html.ts";

/** How an image's tokens are read: its shape, and the number of greys. */
export interface GreyImages extends GreyDescription {
  readonly vocabulary: number;
}

const SCALE = 12;
const GAP = 4;

/**
 * An image as a small SVG with sharp pixels at any size.
 *
 * @param tokens [rows * columns], row-major
 * @param options.describe what those who do not see it are told
 */
export function greyPicture(
  tokens: ArrayLike<number>,
  images: GreyImages,
  { describe }: { describe: string },
): string {
  const { rows, columns } = images;
  const label = escapeHtml(describe);
  const box = `viewBox="0 0 ${columns} ${rows}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="${label}" ${box} shape-rendering="crispEdges"><title>${label}</title>${pixels(tokens, images)}</svg>`;
}

/**
 * Images as one SVG file: a contact sheet on white, row by row.
 *
 * @param sheet tokens [rows * columns] of each, row-major
 */
export function greySheetSvg(sheet: readonly ArrayLike<number>[], images: GreyImages): string {
  const { rows, columns } = images;
  const count = sheet.length;
  const { width, height, place } = sheetLayout({ count, rows, columns, scale: SCALE, gap: GAP });
  const label = `${count === 1 ? "1 grey image" : `${count} grey images`} of ${rows} by ${columns} pixels`;
  const inner = sheet.map((tokens, i) => {
    const [left, top] = place(i);
    return `<g transform="translate(${left} ${top}) scale(${SCALE})">${pixels(tokens, images)}</g>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="${label}" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" shape-rendering="crispEdges"><title>${label}</title><rect width="${width}" height="${height}" fill="#fff"/>${inner.join("")}</svg>\n`;
}

/** A black rectangle, and on it for each brighter grey one path of all its runs of pixels. */
function pixels(tokens: ArrayLike<number>, { rows, columns, vocabulary }: GreyImages): string {
  const greys = greysOf(tokens, vocabulary);
  const paths = new Map<number, string>();
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; ) {
      const grey = greys[row * columns + column]!;
      let end = column + 1;
      while (end < columns && greys[row * columns + end] === grey) end++;
      if (grey > 0) paths.set(grey, `${paths.get(grey) ?? ""}M${column} ${row}h${end - column}v1H${column}z`);
      column = end;
    }
  }
  const made = [...paths].map(([grey, path]) => `<path fill="${hex(grey)}" d="${path}"/>`);
  return `<rect width="${columns}" height="${rows}"/>${made.join("")}`;
}

function hex(grey: number): string {
  return `#${grey.toString(16).padStart(2, "0").repeat(3)}`;
}
