"""Stage 04 on a scene in two languages, and where nobody speaks."""

from __future__ import annotations

import json
import os
import re
import statistics
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import support
from recognising import RATE_HZ, Samples, decoded, document, error_rate, noise, recognise, silence, text_of

pytestmark = pytest.mark.model


@pytest.mark.parametrize(
    "samples",
    [silence(5), noise(5), (np.sin(np.arange(RATE_HZ) / 6) * 9000).astype(np.int16)],
    ids=["silence", "noise", "a second of a tone"],
)
def test_where_nobody_speaks_the_document_is_empty_and_a_warning_says_so(tmp_path: Path, samples: Samples) -> None:
    job, done = recognise(tmp_path, samples)
    assert done.returncode == 0, done.stderr
    found = document(job)
    assert (found["segments"], found["language"]) == ([], "und")
    assert found["duration_ms"] == round(len(samples) * 1000 / RATE_HZ)
    manifest = support.manifest_of(job, "asr")
    assert any("No speech was found" in warning["message"] for warning in manifest["warnings"])
    assert (job / "04_asr" / "transcript.txt").read_text() == ""
    assert {output["type"] for output in manifest["outputs"]} >= {"segments", "speech_regions", "transcript_txt"}


class Scene(NamedTuple):
    """The Spanish scene of the sample film and two lines before it; times from the start of the scene."""

    job: Path
    lines: list[dict[str, Any]]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory, sample: Any) -> Scene:
    spanish = [number for number, line in enumerate(sample.truth["lines"]) if line["language"] == "es"]
    lines = sample.truth["lines"][spanish[0] - 2 : spanish[-1] + 1]
    offset_ms = lines[0]["start_ms"] - 500
    seconds = (lines[-1]["end_ms"] + 500 - offset_ms) / 1000
    samples = decoded(sample.film, "-ss", str(offset_ms / 1000), "-t", str(seconds))
    job, done = recognise(tmp_path_factory.mktemp("scene"), samples, "--languages", "en", "es")
    assert done.returncode == 0, done.stderr
    moved = [{**line, "start_ms": line["start_ms"] - offset_ms, "end_ms": line["end_ms"] - offset_ms} for line in lines]
    return Scene(job, moved)


def segments_of(line: dict[str, Any], job: Path) -> list[dict[str, Any]]:
    return [
        segment
        for segment in document(job)["segments"]
        if line["start_ms"] <= (segment["start_ms"] + segment["end_ms"]) / 2 <= line["end_ms"]
    ]


@pytest.mark.slow
def test_each_line_is_heard_in_its_own_language(scene: Scene) -> None:
    heard = [{segment["language"] for segment in segments_of(line, scene.job)} for line in scene.lines]
    wrong = [
        (line["text"], found) for line, found in zip(scene.lines, heard, strict=True) if {line["language"]} != found
    ]
    assert len(wrong) <= 1, wrong
    assert document(scene.job)["language"] == "es", "more is said in Spanish than in English"
    regions = json.loads((scene.job / "04_asr" / "metadata.json").read_text("utf-8"))["regions_by_language"]
    assert set(regions) == {"en", "es"}


@pytest.mark.parametrize(("language", "limit"), [("en", 0.3), ("es", 0.5)])
def test_both_languages_are_understood(scene: Scene, language: str, limit: float) -> None:
    lines = [line for line in scene.lines if line["language"] == language]
    truth = " ".join(line["text"] for line in lines)
    found = text_of([segment for line in lines for segment in segments_of(line, scene.job)])
    assert error_rate(truth, found) <= limit, found


def test_segments_begin_and_end_with_the_line(scene: Scene) -> None:
    errors_ms = []
    for line in scene.lines:
        found = segments_of(line, scene.job)
        if found:
            errors_ms += [found[0]["start_ms"] - line["start_ms"], found[-1]["end_ms"] - line["end_ms"]]
    assert len(errors_ms) >= 2 * len(scene.lines) - 2, "a cue for each line, or for each but one"
    assert statistics.median(map(abs, errors_ms)) <= 200, errors_ms
    assert sum(abs(error) > 400 for error in errors_ms) <= 2, errors_ms


