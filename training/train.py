"""Trains one of the models that ship and exports it.

    python training/train.py text --text KJV.txt --out models/text
    python training/train.py countdown-net --out models/countdown-net
    python training/train.py bach --out models/bach
    python training/train.py digits --out models/digits

Writes model.onnx and model-int8.onnx into the folder, and into its manifest.json the checksums and how the model was
made. Prints a line with the time left every so many steps and keeps a checkpoint then; the same command goes on from
it. What is minimised: objective.py; how: run.py; on what: recipes.py.
"""

import argparse
import json
from pathlib import Path

import torch

from data_statistics import seal
from export import export, write_smaller
from objective import validation_loss
from recipes import recipes
from run import Run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("name", choices=recipes)
    parser.add_argument("--out", type=Path, required=True, help="the model folder; it has a manifest.json")
    parser.add_argument("--text", type=Path, help="the King James text, .txt or .txt.gz; for text only")
    parser.add_argument("--run", type=Path, help="folder of the checkpoint; default training/runs/NAME")
    parser.add_argument("--steps", type=int, help="of a single round; default the rounds of the recipe")
    parser.add_argument("--every", type=int, default=50, help="steps between checkpoints; default 50")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--bfloat16", action="store_true", help="faster where the processor has AVX512-BF16 or AMX")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    recipe = recipes[options.name](options)
    checkpoint = (options.run or Path(__file__).parent / "runs" / options.name) / "checkpoint.pt"
    rounds = (options.steps,) if options.steps else recipe.rounds
    run = Run(recipe, rounds, options.seed, options.bfloat16, checkpoint)
    if checkpoint.exists():
        run.resume()
        print(f"going on from step {run.step}", flush=True)
    run.train(options.every)

    _, at, weights = run.best
    network = run.average
    network.load_state_dict(weights)
    loss = validation_loss(network, recipe)
    difference = export(network, options.out / "model.onnx")
    path = options.out / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["training"] = manifest.get("training", {}) | {
        "data": recipe.data,
        "steps": at,
        "params": sum(weight.numel() for weight in network.parameters()),
        "validationLoss": loss,
        "optimizer": f"Muon {recipe.rate} and AdamW {recipe.rate / 2}, batch {recipe.batch}",
        "seed": options.seed,
    }
    path.write_text(json.dumps(manifest, indent=2) + "\n")
    seal(options.out)
    print(f"validation loss {loss:.4f} nats per token, average at step {at}, {run.seconds / 60:.0f} min of training")
    print(f"ONNX Runtime's logits differ by at most {difference:.1e}")
    write_smaller(options.out)


if __name__ == "__main__":
    main()
