"""How much speech is left without text, and how much text there is without speech, clip by clip, beside other programs.

Every recording of ../shared/media with sound, films joined of the lines of its Hindi scene and of its English readings
in new orders (a text that ends early hangs on what stands around it), and sounds without speech that code makes. Heard
by stage 04's recogniser with both engines, by faster-whisper itself and by whisperx, each in a process of its own, with
the same weights (Whisper base, int8, beam 5). For each clip: seconds of speech (Silero's) and how much of them lies in
stretches of 1.5 s and of 1 s without a word (`samvad.documents.coverage`; a word that has no time of its own gets its
share of its segment's speech), words wrong (English) or consonants wrong or missing (Hindi, in whatever letters), and
words written where nobody speaks: in sounds without speech, and half a second and more from all lines of a scene.

Half 0 (every second clip; the odd lines in what is joined) is what limits were set on, half 1 what they are
reported on.

Usage: python benchmarks/missing_words.py [--threads N] [--contenders NAME,…] [--only EXPRESSION] [--output FILE]
       python benchmarks/missing_words.py --show FILE.json …
"""

from __future__ import annotations

import argparse
import csv
import functools
import json
import os
import random
import re
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from clips import Samples
from own_script import consonants, edits
from own_script import plain as indic
from recognition import MEDIA, ROOT, environment, model_folder, plain, write_wav
from sound_files import RATE_HZ, samples_of

CONTENDERS = ("stage faster-whisper", "stage whisperx", "faster-whisper", "whisperx")
_LONG_MS = 1_500
#: Words this near to a line may belong to it.
_NEAR_SECONDS = 0.5
_SEEDS = 2
_SUMMED = ("speech", "missing_long", "missing", "wrong", "said", "invented", "cpu_seconds")
_UNSPOKEN_SECONDS = 8
SILENT = ("D_video/bbb_51.mp4", "D_video/en_muted.mp4")
READ = (
    "librivox_0870.wav",
    "librivox_0890.wav",
    "librivox_0930.wav",
    "acoustic_corpus.wav",
    "leopard_quilter.wav",
    "jfk.flac",
)


@dataclass(frozen=True)
class Clip:
    """A clip: its sound, language and text, and where its lines lie in seconds; no lines where that is not known.

    Attributes:
        half: 0: limits are set on it; 1: they are reported on it.
        silent: whether nobody speaks in it.
    """

    name: str
    half: int
    language: str
    text: str = ""
    lines: tuple[tuple[float, float], ...] = ()
    silent: bool = False
    sound: Samples = field(default_factory=lambda: np.zeros(0), repr=False)


class Word(NamedTuple):
    """A word as written, and its times in ms."""

    start_ms: int
    end_ms: int
    text: str


@dataclass(frozen=True)
class Result:
    """What a contender made of a clip. Times in seconds; ``wrong`` of ``said``: words in English, consonants else."""

    clip: str
    half: int
    contender: str
    speech: float
    missing_long: float
    missing: float
    wrong: int
    said: int
    invented: int
    cpu_seconds: float
    text: str
    unsure: int = 0


def _sound(path: Path, *options: str) -> Samples:
    if not options:
        return np.frombuffer(samples_of(path), "<i2").astype(np.float64) / 32768
    command = ["ffmpeg", "-nostdin", "-v", "error", "-i", str(path), *options, "-ac", "1", "-ar", str(RATE_HZ)]
    done = subprocess.run([*command, "-f", "s16le", "-"], capture_output=True, check=True)
    return np.frombuffer(done.stdout, "<i2").astype(np.float64) / 32768


def _timeline(path: str) -> list[dict[str, Any]]:
    file = MEDIA / "refs" / f"{Path(path).stem}.timeline.json"
    lines: list[dict[str, Any]] = json.loads(file.read_text("utf-8")) if file.exists() else []
    return [line for line in lines if line["kind"].startswith("speech")]


