"""Compare CTranslate2 with transformers on one model of IndicTrans2's shape with random weights, side by side.

``envs/run translation ../benchmarks/translation.py`` in Samvad's folder. Both translate the same made-up subwords into
the same number of subwords, in processes of their own, in turn. ``--sweep`` tells CTranslate2's speed by the size of
the batch. ``--dialogue N`` takes N sentences of the lengths that film dialogue has through the random weights, in the
batches that stage 08 makes. ``--film TOY`` takes 1,500 sentences through the whole of stage 08's way instead, with the
toy model that ``tests/toy_translation_model.py TOY`` trains: what the way around the model costs.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

SHAPE = {
    "encoder_vocab_size": 122706, "decoder_vocab_size": 32296, "encoder_embed_dim": 512, "encoder_layers": 18,
    "decoder_layers": 18, "encoder_attention_heads": 8, "decoder_attention_heads": 8, "encoder_ffn_dim": 2048,
    "decoder_ffn_dim": 2048, "max_source_positions": 256, "max_target_positions": 256,
}  # fmt: skip
CONFIG = {
    **SHAPE, "encoder_normalize_before": True, "decoder_normalize_before": True, "layernorm_embedding": False,
    "share_decoder_input_output_embed": False, "scale_embedding": True, "activation_function": "gelu",
}  # fmt: skip
SOURCE_TOKENS, TARGET_TOKENS = 20, 40


def random_model() -> Any:
    """Return a model of the shape: M2M100's class is the same transformer, but for its two vocabularies."""
    import torch
    from torch import nn
    from transformers import M2M100Config, M2M100ForConditionalGeneration

    torch.manual_seed(1)
    shape = {name: value for name, value in SHAPE.items() if "vocab" not in name and "positions" not in name}
    width = shape.pop("encoder_embed_dim")
    config = M2M100Config(
        **shape, d_model=width, vocab_size=SHAPE["encoder_vocab_size"], max_position_embeddings=256,
        activation_function="gelu", scale_embedding=True, pad_token_id=1, bos_token_id=0, eos_token_id=2,
        decoder_start_token_id=2, tie_word_embeddings=False,
    )  # fmt: skip
    model = M2M100ForConditionalGeneration(config)
    words = SHAPE["decoder_vocab_size"]
    embedding = nn.Embedding(words, width, 1)
    model.model.decoder.embed_tokens.weight = embedding.weight
    model.lm_head = nn.Linear(width, words, bias=False)
    model.config.vocab_size = words  # what beam search counts by
    return model.eval()


def prepare(folder: Path) -> None:
    """Write the model's weights for transformers, and convert them with Samvad's own converter."""
    import torch
    from safetensors.torch import save_file

    from samvad.stages.translation import conversion

    model = random_model()
    state = {name: value.contiguous().clone() for name, value in model.state_dict().items() if ".shared." not in name}
    torch.save(model, folder / "model.pt")
    hub = folder / "hub"
    hub.mkdir()
    save_file({name: value for name, value in state.items() if "position" not in name}, hub / "model.safetensors")
    (hub / "config.json").write_text(json.dumps(CONFIG))
    for side, key in (("SRC", "encoder_vocab_size"), ("TGT", "decoder_vocab_size")):
        words = ["<s>", "<pad>", "</s>", "<unk>", *(f"w{number}" for number in range(4, int(SHAPE[key])))]
        (hub / f"dict.{side}.json").write_text(json.dumps({word: number for number, word in enumerate(words)}))
        (hub / f"model.{side}").write_bytes(b"")
    conversion.convert(hub, folder / "converted", "int8")


def rows(count: int) -> list[list[int]]:
    """Return made-up sources of subword numbers."""
    draw = random.Random(2)
    return [[draw.randrange(10, 100_000) for _ in range(SOURCE_TOKENS - 1)] + [2] for _ in range(count)]


