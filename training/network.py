"""The network of every model here: a bidirectional transformer whose blocks first look at their neighbours.

Input: tokens [B, L], and for time-dependent models the noise level t [B] in (0, 1]. Output: logits [B, L, V] over
clean tokens. Nothing in it depends on other sequences of the batch.

The local shift of each block hands every position a part of what its neighbours hold: one and two positions to
either side in a sequence, one row and one column in an image. Without it character models stay at the unigram loss
for many hundred steps, since attention must first learn what "next to" means.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True)
class Shape:
    """Sizes of a network."""

    inputs: int
    """Tokens it may be shown: the clean ones, and the mask where there is one."""
    outputs: int
    """Clean tokens."""
    length: int
    width: int
    blocks: int
    heads: int
    timed: bool = False
    """Whether it is told the noise level."""
    columns: int | None = None
    """Of an image; None for a sequence."""
    dropout: float = 0.0
    """Share of each block's change that is left out in training, for small sets of data."""


class LocalShift(nn.Module):
    """P gelu(u + shifted G u) with u = norm(x); a quarter of the channels of G u moves by each offset."""

    def __init__(self, width: int, offsets: tuple[int, ...]):
        super().__init__()
        self.offsets = offsets
        self.norm = nn.LayerNorm(width)
        self.gather = nn.Linear(width, width)
        self.project = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        u = self.norm(x)
        reach, length = max(self.offsets), x.shape[1]
        padded = F.pad(self.gather(u), (0, 0, reach, reach))
        quarters = padded.chunk(len(self.offsets), 2)
        moved = [part[:, reach + by : reach + by + length] for by, part in zip(self.offsets, quarters)]
        return self.project(F.gelu(torch.cat(moved, 2) + u))


class Attention(nn.Module):
    """Multi-head attention of norm(x) over all positions."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(width)
        self.query_key_value = nn.Linear(width, 3 * width)
        self.project = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        batch, length, width = x.shape
        split = self.query_key_value(self.norm(x)).view(batch, length, 3, self.heads, width // self.heads)
        query, key, value = split.permute(2, 0, 3, 1, 4)
        seen = F.scaled_dot_product_attention(query, key, value)
        return self.project(seen.transpose(1, 2).reshape(batch, length, width))


class FeedForward(nn.Module):
    """W2 gelu(W1 norm(x)), four times as wide inside."""

    def __init__(self, width: int):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.expand = nn.Linear(width, 4 * width)
        self.project = nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.project(F.gelu(self.expand(self.norm(x))))


class Residual(nn.Module):
    """x + change(x)."""

    def __init__(self, change: nn.Module, dropout: float):
        super().__init__()
        self.change = change
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.dropout(self.change(x))


class TimeEmbedding(nn.Module):
    """[B, width] of t [B]: sines and cosines of 32 frequencies from 1 to 1000, then two layers."""

    def __init__(self, width: int):
        super().__init__()
        self.register_buffer("frequencies", torch.exp(torch.linspace(0, math.log(1000), 32)))
        self.expand = nn.Linear(64, width)
        self.project = nn.Linear(width, width)

    def forward(self, t: Tensor) -> Tensor:
        angle = t[:, None] * self.frequencies
        return self.project(F.silu(self.expand(torch.cat([angle.sin(), angle.cos()], 1))))


class Network(nn.Module):
    """Logits [B, L, V] over clean tokens from tokens [B, L] and, if it is timed, t [B]."""

    def __init__(self, shape: Shape):
        super().__init__()
        self.shape = shape
        width, columns = shape.width, shape.columns
        offsets = (-2, -1, 1, 2) if columns is None else (-columns, -1, 1, columns)
        self.tokens = nn.Embedding(shape.inputs, width)
        self.positions = nn.Parameter(0.02 * torch.randn(shape.length, width))
        self.time = TimeEmbedding(width) if shape.timed else None
        changes = (
            change
            for _ in range(shape.blocks)
            for change in (LocalShift(width, offsets), Attention(width, shape.heads), FeedForward(width))
        )
        self.blocks = nn.Sequential(*(Residual(change, shape.dropout) for change in changes))
        self.norm = nn.LayerNorm(width)
        self.logits = nn.Linear(width, shape.outputs)

    def forward(self, tokens: Tensor, t: Tensor | None = None) -> Tensor:
        x = self.tokens(tokens) + self.positions
        if self.time is not None:
            x = x + self.time(t)[:, None]
        return self.logits(self.norm(self.blocks(x)))
