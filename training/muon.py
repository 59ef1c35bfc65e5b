"""Muon: momentum whose update, a matrix, is replaced by the nearest one with equal singular values.

Source: K. Jordan et al. 2024, https://kellerjordan.github.io/posts/muon. torch.optim.Muon works in bfloat16, which
processors without such instructions only emulate; this one works in the type of the weights, all matrices of one
shape at once.
"""

from collections import defaultdict

import torch
from torch import Tensor


def orthogonal(update: Tensor, iterations: int = 5) -> Tensor:
    """About U V^T for update = U S V^T, [n, rows, columns]: X <- a X + (b A + c A^2) X with A = X X^T."""
    a, b, c = 3.4445, -4.7750, 2.0315
    tall = update.shape[1] > update.shape[2]
    x = update.mT if tall else update
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(iterations):
        square = x @ x.mT
        x = a * x + (b * square + c * square @ square) @ x
    return x.mT if tall else x


class Muon(torch.optim.Optimizer):
    """Nesterov momentum, orthogonal, scaled to the size of an AdamW update: 0.2 sqrt(max(rows, columns))."""

    def __init__(self, weights, lr: float, momentum: float = 0.95, weight_decay: float = 0.0):
        super().__init__(weights, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self) -> None:
        for group in self.param_groups:
            alike = defaultdict(list)
            for weight in group["params"]:
                alike[weight.shape].append(weight)
            for (rows, columns), weights in alike.items():
                updates = torch.stack([self.nesterov(weight, group["momentum"]) for weight in weights])
                # Query, key and value are three matrices in one; each gets its own orthogonal update.
                parts = 3 if rows == 3 * columns else 1
                whole = orthogonal(updates.view(-1, rows // parts, columns)).view_as(updates)
                scale = 0.2 * max(rows // parts, columns) ** 0.5
                for weight, update in zip(weights, whole):
                    weight.mul_(1 - group["lr"] * group["weight_decay"]).sub_(update, alpha=group["lr"] * scale)

    def nesterov(self, weight: Tensor, momentum: float) -> Tensor:
        state = self.state[weight]
        if not state:
            state["momentum"] = torch.zeros_like(weight)
        kept = state["momentum"].lerp_(weight.grad, 1 - momentum)
        return weight.grad.lerp(kept, momentum)
