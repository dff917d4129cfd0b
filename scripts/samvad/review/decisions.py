"""Decisions that are no cue's: verdicts on segments, songs, names, terms, what is not to be asked again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from samvad.core.errors import ConfigurationError
from samvad.documents import review
from samvad.review.edits import whole
from samvad.review.job import JobFiles

#: What a decision is about, at the beginning of its key; what follows says which.
SEGMENT, SONG, NAME, TERM, NEED, SHORTER = "segment", "song", "name", "term", "need", "shorter"

Decided = dict[str, Any]


def _segment(files: JobFiles, edit: Mapping[str, Any]) -> Decided:
    number, verdict = edit.get("segment"), edit.get("verdict")
    segment = files.segments.get(number) if isinstance(number, int) else None
    if segment is None:
        raise ConfigurationError(f"There is no segment {str(number)[:20]}.", "Load the page again.")
    if verdict not in (*review.VERDICTS, None):
        raise ConfigurationError(f"A verdict is one of {', '.join(review.VERDICTS)}.")
    value = {"start": segment.start_ms, "end": segment.end_ms, "text": segment.text, "verdict": verdict}
    return {f"{SEGMENT}/{number}": value if verdict else None}


def _song(files: JobFiles, edit: Mapping[str, Any]) -> Decided:
    start_ms, end_ms = whole(edit.get("start"), "start"), whole(edit.get("end"), "end")
    kind = edit.get("kind")
    if kind not in (*review.KINDS, None):
        raise ConfigurationError(f"A stretch is one of {', '.join(review.KINDS)}.")
    if not 0 <= start_ms < end_ms <= files.film_ms:
        raise ConfigurationError("A song begins before it ends, within the film.")
    return {f"{SONG}/{start_ms}-{end_ms}": {"start": start_ms, "end": end_ms, "kind": kind} if kind else None}


def _name(files: JobFiles, edit: Mapping[str, Any]) -> Decided:
    old, new = _line(edit.get("from"), "from"), _line(edit.get("to"), "to")
    if not any(letter.isalnum() for letter in old):
        raise ConfigurationError("A name that is to be written otherwise has letters.")
    return {f"{NAME}/{old}": {"old": old, "new": new} if new else None}


def _term(files: JobFiles, edit: Mapping[str, Any]) -> Decided:
    source, target = _line(edit.get("source"), "source"), _line(edit.get("target"), "target")
    language = _line(edit.get("language", "en"), "language")
    if not source:
        raise ConfigurationError("A term has letters.")
    value = {"term": source, "target": target, "language": language}
    return {f"{TERM}/{language}/{source}": value if target else None}


def _shorter(files: JobFiles, edit: Mapping[str, Any]) -> Decided:
    start_ms, end_ms = whole(edit.get("start"), "start"), whole(edit.get("end"), "end")
    language, text, take = str(edit.get("lane")), _line(edit.get("text"), "text"), edit.get("take")
    if take not in (*review.TAKES, None):
        raise ConfigurationError("A shorter text is taken: yes or no.")
    value = {"start": start_ms, "end": end_ms, "language": language, "text": text, "take": take}
    return {f"{SHORTER}/{language}/{start_ms}": value if take else None}


def _accept(files: JobFiles, edit: Mapping[str, Any]) -> Decided:
    return {f"{NEED}/{_line(edit.get('need'), 'need')}": "accepted"}


def _reject(files: JobFiles, edit: Mapping[str, Any]) -> Decided:
    return {f"{NEED}/{_line(edit.get('need'), 'need')}": "rejected"}


def _reopen(files: JobFiles, edit: Mapping[str, Any]) -> Decided:
    return {f"{NEED}/{_line(edit.get('need'), 'need')}": None}


def _line(value: object, name: str) -> str:
    """Return a short text on one line.

    Raises:
        ConfigurationError: it is none.
    """
    if not isinstance(value, str) or len(value) > 500 or any(ord(sign) < 32 for sign in value):
        raise ConfigurationError(f"{name} is to be a text on one line.")
    return " ".join(value.split())


OPERATIONS: dict[str, Callable[[JobFiles, Mapping[str, Any]], Decided]] = {
    "decide": _segment,
    "song": _song,
    "name": _name,
    "term": _term,
    "shorter": _shorter,
    "accept": _accept,
    "reject": _reject,
    "reopen": _reopen,
}
