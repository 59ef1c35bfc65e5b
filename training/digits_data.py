"""Makes the data files of models/digits: 8 x 8 grey images of handwritten digits, scikit-learn's copy of the UCI set.

    python training/digits_data.py models/digits

Writes

    train.npy     uint8 [1297, 64]  the images the model is trained on: to look for near copies among samples
    held-out.npy  uint8 [200, 64]   images it was not trained on: to search on
    fresh.npy     uint8 [300, 64]   other such images: the truth and the floor
    features.npy  float32 [65, 32]  the feature space of the Frechet distance

Grey goes from 0 to 16, rows from top to bottom. The split is random (seed 0), because the set is ordered by writer
and the last writers differ from the first.

Features of an image x: tanh(x / 16 W + b), W the first 64 rows of features.npy and b the last. They are the hidden
layer of a classifier of the ten digits, trained on the training images alone, so that they tell apart what a reader
tells apart. With 32 of them, 300 images suffice for a covariance.
"""

import argparse
from pathlib import Path

import numpy as np

GREYS = 17
PARTS = {"train": 1297, "held-out": 200, "fresh": 300}


def split(seed: int = 0) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Images uint8 [n, 64] and their digits [n], by part."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    order = np.random.default_rng(seed).permutation(len(digits.target))
    borders = np.cumsum(list(PARTS.values()))[:-1]
    return {
        name: (digits.images[rows].reshape(-1, 64).astype(np.uint8), digits.target[rows])
        for name, rows in zip(PARTS, np.split(order, borders))
    }


def features(images: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """[n, 32] of images [n, 64]."""
    return np.tanh(images / 16 @ weights[:-1] + weights[-1])


def classifier(images: np.ndarray, digits: np.ndarray, seed: int = 0):
    """One hidden layer of 32 units with tanh; the weight decay keeps it away from single pixels."""
    from sklearn.neural_network import MLPClassifier

    made = MLPClassifier((32,), activation="tanh", alpha=0.1, max_iter=1000, random_state=seed)
    return made.fit(images / 16, digits)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, help="the model folder, models/digits")
    folder = parser.parse_args().folder
    parts = split()
    for name, (images, _) in parts.items():
        np.save(folder / f"{name}.npy", images)
    made = classifier(*parts["train"])
    for name in ("held-out", "fresh"):
        images, digits = parts[name]
        print(f"{name}: {made.score(images / 16, digits):.3f} of {len(digits)} classified correctly")
    weights = np.vstack([made.coefs_[0], made.intercepts_[0]]).astype(np.float32)
    np.save(folder / "features.npy", weights)


if __name__ == "__main__":
    main()
