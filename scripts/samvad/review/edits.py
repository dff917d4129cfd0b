"""What an edit does to the cues of a lane: each of the page's operations, applied to a copy until all of them fit."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from samvad.core.errors import ConfigurationError
from samvad.documents.segments import Segment
from samvad.review import text_edits
from samvad.review.lanes import Change, Lane, LaneCue, by_hand, cleaned, difference, in_order
from samvad.settings.subtitle_rules import Rules

#: Nothing is shown for less.
SHORTEST_MS = 20
_ID = re.compile("[a-z0-9-]{3,48}")


class GoneError(ConfigurationError):
    """An edit is about a cue that is not there (any more)."""

    def __init__(self, cue_id: str) -> None:
        super().__init__(f"There is no cue {cue_id!r} any more.", "Load the page again.")
        self.cue_id = cue_id


@dataclass
class Draft:
    """A lane while the edits of one step are made: nothing of it is seen before all of them fit.

    Attributes:
        lane: as it was.
        rules: what its cues are to keep.
        shots: times of the film's shot changes, in ms.
        film_ms: how long the film is.
        segments: the film's, by number.
        now: cues by id, as they are now.
        last: the highest number given.
    """

    lane: Lane
    rules: Rules
    shots: Sequence[int]
    film_ms: int
    segments: Mapping[int, Segment]
    now: dict[str, LaneCue] = field(default_factory=dict)
    last: int = 0

    def __post_init__(self) -> None:
        """Begin with the lane as it is."""
        self.now, self.last = dict(self.lane.cues), self.lane.last

    @property
    def change(self) -> Change:
        """Return what the edits have done so far."""
        return difference(self.lane.cues, self.now)

    def cue(self, cue_id: object) -> LaneCue:
        """Return a cue.

        Raises:
            GoneError: there is none.
        """
        found = self.now.get(str(cue_id))
        if found is None:
            raise GoneError(str(cue_id))
        return found

    def order(self) -> list[LaneCue]:
        """Return all cues in order of time."""
        return in_order(self.now.values()) if self.now != self.lane.cues else self.lane.ordered()

    def neighbour(self, cue: LaneCue, step: int) -> LaneCue | None:
        """Return the cue after (1) or before (-1) another."""
        ordered = self.order()
        at = ordered.index(cue) + step
        return ordered[at] if 0 <= at < len(ordered) else None

    def new_id(self, wished: object = None) -> str:
        """Return an id that no cue ever had: the one that a page has chosen, which may be away from the server.

        Raises:
            ConfigurationError: it is none, or another cue has or had it.
        """
        if wished is not None:
            if not isinstance(wished, str) or not _ID.fullmatch(wished):
                raise ConfigurationError("The id of a new cue has 3 to 48 small letters, digits and dashes.")
            if wished in self.now or wished in self.lane.revisions or wished in self.lane.cues:
                raise ConfigurationError(f"The id {wished} is, or was, another cue's.")
            return wished
        self.last += 1
        return f"{self.lane.language}-{self.last}"

    def set(self, cue: LaneCue, **values: object) -> LaneCue:
        """Write a cue with other values, as a person's; one that would be the same stays as it is."""
        made = by_hand(cue, **values)
        if replace(made, hand=cue.hand) == cue:
            return cue
        self.now[cue.id] = made
        return made

    def times(self, start: object, end: object) -> tuple[int, int]:
        """Return times that a cue can have.

        Raises:
            ConfigurationError: they are none, or no time of the film.
        """
        start_ms, end_ms = whole(start, "start"), whole(end, "end")
        if not start_ms >= 0 or end_ms < start_ms + SHORTEST_MS:
            raise ConfigurationError(f"A cue cannot go from {start_ms} to {end_ms} ms.", "It ends after it begins.")
        if end_ms > self.film_ms:
            raise ConfigurationError(f"The film ends at {self.film_ms} ms, before the cue's end at {end_ms} ms.")
        return start_ms, end_ms


