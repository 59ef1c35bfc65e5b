import type { MidiEvent } from "midi-file";
import { type NotesDescription, notesOf, ticksPerBar } from "../tokens/notes.ts";

/** MIDI clocks a beat at least; low, so that times between notes are single bytes. */
const CLOCKS = 24;
const VELOCITY = 80;

/**
 * Melodies as one Standard MIDI File of format 1: a track of tempo, metre and markers, and a track of notes.
 *
 * The melodies follow one another. Each starts at a bar line under a marker "melody 1", "melody 2", ..., after
 * a bar of rest; a single melody stands alone. A beat is a quarter note.
 *
 * @param melodies tokens [length] of each
 * @returns the bytes of the file
 */
export async function midiFile(
  melodies: readonly ArrayLike<number>[],
  description: NotesDescription,
): Promise<Uint8Array> {
  const { writeMidi } = (await import("midi-file")).default;
  const { ticksPerBeat, beatsPerBar, beatsPerMinute } = description;
  const clocksPerTick = Math.ceil(CLOCKS / ticksPerBeat);
  const bar = ticksPerBar(description);
  const score: MidiEvent[] = [
    {
      type: "timeSignature",
      deltaTime: 0,
      numerator: beatsPerBar,
      denominator: 4,
      metronome: 24,
      thirtyseconds: 8,
    },
    { type: "setTempo", deltaTime: 0, microsecondsPerBeat: Math.round(60e6 / beatsPerMinute) },
  ];
  const notes: MidiEvent[] = [
    { type: "trackName", deltaTime: 0, text: "melody" },
    { type: "programChange", deltaTime: 0, channel: 0, programNumber: 0 },
  ];
  let [start, marked, played, end] = [0, 0, 0, 0];
  for (const [i, tokens] of melodies.entries()) {
    score.push({ type: "marker", deltaTime: (start - marked) * clocksPerTick, text: `melody ${i + 1}` });
    marked = start;
    for (const note of notesOf(tokens, description)) {
      const on = start + note.start;
      const key = { channel: 0, noteNumber: note.pitch } as const;
      notes.push(
        { type: "noteOn", deltaTime: (on - played) * clocksPerTick, ...key, velocity: VELOCITY },
        { type: "noteOff", deltaTime: note.ticks * clocksPerTick, ...key, velocity: 0 },
      );
      played = on + note.ticks;
    }
    end = start + Math.ceil(tokens.length / bar) * bar;
    start = end + bar;
  }
  score.push({ type: "endOfTrack", deltaTime: (end - marked) * clocksPerTick });
  notes.push({ type: "endOfTrack", deltaTime: (end - played) * clocksPerTick });
  const header = { format: 1, numTracks: 2, ticksPerBeat: ticksPerBeat * clocksPerTick } as const;
  return Uint8Array.from(writeMidi({ header, tracks: [score, notes] }));
}
