import { revealShade } from "../../src/report/reveal-shade.ts";
import { type NotesDescription, notesOf, pitchName, ticksPerBar } from "../../src/tokens/notes.ts";
import { drawn, element } from "./element.ts";
import { inspect, isGiven, sideBySide, stepText } from "./inspector.ts";
import { playButton } from "./melody-player.ts";
import type { Frame } from "./recording.ts";
import type { SampleView, ViewOptions } from "./sample-view.ts";

/** A melody as a piano roll with a button that plays it; a note's colour tells the step that settled its onset. */
export function melodyView({ facts, name, given }: ViewOptions): SampleView {
  const { length, vocabulary, mask } = facts;
  const description = facts.tokens as NotesDescription;
  // The middle half of the pitches, where melodies are; notes outside stand at its edge.
  const all = vocabulary - description.firstOnset;
  const lowest = description.firstPitch + Math.round(all / 4);
  const pitches = Math.ceil(all / 2);
  const bar = ticksPerBar(description);
  const lines = Array.from({ length: Math.ceil(length / bar) + 1 }, (_, i) =>
    drawn("line", {
      class: "beat",
      x1: i * bar,
      x2: i * bar,
      y1: 0,
      y2: pitches,
      "vector-effect": "non-scaling-stroke",
    }),
  );
  const head = drawn("line", {
    class: "head",
    y1: 0,
    y2: pitches,
    display: "none",
    "vector-effect": "non-scaling-stroke",
  });
  const notes = drawn("g");
  const picture = drawn(
    "svg",
    {
      class: "roll",
      viewBox: `0 0 ${length} ${pitches}`,
      preserveAspectRatio: "none",
      "aria-hidden": "true",
    },
    ...lines,
    notes,
    head,
  );
  const box = element("div", { role: "img", "aria-label": name }, picture);
  const { button, setNotes } = playButton({
    name,
    length,
    secondsPerTick: 60 / (description.beatsPerMinute * description.ticksPerBeat),
    onPlace: (tick) => {
      head.setAttribute("display", tick === undefined ? "none" : "inline");
      if (tick !== undefined) head.setAttribute("transform", `translate(${tick} 0)`);
    },
  });
  const said = element("span");
  let shown: Frame | undefined;
  const clean = (tokens: Uint16Array) =>
    notesOf(
      tokens.map((token) => (token === mask ? description.rest : token)),
      description,
    );
  inspect(box, {
    length,
    ...sideBySide(box, length),
    say: (tick) => {
      if (!shown) return "";
      const sounding = clean(shown.tokens).find(({ start, ticks }) => start <= tick && tick < start + ticks);
      const when = stepText(tick, { ...shown, given });
      return `${sounding ? pitchName(sounding.pitch) : "silence"}, bar ${1 + Math.floor(tick / bar)}, ${when}`;
    },
  });
  return {
    element: element(
      "figure",
      { class: "sample" },
      element("div", { class: "melody-bar" }, button, said),
      box,
    ),
    show(frame) {
      shown = frame;
      const { tokens, changedAt, step, steps } = frame;
      const played = clean(tokens);
      notes.replaceChildren(
        ...played.map(({ pitch, start, ticks }) => {
          const y = Math.max(0, Math.min(pitches - 1, lowest + pitches - 1 - pitch));
          const kind = isGiven(given, start) ? "g" : `r${revealShade(Math.max(1, changedAt[start]!), steps)}`;
          const now = changedAt[start] === step && step > 0 ? " now" : "";
          return drawn("rect", {
            class: `bar ${kind}${now}`,
            x: start + 0.1,
            y,
            width: ticks - 0.2,
            height: 1,
          });
        }),
      );
      setNotes(played);
      said.textContent = played.length === 1 ? "1 note" : `${played.length} notes`;
      box.setAttribute("aria-label", `${name}: ${said.textContent} in ${Math.ceil(length / bar)} bars`);
    },
  };
}
