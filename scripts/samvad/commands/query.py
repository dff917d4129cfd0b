"""Ask the event logs of all jobs: what failed and why, how long stages take, what runs now, what a run did."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from samvad.commands import _parsing
from samvad.core import console
from samvad.core.errors import ConfigurationError, SamvadError
from samvad.reporting.logquery import command, store, table, why
from samvad.reporting.logquery.questions import FULL_TRACE, QUESTIONS, TRACE, Question

#: The environment that the command runs in.
ENVIRONMENT = "workflow"

_EXAMPLES = """examples:
  samvad query why demo                         why film demo failed, and what to do
  samvad query failures --since 7d              every failure of a week, newest first
  samvad query durations out/2025 --csv         p50 and p95 by stage, for a spreadsheet
  samvad query sql "SELECT stage, count(*) FROM events GROUP BY 1"

Tables for sql: events (a line each), attempts (a stage's attempt each), runs (a run of a film each).
"""


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command: a sub-command for each question."""
    p = _parsing.Parser(description=__doc__, epilog=_EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    questions = p.add_subparsers(dest="question", required=True, metavar="QUESTION")
    own = {
        "why": ("NAME", "why a film (or job, job folder, run) failed: cause, file, last lines, log, what to do"),
        "trace": ("NAME", "every event of a run (or of the newest run of a film or job), in order"),
        "sql": ("QUERY", "a query of your own"),
    }
    for name, (metavar, text) in own.items():
        _sub_command(questions, name, text).add_argument("asked", metavar=metavar)
    for name, question in QUESTIONS.items():
        _sub_command(questions, name, question.help)
    for sub in questions.choices.values():
        command.add_options(sub)
        sub.add_argument("--json", action="store_true", help="print JSON")
        sub.add_argument("--csv", action="store_true", help="print CSV")
        sub.add_argument("--limit", type=_count, default=20, help="films that `slow` and `cost` show")
    return p


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text[:9]) > 0 and len(text) < 10):
        raise argparse.ArgumentTypeError(f"{text[:20]!r} is no number from 1")
    return int(text)


def _sub_command(questions: Any, name: str, text: str) -> argparse.ArgumentParser:
    sub: argparse.ArgumentParser = questions.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    return sub


def main(argv: list[str] | None = None) -> int:
    """Answer one question and return the exit code."""
    options = command.parse(parser(), argv)
    try:
        if options.question in ("why", "trace") and not options.places and Path(options.asked).is_dir():
            options.places = [options.asked]
        logs = command.load(options)
        answer = _why(logs, options) if options.question == "why" else _rows(logs, options)
    except SamvadError as error:
        console.complain("samvad query", error)
        return error.exit_code
    print(answer, flush=True)
    if logs.loaded.foreign:
        places = logs.loaded.foreign_logs
        more = f" and {len(places) - 1} more" if len(places) > 1 else ""
        print(f"{logs.loaded.foreign} lines are no events (torn or foreign): {places[0]}{more}", file=sys.stderr)
    return 0


def _rows(logs: command.Logs, options: argparse.Namespace) -> str:
    import duckdb

    question, values = _question(logs, options)
    try:
        if options.question == "sql":
            store.check_query(logs.connection, question.sql, logs.index)
        found = logs.connection.execute(question.sql.replace("{limit}", str(options.limit)), values)
        columns = [column[0] for column in found.description or ()]
        rows = found.fetchall() if columns else []
    except duckdb.Error as error:
        if options.question != "sql":
            raise
        raise ConfigurationError(f"DuckDB: {error}", "`sql 'DESCRIBE events'` lists the columns.") from None
    if options.json:
        return table.as_json(columns, rows)
    if options.csv:
        return table.as_csv(columns, rows)
    if not rows:
        return question.empty
    if options.question == "overview":
        return "\n".join(f"{name:18}{table.shown(value)}" for name, value in zip(columns, rows[0], strict=True))
    text = table.as_table(columns, rows, question.units, _width(), question.below)
    return f"{text}\n{question.note}" if question.note else text


def _question(logs: command.Logs, options: argparse.Namespace) -> tuple[Question, list[Any]]:
    if options.question == "trace":
        runs = why.newest_run(logs.connection, options.asked)
        jobs = [run["job_id"] for run in runs]
        return Question("", FULL_TRACE if options.json or options.csv else TRACE), [runs[0]["run_id"], jobs]
    if options.question == "sql":
        return Question("", options.asked), []
    return QUESTIONS[options.question], []


def _why(logs: command.Logs, options: argparse.Namespace) -> str:
    found = why.verdicts(logs.connection, options.asked)
    if options.csv:
        raise ConfigurationError("why has no CSV.", "Use --json, or `failures --csv`.")
    if options.json:
        return json.dumps([asdict(one) for one in found], ensure_ascii=False, indent=2, default=table.plain)
    return "\n\n".join(why.text(one, logs.now, _width()) for one in found)


def _width() -> int:
    return shutil.get_terminal_size((100, 24)).columns if sys.stdout.isatty() else 100
