"""Stage 08 as a test runs it: a job with a text, and what came of it."""

from __future__ import annotations

import json
import os
import subprocess
import wave
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import support
from samvad.documents import segments
from samvad.documents.segments import Segment, SegmentsDocument, Translation


def in_environment(*command: object) -> subprocess.CompletedProcess[str]:
    """Run Python in the stage's environment."""
    line = ["bash", "-c", 'source envs/lib.bash; exec "$(environment_dir translation)/bin/python" "$@"', "-"]
    return subprocess.run(
        [*line, *map(str, command)], cwd=support.ROOT, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(support.ROOT / "scripts")},
    )  # fmt: skip


def wav(path: Path, samples: bytes) -> bytes:
    """Write samples (16 kHz mono, 16 bits) as a WAV file; return its content."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(samples)
    return path.read_bytes()


def job_with(folder: Path, document: SegmentsDocument, audio: bytes, glossary: dict[str, Any] | None = None) -> Path:
    """Return a job whose stages before translation are done, with a text and a sound."""
    job = support.make_job(folder)
    segments.write(folder / "segments.json", document)
    content = (folder / "segments.json").read_bytes()
    support.finished_stage(job, "demux", {"audio": ("audio.wav", audio)})
    support.finished_stage(job, "asr", {"segments": ("segments.json", content)})
    if glossary is not None:
        text = json.dumps(glossary).encode()
        support.finished_stage(job, "glossary_load", {"glossary": ("glossary.json", text)})
    return job


def translate(job: Path, *options: object) -> subprocess.CompletedProcess[str]:
    """Run stage 08."""
    return support.run_script("translation", *_options(job, options))


def translate_until(pieces: int, job: Path, *options: object) -> subprocess.CompletedProcess[str]:
    """Run stage 08 until it has kept so many pieces: then it is killed."""
    return support.run_until(pieces, "translation", *_options(job, options))


def _options(job: Path, options: Sequence[object]) -> list[object]:
    asr = job / "04_asr" / "manifest.json"
    glossary = job / "03_glossary_load" / "manifest.json"
    given = ["--glossary-load", glossary] if glossary.exists() else []
    return [
        "--job-folder", job, "--film", "test", "--threads", "2", "--demux",
        job / "01_demux" / "manifest.json", "--asr", asr, "--segments", asr, *given, "--device", "cpu",
        *(() if "--memory-file" in options else ("--memory-file", "none")), *options,
    ]  # fmt: skip


def translations(job: Path, target: str = "en") -> list[Translation | None]:
    """Return each segment's translation."""
    document = segments.read(job / "08_translation" / "segments.json")
    return [segment.translations.get(target) for segment in document.segments]


def metrics(job: Path) -> dict[str, Any]:
    """Return the numbers of the manifest by name."""
    return {item["name"]: item["value"] for item in support.manifest_of(job, "translation")["metrics"]}


def hindi(*texts: str, language: str = "hi") -> SegmentsDocument:
    """Return a document of one segment of 1.9 s for each text, every 2 s."""
    made = [Segment(at + 1, 2000 * at, 2000 * at + 1900, text, language) for at, text in enumerate(texts)]
    return SegmentsDocument(language, 2000 * len(texts), tuple(made))


SILENCE_MS = 4000


def indictrans2(toy_models: Path) -> list[object]:
    """Return the options for IndicTrans2 from a folder."""
    return ["--backend", "indictrans2", "--indictrans2-dir", toy_models]