def test_words_lie_in_order_inside_their_segment_and_add_up_to_its_text(scene: Scene) -> None:
    for segment in document(scene.job)["segments"]:
        assert " ".join(word["text"] for word in segment["words"]).split() == segment["text"].split()
        position = segment["start_ms"]
        for word in segment["words"]:
            assert position <= word["start_ms"] <= word["end_ms"] <= segment["end_ms"]
            assert 0 <= word["score"] <= 1
            position = word["start_ms"]


def test_whispers_own_figures_are_kept_for_what_removes_hallucinations(scene: Scene) -> None:
    for segment in document(scene.job)["segments"]:
        figures = segment["decoding"]
        assert set(figures) == {"avg_logprob", "no_speech_prob", "compression_ratio", "temperature"}
        assert figures["avg_logprob"] < 0 and 0 <= figures["no_speech_prob"] <= 1
        assert figures["compression_ratio"] > 0.3


def test_transcripts_tell_what_the_document_tells(scene: Scene) -> None:
    found = document(scene.job)["segments"]
    lines = (scene.job / "04_asr" / "transcript.txt").read_text("utf-8").splitlines()
    assert [line.split("] ", 1)[1] for line in lines] == [segment["text"] for segment in found]
    assert re.match(r"\[00:00:0\d[.,]\d{3}\] ", lines[0])
    layout = json.loads((scene.job / "04_asr" / "transcript.json").read_text("utf-8"))
    assert [segment["text"] for segment in layout["segments"]] == [segment["text"] for segment in found]
    assert set(layout["segments"][0]["words"][0]) == {"word", "start", "end", "score"}


def test_the_manifest_names_the_weights_the_libraries_and_the_device(scene: Scene) -> None:
    manifest = support.manifest_of(scene.job, "asr")
    software = manifest["software"]
    (model,) = [model for model in software["models"] if model["name"].startswith("whisper")]
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", model["checksum"])
    assert {"whisperx", "faster-whisper", "ctranslate2"} <= set(software["tools"])
    assert software["device_requested"] == "auto" and software["device_actual"] in ("cpu", "cuda")
    (engine,) = [engine for engine in software["engines"] if engine["name"] == "ctranslate2"]
    if software["device_actual"] == "cpu":
        assert engine["instruction_set"] == os.environ.get("CT2_FORCE_CPU_ISA", engine["instruction_set"])
    assert engine["library"]
    assert manifest["host"]["processor"]
    assert manifest["resources"]["peak_rss_mb"] > 100
    assert {"segments", "words", "speech_duration"} <= {metric["name"] for metric in manifest["metrics"]}
    assert manifest["config"]["languages"] == ["en", "es"]


@pytest.mark.slow
def test_the_language_is_found_by_a_vote(tmp_path: Path, sample: Any) -> None:
    spanish = [line for line in sample.truth["lines"] if line["language"] == "es"]
    start_ms, end_ms = spanish[0]["start_ms"] - 500, spanish[-1]["end_ms"] + 500
    samples = decoded(sample.film, "-ss", str(start_ms / 1000), "-t", str((end_ms - start_ms) / 1000))
    job, done = recognise(tmp_path, samples)
    assert done.returncode == 0, done.stderr
    vote = json.loads((job / "04_asr" / "metadata.json").read_text("utf-8"))["language_vote"]
    assert vote["language"] == "es" and vote["margin"] > 0, vote
    assert all(window["language"] for window in vote["windows"])
    assert document(job)["language"] == "es"
    assert error_rate(" ".join(line["text"] for line in spanish), text_of(document(job)["segments"])) <= 0.5
    messages = " ".join(warning["message"] for warning in support.manifest_of(job, "asr")["warnings"])
    assert ("uncertain" in messages) == (vote["share"] < 0.5)
