"""What records tell beside results: skips and warnings, where the time went, what was worked on, who was asked."""

from __future__ import annotations

import dataclasses
import json
import logging
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest
from snakemake_interface_logger_plugins.common import LogEvent

import support
from samvad.core import failures, schemas, stages
from samvad.core.declarations import Stage
from samvad.core.errors import MemoryShortageError, NetworkError
from samvad.documents import job_manifest, job_summary, live_run, provenance, run_record, stage_manifest, stage_states
from samvad.documents.run_record import RunRecord
from samvad.documents.stage_entries import Metric
from samvad.logs import spans
from samvad.models import http, patience
from samvad.runner import milestones
from samvad.settings import configuration
from samvad.workflow import run_registry
from samvad.workflow.run_log import RunLog
from samvad.workflow.run_recorder import PipelineHandler

RUN = RunRecord(
    run_id="film_run", parent_run_id="film_run0", parent_job_id="old/1", stamp="20250101_120000", film="film"
)
SKIP = {"because": "unset", "variable": "TMDB_API_KEY", "reason": "no TMDB key. Set it."}
SKIP |= {"value": "", "endpoint": None, "url": None}


@pytest.fixture
def job(tmp_path: Path) -> Path:
    folder = support.make_job(tmp_path)
    run_record.write(folder, RUN)
    return folder


def changed(path: Path, **values: Any) -> None:
    manifest = {**json.loads(path.read_text("utf-8")), **values}
    assert schemas.problems(manifest, "stage_manifest") == []
    path.write_text(json.dumps(manifest), "utf-8")


def skipped(job: Path) -> Path:
    path = support.finished_stage(job, "tmdb", {})
    at = "2025-01-01T00:00:00.000Z"
    changed(path, status="skipped", skip=SKIP, warnings=[{"timestamp": at, "message": "skipped: no TMDB key."}])
    return path


def warned(job: Path) -> Path:
    path = support.finished_stage(job, "asr", {"transcript_txt": ("transcript.txt", b"Hello.")})
    warnings = [{"timestamp": "2025-01-01T00:00:00.000Z", "message": "Word times are Whisper's own."}]
    spent = [{"name": "model_loading", "started_after": 0.5, "seconds": 2.0, "times": 1}]
    asked = [{"endpoint": "hub", "calls": 2, "tried_again": 3}]
    metrics = [{"name": "words", "value": 137, "unit": "words"}, {"name": "languages", "value": "hi, en", "unit": ""}]
    changed(path, warnings=warnings, spans=spent, network=asked, metrics=metrics)
    return path


def test_the_log_of_the_run_has_warnings_and_why_a_stage_was_skipped(job: Path) -> None:
    skipped(job), warned(job)
    log = RunLog(job, RUN)
    assert log.stage_ended("tmdb", None).status == "skipped"
    result = log.stage_ended("asr", None)
    text = next((job / "logs").glob("*.log")).read_text("utf-8")
    assert "[WARNING] Stage tmdb: skipped (0.1 s): no TMDB key. Set it.\n" in text
    assert "[WARNING] Stage asr: Word times are Whisper's own.\n" in text
    events = [json.loads(line) for line in next((job / "logs").glob("99_pipeline_*.jsonl")).read_text().splitlines()]
    assert [event["event"] for event in events] == ["stage_result", "stage_result"], "the stage's own event is enough"
    assert {event["parent_run_id"] for event in events} == {"film_run0"}
    assert events[1]["counts"]["words"] == 137 and events[1]["counts"]["tried_again"] == 3
    assert events[1]["facts"] == {"languages": "hi, en"} == result.facts


def test_the_job_manifest_and_its_summary_say_so_too(job: Path) -> None:
    skipped(job), warned(job)
    subtitles = {"srt_en": ("a.en.srt", b"1"), "tracks": ("tracks.json", b"{}")}
    support.finished_stage(job, "subtitle_gen", subtitles)
    live = live_run.RunState(running={"mux": "2025-01-01T00:00:01.000Z"})
    made = job_manifest.write(job, ["tmdb", "asr", "subtitle_gen", "mux"], live)
    assert made.stages["tmdb"].reason == "no TMDB key. Set it." and not made.stages["tmdb"].warnings
    assert made.stages["asr"].warnings == ("Word times are Whisper's own.",)
    assert made.stages["mux"].started_at == "2025-01-01T00:00:01.000Z"
    assert (made.parent_run_id, made.parent_job_id) == ("film_run0", "old/1")
    assert (made.output.transcript, made.output.video) == ("04_asr/transcript.txt", None)
    assert made.output.subtitles == ("09_subtitle_gen/a.en.srt",)
    assert [item.type for item in made.output.files] == ["transcript_txt", "srt_en", "tracks"]
    assert made.timing.total_seconds == 0.0 and made.timing.updated_at
    told = job_summary.of_job(job)
    assert "Skipped:         tmdb: no TMDB key. Set it." in told
    assert "To look at:      asr: Word times are Whisper's own." in told


