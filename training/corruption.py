"""How clean tokens are noised: the three processes the models are trained on.

Each turns tokens x [n, L] and noise levels t [n] in (0, 1] into noised tokens [n, L]. They are those of
src/processes, with the noises of the manifests.
"""

from collections.abc import Callable
from math import exp

import numpy as np

Corrupt = Callable[[np.ndarray, np.ndarray, np.random.Generator], np.ndarray]


def absorbing(vocabulary: int) -> Corrupt:
    """A token becomes the mask, number `vocabulary`, with chance t (linear noise)."""

    def corrupt(x, t, rng):
        return np.where(rng.random(x.shape) < t[:, None], vocabulary, x)

    return corrupt


def uniform(vocabulary: int) -> Corrupt:
    """A token is drawn again from all `vocabulary` tokens with chance t (linear noise)."""

    def corrupt(x, t, rng):
        return np.where(rng.random(x.shape) < t[:, None], rng.integers(0, vocabulary, x.shape), x)

    return corrupt


def ordinal(size: int, rate_sigma: float, q_sigma: float, base: float, exponential: float) -> Corrupt:
    """A number follows P(t) = exp(sigma(t) R), sigma(t) = base (exponential^t - 1), R as in `ordinal_rates`."""
    levels = 1000
    values, vectors = np.linalg.eig(ordinal_rates(size, rate_sigma, q_sigma))
    inverse = np.linalg.inv(vectors)
    sigmas = [base * (exponential ** (level / levels) - 1) for level in range(levels + 1)]
    chances = np.stack([((vectors * np.exp(sigma * values)) @ inverse).real for sigma in sigmas]).clip(0)
    below = (chances / chances.sum(-1, keepdims=True)).cumsum(-1)

    def corrupt(x, t, rng):
        rows = below[np.rint(t * levels).astype(int)[:, None], x]
        return (rng.random(x.shape)[..., None] > rows).sum(-1).clip(max=size - 1)

    return corrupt


def ordinal_rates(size: int, rate_sigma: float, q_sigma: float) -> np.ndarray:
    """[S, S] rates of jumps towards the middle, exp(-(|x - y| - 1)^2 / rate_sigma^2), and back.

    The way back follows from detailed balance with pi(x) proportional to
    exp(-((x + 1)^2 - S (x + 1)) / (2 q_sigma^2)). Source: Campbell et al. 2022, arXiv 2205.14987, appendix E.
    """
    x, y = np.meshgrid(np.arange(size), np.arange(size), indexing="ij")
    up = (x < size // 2) & (y > x) & (y < size - x)
    down = (x > size // 2) & (y < x) & (y > size - 1 - x)
    inward = np.where(up | down, np.exp(-((abs(x - y) - 1.0) ** 2) / rate_sigma**2), 0)
    law = np.array([exp(-((k + 1) ** 2 - size * (k + 1)) / (2 * q_sigma**2)) for k in range(size)])
    rates = np.where(inward > 0, inward, inward.T * law / law[:, None])
    np.fill_diagonal(rates, 0)
    return rates - np.diag(rates.sum(1))
