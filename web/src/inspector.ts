import { element } from "./element.ts";

/** How the tokens of a drawing are pointed at and told apart. */
export interface Inspected {
  readonly length: number;
  /** The position below a pointer, if any. */
  positionAt(event: PointerEvent): number | undefined;
  /** What is said of a position: "“h”, token 17, settled in step 3". */
  say(position: number): string;
  /** The part of the drawing that stands for a position, in the window. */
  place(position: number): DOMRect;
  /** Marks the position that the keyboard is at, if the drawing can. */
  mark?(position: number | undefined): void;
}

let bubble: HTMLElement | undefined;

function tell(text: string | undefined, at?: { x: number; y: number }): void {
  bubble ??= document.body.appendChild(element("div", { class: "bubble", role: "status", hidden: true }));
  bubble.hidden = text === undefined;
  if (text === undefined || !at) return;
  bubble.textContent = text;
  const { width, height } = bubble.getBoundingClientRect();
  bubble.style.left = `${Math.max(6, Math.min(at.x - width / 2, document.documentElement.clientWidth - width - 6))}px`;
  bubble.style.top = `${at.y - height - 10 < 0 ? at.y + 22 : at.y - height - 10}px`;
}

/** Tells the step of a token in a bubble: at the pointer, and with the arrow keys while the drawing has the focus. */
export function inspect(target: HTMLElement, inspected: Inspected): void {
  let cursor = 0;
  const move = (to: number): void => {
    cursor = Math.max(0, Math.min(inspected.length - 1, to));
    inspected.mark?.(cursor);
    const { left, top, width } = inspected.place(cursor);
    tell(inspected.say(cursor), { x: left + width / 2, y: top });
  };
  target.tabIndex = 0;
  target.addEventListener("pointermove", (event) => {
    const position = inspected.positionAt(event);
    tell(position === undefined ? undefined : inspected.say(position), {
      x: event.clientX,
      y: event.clientY,
    });
  });
  target.addEventListener("pointerleave", () => tell(undefined));
  target.addEventListener("keydown", (event) => {
    const to = { ArrowRight: cursor + 1, ArrowLeft: cursor - 1, Home: 0, End: inspected.length - 1 }[
      event.key
    ];
    if (event.key === "Escape") tell(undefined);
    if (to === undefined) return;
    event.preventDefault();
    move(to);
  });
  target.addEventListener("blur", () => {
    inspected.mark?.(undefined);
    tell(undefined);
  });
}

/** Where the positions are in a drawing that has them side by side, over its whole width and height. */
export function sideBySide(drawing: HTMLElement, length: number): Pick<Inspected, "positionAt" | "place"> {
  return {
    positionAt: ({ clientX }) => {
      const { left, width } = drawing.getBoundingClientRect();
      const position = Math.floor(((clientX - left) / width) * length);
      return position >= 0 && position < length ? position : undefined;
    },
    place: (position) => {
      const { left, top, width, height } = drawing.getBoundingClientRect();
      return new DOMRect(left + (position / length) * width, top, width / length, height);
    },
  };
}

/** @param given [length] -1 where nothing was given */
export function isGiven(given: readonly number[] | undefined, position: number): boolean {
  return (given?.[position] ?? -1) >= 0;
}

/** "step 3 of 8", or that a token was given or is not settled yet. */
export function stepText(
  position: number,
  {
    changedAt,
    steps,
    given,
  }: { changedAt: ArrayLike<number>; steps: number; given: readonly number[] | undefined },
): string {
  const step = changedAt[position]!;
  if (isGiven(given, position)) return "given";
  return step === 0 ? "not changed yet" : `settled in step ${step} of ${steps}`;
}