@pytest.mark.parametrize("reused", [False, True])
def test_the_summary_says_what_a_killed_attempt_had_left(job: Path, reused: bool) -> None:
    """Not where the result was taken from another job: there nothing was resumed."""
    path = warned(job)
    metrics = [{"name": "resumed", "value": "1,312 of 1,460 pieces", "unit": ""}]
    changed(path, metrics=metrics, cache={**json.loads(path.read_text("utf-8"))["cache"], "hit": reused})
    job_manifest.write(job, ["asr"], live_run.RunState())
    assert ("Resumed:         asr: 1,312 of 1,460 pieces" in job_summary.of_job(job)) != reused


def test_every_stage_tells_its_counts_under_names_that_it_measures() -> None:
    """A milestone that no code measures would be promised and never come."""
    scripts = support.ROOT / "scripts"
    for stage in stages.STAGES:
        code = "\n".join(
            path.read_text("utf-8")
            for path in [scripts / stage.script, *(scripts / "samvad" / "stages" / stage.name).glob("*.py")]
            if path.name != "options.py"
        )
        assert stage.milestones, stage.name
        for name in stage.milestones:
            assert f'"{name}"' in code or f'"{name.rstrip("*")}{{' in code, (stage.name, name)


def test_milestones_carry_numbers_and_facts_apart() -> None:
    metrics = [Metric("cues_hi", 12, "cues"), Metric("languages", "hi", ""), Metric("other", 1, "")]
    stage: Stage = stages.BY_NAME["subtitle_gen"]
    assert milestones.counts(stage, metrics) == {"cues_hi": 12}
    assert milestones.facts(stage, metrics) == {"languages": "hi"}


def test_spans_are_added_up_by_name_over_threads_and_where_they_fail() -> None:
    spans.restart()

    def work() -> None:
        with pytest.raises(ValueError, match="no"), spans.span("translation"):
            raise ValueError("no")

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with spans.span("writing"):
        pass
    assert [(one.name, one.times) for one in spans.taken()] == [("translation", 3), ("writing", 1)]
    with pytest.raises(ValueError, match="is no span"), spans.span("lunch"):
        pass
    spans.restart()
    assert spans.taken() == ()


def test_a_failure_names_the_time_and_the_segment_that_were_worked_on() -> None:
    def fail() -> None:
        with failures.working_on(1000), failures.working_on(62_500, 7):
            raise MemoryError

    with pytest.raises(MemoryShortageError) as caught:
        try:
            fail()
        except MemoryError as error:
            raise MemoryShortageError("There is too little memory.", "Use less.") from error
    found = failures.describe(caught.value)
    assert (found.at_ms, found.segment) == (62_500, 7)
    assert found.message == "There is too little memory. Use less. (at 00:01:02.500 of the film, segment 7)"
    assert failures.describe(ValueError("no")).at_ms is None


@pytest.mark.parametrize(
    ("kind", "category", "passes"),
    [
        ("Killed", "killed", True),
        ("MemoryShortageError", "out_of_memory", True),
        ("NetworkError", "network", True),
        ("FailingDiskError", "disk", True),
        ("ClusterError", "configuration", True),
        ("DiskError", "disk", False),  # it is full
        (
            "StoppedError",
            "stopped",
            True,
        ),  # SLURM ends what takes too long so, and whoever stops the run ends Snakemake
        ("SupersededError", "killed", False),
        ("ConfigurationError", "configuration", False),
        ("MediaError", "media", False),
        ("ModelError", "model", False),
        ("ValueError", "bug", False),
    ],
)
def test_what_may_pass_by_itself_is_tried_again_and_nothing_else(kind: str, category: str, passes: bool) -> None:
    assert failures.may_pass(failures.Failure(kind, category, "no", None, "")) is passes


def test_calls_over_the_network_are_counted_with_those_that_were_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("SAMVAD_CACHE", str(tmp_path))
    rules = patience.Policy(attempts=3, first_pause_seconds=0, requests_per_second=1000, breaker_failures=99)
    milestones.begin()

    def ask() -> None:
        raise http.TransientError("gave no answer")

    with pytest.raises(NetworkError):
        http.call("tmdb", "TMDB", ask, rules)
    http.call("hub", "The hub", lambda: None, rules)
    told = [(use.endpoint, use.calls, use.tried_again) for use in milestones.services_asked()]
    assert told == [("hub", 1, 0), ("tmdb", 1, 2)]
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"], "a retry is a warning"
    assert milestones.services_asked() == ()


