"""Where the language changes within a stretch of speech, without the pause that parts stretches.

Who answers in English at once what was said in Hindi makes one stretch for a detector of speech, and in the wrong
language half of it is lost. So long stretches are heard part by part. Where two parts are surely in different
languages, the stretch is cut between them, at a quiet moment; each part must then be surely in its language as a whole.
Words of another language within a sentence stay where they are: what is cut off is as long as a sentence.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from samvad.core import typed_json
from samvad.media.audio import SAMPLE_RATE_HZ, FilmAudio
from samvad.stages.asr import language, second_languages
from samvad.stages.asr.language import HearBriefly
from samvad.stages.asr.regions import Region
from samvad.stages.asr.windows import Window

#: From this probability on, of all languages, a part is surely in one; a part that is cut off, heard whole, from this.
#: In sixteen recordings that were joined, no part was so sure of a language that is not spoken: 0.32 at most.
_SURE, _CONFIRMED = 0.6, 0.5
#: A part that is not sure, and in which the language of most of its stretch has less than this of what the film's
#: languages have, is heard again, so much at a time, at steps of so much.
_HINT, _AGAIN_MS, _AGAIN_STEP_MS = 0.6, 3_000, 1_000
#: What is cut off is no shorter than this.
_SHORTEST_MS = 2_500
#: A cut may lie so far outside the middles of the two parts: a bit of one language may name the whole part.
_BEYOND_MS = 1_500
#: Around a cut so much is heard at a time, at steps of so much.
_NEAR_MS, _NEAR_STEP_MS = 1_500, 500
#: So many quiet moments are tried, no two nearer than this; loudness is of frames of so many ms, seven together.
_TRIED, _APART_MS, _FRAME_MS, _SMOOTHED = 12, 200, 20, 7
#: A second of sound heard on the wrong side weighs as much as so many dB of loudness at the cut, and is that of a
#: probability of at least this.
_DECIBELS, _LEAST = 20.0, 0.02


@dataclass(frozen=True)
class Change:
    """A change of language between two parts of a stretch that are surely in different languages.

    Attributes:
        at_ms: where the stretch was cut, or would have been, had its parts been sure; where no such place was found,
            the middle between the parts.
        before: the language before.
        after: the language after.
        cut: whether it was: whether a moment was found whose sides are surely in these languages.
    """

    at_ms: int
    before: str
    after: str
    cut: bool


@dataclass(frozen=True)
class Found:
    """Speech cut where the language changes: parts of stretches that were cut have their language.

    Attributes:
        speech: in order of time.
        changes: those that were noticed.
    """

    speech: list[Region]
    changes: tuple[Change, ...] = ()

    @property
    def unsure(self) -> list[Change]:
        """Return the changes of which the place was not found."""
        return [change for change in self.changes if not change.cut]

    def record(self) -> list[dict[str, Any]]:
        """Return the changes for the metadata."""
        return list(typed_json.plain(self.changes))


def cut(hear: HearBriefly, audio: FilmAudio, speech: Sequence[Region], candidates: Sequence[str]) -> Found:
    """Cut stretches of speech where their language changes.

    Args:
        hear: gives the probabilities of languages.
        audio: what is heard.
        speech: in order of time.
        candidates: the languages spoken; with one alone, nothing is cut and nothing heard.
    """
    if len(set(candidates)) < 2:
        return Found(list(speech))
    ears = _Ears(hear, audio, tuple(candidates))
    pieces = [language.parts(region) for region in speech]
    answers = iter(ears.shares([piece for own in pieces for piece in own if len(own) > 1]))
    found: list[Region] = []
    changes: list[Change] = []
    for region, own in zip(speech, pieces, strict=True):
        heard = [(piece, next(answers)) for piece in own] if len(own) > 1 else []
        own_changes = _confirmed(ears, region, _changes(ears, region, _sure_parts(ears, region, heard)))
        found += _parted(region, own_changes)
        changes += own_changes
    return Found(found, tuple(changes))


@dataclass(frozen=True)
class _Ears:
    """Hears which of the film's languages are spoken.

    Attributes:
        hear: gives the probabilities of all languages.
        audio: what is heard.
        candidates: the languages spoken in the film.
    """

    hear: HearBriefly
    audio: FilmAudio
    candidates: tuple[str, ...]

    def shares(self, found: Sequence[Window], silence_ms: int = 0) -> list[dict[str, float]]:
        """Return for each window the probability of each of the film's languages, what is taken for it counted in."""
        return [
            {name: sum(heard.get(other, 0.0) for other in self._counted(name)) for name in self.candidates}
            for heard in self.hear(found, silence_ms)
        ]

    def _counted(self, name: str) -> set[str]:
        """Return the languages that a model may say for one: its relatives, if the film speaks no other of them.

        What it says of mumbling (Latin, Welsh, Hawaiian) does not count for English.
        """
        group = second_languages.relatives(name)
        return {name} if name == "en" or len(group & {*self.candidates}) > 1 else {name, *group}


