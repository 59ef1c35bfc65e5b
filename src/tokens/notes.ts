/** Which tokens of a melody mean what: a token a tick, `firstOnset` + k starts MIDI pitch `firstPitch` + k. */
export interface NotesDescription {
  readonly kind: "notes";
  readonly rest: number;
  /** The note that sounds goes on. */
  readonly hold: number;
  readonly firstOnset: number;
  /** MIDI number, 60 is middle C. */
  readonly firstPitch: number;
  readonly ticksPerBeat: number;
  readonly beatsPerBar: number;
  readonly beatsPerMinute: number;
}

/** One note of a melody. */
export interface Note {
  /** MIDI number 0 .. 127. */
  readonly pitch: number;
  /** Tick at which it starts, 0 or more. */
  readonly start: number;
  /** How long it sounds, 1 or more. */
  readonly ticks: number;
}

/**
 * The notes of a melody, by rising start; they never overlap.
 *
 * An onset ends the note before it, also one of the same pitch; a rest ends it too; the end of the melody ends
 * the last. A hold with nothing to hold, at the very start or after a rest, is silence: no pitch is invented.
 *
 * @param tokens [length], any tick's token
 * @throws RangeError at a token that is neither rest, hold nor the onset of a pitch up to 127
 */
export function notesOf(tokens: ArrayLike<number>, description: NotesDescription): Note[] {
  const { rest, hold, firstOnset, firstPitch } = description;
  const notes: { pitch: number; start: number; ticks: number }[] = [];
  let sounding: { pitch: number; start: number; ticks: number } | undefined;
  for (let tick = 0; tick < tokens.length; tick++) {
    const token = tokens[tick]!;
    if (token === hold) {
      if (sounding) sounding.ticks++;
    } else if (token === rest) {
      sounding = undefined;
    } else {
      const pitch = firstPitch + token - firstOnset;
      if (!(Number.isInteger(token) && token >= firstOnset && pitch <= 127)) {
        throw new RangeError(
          `notesOf: token ${token} at tick ${tick}; expected the rest ${rest}, the hold ${hold}, or an onset from ${firstOnset} to ${firstOnset + 127 - firstPitch}`,
        );
      }
      sounding = { pitch, start: tick, ticks: 1 };
      notes.push(sounding);
    }
  }
  return notes;
}

/** Ticks of a bar. */
export function ticksPerBar({ ticksPerBeat, beatsPerBar }: NotesDescription): number {
  return ticksPerBeat * beatsPerBar;
}

const names: readonly string[] = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"];

/** The name of a pitch in scientific notation: 60 is C4, 69 is A4, 61 is C#4. */
export function pitchName(pitch: number): string {
  return `${names[pitch % 12]}${Math.floor(pitch / 12) - 1}`;
}
