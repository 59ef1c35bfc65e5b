"""Validation loss of an ONNX file of one of the models, as train.py measures it.

    python training/validate.py text models/text/model-int8.onnx --text KJV.txt

Prints nats per token over the same sequences under the same noise, so that two files can be compared to the last
digit: what the smaller file loses, what more training gains.
"""

import argparse
from pathlib import Path

import onnxruntime
import torch

from recipes import recipes
from objective import validation_loss


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("name", choices=recipes)
    parser.add_argument("files", type=Path, nargs="+", help="files of the model")
    parser.add_argument("--text", type=Path, help="the King James text, .txt or .txt.gz; for text only")
    parser.add_argument("--rows", type=int, help="how many of the validation sequences; default all")
    options = parser.parse_args()
    recipe = recipes[options.name](options)
    for path in options.files:
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])

        def predict(*inputs: torch.Tensor) -> torch.Tensor:
            named = {given.name: value.numpy() for given, value in zip(session.get_inputs(), inputs)}
            return torch.from_numpy(session.run(None, named)[0])

        print(f"{path}: {validation_loss(predict, recipe, options.rows):.5f} nats per token")


if __name__ == "__main__":
    main()
