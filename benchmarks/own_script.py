"""How much of an Indian language is left when its text is to be in its own script, beside other programs.

Every recording in an Indian language with a text (../shared/media) is heard by stage 04's recogniser with `script` as
`native` and as `any`, by faster-whisper itself, and by the whisperx command: the same weights (Whisper base, int8, beam
5), alone, one after the other. For each: words that are right to the letter (in order), consonants wrong or missing in
whatever letters, and the seconds of speech (Silero's) that lie in no segment. Every second clip is the half that
thresholds were set on; the last lines give both halves.

Usage: python benchmarks/own_script.py [--threads N] [--contenders NAME,…] [--clips N] [--output FILE.json]
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import re
import subprocess
import sys
import tempfile
import unicodedata
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from recognition import environment, model_folder

ROOT = Path(__file__).resolve().parents[1]
MEDIA = ROOT.parent / "shared" / "media"
CONTENDERS = ("native", "any", "faster-whisper", "whisperx")


@dataclass(frozen=True)
class Result:
    """What a contender made of a clip: words right and said, consonants off and there, seconds of speech, unheard."""

    clip: str
    contender: str
    right: int
    words: int
    off: int
    consonants: int
    speech: float
    unheard: float
    cpu_seconds: float
    text: str


def clips(limit: int) -> list[tuple[Path, str, str]]:
    """Return the recordings in one Indian language each, with their languages and texts."""
    with (MEDIA / "INDEX.tsv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if row["path"].startswith("A_indic/")]
    found = []
    for row in rows:
        text = (MEDIA / row["references"].split()[0]).read_text("utf-8")
        if re.fullmatch("[a-z]{2}", row["language"]) and not re.search("[A-Za-z]", text):
            found.append((MEDIA / row["path"], row["language"], text))
    return found[:limit] if limit else found


def main() -> None:
    """Run the contenders and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--contenders", default=",".join(CONTENDERS))
    parser.add_argument("--clips", type=int, default=0)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--alone", help=argparse.SUPPRESS)
    options = parser.parse_args()
    chosen = clips(options.clips)
    if options.alone:
        heard = [listen(options.alone, path, language, options.threads) for path, language, _ in chosen]
        options.output.write_text(json.dumps(heard))
        return
    results: list[Result] = []
    for contender in options.contenders.split(","):
        for (path, _, text), heard in zip(chosen, run(contender, options), strict=True):
            results.append(judge(path.name, contender, text, heard))
            show(path.name, results[-1:])
    for half, first in (("set on", 0), ("reported on", 1)):
        for contender in options.contenders.split(","):
            own = [item for item in results if item.contender == contender][first::2]
            show(half, own)
    if options.output:
        options.output.write_text(json.dumps([asdict(item) for item in results], ensure_ascii=False, indent=1))


