"""Edits carried over: to what the machine makes now, and to a file that somebody has changed by hand meanwhile.

Cues are the same where they are shown at the same time (``corrections.pair``). What a person wrote wins over what the
machine writes; where the two cannot both be had, that is said.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from samvad.core.times import clock
from samvad.documents.subtitles.cues import Cue
from samvad.review.lanes import Change, Lane, LaneCue, difference, in_order, marked
from samvad.stages.subtitle_gen.corrections import Pair, pair


@dataclass(frozen=True)
class _Group:
    """Cues that are shown together: the machine's former ones, those of the lane, and the other ones that come now."""

    old: tuple[LaneCue, ...]
    ours: tuple[LaneCue, ...]
    new: tuple[LaneCue, ...]
    changed: bool


def carried(lane: Lane, old: Sequence[LaneCue], new: Sequence[LaneCue]) -> tuple[Change, list[str]]:
    """Return how a lane changes when the machine has made other cues, and what could not be carried over, in words.

    Args:
        lane: as people have it.
        old: what the machine had made when they edited it.
        new: what it makes now; ids are given here.
    """
    lost: list[str] = []
    after: list[LaneCue] = []
    for group in _groups(old, in_order(lane.cues.values()), new):
        if not group.changed:
            after += _same_ids(group)
        elif group.ours:
            after += _persons(group, lost)
        elif group.new and _words(group.old) != _words(group.new):  # deleted, and there is something else now
            after += group.new
            lost.append(f"{_place(group.new)}: it was deleted, and says something else now: it is there again")
    return difference(lane.cues, _with_ids(after, lane)), lost


def _persons(group: _Group, lost: list[str]) -> Iterable[LaneCue]:
    """Return a person's cues, at the machine's new times where the person had left its times alone."""
    if not group.new:
        if group.old:
            lost.append(f"{_place(group.ours)}: the machine has no cue there any more: yours is kept")
        return group.ours
    if not group.old:
        lost.append(f"{_place(group.ours)}: the machine has {_said(group.new)} now: yours is kept in its place")
        return group.ours
    if _words(group.old) != _words(group.new):
        lost.append(f"{_place(group.ours)}: the machine says {_said(group.new)} now: yours is kept in its place")
    if len(group.old) == len(group.ours) == len(group.new):
        return [
            replace(
                ours,
                start_ms=new.start_ms if ours.start_ms == old.start_ms else ours.start_ms,
                end_ms=new.end_ms if ours.end_ms == old.end_ms else ours.end_ms,
                segments=new.segments,
                said_from_ms=new.said_from_ms,
                said_to_ms=new.said_to_ms,
            )
            for old, ours, new in zip(group.old, group.ours, group.new, strict=True)
        ]
    known = tuple(dict.fromkeys(number for cue in group.new for number in cue.segments))
    return [replace(cue, segments=known) for cue in group.ours]


def _same_ids(group: _Group) -> Iterable[LaneCue]:
    """Return the machine's new cues, under the ids of those in whose place they come."""
    for new, ours in itertools.zip_longest(group.new, group.ours[: len(group.new)]):
        yield replace(new, id=ours.id if ours else "")


def _with_ids(cues: Iterable[LaneCue], lane: Lane) -> dict[str, LaneCue]:
    """Return cues by id; those that are new get one that no cue of the lane ever had."""
    numbers = itertools.count(lane.last + 1)
    known = lane.cues.keys()
    found: dict[str, LaneCue] = {}
    for cue in in_order(cues):
        own = cue.id if cue.id in known and cue.id not in found else f"{lane.language}-{next(numbers)}"
        found[own] = replace(cue, id=own)
    return found


