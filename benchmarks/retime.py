"""How near `samvad retime` brings files that are off, beside ffsubsync, on recordings whose times are known.

The film is made of recordings whose words or lines have times that people or aligners gave (the media folder's refs),
with pauses between. Its subtitles are those lines; they are shifted, run at another rate, cut and thinned, and
brought back. What Whisper base recognises (stages 01 and 04) is kept in build/bench-retime. ffsubsync runs in an
environment of its own beside it, built on the first run (uv).

Usage: python benchmarks/retime.py [--media FOLDER] [--output FILE.json]
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from samvad.documents import segments, speech_regions  # noqa: E402
from samvad.documents.subtitles import formats  # noqa: E402
from samvad.documents.subtitles.cues import Cue  # noqa: E402
from samvad.media.retiming import retimed  # noqa: E402
from samvad.reporting.subtitle_files import heard  # noqa: E402
from samvad.stages.asr import given_text  # noqa: E402

FOLDER = ROOT / "build" / "bench-retime"
FFSUBSYNC = ("ffsubsync==0.5.1",)
#: Films: their parts as (recording, file with times).
FILMS = {
    "en": [
        ("B_english/en_librivox_0870.wav", "refs/en_librivox_0870.words.json"),
        ("B_english/en_sonnet_p001.mp3", "refs/en_sonnet_p001.lines.srt"),
        ("B_english/en_librivox_0890.wav", "refs/en_librivox_0890.words.json"),
        ("B_english/en_librivox_0930.wav", "refs/en_librivox_0930.words.json"),
    ],
    "hi": [
        ("A_indic/comp_hi_scene_open.flac", "refs/comp_hi_scene_open.srt"),
        ("A_indic/comp_hien_switch_open.flac", "refs/comp_hien_switch_open.srt"),
    ],
}
PAUSE_MS = 4000
WORDS_A_CUE = 7
Change = Callable[[Sequence[Cue]], list[tuple[Cue, Cue]]]


def cues_of(path: Path) -> list[Cue]:
    """Return the lines of a recording with their times."""
    if path.suffix == ".srt":
        return [cue for cue in formats.read(path).cues if any(sign.isalpha() for sign in cue.text)]
    found = json.loads(path.read_text("utf-8"))
    words = [(w["t"].split("(")[0], w["b"], w["b"] + w["d"]) for w in found["w"] if "<" not in w["t"]]
    groups = [words[at : at + WORDS_A_CUE] for at in range(0, len(words), WORDS_A_CUE)]
    return [Cue(round(1000 * one[0][1]), round(1000 * one[-1][2]), (" ".join(w for w, _, _ in one),)) for one in groups]


def make_film(language: str, media: Path) -> tuple[Path, list[Cue]]:
    """Return a film's sound, and its subtitles as they should be."""
    sound, cues, inputs, at = FOLDER / f"{language}.wav", [], [], PAUSE_MS
    for name, times in FILMS[language]:
        length = float(
            subprocess.run(
                ["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", media / name],
                capture_output=True,
                text=True,
                check=True,
            ).stdout
        )
        cues += [replace(cue, start_ms=cue.start_ms + at, end_ms=cue.end_ms + at) for cue in cues_of(media / times)]
        inputs.append((media / name, at))
        at += round(1000 * length) + PAUSE_MS
    if not sound.is_file():
        words = [word for path, _ in inputs for word in ("-i", path)]
        parts = [
            f"[{n}:a]aresample=16000,aformat=channel_layouts=mono,adelay={start}[p{n}]"
            for n, (_, start) in enumerate(inputs)
        ]
        mixed = "".join(f"[p{n}]" for n in range(len(inputs)))
        graph = ";".join(parts) + f";{mixed}amix=inputs={len(inputs)}:normalize=0:duration=longest,apad=pad_dur=4"
        command = ["ffmpeg", "-v", "error", "-y", *words, "-filter_complex", graph, sound]
        subprocess.run(list(map(str, command)), check=True)
    return sound, sorted(cues, key=lambda cue: cue.start_ms)


def recognised(language: str, sound: Path) -> Path:
    """Recognise a film; return its job."""
    from subtitles import run

    job = FOLDER / "2025" / "01" / "01" / language / "1"
    job.mkdir(parents=True, exist_ok=True)
    demux = run("demux", job, language, "--media", sound, "--languages", language, "--audio-track=auto")
    run(
        "asr", job, language, "--demux", demux, "--languages", language, "--engine=whisperx", "--model=base",
        "--revision=", "--device=cpu", "--compute-type=int8", "--batch-size=8", "--beam-size=5", "--vad=silero",
        "--vad-threshold=0.5", "--align-model=auto", "--max-sentence-seconds=14",
    )  # fmt: skip
    return job


def _at(change: Callable[[float], float]) -> Change:
    def changed(cues: Sequence[Cue]) -> list[tuple[Cue, Cue]]:
        made = [replace(c, start_ms=round(change(c.start_ms)), end_ms=round(change(c.end_ms))) for c in cues]
        return [(new, old) for new, old in zip(made, cues, strict=True) if new.start_ms >= 0]

    return changed