def recordings() -> list[Clip]:
    """Return the recordings that have sound."""
    with (MEDIA / "INDEX.tsv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if row["seconds"]]
    found = []
    for row in rows:
        path = MEDIA / row["path"]
        if row["kind"] not in ("speech", "radio speech", "video", "mix", "song", "nonspeech"):
            continue
        try:
            sound = _sound(path, *(("-map", "0:a:1") if path.stem.startswith("multi_audio") else ()))
        except subprocess.CalledProcessError:
            continue
        text = next((MEDIA / name for name in row["references"].split() if name.endswith(".txt")), None)
        lines = tuple((line["start"], line["end"]) for line in _timeline(row["path"]))
        if path.stem == "mix_musan":
            lines = ((63.34, 74.5),)
        silent = row["kind"] == "nonspeech" or row["path"] in SILENT
        spoken = row["language"].split("-")[0] or "en"
        found.append(
            Clip(
                path.name, len(found) % 2, "en" if spoken == "" or silent else spoken,
                text.read_text("utf-8") if text and row["kind"] != "song" else "", lines, silent, sound,
            )
        )  # fmt: skip
    return found


def joined() -> list[Clip]:
    """Return films of Hindi lines and of English readings, each half with lines of its own, in three orders."""
    scene = _sound(MEDIA / "A_indic" / "comp_hi_scene_open.flac")
    lines = [line for line in _timeline("comp_hi_scene_open.flac") if line["kind"] == "speech"]
    hindi = [(scene[round(line["start"] * RATE_HZ) : round(line["end"] * RATE_HZ)], line["text"]) for line in lines]
    english = [
        (_sound(MEDIA / "B_english" / f"en_{name}"), (MEDIA / "refs" / f"en_{name}.txt").read_text("utf-8"))
        for name in READ
    ]
    found = []
    for language, parts in (("hi", hindi), ("en", english)):
        for half in (0, 1):
            for seed in range(_SEEDS):
                order = parts[half::2]
                dice = random.Random(seed + 10 * half)
                dice.shuffle(order)
                found.append(_joined(f"joined {language} {half} {seed}", half, language, order, dice))
    return found


def _joined(name: str, half: int, language: str, order: list[tuple[Samples, str]], dice: random.Random) -> Clip:
    parts, lines, position = [], [], 0.0
    for sound, _ in order:
        pause = dice.uniform(0.3, 1.6)
        position += pause
        lines.append((position, position + len(sound) / RATE_HZ))
        parts += [np.zeros(round(pause * RATE_HZ)), sound]
        position += len(sound) / RATE_HZ
    parts.append(np.zeros(RATE_HZ))
    return Clip(name, half, language, " ".join(text for _, text in order), tuple(lines), False, np.concatenate(parts))


def unspoken() -> list[Clip]:
    """Return sounds without speech that code makes, one of each kind."""
    sys.path.insert(0, str(ROOT / "scripts"))
    from samvad.sample import unspoken as sounds

    return [
        Clip(f"made {kind}", number % 2, "en", silent=True, sound=sounds.make(kind, _UNSPOKEN_SECONDS, 700 + number))
        for number, kind in enumerate(sounds.KINDS)
    ]


def clips(only: str) -> list[Clip]:
    """Return all clips, or those whose names a regular expression is found in."""
    if not MEDIA.is_dir():
        sys.exit(f"The recordings are not at {MEDIA}.")
    return [clip for clip in [*recordings(), *joined(), *unspoken()] if re.search(only, clip.name)]


class Heard(NamedTuple):
    """What a contender heard: words, how many of them are marked as unsure, CPU seconds."""

    words: list[Word]
    unsure: int
    cpu: float


def hear_all(contender: str, found: list[Clip], threads: int) -> list[dict[str, Any]]:
    """Let a contender hear clips, in this process."""
    sys.path.insert(0, str(ROOT / "scripts"))
    from samvad.media.audio import FilmAudio
    from samvad.stages.asr import regions

    listen = {"faster-whisper": _faster_whisper, "whisperx": _whisperx}.get(contender)
    listener = listen(threads) if listen else _recogniser(contender.split()[1], threads)
    results = []
    with tempfile.TemporaryDirectory(prefix="samvad-bench-") as folder:
        for clip in found:
            raw = (np.clip(clip.sound, -1, 1) * 32767).astype("<i2").tobytes()
            film = write_wav(Path(folder) / "film.wav", raw)
            speech = regions.silero_regions(FilmAudio(film), 0.5)
            began = sum(os.times()[:4])
            words, unsure = listener(film, clip.language, [(one.start_ms, one.end_ms) for one in speech])
            heard = Heard(words, unsure, sum(os.times()[:4]) - began)
            results.append(asdict(judge(clip, contender, heard, [(one.start_ms, one.end_ms) for one in speech])))
            print(line_of(Result(**results[-1])), file=sys.stderr, flush=True)
    return results


def _recogniser(engine: str, threads: int) -> Any:
    from samvad.documents.segments import SegmentsDocument
    from samvad.media import sound_events
    from samvad.media.audio import FilmAudio
    from samvad.models import weights
    from samvad.stages.asr import memory, quiet, recogniser, regions, sentences
    from samvad.stages.asr.engine import Engine, EngineOptions

    kind: Any = Engine
    if engine == "whisperx":
        from samvad.stages.asr.whisperx_engine import WhisperXEngine as kind  # noqa: N813 -- one name for both
    model = weights.resolve_whisper("base")
    options = EngineOptions("cpu", "int8", threads, 5, "native")
    fallback = memory.OutOfMemoryFallback(lambda _: kind(model, options), memory.Setting("cpu", "int8", 8), print)

    def listen(film: Path, language: str, _: Any) -> tuple[list[Word], int]:
        audio = FilmAudio(film)
        curve = sound_events.listen(film)
        first, softer = regions.silero_regions(audio, 0.5), quiet.softer(audio, 0.5)
        speech = quiet.with_quiet(first, softer, curve, audio.duration_ms)
        speech = regions.with_singing(speech, regions.sung_regions(curve, 0.5), audio.duration_ms)
        named = [replace(region, language=language) for region in regions.cut_long(speech, 28_000, audio)]
        one = recogniser.Recogniser(fallback, audio, "native", (), 4, lambda *_: None, voice_peak=curve.voice_peak)
        chunks = one.recognise(named)
        segments = sentences.build_segments(chunks, named, 14_000, quiet.pauses(audio, named))
        shown = list(SegmentsDocument("und", audio.duration_ms, tuple(segments)).shown())
        unsure = sum(len(segment.words) for segment in shown if "unsure" in str(segment.extra.get("decoded_again", "")))
        return [Word(word.start_ms, word.end_ms, word.text) for segment in shown for word in segment.words], unsure

    return listen


def _faster_whisper(threads: int) -> Any:
    from faster_whisper import WhisperModel

    model = WhisperModel(str(model_folder()), device="cpu", compute_type="int8", cpu_threads=threads)

    def listen(film: Path, language: str, _: Any) -> tuple[list[Word], int]:
        found, _info = model.transcribe(
            str(film), language=language, beam_size=5, vad_filter=True, word_timestamps=True
        )
        return [
            Word(round(word.start * 1000), round(word.end * 1000), word.word)
            for segment in found
            for word in segment.words or ()
        ], 0

    return listen


def _whisperx(threads: int) -> Any:
    import whisperx

    @functools.cache
    def pipeline(language: str) -> Any:
        return whisperx.load_model(
            str(model_folder()), "cpu", compute_type="int8", language=language, vad_method="pyannote", threads=threads
        )

    def listen(film: Path, language: str, speech: list[tuple[int, int]]) -> tuple[list[Word], int]:
        try:
            heard = pipeline(language).transcribe(whisperx.load_audio(str(film)), batch_size=8, language=language)
        except IndexError:  # it fails where its detector finds no speech
            return [], 0
        return [
            word
            for segment in heard["segments"]
            for word in spread(segment["text"], segment["start"] * 1000, segment["end"] * 1000, speech)
        ], 0

    return listen


def spread(text: str, start_ms: float, end_ms: float, speech: list[tuple[int, int]]) -> list[Word]:
    """Return a segment's words, each with its share of the segment's speech by its letters."""
    inside = [(max(start, start_ms), min(end, end_ms)) for start, end in speech if start < end_ms and end > start_ms]
    inside = inside or [(start_ms, end_ms)]
    words = text.split()
    edges = np.cumsum([0, *map(len, words)])
    lengths = np.cumsum([0, *(end - start for start, end in inside)])

    def at(share: float) -> int:
        place = share * lengths[-1]
        number = min(int(np.searchsorted(lengths, place, "right")) - 1, len(inside) - 1)
        return round(inside[number][0] + place - lengths[number])

    return [
        Word(at(first / edges[-1]), max(at(last / edges[-1]), at(first / edges[-1])), word)
        for word, (first, last) in zip(words, pairwise(edges), strict=True)
    ]


def judge(clip: Clip, contender: str, heard: Heard, speech: list[tuple[int, int]]) -> Result:
    """Return how much of a clip has text, and what of the text is wrong."""
    from samvad.documents import coverage

    found = coverage.measure(speech, heard.words)
    text = " ".join(word.text.strip() for word in heard.words)
    wrong = said = 0
    if clip.text and clip.language == "en":
        wrong, said = words_off(plain(clip.text), plain(text)), len(plain(clip.text))
    elif clip.text:
        sounds = consonants(indic(clip.text))
        wrong, said = edits(sounds, consonants(indic(text))), len(sounds)
    invented = 0
    if clip.silent or clip.lines:
        lines = [(start - _NEAR_SECONDS, end + _NEAR_SECONDS) for start, end in clip.lines]
        middles = ((word.start_ms + word.end_ms) / 2000 for word in heard.words)
        invented = sum(not any(start <= middle <= end for start, end in lines) for middle in middles)
    return Result(
        clip.name, clip.half, contender, sum(end - start for start, end in speech) / 1000,
        sum(gap.speech_ms for gap in found.gaps if gap.speech_ms >= _LONG_MS) / 1000,
        sum(gap.speech_ms for gap in found.gaps) / 1000, wrong, said, invented, heard.cpu, text, heard.unsure,
    )  # fmt: skip


def words_off(first: list[str], second: list[str]) -> int:
    """Return the edit distance between two rows of words."""
    signs = {word: chr(0x4E00 + number) for number, word in enumerate(dict.fromkeys([*first, *second]))}
    return edits("".join(signs[word] for word in first), "".join(signs[word] for word in second))


def line_of(one: Result) -> str:
    """Return a result as a line."""
    bare = [100 * missing / max(one.speech, 0.1) for missing in (one.missing_long, one.missing)]
    share = f"{one.wrong / one.said:6.3f}" if one.said else "     -"
    return (
        f"{one.clip:36} {one.contender:21} speech {one.speech:6.1f} s, without text {bare[0]:5.1f} % "
        f"(from 1 s: {bare[1]:5.1f} %), wrong {share}, words without speech {one.invented:3}, unsure {one.unsure}, "
        f"{one.cpu_seconds:.0f} CPU s"
    )


def show(results: list[Result], contenders: list[str], *, each: bool) -> None:
    """Print the clips, if they are asked for, and sums by language and half."""
    if each:
        for one in sorted(results, key=lambda one: one.clip):
            print(line_of(one))
    for half in (0, 1):
        for kind in ("en", "hi", "silent"):
            for contender in contenders:
                own = [one for one in results if (one.half, one.contender) == (half, contender) and _kind(one) == kind]
                if own:
                    sums = (sum(getattr(one, name) for one in own) for name in _SUMMED)
                    name = f"half {half}, {kind}, {len(own)} clips"
                    print(line_of(Result(name, half, contender, *sums, "", sum(one.unsure for one in own))))


def _kind(one: Result) -> str:
    if one.clip.startswith("made") or one.clip.startswith(("esc50", "music_sax", "silence", "bbb_51", "en_muted")):
        return "silent"
    return "hi" if "hi" in one.clip.split("_")[0].split() or "_hi" in one.clip or one.clip.startswith("multi") else "en"


def main() -> None:
    """Run the contenders and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--contenders", default=",".join(CONTENDERS))
    parser.add_argument("--only", default="")
    parser.add_argument("--output", type=Path)
    parser.add_argument("--show", type=Path, nargs="*")
    parser.add_argument("--alone", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.alone:
        options.output.write_text(json.dumps(hear_all(options.alone, clips(options.only), options.threads)))
        return
    if options.show:
        results = [Result(**one) for file in options.show for one in json.loads(file.read_text("utf-8"))]
    else:
        results = [one for name in options.contenders.split(",") for one in run(name, options)]
    show(results, options.contenders.split(","), each=True)
    if options.output:
        options.output.write_text(json.dumps([asdict(one) for one in results], ensure_ascii=False, indent=1))


def run(contender: str, options: argparse.Namespace) -> list[Result]:
    """Let a contender hear all clips in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="samvad-bench-") as folder:
        output = Path(folder) / "heard.json"
        command = [
            str(environment("asr") / "bin" / "python"), __file__, "--alone", contender, "--only", options.only,
            "--threads", str(options.threads), "--output", str(output),
        ]  # fmt: skip
        settings = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": str(options.threads)}
        subprocess.run(command, check=True, env=settings, stdout=subprocess.DEVNULL)
        return [Result(**one) for one in json.loads(output.read_text("utf-8"))]


if __name__ == "__main__":
    main()
