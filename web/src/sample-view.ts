import type { Facts } from "./facts.ts";
import { imageView } from "./image-view.ts";
import { melodyView } from "./melody-view.ts";
import { numbersView } from "./numbers-view.ts";
import { type Frame, frameOf, type Recording } from "./recording.ts";
import { textView } from "./text-view.ts";

/** A drawing of one sample. */
export interface SampleView {
  readonly element: HTMLElement;
  show(frame: Frame): void;
}

/** What a view is told of its sample. */
export interface ViewOptions {
  readonly facts: Facts;
  /** "Sample 2 of A". */
  readonly name: string;
  /** [length] -1 where nothing was given. */
  readonly given: readonly number[] | undefined;
}

/** The samples of one batch, drawn as what their tokens stand for. */
export function sampleViews(
  recording: Recording,
  { facts, letter, given }: { facts: Facts; letter: string; given: readonly number[] | undefined },
): { readonly elements: readonly HTMLElement[]; show(step: number): void } {
  const view = viewOf(facts);
  const views = Array.from({ length: recording.rows }, (_, row) =>
    view({ facts, given, name: `Sample ${recording.firstRow + row + 1} of ${letter}` }),
  );
  const elements = views.map(({ element }) => element);
  let shown = -1;
  return {
    elements,
    show(step) {
      const at = Math.min(step, recording.frames.length - 1);
      if (at < 0 || at === shown) return;
      shown = at;
      views.forEach((each, row) => {
        each.show(frameOf(recording, row, at));
      });
    },
  };
}

function viewOf({ tokens, alphabet }: Facts): (options: ViewOptions) => SampleView {
  if (tokens?.kind === "grey") return imageView;
  if (tokens?.kind === "notes") return melodyView;
  return alphabet === undefined ? numbersView : textView;
}
