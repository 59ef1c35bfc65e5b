import { element, part } from "./element.ts";
import type { Facts } from "./facts.ts";

const masked = {
  title: "Why the steps matter",
  text: [
    "The curve is what the model does not know: the entropy of a token that is still masked, against the share that is still masked. A call reveals several tokens at once and pays the height at its start for each of them, although each one revealed would have told something of the next.",
    "What is lost is the tinted area between staircase and curve, in nats per sequence. Where the curve falls steeply steps should be short; where it is flat they may be long. Move a step, with the pointer or the arrow keys, and see what it costs.",
    "Where a call reveals matters as much as when: neighbours depend on each other most, so an order that spreads what it reveals has a curve of its own, and less to lose.",
  ],
};

const unmasked = {
  title: "When the calls are made",
  text: [
    "Without a mask every token may move in every call, from noise at time 1 to a clean sequence at time 0. The line is the share of tokens that the noise has left alone; the dots are the times of the calls.",
    "Here later calls mend what earlier ones broke, so no loss can be read off a curve. Move a call, with the pointer or the arrow keys, and watch the samples and the counters below.",
  ],
};

const reading = {
  notes:
    "A note's colour tells the step that settled it, blue early and amber late; those of the step shown have an outline. Point at a note, or move with the arrow keys, to read pitch and step.",
  grey: "Point at a pixel, or move with the arrow keys, to read the step that settled it.",
  none: "Colour tells the step that settled a token, blue early and amber late; those of the step shown are marked. Point at a token, or move with the arrow keys, to read its step.",
};

/** Says beside the curves what they show, and below the samples how they are read. */
export function explain({ mask, tokens }: Facts): void {
  part("reading", HTMLElement).textContent = reading[tokens?.kind ?? "none"];
  const { title, text } = mask === undefined ? unmasked : masked;
  part("when-title", HTMLElement).textContent = title;
  part("why", HTMLElement).replaceChildren(...text.map((each) => element("p", {}, each)));
}
