"""Mend what is mechanical in subtitles: times, line breaks, ellipses, spaces, italics; never a word.

Each repair of a cue is tried, and kept only where fewer rules are broken afterwards, the cue's neighbours counted. So
it comes to an end, and what is mended is not mended again.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

from samvad.documents.subtitle_check import Finding
from samvad.documents.subtitles.cues import Cue, Piece, from_parts, pieces_of
from samvad.settings.subtitle_rules import ERROR, Rules
from samvad.stages.subtitle_gen import checking, lines, timing
from samvad.text import word_forms

_Repair = Callable[[Cue, Cue | None, Rules, Sequence[int]], list[Cue]]


def mend(cues: Sequence[Cue], rules: Rules, shots: Sequence[int] | None = None) -> list[Cue]:
    """Return cues in order of time with all that can be mended mended.

    Args:
        cues: as they are written in a file.
        rules: what a cue may be.
        shots: times of the film's shot changes, in order; None when they are not known.
    """
    mended = sorted(cues, key=lambda cue: cue.start_ms)
    due = _faulty(mended, rules, shots)
    while due:
        changed = {place for place in sorted(due) if _mend_one(mended, place, rules, shots)}
        # What one repair leaves, another may reach now.
        due = {near for place in changed for near in range(place - 2, place + 3) if 0 <= near < len(mended)}
    return mended


def words_of(cues: Sequence[Cue]) -> Counter[tuple[str, ...]]:
    """Return the words of each cue, whatever the order of the cues: what no repair may change."""
    return Counter(tuple(cue.text.replace("…", "...").split()) for cue in cues)


def _faulty(cues: Sequence[Cue], rules: Rules, shots: Sequence[int] | None) -> set[int]:
    numbers = {item.cue - 1 for item in checking.check(cues, rules, checking.Context(shots))}
    return numbers | {number - 1 for number in numbers if number}  # a cue that stays too long is found at the next one


def _mend_one(cues: list[Cue], place: int, rules: Rules, shots: Sequence[int] | None) -> bool:
    """Do what mends most of a cue in the list, which may be when the next one comes; return whether anything does."""
    first, context = max(0, place - 1), checking.Context(shots)
    following = cues[place + 1] if place + 1 < len(cues) else None
    found = checking.check(cues[first : place + 3], rules, context)
    best, least = [cues[place]], _weight(found)
    for mends, repair in _REPAIRS:
        if not any(item.rule in mends for item in found):
            continue
        candidate = repair(cues[place], following, rules, shots or ())
        if candidate == cues[place : place + len(candidate)]:
            continue
        around = [*cues[first:place], *candidate, *cues[place + len(candidate) : place + 3]]
        weight = _weight(checking.check(around, rules, context))
        in_order = all(one.start_ms <= other.start_ms for one, other in itertools.pairwise(around))
        if weight < least and in_order:
            best, least = candidate, weight
    changed = best != [cues[place]]
    cues[place : place + len(best)] = best
    return changed


def _weight(found: Sequence[Finding]) -> tuple[int, int, int]:
    """Return how many breaches there are; how many of them no player shows well; and how many are errors."""
    broken = sum(item.rule in ("order", "overlap") for item in found)
    return len(found), broken, sum(item.level == ERROR for item in found)


def _spaced(cue: Cue, _rules: Rules) -> Cue:
    """Take spaces at lines' ends and double ones away."""
    pieces: list[Piece] = []
    for piece in pieces_of(cue):
        if not (piece.text.isspace() and piece.text != "\n" and pieces and pieces[-1].text.isspace()):
            pieces.append(piece)
    return _rebuilt(cue, pieces)


def _ellipsis(cue: Cue, rules: Rules) -> Cue:
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


def _upright(cue: Cue, rules: Rules) -> Cue:
    """Take italics away where the profile has none."""
    return cue if rules.italics else replace(cue, styles=tuple(style for style in cue.styles if style.kind != "i"))


def _rebroken(cue: Cue, rules: Rules) -> Cue:
    """Break the lines where the language's grammar does; those of two speakers stay."""
    text = cue.text
    two_speakers = sum(line[:1] in checking.DASHES for line in cue.lines if line) > 1
    if two_speakers or any(map(word_forms.is_unspaced, text)):
        return cue  # between letters that need no space a line's end says nothing that could be put back
    starts = lines.line_starts(text, rules) if text == " ".join(text.split()) else None
    if starts is None:
        return cue
    pieces = pieces_of(cue, " ")
    for start in starts:
        pieces[start - 1] = Piece("\n")
    return _rebuilt(cue, pieces)


def _rebuilt(cue: Cue, pieces: Sequence[Piece]) -> Cue:
    return from_parts(cue.start_ms, cue.end_ms, pieces, top=cue.top, file_line=cue.file_line)


def _needed_ms(cue: Cue, rules: Rules) -> int:
    return max(rules.min_cue_ms, rules.reading_ms(cue.characters, cue.words))


def _timed(cue: Cue, following: Cue | None, rules: Rules, shots: Sequence[int]) -> list[Cue]:
    """Let a cue go when it is read, and before the next one comes; not before it can be seen, if it could be."""
    room_ms = following.start_ms - rules.gap_ms if following else cue.start_ms + rules.max_cue_ms
    needed_ms, followed = _needed_ms(cue, rules), following is not None
    end_ms = timing.out_time(cue.start_ms, cue.end_ms, needed_ms, room_ms, shots, rules, followed=followed)
    is_seen = end_ms - cue.start_ms >= max(1, min(cue.duration_ms, rules.min_cue_ms))
    return [replace(cue, end_ms=end_ms)] if is_seen else [cue]


def _parted(cue: Cue, following: Cue | None, rules: Rules, _shots: Sequence[int]) -> list[Cue]:
    """Let a cue be read, and the next one come as much later as that takes, where it can spare the time."""
    if following is None:
        return [cue]
    end_ms = min(cue.end_ms, cue.start_ms + _needed_ms(cue, rules))
    start_ms = end_ms + rules.gap_ms
    late_ms = start_ms - following.start_ms
    if not 0 < late_ms <= _MOST_LATE_MS or following.end_ms - start_ms < _needed_ms(following, rules):
        return [cue]
    return [replace(cue, end_ms=end_ms), replace(following, start_ms=start_ms)]


#: A cue never comes later than this for the sake of the one before it: it would leave its sound.
_MOST_LATE_MS = 500


def _in_text(*repairs: Callable[[Cue, Rules], Cue]) -> _Repair:
    def repair(cue: Cue, _following: Cue | None, rules: Rules, _shots: Sequence[int]) -> list[Cue]:
        for one in repairs:
            cue = one(cue, rules)
        return [cue]

    return repair


#: The rules that each repair may mend. A text's are tried alone and at once: a shorter ellipsis may let it fit.
_REPAIRS: tuple[tuple[frozenset[str], _Repair], ...] = (
    (frozenset({"characters"}), _in_text(_spaced)),
    (frozenset({"ellipsis"}), _in_text(_ellipsis)),
    (frozenset({"italics"}), _in_text(_upright)),
    (frozenset({"line length", "lines", "one line", "break"}), _in_text(_rebroken)),
    (frozenset({"characters", "ellipsis", "italics"}), _in_text(_spaced, _ellipsis, _upright, _rebroken)),
    (frozenset({"overlap", "gap", "gap to close", "shortest", "longest", "reading speed", "out at shot"}), _timed),
    (frozenset({"overlap", "gap"}), _parted),
)
