"""What a track is worth: speech that has no text, words that are not sure, translations to look at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from samvad.documents.headline import Headline
from samvad.documents.machine_cues import Origin
from samvad.documents.segments import Segment, SegmentsDocument
from samvad.documents.subtitle_check import Doubt, TrackCheck
from samvad.stages.subtitle_gen.units import text_in

#: Speech without a word for less than this is a pause.
SHORTEST_GAP_MS = 1_000
#: A word is not spoken for longer than this, whatever its times say.
_LONGEST_WORD_MS = 2_000
#: Words' times are so far off at most.
_MARGIN_MS = 200
#: What a translation is flagged with where none was asked for: nothing to look at.
_ASKED_FOR = frozenset({"not translated"})
#: Flag of a cue that shows what was said (stage 08).
_AS_SAID = "shown as said"

Stretch = tuple[int, int]


def gaps(document: SegmentsDocument, language: str, speech: Sequence[Stretch]) -> list[Stretch]:
    """Return the stretches of speech, of a second and more, in which the track has no text, in order.

    Args:
        document: of the film.
        language: of the track.
        speech: where somebody speaks, in ms.
    """
    spoken = sorted(
        stretch
        for segment in document.shown()
        if text_in(segment, language) is not None
        for stretch in _spoken(segment)
    )
    found = []
    for start_ms, end_ms in speech:
        at = start_ms
        for first, last in spoken:
            if last <= at or first >= end_ms:
                continue
            found.append((at, min(first, end_ms)))
            at = max(at, last)
        found.append((at, end_ms))
    return [stretch for stretch in found if stretch[1] - stretch[0] >= SHORTEST_GAP_MS]


def _spoken(segment: Segment) -> Iterable[Stretch]:
    if not segment.words:
        return [(segment.start_ms, segment.end_ms)]
    return [
        (word.start_ms - _MARGIN_MS, min(word.end_ms, word.start_ms + _LONGEST_WORD_MS) + _MARGIN_MS)
        for word in segment.words
    ]


def doubts(document: SegmentsDocument, language: str, origins: Sequence[Origin | None]) -> list[Doubt]:
    """Return the flags of each cue whose translation a person should look at."""
    flags = {
        segment.id: tuple(flag for flag in made.flags if flag not in _ASKED_FOR)
        for segment in document.segments
        if (made := segment.translations.get(language)) is not None
    }
    found = []
    for number, origin in enumerate(origins, start=1):
        ours = dict.fromkeys(flag for id_ in (origin.segments if origin else ()) for flag in flags.get(id_, ()))
        if ours:
            found.append(Doubt(number, tuple(ours)))
    return found


def headline(
    document: SegmentsDocument,
    check: TrackCheck,
    speech: Sequence[Stretch] | None,
    missing: Sequence[Stretch],
    *,
    corrected: bool,
) -> Headline:
    """Return what a track is worth.

    Args:
        document: of the film.
        check: of the track, with its doubts.
        speech: where somebody speaks, or None where that is not known.
        missing: from ``gaps``.
        corrected: whether a person has written it: then its words are sure, and nothing is known of its coverage.
    """
    seconds = sum(end - start for start, end in speech) / 1000 if speech is not None else None
    without = sum(end - start for start, end in missing) / 1000
    return Headline(
        cues=check.cues,
        speech_seconds=None if seconds is None else round(seconds, 1),
        coverage=round(1 - without / seconds, 4) if seconds and not corrected else None,
        sure=None if corrected else sureness(document.shown()),
        doubtful=len(check.doubts),
        as_said=sum(_AS_SAID in doubt.flags for doubt in check.doubts),
        rules=check.within.get("hard", 0.0) if check.cues else 0.0,
    )


def sureness(segments: Iterable[Segment]) -> float | None:
    """Return the mean probability of the words that were heard, or None where none is known."""
    scores = [word.score for segment in segments for word in segment.words if word.score is not None]
    return round(sum(scores) / len(scores), 3) if scores else None
