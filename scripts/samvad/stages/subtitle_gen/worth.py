"""What a track is worth: speech that has no text, words that are not sure, translations to look at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from samvad.documents import coverage
from samvad.documents.headline import UNSURE_LINE, Headline
from samvad.documents.machine_cues import Origin
from samvad.documents.segments import AS_SAID, Segment, SegmentsDocument
from samvad.documents.subtitle_check import Doubt, TrackCheck
from samvad.documents.word_account import Unexplained
from samvad.stages.subtitle_gen.units import text_in

#: What a translation is flagged with where none was asked for: nothing to look at.
_ASKED_FOR = frozenset({"not translated"})

Stretch = tuple[int, int]


def gaps(document: SegmentsDocument, language: str, speech: Sequence[Stretch]) -> list[coverage.Gap]:
    """Return the stretches of speech in which the track has no text, in order (``coverage.Coverage.gaps``).

    Args:
        document: of the film.
        language: of the track.
        speech: where somebody speaks, in ms.
    """
    with_text = tuple(segment for segment in document.segments if text_in(segment, language) is not None)
    return list(coverage.of_document(speech, replace(document, segments=with_text)).gaps)


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
    missing: Sequence[coverage.Gap],
    *,
    corrected: bool,
    unexplained: int = 0,
) -> Headline:
    """Return what a track is worth.

    Args:
        document: of the film.
        check: of the track, with its doubts, with what is perhaps speech, and where none could be heard.
        speech: where somebody speaks, or None where that is not known.
        missing: from ``gaps``.
        corrected: whether a person has written it: then its words are sure, and nothing is known of its coverage.
        unexplained: words that are lost, or came, without a record.
    """
    seconds = sum(end - start for start, end in speech) / 1000 if speech is not None else None
    without = sum(gap.speech_ms for gap in missing) / 1000
    perhaps = sum(end - start for start, end in check.perhaps) / 1000
    return Headline(
        cues=check.cues,
        speech_seconds=None if seconds is None else round(seconds, 1),
        coverage=round(1 - without / seconds, 4) if seconds and not corrected else None,
        sure=None if corrected else sureness(document.shown()),
        doubtful=len(check.doubts),
        as_said=sum(AS_SAID in doubt.flags for doubt in check.doubts),
        rules=check.within.get("hard", 0.0) if check.cues else 0.0,
        longest_gap_seconds=round(max((gap.speech_ms for gap in missing), default=0) / 1000, 1),
        perhaps_seconds=round(perhaps, 1),
        loud_seconds=round(sum(end - start for start, end in check.loud) / 1000, 1),
        unexplained=unexplained,
        unsure=0.0 if corrected else unsure(document.shown()),
    )


def unexplained_beside(language: str, further: Iterable[TrackCheck], own: Iterable[Unexplained] = ()) -> int:
    """Return how many words were lost, or came, without a record on the way into tracks that are made of another.

    What several of them lack alike is counted once, and not where that track lacks it, too.

    Args:
        language: of that track.
        further: the checks of all that are made of others.
        own: what that track itself has lost.
    """
    found = {
        item for check in further if check.words and check.language == language for item in check.words.unexplained
    }
    return sum(item.words for item in found - set(own))


def with_further(check: TrackCheck, further: Iterable[TrackCheck]) -> TrackCheck:
    """Return the check of a track whose headline also has what the tracks made of it have lost."""
    wrong = unexplained_beside(check.language, further, check.words.unexplained if check.words else ())
    if not wrong or check.headline is None:
        return check
    return replace(check, headline=replace(check.headline, unexplained=check.headline.unexplained + wrong))


def sureness(segments: Iterable[Segment]) -> float | None:
    """Return the mean probability of the words that were heard, or None where none is known."""
    scores = [word.score for segment in segments for word in segment.words if word.score is not None]
    return round(sum(scores) / len(scores), 3) if scores else None


def unsure(segments: Iterable[Segment]) -> float:
    """Return the share (0 to 1) of the words that stand in segments of which the model was very unsure."""
    counts = {False: 0, True: 0}
    for segment in segments:
        scores = [word.score for word in segment.words if word.score is not None]
        if scores:
            counts[sum(scores) / len(scores) < UNSURE_LINE] += len(scores)
    return round(counts[True] / max(1, sum(counts.values())), 4)
