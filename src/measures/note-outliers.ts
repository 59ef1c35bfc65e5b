import { type Truth, trueRows } from "./continuations.ts";
import type { SequenceMeasure } from "./measure.ts";
import { type NoteTokens, SILENT, soundingNotes } from "./sounding-notes.ts";

/**
 * Share of outlier notes: of the ticks after the prefix at which a sequence sounds (`soundingNotes`), those at a
 * pitch that the real sequence that was given never sounds after its prefix,
 *
 *   #{ d >= prefix : pitch(d) not in truth } / #{ d >= prefix : something sounds }, mean over sequences, 0 to 1.
 *
 * A note counts as long as it sounds, as in piano rolls with a token a tick; silence is no note, and a sequence of
 * silence scores 0. The truth is found by the beginning of a sequence; if several real ones begin so, their
 * pitches together. The truth itself scores 0: compare with `unrelatedContinuations`.
 *
 * @param options.truth [n, length] real sequences @param options.prefix at least 1
 * Source: Campbell et al. 2022, arXiv 2205.14987, and Park et al. 2024, arXiv 2410.07761.
 */
export function noteOutliers(options: Truth & { readonly notes: NoteTokens }): SequenceMeasure {
  const { truth, length, prefix, notes } = options;
  const rowsOf = trueRows("noteOutliers", options);
  const sounding = soundingNotes(truth, length, notes);
  const after = (all: Int32Array, row: number) => all.subarray(row * length + prefix, (row + 1) * length);
  return {
    name: "note-outliers",
    label: "share of notes that the true continuation lacks",
    better: "lower",
    scores(tokens, own) {
      const rows = rowsOf(tokens, own);
      const played = soundingNotes(tokens, own, notes);
      return Float64Array.from(rows, (those, row) => {
        const known = new Set(those.flatMap((each) => Array.from(after(sounding, each))));
        const heard = after(played, row).filter((note) => note !== SILENT);
        return heard.length > 0 ? heard.filter((note) => !known.has(note)).length / heard.length : 0;
      });
    },
  };
}
