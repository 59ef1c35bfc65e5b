import { drawn, element } from "./element.ts";
import type { Plane } from "./schedule-choice.ts";

const HEIGHT = 250;
const MARGIN = { top: 14, right: 14, bottom: 44, left: 38 };
/** A pointer this near to a step takes it, in pixels. */
const REACH = 26;

/** What a chart shows. */
export interface ChartState {
  readonly plane: Plane;
  /** [steps + 1] places of the steps, rising from 0 to plane.places. */
  readonly places: readonly number[];
  /** False where the area between staircase and curve predicts nothing. */
  readonly predicts: boolean;
  /** The label of the horizontal axis, and of its ticks from left to right. */
  readonly axis: { readonly title: string; readonly ticks: readonly string[] };
  /** Most that the vertical axis shows. */
  readonly top: number;
  /** What a screen reader hears of a step: "57 of 256 tokens revealed, 36.9 nats lost". */
  say(place: number): string;
}

/** A line with the steps of a schedule on it, which pointer and keyboard move. */
export interface CurveChart {
  readonly element: HTMLElement;
  /** Goes below the picture. */
  readonly predicted: HTMLElement;
  update(state: ChartState): void;
}

/**
 * The curve, its staircase and a handle for every step but the first and the last, which stand still. A handle is a
 * slider: left and right move it by one, page up and down by eight, home and end to its neighbours.
 *
 * @param options.onMove told the new places while a step moves, and once more, with `done`, when it is let go
 */
