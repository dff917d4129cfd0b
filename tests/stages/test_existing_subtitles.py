"""Stage 04 with subtitles that the film had already: its own lines, but late, as its text and as its measure."""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import Any

import pytest

import support
from recognising import decoded, document, warnings_of, wav

pytestmark = [pytest.mark.model, pytest.mark.slow]

LATE_MS = 2500


def recognise(folder: Path, sample: Any, use: str) -> Path:
    """Recognise the sample film, whose lines are its subtitles, but late."""
    cues = [
        {"start_ms": line["start_ms"] + LATE_MS, "end_ms": line["end_ms"] + LATE_MS, "text": line["text"], "sure": None}
        for line in sample.truth["lines"]
    ]
    given = {"use": use, "source": "track 0: English (subrip)", "language": "en", "ocr": False, "cues": cues}
    job = support.make_job(folder)
    made = {
        "audio": ("audio.wav", wav(decoded(sample.film))),
        "existing": ("existing.json", json.dumps({"schema_version": "1.0", **given}).encode()),
    }
    demux = support.finished_stage(job, "demux", made)
    run = ("asr", "--job-folder", job, "--film", "test", "--demux", demux, "--model", "base", "--languages", "en", "es")
    done = support.run_script(*run)
    assert done.returncode == 0, done.stderr
    return job


def metrics(job: Path) -> dict[str, float]:
    return {item["name"]: item["value"] for item in support.manifest_of(job, "asr")["metrics"]}


def test_they_are_put_in_time_and_take_the_place_of_what_is_recognised(tmp_path: Path, sample: Any) -> None:
    job = recognise(tmp_path, sample, "translate")
    assert metrics(job)["existing_shift"] == pytest.approx(-LATE_MS / 1000, abs=0.2)
    assert "are off: -2." in warnings_of(job)
    segments = document(job)["segments"]
    said = " ".join(segment["text"] for segment in segments)
    lines = sample.truth["lines"]
    assert sum(line["text"] in said for line in lines) >= len(lines) - 1
    off = [min(abs(segment["start_ms"] - line["start_ms"]) for segment in segments) for line in lines]
    assert statistics.median(off) < 150
    assert max(segment["end_ms"] - segment["start_ms"] for segment in segments) < 6000


def test_agreement_stands_in_the_records(tmp_path: Path, sample: Any) -> None:
    job = recognise(tmp_path, sample, "measure")
    found = metrics(job)
    assert found["existing_words_agree"] > 0.7 and found["existing_shift"] == pytest.approx(-2.5, abs=0.2)
    assert "given_lines" not in found
    told = json.loads((job / "04_asr" / "metadata.json").read_text("utf-8"))["existing"]
    assert told["use"] == "measure" and told["fit"].startswith("off: -2.")
