"""The queries for Loki: by its grammar, and by DuckDB's answers on the same events, shipped as the agent ships them."""

from __future__ import annotations

import json
import math
import random
import re
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pytest
import yaml

import alloy_config
import event_shelf
import logql_answers
import logql_grammar
import loki_limits
import support
from logql_answers import Entry
from logql_grammar import Node

FOLDER = support.ROOT / "observability"
PANELS = [
    panel for row in yaml.safe_load((FOLDER / "queries.yaml").read_text("utf-8"))["rows"] for panel in row["panels"]
]
QUERIES = {f"{panel['id']}-{number}": query for panel in PANELS for number, query in enumerate(panel["queries"])}

RANGE = timedelta(days=3)
#: What the dashboard's variables may hold, and the step of its graphs.
CHOICES: list[dict[str, Any]] = [
    {"stage": ".+", "film": ".*", "run_id": ".+", "auto": timedelta(hours=6)},
    {"stage": "asr|mux", "film": "film_1.*", "run_id": "film_3_.*", "auto": timedelta(days=2)},
    {"stage": "demux", "film": "film_1", "run_id": "film_1_.*", "auto": timedelta(hours=30)},
    {"stage": "no_such_stage", "film": "film_0", "run_id": "no_such_run", "auto": timedelta(seconds=1)},
]


class Shelf(NamedTuple):
    """The same events twice: as Loki has them, and as DuckDB's table ``events``."""

    root: Path
    entries: list[Entry]
    connection: duckdb.DuckDBPyConnection


def filled(logql: str, choice: dict[str, Any]) -> str:
    """Return a query with the dashboard's variables replaced, as Grafana does it."""
    values = {
        "__range": f"{int(RANGE.total_seconds())}s",
        "__auto": f"{int(choice['auto'].total_seconds())}s",
        **{name: choice[name] for name in ("stage", "film", "run_id")},
    }
    return re.sub(r"\$(\w+)", lambda match: str(values[match[1]]), logql)


def agent() -> alloy_config.Block:
    return alloy_config.Reader((FOLDER / "alloy" / "samvad.alloy").read_text("utf-8")).blocks()


def ship(root: Path) -> list[Entry]:
    """Return what Loki holds once the agent has sent all files of a shelf."""
    config = agent()
    named = {(block.name, block.label): block for block in config.blocks}
    entries = []
    for source in (block for block in config.blocks if block.name == "loki.source.file"):
        matcher = named["local.file_match", source.attributes["targets"].parts[0].split(".")[2]]
        stages: list[alloy_config.Block] = []
        receiver = source.attributes["forward_to"][0].parts[0]
        while receiver.startswith("loki.process."):
            process = named["loki.process", receiver.split(".")[2]]
            stages += process.blocks
            receiver = process.attributes["forward_to"][0].parts[0]
        assert receiver == "loki.write.loki.receiver"
        for target in matcher.attributes["path_targets"]:
            for path in sorted(root.glob(target["__path__"].parts[-1].removeprefix("/"))):
                for line in path.read_text("utf-8").split("\n"):
                    entry = alloy_config.shipped(stages, line, str(path)) if line else None
                    entries += [entry] if entry else []
    return entries


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    root = tmp_path_factory.mktemp("out")
    runs = event_shelf.make(root)
    lines = root / "all.jsonl"
    lines.write_text("".join(json.dumps(line) + "\n" for run in runs for _, line in run.lines), "utf-8")
    connection = duckdb.connect(config={"autoinstall_known_extensions": False})
    connection.execute(
        "CREATE TABLE events AS SELECT * FROM read_json(?, format='newline_delimited', columns={ts: 'TIMESTAMP', "
        "level: 'VARCHAR', event: 'VARCHAR', message: 'VARCHAR', run_id: 'VARCHAR', film: 'VARCHAR', stage: 'VARCHAR', "
        "status: 'VARCHAR', duration_seconds: 'DOUBLE', counts: 'JSON', error_type: 'VARCHAR', "
        "error_category: 'VARCHAR', error_message: 'VARCHAR'})",
        [str(lines)],
    )
    return Shelf(root, ship(root), connection)


def test_each_line_is_shipped_once_with_three_labels_and_the_time_it_was_written(shelf):
    files = {*shelf.root.glob("**/99_*.jsonl"), *shelf.root.glob("**/attempts/*/*.jsonl")}
    written = {line for path in files for line in path.read_text("utf-8").split("\n") if line.endswith("}")}
    assert Counter(entry.line for entry in shelf.entries) == Counter(written)
    assert len(written) == shelf.connection.execute("SELECT count(*) FROM events").fetchone()[0]
    for entry in shelf.entries:
        event = json.loads(entry.line)
        assert entry.ts_ms == datetime.fromisoformat(event["ts"]).timestamp() * 1000
        assert set(entry.stream) == {"app", "level"} | ({"stage"} if event["stage"] else set())
        assert entry.labels["run_id"] == event["run_id"] and entry.labels["event"] == event["event"]
    assert len({tuple(sorted(entry.stream.items())) for entry in shelf.entries}) <= 2 * 11, (
        "a stream for each stage and level"
    )