def test_what_a_stage_says_of_itself_makes_no_other_stage_due() -> None:
    made = [("audio", "01_demux/audio.wav", "sha256:a")]
    about = ("metadata", "01_demux/metadata.json", "sha256:b")
    assert stage_manifest.result_hash("success", made) == stage_manifest.result_hash("success", [*made, about])


def test_a_film_that_was_added_to_the_sheet_makes_the_code_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sheet, script = tmp_path / "config" / "films.tsv", tmp_path / "scripts.py"
    sheet.parent.mkdir()
    (tmp_path / "envs").mkdir()
    for path in (sheet, script, tmp_path / "envs" / "text.yaml"):
        path.write_text("one\n")
    identity = ["-c", "user.name=me", "-c", "user.email=me@example.org"]
    subprocess.run(["git", "-C", tmp_path, "init", "-q"], check=True)
    monkeypatch.setattr(schemas, "ROOT", tmp_path)
    assert provenance.ran_code("text").git_commit is None, "there is none yet"
    for words in (["add", "."], [*identity, "commit", "-qm", "all"]):
        subprocess.run(["git", "-C", tmp_path, *words], check=True)
    head = subprocess.run(["git", "-C", tmp_path, "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
    sheet.write_text("one\ntwo\n")
    ran = provenance.ran_code("text")
    assert (ran.git_commit, ran.git_dirty) == (head.stdout.strip(), False)
    script.write_text("two\n")
    assert provenance.ran_code("text").git_dirty is True


def test_what_holds_for_all_of_several_films_is_said_once(
    job: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAMVAD_CALLED", "./samvad")
    skipped(job), warned(job)
    other = support.make_job(tmp_path, "2025/01/02/user/7")
    for folder in (job, other):
        run_record.write(folder, dataclasses.replace(RUN, title="A film"))
    job_manifest.write(job, ["tmdb", "asr"], live_run.RunState())
    skipped(other)
    job_manifest.write(other, ["tmdb", "asr"], live_run.RunState(failed={"asr": stage_states.NO_RECORD}))
    told = job_summary.of_jobs([job, other])
    assert told.count("tmdb: no TMDB key. Set it.") == 1
    assert told.endswith("Both of them\n  Skipped:         tmdb: no TMDB key. Set it.")
    assert told.count("To look at:      asr: Word times are Whisper's own.") == 1
    assert f"  Why:             04_asr failed: {stage_states.NO_RECORD}" in told
    assert "  More:            ./samvad why 2025/01/02/user/7" in told
    assert "Why:" not in job_summary.of_jobs([job, other], why=False)
    assert job_summary.shared_notes([job, other, tmp_path / "none"]) == [
        "Skipped: tmdb: no TMDB key. Set it. (2 films)",
        "To look at: asr: Word times are Whisper's own. (A film)",
    ]


@pytest.mark.parametrize(("interrupted", "ends"), [(True, "stopped"), (False, "failed")])
def test_a_stage_that_leaves_no_record_after_ctrl_c_was_stopped_and_has_not_failed(
    interrupted: bool, ends: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SAMVAD_VIEW", "plain")
    film = configuration.Film(
        2, "one", "one.mkv", "One", None, ("en",), ("en",), "me", "2025-01-01", 1, "subtitle", None, "", "", "", ()
    )
    run = run_registry.enter(tmp_path / ".snakemake")
    recorder = PipelineHandler(
        {film.folder: film}, lambda film: ["demux"], lambda film: {}, tmp_path / "out", run,
        cache=None, prices=None, stage_links=False, view="plain",
    )  # fmt: skip

    def said(**fields: Any) -> None:
        record = logging.LogRecord("snakemake", logging.INFO, "", 0, "", (), None)
        record.__dict__.update(fields)
        recorder.emit(record)

    other = dataclasses.replace(film, film="two", job=2)
    recorder._films[other.folder] = other
    recorder.expect([(film.folder, "demux", set()), (other.folder, "demux", set())])
    said(event=LogEvent.JOB_INFO, jobid=1, rule_name="demux", wildcards={"job": film.folder})
    if interrupted:
        recorder.interrupt()
    said(event=LogEvent.JOB_ERROR, jobid=1, rule_name="demux", rule_msg="", log=[])
    done, lost = recorder.finish()
    assert job_manifest.status(tmp_path / "out" / film.folder) == ends
    told = capsys.readouterr().err
    assert done == 0 and lost[0].startswith("one, 01_demux: ") and lost[1:] == ["two: not begun"]
    assert ("0 of 2 films are done; the same command goes on with the others." in told) == interrupted
    assert "goes on where it was stopped" not in told, "that is of a single film"
    assert f"\n{ends.capitalize()}:\n  one, 01_demux: " in told and ("killed" in told) != interrupted
    run.path.unlink()
