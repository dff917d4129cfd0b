"""Write a film's history as a table for a terminal; columns stand straight under Devanagari and wide scripts, too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from samvad.core import stages, times
from samvad.core.console import printable
from samvad.reporting.archive.history import SHORT_DIGITS, Attempt, FilmHistory, Run

_COLUMNS = (("stage", 26), ("attempt", 7), ("result", 14), ("began (UTC)", 11), ("seconds", 8), ("cache", 5))
_INDENT = 4


def lines(history: FilmHistory, width: int) -> Iterator[str]:
    """Yield the lines of the history.

    Args:
        history: of one film.
        width: columns of the terminal.
    """
    title = f"{history.title} " if history.title else ""
    yield from _wrapped(f"{title}[{history.film}]", 0, width)
    for source in history.sources:
        length_ms = source.media.duration_ms if source.media else None
        length = f", {times.clock(length_ms)}" if length_ms else ""
        size = f"{source.size_bytes / 1e6:.1f} MB"
        yield from _wrapped(f"{printable(source.path)} ({size}{length}, {source.checksum[:23]})", 2, width)
    for run in history.runs:
        yield ""
        yield from _run(run, width)
    for folder, (status, made) in history.results.items():
        yield ""
        yield from _wrapped(f"Now {status}: {printable(folder)}", 0, width)
        for kind, path, checksum in made:
            digits = checksum.removeprefix("sha256:")[:SHORT_DIGITS]
            yield from _wrapped(f"{kind}: {printable(path)} ({digits})", 2, width)


def _run(run: Run, width: int) -> Iterator[str]:
    job = "/".join(run.job.parts[-2:])
    by = f"Samvad {', '.join(run.samvad)}" if run.samvad else "nothing known of its versions"
    on = f" on {', '.join(run.hosts)}" if run.hosts else ""
    what = run.workflow or ("stages by hand" if run.samvad else "killed before it left a record")
    yield from _wrapped(f"{run.began[:10]}  job {job}, {what}, {by}{on}", 0, width)
    yield from _wrapped(f"run {run.run_id or 'unknown'}", 2, width)
    yield "  " + " ".join(_cell(name, size, right=name == "seconds") for name, size in _COLUMNS)
    for found in run.attempts:
        yield from _attempt(found, width)


def _attempt(found: Attempt, width: int) -> Iterator[str]:
    seconds = "" if found.seconds is None else f"{found.seconds:.1f}"
    result = found.result + ("" if found.current or found.result not in ("success", "skipped") else " (old)")
    values = (stages.BY_NAME[found.stage].folder, str(found.attempt), result, found.began[11:19], seconds)
    cells = [
        _cell(value, size, right=name == "seconds")
        for value, (name, size) in zip((*values, found.cache or ""), _COLUMNS, strict=True)
    ]
    yield ("  " + " ".join(cells)).rstrip()
    if found.outputs:
        yield from _wrapped("made " + ", ".join(f"{kind} {digits}" for kind, digits in found.outputs), _INDENT, width)
    tools = [f"{name} {version}" for name, version in found.tools.items()]
    with_ = [*tools, *found.models, *([f"on {found.device}"] if found.device else [])]
    if with_ and found.result != "skipped":
        yield from _wrapped("with " + ", ".join(with_), _INDENT, width)
    if found.made_by:
        yield from _wrapped(f"reused from run {found.made_by}", _INDENT, width)
    if found.changed:
        told = "; ".join(f"{name}: {_value(before)} → {_value(now)}" for name, before, now in found.changed)
        yield from _wrapped(f"changed {told}", _INDENT, width)
    for warning in found.warnings:
        yield from _wrapped(f"warning: {printable(warning)}", _INDENT, width)
    if found.error:
        yield from _wrapped(f"error: {printable(found.error)}", _INDENT, width)


def _value(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value)) or "(none)"
    return "(none)" if value in (None, "") else printable(value)


def _cell(text: str, size: int, *, right: bool) -> str:
    import wcwidth

    return str((wcwidth.rjust if right else wcwidth.ljust)(text, size))


def _wrapped(text: str, indent: int, width: int) -> Iterator[str]:
    for number, piece in enumerate(_pieces(text, width - indent - 2)):
        yield " " * (indent + (2 if number else 0)) + piece


def _pieces(text: str, width: int) -> list[str]:
    import wcwidth

    return list(wcwidth.wrap(text, max(20, width)))
