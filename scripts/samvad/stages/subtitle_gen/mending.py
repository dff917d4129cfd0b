"""Mend what is mechanical in subtitles: times, line breaks, ellipses, spaces, italics; never a word.

Each repair of a cue is tried, and kept only where fewer rules are broken afterwards, the cue's neighbours counted. So
it comes to an end, and what is mended is not mended again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

from samvad.documents.subtitle_check import Finding
from samvad.documents.subtitles.cues import Cue, Piece, from_parts, pieces_of
from samvad.settings.subtitle_rules import ERROR, Rules
from samvad.stages.subtitle_gen import checking, cutting, timing, units

_Repair = Callable[[Cue, Cue | None, Rules, Sequence[int]], Cue]


def mend(cues: Sequence[Cue], rules: Rules, shots: Sequence[int] | None = None) -> list[Cue]:
    """Return cues in order of time with all that can be mended mended.

    Args:
        cues: as they are written in a file.
        rules: what a cue may be.
        shots: times of the film's shot changes, in order; None when they are not known.
    """
    mended = sorted(cues, key=lambda cue: (cue.start_ms, cue.end_ms))
    due = _faulty(mended, rules, shots)
    while due:
        changed = {place for place in sorted(due) if _mend_one(mended, place, rules, shots)}
        # What one cue's repair leaves, its neighbours' may reach now.
        due = {near for place in changed for near in (place - 1, place, place + 1) if 0 <= near < len(mended)}
    return mended


def words_of(cues: Sequence[Cue]) -> Counter[tuple[str, ...]]:
    """Return the words of each cue, whatever the order of the cues: what no repair may change."""
    return Counter(tuple(cue.text.replace("…", "...").split()) for cue in cues)


def _faulty(cues: Sequence[Cue], rules: Rules, shots: Sequence[int] | None) -> set[int]:
    numbers = {item.cue - 1 for item in checking.check(cues, rules, checking.Context(shots))}
    return numbers | {number - 1 for number in numbers if number}  # a cue that stays too long is found at the next one


def _mend_one(cues: list[Cue], place: int, rules: Rules, shots: Sequence[int] | None) -> bool:
    """Mend a cue in the list; return whether anything was mended."""
    first, changed = max(0, place - 1), False
    following = cues[place + 1] if place + 1 < len(cues) else None
    found = checking.check(cues[first : place + 2], rules, checking.Context(shots))
    for mends, repair in _REPAIRS:
        if not any(item.rule in mends for item in found):
            continue
        candidate = repair(cues[place], following, rules, shots or ())
        if candidate == cues[place]:
            continue
        around = [*cues[first:place], candidate, *cues[place + 1 : place + 2]]
        left = checking.check(around, rules, checking.Context(shots))
        if _weight(left) < _weight(found):
            cues[place], found, changed = candidate, left, True
    return changed


def _weight(found: Sequence[Finding]) -> tuple[int, int]:
    """Return how many breaches there are, and how many of them are errors."""
    return len(found), sum(item.level == ERROR for item in found)


def _spaced(cue: Cue, _following: Cue | None, _rules: Rules, _shots: Sequence[int]) -> Cue:
    """Take spaces at lines' ends and double ones away."""
    pieces: list[Piece] = []
    for piece in pieces_of(cue):
        if not (piece.text.isspace() and piece.text != "\n" and pieces and pieces[-1].text.isspace()):
            pieces.append(piece._replace(text=" ") if piece.text in "\t\u2003" else piece)
    return _rebuilt(cue, pieces)


def _ellipsis(cue: Cue, _following: Cue | None, rules: Rules, _shots: Sequence[int]) -> Cue:
    """Write ellipses as the profile does."""
    written, meant = ("...", "…") if rules.ellipsis == "…" else ("…", rules.ellipsis)
    pieces = pieces_of(cue)
    text = "".join(piece.text for piece in pieces)
    made, place = [], 0
    while place < len(pieces):
        found = text.startswith(written, place)
        made.append(pieces[place]._replace(text=meant) if found else pieces[place])
        place += len(written) if found else 1
    return _rebuilt(cue, made)


def _upright(cue: Cue, _following: Cue | None, rules: Rules, _shots: Sequence[int]) -> Cue:
    """Take italics away where the profile has none."""
    return cue if rules.italics else replace(cue, styles=tuple(style for style in cue.styles if style.kind != "i"))


def _rebroken(cue: Cue, _following: Cue | None, rules: Rules, _shots: Sequence[int]) -> Cue:
    """Break the lines where the language's grammar does; those of two speakers stay."""
    text = cue.text
    two_speakers = sum(line[:1] in checking.DASHES for line in cue.lines if line) > 1
    if two_speakers or any(map(units.is_unspaced, text)):
        return cue  # between letters that need no space a line's end says nothing that could be put back
    starts = cutting.line_starts(text, rules) if text == " ".join(text.split()) else None
    if starts is None:
        return cue
    pieces = pieces_of(cue, " ")
    for start in starts:
        pieces[start - 1] = Piece("\n")
    return _rebuilt(cue, pieces)


def _timed(cue: Cue, following: Cue | None, rules: Rules, shots: Sequence[int]) -> Cue:
    """Let a cue go when it is read, and before the next one comes; it always comes when it did."""
    room_ms = following.start_ms - rules.gap_ms if following else cue.start_ms + rules.max_cue_ms
    needed_ms = max(rules.min_cue_ms, rules.reading_ms(cue.characters, cue.words))
    end_ms = timing.out_time(cue.start_ms, cue.end_ms, needed_ms, room_ms, shots, rules, followed=following is not None)
    return replace(cue, end_ms=end_ms) if end_ms > cue.start_ms else cue


def _rebuilt(cue: Cue, pieces: Sequence[Piece]) -> Cue:
    return from_parts(cue.start_ms, cue.end_ms, pieces, top=cue.top, file_line=cue.file_line)


def _text_mended(cue: Cue, following: Cue | None, rules: Rules, shots: Sequence[int]) -> Cue:
    """Do at once what is due to a text: a shorter ellipsis may let it fit in one line."""
    for repair in (_spaced, _ellipsis, _upright, _rebroken):
        cue = repair(cue, following, rules, shots)
    return cue


_LINES = frozenset({"line length", "lines", "one line", "break"})
_TIMES = frozenset({"overlap", "gap", "gap to close", "shortest", "longest", "reading speed", "out at shot"})
#: The rules that each repair may mend.
_REPAIRS: tuple[tuple[frozenset[str], _Repair], ...] = (
    (frozenset({"characters"}), _spaced),
    (frozenset({"ellipsis"}), _ellipsis),
    (frozenset({"italics"}), _upright),
    (_LINES, _rebroken),
    (frozenset({"characters", "ellipsis", "italics"}), _text_mended),
    (_TIMES, _timed),
)
