import { ordersOf, schedulesOf } from "./catalog.ts";
import { copied, element, inside, offer } from "./element.ts";
import type { Facts } from "./facts.ts";
import type { Recording } from "./recording.ts";
import { sampleViews } from "./sample-view.ts";
import type { Side, SideName } from "./settings.ts";

/** What a side is called everywhere. */
export const letters: Readonly<Record<SideName, string>> = { left: "A", right: "B" };

/** The letter of a side in its colour. */
export function badge(side: SideName): HTMLElement {
  return element("span", { class: `letter ${side}` }, letters[side]);
}

/** "uniform steps, random order" */
export function sideText({ schedule, order }: Side, { length, mask }: Facts): string {
  const masked = mask !== undefined;
  const steps = schedulesOf({ masked }).find(({ id }) => id === schedule)?.short ?? schedule;
  const moves = ordersOf({ masked, length }).find(({ id }) => id === order)?.short ?? order;
  return `${steps}, ${moves}`;
}

/** The choices of one side and its samples. */
export interface SidePanel {
  readonly element: HTMLElement;
  update(state: {
    readonly side: Side;
    readonly facts: Facts;
    readonly given: readonly number[] | undefined;
  }): void;
  /** Puts the samples of a recording on the page, or none. */
  open(recording: Recording | undefined): void;
  /** Shows them after so many steps. */
  show(step: number): void;
}

/** @param onChoose told the schedule or the order that was chosen */
export function sidePanel(
  name: SideName,
  onChoose: (chosen: { readonly schedule: string } | { readonly order: string }) => void,
): SidePanel {
  const box = copied("side");
  box.classList.add(name);
  const title = inside(box, "h3", HTMLHeadingElement);
  const schedule = inside(box, "select.schedule", HTMLSelectElement);
  const order = inside(box, "select.order", HTMLSelectElement);
  const orderTitle = inside(box, ".order-title", HTMLElement);
  const samples = inside(box, ".samples", HTMLElement);
  schedule.addEventListener("change", () => onChoose({ schedule: schedule.value }));
  order.addEventListener("change", () => onChoose({ order: order.value }));
  let known: { facts: Facts; given: readonly number[] | undefined } | undefined;
  let opened: Recording | undefined;
  let views: ReturnType<typeof sampleViews> | undefined;

  return {
    element: box,
    update({ side, facts, given }) {
      known = { facts, given };
      const masked = facts.mask !== undefined;
      title.replaceChildren(badge(name), sideText(side, facts));
      orderTitle.textContent = masked ? "Order" : "Moves";
      offer(schedule, schedulesOf({ masked }), side.schedule);
      offer(order, ordersOf({ masked, length: facts.length }), side.order);
      schedule.setAttribute("aria-label", `Schedule of ${letters[name]}`);
      order.setAttribute("aria-label", `${orderTitle.textContent} of ${letters[name]}`);
      samples.classList.toggle("pictures", facts.tokens?.kind === "grey");
    },
    open(recording) {
      if (recording === opened) return;
      opened = recording;
      views = recording && known ? sampleViews(recording, { ...known, letter: letters[name] }) : undefined;
      samples.replaceChildren(...(views?.elements ?? []));
    },
    show(step) {
      views?.show(step);
    },
  };
}
