"""Answers of query_logs.py against the same recomputed in plain Python from the same logs."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import synthetic_events
from hypothesis import given, settings
from hypothesis import strategies as st
from wcwidth import wcswidth

import query_logs
import support
from samvad import stages
from samvad.errors import ConfigurationError
from samvad.logquery import command, sources, store, table, views
from samvad.logquery.questions import QUESTIONS

STAGE_NAMES = [stage.name for stage in stages.STAGES]
Rows = list[dict[str, Any]]
Ask = Callable[..., Any]


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("jobs") / "मेरी 'films' [2025] $HOME"
    synthetic_events.make_shelf(root, films=80, events=6000, seed=7)
    return root


@pytest.fixture(scope="module")
def truth(shelf: Path) -> Rows:
    return events_of(shelf)


@pytest.fixture
def ask(shelf: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Ask:
    monkeypatch.setenv("SAMVAD_CACHE", str(tmp_path / "cache"))

    def answer(*words: object, place: Path | None = None) -> Any:
        code = query_logs.main([*map(str, words), "--json", str(place or shelf)])
        said = capsys.readouterr()
        assert code == 0, said.err
        return json.loads(said.out)

    return answer


def events_of(root: Path) -> Rows:
    """Read every event once, as plain Python does it: runs' logs, and of tries only what no run has."""
    found: Rows = []
    for job in {path.parent.parent for path in root.rglob("logs/*.jsonl")}:
        merged = [event for path in job.glob("logs/99_pipeline_*.jsonl") for event in lines_of(path)]
        there = Counter(json.dumps(event) for event in merged)
        own = [event for path in job.glob("*/attempts/*/*.jsonl") for event in lines_of(path)]
        found += merged + [event for event in own if not there[json.dumps(event)]]
    return found


def lines_of(path: Path) -> Rows:
    found = []
    for line in path.read_text("utf-8").splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found


def results(truth: Rows, stage: str) -> Rows:
    return [event for event in truth if event["event"] == "stage_result" and event["stage"] == stage]


def quantile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low, high = ordered[math.floor(place)], ordered[math.ceil(place)]
    return low + (high - low) * (place - math.floor(place))


def worked(truth: Rows, stage: str) -> Rows:
    return [one for one in results(truth, stage) if one["status"] == "success" and not one["counts"]["cache_hit"]]


def lengths(truth: Rows) -> dict[str, float]:
    return {e["job_id"]: e["counts"]["film_seconds"] for e in truth if e["event"] == "job_finished"}


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
        assert row["no_end"] == len(begun - told) and row["tries"] == len(begun | told)
        assert row["repeated"] == sum(attempt > 1 for _, attempt in begun | told)
    assert sum(row["no_end"] for row in answer.values()) > 0 and sum(row["repeated"] for row in answer.values()) > 0


def test_durations_by_stage(ask: Ask, truth: Rows) -> None:
    for row in ask("durations"):
        seconds = [event["duration_seconds"] for event in worked(truth, row["stage"])]
        expected = (len(seconds), quantile(seconds, 0.5), quantile(seconds, 0.95), max(seconds), sum(seconds))
        assert (row["tries"], row["p50"], row["p95"], row["longest"], row["total"]) == pytest.approx(expected)


def test_real_time_factor_by_stage(ask: Ask, truth: Rows) -> None:
    film = lengths(truth)
    for row in ask("realtime"):
        known = [event for event in worked(truth, row["stage"]) if event["job_id"] in film]
        seconds = sum(event["duration_seconds"] for event in known)
        shares = [event["duration_seconds"] / film[event["job_id"]] for event in known]
        assert row["tries"] == len(known)
        assert row["factor"] == pytest.approx(seconds / sum(film[event["job_id"]] for event in known), abs=1e-6)
        assert row["factor_p95"] == pytest.approx(quantile(shares, 0.95), abs=1e-6)


def test_peak_memory_by_stage(ask: Ask, truth: Rows) -> None:
    for row in ask("memory"):
        peaks = [event["counts"]["peak_rss_mb"] for event in results(truth, row["stage"])]
        expected = (len(peaks), quantile(peaks, 0.5), quantile(peaks, 0.95), max(peaks))
        assert (row["tries"], row["p50_mb"], row["p95_mb"], row["most_mb"]) == pytest.approx(expected)


