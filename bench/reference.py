"""The published MDLM network and sampling loop in plain PyTorch, to time beside fewstep on the same weights.

    python3 bench/reference.py CHECKPOINT_FOLDER [--steps 16] [--threads 2] [--rounds 3]

prints the times of a forward pass and of a run of sampling, best of the rounds. With --serve it takes one JSON
command a line instead (`check`, `forward`, `sample`) and answers each with a line: so bench/speed/ lets both sides
run in turn.

The network is the diffusion transformer of Sahoo et al. 2024 (arXiv 2406.07524) without time conditioning; its
flash attention is PyTorch's scaled_dot_product_attention. The loop is the published one: logits of all positions,
log-probabilities of all of them over the whole vocabulary (the mask left out), a categorical draw by Gumbel noise at
every masked position, which becomes its token with probability (t - s) / t. Two things are in its favour. Nothing is
drawn where a token is known already, as the published code does and throws away. And the last step reveals what is
left, where the published code makes one more call. So N steps are N calls of the network, as in fewstep.
"""
import argparse
import json
import math
import os
import sys
import time
from contextlib import nullcontext

try:
    import numpy as np
    import torch
    import torch.nn.functional as F
except ModuleNotFoundError as missing:
    sys.exit(
        f"reference.py needs the Python package {missing.name}, which {sys.executable} does not have; "
        "install it with: pip install numpy torch"
    )

MODES = ("float32", "bfloat16")
TIME_WIDTH = 256


def load(folder):
    """The config, and the weights by their names without "backbone."; all are float32."""
    with open(os.path.join(folder, "config.json"), encoding="utf-8") as file:
        config = json.load(file)
    if config.get("model_type") != "mdlm" or config.get("time_conditioning"):
        sys.exit(f"reference.py: {folder} is not an MDLM checkpoint without time conditioning, which it times")
    path = os.path.join(folder, "model.safetensors")
    with open(path, "rb") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(size))
        data = np.fromfile(file, dtype=np.uint8)
    weights = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        if entry["dtype"] != "F32":
            sys.exit(f"reference.py: {path} has {name} as {entry['dtype']}; expected F32")
        begin, end = entry["data_offsets"]
        numbers = np.frombuffer(data[begin:end].tobytes(), dtype="<f4").reshape(entry["shape"]).copy()
        # Parameters, because autocast keeps the bfloat16 copies of those alone from call to call.
        weights[name.removeprefix("backbone.")] = torch.nn.Parameter(torch.from_numpy(numbers))
    return config, weights


def rotary(length, size):
    """cos and sin of the angles p 10000^(-2j/size), each [length, size/2]."""
    frequencies = 10_000.0 ** (-torch.arange(0, size, 2, dtype=torch.float32) / size)
    angles = torch.arange(length, dtype=torch.float32)[:, None] * frequencies
    return angles.cos(), angles.sin()


def turned(x, cos, sin):
    """Half-split rotary embedding of x [batch, heads, length, size]."""
    a, b = x.chunk(2, dim=-1)
    return torch.cat((a * cos - b * sin, b * cos + a * sin), dim=-1)


