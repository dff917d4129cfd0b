"""What recognition costs on a GPU: decoding by number type and batch, and stage 04 beside faster-whisper itself.

Decoding is measured with made weights in the shape of base and of large-v3: random figures cost what learned ones do,
and need no network. They end no text, so each window is decoded to the same number of tokens, by the stage's own engine
(five hypotheses, word times). Stage 04 and faster-whisper's batches hear the same speech with the base weights,
as whole processes, where weights and recordings are at hand. It is cut to take ten minutes on a GPU: none has run it.

Without a GPU nothing is said of one: --device cpu --shapes tiny shows that the file works.

Usage: python benchmarks/gpu.py [--device cuda] [--shapes base large-v3] [--batches 1 8 24] [--seconds S]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import recognition

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from samvad.core.errors import SamvadError  # noqa: E402
from samvad.media.audio import FilmAudio  # noqa: E402
from samvad.models import weights  # noqa: E402
from samvad.stages.asr import memory  # noqa: E402
from samvad.stages.asr.engine import Engine, EngineOptions  # noqa: E402
from samvad.stages.asr.regions import Region  # noqa: E402
from samvad.stages.asr.strategy import DecodingStrategy  # noqa: E402
from samvad.stages.asr.windows import Window  # noqa: E402

RATE_HZ = 16_000
WINDOW_SECONDS, TOKENS = 28, 100


@dataclass(frozen=True)
class Shape:
    """How large a Whisper model is: layers of encoder and decoder each, width, heads, bands of the spectrogram."""

    layers: int
    width: int
    heads: int
    bands: int = 80


SHAPES = {"tiny": Shape(2, 64, 2), "base": Shape(6, 512, 8), "large-v3": Shape(32, 1280, 20, 128)}
TYPES = {"cuda": ("float16", "int8_float16"), "cpu": ("int8",)}


def made_model(shape: Shape, like: Path, folder: Path) -> weights.ResolvedModel:
    """Write a model of a shape with random weights, and the vocabulary of another; return it.

    Args:
        shape: how large.
        like: the folder of a multilingual Whisper model in CTranslate2 form, for its tokenizer.
        folder: where to.
    """
    import json
    import shutil

    from ctranslate2.specs import WhisperSpec

    config = json.loads((like / "config.json").read_text("utf-8"))
    vocabulary = json.loads((like / "vocabulary.json").read_text("utf-8"))
    spec = WhisperSpec(shape.layers, shape.heads, shape.layers, shape.heads)
    width, pool = shape.width, np.random.default_rng(7).standard_normal(1 << 22, dtype=np.float32).astype(np.float16)

    def drawn(*size: int) -> np.ndarray:
        return np.resize(pool, size) * np.float16(0.5 / np.sqrt(size[-1]))

    def linear(layer: object, out: int, into: int) -> None:
        layer.weight, layer.bias = drawn(out, into), np.zeros(out, dtype=np.float16)

    def norm(layer: object) -> None:
        layer.gamma, layer.beta = np.ones(width, dtype=np.float16), np.zeros(width, dtype=np.float16)

    def block(layer: object, attentions: list[object]) -> None:
        for number, attention in enumerate(attentions):
            norm(attention.layer_norm)
            # Of the film's sound, keys and values are in one matrix; of the text itself, queries as well.
            for place, parts in enumerate((1, 2, 1) if number else (3, 1)):
                linear(attention.linear[place], parts * width, width)
        norm(layer.ffn.layer_norm)
        linear(layer.ffn.linear_0, 4 * width, width)
        linear(layer.ffn.linear_1, width, 4 * width)

    for conv, bands in ((spec.encoder.conv1, shape.bands), (spec.encoder.conv2, width)):
        conv.weight, conv.bias = drawn(width, bands, 3), np.zeros(width, dtype=np.float16)
    for side, places in ((spec.encoder, 1500), (spec.decoder, 448)):
        side.position_encodings.encodings = drawn(places, width)
        norm(side.layer_norm)
    for layer in spec.encoder.layer:
        block(layer, [layer.self_attention])
    for layer in spec.decoder.layer:
        block(layer, [layer.self_attention, layer.attention])
    spec.decoder.embeddings.weight = drawn(len(vocabulary), width)
    spec.decoder.projection.weight = spec.decoder.embeddings.weight
    for name in ("suppress_ids", "suppress_ids_begin", "lang_ids"):
        setattr(spec.config, name, config[name])
    spec.config.alignment_heads = [(layer, 0) for layer in range(shape.layers // 2, shape.layers)]
    spec.register_vocabulary(vocabulary)
    # Not optimised: CTranslate2 would keep one of all layers that are the same, and it would stay near the processor.
    spec.validate()
    folder.mkdir()
    spec.save(str(folder))
    shutil.copy(like / "tokenizer.json", folder)
    (folder / "preprocessor_config.json").write_text(json.dumps({"feature_size": shape.bands}))
    return weights.ResolvedModel("made", folder, None, "")


def noise(target: Path, windows: int) -> FilmAudio:
    """Write so many windows of noise as a sound."""
    samples = np.random.default_rng(3).normal(0, 3000, windows * WINDOW_SECONDS * RATE_HZ).astype("<i2")
    with wave.open(str(target), "wb") as file:
        file.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        file.writeframes(samples.tobytes())
    return FilmAudio(target)


def decoding(shapes: list[str], device: str, batches: list[int], like: Path, scratch: Path) -> None:
    """Print what decoding costs, as rows of a table."""
    print("| shape | number type | windows at once | s a window | times real time | tokens a second | memory, MiB |")
    print("|---|---|---|---|---|---|---|", flush=True)
    audio = noise(scratch / "noise.wav", max(batches))
    regions = [Region(WINDOW_SECONDS * 1000 * n, WINDOW_SECONDS * 1000 * (n + 1), "en") for n in range(max(batches))]
    windows = [Window(((region.start_ms, region.end_ms),), (region,)) for region in regions]
    for name in shapes:
        model = made_model(SHAPES[name], like, scratch / name)
        for kind in TYPES[device]:
            before = memory.free_mb(device) or 0.0
            engine = Engine(model, EngineOptions(device, kind, os.cpu_count() or 1, 5, "any"))
            strategy = DecodingStrategy(max_tokens=TOKENS)
            engine.decode(audio, windows[:1], strategy)  # what is compiled or set up comes before
            for size in batches:
                began = time.monotonic()
                chunks = engine.decode(audio, windows[:size], strategy, size=size)
                took = time.monotonic() - began
                tokens = sum(chunk.tokens for chunk in chunks)
                # Of a machine's memory others take and give back meanwhile.
                taken = f"{before - (memory.free_mb(device) or 0.0):.0f}" if device == "cuda" else "–"
                print(
                    f"| {name} | {kind} | {size} | {took / size:.3f} | {WINDOW_SECONDS * size / took:.0f} "
                    f"| {tokens / took:.0f} | {taken} |",
                    flush=True,
                )
            engine.close()
            del engine


def stage(device: str, seconds: float, scratch: Path) -> None:
    """Print stage 04 beside faster-whisper itself."""
    film, clips = recognition.make_film(scratch, recognition.NAMES, seconds)
    print("\n| base, whole processes | wall s | CPU s | words wrong |")
    print("|---|---|---|---|", flush=True)
    for name in ("stage faster-whisper", "stage whisperx", "faster-whisper batched"):
        found = recognition.measure(name, film, os.cpu_count() or 1, device=device)
        wrong = recognition.judge(found, clips)["wrong_words"]
        print(f"| {name} | {found.wall_seconds:.1f} | {found.cpu_seconds:.1f} | {wrong:.1%} |", flush=True)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--shapes", choices=SHAPES, nargs="+", default=["base", "large-v3"])
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 8, 24])
    parser.add_argument("--seconds", type=float, default=300, help="of speech, for stage 04; 0: it is left out")
    parser.add_argument("--decoding", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="samvad-gpu-") as name:
        if options.decoding:
            try:
                weights.resolve_device(options.device, "auto")
                like = weights.resolve_whisper("base").folder
            except SamvadError as error:
                print(f"{error.what} {error.remedy}", file=sys.stderr)
                return error.exit_code
            decoding(options.shapes, options.device, options.batches, like, Path(name))
            return 0
        # The engine is in stage 04's environment, what judges its words in ours.
        python = recognition.environment("asr") / "bin" / "python"
        done = subprocess.run([python, __file__, "--decoding", *sys.argv[1:]], check=False)
        if done.returncode:
            return done.returncode
        if options.seconds and recognition.MEDIA.is_dir():
            stage(options.device, options.seconds, Path(name))
        elif options.seconds:
            print(f"\nThe recordings are not at {recognition.MEDIA}: stage 04 was not measured.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
