import { part } from "./element.ts";

/** Shows the steps of a run one after another, at a pace that eyes can follow. */
export interface Replay {
  /** A new run of so many steps begins; it plays by itself unless the reader wants less motion. */
  begin(steps: number): void;
  /** So many steps are there to be shown. */
  ready(steps: number): void;
  /** Shows the last step, as of a run that is looked at again. */
  end(): void;
}

/** Longest and shortest time a step is shown, and the time of a whole run, milliseconds. */
const PACE = { most: 650, least: 90, run: 4200 } as const;

/** @param onStep told the step to show, 0 .. steps */
export function replay(onStep: (step: number) => void): Replay {
  const button = part("play", HTMLButtonElement);
  const word = part("play-word", HTMLElement);
  const slider = part("frame", HTMLInputElement);
  const said = part("frame-shown", HTMLOutputElement);
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  let steps = 1;
  let there = 0;
  let shown = 0;
  let playing = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function show(step: number): void {
    shown = step;
    slider.max = String(steps);
    slider.value = String(step);
    const text = step === 0 ? "before step 1" : `step ${step} of ${steps}`;
    said.textContent = text;
    slider.setAttribute("aria-valuetext", text);
    onStep(step);
  }

  function play(on: boolean): void {
    playing = on;
    clearTimeout(timer);
    button.classList.toggle("on", on);
    word.textContent = on ? "Pause" : "Play";
    if (on) timer = setTimeout(next, pace());
  }

  function next(): void {
    if (shown < there) show(shown + 1);
    if (shown >= steps) play(false);
    else if (playing) timer = setTimeout(next, pace());
  }

  function pace(): number {
    return Math.max(PACE.least, Math.min(PACE.most, PACE.run / steps));
  }

  button.addEventListener("click", () => {
    if (!playing && shown >= steps) show(0);
    play(!playing);
  });
  slider.addEventListener("input", () => {
    play(false);
    show(Math.min(there, Number(slider.value)));
  });
  return {
    begin(all) {
      steps = all;
      there = 0;
      show(0);
      play(!calm.matches);
    },
    ready(count) {
      there = count;
      if (shown === 0) show(0);
      if (calm.matches && !playing) show(Math.min(there, steps));
    },
    end() {
      play(false);
      there = steps;
      show(steps);
    },
  };
}