def run(contender: str, options: argparse.Namespace) -> list[dict[str, Any]]:
    """Let a contender hear all clips in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="samvad-bench-") as folder:
        output = Path(folder) / "heard.json"
        command = [
            str(environment("asr") / "bin" / "python"), __file__, "--alone", contender, "--clips", str(options.clips),
            "--threads", str(options.threads), "--output", str(output),
        ]  # fmt: skip
        settings = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": str(options.threads)}
        subprocess.run(command, check=True, env=settings, stdout=subprocess.DEVNULL)
        return list(json.loads(output.read_text()))


def listen(contender: str, path: Path, language: str, threads: int) -> dict[str, Any]:
    """Return what a contender hears in a clip: its segments, the speech that Silero finds, the CPU seconds."""
    sys.path.insert(0, str(ROOT / "scripts"))
    from faster_whisper.audio import decode_audio
    from recognition import write_wav

    from samvad.stages.asr.regions import silero_regions

    with tempfile.TemporaryDirectory(prefix="samvad-bench-") as folder:
        samples = decode_audio(str(path))
        film = write_wav(Path(folder) / "film.wav", (samples * 32767).astype("<i2").tobytes())
        from samvad.media.audio import FilmAudio

        audio = FilmAudio(film)
        speech = silero_regions(audio, 0.5)
        began = sum(os.times()[:4])
        if contender == "faster-whisper":
            segments = _faster_whisper(film, language, threads)
        elif contender == "whisperx":
            segments = _whisperx(film, language, threads, Path(folder))
        else:
            segments = _recogniser(audio, speech, contender, language, threads)
        spent = sum(os.times()[:4]) - began
    regions = [(region.start_ms / 1000, region.end_ms / 1000) for region in speech]
    return {"segments": segments, "speech": regions, "cpu": spent}


def _recogniser(audio: Any, speech: Any, script: str, language: str, threads: int) -> list[tuple[float, float, str]]:
    from samvad.models import weights
    from samvad.stages.asr import memory, recogniser, regions, sentences
    from samvad.stages.asr.engine import Engine, EngineOptions

    model = weights.resolve_whisper("base")
    fallback = memory.OutOfMemoryFallback(
        lambda setting: Engine(model, EngineOptions("cpu", "int8", threads, 5, script)),
        memory.Setting("cpu", "int8", 8),
        print,
    )
    named = [replace(region, language=language) for region in regions.cut_long(speech, 28_000, audio)]
    chunks = recogniser.Recogniser(fallback, audio, script, (), 4, lambda *_: None).recognise(named)
    found = sentences.build_segments(chunks, named, 14_000)
    return [(segment.start_ms / 1000, segment.end_ms / 1000, segment.text) for segment in found]


def _faster_whisper(film: Path, language: str, threads: int) -> list[tuple[float, float, str]]:
    from faster_whisper import WhisperModel

    model = WhisperModel(str(model_folder()), device="cpu", compute_type="int8", cpu_threads=threads)
    found, _ = model.transcribe(str(film), language=language, beam_size=5, vad_filter=True)
    return [(segment.start, segment.end, segment.text) for segment in found]


def _whisperx(film: Path, language: str, threads: int, folder: Path) -> list[tuple[float, float, str]]:
    command = [
        str(Path(sys.executable).parent / "whisperx"), str(film), "--model", str(model_folder()), "--device", "cpu",
        "--compute_type", "int8", "--batch_size", "8", "--language", language, "--threads", str(threads), "--no_align",
        "--vad_method", "pyannote", "--output_format", "json", "--output_dir", str(folder),
    ]  # fmt: skip
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    found = json.loads((folder / "film.json").read_text("utf-8"))["segments"]
    return [(segment["start"], segment["end"], segment["text"]) for segment in found]


def judge(clip: str, contender: str, said: str, heard: dict[str, Any]) -> Result:
    """Return how far what was heard is what was said."""
    text = " ".join(segment[2] for segment in heard["segments"])
    known, found = plain(said), plain(text)
    sounds = consonants(known)
    unheard = sum(
        end - start - sum(max(0.0, min(end, last) - max(start, first)) for first, last, _ in heard["segments"])
        for start, end in heard["speech"]
    )
    speech = sum(end - start for start, end in heard["speech"])
    return Result(
        clip, contender, in_both(known, found), len(known), edits(sounds, consonants(found)), len(sounds), speech,
        max(0.0, unheard), heard["cpu"], text,
    )  # fmt: skip


def plain(text: str) -> list[str]:
    """Return the words of a text, without punctuation and joiners; a dotted letter counts as the plain one."""
    text = unicodedata.normalize("NFC", text).translate(dict.fromkeys((0x200C, 0x200D, 0x93C)))
    return "".join(sign if unicodedata.category(sign)[0] in "LMN" else " " for sign in text.casefold()).split()


def consonants(words: list[str]) -> str:
    """Return the consonants of words in any letters, voice and all, one letter each; nasals of vowels left out."""
    sys.path.insert(0, str(ROOT / "scripts"))
    from samvad.text import skeletons

    return "".join(map(skeletons.key_of, words)).replace("n", "")


def in_both(first: list[str], second: list[str]) -> int:
    """Return how many words two rows have in common, in their order."""
    line = [0] * (len(second) + 1)
    for word in first:
        above, line = line, [0]
        for place, other in enumerate(second):
            line.append(above[place] + 1 if word == other else max(above[place + 1], line[-1]))
    return line[-1]


def edits(first: str, second: str) -> int:
    """Return the edit distance between two texts."""
    line = list(range(len(second) + 1))
    for row, sign in enumerate(first, start=1):
        above, line = line, [row]
        for place, other in enumerate(second):
            line.append(min(above[place] + (sign != other), above[place + 1] + 1, line[-1] + 1))
    return line[-1]


def show(name: str, results: list[Result]) -> None:
    """Print one line for some results of a contender."""
    if not results:
        return
    right, words = sum(item.right for item in results), sum(item.words for item in results)
    off, there = sum(item.off for item in results), sum(item.consonants for item in results)
    unheard, speech = sum(item.unheard for item in results), sum(item.speech for item in results)
    cpu = sum(item.cpu_seconds for item in results)
    shares = f"consonants {off / max(there, 1):.2f}, {100 * unheard / max(speech, 0.1):4.1f} % of speech without text"
    print(
        f"{name:28} {results[0].contender:15} {right:4} of {words:4} words right, {shares}, {cpu:.0f} CPU s",
        flush=True,
    )


if __name__ == "__main__":
    main()
