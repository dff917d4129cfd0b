"""A lane: the cues of one language as people see them now, each under an id that no other cue ever has."""

from __future__ import annotations

import bisect
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from samvad.core.errors import ConfigurationError
from samvad.documents.machine_cues import MachineCue, Origin
from samvad.documents.subtitles import styled
from samvad.documents.subtitles.cues import Cue, Piece, from_parts

#: A text of more characters is no cue's.
LONGEST_TEXT = 2_000
#: Of so many changed cues all are sorted anew.
_MANY = 200
_TAG = re.compile(r"<(/?)([ibu])>")
_NUMBERED = re.compile(r"[a-z]{2,3}-([0-9]{1,9})")
_END = re.compile(r"\r\n?|[\u2028\u2029\x0b\x0c\x85]")


@dataclass(frozen=True)
class LaneCue:
    """A cue of a lane.

    Attributes:
        id: its lane and a number, such as ``en-17``; it is never given again.
        start_ms: when it comes.
        end_ms: when it goes.
        text: its lines, with a line feed between them; ``<i>``, ``<b>`` and ``<u>`` are its only markup.
        said_from_ms: when its first word is spoken; None where nobody knows.
        said_to_ms: when its last word ends.
        segments: numbers of the segments that it shows.
        heard: whether its words' times were heard.
        hand: whether a person has written or timed it.
        top: whether it stands at the top of the picture.
        why: why it ends where it does, in words.
        full: its text with what was left out of it; empty where nothing was.
    """

    id: str
    start_ms: int
    end_ms: int
    text: str
    said_from_ms: int | None = None
    said_to_ms: int | None = None
    segments: tuple[int, ...] = ()
    heard: bool = False
    hand: bool = False
    top: bool = False
    why: str = ""
    full: str = ""

    @property
    def cue(self) -> Cue:
        """Return it as a subtitle file has it; empty lines are gone."""
        return from_parts(self.start_ms, self.end_ms, pieces(self.text), top=self.top)

    @property
    def said(self) -> tuple[int, int] | None:
        """Return when its first word begins and its last ends, in ms, where that is known and a person left it so."""
        if self.hand or self.said_from_ms is None or self.said_to_ms is None:
            return None
        return self.said_from_ms, self.said_to_ms

    @property
    def origin(self) -> Origin | None:
        """Return where it comes from; None for one that a person added."""
        if self.said_from_ms is None or self.said_to_ms is None:
            return None
        return Origin(self.said_from_ms, self.said_to_ms, self.segments, self.heard, self.why, self.full)


def of_machine(number: int, language: str, made: MachineCue) -> LaneCue:
    """Return a cue of the machine's as the lane's of a number."""
    return LaneCue(
        id=f"{language}-{number}",
        start_ms=made.start_ms,
        end_ms=made.end_ms,
        text=marked(made.cue),
        said_from_ms=made.said_from_ms,
        said_to_ms=made.said_to_ms,
        segments=made.segments,
        heard=made.heard,
        why=made.why,
        full=made.full,
    )


def marked(cue: Cue) -> str:
    """Return a cue's text with its markup and line feeds."""
    return styled.text(styled.with_readings_in_line(cue), str, styled.tag)


def pieces(text: str) -> list[Piece]:
    """Return a text with markup in pieces; what is no tag of ours is text."""
    found: list[Piece] = []
    open_: list[str] = []
    at = 0
    for tag in _TAG.finditer(text):
        if tag.start() > at:
            found.append(Piece(text[at : tag.start()], frozenset(open_)))
        at = tag.end()
        if not tag[1]:
            open_.append(tag[2])
        elif tag[2] in open_:
            open_.remove(tag[2])
    if at < len(text):
        found.append(Piece(text[at:], frozenset(open_)))
    return found or [Piece("")]


def cleaned(text: object) -> str:
    """Return a text as a person typed it, without what no line of a subtitle holds.

    Raises:
        ConfigurationError: it is none, or far too long.
    """
    if not isinstance(text, str):
        raise ConfigurationError("An edit's text is no text.")
    if len(text) > LONGEST_TEXT:
        raise ConfigurationError(f"A cue has {len(text)} characters.", f"Write {LONGEST_TEXT} at most.")
    whole = _END.sub("\n", text)
    kept = (sign for sign in whole if sign == "\n" or unicodedata.category(sign) not in ("Cc", "Cs"))
    return "".join(" " if sign == "\t" else sign for sign in kept)


