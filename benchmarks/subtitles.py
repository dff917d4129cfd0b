"""Compare the cues of Samvad, WhisperX and stable-ts, made from the same words, under the same checker.

The words are those that stage 04 recognises in real recordings (Whisper base, on the CPU), and stage 08's translations
into English; they are kept in build/bench-subtitles, so that a second run only writes and checks. WhisperX's writers
run in the asr environment; stable-ts in an environment of its own beside it, which is built on the first run (uv).

Usage: make bench-subtitles, or python benchmarks/subtitles.py [--media FOLDER] [--output FILE.json]
"""

from __future__ import annotations

import argparse
import itertools
import json
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from fractions import Fraction
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from samvad.core import stages  # noqa: E402
from samvad.documents import segments  # noqa: E402
from samvad.documents.subtitles import formats  # noqa: E402
from samvad.documents.subtitles.cues import Cue  # noqa: E402
from samvad.media import clock, shots  # noqa: E402
from samvad.settings import subtitle_profiles  # noqa: E402
from samvad.settings.subtitle_rules import FILM_FRAME_RATE  # noqa: E402
from samvad.stages.subtitle_gen import agreement, checking, objections, speech, tracks  # noqa: E402
from samvad.text import numerals  # noqa: E402

FOLDER = ROOT / "build" / "bench-subtitles"
STABLE_TS = ("stable-ts==2.19.1", "openai-whisper==20250625", "more-itertools", "tiktoken", "numba", "llvmlite")
#: Subtitles that people timed, of which the words are compared with what was recognised: below the media folder.
PUBLISHED = {
    "sonnet1": "refs/en_sonnet_p001.lines.srt",
    "hindi": "refs/comp_hi_scene_open.srt",
    "switch": "refs/comp_hien_switch_open.srt",
}
FIGURES = ("hard but speed", "reading speed", "hard", "break", "first word", "all rules")
PEERS = ("whisperx", "whisperx_42x2", "whisperx_processor", "stable_ts", "stable_ts_subgen")


@dataclass(frozen=True)
class Clip:
    """A recording: its file below the media folder, and the language spoken."""

    name: str
    file: str
    language: str


CLIPS = (
    Clip("banana", "D_video/en_autoeditor_banana.mp4", "en"),
    Clip("meeting", "B_english/en_ami_dev00.wav", "en"),
    Clip("sonnet1", "B_english/en_sonnet_p001.mp3", "en"),
    Clip("sonnet3", "B_english/en_sonnet_p003.mp3", "en"),
    Clip("corpus", "B_english/en_acoustic_corpus.wav", "en"),
    Clip("apollo", "B_english/en_apollo11.mp3", "en"),
    Clip("hindi", "A_indic/comp_hi_scene_open.flac", "hi"),
    Clip("switch", "A_indic/comp_hien_switch_open.flac", "hi"),
    Clip("song", "C_music_noise/song_es_Fantasma_-_L.mp3", "es"),
)


def run(stage: str, job: Path, film: str, *options: object) -> Path:
    """Run a stage's script, unless it has been run; return its manifest."""
    row = stages.BY_NAME[stage]
    manifest = job / row.folder / "manifest.json"
    if not manifest.is_file():
        command = [ROOT / "envs" / "run", row.environment, row.script, "--job-folder", job, "--film", film, *options]
        subprocess.run(list(map(str, command)), check=True, capture_output=True)
    return manifest


def words_of(clip: Clip, media: Path) -> Path:
    """Recognise a clip and translate it into English; return its segments document."""
    job = FOLDER / "2025" / "01" / "01" / clip.name / "1"
    job.mkdir(parents=True, exist_ok=True)
    model = ["--device=cpu", "--compute-type=int8", "--batch-size=8", "--beam-size=5"]
    demux = run(
        "demux", job, clip.name, "--media", media / clip.file, "--languages", clip.language, "--audio-track=auto",
    )  # fmt: skip
    asr = run(
        "asr", job, clip.name, "--demux", demux, "--languages", clip.language, "--engine=whisperx", "--model=base",
        "--revision=", *model, "--vad=silero", "--vad-threshold=0.5", "--align-model=auto", "--max-sentence-seconds=14",
    )  # fmt: skip
    if clip.language != "en":
        asr = run(
            "translation", job, clip.name, "--demux", demux, "--asr", asr, "--segments", asr, "--targets", "en",
            "--backend=whisper", "--whisper-model=base", "--whisper-revision=", *model, "--indictrans2-dir=",
        )  # fmt: skip
    return asr.parent / "segments.json"


def shots_of(clip: Clip, media: Path) -> list[int]:
    """Return a clip's shot changes in ms, as stage 09 finds them; none of a sound without pictures."""
    film = media / clip.file
    return shots.of_film(film) if clock.opened(film).header.film_picture else []


def environment(name: str) -> Path:
    """Return the folder of one of the project's virtual environments."""
    command = f'. envs/lib.bash && environment_dir "{name}"'
    return Path(subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=True).stdout)


