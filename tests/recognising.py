"""Stage 04 as a test runs it: sounds, and what came of them."""

from __future__ import annotations

import io
import json
import re
import subprocess
import wave
from pathlib import Path
from typing import Any, NamedTuple

import jiwer
import numpy as np

import support
from samvad.core import schemas

RATE_HZ = 16_000
#: The engine that starts quickly; the Spanish scene is recognised with the other.
FAST = ("--engine", "faster-whisper")
Samples = np.ndarray[Any, np.dtype[np.int16]]


class Spoken(NamedTuple):
    """A recording and what is true of it: words with the times of their starts."""

    samples: Samples
    text: str
    starts: list[tuple[str, float]]


def decoded(path: Path, *options: str) -> Samples:
    """Return a file's sound as stage 01 would make it."""
    command = ["ffmpeg", "-nostdin", "-v", "error", *options, "-i", str(path), "-ac", "1", "-ar", str(RATE_HZ)]
    done = subprocess.run([*command, "-f", "s16le", "-"], capture_output=True, check=True)
    return np.frombuffer(done.stdout, dtype="<i2")


def silence(seconds: float) -> Samples:
    return np.zeros(int(seconds * RATE_HZ), dtype=np.int16)


def noise(seconds: float) -> Samples:
    return (np.random.default_rng(0).standard_normal(int(seconds * RATE_HZ)) * 2000).astype(np.int16)


def wav(samples: Samples) -> bytes:
    raw = io.BytesIO()
    with wave.open(raw, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(samples.astype("<i2").tobytes())
    return raw.getvalue()


def recognise(
    folder: Path, samples: Samples, *options: object, env: dict[str, str] | None = None
) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """Run the stage on a sound; return its job folder and how it went."""
    job = support.make_job(folder)
    demux = support.finished_stage(job, "demux", {"audio": ("audio.wav", wav(samples))})
    given = [] if "--model" in options else ["--model", "base"]
    run = ("asr", "--job-folder", job, "--film", "test", "--demux", demux, *given, *options)
    return job, support.run_script(*run, env=env)


def warnings_of(job: Path) -> str:
    return " ".join(warning["message"] for warning in support.manifest_of(job, "asr")["warnings"])


def metrics_of(job: Path) -> dict[str, Any]:
    return {metric["name"]: metric["value"] for metric in support.manifest_of(job, "asr")["metrics"]}


def spoken(sample: Any, first: int, last: int) -> Samples:
    """Return the sound of some lines of the sample film, half a second around them."""
    lines = sample.truth["lines"][first : last + 1]
    start_ms, end_ms = lines[0]["start_ms"] - 500, lines[-1]["end_ms"] + 500
    return decoded(sample.film, "-ss", str(start_ms / 1000), "-t", str((end_ms - start_ms) / 1000))


def document(job: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((job / "04_asr" / "segments.json").read_text("utf-8"))
    assert schemas.problems(found, "segments") == []
    return found


def text_of(segments: list[dict[str, Any]]) -> str:
    return " ".join(segment["text"] for segment in segments)


def words(text: str) -> str:
    return " ".join(re.findall(r"[\w']+", text.casefold()))


def error_rate(truth: str, found: str) -> float:
    return float(jiwer.wer(words(truth), words(found)))
