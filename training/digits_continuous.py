"""Trains models/digits-continuous: 8 x 8 grey images of handwritten digits under Gaussian noise.

    python training/digits_continuous.py --out models/digits-continuous

Seed 0, one thread, a quarter to half an hour; needs what requirements.txt names. Writes

    model.onnx    x float32 [B, 1, 8, 8], t float32 [B], label int64 [B] -> v float32 [B, 1, 8, 8]
    held-out.npy  float32 [500, 1, 8, 8] images it was not trained on

and into manifest.json the checksum and how the model was made.

Grey 0 .. 16 becomes x_0 = grey / 8 - 1. Noise is VP-linear with rates 0.1 to 20, t uniform in [0.001, 1], one from each
n-th of it in a batch. The network learns v = alpha eps - sigma x_0 by least squares (Salimans and Ho 2022, 2202.00512):
v has unit scale at every t, where an error of eps is blown up by sigma / alpha, 152 at t = 1, once x_0 is computed from
it, and an error of x_0 by alpha / sigma, 95 at t = 0.001, once eps is.

The digit is told in nine cases of ten and label 10, "none", in the tenth, so that one network is the conditional and
the unconditional model of classifier-free guidance (Ho and Salimans 2022, 2207.12598). What is exported is a moving
average of the weights after the last step; no step is chosen by the validation loss.
"""

import argparse
import hashlib
import json
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from digits_data import split
from export import write_onnx
from run import rate_at
from small_unet import SmallUNet, half_log_snr

BETAS = 0.1, 20.0
CUTOFF = 1e-3
NONE = 10
UNTOLD = 0.1
"""Share of the images whose digit is not told."""
AVERAGED = 0.999
"""Share of the moving average that a step leaves as it is."""


def scaled(greys: np.ndarray) -> np.ndarray:
    """float32 [n, 1, 8, 8] in [-1, 1] of greys [n, 64]."""
    return (greys / 8 - 1).astype(np.float32).reshape(-1, 1, 8, 8)


def loss(network: nn.Module, clean: np.ndarray, label: np.ndarray, rng: np.random.Generator) -> Tensor:
    """Mean of (v - v_network)^2 at times of their own for every image."""
    share = (rng.permutation(len(clean)) + rng.random()) / len(clean)
    t = torch.from_numpy((CUTOFF + (1 - CUTOFF) * share).astype(np.float32))
    lam = half_log_snr(t, *BETAS)[:, None, None, None]
    alpha, sigma = torch.sigmoid(2 * lam).sqrt(), torch.sigmoid(-2 * lam).sqrt()
    x0, eps = torch.from_numpy(clean), torch.from_numpy(rng.standard_normal(clean.shape, np.float32))
    v = network(alpha * x0 + sigma * eps, t, torch.from_numpy(label))
    return (v - (alpha * eps - sigma * x0)).square().mean()


@torch.no_grad()
def validation_loss(network: nn.Module, images: np.ndarray, label: np.ndarray) -> float:
    """Loss of fixed images under fixed noise, 16 times each."""
    rng = np.random.default_rng(2)
    return float(np.mean([loss(network.eval(), images, label, rng).item() for _ in range(16)]))


def train(parts: dict, steps: int, batch: int, rate: float, dropout: float, seed: int, every: int) -> nn.Module:
    """The moving average of the weights after `steps` steps of AdamW."""
    torch.manual_seed(seed)
    images, digits = scaled(parts["train"][0]), parts["train"][1]
    seen = scaled(parts["held-out"][0]), parts["held-out"][1]
    network = SmallUNet(NONE + 1, *BETAS, dropout=dropout)
    average = SmallUNet(NONE + 1, *BETAS, dropout=dropout)
    average.load_state_dict(network.state_dict())
    optimizer = torch.optim.AdamW(network.parameters(), lr=rate, betas=(0.9, 0.98), weight_decay=0.01)
    started, recent = time.monotonic(), []
    for step in range(steps):
        rng = np.random.default_rng([seed, step])
        torch.manual_seed(seed * 2**32 + step)  # for dropout
        rows = rng.integers(0, len(images), batch)
        label = np.where(rng.random(batch) < UNTOLD, NONE, digits[rows])
        optimizer.param_groups[0]["lr"] = rate * rate_at(step, (steps,))
        found = loss(network.train(), images[rows], label, rng)
        optimizer.zero_grad()
        found.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        keep = min(AVERAGED, (step + 1) / (step + 11))
        with torch.no_grad():
            for mean, weight in zip(average.parameters(), network.parameters()):
                mean.lerp_(weight, 1 - keep)
        recent.append(found.item())
        if (step + 1) % every == 0 or step + 1 == steps:
            told, free = (validation_loss(average, seen[0], at) for at in (seen[1], np.full_like(seen[1], NONE)))
            pace = (time.monotonic() - started) / (step + 1)
            print(
                f"step {step + 1}/{steps}  training {np.mean(recent):.4f}  validation {told:.4f}, untold {free:.4f}"
                f"  {pace:.3f} s a step, {pace * (steps - step - 1) / 60:.0f} min left",
                flush=True,
            )
            recent.clear()
    return average.eval()


def export(network: nn.Module, path: Path) -> float:
    """Writes the file; the largest difference of an output between ONNX Runtime and PyTorch, at 64 times."""
    import onnxruntime

    rng = np.random.default_rng(3)
    inputs = {
        "x": torch.from_numpy(rng.standard_normal((64, 1, 8, 8), np.float32)),
        "t": torch.linspace(CUTOFF, 1, 64),
        "label": torch.from_numpy(rng.integers(0, NONE + 1, 64)),
    }
    write_onnx(network, inputs, path, output="v")
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    made = session.run(["v"], {name: value.numpy() for name, value in inputs.items()})[0]
    with torch.no_grad():
        return float(np.abs(network(*inputs.values()).numpy() - made).max())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, required=True, help="the model folder; it has a manifest.json")
    parser.add_argument("--steps", type=int, default=8000)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rate", type=float, default=1e-3, help="highest learning rate; default 0.001")
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--every", type=int, default=500, help="steps between lines of progress; default 500")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    parts = split()
    network = train(
        parts, options.steps, options.batch, options.rate, options.dropout, options.seed, options.every
    )
    np.save(options.out / "held-out.npy", scaled(np.vstack([parts["held-out"][0], parts["fresh"][0]])))
    difference = export(network, options.out / "model.onnx")
    images, digits = parts["fresh"]
    fresh = validation_loss(network, scaled(images), digits)
    path = options.out / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["sha256"] = hashlib.sha256((options.out / "model.onnx").read_bytes()).hexdigest()
    manifest["training"] = {
        "data": "1297 images of the UCI handwritten digits, 8 x 8",
        "steps": options.steps,
        "params": sum(weight.numel() for weight in network.parameters()),
        "validationLoss": fresh,
        "optimizer": f"AdamW {options.rate}, batch {options.batch}, weights averaged at {AVERAGED}",
        "seed": options.seed,
    }
    path.write_text(json.dumps(manifest, indent=2) + "\n")
    print(f"loss of the 300 images that nothing has seen: {fresh:.4f}")
    print(f"ONNX Runtime's v differs by at most {difference:.1e}")


if __name__ == "__main__":
    main()
