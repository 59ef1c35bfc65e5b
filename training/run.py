"""A training run that can be stopped and gone on with.

Matrices inside the blocks learn by Muon, the rest by AdamW; the learning rate is constant, then falls linearly to 0
over the second half. What is kept is a moving average of the weights, the one with the lowest validation loss. Every
step draws from its own seed, so a run that goes on from a checkpoint comes to the same end.
"""

import time
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from torch import nn

from muon import Muon
from network import Network
from objective import losses, noised, validation_loss
from recipes import Recipe

WARM_UP = 50
AVERAGED = 0.995
"""Share of the moving average that a step leaves as it is."""
VALIDATED = 256
"""Validation sequences asked on the way; all of them at the end."""


def rate_at(step: int, rounds: tuple[int, ...]) -> float:
    """The learning rate at a step over the highest one: up in 50 steps, constant, linear to 0 over the second half.

    Of several rounds each has the rate that a single one with its end would have.
    """
    end = next(end for end in rounds if step < end)
    return min(1.0, (step + 1) / WARM_UP, 2 * (1 - step / end))


def optimizers(network: Network, recipe: Recipe) -> list[torch.optim.Optimizer]:
    matrices = [weight for weight in network.blocks.parameters() if weight.ndim == 2]
    inside = {id(weight) for weight in matrices}
    rest = [weight for weight in network.parameters() if id(weight) not in inside]
    return [
        Muon(matrices, lr=recipe.rate, weight_decay=recipe.weight_decay),
        torch.optim.AdamW(rest, lr=recipe.rate / 2, betas=(0.9, 0.98), weight_decay=recipe.weight_decay),
    ]


class Run:
    """A training run: all that its next step depends on, and its checkpoint."""

    def __init__(self, recipe: Recipe, rounds: tuple[int, ...], seed: int, bfloat16: bool, checkpoint: Path):
        torch.manual_seed(seed)
        self.recipe, self.rounds, self.seed, self.bfloat16 = recipe, rounds, seed, bfloat16
        self.checkpoint = checkpoint
        self.network = Network(recipe.shape)
        self.average = Network(recipe.shape).eval()
        self.average.load_state_dict(self.network.state_dict())
        self.optimizers = optimizers(self.network, recipe)
        self.highest = [optimizer.param_groups[0]["lr"] for optimizer in self.optimizers]
        self.step, self.seconds, self.history, self.best = 0, 0.0, [], None

    def save(self) -> None:
        kept = {name: getattr(self, name) for name in ("step", "seconds", "history", "best", "seed")}
        kept |= {"network": self.network.state_dict(), "average": self.average.state_dict()}
        kept |= {"optimizers": [optimizer.state_dict() for optimizer in self.optimizers]}
        kept |= {"shape": asdict(self.recipe.shape)}
        self.checkpoint.parent.mkdir(parents=True, exist_ok=True)
        torch.save(kept, self.checkpoint.with_suffix(".new"))
        self.checkpoint.with_suffix(".new").replace(self.checkpoint)

    def resume(self) -> None:
        kept = torch.load(self.checkpoint)
        if kept["seed"] != self.seed or kept["shape"] != asdict(self.recipe.shape):
            raise SystemExit(f"train.py: {self.checkpoint} is of another run; remove it or name another by --run")
        for name in ("step", "seconds", "history", "best"):
            setattr(self, name, kept[name])
        self.network.load_state_dict(kept["network"])
        self.average.load_state_dict(kept["average"])
        for optimizer, state in zip(self.optimizers, kept["optimizers"]):
            optimizer.load_state_dict(state)

    def learn(self) -> float:
        """One step; the loss before it."""
        rng = np.random.default_rng([self.seed, self.step])
        torch.manual_seed(self.seed * 2**32 + self.step)  # for dropout
        batch = noised(self.recipe.draw(rng, self.recipe.batch), self.recipe, rng)
        with torch.autocast("cpu", torch.bfloat16) if self.bfloat16 else nullcontext():
            loss, reported = losses(self.network, self.recipe, *batch)
        self.network.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        for optimizer, highest in zip(self.optimizers, self.highest):
            optimizer.param_groups[0]["lr"] = highest * rate_at(self.step, self.rounds)
            optimizer.step()
        self.step += 1
        keep = min(AVERAGED, self.step / (self.step + 10))
        with torch.no_grad():
            for mean, weight in zip(self.average.parameters(), self.network.parameters()):
                mean.lerp_(weight, 1 - keep)
        return reported.item()

    def validate(self) -> float:
        """Loss of the average, which is kept if it is the best so far."""
        loss = validation_loss(self.average, self.recipe, VALIDATED)
        self.history.append((self.step, loss))
        if self.best is None or loss < self.best[0]:
            weights = {name: weight.clone() for name, weight in self.average.state_dict().items()}
            self.best = (loss, self.step, weights)
        return loss

    def train(self, every: int) -> None:
        """Trains to the end, with a line, a validation and a checkpoint every so many steps."""
        recent, end = [], self.rounds[-1]
        while self.step < end:
            started = time.monotonic()
            recent.append(self.learn())
            self.seconds += time.monotonic() - started
            if self.step % every and self.step < end:
                continue
            pace = self.seconds / self.step
            print(
                f"step {self.step}/{end}  training {np.mean(recent):.4f}  validation {self.validate():.4f}"
                f"  {pace:.2f} s a step, {pace * (end - self.step) / 60:.0f} min left",
                flush=True,
            )
            recent.clear()
            self.save()
