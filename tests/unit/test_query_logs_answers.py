"""The answers of `samvad query`, against the truth by another way."""

from __future__ import annotations

import csv
import io
from collections import Counter, defaultdict
from datetime import datetime
from pathlib import Path

import pytest
from wcwidth import wcswidth

from asked_logs import STAGE_NAMES, Ask, Rows, lengths, quantile, results, worked
from samvad.commands import query
from samvad.reporting.logquery import store
from samvad.reporting.logquery.questions import QUESTIONS


def test_success_rate_by_stage(ask: Ask, truth: Rows) -> None:
    answer = {row["stage"]: row for row in ask("success")}
    assert list(answer) == STAGE_NAMES
    for stage, row in answer.items():
        ended = results(truth, stage)
        count = Counter(event["status"] for event in ended)
        assert (row["success"], row["failed"], row["skipped"]) == (count["success"], count["failed"], count["skipped"])
        assert row["success_rate"] == pytest.approx(count["success"] / (count["success"] + count["failed"]))
        begun = {(e["run_id"], e["attempt"]) for e in truth if e["event"] == f"{stage}_started"}
        told = {(e["run_id"], e["attempt"]) for e in ended}
        assert row["no_end"] == len(begun - told) and row["attempts"] == len(begun | told)
        assert row["repeated"] == sum(attempt > 1 for _, attempt in begun | told)
    assert sum(row["no_end"] for row in answer.values()) > 0 and sum(row["repeated"] for row in answer.values()) > 0


def test_durations_by_stage(ask: Ask, truth: Rows) -> None:
    for row in ask("durations"):
        seconds = [event["duration_seconds"] for event in worked(truth, row["stage"])]
        expected = (len(seconds), quantile(seconds, 0.5), quantile(seconds, 0.95), max(seconds), sum(seconds))
        assert (row["attempts"], row["p50"], row["p95"], row["longest"], row["total"]) == pytest.approx(expected)


def test_real_time_factor_by_stage(ask: Ask, truth: Rows) -> None:
    film = lengths(truth)
    for row in ask("realtime"):
        known = [event for event in worked(truth, row["stage"]) if event["job_id"] in film]
        seconds = sum(event["duration_seconds"] for event in known)
        shares = [event["duration_seconds"] / film[event["job_id"]] for event in known]
        assert row["attempts"] == len(known)
        assert row["factor"] == pytest.approx(seconds / sum(film[event["job_id"]] for event in known), abs=1e-6)
        assert row["factor_p95"] == pytest.approx(quantile(shares, 0.95), abs=1e-6)


def test_peak_memory_by_stage(ask: Ask, truth: Rows) -> None:
    for row in ask("memory"):
        peaks = [event["counts"]["peak_rss_mb"] for event in results(truth, row["stage"])]
        expected = (len(peaks), quantile(peaks, 0.5), quantile(peaks, 0.95), max(peaks))
        assert (row["attempts"], row["p50_mb"], row["p95_mb"], row["most_mb"]) == pytest.approx(expected)


def test_failures_with_message_and_file_newest_first(ask: Ask, truth: Rows) -> None:
    failed = [e for e in truth if e["event"] == "stage_result" and e["status"] == "failed"]
    answer = ask("failures")
    assert len(answer) == len(failed) > 3
    assert [row["failed_at"] for row in answer] == sorted((event["ts"] for event in failed), reverse=True)
    by_try = {(event["film"], event["stage"], event["attempt"], event["ts"]): event for event in failed}
    for row in answer:
        event = by_try[row["film"], row["stage"], row["attempt"], row["failed_at"]]
        assert (row["category"], row["type"]) == (event["error_category"], event["error_type"])
        assert (row["message"], row["file"]) == (event["error_message"], event.get("error_file"))


def test_failures_by_type_and_stage(ask: Ask, truth: Rows) -> None:
    failed = [e for e in truth if e["event"] == "stage_result" and e["status"] == "failed"]
    expected = Counter((e["stage"], e["error_category"], e["error_type"]) for e in failed)
    answer = ask("failure-types")
    assert {(row["stage"], row["category"], row["type"]): row["failures"] for row in answer} == expected
    assert [row["failures"] for row in answer] == sorted(expected.values(), reverse=True)


def test_runs_without_an_end_and_how_long_they_have_been_silent(ask: Ask, truth: Rows) -> None:
    ended = {event["run_id"] for event in truth if event["event"] == "job_finished"}
    begun = {event["run_id"]: event for event in truth if event["event"] == "job_received"}
    newest = {max(run for run, e in begun.items() if e["job_id"] == event["job_id"]) for event in begun.values()}
    answer = {row["run_id"]: row for row in ask("active")}
    assert set(answer) == {run for run in newest if run not in ended} != set()
    for run, row in answer.items():
        last = max(event["ts"] for event in truth if event["run_id"] == run)
        age = (datetime.now().astimezone() - datetime.fromisoformat(last)).total_seconds()
        assert row["last_event_ago"] == pytest.approx(age, abs=60)
        assert row["state"] == "silent", "the last word is years old"
        assert row["stages"] in STAGE_NAMES