def stable_ts_python() -> Path:
    """Return the Python of an environment with stable-ts, which takes torch from the asr environment."""
    folder, asr = FOLDER / "stable-ts", environment("asr")
    python = folder / "bin" / "python"
    if not (folder / ".complete").exists():
        subprocess.run([asr / "bin" / "python", "-m", "venv", "--without-pip", folder], check=True)
        (packages,) = folder.glob("lib/python3*/site-packages")
        (theirs,) = asr.glob("lib/python3*/site-packages")
        (packages / "asr.pth").write_text(f"{theirs}\n")
        install = f'source envs/lib.bash; source envs/uv.bash; uv pip install -q --no-deps --python "{python}" "$@"'
        subprocess.run(["bash", "-c", install, "install", *STABLE_TS], cwd=ROOT, check=True)
        (folder / ".complete").touch()
    return python


def peers(clip: Clip, document: segments.SegmentsDocument) -> dict[str, list[Cue]]:
    """Return the cues that other tools make of a clip's words."""
    folder = FOLDER / "peers" / clip.name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    result = {"language": clip.language, "segments": [_as_whisperx(segment) for segment in document.shown()]}
    (folder / "words.json").write_text(json.dumps(result, ensure_ascii=False), encoding="utf-8")
    for tool, python in (("whisperx", environment("asr") / "bin" / "python"), ("stable-ts", stable_ts_python())):
        script = Path(__file__).with_name("subtitle_peers.py")
        subprocess.run([python, script, tool, folder / "words.json", folder], check=True, capture_output=True)
    return {name: formats.read(folder / f"{name}.srt").cues for name in PEERS}


def _as_whisperx(segment: segments.Segment) -> dict[str, object]:
    words = [
        {"word": word.text.strip(), "start": word.start_ms / 1000, "end": word.end_ms / 1000, "score": word.score}
        for word in segment.words
    ]
    return {"start": segment.start_ms / 1000, "end": segment.end_ms / 1000, "text": segment.text, "words": words}


def faults(cues: Sequence[Cue], text: str) -> int:
    """Return how many words are lost or added, and how many cues are out of order.

    Numbers up to ten count as the same in letters and in digits.
    """
    shown, said = _words(" ".join(cue.text for cue in cues)), _words(text)
    import difflib

    matcher = difflib.SequenceMatcher(a=said, b=shown, autojunk=False)
    wrong = sum(max(b - a, d - c) for tag, a, b, c, d in matcher.get_opcodes() if tag != "equal")
    return wrong + sum(1 for one, two in itertools.pairwise(cues) if two.start_ms < one.end_ms)


def _words(text: str) -> list[str]:
    words = re.sub(r"[^\w\u0900-\u0963\u0966-\u0dff]+", " ", text.casefold()).split()
    for language in ("en", "hi", "es"):
        words = [numerals.as_digits(word, language) for word in words]
    return words


@dataclass
class Sum:
    """Cues of a tool over all clips, and how many of them keep each group of rules."""

    cues: int = 0
    kept: dict[str, float] | None = None
    wrong: int = 0
    objected: Counter[str] = field(default_factory=Counter)
    both: int = 0
    ends: int = 0

    def add(self, count: int, shares: dict[str, float], wrong: int, objected: dict[str, int]) -> None:
        """Add a clip's."""
        self.objected.update(objected)
        self.kept = self.kept or dict.fromkeys(FIGURES, 0.0)
        self.cues += count
        self.wrong += wrong
        for name in FIGURES:
            self.kept[name] += shares[name] * count

    def compare(self, cues: Sequence[Cue], published: Sequence[Cue], language: str) -> None:
        """Add how far cues end where a person's do."""
        found = agreement.of(cues, published, language)
        self.both += found.both
        self.ends += found.ours + found.theirs

    def row(self) -> dict[str, float]:
        """Return shares in per cent, how much a person would object to, and the F1 of cue ends."""
        beside = {"ends_f1": round(2 * self.both / self.ends, 3) if self.ends else 0.0, **self.objected}
        return beside | {name: round(100 * kept / max(1, self.cues), 1) for name, kept in (self.kept or {}).items()}


def measure(
    cues: Sequence[Cue], document: segments.SegmentsDocument, language: str, cuts: list[int], text: str
) -> tuple[int, dict[str, float], int, dict[str, int]]:
    """Return a track's cues, the shares that keep the rules, its faults, and what a person would object to."""
    rules = subtitle_profiles.load("netflix").rules(language, FILM_FRAME_RATE)
    said = speech.times_of(cues, document, language)
    context = checking.Context(cuts or None, said)
    found, objected = checking.check(cues, rules, context), objections.find(cues, rules, context)
    return len(cues), checking.shares_within(len(cues), found), faults(cues, text), objections.counts(objected)