def test_a_line_whose_text_looks_like_one_of_the_pipeline_is_not_taken_for_one(shelf):
    stages = next(block.blocks for block in agent().blocks if block.label == "pipeline_lines")
    stages = [
        *stages,
        *next(block.blocks for block in agent().blocks if block.name == "loki.process" and len(block.blocks) > 2),
    ]
    line = dict(json.loads(shelf.entries[0].line), message='"logger":"samvad.pipeline"', logger="samvad.asr")
    compact = {"ensure_ascii": False, "separators": (",", ":")}
    assert alloy_config.shipped(stages, json.dumps(line, **compact), "f") is None
    assert alloy_config.shipped(stages, json.dumps({**line, "logger": "samvad.pipeline"}, **compact), "f") is not None


@pytest.mark.parametrize(
    "refused",
    [
        '{filename=~".+"} != `"logger"`',  # back-quotes are LogQL's, not Alloy's
        "{filename=~`.+`}",
        '{filename=~".+"} | json',
        '{filename=~".+"} | event="log"',
        '!= "text"',
        "{}",
    ],
)
def test_a_selector_that_alloy_would_refuse_is_refused(refused):
    with pytest.raises(ValueError, match=r"wanted|no selector"):
        alloy_config.Selector(refused)


def test_jobs_are_looked_for_at_the_depth_where_they_lie():
    patterns = [
        target["__path__"].parts[-1]
        for block in agent().blocks
        if block.name == "local.file_match"
        for target in block.attributes["path_targets"]
    ]
    assert len(patterns) == 4
    assert not [pattern for pattern in patterns if "**" in pattern], "all folders would be looked through every 15 s"


LIMITS = loki_limits.read(yaml.safe_load((FOLDER / "loki" / "samvad.yaml").read_text("utf-8")))


def test_after_a_night_without_loki_nothing_is_lost_with_the_limits_that_the_readme_names(shelf):
    """The agent reads files in no order of time: what it sends last may be hours older than what it sent first."""
    now_ms = round(event_shelf.NOW.timestamp() * 1000)
    waiting = [entry for entry in shelf.entries if entry.ts_ms > now_ms - 12 * 3_600_000]
    names = sorted({entry.labels["filename"] for entry in waiting})
    random.Random(1).shuffle(names)
    night = sorted(waiting, key=lambda entry: names.index(entry.labels["filename"]))

    def lost(limits: loki_limits.Limits) -> int:
        return len(night) - len(list(loki_limits.taken(night, limits, now_ms)))

    assert lost(loki_limits.Limits()) > len(night) / 2, "by Loki's defaults most is lost: why the limits are there"
    assert lost(LIMITS) == 0
    assert lost(loki_limits.read({"ingester": {"max_chunk_age": "24h"}})) == 0, "before Loki 3.4"
    assert lost(loki_limits.read({"limits_config": {"reject_old_samples_max_age": "1h"}})) > 0


def test_panels_that_count_runs_are_answered_for_thousands_of_them(trees):
    at_ms = round(event_shelf.NOW.timestamp() * 1000)
    stream = {"app": "samvad", "level": "INFO", "stage": "asr"}
    counts = {"counts": {"film_seconds": 60, "cache_hit": 0, "peak_rss_mb": 1}, "duration_seconds": 1.5, "message": "m"}
    line = json.dumps(counts)
    entries = [
        Entry(at_ms - number, line, stream, {"run_id": f"r{number}", "film": "f", "event": event, "status": "failed"})
        for number in range(600)
        for event in ("job_received", "stage_result")
    ]
    refused = set()
    for name, (tree, *_) in trees.items():
        if tree.children[0].child("LogExpr") is None:
            logql_answers.vector(tree, entries, at_ms, LIMITS.max_query_series)
            try:
                logql_answers.vector(tree, entries, at_ms, loki_limits.Limits().max_query_series)
            except logql_answers.QueryError:
                refused.add(name)
    assert refused == {"active_runs-0", "silent_runs-0", "unfinished_runs-0", "failed_runs-0"}


