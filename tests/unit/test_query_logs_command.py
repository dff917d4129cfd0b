"""Tables, times and the command itself."""

from __future__ import annotations

import json
import os
import re
import subprocess
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import support
from asked_logs import Rows
from samvad.commands import query
from samvad.core.console import printable
from samvad.core.errors import SamvadError
from samvad.reporting.logquery import command, store, table, views

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
    shown = printable(text)
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


def test_places_may_stand_after_options() -> None:
    options = command.parse(query.parser(), ["why", "demo", "--json", "out", "more"])
    assert (options.asked, options.places) == ("demo", ["out", "more"])


def test_a_command_whose_environment_is_not_built_says_what_to_type(tmp_path: Path) -> None:
    line = [support.ROOT / "samvad", "query", "why", "a film"]
    environment = {**os.environ, "SAMVAD_CACHE": str(tmp_path)}
    done = subprocess.run(line, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 1
    assert re.search("make (-C .+ )?setup$", done.stderr.strip()) and "workflow" in done.stderr


def test_samvad_finds_the_environment_from_any_folder(shelf: Path, truth: Rows, tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('a module of the folder that somebody stands in')")
    line = [support.ROOT / "samvad", "query", "overview", "--json", "--no-index", shelf]
    done = subprocess.run(line, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[0]["events"] == len(truth)


def test_a_reader_that_leaves_early_is_no_error(shelf: Path) -> None:
    line = f'"{support.ROOT / "samvad"}" query sql "SELECT * FROM events" --no-index "$1" | head -1'
    done = subprocess.run(["bash", "-c", line, "-", shelf], capture_output=True, text=True, check=False)
    assert done.stdout and "Traceback" not in done.stderr and "BrokenPipe" not in done.stderr


NO_QUESTIONS = (
    *("", ";", "COPY events TO '{file}'", "ATTACH '{file}'", "EXPORT DATABASE '{file}'"),
    *("SELECT 1; COPY events TO '{file}'", "EXPLAIN ANALYZE COPY events TO '{file}'", "SELECT * FROM '{other}'"),
    *("INSTALL httpfs", "LOAD httpfs", "SET enable_external_access = true", "CREATE TABLE x AS SELECT 1"),
    *("DROP VIEW events", "SELECT * FROM read_csv('/etc/passwd')", "SELECT * FROM read_text('/etc/hostname')"),
    "SELECT * FROM glob('/etc/*')",
)
ANSWERED = ("SELECT * FROM events", "DESCRIBE events", "PIVOT events ON a USING count(*)", "FROM events")


@pytest.mark.parametrize("query", NO_QUESTIONS)
def test_sql_only_asks_and_opens_no_file(query: str, tmp_path: Path) -> None:
    import duckdb

    (tmp_path / "other.csv").write_text("a\n1\n", encoding="utf-8")
    connection = duckdb.connect()
    connection.execute("CREATE TABLE events AS SELECT 1 AS a")
    text = query.format(file=tmp_path / "made", other=tmp_path / "other.csv")
    with pytest.raises((SamvadError, duckdb.Error)):
        store.check_query(connection, text, None)
        connection.execute(text)
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    "query", ["SELECT * FROM events", "DESCRIBE events", "PIVOT events ON a USING count(*)", "FROM events"]
)
def test_a_question_is_answered(query: str, tmp_path: Path) -> None:
    import duckdb

    connection = duckdb.connect()
    connection.execute(f"COPY (SELECT 1 AS a) TO '{tmp_path}/part.parquet'")
    connection.execute(f"CREATE VIEW events AS SELECT * FROM read_parquet('{tmp_path}/part.parquet')")
    store.check_query(connection, query, tmp_path)
    assert connection.execute(query).fetchall()


@pytest.mark.parametrize("limit", ["-1", "0", "x", "1e3", "9" * 30])
def test_a_limit_is_a_number_from_one(limit: str) -> None:
    done = subprocess.run(
        [support.ROOT / "samvad", "query", "slow", f"--limit={limit}"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2 and "is no number from 1" in done.stderr