def in_order(cues: Iterable[LaneCue]) -> list[LaneCue]:
    """Return cues in order of time; of the same times, in that of their numbers."""
    return sorted(cues, key=_place)


def _place(cue: LaneCue) -> tuple[int, int, int, str]:
    return cue.start_ms, cue.end_ms, number_of(cue.id), cue.id


def number_of(cue_id: str) -> int:
    """Return the number of an id that the server gave, such as ``en-17``; 0 of one that a page has chosen."""
    found = _NUMBERED.fullmatch(cue_id)
    return int(found[1]) if found else 0


@dataclass
class Lane:
    """All cues of a language.

    Attributes:
        language: short code; the lane's id.
        cues: by id.
        last: the highest number that a cue of the lane ever had.
        revisions: the revision of the last edit to each cue, also of those that are gone.
        clients: which window made it.
    """

    language: str
    cues: dict[str, LaneCue] = field(default_factory=dict)
    last: int = 0
    revisions: dict[str, int] = field(default_factory=dict)
    clients: dict[str, str] = field(default_factory=dict)
    _order: list[tuple[int, int, int, str]] = field(default_factory=list, repr=False)

    def _sort(self) -> None:
        if len(self._order) != len(self.cues):
            self._order = sorted(map(_place, self.cues.values()))

    def ordered(self) -> list[LaneCue]:
        """Return its cues in order of time."""
        self._sort()
        return [self.cues[place[3]] for place in self._order]

    def around(self, cue: LaneCue, most: int) -> list[LaneCue]:
        """Return a cue with so many of its neighbours on each side, in order of time."""
        self._sort()
        at = bisect.bisect_left(self._order, _place(cue))
        return [self.cues[place[3]] for place in self._order[max(0, at - most) : at + most + 1]]

    def _move(self, change: Change) -> None:
        """Keep the order by what changes: sorting all of a long film for each letter would be felt."""
        if len(self._order) != len(self.cues) or len(change.put) + len(change.gone) > _MANY:
            self._order = []
            return
        for cue_id in {*change.gone, *(cue.id for cue in change.put)} & self.cues.keys():
            del self._order[bisect.bisect_left(self._order, _place(self.cues[cue_id]))]
        for cue in change.put:
            bisect.insort(self._order, _place(cue))

    def put(self, change: Change, revision: int, client: str) -> None:
        """Make a change, and take note of who made it; revision 0 is nobody's."""
        self._move(change)
        for cue_id in change.gone:
            self.cues.pop(cue_id, None)
        for cue in change.put:
            self.cues[cue.id] = cue
            self.last = max(self.last, number_of(cue.id))
        for cue_id in {*change.gone, *(cue.id for cue in change.put)} if revision else ():
            self.revisions[cue_id] = revision
            self.clients[cue_id] = client


@dataclass(frozen=True)
class Change:
    """What an edit did to a lane.

    Attributes:
        put: the cues that it made or changed, as they are after it.
        gone: ids of those that it took away.
        was: all of them that were there before, as they were.
    """

    put: tuple[LaneCue, ...] = ()
    gone: tuple[str, ...] = ()
    was: tuple[LaneCue, ...] = ()

    @property
    def back(self) -> Change:
        """Return what takes it back."""
        before = {cue.id for cue in self.was}
        return Change(self.was, tuple(cue.id for cue in self.put if cue.id not in before), (*self.put,))


def difference(before: Mapping[str, LaneCue], after: Mapping[str, LaneCue]) -> Change:
    """Return the change that makes one state of a lane of another."""
    # Most are the very same: comparing what is in them would take longer than the edit.
    put = tuple(cue for key, cue in after.items() if (old := before.get(key)) is not cue and old != cue)
    gone = tuple(key for key in before if key not in after)
    was = tuple(before[cue.id] for cue in put if cue.id in before) + tuple(before[key] for key in gone)
    return Change(put, gone, was)


def by_hand(cue: LaneCue, **values: object) -> LaneCue:
    """Return a cue with other values, as a person's."""
    return replace(cue, hand=True, **values)  # type: ignore[arg-type]
