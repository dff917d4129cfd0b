"""Convert IndicTrans2's safetensors into the form of CTranslate2, with numpy alone: neither torch nor hub code runs.

The model is a transformer of fairseq's kind with layer norms before each step. The names of its tensors, and what the
keys of its configuration mean, are those of ``modeling_indictrans.py`` in AI4Bharat's IndicTrans2 repository.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from samvad.core import outside
from samvad.core.errors import ConfigurationError, ModelError

if TYPE_CHECKING:
    import numpy
    from ctranslate2.specs import TransformerSpec
    from numpy.typing import NDArray

    Array = NDArray[numpy.float32]

QUANTIZATIONS = ("int8", "int8_float16", "float16", "float32")
#: fairseq counts positions from the padding token's number on.
_PADDING = 1
_NEEDED = ("config.json", "model.safetensors", "dict.SRC.json", "dict.TGT.json", "model.SRC", "model.TGT")
_ACTIVATIONS = {"relu": "RELU", "gelu": "GELU", "swish": "SWISH"}


def convert(source: Path, target: Path, quantization: str = "int8") -> None:
    """Write a model as ``find_files`` expects one direction: ``model.bin``, vocabularies, and ``vocab/``.

    Args:
        source: folder with what the hub's repository holds: configuration, weights, dictionaries, SentencePiece models.
        target: folder to make; it must not exist.
        quantization: one of ``QUANTIZATIONS``.

    Raises:
        ConfigurationError: the target exists.
        ModelError: a file is missing, or is not of such a model.
    """
    missing = [name for name in _NEEDED if not (source / name).is_file()]
    if missing:
        raise ModelError(
            f"{source} has no {', '.join(missing)}.",
            "Fetch the whole repository of an IndicTrans2 model, such as ai4bharat/indictrans2-indic-en-dist-200M.",
            path=str(source),
        )
    if target.exists():
        raise ConfigurationError(f"{target} exists.", "Give a folder that does not exist yet.", path=str(target))
    config = outside.json_value(outside.read_bytes(source / "config.json"))
    spec = specification(config, load(source / "model.safetensors"))
    for side, register in (("SRC", spec.register_source_vocabulary), ("TGT", spec.register_target_vocabulary)):
        key = "encoder_vocab_size" if side == "SRC" else "decoder_vocab_size"
        register(vocabulary(source / f"dict.{side}.json", config[key]))
    spec.config.decoder_start_token = "</s>"
    spec.config.add_source_eos = True
    spec.validate()
    spec.optimize(quantization=None if quantization == "float32" else quantization)
    making = target.with_name(f".{target.name}.making")
    shutil.rmtree(making, ignore_errors=True)
    (making / "vocab").mkdir(parents=True)
    spec.save(str(making))
    for name in ("model.SRC", "model.TGT"):
        shutil.copyfile(source / name, making / "vocab" / name)
    making.replace(target)


def load(path: Path) -> dict[str, Array]:
    """Return the tensors of a safetensors file as 32-bit floats; bfloat16, which numpy lacks, too.

    Raises:
        ModelError: it is damaged.
    """
    import numpy
    from safetensors import SafetensorError, deserialize

    kinds = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}
    try:
        found = {}
        for name, item in deserialize(path.read_bytes()):
            raw = numpy.frombuffer(item["data"], dtype=kinds[item["dtype"]])
            if item["dtype"] == "BF16":
                raw = (raw.astype("<u4") << 16).view("<f4")
            found[name] = raw.astype(numpy.float32).reshape(item["shape"])
    except (SafetensorError, KeyError, ValueError) as error:
        raise ModelError(f"{path} cannot be read ({error}).", "Fetch it again.", path=str(path)) from None
    return found


def specification(config: dict[str, Any], tensors: dict[str, Array]) -> TransformerSpec:
    """Return a model as CTranslate2 holds it.

    Args:
        config: the model's ``config.json``.
        tensors: its weights.

    Raises:
        ModelError: a tensor is missing, or the configuration is not of such a model.
    """
    from ctranslate2.specs import TransformerSpec, common_spec

    _check(config)
    spec = TransformerSpec.from_config(
        (config["encoder_layers"], config["decoder_layers"]),
        config["encoder_attention_heads"],
        pre_norm=True,
        activation=getattr(common_spec.Activation, _ACTIVATIONS[config["activation_function"]]),
        layernorm_embedding=bool(config.get("layernorm_embedding")),
    )
    get = _getter(tensors)
    for side in ("encoder", "decoder"):
        _fill(getattr(spec, side), side, config, get)
    projection = "lm_head.weight"
    if config.get("share_decoder_input_output_embed") and projection not in tensors:
        projection = "model.decoder.embed_tokens.weight"
    spec.decoder.projection.weight = get(projection)
    return spec


def vocabulary(path: Path, size: int) -> list[str]:
    """Return the words of a dictionary (word to number) in order, filled up to the size of the embeddings."""
    numbers: dict[str, int] = outside.json_value(outside.read_bytes(path))
    words = {number: word for word, number in numbers.items()}
    return [words.get(number, f"madeupword{number:04d}") for number in range(size)]


def positions(count: int, width: int) -> Array:
    """Return fairseq's sinusoidal positions for a sentence's tokens: sines and cosines side by side, from 2 on."""
    import numpy

    half = width // 2
    scale = numpy.exp(numpy.arange(half) * -(math.log(10000) / (half - 1)))
    angles = numpy.arange(_PADDING + 1, _PADDING + 1 + count)[:, None] * scale[None, :]
    made: Array = numpy.concatenate([numpy.sin(angles), numpy.cos(angles)], axis=1).astype(numpy.float32)
    return made


def _check(config: dict[str, Any]) -> None:
    wrong = [
        key
        for key in ("encoder_normalize_before", "decoder_normalize_before", "scale_embedding")
        if not config.get(key, key == "scale_embedding")
    ]
    if config.get("activation_function") not in _ACTIVATIONS:
        wrong.append("activation_function")
    if config.get("encoder_attention_heads") != config.get("decoder_attention_heads"):
        wrong.append("decoder_attention_heads")
    if wrong:
        raise ModelError(
            f"config.json is not of an IndicTrans2 model that can be converted: {', '.join(wrong)}.",
            "Use one of AI4Bharat's own models, or the archives with ct2_int8_model/.",
        )


def _getter(tensors: dict[str, Array]) -> Callable[[str], Array]:
    def get(name: str) -> Array:
        try:
            return tensors[name]
        except KeyError:
            raise ModelError(f"The weights have no {name}.", "Fetch the model again, whole.") from None

    return get


def _fill(spec: Any, side: str, config: dict[str, Any], get: Callable[[str], Array]) -> None:
    base = f"model.{side}"
    embeddings = spec.embeddings[0] if side == "encoder" else spec.embeddings
    embeddings.weight = get(f"{base}.embed_tokens.weight")
    spec.scale_embeddings = True
    count = config["max_source_positions" if side == "encoder" else "max_target_positions"]
    spec.position_encodings.encodings = positions(count, embeddings.weight.shape[1])
    _norm(spec.layer_norm, f"{base}.layer_norm", get)
    if config.get("layernorm_embedding"):
        _norm(spec.layernorm_embedding, f"{base}.layernorm_embedding", get)
    for number, layer in enumerate(spec.layer):
        name = f"{base}.layers.{number}"
        _linear(layer.self_attention.linear[0], [f"{name}.self_attn.{part}_proj" for part in "qkv"], get)
        _linear(layer.self_attention.linear[1], [f"{name}.self_attn.out_proj"], get)
        _norm(layer.self_attention.layer_norm, f"{name}.self_attn_layer_norm", get)
        if side == "decoder":
            _linear(layer.attention.linear[0], [f"{name}.encoder_attn.q_proj"], get)
            _linear(layer.attention.linear[1], [f"{name}.encoder_attn.{part}_proj" for part in "kv"], get)
            _linear(layer.attention.linear[2], [f"{name}.encoder_attn.out_proj"], get)
            _norm(layer.attention.layer_norm, f"{name}.encoder_attn_layer_norm", get)
        _linear(layer.ffn.linear_0, [f"{name}.fc1"], get)
        _linear(layer.ffn.linear_1, [f"{name}.fc2"], get)
        _norm(layer.ffn.layer_norm, f"{name}.final_layer_norm", get)


def _linear(spec: Any, names: list[str], get: Callable[[str], Array]) -> None:
    import numpy

    spec.weight = numpy.concatenate([get(f"{name}.weight") for name in names])
    spec.bias = numpy.concatenate([get(f"{name}.bias") for name in names])


def _norm(spec: Any, name: str, get: Callable[[str], Array]) -> None:
    spec.gamma = get(f"{name}.weight")
    spec.beta = get(f"{name}.bias")