def _groups(old: Sequence[LaneCue], ours: Sequence[LaneCue], new: Sequence[LaneCue]) -> list[_Group]:
    """Return what belongs together of three tracks: through the machine's former cues, else by the time alone."""
    one = pair(_cues(old), _cues(ours))
    other = pair(_cues(old), _cues(new))
    parent = list(range(len(one) + len(other)))

    def root(at: int) -> int:
        while parent[at] != at:
            at = parent[at]
        return at

    def join(first: int, second: int) -> None:
        parent[root(second)] = root(first)

    owner = {number: at for at, item in enumerate(one) for number in item.machine}
    for at, item in enumerate(other, start=len(one)):
        for number in item.machine:
            parent[root(at)] = root(owner[number])
    _join_added(one, other, ours, new, join)
    members: dict[int, list[int]] = {}
    for at in range(len(parent)):
        members.setdefault(root(at), []).append(at)
    made = []
    for group in members.values():
        first = [one[at] for at in group if at < len(one)]
        second = [other[at - len(one)] for at in group if at >= len(one)]
        was = sorted({number for item in (*first, *second) for number in item.machine})
        made.append(
            _Group(
                tuple(old[number] for number in was),
                tuple(ours[number] for item in first for number in item.corrected),
                tuple(new[number] for item in second for number in item.corrected),
                any(item.how != "same" for item in first),
            )
        )
    return made


def _join_added(
    one: Sequence[Pair],
    other: Sequence[Pair],
    ours: Sequence[LaneCue],
    new: Sequence[LaneCue],
    join: Callable[[int, int], None],
) -> None:
    """Join what a person has added with what the machine has added where both are shown at the same time."""
    added = {item.corrected: at for at, item in enumerate(one) if item.how == "added"}
    coming = {item.corrected: at for at, item in enumerate(other, start=len(one)) if item.how == "added"}
    if not added or not coming:
        return
    flat = {number: at for numbers, at in added.items() for number in numbers}
    flat_new = {number: at for numbers, at in coming.items() for number in numbers}
    mine, theirs = sorted(flat), sorted(flat_new)
    for item in pair(_cues([ours[number] for number in mine]), _cues([new[number] for number in theirs])):
        for first in item.machine:
            for second in item.corrected:
                join(flat[mine[first]], flat_new[theirs[second]])


def _cues(cues: Iterable[LaneCue]) -> list[Cue]:
    return [cue.cue for cue in cues]


def _words(cues: Iterable[LaneCue]) -> list[str]:
    return [word for cue in cues for word in cue.cue.text.split()]


def _said(cues: Iterable[LaneCue]) -> str:
    text = " ".join(_words(cues))
    return repr(text if len(text) <= 60 else f"{text[:59]}…")


def _place(cues: Sequence[LaneCue]) -> str:
    return clock(min(cue.start_ms for cue in cues))


@dataclass(frozen=True)
class Merged:
    """A file that was changed by hand, merged into a lane.

    Attributes:
        change: what it changes.
        both: cues that both have changed, as they are in the lane, each with what the file has there.
    """

    change: Change
    both: tuple[tuple[LaneCue, tuple[Cue, ...]], ...] = ()


def merged(lane: Lane, written: Sequence[LaneCue], given: Sequence[Cue]) -> Merged:
    """Return how a lane changes by a file that was written from it, and that somebody has changed since.

    Args:
        lane: as it is now.
        written: its cues when the file was written.
        given: the file's cues as they are now.
    """
    new = [LaneCue("", cue.start_ms, cue.end_ms, marked(cue), hand=True, top=cue.top) for cue in given]
    after: list[LaneCue] = []
    both: list[tuple[LaneCue, tuple[Cue, ...]]] = []
    for group in _groups(written, in_order(lane.cues.values()), new):
        theirs = [cue.cue for cue in group.new]
        if [cue.cue for cue in group.old] == theirs:  # the file says what was written into it
            after += group.ours
        elif not group.changed:
            after += [_taken(cue, group) for cue in _same_ids(group)]
        elif [cue.cue for cue in group.ours] == theirs:
            after += group.ours
        else:
            after += group.ours
            both += [(cue, tuple(theirs)) for cue in (group.ours or group.old)[:1]]
    return Merged(difference(lane.cues, _with_ids(after, lane)), tuple(both))


def _taken(cue: LaneCue, group: _Group) -> LaneCue:
    """Return a cue of a file with what is known of the one in whose place it comes; the same one stays as it is."""
    before = next((item for item in group.ours if item.id == cue.id), None)
    if before is not None and before.cue == cue.cue:
        return before
    segments = tuple(dict.fromkeys(number for item in group.ours for number in item.segments))
    said = [item for item in (before, *group.ours[:1]) if item is not None]
    known = said[0] if said else cue
    return replace(
        cue, segments=segments, said_from_ms=known.said_from_ms, said_to_ms=known.said_to_ms, heard=known.heard
    )
