"""No word vanishes or appears on the way from recognition into the cues of the sample film without a record of it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import word_chain
from word_chain import CHAIN

pytestmark = [pytest.mark.slow, pytest.mark.model]


def test_each_word_of_the_sample_film_is_shown_or_its_loss_is_recorded(demo: Any, sample: Any) -> None:
    assert word_chain.unexplained(demo.job, "en") == []
    counts = word_chain.funnel(demo.job, "en")
    said = sum((word_chain.words(line["text"]) for line in sample.truth["lines"]), word_chain.words(""))
    heard = word_chain.words(" ".join(s["text"] for s in word_chain.segments(demo.job, CHAIN[0]).values()))
    # What the model mishears is told by the tests of recognition: here, no more may be gone than that.
    assert (said - heard).total() <= said.total() / 4
    assert min(counts.values()) >= 0.75 * said.total()


def _edit(path: Path, change: Callable[[list[dict[str, Any]]], object]) -> None:
    document = json.loads(path.read_text("utf-8"))
    change(document["segments"])
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")


def _without_its_first_word(segments: list[dict[str, Any]]) -> None:
    segments[1]["text"] = segments[1]["text"].split(" ", 1)[1]


@pytest.mark.parametrize("stage", CHAIN[1:])
@pytest.mark.parametrize("change", [_without_its_first_word, lambda segments: segments.pop(2)])
def test_a_word_that_a_stage_loses_is_found(
    demo: Any, tmp_path: Path, stage: str, change: Callable[[list[dict[str, Any]]], object]
) -> None:
    job = shutil.copytree(demo.job, tmp_path / "job")
    _edit(job / stage / "segments.json", change)
    assert any(line.startswith(f"{stage}, segment ") for line in word_chain.unexplained(job, "en"))


def test_a_verdict_without_a_record_a_missing_translation_and_a_lost_cue_are_found(demo: Any, tmp_path: Path) -> None:
    job = shutil.copytree(demo.job, tmp_path / "job")
    _edit(job / CHAIN[-1] / "segments.json", lambda found: found[0].update(verdict="quarantine"))
    assert any("without a reason" in line for line in word_chain.unexplained(job, "en"))
    assert any("no text in fr" in line for line in word_chain._after_the_verdicts(_as_french(job), "fr"))

    job = shutil.copytree(demo.job, tmp_path / "another")
    (srt,) = (job / "09_subtitle_gen").glob("*.en.srt")
    srt.write_text("\n\n".join(srt.read_text("utf-8").split("\n\n")[1:]), encoding="utf-8")
    assert any(line.startswith("09_subtitle_gen") and "lost" in line for line in word_chain.unexplained(job, "en"))


def _as_french(job: Path) -> Path:
    path = job / "09_subtitle_gen" / "tracks.json"
    path.write_text(path.read_text("utf-8").replace('"language": "en"', '"language": "fr"'), encoding="utf-8")
    return job
