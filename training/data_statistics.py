"""Makes the data files of text, countdown, countdown-net and letters, from the text of the King James Bible.

    python training/data_statistics.py KJV.txt models

KJV.txt (or .txt.gz) has one verse a line with its reference in front: Debian's `apt-get install bible-kjv`, then
`bible -f gen1:1-rev22:21 > KJV.txt`. Needs numpy. The same input gives the same bytes, but for the last digits of
letters/chain.json, which depend on how the machine adds. Writes into the folders

    text/           bigrams.npy   int32 [37, 37]      counts of neighbouring characters
                    trigrams.npy  int32 [37, 37, 37]
                    words.txt     every word of the text, one a line
                    held-out.npy  uint8 [256, 256]    windows of the part the model was not trained on
                    fresh.npy     uint8 [256, 256]    windows of the whole text that are not in the counts
    countdown/      chain.json    the countdown rule with a 0.001 chance of a uniform token
    countdown-net/  held-out.npy  uint8 [256, 256]    sequences of the strict rule
    letters/        chain.json    first-order chain of the letters and the space

and sets `sha256` in each manifest to that of the model file (model.onnx or chain.json) beside it.

Which text the n-grams are counted in: all of it but the windows of fresh.npy. The books differ among themselves
(the held-out part is the last 200,000 characters, Colossians to Revelation, and is further from the whole than 64
random windows are by chance), so the law of the data is that of the whole text, and what fresh data score must
be asked of windows from all over it.
"""

import argparse
import gzip
import hashlib
import json
import re
from pathlib import Path

import numpy as np

LENGTH = 256
HELD_OUT_CHARACTERS = 200_000
LETTERS = "abcdefghijklmnopqrstuvwxyz "


def read_verses(path: Path) -> str:
    """The text in lower case without references, white space folded to one space."""
    opened = gzip.open(path, "rt") if path.suffix == ".gz" else open(path)
    with opened as file:
        text = re.sub(r"(?m)^\S+ ", "", file.read()).lower()
    return re.sub(r"\s+", " ", text)


def kept(verses: str) -> tuple[str, str]:
    """The text as the text model sees it, and its alphabet: letters, the space and marks."""
    text = re.sub(r"[^a-z ,.;:?!'()-]", "", verses)
    return text, "".join(sorted(set(text)))


def tokens_of(text: str, alphabet: str) -> np.ndarray:
    """[n] index of every character in the alphabet."""
    index = np.full(128, -1)
    index[[ord(c) for c in alphabet]] = np.arange(len(alphabet))
    tokens = index[np.frombuffer(text.encode("ascii"), np.uint8)]
    assert tokens.min() >= 0, "a character is not in the alphabet"
    return tokens


def windows(tokens: np.ndarray, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """`count` windows at random, in random order, from those that start at multiples of LENGTH, and their starts."""
    cells = np.random.default_rng(seed).permutation(len(tokens) // LENGTH)[:count]
    starts = cells * LENGTH
    return np.stack([tokens[start : start + LENGTH] for start in starts]), starts


def n_grams(stretches: list[np.ndarray], n: int, vocabulary: int) -> np.ndarray:
    """[V] * n counts, none across the border of two stretches."""
    total = np.zeros(vocabulary**n, np.int64)
    for tokens in stretches:
        if len(tokens) < n:
            continue
        index = np.zeros(len(tokens) - n + 1, np.int64)
        for j in range(n):
            index = index * vocabulary + tokens[j : len(tokens) - n + 1 + j]
        total += np.bincount(index, minlength=vocabulary**n)
    return total.reshape([vocabulary] * n)


def text_statistics(verses: str, folder: Path) -> None:
    text, alphabet = kept(verses)
    tokens = tokens_of(text, alphabet)
    held_out, _ = windows(tokens[-HELD_OUT_CHARACTERS:], 256, seed=0)
    fresh, starts = windows(tokens, 256, seed=1)
    borders = np.sort(np.concatenate([starts, starts + LENGTH]))
    stretches = np.split(tokens, borders)[::2]  # every second stretch is one or more of the fresh windows
    for name, n in (("bigrams", 2), ("trigrams", 3)):
        np.save(folder / f"{name}.npy", n_grams(stretches, n, len(alphabet)).astype(np.int32))
    np.save(folder / "held-out.npy", held_out.astype(np.uint8))
    np.save(folder / "fresh.npy", fresh.astype(np.uint8))
    words = sorted(set(re.findall(r"[a-z']+", text)))
    (folder / "words.txt").write_text("\n".join(words) + "\n")
    assert json.loads((folder / "manifest.json").read_text())["alphabet"] == alphabet


def letters_chain(verses: str) -> dict:
    """Every other character a space, 0.1 added to every count; starts in its stationary law."""
    tokens = tokens_of(re.sub(r"[^a-z]+", " ", verses), LETTERS)
    counts = n_grams([tokens], 2, len(LETTERS)) + 0.1
    transition = counts / counts.sum(1, keepdims=True)
    law = np.full(len(LETTERS), 1 / len(LETTERS))
    for _ in range(1000):
        law = law @ transition
        law /= law.sum()
    return chain(law, transition, length=128)


def countdown_chain(vocabulary: int = 32, slip: float = 0.001) -> dict:
    """x - 1 after x > 0, uniform after 0; with probability `slip` a uniform token instead."""
    rule = np.full((vocabulary, vocabulary), 1 / vocabulary)
    rule[1:] = np.eye(vocabulary)[:-1]
    uniform = np.full(vocabulary, 1 / vocabulary)
    return chain(uniform, (1 - slip) * rule + slip / vocabulary, length=LENGTH)


def chain(initial: np.ndarray, transition: np.ndarray, length: int) -> dict:
    return {"initial": initial.tolist(), "transition": transition.tolist(), "length": length}


def countdown_sequences(count: int, vocabulary: int = 32, seed: int = 9) -> np.ndarray:
    """[count, LENGTH] sequences of the strict rule, each a row of runs s, s-1, ..., 0 with s uniform."""
    rng = np.random.default_rng(seed)
    rows = np.zeros((count, LENGTH + vocabulary), np.uint8)
    for row in rows:
        at = 0
        while at < LENGTH:
            start = int(rng.integers(0, vocabulary))
            row[at : at + start + 1] = np.arange(start, -1, -1)
            at += start + 1
    return rows[:, :LENGTH]


def seal(folder: Path) -> None:
    """Sets the manifest's sha256 to that of the model file."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["sha256"] = hashlib.sha256((folder / manifest["file"]).read_bytes()).hexdigest()
    path.write_text(json.dumps(manifest, indent=2) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("text", type=Path, help="the King James text, .txt or .txt.gz")
    parser.add_argument("models", type=Path, help="the folder that holds the model folders")
    options = parser.parse_args()
    verses = read_verses(options.text)
    text_statistics(verses, options.models / "text")
    for name, made in (("countdown", countdown_chain()), ("letters", letters_chain(verses))):
        (options.models / name / "chain.json").write_text(json.dumps(made) + "\n")
    np.save(options.models / "countdown-net" / "held-out.npy", countdown_sequences(256))
    for name in ("text", "countdown", "countdown-net", "letters"):
        seal(options.models / name)


if __name__ == "__main__":
    main()
