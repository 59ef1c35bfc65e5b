"""Writes a network as ONNX, and the same network in fewer bytes.

    python training/export.py models/text

makes model-int8.onnx from the model.onnx of a folder and names it in the manifest. Weights of matrices and tables
become int8 with one scale per output channel (a table: per row), w ~ scale q; two nodes, Cast and Mul, give float32
back. ONNX Runtime folds them away as it loads the file, so the rounded weights are all that differs. Not
DequantizeLinear: ONNX Runtime 1.31 joins it with the product behind it to one that rounds activations too, and not
alike for one sequence and for several, so that logits would depend on the batch.
"""

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper

from network import Network

SMALLEST = 4096
"""Weights with fewer numbers stay as they are."""


def export(network: Network, path: Path) -> float:
    """Opset 17, float32, any batch: x int64 [B, L], for timed networks t float32 [B] -> logits float32 [B, L, V].

    Returns the largest difference of a logit between ONNX Runtime and PyTorch.
    """
    shape = network.eval().shape
    tokens = torch.randint(0, shape.inputs, (2, shape.length))
    inputs = {"x": tokens, "t": torch.rand(2)} if shape.timed else {"x": tokens}
    write_onnx(network, inputs, path)
    with torch.no_grad():
        expected = network(*inputs.values()).numpy()
    return float(np.abs(expected - logits(path, {name: value.numpy() for name, value in inputs.items()})).max())


def write_onnx(
    network: torch.nn.Module, inputs: dict[str, torch.Tensor], path: Path, output: str = "logits"
) -> None:
    """An ONNX file whose first axis, the batch, is free."""
    torch.onnx.export(
        network,
        tuple(inputs.values()),
        path,
        input_names=list(inputs),
        output_names=[output],
        dynamic_axes={name: {0: "batch"} for name in [*inputs, output]},
        opset_version=17,
        dynamo=False,
    )
    onnx.save(shortened(onnx.load(path)), path)


def shortened(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same model without names of nodes and with short names of what flows between them."""
    graph = model.graph
    kept = {value.name for values in (graph.input, graph.output, graph.initializer) for value in values}
    short: dict[str, str] = {}
    for node in graph.node:
        node.name = ""
        for names in (node.input, node.output):
            free = (name and name not in kept for name in names)
            names[:] = [short.setdefault(name, f"v{len(short)}") if may else name for name, may in zip(names, free)]
    return model


def logits(path: Path, inputs: dict[str, np.ndarray]) -> np.ndarray:
    """What ONNX Runtime makes of the inputs."""
    import onnxruntime

    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]).run(["logits"], inputs)[0]


def channel_axes(graph: onnx.GraphProto) -> dict[str, int]:
    """The axis of output channels of every weight that a product or a GRU reads, that of rows of every table."""
    axes = {}
    for node in graph.node:
        if node.op_type == "MatMul":
            axes[node.input[1]] = 1
        elif node.op_type == "Gemm":
            transposed = any(a.name == "transB" and a.i for a in node.attribute)
            axes[node.input[1]] = 0 if transposed else 1
        elif node.op_type == "GRU":
            axes[node.input[1]] = axes[node.input[2]] = 1
        elif node.op_type == "Gather":
            axes[node.input[0]] = 0
        elif node.op_type == "Add":
            axes |= dict.fromkeys(node.input, 0)
    return axes


def to_int8(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same model with int8 weights, each made float32 again by Cast and Mul."""
    made = onnx.ModelProto()
    made.CopyFrom(model)
    axes, weights, nodes = channel_axes(made.graph), [], []
    for weight in made.graph.initializer:
        values = numpy_helper.to_array(weight)
        axis = axes.get(weight.name)
        if axis is None or values.ndim < 2 or values.dtype != np.float32 or values.size < SMALLEST:
            weights.append(weight)
            continue
        scale = np.abs(values).max(tuple(set(range(values.ndim)) - {axis}), keepdims=True).clip(1e-12) / 127
        rounded = np.rint(values / scale).astype(np.int8)
        name = f"w{len(weights)}"
        weights.append(numpy_helper.from_array(rounded, f"{name}q"))
        weights.append(numpy_helper.from_array(scale.astype(np.float32), f"{name}s"))
        nodes.append(helper.make_node("Cast", [f"{name}q"], [f"{name}f"], to=onnx.TensorProto.FLOAT))
        nodes.append(helper.make_node("Mul", [f"{name}f", f"{name}s"], [weight.name]))
    for field, values in (("initializer", weights), ("node", [*nodes, *made.graph.node])):
        del getattr(made.graph, field)[:]
        getattr(made.graph, field).extend(values)
    onnx.checker.check_model(made)
    return made


def write_smaller(folder: Path) -> None:
    """model-int8.onnx, and the manifest's field `small`."""
    path = folder / "model-int8.onnx"
    onnx.save(to_int8(onnx.load(folder / "model.onnx")), path)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["small"] = {"file": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
    print(f"{path}: {path.stat().st_size / 1e6:.2f} MB of {(folder / 'model.onnx').stat().st_size / 1e6:.2f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, help="a model folder")
    write_smaller(parser.parse_args().folder)


if __name__ == "__main__":
    main()
