"""A subtitle file brought in time with a film: by the words that both have, or by when somebody speaks.

Each cue gets a verdict. A large move is believed only where the cue's own words were recognised there or its
neighbours move alike; what nobody confirms is offered and not taken; a cue of a scene that the film lacks is set
aside, not laid over another. Only times change, never words.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from samvad.documents.segments import Word
from samvad.documents.subtitles.cues import Cue
from samvad.media.retiming import speech_fit, time_map
from samvad.media.retiming.time_map import Anchor, Piece, TimeMap
from samvad.text import matching

#: The cue stands where it stood.
KEPT = "kept"
#: It was moved, and its own words were recognised where it is now.
MOVED = "moved"
#: It was moved as its neighbours were; none of its own words was recognised.
WITH_NEIGHBOURS = "moved with its neighbours"
#: Its words were recognised far from where its neighbours say: the other place is offered, not taken.
OFFERED = "large move offered"
#: Moved as its neighbours, but nobody speaks there.
NO_SPEECH = "no speech"
#: It belongs to a scene that the film lacks: set aside.
NOT_IN_FILM = "not in the film"
VERDICTS = (KEPT, MOVED, WITH_NEIGHBOURS, OFFERED, NO_SPEECH, NOT_IN_FILM)

#: Less than this is no move: a frame at 25 a second.
_FRAME_MS = 40
#: A file whose cues are all off by less than this is in time, as far as can be told.
_IN_TIME_MS = 150
#: How fast people speak, in ms a letter: from a word back to its cue's first one.
_LETTER_MS = 65
#: How far off a recogniser's word may well be.
_FIRST_WORD_MS = 80
#: A cue whose own words were recognised further than this from where its neighbours say was not moved as they were,
_ASTRAY_MS = 400
#: and is moved by itself, where nobody speaks there, if it is no further than this.
_LARGE_MS = 1500
#: So many of a cue's words, and this share of them, must be recognised elsewhere for a large move to be offered.
_OFFER_WORDS, _OFFER_SHARE = 3, 0.6
#: Less than this share of a cue lies in speech where nobody speaks.
_SPEECH_SHARE = 0.1
#: From this part of the cues on that have words of the film, and this share of these that fit, words are believed.
_ENOUGH_WORDS, _FIT = 0.2, 0.6
#: No cue is shorter afterwards, where the next one leaves room.
_SHORTEST_MS = 700


@dataclass(frozen=True)
class Verdict:
    """What became of a cue.

    Attributes:
        cue: as the file has it.
        now: as it is in the film's time; None where it is set aside.
        verdict: one of ``VERDICTS``.
        offered_ms: another in-time that its own words speak for; None where none does.
        words: how many of its words were recognised where it is now, or where it is offered.
    """

    cue: Cue
    now: Cue | None
    verdict: str
    offered_ms: int | None = None
    words: int = 0


@dataclass(frozen=True)
class Retimed:
    """A file in a film's time.

    Attributes:
        verdicts: one a cue, in the file's order.
        map: from the file's clock to the film's.
        by: what it rests on: ``words`` or ``speech``.
        sure: share of what was compared that the map explains, 0 to 1.
    """

    verdicts: tuple[Verdict, ...]
    map: TimeMap
    by: str
    sure: float

    @property
    def cues(self) -> list[Cue]:
        """Return the cues that are shown, in order of time."""
        return sorted((item.now for item in self.verdicts if item.now), key=lambda cue: (cue.start_ms, cue.end_ms))

    @property
    def counts(self) -> Counter[str]:
        """Return how many cues have each verdict."""
        return Counter(item.verdict for item in self.verdicts)


def retime(
    cues: Sequence[Cue],
    heard: Sequence[Sequence[Word]],
    speech: Sequence[tuple[int, int]],
    film_ms: int,
    letters_a_second: float = 25,
) -> Retimed | None:
    """Bring the cues of a file in time with a film.

    Args:
        cues: of the file.
        heard: what is said in the film, as words with times; several texts (what was recognised, its translations), of
            which the one that has most words of the file is taken.
        speech: start and end in ms of each stretch of speech, in order of time.
        film_ms: how long the film is.
        letters_a_second: how fast viewers read; no out-time is cut below that.

    Returns:
        The cues in the film's time; None where nothing of the file is found in the film.
    """
    order = sorted(range(len(cues)), key=lambda number: (cues[number].start_ms, cues[number].end_ms))
    sorted_cues = [cues[number] for number in order]
    anchors = max((anchors_of(sorted_cues, words) for words in heard), key=len, default=[])
    by = "words"
    found = time_map.fit(anchors)
    sure = found.explained if found else 0.0
    if found is None or len(anchors) < max(2, _ENOUGH_WORDS * len(cues)) or sure < _FIT:
        by, anchors = "speech", []
        fitted = speech_fit.fit([(cue.start_ms, cue.end_ms) for cue in sorted_cues], speech, film_ms)
        if fitted is None:
            return None
        found, sure = fitted
    else:
        found = speech_fit.to_the_frame(found, [(cue.start_ms, cue.end_ms) for cue in sorted_cues], speech)
    if found.rate == 1:
        in_time = (replace(one, shift_ms=0.0) if abs(one.shift_ms) < _IN_TIME_MS else one for one in found.pieces)
        found = replace(found, pieces=tuple(in_time))
    verdicts = _verdicts(sorted_cues, found, {anchor.cue: anchor for anchor in anchors}, speech, film_ms)
    timed = _with_room(verdicts, letters_a_second)
    back = dict(zip(order, timed, strict=True))
    return Retimed(tuple(back[number] for number in range(len(cues))), found, by, sure)


def anchors_of(cues: Sequence[Cue], heard: Sequence[Word]) -> list[Anchor]:
    """Return what the words of the film say of when cues begin, in order of the file's time.

    Where a cue's first word was recognised, that is when it begins; otherwise it is reckoned back from its first
    word that was, less surely.
    """
    given: list[str] = []
    place: list[tuple[int, int, int]] = []  # cue, letters before the word, number of the word in the cue
    for number, cue in enumerate(cues):
        letters = 0
        for count, word in enumerate(matching.words(cue.text)):
            given.append(word)
            place.append((number, letters, count))
            letters += len(word) + 1
    spoken = [(word, text) for word in heard for text in matching.words(word.text)]
    found: dict[int, Anchor] = {}
    words: Counter[int] = Counter()
    for one, other in matching.matches(given, [text for _, text in spoken]):
        number, letters, _ = place[one]
        words[number] += 1
        if number not in found:
            back = letters * _LETTER_MS
            found[number] = Anchor(
                number, cues[number].start_ms, spoken[other][0].start_ms - back, _FIRST_WORD_MS + 0.4 * back
            )
    return [replace(found[number], words=words[number]) for number in sorted(found)]


def _verdicts(
    cues: Sequence[Cue],
    found: TimeMap,
    anchors: dict[int, Anchor],
    speech: Sequence[tuple[int, int]],
    film_ms: int,
) -> list[Verdict]:
    ends = _gaps(found)
    verdicts = []
    for number, cue in enumerate(cues):
        anchor = anchors.get(number)
        piece = _piece_of(cue, found, anchor, speech)
        start = found.at(cue.start_ms, piece)
        length = cue.duration_ms * float(found.rate)
        verdict, offered = WITH_NEIGHBOURS, None
        words = anchor.words if anchor else 0
        if anchor is not None and abs(anchor.film_ms - start) <= _ASTRAY_MS + anchor.unsure_ms:
            verdict = MOVED
        elif anchor is not None and words >= max(_OFFER_WORDS, _OFFER_SHARE * len(matching.words(cue.text))):
            silent = _spoken(_at(cue, start, length), speech) < _SPEECH_SHARE * length
            if abs(anchor.film_ms - start) <= _LARGE_MS and silent and anchor.unsure_ms <= _FIRST_WORD_MS:
                start, verdict = anchor.film_ms, MOVED
            else:
                verdict, offered = OFFERED, round(anchor.film_ms)
        elif _is_gone(cue, found, ends) or start + length <= 0 or start >= film_ms:
            verdicts.append(Verdict(cue, None, NOT_IN_FILM))
            continue
        now = _at(cue, start, length)
        now = replace(now, end_ms=min(film_ms, now.end_ms))
        if verdict == WITH_NEIGHBOURS and speech and _spoken(now, speech) < _SPEECH_SHARE * now.duration_ms:
            verdict = NO_SPEECH
        elif verdict in (MOVED, WITH_NEIGHBOURS) and abs(now.start_ms - cue.start_ms) < _FRAME_MS:
            verdict, now = KEPT, replace(now, start_ms=cue.start_ms, end_ms=min(film_ms, cue.end_ms))
        verdicts.append(Verdict(cue, now, verdict, offered, words))
    return verdicts


def _piece_of(cue: Cue, found: TimeMap, anchor: Anchor | None, speech: Sequence[tuple[int, int]]) -> Piece:
    """Return which piece a cue belongs to: of two that it stands between, the one where somebody speaks."""
    inside = [piece for piece in found.pieces if piece.first_ms <= cue.start_ms <= piece.last_ms]
    if inside:
        return inside[0]
    before = [piece for piece in found.pieces if piece.last_ms < cue.start_ms][-1:]
    after = [piece for piece in found.pieces if piece.first_ms > cue.start_ms][:1]
    near = before + after
    if len(near) == 1:
        return near[0]
    if anchor is not None:
        return min(near, key=lambda piece: abs(found.at(cue.start_ms, piece) - anchor.film_ms))
    length = cue.duration_ms * float(found.rate)

    one, other = (_spoken(_at(cue, found.at(cue.start_ms, piece), length), speech) for piece in near)
    return found.piece(cue.start_ms) if abs(one - other) < 100 else near[0] if one > other else near[1]


def _at(cue: Cue, start: float, length: float) -> Cue:
    begins = max(0, round(start))
    return replace(cue, start_ms=begins, end_ms=max(begins + 1, round(start + length)))


def _gaps(found: TimeMap) -> list[tuple[int, int, float]]:
    """Return where the film lacks what the file has: between which times of the file, and how much of it."""
    return [
        (before.last_ms, after.first_ms, before.shift_ms - after.shift_ms)
        for before, after in itertools.pairwise(found.pieces)
        if before.shift_ms > after.shift_ms
    ]


def _is_gone(cue: Cue, found: TimeMap, gaps: Sequence[tuple[int, int, float]]) -> bool:
    """Return whether a cue has no place in the film: both pieces around it lay it over the other's cues."""
    for first, last, lacking in gaps:
        if first < cue.start_ms < last:
            before, after = found.piece(first), found.piece(last)
            # By the piece before, it comes after what follows has begun; by the one after, before what came has begun.
            late = found.at(cue.start_ms, before) >= found.at(last, after) - _FRAME_MS
            early = found.at(cue.start_ms, after) <= found.at(first, before) + _FRAME_MS
            return late and early and lacking > _FRAME_MS
    return False