def test_a_week_on_the_dashboard_is_not_cut_into_hours():
    dashboard = json.loads((FOLDER / "grafana" / "samvad.json").read_text("utf-8"))
    assert dashboard["time"]["from"] == "now-7d"
    for interval in (LIMITS.split_queries, LIMITS.split_instant_queries):
        assert loki_limits.parts(timedelta(days=7), interval) == 7
    assert loki_limits.parts(timedelta(days=7), loki_limits.Limits().split_queries) == 168


@pytest.fixture(scope="module")
def trees() -> dict[str, list[Node]]:
    """Parse every query with each choice of the variables, all by one start of the grammar."""
    texts = [filled(query["logql"], choice) for query in QUERIES.values() for choice in CHOICES]
    found = logql_grammar.parse(texts)
    return {name: found[len(CHOICES) * row : len(CHOICES) * (row + 1)] for row, name in enumerate(QUERIES)}


def test_every_query_is_loki_s_language(trees):
    assert {name: tree.errors() for name, some in trees.items() for tree in some if tree.errors()} == {}


@pytest.mark.parametrize(
    "broken",
    [
        '{app="samvad"',
        'sum by (stage (count_over_time({app="samvad"}[5m])))',
        'count_over_time({app="samvad"} | json | unwrap [5m])',
        'rate({app="samvad"}[$__range])',
        'quantile_over_time({app="samvad"} |= [1h])',
        'sum(count_over_time({app="samvad"}[1h])) or',
    ],
)
def test_a_broken_query_is_found(broken):
    assert logql_grammar.parse([broken])[0].errors() != []


def test_queries_that_loki_would_refuse_or_read_otherwise_are_not_answered(shelf):
    def answer(query: str) -> Any:
        tree = logql_grammar.parse([query])[0]
        return logql_answers.vector(tree, shelf.entries, int(event_shelf.NOW.timestamp() * 1000))

    with pytest.raises(logql_answers.QueryError, match="in error"):
        answer('sum(sum_over_time({app="samvad"} | json a="message" | unwrap a [3d]))')
    with pytest.raises(logql_answers.QueryError, match="grouping"):
        answer('sum_over_time({app="samvad"} | json a="counts.done" | unwrap a | __error__="" [3d]) by (stage)')
    with pytest.raises(logql_answers.UnknownError, match="brackets"):
        answer('sum(count_over_time({app="samvad"}[3d])) / sum(count_over_time({app="samvad"}[3d])) or vector(0)')
    with pytest.raises(logql_answers.UnknownError, match="_extracted"):
        answer('max_over_time({app="samvad"} | json film="film" | unwrap film [3d]) by (stage)')


def in_duckdb(shelf: Shelf, sql: str, choice: dict[str, Any], start: datetime, end: datetime) -> list[tuple[Any, ...]]:
    values = {"start": start.replace(tzinfo=None), "end": end.replace(tzinfo=None), **choice}
    used = {name: values[name] for name in set(re.findall(r"\$([a-z_]+)", sql)) & set(values)}
    return shelf.connection.execute(sql, used).fetchall()


@pytest.mark.parametrize("number", range(len(CHOICES)), ids=["all", "some", "one", "none"])
@pytest.mark.parametrize("name", QUERIES)
def test_loki_s_answer_is_duckdb_s(shelf, trees, name, number):
    query, choice, tree = QUERIES[name], CHOICES[number], trees[name][number]
    span = choice["auto"] if "$__auto" in query["logql"] else RANGE
    for end in (event_shelf.NOW, event_shelf.NOW - timedelta(hours=7)):
        rows = in_duckdb(shelf, query["sql"], choice, end - span, end)
        end_ms = round(end.timestamp() * 1000)
        if tree.children[0].child("LogExpr"):
            found = logql_answers.lines(tree, shelf.entries, end_ms - round(span.total_seconds() * 1000), end_ms)
            assert found == sorted((round(row[0].timestamp() * 1000), row[1]) for row in utc(rows))
            continue
        columns = [column[0] for column in shelf.connection.description][:-1]
        expected = {
            frozenset(
                (column, value) for column, value in zip(columns, row[:-1], strict=True) if value is not None
            ): row[-1]
            for row in rows
        }
        found = logql_answers.vector(tree, shelf.entries, end_ms)
        assert found.keys() == expected.keys()
        assert all(
            math.isclose(found[labels], value, rel_tol=1e-9, abs_tol=1e-12) for labels, value in expected.items()
        )


def utc(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [(row[0].replace(tzinfo=event_shelf.NOW.tzinfo), *row[1:]) for row in rows]


def test_the_shelf_asks_something_of_every_query(shelf):
    """An answer that is empty for both would prove nothing."""
    for name, query in QUERIES.items():
        assert in_duckdb(shelf, query["sql"], CHOICES[0] | {"auto": RANGE}, event_shelf.NOW - RANGE, event_shelf.NOW), (
            name
        )
