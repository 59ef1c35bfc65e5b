"""Trains the judge of models/text: an autoregressive character model that has nothing in common with the denoiser.

    python training/judge.py --text KJV.txt --out models/text

One GRU layer reads a sequence from left to right, -log p(x) = sum over d of -log p(x^d | x^0 ... x^(d-1)). It is
trained on the same training part of the text, with windows, weights and order of its own, by AdamW with a learning
rate that falls linearly to 0. Says how likely samples are as a whole, beyond n-grams and words; a low value alone is
no praise, since the most likely text repeats itself.

Writes judge.onnx: x int64 [B, L] -> logits float32 [B, L, V], row d from the tokens before d (a start symbol comes
first), and into the manifest's `training.judge` its validation loss in bits per character, over the windows that
train.py validates on.
"""

import argparse
import json
import math
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from export import to_int8, write_onnx
from recipes import text as text_recipe


class Judge(nn.Module):
    def __init__(self, vocabulary: int, width: int = 192, embedding: int = 64):
        super().__init__()
        self.start = vocabulary
        self.tokens = nn.Embedding(vocabulary + 1, embedding)
        self.recurrent = nn.GRU(embedding, width, batch_first=True)
        self.logits = nn.Linear(width, vocabulary)

    def forward(self, x: Tensor) -> Tensor:
        """Logits [B, L, V] of each token from those before it."""
        before = F.pad(x[:, :-1], (1, 0), value=self.start)
        return self.logits(self.recurrent(self.tokens(before))[0])


def bits(predict: Callable[[Tensor], Tensor], rows: np.ndarray) -> float:
    """Bits per character of sequences [n, L], `predict` giving logits [n, L, V]."""
    parts = [torch.from_numpy(part) for part in np.split(rows, range(64, len(rows), 64))]
    with torch.no_grad():
        return float(sum(loss(predict, part) * len(part) for part in parts)) / len(rows) / math.log(2)


def loss(predict: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    return F.cross_entropy(predict(x).transpose(1, 2), x)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--text", type=Path, required=True, help="the King James text, .txt or .txt.gz")
    parser.add_argument("--out", type=Path, required=True, help="the model folder, models/text")
    parser.add_argument("--steps", type=int, default=700)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=5e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1, help="default 1: its products are small")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    recipe = text_recipe(options)
    judge = Judge(recipe.shape.outputs)
    optimizer = torch.optim.AdamW(judge.parameters(), lr=options.rate)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / options.steps)
    started, recent = time.monotonic(), []
    for step in range(1, options.steps + 1):
        value = loss(judge, torch.from_numpy(recipe.draw(rng, options.batch)))
        optimizer.zero_grad()
        value.backward()
        nn.utils.clip_grad_norm_(judge.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        recent.append(value.item() / math.log(2))
        if step % 100 == 0:
            pace = (time.monotonic() - started) / step
            print(
                f"step {step}/{options.steps}  training {np.mean(recent):.3f}"
                f"  validation {bits(judge, recipe.validation[:128]):.3f} bits"
                f"  {pace * (options.steps - step) / 60:.0f} min left",
                flush=True,
            )
            recent.clear()
    path = options.out / "judge.onnx"
    write_onnx(judge.eval(), {"x": torch.from_numpy(recipe.validation[:2])}, path)
    onnx.save(to_int8(onnx.load(path)), path)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    final = bits(lambda x: torch.from_numpy(session.run(None, {"x": x.numpy()})[0]), recipe.validation)
    manifest = json.loads((options.out / "manifest.json").read_text())
    manifest.setdefault("training", {})["judge"] = {
        "file": path.name,
        "validationBitsPerCharacter": final,
        "params": sum(weight.numel() for weight in judge.parameters()),
        "steps": options.steps,
        "seed": options.seed,
    }
    (options.out / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
    print(f"validation {final:.4f} bits per character of the int8 file, {bits(judge, recipe.validation):.4f} before")


if __name__ == "__main__":
    main()
