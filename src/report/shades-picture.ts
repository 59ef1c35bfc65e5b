import { escapeHtml } from "./html.ts";

/**
 * An image as a small SVG with sharp pixels at any size, one path for each of 16 greys.
 *
 * @param image [rows * columns] brightness, 0 is black and 1 white; what lies outside is cut
 * @param options.describe what those who do not see it are told
 */
export function shadesPicture(
  image: ArrayLike<number>,
  { rows, columns, describe }: { rows: number; columns: number; describe: string },
): string {
  const paths = new Map<number, string>();
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const shade = Math.round(15 * Math.min(1, Math.max(0, image[row * columns + column]!)));
      if (shade > 0) paths.set(shade, `${paths.get(shade) ?? ""}M${column} ${row}h1v1h-1z`);
    }
  }
  const made = [...paths].map(
    ([shade, path]) => `<path fill="#${shade.toString(16).repeat(6)}" d="${path}"/>`,
  );
  const label = escapeHtml(describe);
  return `<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="${label}" viewBox="0 0 ${columns} ${rows}" shape-rendering="crispEdges"><title>${label}</title><rect width="${columns}" height="${rows}"/>${made.join("")}</svg>`;
}
