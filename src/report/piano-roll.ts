import * as Plot from "@observablehq/plot";
import { type Note, type NotesDescription, notesOf, pitchName, ticksPerBar } from "../tokens/notes.ts";
import { picture, pictureTitle, standaloneSvg } from "./picture.ts";

const WIDTH = 560;
const LEFT = 34;
const RIGHT = 8;
const BOTTOM = 22;
const OCTAVE = 12;

/** Lowest and highest pitch that a picture has room for. */
export type PitchRange = readonly [number, number];

/** The pitches of all these melodies, widened to an octave at least. */
export function pitchRange(melodies: readonly (readonly Note[])[]): PitchRange {
  const pitches = melodies.flat().map(({ pitch }) => pitch);
  if (pitches.length === 0) return [60, 60 + OCTAVE];
  let [low, high] = [127, 0];
  for (const pitch of pitches) [low, high] = [Math.min(low, pitch), Math.max(high, pitch)];
  const missing = Math.max(0, OCTAVE - (high - low));
  return [low - Math.floor(missing / 2), high + Math.ceil(missing / 2)];
}

/** Share of the picture's width before the first tick and after the last, for a line that moves along. */
export const rollInsets: { readonly left: number; readonly right: number } = {
  left: LEFT / WIDTH,
  right: RIGHT / WIDTH,
};

/**
 * A melody as a piano roll: time to the right, pitch upwards, a bar for each note, lines at beats, bars and
 * every C.
 *
 * @param options.length ticks of the melody
 * @param options.range pitches the picture has room for; default those of the melody
 * @param options.name what the picture is of
 * @param options.heading true to write the name above the drawing
 */
export function pianoRoll(
  notes: readonly Note[],
  description: NotesDescription,
  {
    length,
    range = pitchRange([notes]),
    name = "melody",
    heading = false,
  }: { length: number; range?: PitchRange; name?: string; heading?: boolean },
): string {
  const [low, high] = range;
  const pitches = high - low + 1;
  const marginTop = heading ? 30 : 6;
  const rowHeight = Math.max(3, Math.min(7, 130 / pitches));
  const bar = ticksPerBar(description);
  const every = (ticks: number) =>
    Array.from({ length: Math.floor(length / ticks) + 1 }, (_, i) => i * ticks);
  const cs = Array.from({ length: pitches }, (_, i) => low + i).filter((pitch) => pitch % OCTAVE === 0);
  return picture(
    {
      marginTop,
      marginRight: RIGHT,
      marginBottom: BOTTOM,
      marginLeft: LEFT,
      width: WIDTH,
      height: Math.round(marginTop + BOTTOM + pitches * rowHeight),
      x: { domain: [0, length] },
      y: { domain: [low - 0.5, high + 0.5] },
      marks: [
        Plot.ruleX(every(description.ticksPerBeat), { stroke: "var(--rule)", strokeWidth: 0.5 }),
        Plot.ruleX(every(bar), { stroke: "var(--faint)", strokeWidth: 0.75 }),
        Plot.ruleY(cs, { y: (pitch: number) => pitch - 0.5, stroke: "var(--rule)" }),
        Plot.rect(notes, {
          x1: "start",
          x2: ({ start, ticks }: Note) => start + ticks,
          y1: ({ pitch }: Note) => pitch - 0.5,
          y2: ({ pitch }: Note) => pitch + 0.5,
          fill: "var(--series-0)",
          insetRight: 0.75,
          rx: 1,
        }),
        Plot.axisX(every(bar).slice(0, Math.ceil(length / bar)), {
          tickFormat: (tick: number) => String(1 + tick / bar),
          tickSize: 0,
          textAnchor: "start",
          label: null,
          fontSize: 11,
        }),
        Plot.axisY(cs, { tickFormat: pitchName, tickSize: 0, label: null, fontSize: 11 }),
        ...(heading ? [pictureTitle(name, { marginTop, marginLeft: LEFT })] : []),
      ],
    },
    { describe: described(notes, name, Math.ceil(length / bar)) },
  );
}

/**
 * Melodies as one SVG file, a strip each, with the same pitches at the same height.
 *
 * @param melodies tokens [length] of each
 */
export function pianoRollSvg(melodies: readonly ArrayLike<number>[], description: NotesDescription): string {
  const notes = melodies.map((tokens) => notesOf(tokens, description));
  const range = pitchRange(notes);
  const strips = melodies.map(({ length }, i) =>
    pianoRoll(notes[i]!, description, { length, range, name: `melody ${i + 1}`, heading: true }),
  );
  return standaloneSvg(strips);
}

function described(notes: readonly Note[], name: string, bars: number): string {
  if (notes.length === 0) return `${name}: ${bars} bars of silence.`;
  const first = notes[0]!.pitch;
  const last = notes.at(-1)!.pitch;
  const count = notes.length === 1 ? "1 note" : `${notes.length} notes`;
  const [low, high] = [Math.min(...notes.map(pitchOf)), Math.max(...notes.map(pitchOf))];
  return `${name}: ${count} in ${bars} bars, from ${pitchName(low)} to ${pitchName(high)}, beginning on ${pitchName(first)} and ending on ${pitchName(last)}.`;
}

function pitchOf({ pitch }: Note): number {
  return pitch;
}