export function curveChart({
  letter,
  onMove,
}: {
  letter: string;
  onMove: (places: readonly number[], done: boolean) => void;
}): CurveChart {
  const title = element("h3");
  const picture = drawn("svg", { role: "group" });
  const back = drawn("g", { "aria-hidden": "true" });
  const handles = drawn("g");
  picture.append(back, handles);
  const predicted = element("div", { class: "predicted" });
  const skip = element("button", { type: "button", class: "skip" });
  const box = element("figure", { class: "chart" }, title, skip, picture, predicted);
  let state: ChartState | undefined;
  let held: number | undefined;
  // Read here alone: to ask for it while drawing would lay the page out again and again.
  let width = 480;
  new ResizeObserver(() => {
    width = Math.max(240, box.clientWidth);
    draw();
  }).observe(box);
  skip.addEventListener("click", () => inputBehind(box)?.focus());

  picture.addEventListener("pointerdown", (event) => {
    const near = nearest(event.clientX);
    if (near === undefined || event.button !== 0) return;
    held = near;
    picture.setPointerCapture(event.pointerId);
    handleOf(near)?.classList.add("held");
    handleOf(near)?.focus({ preventScroll: true });
    event.preventDefault();
  });
  picture.addEventListener("pointermove", (event) => {
    if (held !== undefined) move(held, placeAt(event.clientX), false);
  });
  for (const name of ["pointerup", "pointercancel"] as const) {
    picture.addEventListener(name, () => {
      if (held === undefined) return;
      handleOf(held)?.classList.remove("held");
      held = undefined;
      if (state) onMove(state.places, true);
    });
  }
  handles.addEventListener("keydown", (event) => {
    const step = Number((event.target as Element).getAttribute("data-step"));
    if (!state || !(step > 0)) return;
    const place = Math.round(state.places[step]!);
    const to = {
      ArrowRight: place + 1,
      ArrowUp: place + 1,
      ArrowLeft: place - 1,
      ArrowDown: place - 1,
      PageUp: place + 8,
      PageDown: place - 8,
      Home: Number.NEGATIVE_INFINITY,
      End: Number.POSITIVE_INFINITY,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    move(step, to, true);
  });

  function move(step: number, to: number, done: boolean): void {
    if (!state) return;
    const { places } = state;
    const [least, most] = boundsOf(step, places);
    const place = Math.max(least, Math.min(most, to));
    if (place === places[step] && !done) return;
    const moved = places.map((each, i) => (i === step ? place : each));
    onMove(moved, done);
  }

  function handleOf(step: number): SVGGElement | undefined {
    return handles.children[step - 1] as SVGGElement | undefined;
  }

  function x(place: number): number {
    return MARGIN.left + (place / state!.plane.places) * (width - MARGIN.left - MARGIN.right);
  }

  function y(height: number): number {
    return HEIGHT - MARGIN.bottom - (height / state!.top) * (HEIGHT - MARGIN.top - MARGIN.bottom);
  }

  function placeAt(clientX: number): number {
    const inner = width - MARGIN.left - MARGIN.right;
    const share = (clientX - picture.getBoundingClientRect().left - MARGIN.left) / inner;
    return Math.round(share * state!.plane.places);
  }

  function nearest(clientX: number): number | undefined {
    if (!state) return undefined;
    const at = clientX - picture.getBoundingClientRect().left;
    const distances = state.places.slice(1, -1).map((place) => Math.abs(x(place) - at));
    const least = Math.min(...distances);
    return least <= REACH ? 1 + distances.indexOf(least) : undefined;
  }

  function heightAt(place: number): number {
    const { heights, places } = state!.plane;
    const before = Math.min(places - 1, Math.floor(place));
    const after = Math.min(places - 1, before + 1);
    return heights[before]! + (place - before) * (heights[after]! - heights[before]!);
  }

  function draw(): void {
    if (!state) return;
    const { places, plane, axis, top, predicts } = state;
    picture.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    picture.setAttribute("height", String(HEIGHT));
    const line = Array.from(
      { length: plane.places },
      (_, i) => `${x(i).toFixed(1)},${y(plane.heights[i]!).toFixed(1)}`,
    );
    const starts = places.slice(0, -1);
    const stairs = starts.flatMap((from, i) => [
      `${x(from).toFixed(1)},${y(heightAt(from)).toFixed(1)}`,
      `${x(places[i + 1]!).toFixed(1)},${y(heightAt(from)).toFixed(1)}`,
    ]);
    const levels = [0, 1, 2, 3, 4].map((i) => (i * top) / 4);
    back.replaceChildren(
      ...levels.flatMap((level) => [
        drawn("line", {
          class: "grid",
          x1: MARGIN.left,
          x2: width - MARGIN.right,
          y1: y(level),
          y2: y(level),
        }),
        drawn(
          "text",
          { x: MARGIN.left - 6, y: y(level) + 4, "text-anchor": "end" },
          String(Number(level.toFixed(2))),
        ),
      ]),
      ...axis.ticks.map((tick, i) => {
        const at = x((i * plane.places) / (axis.ticks.length - 1));
        return drawn("text", { x: at, y: HEIGHT - MARGIN.bottom + 17, "text-anchor": "middle" }, tick);
      }),
      drawn("text", { x: (width + MARGIN.left) / 2, y: HEIGHT - 6, "text-anchor": "middle" }, axis.title),
      ...(predicts
        ? [drawn("polygon", { class: "lost", points: [...stairs, ...[...line].reverse()].join(" ") })]
        : []),
      ...starts.map((place) =>
        drawn("line", { class: "drop", x1: x(place), x2: x(place), y1: y(0), y2: y(heightAt(place)) }),
      ),
      ...(predicts ? [drawn("polyline", { class: "staircase", points: stairs.join(" ") })] : []),
      drawn("polyline", { class: "curve", points: line.join(" ") }),
    );
    drawHandles();
  }

  function drawHandles(): void {
    const { places, plane, say } = state!;
    const inner = places.slice(1, -1);
    const radius = inner.length > 24 ? 4 : 7;
    while (handles.children.length > inner.length) handles.lastChild!.remove();
    while (handles.children.length < inner.length) handles.append(newHandle(handles.children.length + 1));
    inner.forEach((place, i) => {
      const handle = handleOf(i + 1)!;
      const [least, most] = boundsOf(i + 1, places);
      handle.setAttribute("transform", `translate(${x(place)} ${y(heightAt(place))})`);
      handle.firstElementChild!.setAttribute("r", String(radius));
      handle.setAttribute("aria-label", `${letter}: start of step ${i + 2}`);
      handle.setAttribute("aria-valuemin", String(least));
      handle.setAttribute("aria-valuemax", String(most));
      handle.setAttribute("aria-valuenow", String(Math.round(place)));
      handle.setAttribute("aria-valuetext", say(place));
    });
    picture.classList.toggle("still", inner.length === 0);
    skip.textContent = `Skip the ${inner.length} steps of ${letter}`;
    skip.hidden = inner.length < 4;
    picture.setAttribute("aria-label", `Steps of ${letter} on a line of ${plane.places} places`);
  }

  function newHandle(step: number): SVGGElement {
    return drawn(
      "g",
      { class: "handle", role: "slider", tabindex: 0, "data-step": step },
      drawn("circle", { r: 7 }),
      drawn("circle", { class: "reach", r: 16 }),
    );
  }

  return {
    element: box,
    predicted,
    update(next) {
      state = next;
      draw();
    },
  };
}

/** How far a step can go: its neighbours stay where they are. */
function boundsOf(step: number, places: readonly number[]): [number, number] {
  return [Math.floor(places[step - 1]! + 1), Math.ceil(places[step + 1]! - 1)];
}

/** Where the focus goes when the steps are skipped. */
function inputBehind(box: HTMLElement): HTMLElement | undefined {
  const all = [
    ...document.querySelectorAll<HTMLElement>("button, input, select, textarea, summary, [tabindex]"),
  ];
  return all.find(
    (each) =>
      !box.contains(each) && (box.compareDocumentPosition(each) & Node.DOCUMENT_POSITION_FOLLOWING) !== 0,
  );
}
