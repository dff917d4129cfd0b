"""No word vanishes or appears on the way from recognition into the cues of the sample film without a record of it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import word_chain
from samvad.core import stages
from samvad.documents import job_summary, machine_cues, segments, subtitle_check, word_account
from samvad.documents.word_account import Funnel
from samvad.stages.subtitle_gen import funnel
from samvad.stages.subtitle_gen.funnel import Spoken
from samvad.stages.subtitle_gen.tracks import Track
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


def _recorded(job: Path) -> Funnel:
    """Follow the words of a job's documents as stage 09 does, in its English track as it was cut."""
    document = segments.read(job / CHAIN[-1] / "segments.json")
    renamed = funnel.read_renamed(job / CHAIN[1] / "names_replaced.tsv")
    folders = {stages.BY_NAME[name].folder: name for name in funnel.CHAIN}
    texts = {
        name: {key: s["text"] for key, s in word_chain.segments(job, folder).items()}
        for folder, name in folders.items()
    }
    spoken = Spoken(word_account.read_heard(job / CHAIN[0] / "heard.json"), document, renamed, texts.get)
    cues = machine_cues.read(job / "09_subtitle_gen" / "cues.json").tracks["en"]
    origins = tuple(item.origin for item in cues)
    track = Track("en", False, tuple(item.cue for item in cues), origins, len(document.segments), ())
    return funnel.of_track(spoken, track, track.cues, corrected=False)


def test_the_record_of_the_sample_film_accounts_for_each_word_and_reads_back_as_many(demo: Any) -> None:
    (check,) = subtitle_check.read(demo.job / "09_subtitle_gen" / "qc.json").tracks
    assert check.words is not None and check.headline is not None
    assert check.words.unexplained == () and check.headline.unexplained == 0
    assert check.words.steps == _recorded(demo.job).steps
    counts = word_chain.funnel(demo.job, "en")
    assert (check.words.steps[0].words, check.words.steps[-1].words) == (counts[CHAIN[0]], counts["09_subtitle_gen"])
    shown = job_summary.of_job(demo.job)
    assert f"Words (en):      {counts[CHAIN[0]]} heard" in shown and "each word accounted for" in shown


@pytest.mark.parametrize("change", [_without_its_first_word, lambda segments: segments.pop(2)])
@pytest.mark.parametrize("stage", CHAIN[1:])
def test_the_record_names_a_word_that_a_stage_loses_with_that_stage_and_its_time(
    demo: Any, tmp_path: Path, stage: str, change: Callable[[list[dict[str, Any]]], object]
) -> None:
    job = shutil.copytree(demo.job, tmp_path / "job")
    for later in CHAIN[CHAIN.index(stage) :]:  # what a stage loses, those after it never see
        _edit(job / later / "segments.json", change)
    lost = [item for item in _recorded(job).unexplained if item.how == "lost"]
    assert lost and {item.stage for item in lost} <= {stage}
    said = word_chain.segments(job, CHAIN[0])
    assert lost[0].start_ms in (said[2]["start_ms"], said[3]["start_ms"])


def _as_french(job: Path) -> Path:
    path = job / "09_subtitle_gen" / "tracks.json"
    path.write_text(path.read_text("utf-8").replace('"language": "en"', '"language": "fr"'), encoding="utf-8")
    return job
