import { type Truth, trueRows } from "./continuations.ts";
import { hellinger } from "./law-distance.ts";
import type { Measure } from "./measure.ts";
import { type NoteTokens, soundingNotes } from "./sounding-notes.ts";

/**
 * Hellinger distance of histograms of notes, sqrt(1 - sum_v sqrt(p_v q_v)), 0 to 1.
 *
 * Counted is what sounds at each tick (`soundingNotes`): a pitch for as long as it sounds, and silence as one more
 * class, as in piano rolls with a token a tick. With a prefix, p is the histogram of one sequence after the
 * prefix and q that of the real sequence that was given, found by its beginning (if several begin so, of all of
 * them); the value is the mean over sequences. The truth scores 0, so there is no floor of fresh data: compare
 * with `unrelatedContinuations`. With prefix 0, p and q are the histograms of all sequences together.
 *
 * It does not see the order of notes. A model that plays the key's commonest pitches scores well.
 *
 * @param options.truth [n, length] real sequences @param options.prefix tokens given, 0 to length - 1
 * Source: Campbell et al. 2022, arXiv 2205.14987, and Park et al. 2024, arXiv 2410.07761, who give two of 16 bars.
 */
export function noteHellinger(options: Truth & { readonly notes: NoteTokens }): Measure {
  const { truth, length, prefix, notes } = options;
  const classes = notes.vocabulary - notes.firstOnset + 1;
  const named = { name: "note-hellinger", better: "lower" } as const;
  const sounding = soundingNotes(truth, length, notes);
  if (prefix === 0) {
    const law = histogram([sounding], classes);
    return {
      ...named,
      label: "Hellinger distance of notes to the data's",
      of: (tokens, own) => hellinger(histogram([soundingNotes(tokens, own, notes)], classes), law),
    };
  }
  const rowsOf = trueRows("noteHellinger", options);
  const after = (all: Int32Array, row: number) => all.subarray(row * length + prefix, (row + 1) * length);
  return {
    ...named,
    label: "Hellinger distance of notes to the true continuation's",
    scores: (tokens, own) => {
      const rows = rowsOf(tokens, own);
      const played = soundingNotes(tokens, own, notes);
      return Float64Array.from(rows, (those, row) =>
        hellinger(
          histogram([after(played, row)], classes),
          histogram(
            those.map((each) => after(sounding, each)),
            classes,
          ),
        ),
      );
    },
  };
}

/** [classes] shares of the ticks. */
function histogram(stretches: readonly Int32Array[], classes: number): Float64Array {
  const counts = new Float64Array(classes);
  let ticks = 0;
  for (const stretch of stretches) {
    for (const sounding of stretch) counts[sounding]!++;
    ticks += stretch.length;
  }
  return counts.map((count) => count / ticks);
}
