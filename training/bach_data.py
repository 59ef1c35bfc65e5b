"""Makes the data files of models/bach: soprano lines of J. S. Bach's chorales, from the corpus inside music21.

    python training/bach_data.py models/bach

Writes

    bigrams.npy   int32 [49, 49]   counts of neighbouring tokens in the training and held-out windows
    held-out.npy  uint8 [256, 128] windows of melodies the model was not trained on: to search on
    fresh.npy     uint8 [256, 128] windows of other such melodies, in no count either: the truth and the floor

A melody is read on a grid of sixteenths: token 0 a rest, 1 the sound before goes on, 2 + p - 48 the onset of MIDI
pitch p. Windows start at bar lines. Every window comes in 12 transpositions, -5 to +6 semitones.

The split is by tune, not by window. Bach harmonised many tunes several times, so melodies that share twelve successive
intervals (without rhythm, so in any key) are one tune and go to one part; about 80 % of the melodies are for
training, 10 % held out, 10 % fresh.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np

LENGTH = 128
FIRST_PITCH = 48
LAST_PITCH = 94
VOCABULARY = 2 + LAST_PITCH - FIRST_PITCH + 1
REST, HOLD = 0, 1
TRANSPOSITIONS = range(-5, 7)
SHARED_INTERVALS = 12


@dataclass
class Melody:
    """One soprano line; `tokens` untransposed, `bars` the grid steps at which bars start."""

    name: str
    tokens: np.ndarray
    bars: list[int]


def read_melodies() -> list[Melody]:
    """The soprano of every piece of the corpus with four or more parts, where it is as long as a window.

    Bars that are not whole, as the upbeat, are none for a window to start at.
    """
    from music21 import converter, corpus

    melodies = []
    for path in sorted(corpus.getComposer("bach", fileExtensions=("mxl",))):
        parts = converter.parse(path).parts
        if len(parts) < 4:
            continue
        soprano = next((part for part in parts if part.partName == "Soprano"), parts[0])
        tokens = tokens_of(soprano)
        measures = soprano.getElementsByClass("Measure")
        whole = [measure for measure in measures if measure.quarterLength == measure.barDuration.quarterLength]
        bars = [grid(measure.offset) for measure in whole if grid(measure.offset) + LENGTH <= len(tokens)]
        if bars:
            melodies.append(Melody(Path(path).stem, tokens, bars))
    return melodies


def grid(quarters: float) -> int:
    """Sixteenths from quarter notes."""
    return round(float(quarters) * 4)


def tokens_of(part) -> np.ndarray:
    """[n] tokens of a part; of a chord the highest note, of two notes within one sixteenth the first."""
    notes = part.flatten().notesAndRests
    tokens = np.full(max((grid(note.offset + note.duration.quarterLength) for note in notes), default=0), REST)
    taken = -1
    for note in notes:
        start, end = grid(note.offset), grid(note.offset + note.duration.quarterLength)
        start = max(start, taken)
        if end <= start:
            continue
        taken = end
        if note.isRest:
            continue
        tied = note.tie is not None and note.tie.type in ("stop", "continue")
        tokens[start] = HOLD if tied else 2 + max(pitch.midi for pitch in note.pitches) - FIRST_PITCH
        tokens[start + 1 : end] = HOLD
    return tokens


def tunes(melodies: list[Melody]) -> np.ndarray:
    """[n] number of the tune of each melody: the connected components of "shares ten successive intervals"."""
    tune = np.arange(len(melodies))
    first_with: dict[bytes, int] = {}
    for at, melody in enumerate(melodies):
        intervals = np.diff(melody.tokens[melody.tokens > HOLD]).astype(np.int8)
        for start in range(len(intervals) - SHARED_INTERVALS + 1):
            other = first_with.setdefault(intervals[start : start + SHARED_INTERVALS].tobytes(), at)
            tune[tune == tune[at]] = tune[other]
    return tune


def split(melodies: list[Melody], seed: int = 0) -> dict[str, list[Melody]]:
    """Tunes in random order fill `fresh`, then `held_out`, to a tenth of the melodies each; the rest trains."""
    tune = tunes(melodies)
    parts: dict[str, list[Melody]] = {"fresh": [], "held_out": [], "training": []}
    for number in np.random.default_rng(seed).permutation(np.unique(tune)):
        members = [melody for melody, own in zip(melodies, tune) if own == number]
        room = (name for name in ("fresh", "held_out") if len(parts[name]) + len(members) <= 0.1 * len(melodies))
        parts[next(room, "training")] += members
    return parts


def windows(melodies: list[Melody]) -> np.ndarray:
    """[n, LENGTH] every distinct window in every transposition that stays within the pitches there are."""
    rows = []
    for melody in melodies:
        for bar in melody.bars:
            window = melody.tokens[bar : bar + LENGTH]
            for shift in TRANSPOSITIONS:
                moved = np.where(window > HOLD, window + shift, window)
                onsets = moved[window > HOLD]
                if len(onsets) and onsets.min() >= 2 and onsets.max() < VOCABULARY:
                    rows.append(moved)
    return np.unique(np.array(rows, np.uint8), axis=0)


def spread(melodies: list[Melody], count: int, seed: int) -> np.ndarray:
    """[count, LENGTH] distinct windows in random order and random transposition, about as many of every melody."""
    rng = np.random.default_rng(seed)
    own = [rng.permutation(windows([melody])) for melody in melodies]
    rounds = [rows[turn] for turn in range(max(map(len, own))) for rows in own if turn < len(rows)]
    distinct = list({row.tobytes(): row for row in rounds}.values())[:count]
    assert len(distinct) == count, f"only {len(distinct)} distinct windows"
    return rng.permutation(np.array(distinct))


def bigrams(rows: np.ndarray) -> np.ndarray:
    """[V, V] counts of neighbouring tokens."""
    pairs = rows[:, :-1].astype(np.int64) * VOCABULARY + rows[:, 1:]
    return np.bincount(pairs.ravel(), minlength=VOCABULARY**2).reshape(VOCABULARY, VOCABULARY).astype(np.int32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, help="the model folder, models/bach")
    folder = parser.parse_args().folder
    parts = split(read_melodies())
    for name, melodies in parts.items():
        print(f"{name}: {len(melodies)} melodies, {len(windows(melodies))} windows")
    np.save(folder / "bigrams.npy", bigrams(windows(parts["training"] + parts["held_out"])))
    np.save(folder / "held-out.npy", spread(parts["held_out"], 256, seed=1))
    np.save(folder / "fresh.npy", spread(parts["fresh"], 256, seed=2))


if __name__ == "__main__":
    main()