def network(config, w):
    """tokens [batch, length] -> logits [batch, length, vocabulary]"""
    heads, width = config["n_heads"], config["hidden_dim"]
    cos, sin = rotary(config["model_length"], width // heads)

    def norm(x, name, shift, scale):
        return F.layer_norm(x.float(), [width], eps=1e-5) * w[f"{name}.weight"] * (1 + scale) + shift

    def linear(x, name):
        return F.linear(x, w[f"{name}.weight"], w.get(f"{name}.bias"))

    def attention(qkv):
        batch, length, _ = qkv.shape
        q, k, v = qkv.view(batch, length, 3, heads, width // heads).permute(2, 0, 3, 1, 4)
        c, s = cos[:length].to(q.dtype), sin[:length].to(q.dtype)
        mixed = F.scaled_dot_product_attention(turned(q, c, s), turned(k, c, s), v)
        return mixed.transpose(1, 2).reshape(batch, length, width)

    def time_vector(sigma):
        half = TIME_WIDTH // 2
        angles = sigma[:, None] * torch.exp(-math.log(10_000) * torch.arange(half) / half)
        waves = torch.cat((angles.cos(), angles.sin()), dim=-1)
        return F.silu(linear(F.silu(linear(waves, "sigma_map.mlp.0")), "sigma_map.mlp.2"))

    def forward(tokens):
        c = time_vector(torch.zeros(tokens.shape[0]))
        x = w["vocab_embed.embedding"][tokens]
        for i in range(config["n_blocks"]):
            block = f"blocks.{i}"
            parts = linear(c, f"{block}.adaLN_modulation")[:, None].chunk(6, dim=2)
            shift1, scale1, gate1, shift2, scale2, gate2 = parts
            qkv = linear(norm(x, f"{block}.norm1", shift1, scale1), f"{block}.attn_qkv")
            x = x + gate1 * linear(attention(qkv), f"{block}.attn_out")
            inner = linear(norm(x, f"{block}.norm2", shift2, scale2), f"{block}.mlp.0")
            x = x + gate2 * linear(F.gelu(inner, approximate="tanh"), f"{block}.mlp.2")
        shift, scale = linear(c, "output_layer.adaLN_modulation")[:, None].chunk(2, dim=2)
        return linear(norm(x, "output_layer.norm_final", shift, scale), "output_layer.linear")

    return forward


def sample(forward, *, length, mask, steps, generator):
    """One sequence in `steps` calls: (tokens [1, length], seconds inside the network)."""
    x = torch.full((1, length), mask, dtype=torch.int64)
    inside = 0.0
    for step in range(steps):
        t, s = 1 - step / steps, 1 - (step + 1) / steps
        started = time.perf_counter()
        logits = forward(x)
        inside += time.perf_counter() - started
        logits[:, :, mask] = -math.inf
        log_p = F.log_softmax(logits, dim=-1)
        masked = x == mask
        rows = log_p[masked].float()
        noise = torch.empty_like(rows).exponential_(generator=generator)
        drawn = (rows - noise.log()).argmax(dim=-1)
        revealed = torch.rand(drawn.shape, generator=generator) < (t - s) / t
        x[masked] = torch.where(revealed, drawn, mask)
    return x, inside


class Bench:
    """What is timed, by mode; the first use of a mode warms it up."""

    def __init__(self, folder):
        config, weights = load(folder)
        self.config, self.forward = config, network(config, weights)
        self.length, self.mask = config["model_length"], config["vocab_size"] - 1
        self.warm = set()

    def cast(self, mode):
        return torch.autocast("cpu", dtype=torch.bfloat16) if mode == "bfloat16" else nullcontext()

    def time_forward(self, mode):
        tokens = torch.full((1, self.length), self.mask, dtype=torch.int64)
        # Within one autocast the weights are converted once: in the call that is not timed.
        with torch.no_grad(), self.cast(mode):
            self.forward(tokens)
            started = time.perf_counter()
            self.forward(tokens)
            return {"seconds": time.perf_counter() - started}

    def time_sample(self, mode, steps, seed):
        if mode not in self.warm:
            self.time_forward(mode)
            self.warm.add(mode)
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad(), self.cast(mode):
            started = time.perf_counter()
            tokens, inside = sample(
                self.forward, length=self.length, mask=self.mask, steps=steps, generator=generator
            )
            seconds = time.perf_counter() - started
        if bool((tokens == self.mask).any()):
            raise ValueError("sample: a mask is left after the last step")
        return {"seconds": seconds, "network": inside}

    def check(self, tokens, rows, logits):
        """The largest difference from logits [rows, vocabulary] of some rows, and the largest of these logits."""
        with torch.no_grad():
            own = self.forward(torch.from_numpy(np.load(tokens).astype(np.int64)))
        own = own.flatten(0, 1)[torch.from_numpy(np.load(rows).astype(np.int64))]
        other = torch.from_numpy(np.load(logits))
        # The mask is never predicted; some readings leave its column out.
        own = own[:, : other.shape[1]]
        return {"worst": float((own - other).abs().max()), "largest": float(own.abs().max())}


def serve(bench):
    print(json.dumps({"torch": torch.__version__}), flush=True)
    for line in sys.stdin:
        command = json.loads(line)
        do = {"check": bench.check, "forward": bench.time_forward, "sample": bench.time_sample}
        answer = do[command.pop("do")](**command)
        print(json.dumps(answer), flush=True)


def table(bench, steps, rounds):
    print(f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads, best of {rounds}")
    for mode in MODES:
        forward = min(bench.time_forward(mode)["seconds"] for _ in range(rounds))
        best = min((bench.time_sample(mode, steps, 0) for _ in range(rounds)), key=lambda one: one["seconds"])
        print(
            f"{mode}: forward {1e3 * forward:.0f} ms; {steps} steps {best['seconds']:.2f} s, "
            f"of which in the network {best['network']:.2f} s"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", help="a checkpoint: config.json and model.safetensors in float32")
    parser.add_argument("--steps", type=int, default=16)
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="default all cores")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--serve", action="store_true", help="take commands, one JSON object a line")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    bench = Bench(args.folder)
    if args.serve:
        serve(bench)
    else:
        table(bench, args.steps, args.rounds)


if __name__ == "__main__":
    main()
