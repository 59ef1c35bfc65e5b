/** Grey images in rows: a token a pixel, 0 is black and the last token white. */
export interface GreyDescription {
  readonly kind: "grey";
  readonly rows: number;
  readonly columns: number;
}

/**
 * Brightness 0 (black) .. 255 (white) of every pixel: round(255 token / (vocabulary - 1)).
 *
 * @param tokens pixels of any number of images
 * @throws RangeError at a token outside 0 .. vocabulary - 1
 */
export function greysOf(tokens: ArrayLike<number>, vocabulary: number): Uint8Array {
  const greys = new Uint8Array(tokens.length);
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at]!;
    if (!(Number.isInteger(token) && token >= 0 && token < vocabulary)) {
      throw new RangeError(
        `greysOf: token ${token} at position ${at}; expected a grey from 0 (black) to ${vocabulary - 1} (white)`,
      );
    }
    greys[at] = vocabulary < 2 ? 0 : Math.round((255 * token) / (vocabulary - 1));
  }
  return greys;
}

/** Where the images of a contact sheet stand, in units that the caller chooses for `scale` and `gap`. */
export interface SheetLayout {
  /** Images in a row. */
  readonly across: number;
  readonly down: number;
  readonly width: number;
  readonly height: number;
  /** Upper left corner of image i: [left, top]. */
  place(index: number): readonly [number, number];
}

/**
 * A grid that is as square as possible, row by row, with a gap around every image.
 *
 * Of all numbers of columns it takes the one whose sheet's longer side is shortest; of several, the one with
 * fewest empty places, then the wider.
 *
 * @param options.scale size of a pixel of an image
 */
export function sheetLayout({
  count,
  rows,
  columns,
  scale,
  gap,
}: {
  count: number;
  rows: number;
  columns: number;
  scale: number;
  gap: number;
}): SheetLayout {
  const [cellWidth, cellHeight] = [columns * scale + gap, rows * scale + gap];
  const [longer, empty] = [
    (across: number) => Math.max(across * cellWidth, Math.ceil(count / across) * cellHeight),
    (across: number) => across * Math.ceil(count / across) - count,
  ];
  let across = 1;
  for (let tried = 2; tried <= count; tried++) {
    const gain = longer(across) - longer(tried) || empty(across) - empty(tried);
    if (gain >= 0) across = tried;
    if (tried * cellWidth > longer(across)) break;
  }
  const down = Math.ceil(count / across);
  return {
    across,
    down,
    width: across * cellWidth + gap,
    height: down * cellHeight + gap,
    place: (index) => [gap + (index % across) * cellWidth, gap + Math.floor(index / across) * cellHeight],
  };
}
