"""Texts of cues, edited: lines broken anew, a word taken off, two joined; the markup stays with its letters."""

from __future__ import annotations

import bisect
import re
from collections.abc import Mapping
from dataclasses import replace

from samvad.documents.segments import Segment
from samvad.documents.subtitles.cues import Cue, Piece, Style, from_parts, pieces_of
from samvad.review.lanes import LaneCue, marked, pieces
from samvad.settings.subtitle_rules import Rules
from samvad.stages.subtitle_gen import checking, lines
from samvad.text import word_forms


def lines_of(text: str) -> list[str]:
    """Return the lines of a text, each with markup of its own."""
    return marked(_cue(text)).split("\n")


def broken(text: str, rules: Rules) -> str:
    """Return a text with its lines broken where the cutter would; where it cannot, as it is.

    Two speakers keep their lines.
    """
    cue = _cue(text)
    dashed = sum(line[:1] in checking.DASHES for line in cue.lines if line) > 1
    if dashed or any(map(word_forms.is_unspaced, cue.text)):
        return marked(cue)
    made = [piece for piece in pieces_of(cue, " ") if piece.text]
    single = [piece for at, piece in enumerate(made) if not (piece.text == " " and at and made[at - 1].text == " ")]
    whole = "".join(piece.text for piece in single)
    starts = lines.line_starts(whole, rules) if whole.strip() else None
    if starts is None:
        return marked(cue)
    for start in starts:
        single[start - 1] = Piece("\n")
    return marked(from_parts(0, 1, single))


def joined(first: str, second: str, rules: Rules) -> str:
    """Return the text of two cues that become one."""
    apart = "" if _is_unspaced(first, second) else " "
    both = broken(f"{first}{apart}{second}", rules)
    return both if len(_cue(both).lines) <= rules.max_lines else f"{first}\n{second}"


def parted(text: str, *, last: bool) -> tuple[str, str]:
    """Return a text without its last (or first) word, and that word, both with their markup."""
    made = [piece if piece.text != "\n" else Piece(" ") for piece in pieces_of(_cue(text))]
    places = [at for at, piece in enumerate(made) if piece.text == " "]
    if not places:
        return "", marked(_cue(text))
    at = places[-1] if last else places[0]
    head, tail = (marked(from_parts(0, 1, part)) for part in (made[:at], made[at + 1 :]))
    return (head, tail) if last else (tail, head)


def replaced(text: str, old: str, new: str) -> str | None:
    """Return a text with other words in place of some of its own; its other lines, their dashes and markup stay.

    Args:
        text: of a cue.
        old: what is to go, wherever its lines are broken.
        new: what comes there.

    Returns:
        None where the text does not say it.
    """
    words = old.split()
    if not words:
        return None
    if _cue(text).text.split() == words:
        return in_italics(new, on=True) if is_italic(text) else new
    said = r"\s+".join(map(re.escape, words))
    if not word_forms.is_unspaced(words[0][0]):
        said = rf"(?:^|(?<=[\s>\-–—(\[\"“‘«…])){said}(?=$|[\s<)\]\"”’»…])"  # not a part of another word
    found = re.search(said, text)
    return text[: found.start()] + new + text[found.end() :] if found else None


def dressed(cue: LaneCue, text: str, rules: Rules) -> str:
    """Return a text for a cue in the italics, or between the marks, that show that its present one is sung."""
    mark = rules.song_mark
    if mark and cue.cue.text.startswith(mark):
        text = f"{mark} {text}"
    if mark and cue.cue.text.endswith(mark):
        text = f"{text} {mark}"
    return in_italics(text, on=True) if is_italic(cue.text) else text


def is_italic(text: str) -> bool:
    """Say whether all of a text is in italics."""
    cue = _cue(text)
    spans = [(style.line, style.start, style.end) for style in cue.styles if style.kind == "i"]
    return all((number, 0, len(line)) in spans for number, line in enumerate(cue.lines))


def in_italics(text: str, *, on: bool) -> str:
    """Return a text all in italics, or without any."""
    cue = _cue(text)
    others = tuple(style for style in cue.styles if style.kind != "i")
    all_ = tuple(Style(number, 0, len(line), "i") for number, line in enumerate(cue.lines) if line)
    return marked(replace(cue, styles=tuple(sorted(others + all_)) if on else others))


def split_time(cue: LaneCue, head: str, tail: str, segments: Mapping[int, Segment]) -> int:
    """Return when the second part of a split cue comes, in ms: with its first word where that was heard.

    Elsewhere the share of its letters says it.
    """
    first, second = (sum(map(str.isalnum, _cue(text).text)) for text in (head, tail))
    share = first / max(1, first + second)
    starts = sorted(
        word.start_ms
        for number in cue.segments
        if number in segments
        for word in segments[number].words
        if cue.start_ms < word.start_ms < cue.end_ms
    )
    rough_ms = cue.start_ms + round((cue.end_ms - cue.start_ms) * share)
    if not starts:
        return rough_ms
    if cue.heard:
        return starts[min(len(starts) - 1, max(0, len(_cue(head).text.split()) - 1))]
    at = bisect.bisect_left(starts, rough_ms)
    return min(starts[max(0, at - 1) : at + 1], key=lambda start: abs(start - rough_ms))


def segments_parted(
    cue: LaneCue, at_ms: int, segments: Mapping[int, Segment]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return which of a cue's segments are spoken before a time, and which after it; one may be in both."""
    known = [number for number in cue.segments if number in segments]
    return (
        tuple(number for number in known if segments[number].start_ms < at_ms),
        tuple(number for number in known if segments[number].end_ms > at_ms),
    )


def _is_unspaced(first: str, second: str) -> bool:
    return bool(first and second) and word_forms.is_unspaced(first[-1]) and word_forms.is_unspaced(second[0])


def _cue(text: str) -> Cue:
    return from_parts(0, 1, pieces(text))
