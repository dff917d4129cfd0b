"""A film whose subtitles stage 09 has made, small and quickly, for the tests of the page where films are finished."""

from __future__ import annotations

import io
import json
import os
import shutil
import wave
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

import support
from samvad.core import typed_json
from samvad.documents.segments import Hypothesis, Segment, SegmentsDocument, Translation, Word
from samvad.media import shots
from samvad.review.film import FilmDocument
from samvad.review.film_state import Who

FILM_MS = 60_000
ME, SHE = Who("me", "window-1"), Who("she", "window-2")


def segments(changed: dict[int, str] | None = None, count: int = 10) -> tuple[Segment, ...]:
    """Return segments of Hindi with English and Urdu; some others where a text is changed.

    Ten of them come every six seconds; more, as thickly as in a film that is never silent.
    """
    made = []
    for number in range(1, count + 1):
        start = (6000 if count == 10 else 2160) * (number - 1) + 500
        text = f"राम {number} घर गया था।"
        words = tuple(
            Word(start + 400 * at, start + 400 * at + 350, word, 0.4 if number == 3 else 0.9)
            for at, word in enumerate(text.split())
        )
        english = (changed or {}).get(number, f"Ram number {number} had gone home.")
        flags = ("low probability",) if number == 5 else ()
        others = (Hypothesis(f"Ram {number} went home.", -1.2), Hypothesis("Ram had", -1.4, ("negation lost",)))
        made.append(
            Segment(
                number,
                start,
                words[-1].end_ms,
                text,
                "hi",
                words,
                verdict="quarantine" if number == 7 else "keep",
                reasons=("no speech",) if number == 7 else (),
                translations={
                    "en": Translation(english, "test", flags=flags, others=others if flags else ()),
                    "ur": Translation(f"رام {number} گھر گیا تھا۔", "test"),
                },
            )
        )
    return tuple(made)


def sound(seconds: int) -> bytes:
    """Return a WAV as stage 01 makes it: a second of a loud tone, a second of silence, and so on."""
    at = np.arange(16_000 * seconds)
    tone = 20_000 * np.sin(2 * np.pi * 1000 * at / 16_000) * ((at // 16_000) % 2 == 0)
    held = io.BytesIO()
    with wave.open(held, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(tone.astype("<i2").tobytes())
    return held.getvalue()


def make_job(
    folder: Path,
    name: str = "2025/01/01/tester/1",
    *,
    count: int = 10,
    languages: Sequence[str] = ("en", "hi"),
    wav: bytes = b"",
) -> Path:
    """Return a job with what stages 01, 04 and 09 make; the first two are written by hand, the last is run."""
    job = support.make_job(folder, name)
    spoken = segments(count=count)
    film_ms = max(FILM_MS, spoken[-1].end_ms + 500)
    demux = {
        "probe": ("probe.json", support.probe_document(duration_ms=film_ms)),
        "audio": ("audio.wav", wav or sound(FILM_MS // 1000)),
    }
    film = job.parent / "film.mkv"
    film.write_bytes(b"a film")
    support.finished_stage(job, "demux", demux, [support.file_record(film, "film")] if wav else None)
    regions = [{"start_ms": item.start_ms, "end_ms": item.end_ms} for item in spoken]
    speech = json.dumps({"regions": [*regions, {"start_ms": 57_000, "end_ms": 59_500}]}).encode()
    document = SegmentsDocument("hi", film_ms, spoken)
    content = json.dumps(typed_json.plain(document)).encode()
    perhaps = [{"start_ms": 51_500, "end_ms": 53_500, "speech_ms": 2_000}]
    loud = [{"start_ms": 54_000, "end_ms": 59_500, "speech_ms": 5_500}]
    found = {"schema_version": "1.1", "speech_ms": 0, "with_text_ms": 0, "perhaps": perhaps, "loud": loud}
    covered = json.dumps(found).encode()
    found = {"segments": ("segments.json", content), "speech_regions": ("speech_regions.json", speech)}
    support.finished_stage(job, "asr", {**found, "coverage": ("coverage.json", covered)})
    subtitle(job, languages)
    return job


def subtitle(job: Path, languages: Sequence[str] = ("en", "hi")) -> None:
    """Run stage 09."""
    demux, asr = (job / folder / "manifest.json" for folder in ("01_demux", "04_asr"))
    options: list[object] = ["--job-folder", job, "--film", "film", "--demux", demux, "--asr", asr, "--segments", asr]
    cache = support.new_cache(job.parents[5])
    with mock.patch.dict(os.environ, cache):
        shots.remember("sha256:" + "0" * 64, [6400, 30_000])  # there is no film to look for them in
    done = support.run_script("subtitle_gen", *options, "--languages", *languages, "--formats", "srt", env=cache)
    assert done.returncode == 0, done.stderr


def translated_anew(job: Path, changed: dict[int, str]) -> None:
    """Let the machine make its subtitles anew, of other texts."""
    shutil.rmtree(job / "04_asr")
    speech = json.dumps({"regions": []}).encode()
    content = json.dumps(typed_json.plain(SegmentsDocument("hi", FILM_MS, segments(changed)))).encode()
    support.finished_stage(
        job, "asr", {"segments": ("segments.json", content), "speech_regions": ("speech_regions.json", speech)}
    )
    subtitle(job)


def edit(film: FilmDocument, *edits: dict[str, Any], who: Who = ME, **more: Any) -> Any:
    """Make a step of edits in the English lane, and return what it did."""
    wanted = [{"lane": "en", **one} for one in edits]
    return film.edit({"base": film.revision, "edits": wanted, **more}, who)


def texts(film: FilmDocument, language: str = "en") -> list[str]:
    """Return the texts of a lane, in order of time."""
    from samvad.review.lanes import in_order

    return [cue.text for cue in in_order(film.lanes[language].cues.values())]
