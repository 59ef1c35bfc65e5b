"""What each model is trained on, how it is noised and how long it learns."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

import bach_data
import data_statistics
import digits_data
from corruption import Corrupt, absorbing, ordinal, uniform
from network import Shape


@dataclass(frozen=True)
class Recipe:
    data: str
    """What the training data are, for the manifest."""
    draw: Callable[[np.random.Generator, int], np.ndarray]
    """[n, L] n training sequences."""
    validation: np.ndarray
    """[n, L] sequences that `draw` never gives."""
    corrupt: Corrupt
    masked: bool
    """Whether the process is absorbing: then the loss is asked only of masks and the network is not told t."""
    shape: Shape
    batch: int
    rounds: tuple[int, ...]
    """The step at which each round ends, the learning rate having fallen to 0. One round is the rule."""
    rate: float
    """Learning rate of the matrices (Muon); the rest learns at half of it (AdamW)."""
    weight_decay: float = 0.01


def text(options) -> Recipe:
    if options.text is None:
        raise SystemExit("train.py text: --text is missing; expected the path of the King James text")
    kept, alphabet = data_statistics.kept(data_statistics.read_verses(options.text))
    tokens = data_statistics.tokens_of(kept, alphabet)
    training, rest = tokens[: -data_statistics.HELD_OUT_CHARACTERS], tokens[-data_statistics.HELD_OUT_CHARACTERS :]
    length, vocabulary = data_statistics.LENGTH, len(alphabet)

    def windows(source, rng, count):
        return source[rng.integers(0, len(source) - length, count)[:, None] + np.arange(length)]

    return Recipe(
        data="King James Bible without the last 200,000 characters",
        draw=lambda rng, count: windows(training, rng, count),
        validation=windows(rest, np.random.default_rng(1), 1280),
        corrupt=absorbing(vocabulary),
        masked=True,
        shape=Shape(vocabulary + 1, vocabulary, length, width=160, blocks=6, heads=5),
        batch=16,
        rounds=(1900, 2700),
        rate=0.01,
    )


def countdown(options) -> Recipe:
    vocabulary = 32
    return Recipe(
        data="sequences of the strict countdown rule, drawn anew for every step",
        draw=lambda rng, count: data_statistics.countdown_sequences(count, seed=int(rng.integers(2**40, 2**50))),
        validation=data_statistics.countdown_sequences(1000, seed=9),
        corrupt=absorbing(vocabulary),
        masked=True,
        shape=Shape(vocabulary + 1, vocabulary, data_statistics.LENGTH, width=128, blocks=4, heads=4),
        batch=16,
        rounds=(450,),
        rate=0.01,
    )


def bach(options) -> Recipe:
    parts = bach_data.split(bach_data.read_melodies())
    training, held_out = bach_data.windows(parts["training"]), bach_data.windows(parts["held_out"])
    vocabulary = bach_data.VOCABULARY
    return Recipe(
        data=f"soprano lines of {len(parts['training'])} of Bach's chorales, windows of 128 sixteenths in 12 keys",
        draw=lambda rng, count: training[rng.integers(0, len(training), count)],
        validation=np.random.default_rng(1).permutation(held_out)[:1280],
        corrupt=uniform(vocabulary),
        masked=False,
        shape=Shape(
            vocabulary, vocabulary, bach_data.LENGTH, width=160, blocks=4, heads=5, timed=True, dropout=0.1
        ),
        batch=32,
        rounds=(700,),
        rate=0.01,
        weight_decay=0.1,
    )


def digits(options) -> Recipe:
    parts = digits_data.split()
    training = parts["train"][0]
    size = digits_data.GREYS
    return Recipe(
        data="1297 images of the UCI handwritten digits, 8 x 8",
        draw=lambda rng, count: training[rng.integers(0, len(training), count)],
        validation=np.tile(parts["held-out"][0], (8, 1)),
        corrupt=ordinal(size, rate_sigma=4, q_sigma=8, base=0.158, exponential=20),
        masked=False,
        shape=Shape(size, size, 64, width=160, blocks=4, heads=5, timed=True, columns=8, dropout=0.1),
        batch=64,
        rounds=(700,),
        rate=0.01,
        weight_decay=0.1,
    )


recipes: dict[str, Callable[[object], Recipe]] = {
    "text": text,
    "countdown-net": countdown,
    "bach": bach,
    "digits": digits,
}
