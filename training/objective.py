"""What the networks minimise.

The network p(x_0 | x_t) learns to give the clean tokens from noised ones by cross-entropy, so its optimum is the
exact posterior. With l the mean of -log p(x_0^d | x_t) over what is asked, and t uniform in (0, 1]:

    absorbing         half E l over masks, half the NELBO, E [ 1/(t L) sum over masks of -log p ]
    uniform, ordinal  E l over all positions

The NELBO weighs all noise levels alike, but rests on few masks with weights of up to 1/t (Sahoo et al. 2024, arXiv
2406.07524, equation 10); the mean over masks steadies it and leans towards many masks, where few-step sampling is
decided. The validation loss is the NELBO, or E l, in nats per token, of fixed sequences under fixed noise.
"""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from recipes import Recipe

EARLIEST = 1e-3
"""The lowest noise level, so that 1/t stays bounded."""


def noised(clean: np.ndarray, recipe: Recipe, rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Clean tokens [n, L], noised ones [n, L] and their levels t [n], one from each n-th of (0, 1]."""
    t = ((np.arange(len(clean)) + rng.random()) / len(clean)).clip(EARLIEST, 1)
    x = recipe.corrupt(clean.astype(np.int64), t, rng)
    return torch.from_numpy(clean.astype(np.int64)), torch.from_numpy(x), torch.from_numpy(t.astype(np.float32))


def losses(predict, recipe: Recipe, clean: Tensor, x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
    """The loss to train on and the one to report, nats per token."""
    logits = predict(x) if recipe.masked else predict(x, t)
    surprise = F.cross_entropy(logits.float().transpose(1, 2), clean, reduction="none")
    if not recipe.masked:
        return surprise.mean(), surprise.mean()
    masked = x != clean
    surprise = surprise * masked
    nelbo = (surprise.sum(1) / t).mean() / clean.shape[1]
    return (surprise.sum() / masked.sum().clamp(min=1) + nelbo) / 2, nelbo


@torch.no_grad()
def validation_loss(predict, recipe: Recipe, rows: int | None = None) -> float:
    """Mean over the validation sequences, in batches of 32 under fixed noise."""
    rng = np.random.default_rng(2)
    clean = recipe.validation[:rows]
    batches = [clean[at : at + 32] for at in range(0, len(clean), 32)]
    return float(np.mean([losses(predict, recipe, *noised(batch, recipe, rng))[1].item() for batch in batches]))