def text_in(document: segments.SegmentsDocument, language: str) -> str:
    """Return all that is to be shown in a language."""
    parts = []
    for segment in document.shown():
        translation = segment.translations.get(language)
        parts.append(translation.text if translation and translation.text.strip() else segment.text)
    return " ".join(parts)


def speed(document: segments.SegmentsDocument, language: str, wanted: int = 1500) -> dict[str, float]:
    """Return how long it takes to cut, check and write so many cues, from a document repeated often enough."""
    rules = subtitle_profiles.load("netflix").rules(language, Fraction(24))
    length_ms = document.duration_ms + 2000
    one = len(tracks.make_track(document, rules).cues)
    repeated = tuple(
        replace(
            segment,
            id=1 + number,
            start_ms=segment.start_ms + turn * length_ms,
            end_ms=segment.end_ms + turn * length_ms,
            words=tuple(
                replace(w, start_ms=w.start_ms + turn * length_ms, end_ms=w.end_ms + turn * length_ms)
                for w in segment.words
            ),
        )
        for number, (turn, segment) in enumerate(itertools.product(range(-(-wanted // one)), document.segments))
    )
    long = replace(document, segments=repeated, duration_ms=length_ms * (-(-wanted // one)))
    cuts = list(range(1700, long.duration_ms, 4300))
    began = time.process_time()
    track = tracks.make_track(long, rules, cuts)
    cut = time.process_time()
    checking.check(track.cues, rules, checking.Context(cuts))
    checked = time.process_time()
    for kind in ("srt", "vtt"):
        formats.write(kind, track.cues, language)
    return {
        "cues": len(track.cues),
        "cut": round(cut - began, 2),
        "check": round(checked - cut, 2),
        "write_srt_vtt": round(time.process_time() - checked, 2),
    }


def main() -> None:
    """Run the comparison and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--media", type=Path, default=ROOT.parent / "shared" / "media", help="folder of the recordings")
    parser.add_argument("--output", type=Path, help="write the figures as JSON, too")
    options = parser.parse_args()
    clips = [clip for clip in CLIPS if (options.media / clip.file).exists()]
    if not clips:
        sys.exit(f"None of the recordings is in {options.media}; give --media.")
    same = {name: Sum() for name in ("samvad", *PEERS)}
    translated, longest = Sum(), None
    for clip in clips:
        print(f"{clip.name} …", flush=True)
        document = segments.read(words_of(clip, options.media))
        cuts = shots_of(clip, options.media)
        rules = subtitle_profiles.load("netflix").rules(clip.language, FILM_FRAME_RATE)
        made = {"samvad": list(tracks.make_track(document, rules, cuts).cues), **peers(clip, document)}
        said = " ".join(segment.text for segment in document.shown())
        for name, cues in made.items():
            same[name].add(*measure(cues, document, clip.language, cuts, said))
            path = options.media / PUBLISHED.get(clip.name, "none")
            if path.is_file():
                same[name].compare(cues, formats.read(path).cues, clip.language)
        if clip.language != "en":
            rules = subtitle_profiles.load("netflix").rules("en", FILM_FRAME_RATE)
            cues = tracks.make_track(document, rules, cuts).cues
            translated.add(*measure(cues, document, "en", cuts, text_in(document, "en")))
        if longest is None or len(document.segments) > len(longest.segments):
            longest = document
    assert longest is not None
    figures = {
        "clips": [asdict(clip) for clip in clips],
        "same_language": {name: {"cues": item.cues, "wrong": item.wrong, **item.row()} for name, item in same.items()},
        "translated": {"cues": translated.cues, "wrong": translated.wrong, **translated.row()},
        "speed_cpu_seconds": speed(longest, longest.language),
        "shot_method": shots.METHOD,
    }
    report(figures)
    if options.output:
        options.output.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def report(figures: dict) -> None:
    """Print the figures."""
    rows = {**figures["same_language"], "samvad, translated": figures["translated"]}
    print(f"\n{len(figures['clips'])} recordings, cues that keep the rules, in per cent\n")
    print(f"{'':20}{'cues':>6}{'wrong':>7}" + "".join(f"{name:>16}" for name in FIGURES))
    for name, row in rows.items():
        print(f"{name:20}{row['cues']:6}{row['wrong']:7}" + "".join(f"{row.get(key, 0):16.1f}" for key in FIGURES))
    print(f"\nWhat a person would object to, in cues, and the F1 of cue ends with {len(PUBLISHED)} people's files\n")
    print(f"{'':20}" + "".join(f"{kind:>16}" for kind in (*objections.KINDS, "ends_f1")))
    for name, row in rows.items():
        print(f"{name:20}" + "".join(f"{row.get(kind, 0):16}" for kind in (*objections.KINDS, "ends_f1")))
    print("\nwrong: words lost or added, and cues out of order or over each other")
    print(f"CPU seconds for a long film: {figures['speed_cpu_seconds']}")


if __name__ == "__main__":
    main()