def _sure(shares: dict[str, float], least: float = _SURE) -> str:
    """Return the language that is surely spoken; nothing where none is."""
    best = max(shares, key=lambda name: shares[name])
    return best if shares[best] >= least else ""


def _share(shares: dict[str, float], name: str) -> float:
    """Return a language's part of the probability of all that the film speaks."""
    return (shares[name] + 1e-3) / sum(value + 1e-3 for value in shares.values())


def _sure_parts(
    ears: _Ears, region: Region, heard: Sequence[tuple[Window, dict[str, float]]]
) -> list[tuple[Window, str]]:
    """Return the parts of a stretch that are surely in a language, in order of time.

    A part that is not sure, nor clearly more in the language of most of the stretch, is listened to more closely.
    """
    totals = {name: sum(shares[name] for _, shares in heard) for name in ears.candidates}
    main = max(totals, key=lambda name: totals[name])
    found = []
    for part, shares in heard:
        chosen = part, shares
        if not _sure(shares) and _share(shares, main) < _HINT:
            near = _around(region, part)
            answers = [chosen, *zip(near, ears.shares(near), strict=True)]
            chosen = max(answers, key=lambda item: max(item[1][name] for name in item[1] if name != main))
        if name := _sure(chosen[1]):
            found.append((chosen[0], name))
    return found


