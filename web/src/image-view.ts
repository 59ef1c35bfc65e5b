import { type GreyDescription, greysOf } from "../../src/tokens/grey.ts";
import { element } from "./element.ts";
import { tokenName } from "./facts.ts";
import { inspect, stepText } from "./inspector.ts";
import type { Frame } from "./recording.ts";
import type { SampleView, ViewOptions } from "./sample-view.ts";

/** A sample as a grey picture; a mask is drawn as the middle grey. */
export function imageView({ facts, name, given }: ViewOptions): SampleView {
  const { rows, columns } = facts.tokens as GreyDescription;
  const { vocabulary, mask } = facts;
  const canvas = element("canvas", { width: columns, height: rows, role: "img", "aria-label": name });
  const brush = canvas.getContext("2d");
  let shown: Frame | undefined;
  inspect(canvas, {
    length: rows * columns,
    positionAt: ({ clientX, clientY }) => {
      const { left, top, width, height } = canvas.getBoundingClientRect();
      const column = Math.min(columns - 1, Math.floor(((clientX - left) / width) * columns));
      const row = Math.min(rows - 1, Math.floor(((clientY - top) / height) * rows));
      return row >= 0 && column >= 0 ? row * columns + column : undefined;
    },
    place: (position) => {
      const { left, top, width, height } = canvas.getBoundingClientRect();
      const [x, y] = [position % columns, Math.floor(position / columns)];
      return new DOMRect(
        left + (x / columns) * width,
        top + (y / rows) * height,
        width / columns,
        height / rows,
      );
    },
    say: (position) => {
      if (!shown) return "";
      const when = stepText(position, { ...shown, given });
      const [x, y] = [position % columns, Math.floor(position / columns)];
      return `${tokenName(shown.tokens[position]!, facts)}, row ${y + 1}, column ${x + 1}, ${when}`;
    },
  });
  return {
    element: canvas,
    show(frame) {
      shown = frame;
      const middle = Math.floor(vocabulary / 2);
      const greys = greysOf(
        frame.tokens.map((token) => (token === mask ? middle : token)),
        vocabulary,
      );
      const pixels = new ImageData(columns, rows);
      greys.forEach((grey, at) => {
        pixels.data.set([grey, grey, grey, 255], 4 * at);
      });
      brush?.putImageData(pixels, 0, 0);
    },
  };
}
