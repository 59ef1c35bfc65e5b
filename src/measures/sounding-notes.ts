import type { NotesDescription } from "../tokens/notes.ts";
import { countSequences } from "./measure.ts";

/** How a melody is told in tokens, one a tick; of V tokens the onsets are firstOnset to V - 1. */
export interface NoteTokens extends Pick<NotesDescription, "rest" | "hold" | "firstOnset"> {
  readonly vocabulary: number;
}

/** The class of a tick at which nothing sounds; class 1 + p is the pitch of onset token firstOnset + p. */
export const SILENT = 0;

/**
 * What sounds at every tick: an onset sounds its pitch, a hold what sounded at the tick before, a rest nothing. A
 * hold at the start of a sequence sounds nothing, for its onset is not there.
 *
 * @param tokens [count, length]
 * @returns [count, length] classes, `SILENT` or 1 + pitch
 * @throws RangeError on a token that is neither rest nor hold nor an onset
 */
export function soundingNotes(
  tokens: Int32Array,
  length: number,
  { rest, hold, firstOnset, vocabulary }: NoteTokens,
): Int32Array {
  countSequences("soundingNotes", tokens, length);
  const sounding = new Int32Array(tokens.length);
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at]!;
    if (token >= firstOnset && token < vocabulary) sounding[at] = 1 + token - firstOnset;
    else if (token === hold) sounding[at] = at % length === 0 ? SILENT : sounding[at - 1]!;
    else if (token !== rest) {
      throw new RangeError(
        `soundingNotes: token ${token} in row ${Math.floor(at / length)} at position ${at % length}; expected the rest ${rest}, the hold ${hold} or an onset from ${firstOnset} to ${vocabulary - 1}`,
      );
    }
  }
  return sounding;
}
