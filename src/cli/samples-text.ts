import type { TokensDescription } from "../model/manifest.ts";
import { greysOf } from "../tokens/grey.ts";
import { type NotesDescription, notesOf, pitchName, ticksPerBar } from "../tokens/notes.ts";

/** From black to white, as a terminal with light letters on a dark ground shows them. */
const SHADES = " ░▒▓█";
const TERMINAL = 80;
const GAP = "  ";

/**
 * Melodies or images as lines for a terminal.
 *
 * A melody has a line a bar and a word a tick: the name of the note that starts, "." while it goes on, "-" for
 * silence. A pixel is two characters wide; as many images as fit 80 characters stand side by side.
 *
 * @param samples tokens of each
 */
export function samplesText(
  samples: readonly ArrayLike<number>[],
  { description, vocabulary }: { description: TokensDescription; vocabulary: number },
): string {
  if (description.kind === "notes") {
    return samples.map((tokens) => melodyLines(tokens, description).join("\n")).join("\n\n");
  }
  const { columns } = description;
  const images = samples.map((tokens) => imageLines(tokens, { columns, vocabulary }));
  const across = Math.max(1, Math.floor((TERMINAL + GAP.length) / (2 * columns + GAP.length)));
  const bands = Array.from({ length: Math.ceil(images.length / across) }, (_, band) => {
    const beside = images.slice(band * across, (band + 1) * across);
    return beside[0]!
      .map((_, row) =>
        beside
          .map((lines) => lines[row])
          .join(GAP)
          .trimEnd(),
      )
      .join("\n");
  });
  return bands.join("\n\n");
}

function melodyLines(tokens: ArrayLike<number>, description: NotesDescription): string[] {
  const words = new Array<string>(tokens.length).fill("-");
  for (const { pitch, start, ticks } of notesOf(tokens, description)) {
    words.fill(".", start, start + ticks);
    words[start] = pitchName(pitch);
  }
  const bar = ticksPerBar(description);
  return Array.from({ length: Math.ceil(words.length / bar) }, (_, i) =>
    words
      .slice(i * bar, (i + 1) * bar)
      .map((word) => word.padEnd(3))
      .join(" ")
      .trimEnd(),
  );
}

function imageLines(
  tokens: ArrayLike<number>,
  { columns, vocabulary }: { columns: number; vocabulary: number },
): string[] {
  const letters = Array.from(greysOf(tokens, vocabulary), (grey) =>
    SHADES[Math.round((grey / 255) * (SHADES.length - 1))]!.repeat(2),
  );
  return Array.from({ length: letters.length / columns }, (_, row) =>
    letters.slice(row * columns, (row + 1) * columns).join(""),
  );
}