def test_slowest_films_first(ask: Ask, truth: Rows) -> None:
    finished = [event for event in truth if event["event"] == "job_finished"]
    expected = sorted((event["duration_seconds"] for event in finished), reverse=True)
    answer = ask("slow", "--limit", 7)
    assert [row["took"] for row in answer] == expected[:7]
    for row in answer:
        assert row["factor"] == pytest.approx(row["took"] / row["film_length"], abs=1e-5)


def test_volume_a_day(ask: Ask, truth: Rows) -> None:
    answer = {row["day"]: row for row in ask("volume")}
    assert {day: row["events"] for day, row in answer.items()} == Counter(event["ts"][:10] for event in truth)
    day_of = {event["run_id"]: event["ts"][:10] for event in truth if event["event"] == "job_received"}
    runs = Counter(day_of.values())
    hours: dict[str, float] = defaultdict(float)
    for event in truth:
        if event["event"] == "job_finished" and event["status"] == "success":
            hours[day_of[event["run_id"]]] += event["counts"]["film_seconds"] / 3600
    for day, row in answer.items():
        assert row["runs"] == runs[day]
        assert row["film_hours"] == pytest.approx(hours[day], abs=1e-5)


def test_cache_hit_rate_by_stage(ask: Ask, truth: Rows) -> None:
    answer = {row["stage"]: row for row in ask("cache")}
    for stage, row in answer.items():
        done = [event["counts"]["cache_hit"] for event in results(truth, stage) if event["status"] == "success"]
        assert (row["results"], row["hits"]) == (len(done), sum(done))
        assert row["hit_rate"] == pytest.approx(sum(done) / len(done), abs=1e-6)
    assert answer["asr"]["hits"] > 0


def test_the_whole_trace_of_a_run_each_event_once(ask: Ask, truth: Rows) -> None:
    for event in [e for e in truth if e["event"] == "job_received"][::17]:
        run = event["run_id"]
        expected = [e for e in truth if e["run_id"] == run]
        answer = ask("trace", run)
        assert Counter((row["ts"], row["event"], row["message"]) for row in answer) == Counter(
            (e["ts"], e["event"], e["message"]) for e in expected
        )
        assert [row["ts"] for row in answer] == sorted(row["ts"] for row in answer)


def test_overview_and_a_query_of_ones_own(ask: Ask, truth: Rows) -> None:
    (row,) = ask("overview")
    assert row["events"] == len(truth)
    assert row["runs"] == len({event["run_id"] for event in truth})
    assert row["first_event"] == min(event["ts"] for event in truth)
    counted = ask("sql", "SELECT stage, count(*) AS n FROM events WHERE stage IS NOT NULL GROUP BY stage")
    assert {row["stage"]: row["n"] for row in counted} == Counter(e["stage"] for e in truth if e["stage"])


def test_filters_by_time_film_and_stage(ask: Ask, truth: Rows) -> None:
    times = sorted(event["ts"] for event in truth)
    since, until = times[len(times) // 3], times[2 * len(times) // 3]
    (row,) = ask("overview", "--since", since, "--until", until)
    assert row["events"] == sum(since <= event["ts"] < until for event in truth)
    (row,) = ask("overview", "--film", "film-00003", "--film", "film-00005", "--stage", "asr")
    films = ("film-00003", "film-00005")
    assert row["events"] == sum(e["film"] in films and e["stage"] == "asr" for e in truth)
    assert {row["stage"] for row in ask("durations", "--stage", "asr", "--stage", "mux")} == {"asr", "mux"}
    assert ask("failures", "--since", "1d") == []


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_table_fits_100_columns_and_every_csv_is_one(
    question: str, shelf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert query.main([question, "--no-index", str(shelf)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines and all(wcswidth(line) <= 100 for line in lines), max(lines, key=len)
    assert query.main([question, "--no-index", "--csv", str(shelf)]) == 0
    head, *rows = csv.reader(io.StringIO(capsys.readouterr().out))
    assert all(len(row) == len(head) for row in rows)


def test_more_columns_than_fit_become_a_list(shelf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert query.main(["sql", "SELECT * FROM events WHERE error_file IS NOT NULL", "--no-index", str(shelf)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert all(wcswidth(line) <= 100 for line in lines)
    first = lines[: lines.index("")]
    assert set(store.COLUMNS) <= {line.split(":")[0] for line in first}
