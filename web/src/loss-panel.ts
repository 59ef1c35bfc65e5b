import { formatNumber } from "../../src/report/format.ts";
import { curveChart } from "./curve-chart.ts";
import { element, inside } from "./element.ts";
import type { Facts } from "./facts.ts";
import { best, lost, type Plane, placesOf, stepsAt } from "./schedule-choice.ts";
import type { Side, SideName } from "./settings.ts";
import { badge, letters, sideText } from "./side-panel.ts";

/** Orders that look at the predictions: the chain rule behind the prediction does not hold for them. */
const adaptive: readonly string[] = ["confidence", "margin", "entropy"];
/** Differences below this many nats are none. */
const EVEN = 0.005;

/** The curve of one side with its steps, and what they lose. */
export interface LossPanel {
  readonly element: HTMLElement;
  update(state: LossState): void;
}

export interface LossState {
  readonly side: Side;
  readonly facts: Facts;
  readonly plane: Plane;
  readonly steps: readonly number[];
  /** Most that the vertical axis shows: the same for both sides. */
  readonly top: number;
  /** The order whose curve this is, if it is another than the side's. */
  readonly curveOf: string | undefined;
}

/**
 * @param options.onSteps told the steps that were moved to, and with `done` that they were let go
 * @param options.onOptimum told that the optimum is wanted
 */
export function lossPanel(
  name: SideName,
  {
    onSteps,
    onOptimum,
  }: { onSteps: (steps: readonly number[], done: boolean) => void; onOptimum: () => void },
): LossPanel {
  let state: LossState | undefined;
  const chart = curveChart({
    letter: letters[name],
    onMove: (places, done) => {
      if (state) onSteps(stepsAt(places, state.facts), done);
    },
  });
  chart.element.classList.add(name);
  const title = inside(chart.element, "h3", HTMLHeadingElement);
  const amount = element("strong");
  const said = element("span");
  const back = element("button", { type: "button" }, "Back to the optimum");
  back.addEventListener("click", onOptimum);
  chart.predicted.append(amount, said, back);

  return {
    element: chart.element,
    update(next) {
      state = next;
      const { side, facts, plane, steps, top, curveOf } = next;
      title.replaceChildren(badge(name), sideText(side, facts));
      const predicts = plane.costs && !adaptive.includes(side.order);
      const nats = predicts ? lost(plane.heights, steps) : undefined;
      const least = predicts ? best(plane.heights, steps.length - 1).nats : undefined;
      chart.update({
        plane,
        places: placesOf(steps, facts),
        predicts,
        top,
        axis: plane.costs
          ? { title: "share still masked", ticks: ["100 %", "75 %", "50 %", "25 %", "0 %"] }
          : { title: "time, from noise to clean", ticks: ["1", "0.75", "0.5", "0.25", "0"] },
        say: (place) => {
          const where = plane.costs
            ? `${Math.round(place)} of ${facts.length} tokens revealed`
            : `time ${stepsAt([place], facts)[0]!.toFixed(2)}`;
          return nats === undefined ? where : `${where}, ${formatNumber(nats)} nats lost`;
        },
      });
      const above = nats !== undefined && least !== undefined ? nats - least : undefined;
      amount.textContent = nats === undefined ? "" : `${formatNumber(nats)} nats`;
      back.hidden = above === undefined || above < EVEN;
      said.textContent = sentence({ plane, predicts, above, curveOf, order: side.order });
    },
  };
}

function sentence({
  plane,
  predicts,
  above,
  curveOf,
  order,
}: {
  plane: Plane;
  predicts: boolean;
  above: number | undefined;
  curveOf: string | undefined;
  order: string;
}): string {
  if (!plane.costs) return "No loss is predicted: without a mask later calls mend earlier ones.";
  if (!predicts) return "No loss is predicted: this order looks at the predictions themselves.";
  const far =
    above !== undefined && above >= EVEN ? `${formatNumber(above)} above the optimum` : "the least there is";
  const whose = curveOf
    ? `, on the curve of the ${curveOf} order`
    : ["random", "independent"].includes(order)
      ? ""
      : ". A guide only: on the path that it takes itself this order may lose less";
  return `lost per sequence, as predicted; ${far}${whose}`;
}