def test_failures_with_message_and_file_newest_first(ask: Ask, truth: Rows) -> None:
    failed = [e for e in truth if e["event"] == "stage_result" and e["status"] == "failed"]
    answer = ask("failures")
    assert len(answer) == len(failed) > 3
    assert [row["failed_at"] for row in answer] == sorted((event["ts"] for event in failed), reverse=True)
    by_try = {(event["film"], event["stage"], event["attempt"], event["ts"]): event for event in failed}
    for row in answer:
        event = by_try[row["film"], row["stage"], row["try"], row["failed_at"]]
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
    assert query_logs.main([question, "--no-index", str(shelf)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines and all(wcswidth(line) <= 100 for line in lines), max(lines, key=len)
    assert query_logs.main([question, "--no-index", "--csv", str(shelf)]) == 0
    head, *rows = csv.reader(io.StringIO(capsys.readouterr().out))
    assert all(len(row) == len(head) for row in rows)


def test_more_columns_than_fit_become_a_list(shelf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert query_logs.main(["sql", "SELECT * FROM events WHERE error_file IS NOT NULL", "--no-index", str(shelf)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert all(wcswidth(line) <= 100 for line in lines)
    first = lines[: lines.index("")]
    assert set(store.COLUMNS) <= {line.split(":")[0] for line in first}


# -- logs that no run leaves so


def write(folder: Path, *lines: object) -> Path:
    path = folder / "2025/11/27/asha/1/logs/99_pipeline_20251127_133005.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    texts = [line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in lines]
    path.write_text("\n".join(texts), encoding="utf-8", errors="surrogateescape")
    return path


def event(**fields: Any) -> dict[str, Any]:
    return {
        "ts": "2025-11-27T13:30:05.123Z", "level": "INFO", "event": "log", "message": "m", "run_id": "r", "film": "f",
        "job_id": "asha/1", "parent_job_id": None, "stage": None, "attempt": None, **fields,
    }  # fmt: skip


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
    assert query_logs.main(["overview", str(tmp_path / "jobs")]) == 0
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
    assert query_logs.main(["overview", "--no-index", str(folder)]) == ConfigurationError.exit_code
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
    assert query_logs.main([*options, "--no-index", str(shelf)]) == ConfigurationError.exit_code
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


# -- the index


@pytest.fixture
def indexed(shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Return a copy of the shelf, and the folder of its index, which holds all of it."""
    monkeypatch.setenv("SAMVAD_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(store, "_WORTH_KEEPING_BYTES", 1)
    copy = tmp_path / "copy"
    shutil.copytree(shelf, copy)
    count(copy)
    return copy, store.index_folder([str(copy)])


def count(place: Path) -> int:
    import duckdb

    connection = duckdb.connect()
    loaded = store.load(connection, sources.find([str(place)]), store.index_folder([str(place)]))
    views.make(connection, views.Filters(), datetime(2025, 11, 27))
    (found,) = connection.execute("SELECT count(*) FROM events").fetchone() or (0,)
    assert loaded.lines - loaded.foreign >= found
    return int(found)


def test_the_index_is_used_and_what_changed_is_read_anew(indexed: tuple[Path, Path], truth: Rows) -> None:
    place, index = indexed
    parts = sorted(path.name for path in index.glob("*.parquet"))
    assert parts and count(place) == len(truth)
    assert sorted(path.name for path in index.glob("*.parquet")) == parts, "nothing was read anew"
    log = next(iter(sorted(place.rglob("logs/*.jsonl"))))
    with log.open("a", encoding="utf-8") as file:
        file.write(json.dumps(event(message="later")) + "\n")
    assert count(place) == count(place) == len(truth) + 1
    log.unlink()
    assert count(place) == len(events_of(place)) < len(truth)


@pytest.mark.parametrize("damage", ["catalog", "parts", "empty catalog", "no parts"])
def test_a_damaged_index_gives_the_same_answers(indexed: tuple[Path, Path], truth: Rows, damage: str) -> None:
    place, index = indexed
    if "catalog" in damage:
        (index / "catalog.json").write_text("{" if damage == "catalog" else "{}", encoding="utf-8")
    for part in index.glob("*.parquet") if "parts" in damage else ():
        if damage == "parts":
            part.write_bytes(part.read_bytes()[:100])
        else:
            part.unlink()
    assert count(place) == len(truth)


def test_an_index_that_cannot_be_written_costs_only_time(
    indexed: tuple[Path, Path], truth: Rows, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    place, _ = indexed
    (tmp_path / "file").write_text("not a folder", encoding="utf-8")
    monkeypatch.setenv("SAMVAD_CACHE", str(tmp_path / "file"))
    assert count(place) == len(truth)


# -- tables


LETTERS = st.characters(exclude_categories=("Cc", "Cs"))


@given(
    st.lists(
        st.tuples(
            st.text(LETTERS, max_size=12).map("a{}".format),  # a sign with no letter before it combines with the margin
            st.integers(-(10**9), 10**9),
            st.text("नमस्तेक्षि日e\u0301 ", max_size=9),
        )
    )
)
@settings(max_examples=60, deadline=None)
def test_columns_stay_aligned_whatever_stands_in_them(rows: list[tuple[str, int, str]]) -> None:
    lines = table.as_table(["text", "number", "हिंदी"], rows, {}, 200).splitlines()
    first, second, _ = lines[1].split("  ")
    end = len(first) + 2 + len(second)
    assert len(lines) == len(rows) + 2
    for line, (_, number, _) in zip(lines[2:], rows, strict=True):
        before = [line[:cut] for cut in range(len(line) + 1) if table.text_width(line[:cut]) == end]
        assert any(part.rstrip().endswith(str(number)) for part in before), (line, end)


@given(st.text(max_size=200), st.integers(9, 60))
@settings(max_examples=60, deadline=None)
def test_long_texts_are_broken_without_losing_a_letter(text: str, width: int) -> None:
    shown = table.visible(text)
    lines = table.wrapped(shown, width)
    assert "".join(lines).replace(" ", "") == shown.replace(" ", "")
    assert "\n" not in shown and "\x1b" not in shown
    assert all(table.text_width(line) <= width for line in lines if line.isascii())


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.0 s"), (59.94, "59.9 s"), (59.96, "1 min 00 s"), (3599.4, "59 min 59 s"), (3600, "1 h 00 min"),
     (3 * 86400 + 5 * 3600, "3 d 05 h")],
)  # fmt: skip
def test_durations_read_well(seconds: float, text: str) -> None:
    assert table.duration(seconds) == text


def test_times_are_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime(2025, 11, 27, 12)
    assert views.moment("90m", now, "--since") == now - timedelta(minutes=90)
    assert views.moment("2w", now, "--since") == now - timedelta(days=14)
    assert views.moment("2025-11-27", now, "--since") == datetime(2025, 11, 27)
    assert views.moment("2025-11-27T18:30+05:30", now, "--since") == datetime(2025, 11, 27, 13)


# -- the command


def test_places_may_stand_after_options() -> None:
    options = command.parse(query_logs.parser(), ["why", "demo", "--json", "out", "more"])
    assert (options.asked, options.places) == ("demo", ["out", "more"])


def test_help_needs_no_package() -> None:
    for script in ("query_logs.py", "report_run.py"):
        line = [sys.executable, "-S", support.ROOT / "scripts" / script, "--help"]
        done = subprocess.run(line, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def test_a_python_without_duckdb_says_what_to_type(shelf: Path) -> None:
    line = [sys.executable, "-S", support.ROOT / "scripts" / "query_logs.py", "why", "a film"]
    environment = {**os.environ, "SAMVAD_QUERY_ENVIRONMENT": "entered"}
    done = subprocess.run(line, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == ConfigurationError.exit_code
    assert "make setup" in done.stderr and "envs/run workflow query_logs.py why 'a film'" in done.stderr


def test_any_python_finds_its_way_into_the_environment(shelf: Path, truth: Rows) -> None:
    line = [sys.executable, "-S", support.ROOT / "scripts" / "query_logs.py", "overview", "--json", "--no-index", shelf]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[0]["events"] == len(truth)


def test_a_reader_that_leaves_early_is_no_error(shelf: Path) -> None:
    script = support.ROOT / "scripts" / "query_logs.py"
    line = f'"{sys.executable}" "{script}" sql "SELECT * FROM events" --no-index "$1" | head -1'
    done = subprocess.run(["bash", "-c", line, "-", shelf], capture_output=True, text=True, check=False)
    assert done.stdout and "Traceback" not in done.stderr and "BrokenPipe" not in done.stderr
