"""The times of WebVTT's cues (section 6.3 of https://www.w3.org/TR/webvtt1/): as browsers take them, or by a repair."""

from __future__ import annotations

import re

from samvad.documents.subtitles import timings

_STRICT = re.compile(
    r"[ \t\f\r]*(?P<start>\d+:\d\d(?::\d\d)?\.\d{3})(?!\d)[ \t\f\r]*-->"
    r"[ \t\f\r]*(?P<end>\d+:\d\d(?::\d\d)?\.\d{3})(?!\d)(?P<rest>.*)",
    re.ASCII | re.DOTALL,
)


def read(line: str) -> timings.Timing | None:
    """Return a line's times (section 6.3): as browsers take it, or by a repair, or None."""
    strict = _STRICT.fullmatch(line)
    if strict:
        start_ms, end_ms = timestamp(strict["start"]), timestamp(strict["end"])
        if start_ms is not None and end_ms is not None:
            return timings.Timing(start_ms, end_ms, strict["rest"], ())
    other = timings.read(line)
    if other is not None and not other.slips:
        return timings.Timing(other.start_ms, other.end_ms, other.rest, (_slip(line),))
    return other


def _slip(line: str) -> str:
    """Return what is wrong with times that are right in SubRip."""
    if "," in line.partition("-->")[0] or re.search(r",\d{3}", line.partition("-->")[2]):
        return "a comma stands before thousandths of a second"
    return "a time is not written as WebVTT has it"


def timestamp(text: str) -> int | None:
    """Return a timestamp in ms ("collect a WebVTT timestamp"), or None for one that browsers refuse."""
    whole, _, thousandths = text.partition(".")
    parts = whole.split(":")
    if len(parts) == 2:
        if len(parts[0]) != 2:
            return None  # what is not of two digits is hours
        parts.insert(0, "0")
    hours, minutes, seconds = (timings.value_of(part) for part in parts)
    if minutes > 59 or seconds > 59:
        return None
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + int(thousandths)
