"""A U-Net for images of 8 x 8 pixels that are noised by Gaussian noise.

Input: x [B, 1, 8, 8], the time t [B] of the noise and a label [B], the last of which stands for "none". Output
[B, 1, 8, 8]. Nothing in it depends on other images of the batch.

What the network is told of the time is lambda(t), half the log signal-to-noise ratio, in waves no shorter than a fifth
of its range: its answer is then smooth in lambda, which is what solvers of high order rest on.
"""

from math import log

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def half_log_snr(t: Tensor, beta0: float, beta1: float) -> Tensor:
    """lambda = log(alpha / sigma) of VP-linear noise.

    With a = -log alpha, sigma^2 = 1 - e^(-2a) = 2 tanh a / (1 + tanh a), which keeps its digits where a is small.

    log alpha(t) = -t^2 (beta1 - beta0) / 4 - t beta0 / 2. Source: Song et al. 2021 (2011.13456), equation 33.
    """
    a = 0.25 * (beta1 - beta0) * t * t + 0.5 * beta0 * t
    return -a - 0.5 * torch.log(2 * torch.tanh(a) / (1 + torch.tanh(a)))


class Condition(nn.Module):
    """[B, width] of t and label: sines and cosines of lambda, two layers, plus a row for the label."""

    def __init__(self, width: int, labels: int, beta0: float, beta1: float):
        super().__init__()
        self.rates = beta0, beta1
        self.register_buffer("frequencies", torch.exp(torch.linspace(log(0.2), log(3), 16)))
        self.expand = nn.Linear(32, width)
        self.project = nn.Linear(width, width)
        self.labels = nn.Embedding(labels, width)

    def forward(self, t: Tensor, label: Tensor) -> Tensor:
        angle = half_log_snr(t, *self.rates)[:, None] * self.frequencies
        waves = torch.cat([angle.sin(), angle.cos()], 1)
        return F.silu(self.project(F.silu(self.expand(waves))) + self.labels(label))


class Block(nn.Module):
    """skip(x) + conv(dropout(silu(norm(h) (1 + scale) + shift))), h = conv(silu(norm(x))); scale, shift of the condition."""

    def __init__(self, inside: int, outside: int, condition: int, dropout: float):
        super().__init__()
        self.norm, self.again = nn.GroupNorm(8, inside), nn.GroupNorm(8, outside)
        self.first = nn.Conv2d(inside, outside, 3, padding=1)
        self.second = nn.Conv2d(outside, outside, 3, padding=1)
        self.film = nn.Linear(condition, 2 * outside)
        self.skip = nn.Identity() if inside == outside else nn.Conv2d(inside, outside, 1)
        self.dropout = nn.Dropout(dropout)
        nn.init.zeros_(self.second.weight)
        nn.init.zeros_(self.second.bias)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        h = self.first(F.silu(self.norm(x)))
        scale, shift = self.film(condition)[:, :, None, None].chunk(2, 1)
        return self.skip(x) + self.second(self.dropout(F.silu(self.again(h) * (1 + scale) + shift)))


class Attention(nn.Module):
    """x + attention of norm(x) over all pixels, heads of 32 channels."""

    def __init__(self, width: int):
        super().__init__()
        self.heads = width // 32
        self.norm = nn.GroupNorm(8, width)
        self.query_key_value = nn.Conv2d(width, 3 * width, 1)
        self.project = nn.Conv2d(width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        batch, width, rows, columns = x.shape
        parts = self.query_key_value(self.norm(x)).view(batch, 3, self.heads, 32, rows * columns)
        query, key, value = parts.transpose(3, 4).unbind(1)
        seen = F.scaled_dot_product_attention(query, key, value).transpose(2, 3)
        return x + self.project(seen.reshape(batch, width, rows, columns))


class SmallUNet(nn.Module):
    """Two blocks at 8 x 8, three and attention at 4 x 4, two more at 8 x 8 that also see the first two."""

    def __init__(self, labels: int, beta0: float, beta1: float, width: int = 48, dropout: float = 0.1):
        super().__init__()
        deep, told = 2 * width, 4 * width
        self.condition = Condition(told, labels, beta0, beta1)
        self.enter = nn.Conv2d(1, width, 3, padding=1)
        self.before = nn.ModuleList(Block(width, width, told, dropout) for _ in range(2))
        self.down = nn.Conv2d(width, deep, 2, stride=2)
        self.middle = nn.ModuleList(Block(deep, deep, told, dropout) for _ in range(3))
        self.attention = Attention(deep)
        self.up = nn.ConvTranspose2d(deep, width, 2, stride=2)
        self.after = nn.ModuleList(Block(2 * width, width, told, dropout) for _ in range(2))
        self.norm = nn.GroupNorm(8, width)
        self.leave = nn.Conv2d(width, 1, 3, padding=1)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)

    def forward(self, x: Tensor, t: Tensor, label: Tensor) -> Tensor:
        told = self.condition(t, label)
        h = self.enter(x)
        seen = []
        for block in self.before:
            h = block(h, told)
            seen.append(h)
        h = self.down(h)
        for at, block in enumerate(self.middle):
            h = block(h, told)
            if at == 0:
                h = self.attention(h)
        h = self.up(h)
        for block in self.after:
            h = block(torch.cat([h, seen.pop()], 1), told)
        return self.leave(F.silu(self.norm(h)))
