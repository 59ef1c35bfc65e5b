"""Counts neighbouring words of the text model's data, for its word-bigram-kl measure.

    python training/word_statistics.py KJV.txt models/text

KJV.txt (or .txt.gz) is the text that data_statistics.py reads. Needs numpy. Writes into the folder

    common-words.txt   the 63 most common words, the most common first, one a line
    word-bigrams.npy   int32 [64, 64]   pairs of neighbouring words

Classes 0 to 62 are the common words in their order, 63 is any other word. Counted is the text in which the n-grams
are counted: all but the windows of fresh.npy. A word is a run of a-z and apostrophe; one that touches the end of a
stretch may be cut and is left out, and no pair reaches across.
"""

import argparse
import re
from collections import Counter
from pathlib import Path

import numpy as np
from data_statistics import LENGTH, kept, read_verses, tokens_of, windows

COMMON = 63
WORD = re.compile(r"[a-z']+")


def counted_stretches(text: str, alphabet: str) -> list[str]:
    """The text between the windows that became fresh.npy."""
    _, starts = windows(tokens_of(text, alphabet), 256, seed=1)
    stretches, last = [], 0
    for start in sorted(starts):
        stretches.append(text[last:start])
        last = start + LENGTH
    return [*stretches, text[last:]]


def whole_words(stretch: str) -> list[str]:
    """Words that touch neither end."""
    return [match[0] for match in WORD.finditer(stretch) if 0 < match.start() and match.end() < len(stretch)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("text", type=Path, help="the King James text, .txt or .txt.gz")
    parser.add_argument("folder", type=Path, help="the model folder, models/text")
    options = parser.parse_args()
    text, alphabet = kept(read_verses(options.text))
    stretches = [whole_words(stretch) for stretch in counted_stretches(text, alphabet)]
    totals = Counter(word for words in stretches for word in words)
    # Words that are as common as one another stand in the order of the alphabet.
    common = sorted(totals, key=lambda word: (-totals[word], word))[:COMMON]
    number = {word: at for at, word in enumerate(common)}
    counts = np.zeros((COMMON + 1, COMMON + 1), np.int32)
    for words in stretches:
        classes = np.array([number.get(word, COMMON) for word in words], np.int64)
        np.add.at(counts, (classes[:-1], classes[1:]), 1)
    (options.folder / "common-words.txt").write_text("\n".join(common) + "\n")
    np.save(options.folder / "word-bigrams.npy", counts)
    print(f"{counts.sum()} pairs; the common words are {sum(totals[word] for word in common) / totals.total():.1%} of all")


if __name__ == "__main__":
    main()