def whole(value: object, name: str) -> int:
    """Return a time in whole milliseconds.

    Raises:
        ConfigurationError: it is no number.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ConfigurationError(f"{name} is {str(value)[:40]!r}, but must be a number of milliseconds.")
    return round(value)


def _set_text(draft: Draft, edit: Mapping[str, Any]) -> None:
    draft.set(draft.cue(edit.get("cue")), text=cleaned(edit.get("text")))


def _set_times(draft: Draft, edit: Mapping[str, Any]) -> None:
    cue = draft.cue(edit.get("cue"))
    start_ms, end_ms = draft.times(edit.get("start", cue.start_ms), edit.get("end", cue.end_ms))
    draft.set(cue, start_ms=start_ms, end_ms=end_ms)


def _split(draft: Draft, edit: Mapping[str, Any]) -> None:
    """Split a cue in two; the first keeps its id, and each the segments that are spoken in its part."""
    cue = draft.cue(edit.get("cue"))
    head, tail = cleaned(edit.get("head")), cleaned(edit.get("tail"))
    if cue.end_ms - cue.start_ms <= 2 * SHORTEST_MS:
        raise ConfigurationError(f"The cue {cue.id} is too short to be split.")
    given = edit.get("at")
    at_ms = whole(given, "at") if given is not None else text_edits.split_time(cue, head, tail, draft.segments)
    at_ms = max(cue.start_ms + SHORTEST_MS, min(at_ms, cue.end_ms - SHORTEST_MS))
    # The gap lies before the second part, whose first word keeps its time.
    end_ms = max(cue.start_ms + SHORTEST_MS, at_ms - draft.rules.gap_ms)
    first, second = text_edits.segments_parted(cue, at_ms, draft.segments)
    draft.set(cue, end_ms=end_ms, text=head, segments=first)
    made = by_hand(cue, id=draft.new_id(edit.get("new")), start_ms=at_ms, text=tail, segments=second)
    draft.now[made.id] = made


def _merge(draft: Draft, edit: Mapping[str, Any]) -> None:
    cue, other = draft.cue(edit.get("cue")), draft.cue(edit.get("with"))
    if cue.id == other.id:
        raise ConfigurationError("A cue is not merged with itself.")
    first, second = in_order([cue, other])
    segments = tuple(dict.fromkeys((*first.segments, *second.segments)))
    said = [time for item in (first, second) for time in (item.said_from_ms, item.said_to_ms) if time is not None]
    made = by_hand(
        cue,
        start_ms=first.start_ms,
        end_ms=max(first.end_ms, second.end_ms),
        text=text_edits.joined(first.text, second.text, draft.rules),
        segments=segments,
        said_from_ms=min(said, default=None),
        said_to_ms=max(said, default=None),
        full=" ".join(text for text in (first.full, second.full) if text),
    )
    draft.now[cue.id] = made
    del draft.now[other.id]


def _insert(draft: Draft, edit: Mapping[str, Any]) -> None:
    start_ms, end_ms = draft.times(edit.get("start"), edit.get("end"))
    ids = tuple(
        number
        for number, segment in draft.segments.items()
        if 2 * (min(segment.end_ms, end_ms) - max(segment.start_ms, start_ms)) > segment.end_ms - segment.start_ms
    )
    text = cleaned(edit.get("text", ""))
    made = LaneCue(draft.new_id(edit.get("new")), start_ms, end_ms, text, segments=ids, hand=True)
    draft.now[made.id] = made


def _delete(draft: Draft, edit: Mapping[str, Any]) -> None:
    for cue in _chosen(draft, edit):
        del draft.now[cue.id]


def _swap_lines(draft: Draft, edit: Mapping[str, Any]) -> None:
    cue = draft.cue(edit.get("cue"))
    draft.set(cue, text="\n".join(reversed(text_edits.lines_of(cue.text))))


def _break_lines(draft: Draft, edit: Mapping[str, Any]) -> None:
    for cue in _chosen(draft, edit):
        draft.set(cue, text=text_edits.broken(cue.text, draft.rules))


def _shift(draft: Draft, edit: Mapping[str, Any]) -> None:
    by_ms = whole(edit.get("ms"), "ms")
    for cue in _chosen(draft, edit):
        start_ms, end_ms = draft.times(cue.start_ms + by_ms, cue.end_ms + by_ms)
        draft.set(cue, start_ms=start_ms, end_ms=end_ms)


def _stretch(draft: Draft, edit: Mapping[str, Any]) -> None:
    factor, pivot_ms = edit.get("factor"), whole(edit.get("pivot", 0), "pivot")
    if isinstance(factor, bool) or not isinstance(factor, int | float) or not 0.2 <= factor <= 5:
        raise ConfigurationError("The factor of a stretch lies between 0.2 and 5.")
    for cue in _chosen(draft, edit):
        start_ms, end_ms = (pivot_ms + (time_ms - pivot_ms) * factor for time_ms in (cue.start_ms, cue.end_ms))
        start_ms, end_ms = draft.times(start_ms, end_ms)
        draft.set(cue, start_ms=start_ms, end_ms=end_ms)


def _snap(draft: Draft, edit: Mapping[str, Any]) -> None:
    """Draw the times of cues onto shot changes that are as near as the profile draws them."""
    rules = draft.rules
    for cue in _chosen(draft, edit):
        start_ms = _nearest(draft.shots, cue.start_ms, rules.shot_window_ms, 0) or cue.start_ms
        end_ms = _nearest(draft.shots, cue.end_ms, rules.shot_window_ms, -rules.shot_gap_ms) or cue.end_ms
        if end_ms - start_ms >= min(rules.min_cue_ms, cue.end_ms - cue.start_ms):
            draft.set(cue, start_ms=start_ms, end_ms=min(end_ms, draft.film_ms))


def _nearest(shots: Sequence[int], time_ms: int, within_ms: int, off_ms: int) -> int | None:
    near = min((shot + off_ms for shot in shots), key=lambda place: abs(place - time_ms), default=None)
    return near if near is not None and near > 0 and abs(near - time_ms) <= within_ms else None


def _extend(draft: Draft, edit: Mapping[str, Any]) -> None:
    cue, gap_ms = draft.cue(edit.get("cue")), draft.rules.gap_ms
    if edit.get("to") == "previous":
        before = draft.neighbour(cue, -1)
        start_ms = before.end_ms + gap_ms if before else 0
        if start_ms < cue.start_ms:
            draft.set(cue, start_ms=start_ms)
        return
    following = draft.neighbour(cue, 1)
    end_ms = following.start_ms - gap_ms if following else draft.film_ms
    if end_ms > cue.end_ms:
        draft.set(cue, end_ms=end_ms)


def _move_word(draft: Draft, edit: Mapping[str, Any]) -> None:
    """Give the last word to the next cue, or the first one to the cue before."""
    cue, ahead = draft.cue(edit.get("cue")), edit.get("to") != "previous"
    other = draft.neighbour(cue, 1 if ahead else -1)
    if other is None:
        raise ConfigurationError(f"There is no cue {'after' if ahead else 'before'} {cue.id}.")
    rest, word = text_edits.parted(cue.text, last=ahead)
    if not rest.strip():
        raise ConfigurationError(f"{cue.id} has one word alone.", "Merge the two cues.")
    joined = f"{word} {other.text}" if ahead else f"{other.text} {word}"
    draft.set(cue, text=text_edits.broken(rest, draft.rules))
    draft.set(other, text=text_edits.broken(joined, draft.rules))


def _italics(draft: Draft, edit: Mapping[str, Any]) -> None:
    """Set cues in italics, or upright where all of them are."""
    cues = _chosen(draft, edit)
    upright = all(text_edits.is_italic(cue.text) for cue in cues)
    for cue in cues:
        draft.set(cue, text=text_edits.in_italics(cue.text, on=not upright))


def _restore_cue(draft: Draft, edit: Mapping[str, Any]) -> None:
    """Put a cue as it is given, whatever stands there: what proposals and conflicts do."""
    start_ms, end_ms = draft.times(edit.get("start"), edit.get("end"))
    draft.set(draft.cue(edit.get("cue")), start_ms=start_ms, end_ms=end_ms, text=cleaned(edit.get("text")))


def _chosen(draft: Draft, edit: Mapping[str, Any]) -> list[LaneCue]:
    """Return the cues that an edit of several, or of one, is about."""
    named = edit.get("cues", [edit.get("cue")])
    if not isinstance(named, list):
        raise ConfigurationError("The cues of an edit are a list.")
    return [draft.cue(cue_id) for cue_id in dict.fromkeys(map(str, named))]


#: The operations on cues, by the name that the page gives them.
OPERATIONS: dict[str, Callable[[Draft, Mapping[str, Any]], None]] = {
    "set_text": _set_text,
    "set_times": _set_times,
    "set_cue": _restore_cue,
    "split": _split,
    "merge": _merge,
    "insert": _insert,
    "delete": _delete,
    "swap_lines": _swap_lines,
    "break_lines": _break_lines,
    "shift": _shift,
    "stretch": _stretch,
    "snap": _snap,
    "extend": _extend,
    "move_word": _move_word,
    "italics": _italics,
}


def touched(edit: Mapping[str, Any]) -> Iterable[str]:
    """Return the ids of the cues that an edit names."""
    named = edit.get("cues") if isinstance(edit.get("cues"), list) else []
    several = [*(named or []), edit.get("cue"), edit.get("with")]
    return dict.fromkeys(str(cue_id) for cue_id in several if cue_id)
