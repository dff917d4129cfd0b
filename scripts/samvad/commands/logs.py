"""Show a film's log: all stages in one order; follow it, filter it, go from an error back to its cause."""

from __future__ import annotations

import argparse
import difflib
import sys
import time
from collections import deque
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from samvad.commands import _parsing
from samvad.core import console, stages
from samvad.core.errors import ConfigurationError, SamvadError
from samvad.reporting.logquery import views
from samvad.reporting.logquery.view import causes, lines, terminal
from samvad.reporting.logquery.view.lines import LEVELS, PIPELINE, JobLog, Line
from samvad.settings import configuration, naming

#: The environment that the command runs in.
ENVIRONMENT = "workflow"

_POLL_SECONDS = 0.5
_BEFORE_FOLLOWING = 20
_EPILOG = """Without options: all lines from INFO up of the newest run. The number before each line is its place in the
log of that run (with --all-runs: of all). Times are UTC. DEBUG lines, such as what ffmpeg says, have whole seconds."""


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command."""
    p = _parsing.Parser(description=__doc__, epilog=_EPILOG)
    p.add_argument("film", help="its id, title, file, or job")
    p.add_argument("-f", "--follow", action="store_true", help="show the last lines and go on with what comes (Ctrl-C)")
    p.add_argument("--stage", action="append", default=[], help="only this stage, or pipeline (may be given again)")
    p.add_argument("--level", default="info", type=str.lower, help="from this level up: debug, info, warning, error")
    p.add_argument(
        "--text",
        action="append",
        default=[],
        help="only lines with this text, in whatever case (again: with all of them)",
    )
    p.add_argument("--since", help="from then on: 90m, 12h, 7d, 2w (ago), or a day or time in UTC")
    p.add_argument("--until", help="before then, written as --since")
    p.add_argument("--last", type=_count, metavar="N", help="only the last N of these lines")
    p.add_argument("--all-runs", action="store_true", help="of all runs of the job, not of the newest alone")
    way = p.add_mutually_exclusive_group()
    way.add_argument("-i", "--interactive", action="store_true", help="look through it with keys")
    way.add_argument("--causes", action="store_true", help="in place of lines: how each error of the run came to be")
    way.add_argument("--cause-of", type=_count, metavar="LINE", help="how the error with that number came to be")
    way.add_argument("--json", action="store_true", help="print a JSON object for each line")
    p.add_argument(
        "--colour",
        choices=("auto", "always", "never"),
        default="auto",
        help="default: on a terminal, unless NO_COLOR is set",
    )
    return p


def main(argv: list[str] | None = None) -> int:
    """Show the log and return the exit code."""
    options = parser().parse_args(argv)
    try:
        folder = naming.find(options.film, configuration.project()).folder
        chosen = _Filter(options)
        painter = terminal.Painter(terminal.colours_wanted(options.colour, sys.stdout.isatty()))
        log = JobLog(folder)
        found = log.poll()
        if not found and not options.follow:
            raise ConfigurationError(f"{folder} has no log yet.", "A run writes one: samvad film PATH.")
        if log.foreign:
            print(f"{log.foreign} lines are no events (torn or foreign).", file=sys.stderr)
        run = None if options.all_runs else lines.newest_run(found)
        found = [line for line in found if run in (None, line.run_id)]
        if options.interactive:
            return _look_through(log, [line for line in found if chosen.in_time(line)], folder, chosen, options)
        if options.causes or options.cause_of:
            return _show_causes(found, folder, options.cause_of, painter)
        _show(found, chosen, options, painter)
        if options.follow:
            _follow(log, found, chosen, options, painter)
    except SamvadError as error:
        console.complain("samvad logs", error)
        return error.exit_code
    return 0


class _Filter:
    """Which lines are wanted."""

    def __init__(self, options: argparse.Namespace) -> None:
        now = datetime.now(UTC).replace(tzinfo=None)
        known = (*stages.BY_NAME, PIPELINE)
        for name in options.stage:
            if name not in known:
                close = difflib.get_close_matches(name, known, n=1)
                meant = f"Did you mean {close[0]}?" if close else f"There are {', '.join(known)}."
                raise ConfigurationError(f"--stage: there is no stage {name!r}.", meant)
        if options.level.upper() not in LEVELS:
            raise ConfigurationError(
                f"--level: there is no level {options.level!r}.", f"There are {', '.join(LEVELS).lower()}."
            )
        self._stages = frozenset(options.stage)
        self._levels = frozenset(LEVELS[LEVELS.index(options.level.upper()) :])
        self._words = [word.casefold() for word in options.text]
        self._since, self._until = (
            round(views.moment(text, now, name).replace(tzinfo=UTC).timestamp() * 1000) if text else None
            for text, name in ((options.since, "--since"), (options.until, "--until"))
        )

    def fits(self, line: Line) -> bool:
        """Return whether a line is wanted."""
        if line.level not in self._levels or (self._stages and line.stage not in self._stages):
            return False
        if not self.in_time(line):
            return False
        return not self._words or all(word in _whole(line) for word in self._words)

    def in_time(self, line: Line) -> bool:
        """Return whether a line was written in the time that is wanted."""
        return (self._since is None or line.at_ms >= self._since) and (self._until is None or line.at_ms < self._until)


def _whole(line: Line) -> str:
    told = (line.fields.get(name) for name in ("error_message", "error_file", "traceback"))
    return "\n".join([line.message, *(text for text in told if isinstance(text, str))]).casefold()


def _show(found: list[Line], chosen: _Filter, options: argparse.Namespace, painter: terminal.Painter) -> None:
    last = options.last or (_BEFORE_FOLLOWING if options.follow else None)
    fitting = ((number, line) for number, line in enumerate(found, 1) if chosen.fits(line))
    shown = list(deque(fitting, maxlen=last))
    _print(shown, options, painter)
    failures = sum(line.is_failure for _, line in shown)
    if not shown and not options.follow:
        print(f"None of {len(found)} lines fits.", file=sys.stderr)
    if failures and not options.json:
        sys.stdout.flush()
        print(f"How {failures} {'line' if failures == 1 else 'lines'} in error came to be: --causes.", file=sys.stderr)


def _print(shown: Iterable[tuple[int, Line]], options: argparse.Namespace, painter: terminal.Painter) -> None:
    for number, line in shown:
        console.write(f"{lines.as_json(line, number) if options.json else painter.line(line, number)}\n")


def _follow(
    log: JobLog, found: list[Line], chosen: _Filter, options: argparse.Namespace, painter: terminal.Painter
) -> None:
    """Show what is written from now on, of whatever run, until Ctrl-C."""
    number = len(found)
    while True:
        sys.stdout.flush()
        time.sleep(_POLL_SECONDS)
        new = list(enumerate(log.poll(), number + 1))
        number += len(new)
        _print(((place, line) for place, line in new if chosen.fits(line)), options, painter)


def _look_through(log: JobLog, found: list[Line], folder: Path, chosen: _Filter, options: argparse.Namespace) -> int:
    """Show the log on the whole terminal, from the filters on that the options name."""
    from samvad.reporting.logquery.view import screen

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ConfigurationError("--interactive needs a terminal.", "Leave it away to have lines.")
    if len(options.stage) > 1 or len(options.text) > 1:
        raise ConfigurationError("--interactive begins with one stage and one text at most.", "Keys change them.")
    shown = screen.Screen(
        found,
        folder,
        level=LEVELS.index(options.level.upper()),
        stage=options.stage[0] if options.stage else "",
        words=options.text[0] if options.text else "",
        chosen=max(0, len(found) - 1),
        follows=options.follow,
    )
    screen.run(log, shown, chosen.in_time, terminal.colours_wanted(options.colour, True))
    return 0


def _show_causes(found: list[Line], folder: Path, number: int | None, painter: terminal.Painter) -> int:
    if number is None:
        chains = causes.chains(found, folder)
        if not chains:
            print("No line of the run is an error.")
    elif number > len(found) or not found[number - 1].is_failure:
        raise ConfigurationError(f"--cause-of: line {number} is no error.", "--level error shows those that are.")
    else:
        chains = [causes.chain(found, number - 1, folder)]
    console.write("\n\n".join(painter.chain(chain, found) for chain in chains) + ("\n" if chains else ""))
    return 0


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text[:9]) > 0 and len(text) < 10):
        raise argparse.ArgumentTypeError(f"{text[:20]!r} is no number from 1")
    return int(text)
