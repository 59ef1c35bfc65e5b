import { type GreyDescription, greysOf, type SheetLayout, sheetLayout } from "../tokens/grey.ts";

/** Pixels an image's longer side gets, and the longer side of a sheet, where the count allows. */
const IMAGE = 96;
const SHEET = 4096;
const MOST = 2 ** 14;
const GAP = 4;
const PAPER = 255;

/** A layout of whole screen pixels. */
export interface PngLayout extends SheetLayout {
  /** Screen pixels across one pixel of an image. */
  readonly scale: number;
}

/**
 * The contact sheet of a number of images: each about 96 pixels wide, smaller by whole numbers where the sheet
 * would be over 4096 pixels.
 *
 * @throws RangeError if it would be over 16384 pixels even so
 */
export function pngLayout({ rows, columns }: GreyDescription, count: number): PngLayout {
  let scale = Math.max(1, Math.floor(IMAGE / Math.max(rows, columns)));
  let layout = sheetLayout({ count, rows, columns, scale, gap: GAP });
  while (scale > 1 && Math.max(layout.width, layout.height) > SHEET) {
    layout = sheetLayout({ count, rows, columns, scale: --scale, gap: GAP });
  }
  if (Math.max(layout.width, layout.height) > MOST) {
    throw new RangeError(
      `writeSamples: ${count} images of ${rows} x ${columns} make a contact sheet of ${layout.width} x ${layout.height} pixels; expected at most ${MOST} a side, so use fewer images or a .npy file`,
    );
  }
  return { ...layout, scale };
}

/**
 * Images as one grey PNG: a contact sheet on white, row by row, every pixel a square of whole pixels.
 *
 * @param images tokens [rows * columns] of each, row-major
 * @returns the bytes of the file
 */
export async function pngSheet(
  images: readonly ArrayLike<number>[],
  { vocabulary, ...description }: GreyDescription & { readonly vocabulary: number },
): Promise<Uint8Array> {
  const { encode } = await import("fast-png");
  const { rows, columns } = description;
  const { width, height, scale, place } = pngLayout(description, images.length);
  const data = new Uint8Array(width * height).fill(PAPER);
  for (const [i, tokens] of images.entries()) {
    const [left, top] = place(i);
    const greys = greysOf(tokens, vocabulary);
    for (let y = 0; y < rows * scale; y++) {
      const from = Math.floor(y / scale) * columns;
      const to = (top + y) * width + left;
      for (let x = 0; x < columns; x++) {
        data.fill(greys[from + x]!, to + x * scale, to + (x + 1) * scale);
      }
    }
  }
  return encode({ width, height, data, channels: 1, depth: 8 });
}