def _breaks(cues: Sequence[Cue]) -> list[tuple[Cue, Cue]]:
    middle = [cues[len(cues) * part // 3].start_ms - 1 for part in (1, 2)]
    return _at(lambda t: t + 31_000 * (t > middle[0]) + 12_500 * (t > middle[1]))(cues)


def _thinned(cues: Sequence[Cue]) -> list[tuple[Cue, Cue]]:
    chosen = random.Random(7).sample(range(len(cues)), round(0.9 * len(cues)))
    return _at(lambda t: t + 2500)([cues[number] for number in sorted(chosen)])


CHANGES: dict[str, Change] = {
    "as it is": _at(lambda t: t),
    "4 s late": _at(lambda t: t + 4000),
    "3.2 s early": _at(lambda t: t - 3200),
    "23.976 as 25": _at(lambda t: t * 24000 / 25025 + 900),
    "25 as 23.976": _at(lambda t: t * 25025 / 24000),
    "1.2 % slow": _at(lambda t: t * 1.012 + 500),
    "two breaks": _breaks,
    "a tenth missing": _thinned,
}


def ffsubsync_python() -> Path:
    """Return the Python of an environment with ffsubsync."""
    folder = FOLDER / "ffsubsync"
    python = folder / "bin" / "python"
    if not (folder / ".complete").exists():
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
        install = f'source envs/lib.bash; source envs/uv.bash; uv pip install -q --python "{python}" "$@"'
        subprocess.run(["bash", "-c", install, "install", *FFSUBSYNC], cwd=ROOT, check=True)
        (folder / ".complete").touch()
    return python


def by_ffsubsync(sound: Path, file: Path) -> list[Cue]:
    """Return a file's cues as ffsubsync times them."""
    out = file.with_suffix(".ffsubsync.srt")
    out.unlink(missing_ok=True)
    python = ffsubsync_python()
    command = [python.with_name("ffsubsync"), sound, "-i", file, "-o", out]
    subprocess.run(list(map(str, command)), capture_output=True, check=False)
    return list(formats.read(out).cues) if out.is_file() else []


def errors(cues: Sequence[Cue | None], truth: Sequence[Cue]) -> list[float]:
    """Return how far each cue is off, in ms; what is not there is a minute off."""
    return [abs(c.start_ms - t.start_ms) if c else 60_000.0 for c, t in zip(cues, truth, strict=True)]


def row(found: Sequence[float], seconds: float) -> dict[str, float]:
    """Return the figures of a method."""
    near = sum(one <= 100 for one in found) / len(found)
    return {
        "within_100_ms": round(100 * near, 1),
        "median_ms": round(statistics.median(found)),
        "worst_ms": round(max(found)),
        "cpu_s": round(seconds, 2),
    }


def placed(job: Path, truth: Sequence[Cue]) -> str:
    """Say how far from where they belong the lines begin that are given as text, without their times."""
    document = segments.read(job / "04_asr" / "segments.json")
    speech = speech_regions.read(job / "04_asr" / "speech_regions.json")
    lines = [given_text.Line(cue.text) for cue in truth]
    found = given_text.place(document, lines, speech)
    left_out = {id(line) for line in found.left_out}
    there = [cue for cue, line in zip(truth, lines, strict=True) if id(line) not in left_out]
    made = [one for one in found.document.segments if one.extra[given_text.KEY] != given_text.HEARD]
    off = sorted(abs(one.start_ms - cue.start_ms) for one, cue in zip(made, there, strict=True))
    told = f"{len(there)} of {len(lines)} placed, {found.guessed} by speech alone"
    return f"{told}; median {statistics.median(off):.0f} ms, 90 % {off[int(0.9 * len(off))]} ms"


def main() -> None:
    """Run the comparison and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--media", type=Path, default=ROOT.parent / "shared" / "media", help="folder of the recordings")
    parser.add_argument("--output", type=Path, help="write the figures as JSON, too")
    options = parser.parse_args()
    if not options.media.is_dir():
        sys.exit(f"There is no folder {options.media}; give --media.")
    FOLDER.mkdir(parents=True, exist_ok=True)
    figures: dict[str, dict[str, dict[str, float]]] = {}
    for language in FILMS:
        sound, truth = make_film(language, options.media)
        film = heard.read(recognised(language, sound))
        print(f"{language:3}the lines as text {placed(recognised(language, sound), truth)}")
        for name, change in CHANGES.items():
            pairs = change(truth)
            given, right = [new for new, _ in pairs], [old for _, old in pairs]
            file = FOLDER / f"{language}.{name.replace(' ', '_')}.srt"
            file.write_text(formats.write("srt", given), encoding="utf-8")
            rows: dict[str, dict[str, float]] = {"not touched": row(errors(given, right), 0)}
            for method, texts in (("by words", list(film.texts.values())), ("by speech", [])):
                began = time.process_time()
                made = retimed.retime(given, texts, film.speech, film.film_ms)
                took = time.process_time() - began
                cues = [item.now for item in made.verdicts] if made else [None] * len(given)
                rows[method] = row(errors(cues, right), took)
            theirs = by_ffsubsync(sound, file)
            if len(theirs) == len(given):
                rows["ffsubsync"] = row(errors(theirs, right), 0)
            figures[f"{language}: {name}, {len(given)} cues"] = rows
            for method, found in rows.items():
                print(
                    f"{language:3}{name:18}{method:14}" + "".join(f"{key} {value:<9}" for key, value in found.items())
                )
    if options.output:
        options.output.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
