import type { Measured } from "../../src/measures/measured.ts";
import { curveChart } from "./curve-chart.ts";
import { element, inside } from "./element.ts";
import type { Facts } from "./facts.ts";
import { estimateText, numberText } from "./number-text.ts";
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
  /** The loss along the path that the order's own steps take, where that is another: what is known of it yet. */
  readonly own: Measured | "not measured" | "measuring" | undefined;
  /** The order whose curve this is, if it is another than the side's. */
  readonly curveOf: string | undefined;
}

/**
 * @param options.onSteps told the steps that were moved to, and with `done` that they were let go
 * @param options.onOptimum told that the optimum is wanted
 * @param options.onMeasure told that the loss along its own path is wanted
 */
export function lossPanel(
  name: SideName,
  {
    onSteps,
    onOptimum,
    onMeasure,
  }: {
    onSteps: (steps: readonly number[], done: boolean) => void;
    onOptimum: () => void;
    onMeasure: () => void;
  },
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
  const path = element("p");
  const measure = element("button", { type: "button" }, "Measure it along its own path");
  measure.addEventListener("click", onMeasure);
  chart.predicted.append(amount, said, back);
  chart.predicted.after(path, measure);

  return {
    element: chart.element,
    update(next) {
      state = next;
      const { side, facts, plane, steps, top, curveOf } = next;
      title.replaceChildren(badge(name), sideText(side, facts));
      const predicts = plane.costs && !adaptive.includes(side.order);
      const nats = predicts ? lost(plane.heights, steps) : undefined;
      const least = predicts ? best(plane.heights, steps.length - 1).nats : undefined;
      const losing = nats === undefined ? "" : `, ${numberText(nats)} nats lost`;
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
          return where + losing;
        },
      });
      const above = nats !== undefined && least !== undefined ? nats - least : undefined;
      amount.textContent = nats === undefined ? "" : `${numberText(nats)} nats`;
      back.hidden = above === undefined || above < EVEN;
      const { own } = next;
      measure.hidden = own !== "not measured";
      path.replaceChildren(
        ...(own === "measuring" ? ["Measuring along the path that its own steps take."] : []),
        ...(typeof own === "object"
          ? [
              element("strong", {}, `${estimateText(own.value, own.standardError)} nats`),
              " along the path that its own steps take, as measured.",
            ]
          : []),
      );
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
    above !== undefined && above >= EVEN ? `${numberText(above)} above the optimum` : "the least there is";
  const whose = curveOf
    ? ` on the curve of the ${curveOf} order`
    : isOfTheCurve(order)
      ? ""
      : " by its curve, a guide";
  return `lost per sequence, predicted${whose}; ${far}`;
}

/** Whether the states of a run are those of the curve, whatever its steps. */
function isOfTheCurve(order: string): boolean {
  return order === "random";
}

/** Whether an order's own path loses something else than its curve says, and it can be predicted. */
export function hasOwnPath(order: string): boolean {
  return !isOfTheCurve(order) && !adaptive.includes(order);
}
