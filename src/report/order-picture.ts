import * as Plot from "@observablehq/plot";
import { linearTicks } from "./axis.ts";
import type { Comparison } from "./comparison.ts";
import { picture, pictureTitle, standaloneSvg } from "./picture.ts";
import { mainGroup, neighboursTogether, onePerSelector, type Shown, samplesByCalls } from "./reveal-order.ts";
import { revealShade } from "./reveal-shade.ts";

const MARGINS = { marginTop: 36, marginRight: 10, marginBottom: 44, marginLeft: 52 };

/**
 * The order in which the first sequence of a set was revealed: a column for each position, coloured in the row
 * of the step that revealed it and grey below, so that row n is the sequence after step n.
 */
export function orderPicture(shown: Shown): string {
  const { samples, result } = shown;
  const revealedAt = samples.revealedAt?.[0] ?? [];
  const { steps } = samples;
  const cells = revealedAt.map((step, d) => ({ left: d, right: d + 1, step, bottom: steps + 1 }));
  const rowHeight = Math.max(2, Math.min(26, 240 / steps));
  const gap = rowHeight > 6 ? 0.5 : 0;
  const rows = Array.from({ length: steps }, (_, i) => i + 1).filter(
    (step) => steps <= 10 || step === 1 || step % Math.ceil(steps / 8) === 0,
  );
  const together = neighboursTogether(revealedAt);
  const name = `${result?.selector ?? samples.method}: ${together} pairs of neighbours in the same step`;
  return picture(
    {
      ...MARGINS,
      width: 480,
      height: Math.round(MARGINS.marginTop + MARGINS.marginBottom + steps * rowHeight),
      x: { domain: [0, revealedAt.length] },
      y: { domain: [steps + 1, 1], axis: null },
      marks: [
        Plot.rect(cells, { x1: "left", x2: "right", y1: "step", y2: "bottom", fill: "var(--revealed)" }),
        Plot.rect(
          cells.filter(({ step }) => step > 0),
          {
            x1: "left",
            x2: "right",
            y1: "step",
            y2: ({ step }: { step: number }) => step + 1,
            fill: ({ step }: { step: number }) => `var(--reveal-${revealShade(step, steps)})`,
            insetTop: gap,
            insetBottom: gap,
          },
        ),
        Plot.axisX(linearTicks([0, revealedAt.length]), {
          label: "position in the sequence",
          labelAnchor: "center",
          labelArrow: "none",
          labelOffset: 38,
          fontSize: 12,
        }),
        Plot.text(rows, {
          x: 0,
          y: (step: number) => step + 0.5,
          text: (step: number) => (step === 1 ? "step 1" : String(step)),
          textAnchor: "end",
          dx: -6,
        }),
        pictureTitle(name, MARGINS),
      ],
    },
    {
      describe: `Which of ${revealedAt.length} positions each of ${steps} steps revealed, ${samples.method}: ${together} pairs of neighbours were revealed in the same step.`,
    },
  );
}

/** What the order pictures show: one method for each selector, at the calls where most methods have samples. */
export function drawnOrders(comparison: Comparison): Shown[] {
  return onePerSelector(mainGroup(samplesByCalls(comparison))?.[1] ?? []);
}

/** The order pictures as an SVG file of its own. */
export function orderSvg(
  comparison: Comparison,
  { orders = drawnOrders(comparison), columns = 2 }: { orders?: readonly Shown[]; columns?: number } = {},
): string {
  return standaloneSvg(orders.map(orderPicture), { columns });
}