def _spoken(cue: Cue, speech: Sequence[tuple[int, int]]) -> float:
    """Return for how many ms of a cue somebody speaks."""
    first = max(0, bisect_left(speech, (cue.start_ms, 0)) - 1)
    last = bisect_right(speech, (cue.end_ms, 0))
    return sum(max(0, min(end, cue.end_ms) - max(start, cue.start_ms)) for start, end in speech[first:last])


def _with_room(verdicts: Sequence[Verdict], letters_a_second: float) -> list[Verdict]:
    """End each cue before the next begins, where the file did so, but never so that it cannot be read any more."""
    timed = sorted(
        (number for number, item in enumerate(verdicts) if item.now),
        key=lambda number: verdicts[number].now.start_ms,  # type: ignore[union-attr]
    )
    done = list(verdicts)
    for number, following in itertools.pairwise(timed):
        one, other = done[number], done[following]
        if one.now is None or other.now is None or one.cue.end_ms > other.cue.start_ms:
            continue
        needed = max(_SHORTEST_MS, round(1000 * one.now.characters / letters_a_second))
        needed = min(needed, one.now.duration_ms)
        end = max(one.now.start_ms + needed, min(one.now.end_ms, other.now.start_ms))
        if end != one.now.end_ms:
            done[number] = replace(one, now=replace(one.now, end_ms=end))
    return done


def shift_at(found: TimeMap, file_ms: float) -> float:
    """Return by how many ms the map moves a time of the file, for people and pictures."""
    return found.at(file_ms) - file_ms


def rate_in_words(rate: Fraction) -> str:
    """Return a rate as people call it: ``23.976 → 25 frames a second``; empty where the clock runs right."""
    if rate == 1:
        return ""
    for made, shown in itertools.permutations(_NAMES, 2):
        if _NAMES[made] / _NAMES[shown] == rate:
            return f"{made} to {shown} frames a second"
    return f"{float(rate):.5f} times as long"


_NAMES = {"23.976": Fraction(24000, 1001), "24": Fraction(24), "25": Fraction(25)}
