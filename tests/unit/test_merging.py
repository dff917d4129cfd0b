"""A run's one event log: every line of every attempt once, whole, also after a kill."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import support
from samvad.core import stages
from samvad.documents import run_mark, run_record
from samvad.documents.run_record import RunRecord
from samvad.workflow import event_merging, run_log
from samvad.workflow.run_log import RunLog

RUN = RunRecord(run_id="film_run1", stamp="20250101_120000", film="film")


def attempt(job: Path, stage: str, number: int = 1) -> Path:
    folder = job / stages.BY_NAME[stage].folder / "attempts" / f"{number:02d}"
    folder.mkdir(parents=True)
    return folder


def line(message: str, stage: str, run_id: str = "film_run1", number: int = 1) -> str:
    return json.dumps({"event": "log", "message": message, "run_id": run_id, "stage": stage, "attempt": number}) + "\n"


def add(folder: Path, text: str, name: str = "events.jsonl") -> None:
    with (folder / name).open("a", encoding="utf-8") as file:
        file.write(text)


def merged(job: Path, name: str = "99_pipeline_20250101_120000.jsonl") -> list[dict[str, Any]]:
    return [json.loads(text) for text in (job / "logs" / name).read_text("utf-8").splitlines()]


def messages(job: Path) -> list[str]:
    return [event["message"] for event in merged(job) if event["event"] == "log"]


@pytest.fixture
def job(tmp_path: Path) -> Path:
    job = support.make_job(tmp_path)
    run_record.write(job, RUN)
    return job


def test_lines_are_taken_over_once_while_they_are_written(job: Path) -> None:
    log, folder = RunLog(job, RUN), attempt(job, "asr")
    add(folder, line("one", "asr") + line("two", "asr")[:20])
    log.take(folder)
    assert messages(job) == ["one"]
    add(folder, line("two", "asr")[20:] + line("three", "asr"))
    log.take(folder)
    log.take(folder)
    assert messages(job) == ["one", "two", "three"]


def test_torn_lines_and_zeros_of_a_crash_do_not_spoil_the_file(job: Path) -> None:
    log, folder = RunLog(job, RUN), attempt(job, "asr")
    (folder / "events.jsonl").write_bytes(line("one", "asr").encode() + b"\0" * 40 + b'\n{"event":"log","mess')
    result = log.stage_ended("asr", folder)
    assert (result.status, result.failure.category if result.failure else None) == ("failed", "killed")
    assert [event["event"] for event in merged(job)] == ["log", "stage_result"]


@pytest.mark.parametrize(
    ("state", "status", "category", "words"),
    [
        ("CANCELLED", "stopped", "stopped", "It was cancelled before it could leave a record"),
        ("TIMEOUT", "failed", "killed", "A further attempt asks for more time"),
        ("NODE_FAIL", "failed", "killed", "it left no record"),
    ],
)
def test_a_job_that_a_cluster_ended_before_it_left_a_record_is_called_what_the_cluster_calls_it(
    job: Path, state: str, status: str, category: str, words: str
) -> None:
    said = f"SLURM-job '7' failed, SLURM status is: '{state}'"
    event = RunLog(job, RUN).stage_ended("asr", None, said, failed=True)
    assert event.failure is not None
    assert (event.status, event.failure.category) == (status, category)
    assert words in event.failure.message and said in event.failure.message


def test_files_of_forked_processes_and_the_other_channel_are_taken_over(job: Path) -> None:
    log, folder = RunLog(job, RUN), attempt(job, "asr")
    add(folder, line("main", "asr"))
    add(folder, line("child", "asr"), "events.4711.jsonl")
    add(folder, line("figure", "asr"), "performance.jsonl")
    log.take(folder)
    assert messages(job) == ["main", "child"]
    assert [event["message"] for event in merged(job, "99_performance_20250101_120000.jsonl")] == ["figure"]


def test_lines_that_found_no_room_are_taken_over_later(
    job: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    log, folder = RunLog(job, RUN), attempt(job, "asr")
    add(folder, line("one", "asr"))
    write = os.write
    monkeypatch.setattr(os, "write", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    log.take(folder)
    log.write("while it was full")
    monkeypatch.setattr(os, "write", write)
    assert capsys.readouterr().err.count("No space is left") == 1, "it is said once"
    log.write("after that")
    assert messages(job) == ["one", "while it was full", "after that"]


def test_what_a_killed_run_left_is_merged_once_and_its_stages_get_a_result(job: Path) -> None:
    log = RunLog(job, RUN)
    first, second = attempt(job, "asr"), attempt(job, "ner")
    add(first, line("a", "asr") + line("same", "asr") + line("same", "asr"))
    log.take(first)  # and then the run is killed, in the middle of a line
    add(first, line("b", "asr") + '{"event":"lo')
    add(second, line("c", "ner"))
    add(job / "logs", '{"event":"stage_res', "99_pipeline_20250101_120000.jsonl")
    for _ in range(2):
        assert run_log.recover(job, lambda: "incomplete") == RUN
        assert messages(job) == ["a", "same", "same", "b", "c"]
        ends = [event for event in merged(job) if event["event"] != "log"]
        assert [(event["event"], event["stage"], event["status"]) for event in ends] == [
            ("stage_result", "asr", "failed"),
            ("stage_result", "ner", "failed"),
            ("job_finished", None, "incomplete"),
        ]
        assert ends[0]["error_category"] == "killed" and ends[0]["run_id"] == "film_run1"


def test_attempts_of_earlier_runs_are_not_merged_again(job: Path) -> None:
    earlier = attempt(job, "asr")
    add(earlier, line("old", "asr", "film_run0"))
    RunLog(job, RUN).write("begun")
    add(attempt(job, "asr", 2), line("new", "asr", number=2))
    run_log.recover(job, lambda: "incomplete")
    assert messages(job) == ["begun", "new"]


def test_the_same_given_run_id_twice_brings_no_line_twice(job: Path) -> None:
    folder = attempt(job, "asr")
    add(folder, line("first run", "asr"))
    log = RunLog(job, RUN)
    log.take(folder)
    log.finished("success", 1.0, {})
    again = replace(RUN, stamp="20250101_130000")
    run_record.write(job, again)
    RunLog(job, again).write("second run")
    run_log.recover(job, lambda: "incomplete")
    assert messages(job) == ["first run"]
    later = merged(job, "99_pipeline_20250101_130000.jsonl")
    assert [event["message"] for event in later if event["event"] == "log"] == ["second run"]


def test_lines_that_came_after_a_run_ended_are_merged(job: Path) -> None:
    log, folder = RunLog(job, RUN), attempt(job, "asr")
    add(folder, line("in time", "asr"))
    log.take(folder)
    log.finished("failed", 1.0, {})
    add(folder, line("late, from the cluster", "asr"))
    os.utime(folder / "events.jsonl")
    run_log.recover(job, lambda: "incomplete")
    assert messages(job) == ["in time", "late, from the cluster"]
    assert sum(event["event"] == "job_finished" for event in merged(job)) == 1


def test_a_run_without_a_log_is_passed_over(tmp_path: Path) -> None:
    job = support.make_job(tmp_path)
    assert run_log.recover(job, lambda: "incomplete") is None
    (job / "run.json").write_text('{"run_id": "old_style"}', "utf-8")
    assert run_log.recover(job, lambda: "incomplete") is None


def test_a_result_has_the_figures_of_the_manifest(job: Path) -> None:
    support.finished_stage(job, "asr", {"segments": ("segments.json", b"{}"), "text": ("a.txt", b"four")})
    result = RunLog(job, RUN).stage_ended("asr", None)
    assert result.counts == {
        "peak_rss_mb": 1.0,
        "cpu_seconds": 0.1,
        "output_bytes": 6,
        "warnings": 0,
        "cache_hit": 0,
        "tried_again": 0,
        "core_hours": 2.8e-05,
    }, "without prices no cost, and no energy where nothing measured it"
    text = next((job / "logs").glob("*.log")).read_text("utf-8")
    assert text.endswith("[pipeline] [INFO] Stage asr: success (0.1 s)\n")


def test_a_try_that_was_killed_before_it_said_a_word_gets_a_result_and_its_run(job: Path) -> None:
    RunLog(job, RUN).write("begun")
    folder = attempt(job, "asr")
    for _ in range(2):
        run_log.recover(job, lambda: "incomplete")
        ends = [(event["event"], event["stage"], event["status"]) for event in merged(job) if event["event"] != "log"]
        assert ends == [("stage_result", "asr", "failed"), ("job_finished", None, "incomplete")]
    assert event_merging.run_of(folder) == RUN.run_id


def test_a_log_that_could_never_be_written_is_made_of_what_the_tries_say(job: Path) -> None:
    shutil.rmtree(job / "logs", ignore_errors=True)
    add(attempt(job, "asr"), line("one", "asr"))
    run_log.recover(job, lambda: "success")
    assert messages(job) == ["one"]
    assert [event["status"] for event in merged(job) if event["event"] == "job_finished"] == ["success"]


def test_the_log_of_a_run_that_lives_is_left_alone(job: Path, tmp_path: Path) -> None:
    RunLog(job, RUN).write("begun")
    mark = tmp_path / "mark.json"
    with mark.open("w+b", buffering=0) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        here = run_mark.machine()
        run_mark.write(file.fileno(), run_mark.RunFacts(host=here.host, boot_id=here.boot_id, pid=1))
        run_record.write(job, replace(RUN, host=here.host, mark=str(mark)))
        run_log.recover(job, lambda: "incomplete")
        assert [event["event"] for event in merged(job)] == ["log"]
    run_log.recover(job, lambda: "incomplete")
    assert [event["event"] for event in merged(job)] == ["log", "job_finished"]