def part(folder: Path, runtime: str, beam: int, batch: int, sentences: int, threads: int) -> dict[str, float]:
    """Translate with one runtime; return CPU seconds, wall seconds, tokens, and peak memory in MiB."""
    sources = rows(sentences)
    if runtime == "ctranslate2":
        import ctranslate2

        translator = ctranslate2.Translator(str(folder / "converted"), compute_type="int8", intra_threads=threads)

        def run(items: list[list[int]]) -> None:
            translator.translate_batch(
                [[f"w{number}" for number in row[:-1]] for row in items], beam_size=beam,
                min_decoding_length=TARGET_TOKENS, max_decoding_length=TARGET_TOKENS,
            )  # fmt: skip
    else:
        import torch

        torch.set_num_threads(threads)
        model = torch.load(folder / "model.pt", weights_only=False)

        def run(items: list[list[int]]) -> None:
            ids = torch.tensor(items)
            with torch.inference_mode():
                model.generate(
                    input_ids=ids, attention_mask=torch.ones_like(ids), num_beams=beam, do_sample=False,
                    min_new_tokens=TARGET_TOKENS, max_new_tokens=TARGET_TOKENS,
                )  # fmt: skip

    run(sources[:1])
    cpu, wall = time.process_time(), time.perf_counter()
    for at in range(0, sentences, batch):
        run(sources[at : at + batch])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "cpu": time.process_time() - cpu,
        "wall": time.perf_counter() - wall,
        "tokens": sentences * TARGET_TOKENS,
        "peak_mb": peak,
    }


