"""Networks of YAMNet's shape that listen to the loudness of bands, made in a moment: no weights of YAMNet are needed.

The three bands of the mel spectrogram that speak, sing and play: a tone in one of them is heard as that.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from samvad.stages.lyrics_detection import yamnet

#: Classes by what they are: Speech, Singing, Music.
CLASSES = {"speech": 0, "singing": 24, "music": 132}
#: The bands that each is heard in, and a tone within it.
BANDS = {"speech": (5, 15), "singing": (25, 35), "music": (45, 55)}
TONES_HZ = {"speech": 460, "singing": 1500, "music": 3700}


def _weights() -> tuple[np.ndarray, np.ndarray]:
    """Return weights (bands by classes) and bias: probability 0.5 where a group's bands are at -4 on average."""
    weights = np.zeros((yamnet.BANDS, yamnet.CLASSES), np.float32)
    bias = np.full(yamnet.CLASSES, -20, np.float32)
    for name, number in CLASSES.items():
        first, end = BANDS[name]
        weights[first:end, number] = 2.0 / (end - first)
        bias[number] = 8.0
    return weights, bias


def write_patches(path: Path, shape: tuple[object, ...] = ("n", yamnet.PATCH, yamnet.BANDS)) -> Path:
    """Write a network that takes patches of the spectrogram; a second output is no probability."""
    weights, bias = _weights()
    nodes = [
        helper.make_node("Reshape", ["given", "plain"], ["patches"]),
        helper.make_node("ReduceMean", ["patches"], ["mean"], axes=[1], keepdims=0),
        helper.make_node("MatMul", ["mean", "weights"], ["sums"]),
        helper.make_node("Add", ["sums", "bias"], ["logits"]),
        helper.make_node("Sigmoid", ["logits"], ["scores"]),
    ]
    made = {"plain": np.array([-1, yamnet.PATCH, yamnet.BANDS]), "weights": weights, "bias": bias}
    return _write(path, nodes, shape, made, ["mean", "scores"])


def write_sound(path: Path, shape: tuple[object, ...] = ("samples",), classes: int = yamnet.CLASSES) -> Path:
    """Write a network that takes the sound itself: how loud each patch is, is how probable singing and music are."""
    weights = np.zeros((1, classes), np.float32)
    weights[:, [24, 132]] = 100.0
    bias = np.full(classes, -20, np.float32)
    bias[[24, 132]] = -5.0
    nodes = [
        helper.make_node("Reshape", ["given", "row"], ["sound"]),
        helper.make_node("Abs", ["sound"], ["size"]),
        helper.make_node(
            "AveragePool", ["size"], ["pooled"], kernel_shape=[yamnet.PATCH_SAMPLES], strides=[7680], ceil_mode=0
        ),
        helper.make_node("Reshape", ["pooled", "column"], ["loudness"]),
        helper.make_node("MatMul", ["loudness", "weights"], ["sums"]),
        helper.make_node("Add", ["sums", "bias"], ["logits"]),
        helper.make_node("Sigmoid", ["logits"], ["scores"]),
    ]
    made = {"row": np.array([1, 1, -1]), "column": np.array([-1, 1]), "weights": weights, "bias": bias}
    return _write(path, nodes, shape, made, ["scores"])


def _write(
    path: Path, nodes: list[onnx.NodeProto], shape: tuple[object, ...], made: dict[str, np.ndarray], outputs: list[str]
) -> Path:
    graph = helper.make_graph(
        nodes,
        "toy",
        [helper.make_tensor_value_info("given", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        [numpy_helper.from_array(value, name) for name, value in made.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, str(path))
    return path


def tones(*parts: tuple[float, tuple[str, ...]]) -> np.ndarray:
    """Return sound of parts, each (seconds, which groups are heard), from -1 to 1."""
    made = []
    for seconds, groups in parts:
        time = np.arange(round(seconds * 16_000)) / 16_000
        # Every bin of a group's bands is filled, so that all of them are loud.
        made.append(sum((_buzz(time, *BANDS[name]) for name in groups), np.zeros(len(time))))
    return np.concatenate(made)


def _buzz(time: np.ndarray, first: int, end: int) -> np.ndarray:
    mel = np.linspace(yamnet.hz_to_mel(125.0), yamnet.hz_to_mel(7500.0), yamnet.BANDS + 2)[first + 1 : end + 1]
    hz = 700 * (np.exp(mel / 1127) - 1)
    return sum((0.02 * np.sin(2 * np.pi * pitch * time + number**2) for number, pitch in enumerate(hz)), 0 * time)
