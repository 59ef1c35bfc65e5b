import { type NotesDescription, notesOf } from "../tokens/notes.ts";
import type { Comparison } from "./comparison.ts";
import { plural } from "./findings.ts";
import { greyPicture } from "./grey-picture.ts";
import { playableRoll } from "./melody-player.ts";
import { type PitchRange, pianoRoll, pitchRange } from "./piano-roll.ts";
import type { Shown } from "./reveal-order.ts";

/**
 * How a comparison shows samples as what their tokens stand for: all images, or the first `most` melodies, each with
 * a button to play it. Undefined where tokens are characters or plain numbers.
 */
export function shownTokens(
  comparison: Comparison,
): ((shown: Shown, most: number) => string | undefined) | undefined {
  const { tokens: description, vocabulary } = comparison.model;
  if (!description) return undefined;
  const range = description.kind === "notes" ? commonRange(comparison, description) : undefined;
  return ({ samples: { tokens, method }, calls }, most) => {
    if (!tokens) return undefined;
    const origin = `${method} at ${plural(calls)}`;
    if (description.kind === "grey") {
      const pictures = tokens.map((image, i) => {
        const describe = `Image ${i + 1} of ${origin}, ${description.rows} by ${description.columns} pixels`;
        return `<li>${greyPicture(image, { ...description, vocabulary }, { describe })}</li>`;
      });
      return `<ul class="images">${pictures.join("")}</ul>`;
    }
    const rolls = tokens.slice(0, most).map((melody, i) => {
      const notes = notesOf(melody, description);
      const { length } = melody;
      const name = `melody ${i + 1} of ${origin}`;
      const svg = pianoRoll(notes, description, { length, name, ...(range ? { range } : {}) });
      return playableRoll(svg, notes, { name, length, description });
    });
    return rolls.join("");
  };
}

/** One range of pitches for all melodies of a comparison, so that equal heights are equal pitches. */
function commonRange({ samples }: Comparison, description: NotesDescription): PitchRange {
  const melodies = samples.flatMap(({ tokens }) => tokens ?? []);
  return pitchRange(melodies.map((melody) => notesOf(melody, description)));
}