def compare(folder: Path, beam: int, batch: int, sentences: int, repeats: int, threads: int) -> None:
    """Print the two runtimes' medians over repeats, taken in turn, and their ratios."""
    found: dict[str, list[dict[str, float]]] = {"ctranslate2": [], "transformers": []}
    for _, runtime in itertools.product(range(repeats), found):
        command = [sys.executable, __file__, "--part", str(folder), runtime]
        options = ["--beam", beam, "--batch", batch, "--sentences", sentences, "--threads", threads]
        done = subprocess.run([*command, *map(str, options)], capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(done.stderr)
        found[runtime].append(json.loads(done.stdout.splitlines()[-1]))
    speeds = {name: statistics.median(run["tokens"] / run["cpu"] for run in runs) for name, runs in found.items()}
    memory = {name: statistics.median(run["peak_mb"] for run in runs) for name, runs in found.items()}
    print(
        f"beam {beam}, batch {batch}: {speeds['ctranslate2']:.0f} against {speeds['transformers']:.0f} tokens a "
        f"CPU-second ({speeds['ctranslate2'] / speeds['transformers']:.1f} times); {memory['ctranslate2']:.0f} against "
        f"{memory['transformers']:.0f} MiB ({memory['ctranslate2'] / memory['transformers']:.2f})",
        flush=True,
    )


def sweep(folder: Path, beams: list[int], batches: list[int], compute_types: list[str], threads: int) -> None:
    """Print CTranslate2's tokens a CPU-second by number type, beam and size of the batch."""
    import ctranslate2

    for kind in compute_types:
        translator = ctranslate2.Translator(str(folder / "converted"), compute_type=kind, intra_threads=threads)
        for beam, batch in itertools.product(beams, batches):
            given = [[f"w{number}" for number in row[:-1]] for row in rows(batch)]
            translator.translate_batch(given[:1], beam_size=beam, max_decoding_length=2)
            cpu, wall = time.process_time(), time.perf_counter()
            translator.translate_batch(
                given, beam_size=beam, min_decoding_length=TARGET_TOKENS, max_decoding_length=TARGET_TOKENS
            )
            cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
            tokens = batch * TARGET_TOKENS
            speeds = f"{tokens / cpu:.0f} tokens a CPU-second, {tokens / wall:.0f} a second"
            print(f"{kind}, beam {beam}, batch {batch}: {speeds}", flush=True)


def dialogue(folder: Path, sentences: int, beam: int, batch_size: int, threads: int) -> None:
    """Print what sentences of a film cost in the batches that stage 08 makes; each comes out as long as it went in.

    Lengths are drawn: a median of 11 subwords, one in twenty over 30, as subtitles of 5 to 8 words a line have.
    """
    import ctranslate2

    from samvad.stages.translation import backends, engine

    draw = random.Random(3)
    lengths = sorted(min(120, max(3, round(draw.lognormvariate(2.4, 0.6)))) for _ in range(sentences))
    draw.shuffle(lengths)
    given = [[f"w{draw.randrange(10, 100_000)}" for _ in range(length)] for length in lengths]
    translator = ctranslate2.Translator(str(folder / "converted"), compute_type="int8", intra_threads=threads)
    cpu, wall = time.process_time(), time.perf_counter()
    batches = backends.token_batches(lengths, batch_size * engine.SUBWORDS_PER_SENTENCE)
    for batch in batches:
        longest = max(lengths[index] for index in batch)
        translator.translate_batch(
            [given[index] for index in batch], beam_size=beam, num_hypotheses=min(5, beam), min_decoding_length=longest,
            max_decoding_length=longest,
        )  # fmt: skip
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    print(
        f"{sentences} sentences ({sum(lengths)} subwords) in {len(batches)} batches, beam {beam}: {wall:.1f} s, "
        f"{cpu:.1f} CPU-s; 1,500 would take {1500 * cpu / sentences:.0f} CPU-s"
    )


def film(toy: Path, threads: int, beam: int) -> None:
    """Take a film's 1,500 sentences through stage 08's way with the toy model, and print the time of each part."""
    from samvad.stages.translation.backends import Line
    from samvad.stages.translation.indictrans2_backend import IndicTrans2Backend
    from samvad.stages.translation.memory import Memory
    from samvad.stages.translation.sentence_model import Settings
    from samvad.stages.translation.terms import Glossary, Term
    from samvad.stages.translation.text_backend import Options

    subjects, things = ("राम", "सीता", "मोहन", "माँ", "भाई", "रानी"), ("पानी", "किताब", "घर", "चाँद", "फूल", "नाव")
    colours, verbs = ("", "लाल ", "नया ", "पुराना ", "बड़ा "), ("देखता", "चाहता", "लाता", "बेचता")
    every = itertools.product(subjects, colours, things, verbs, "।?")
    texts = [f"{who} {how}{thing} {verb} है{end}" for who, how, thing, verb, end in every]
    random.Random(1).shuffle(texts)
    texts = (texts * 2)[:1500]
    lines = [Line(at + 1, "hi", text, 4000 * at, 4000 * at + 2500, 0, 0) for at, text in enumerate(texts)]
    glossary = Glossary((Term("किताब", ("volume",)), Term("राम", ("Ram",), is_name=True)))
    options = Options("cpu", "int8", threads, beam, Settings(32), Memory(None), lambda target: glossary)
    backend = IndicTrans2Backend(toy, options)
    backend.find(frozenset([("hi", "en")]))
    backend.load()
    cpu, wall = time.process_time(), time.perf_counter()
    made = backend.translate(lines, "en")
    flagged = sum(bool(item.flags) for item in made)
    print(
        f"{len(made)} sentences, beam {beam}: {time.perf_counter() - wall:.1f} s, "
        f"{time.process_time() - cpu:.1f} CPU-s; {flagged} flagged"
    )


def main() -> int:
    """Run what the options ask for."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--part", nargs=2, metavar=("FOLDER", "RUNTIME"), help="one measurement, for the others")
    options.add_argument("--prepare", type=Path, metavar="FOLDER", help="make the models, for the others")
    options.add_argument("--film", type=Path, metavar="TOY", help="folder of the toy model")
    options.add_argument("--sweep", action="store_true", help="CTranslate2's speed by the size of the batch")
    options.add_argument("--dialogue", type=int, metavar="N", help="so many sentences of a film, by the random weights")
    options.add_argument("--models", type=Path, help="folder that --prepare made; without it they are made anew")
    options.add_argument("--compute-type", nargs="+", default=["int8"], help="for --sweep")
    options.add_argument("--beam", type=int)
    options.add_argument("--batch", type=int, nargs="+", default=[1, 8])
    options.add_argument("--sentences", type=int, default=8)
    options.add_argument("--repeats", type=int, default=3)
    options.add_argument("--threads", type=int, default=1)
    given = options.parse_args()
    if given.prepare:
        prepare(given.prepare)
    elif given.part:
        folder, runtime = given.part
        print(json.dumps(part(Path(folder), runtime, given.beam, given.batch[0], given.sentences, given.threads)))
    elif given.film:
        film(given.film, given.threads, given.beam or 5)
    else:
        with tempfile.TemporaryDirectory() as name:
            folder = given.models or Path(name)
            if not given.models:
                # In a process of its own: a child's peak of memory begins with its parent's.
                subprocess.run([sys.executable, __file__, "--prepare", name], check=True)
            measure(folder, given)
    return 0


def measure(folder: Path, given: argparse.Namespace) -> None:
    """Measure what the options ask for on the models in a folder."""
    beams = [given.beam] if given.beam else [1, 5]
    if given.sweep:
        sweep(folder, beams, given.batch, given.compute_type, given.threads)
    elif given.dialogue:
        dialogue(folder, given.dialogue, given.beam or 5, 8, given.threads)
    else:
        for beam, batch in itertools.product(beams, given.batch):
            compare(folder, beam, batch, given.sentences, given.repeats, given.threads)


if __name__ == "__main__":
    sys.exit(main())