def _around(region: Region, part: Window) -> list[Window]:
    """Return short windows in and around a part of a stretch."""
    first_ms = max(region.start_ms, part.start_ms - _AGAIN_MS // 2)
    last_ms = min(region.end_ms, part.end_ms + _AGAIN_MS // 2) - _AGAIN_MS
    starts = {*range(first_ms, last_ms + 1, _AGAIN_STEP_MS), last_ms} if last_ms >= first_ms else set()
    return [Window(((start_ms, start_ms + _AGAIN_MS),), (region,)) for start_ms in sorted(starts)]


def _changes(ears: _Ears, region: Region, sure: Sequence[tuple[Window, str]]) -> list[Change]:
    """Return the changes between parts that are surely in different languages, each with its place if it is found."""
    found: list[Change] = []
    earliest_ms = region.start_ms + _SHORTEST_MS
    for (part, before), (other, after) in pairwise(sure):
        if before == after:
            continue
        middles = [(piece.start_ms + piece.end_ms) // 2 for piece in (part, other)]
        first_ms = max(earliest_ms, middles[0] - _BEYOND_MS)
        last_ms = min(region.end_ms - _SHORTEST_MS, middles[1] + _BEYOND_MS)
        at_ms = _boundary(ears, region, first_ms, last_ms, (before, after))
        if at_ms is None:
            found.append(Change(sum(middles) // 2, before, after, cut=False))
        else:
            found.append(Change(at_ms, before, after, cut=True))
            earliest_ms = at_ms + _SHORTEST_MS
    return found


def _boundary(ears: _Ears, region: Region, first_ms: int, last_ms: int, names: tuple[str, str]) -> int | None:
    """Return the moment between two times at which one language most likely follows the other; None if there is none.

    It is quiet, and most of what is heard in the first language lies before it, of the second after it.
    """
    moments = quiet_moments(ears.audio, first_ms, last_ms)
    if not moments:
        return None
    starts = range(max(region.start_ms, first_ms - _NEAR_MS), min(region.end_ms - _NEAR_MS, last_ms) + 1, _NEAR_STEP_MS)
    near = [Window(((start_ms, start_ms + _NEAR_MS),), (region,)) for start_ms in starts]
    heard = [
        (window.start_ms, *(math.log(max(_share(shares, name), _LEAST)) for name in names))
        for window, shares in zip(near, ears.shares(near), strict=True)
    ]

    def worth(moment: tuple[int, float]) -> float:
        at_ms, decibels = moment
        total = 0.0
        for start_ms, first, second in heard:
            before = min(1.0, max(0.0, (at_ms - start_ms) / _NEAR_MS))
            total += before * first + (1 - before) * second
        return total * _NEAR_STEP_MS / 1000 - decibels / _DECIBELS

    return max(moments, key=worth)[0]


def _confirmed(ears: _Ears, region: Region, changes: Sequence[Change]) -> list[Change]:
    """Return changes, uncut where a part beside one, heard whole, is not surely in its language.

    What is not cut off goes with the part beside it, which is heard anew: of several changes those that are sure stay.
    """
    found = list(changes)
    while any(change.cut for change in found):
        doubtful = _doubtful(ears, _parted(region, found))
        if not doubtful:
            break
        cuts = [number for number, change in enumerate(found) if change.cut]
        for place, number in enumerate(cuts):
            if doubtful & {place, place + 1}:  # the parts before and after it
                found[number] = replace(found[number], cut=False)
    return found


def _doubtful(ears: _Ears, parts: Sequence[Region]) -> set[int]:
    """Return the places of the parts that, heard whole, with silence after and without, are not surely as named."""
    doubtful = list(range(len(parts)))
    for silence_ms in (0, language.SILENCE_MS):
        heard = ears.shares([language.whole(parts[place]) for place in doubtful], silence_ms) if doubtful else []
        doubtful = [
            place
            for place, shares in zip(doubtful, heard, strict=True)
            if _sure(shares, _CONFIRMED) != parts[place].language
        ]
    return set(doubtful)


def quiet_moments(audio: FilmAudio, first_ms: int, last_ms: int) -> list[tuple[int, float]]:
    """Return the quietest moments between two times in ms, the quietest first, each with its loudness in dB."""
    import numpy as np

    frame = SAMPLE_RATE_HZ * _FRAME_MS // 1000
    samples = audio.piece(first_ms, last_ms) if last_ms > first_ms else np.zeros(0, np.float32)
    frames = len(samples) // frame
    if frames < _SMOOTHED:
        return []
    power = np.square(samples[: frames * frame]).reshape(frames, frame).mean(axis=1)
    # The edges, of which not all is known, are no place for a cut.
    loudness = 10 * np.log10(np.convolve(power, np.full(_SMOOTHED, 1 / _SMOOTHED), "valid") + 1e-10)
    found: list[tuple[int, float]] = []
    for place in np.argsort(loudness, kind="stable"):
        at_ms = first_ms + (int(place) + _SMOOTHED // 2) * _FRAME_MS + _FRAME_MS // 2
        if all(abs(at_ms - other) >= _APART_MS for other, _ in found):
            found.append((at_ms, float(loudness[place])))
            if len(found) == _TRIED:
                break
    return found


def _parted(region: Region, changes: Sequence[Change]) -> list[Region]:
    """Return a region cut at its changes, each part with its language; itself, without one, where there are none."""
    cuts = [change for change in changes if change.cut]
    if not cuts:
        return [region]
    edges = [region.start_ms, *(change.at_ms for change in cuts), region.end_ms]
    names = [cuts[0].before, *(change.after for change in cuts)]
    return [
        replace(region, start_ms=start_ms, end_ms=end_ms, language=name)
        for (start_ms, end_ms), name in zip(pairwise(edges), names, strict=True)
    ]
