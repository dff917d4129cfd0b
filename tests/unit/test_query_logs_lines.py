"""What `samvad query` makes of torn lines, odd names and wrong options."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import support
from asked_logs import Ask, event, write
from samvad.commands import query
from samvad.core.errors import ConfigurationError
from samvad.documents import job_manifest, live_run, run_record
from samvad.documents.run_record import RunRecord


def test_torn_and_foreign_lines_are_left_out_and_counted(
    tmp_path: Path, ask: Ask, capsys: pytest.CaptureFixture[str]
) -> None:
    write(
        tmp_path / "jobs",
        event(event="job_received"),
        "not json at all",
        "[1, 2]",
        '{"other": "program"}',
        event(ts="yesterday"),
        event(attempt={"of": "a wrong type"}, counts=[1]),
        "\x00" * 4096,
        '{"ts":"2025-11-27T13:30:05.123Z","event":"bad \udcff\udcfe utf-8"}',
        '"a text"',
        "",
        json.dumps(event())[:70],
    )
    (row,) = ask("overview", place=tmp_path / "jobs")
    assert row["events"] == 2
    assert query.main(["overview", str(tmp_path / "jobs")]) == 0
    assert "8 lines are no events" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda folder: None, "no event logs"),
        (write, "hold no event"),
        (lambda folder: write(folder, "nonsense", "[]"), "hold no event (2 lines"),
        (lambda folder: folder.rmdir(), "There is nothing at"),
    ],
    ids=["no log", "an empty log", "no event in it", "no folder"],
)
def test_that_there_is_no_event_is_said_clearly(
    make: Callable[[Path], object], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "jobs"
    folder.mkdir()
    make(folder)
    assert query.main(["overview", "--no-index", str(folder)]) == ConfigurationError.exit_code
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["overview", "--since", "lately"], "--since 'lately' is no time"),
        (["overview", "--stage", "asr2"], "there is no stage 'asr2'"),
        (["sql", "SELECT nonsense"], "DuckDB"),
        (["why", "nobody"], "no run of 'nobody'"),
    ],
)
def test_a_wrong_option_is_named(
    options: list[str], words: str, shelf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert query.main([*options, "--no-index", str(shelf)]) == ConfigurationError.exit_code
    assert words in capsys.readouterr().err


def test_names_that_a_shell_or_duckdb_would_take_apart_are_read(tmp_path: Path, ask: Ask) -> None:
    names = ["a[1].jsonl", "a1.jsonl", "a*.jsonl", "-b 'c' \"d\"; $HOME.jsonl", "नमस्ते\nदो.jsonl", "x=1.jsonl"]
    for number, name in enumerate(names):
        (tmp_path / name).write_text(json.dumps(event(message=name, run_id=f"r{number}")) + "\n", encoding="utf-8")
    rows = ask("sql", "SELECT message, log_file FROM events", place=tmp_path)
    assert sorted(row["message"] for row in rows) == sorted(names)
    assert all(Path(row["log_file"]).name == row["message"] for row in rows)
    (row,) = ask("overview", place=tmp_path / "a[1].jsonl")
    assert row["events"] == 1


def test_a_pattern_names_several_places(tmp_path: Path, ask: Ask) -> None:
    for name in ("one", "two", "three"):
        write(tmp_path / name, event(film=name, event="job_received"))
    (row,) = ask("overview", place=tmp_path / "t*")
    assert row["films"] == 2


def test_a_try_that_a_run_has_merged_counts_once_and_copies_of_a_line_stay(tmp_path: Path, ask: Ask) -> None:
    own = [event(stage="asr", attempt=1, message="again")] * 3
    log = write(tmp_path, event(event="job_received"), *own[:2], "")
    attempt = log.parent.parent / "04_asr" / "attempts" / "01"
    attempt.mkdir(parents=True)
    (attempt / "events.jsonl").write_text("".join(json.dumps(one) + "\n" for one in own), encoding="utf-8")
    assert ask("sql", "SELECT count(*) AS n FROM events", place=tmp_path) == [{"n": 4}]


def test_a_figure_that_a_run_has_merged_counts_once_in_a_copied_folder_too(tmp_path: Path, ask: Ask) -> None:
    figure = event(event="performance_metric", message="peak_rss MB", stage="asr", attempt=1, counts={"value": 2.5})
    log = write(tmp_path, event(event="job_received"), event(event="job_finished"), "")
    merged = log.with_name(log.name.replace("pipeline", "performance"))
    attempt = log.parent.parent / "04_asr" / "attempts" / "01"
    attempt.mkdir(parents=True)  # later than the logs: as copies are
    for path in (merged, attempt / "performance.jsonl"):
        path.write_text(json.dumps(figure) + "\n", encoding="utf-8")
    asked = ["sql", "SELECT sum((counts->>'$.value')::DOUBLE) AS total FROM events", "--performance"]
    assert ask(*asked, place=tmp_path) == [{"total": 2.5}]


def test_what_films_have_cost_counts_attempts_that_failed_and_the_dearest_comes_first(tmp_path: Path, ask: Ask) -> None:
    took = {"event": "stage_result", "stage": "asr", "duration_seconds": 2.0}
    write(
        tmp_path,
        event(**took, film="cheap", counts={"core_hours": 9.0}),
        event(**took, film="dear", attempt=1, status="failed", counts={"core_hours": 0.5, "cost": 2.5}),
        event(**took, film="dear", attempt=2, counts={"core_hours": 1.0, "gpu_hours": 0.25, "cost": 20.0}),
    )
    dear, cheap = ask("cost", place=tmp_path)
    assert (dear["film"], dear["attempts"], dear["core_hours"], dear["gpu_hours"], dear["cost"]) == (
        "dear",
        2,
        1.5,
        0.25,
        22.5,
    )
    assert (cheap["core_hours"], cheap["cost"], cheap["energy_kwh"]) == (9.0, None, None)


def test_a_run_of_many_films_has_a_row_and_a_verdict_for_each(tmp_path: Path, ask: Ask) -> None:
    for film in ("one", "two"):
        same = {"run_id": "nightly", "film": film, "job_id": f"asha/{film}"}
        result = {"event": "stage_result", "stage": "asr", "attempt": 1, "duration_seconds": 2.0}
        failed = {"status": "failed", "error_category": "media", "error_message": f"{film} is broken"}
        write(
            tmp_path / film,
            event(event="job_received", **same),
            event(**same, **result, **failed),
            event(event="job_finished", status="failed", duration_seconds=3.0, counts={"film_seconds": 9}, **same),
        )
    verdicts = ask("why", "nightly", place=tmp_path)
    assert {one["film"]: one["causes"][0]["message"] for one in verdicts} == {
        "one": "one is broken",
        "two": "two is broken",
    }
    assert len(ask("trace", "nightly", place=tmp_path)) == 6
    assert len(ask("trace", "two", place=tmp_path)) == 3


def test_a_film_that_is_done_is_so_though_the_logs_of_its_runs_were_deleted(tmp_path: Path, ask: Ask) -> None:
    job = support.make_job(tmp_path)
    run_record.write(job, RunRecord(run_id="film_run1", stamp="20250101_120000", film="film"))
    support.finished_stage(job, "demux", {"audio": ("audio.wav", b"RIFF"), "probe": ("probe.json", b"{}")})
    job_manifest.write(job, ["demux"], live_run.RunState())
    attempt = job / "01_demux" / "attempts" / "01"
    attempt.mkdir(parents=True)
    same = {"run_id": "film_run1", "film": "film", "job_id": "tester/1", "stage": "demux", "attempt": 1}
    result = event(**same, event="stage_result", status="success", duration_seconds=2.0)
    (attempt / "events.jsonl").write_text(json.dumps(result) + "\n", encoding="utf-8")
    (found,) = ask("why", "film", place=tmp_path)
    assert found["state"] == "success" and not found["causes"] and "the job's record says" in found["note"]
    (job / "01_demux" / "manifest.json").unlink()
    (found,) = ask("why", "film", place=tmp_path)
    assert found["state"] == "broken off"
