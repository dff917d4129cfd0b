"""Subtitles that the film has already, in stage 04: taken as its text, held against what is recognised, or prompted.

They are held against the sound first: by the words of both, else by when somebody speaks. What does not fit the film is
not taken, whatever its name says.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from samvad.core.times import clock
from samvad.documents.existing_subtitles import ExistingSubtitles
from samvad.documents.segments import Segment, SegmentsDocument
from samvad.documents.subtitles.cues import Cue
from samvad.runner.stage_run import StageRun
from samvad.stages.asr import given_text
from samvad.stages.asr.given_text import Line
from samvad.text import matching, scripts

# What a stage says of its options needs nothing but Python, and `retimed` needs numpy: it is imported where it is used.
if TYPE_CHECKING:
    from samvad.media.retiming.retimed import Retimed

#: A shift of less than this, in ms, is none.
_SHIFTED_MS = 150
#: From this share of the words on that were recognised, subtitles are the film's though no clock could be found.
_WORDS_FIT = 0.3
#: A cue is in time where its first word was recognised within this of it, in ms.
_IN_TIME_MS = 400
#: A stretch of subtitles has text of ours where so much of it has, and counts as missing from this length on, in ms.
_COVERED, _SHORTEST_MS = 0.3, 1000
#: Stretches this near, in ms, are one; so many are named.
_JOINED_MS, _NAMED = 3000, 5
#: Terms that are told to the recogniser: at most so many, rarer than this (Zipf: 3 is one word in a million), said so
#: often.
_TERMS, _RARE, _OFTEN = 40, 3.0, 2
_SHORTEST_LETTERS = 3
_WITH_CAPITALS = ("Latn", "Cyrl", "Grek")
_LETTERS = re.compile(f"[{scripts.WORD}]+")


@dataclass(frozen=True)
class Fit:
    """How subtitles lie on the sound.

    Attributes:
        found: the cues in the film's time; None where neither words nor times of them were found in it.
        words: share of their words that were recognised, in order, 0 to 1.
    """

    found: Retimed | None
    words: float

    def told(self) -> str:
        """Return it in words."""
        from samvad.media.retiming import retimed

        if self.found is None:
            return f"{self.words:.0%} of their words were recognised, and no clock was found"
        by = "by the words of both" if self.found.by == "words" else "by when somebody speaks"
        rate = retimed.rate_in_words(self.found.map.rate)
        where = (
            "in time"
            if not self.is_off
            else f"off: {self.shift_ms / 1000:+.2f} s at their beginning" + f", {rate}" * bool(rate)
        )
        pieces = len(self.found.map.pieces)
        return f"{where}, {by}" + (f", in {pieces} pieces" if pieces > 1 else "")

    @property
    def shift_ms(self) -> float:
        """Return how far they lie from the sound at their beginning; 0 where no clock was found."""
        return self.found.map.pieces[0].shift_ms if self.found and self.found.map.pieces else 0.0

    @property
    def is_off(self) -> bool:
        """Return whether they were off by more than a viewer overlooks."""
        return self.found is not None and (
            self.found.map.rate != 1 or any(abs(piece.shift_ms) >= _SHIFTED_MS for piece in self.found.map.pieces)
        )


def fit(existing: ExistingSubtitles, document: SegmentsDocument, speech: Sequence[tuple[int, int]]) -> Fit:
    """Return how subtitles lie on the sound of the film.

    Args:
        existing: the subtitles.
        document: what was recognised.
        speech: start and end in ms of each stretch of speech, in order of time.
    """
    from samvad.media.retiming import retimed

    words = [word for segment in document.segments for word in segment.words]
    own = [word for cue in existing.cues for word in matching.words(cue.text)]
    heard = [part for word in words for part in matching.words(word.text)]
    share = len(matching.matches(own, heard)) / max(1, len(own))
    return Fit(retimed.retime(_cues(existing), [words], speech, document.duration_ms), share)


def lines(existing: ExistingSubtitles, found: Fit) -> list[Line]:
    """Return what subtitles say, line by line, with the times at which it is said where these were found."""
    from samvad.media.retiming.retimed import NOT_IN_FILM

    made = []
    verdicts = found.found.verdicts if found.found else ()
    for number, cue in enumerate(existing.cues):
        verdict = verdicts[number] if verdicts else None
        now = verdict.now if verdict and verdict.verdict != NOT_IN_FILM else None
        own = given_text.of_text(" ".join(cue.text.split("\n")))
        total, before = sum(len(line.text) for line in own), 0
        for line in own:
            when = None
            if now is not None:
                start = now.start_ms + now.duration_ms * before // total
                when = (start, now.start_ms + now.duration_ms * (before + len(line.text)) // total)
            made.append(Line(line.text, line.speaker, when))
            before += len(line.text)
    return made


def usable(run: StageRun, existing: ExistingSubtitles, found: Fit) -> bool:
    """Say how subtitles fit, and return whether they may take the place of what was recognised."""
    run.metadata("existing", {"source": existing.source, "use": existing.use, "ocr": existing.ocr, "fit": found.told()})
    run.metric("existing_words_recognised", round(found.words, 3))
    if found.found is None and found.words < _WORDS_FIT:
        run.warn(
            f"The film's own subtitles ({existing.source}) do not fit its sound: {found.told()}. What was recognised "
            "stands in their place. Are they this film's, and in the language spoken?"
        )
        return False
    if found.found is not None:
        run.metric("existing_shift", round(found.shift_ms) / 1000, "s")
    else:
        run.warn(
            f"The film's own subtitles ({existing.source}) are taken, though {found.told()}: lines that were not "
            "recognised have no times of theirs. Look at them."
        )
    if found.is_off:
        run.warn(f"The film's own subtitles ({existing.source}) are {found.told()}. They were put right.")
    if existing.ocr:
        run.warn(f"The text was read by OCR from pictures ({existing.source}): read it with care.")
    return True


def measure(run: StageRun, existing: ExistingSubtitles, found: Fit, document: SegmentsDocument) -> None:
    """Say how far subtitles and what was recognised agree: words, times, and what one has and the other lacks."""
    from rapidfuzz.distance import Levenshtein

    ours, theirs = (
        [matching.key(word, by_sound=False) for text in texts for word in matching.words(text)]
        for texts in (
            [segment.text for segment in document.segments],
            [line.text for cue in existing.cues for line in given_text.of_text(" ".join(cue.text.split("\n")))],
        )
    )
    agreement = Levenshtein.normalized_similarity(ours, theirs)
    cues = found.found.cues if found.found else _cues(existing)
    lacking = _stretches([(cue.start_ms, cue.end_ms) for cue in cues], _spans(document.segments))
    more = _stretches(_spans(document.segments), [(cue.start_ms, cue.end_ms) for cue in cues])
    told: dict[str, Any] = {"source": existing.source, "use": existing.use, "ocr": existing.ocr, "fit": found.told()}
    told |= {"words_agree": f"{agreement:.0%}"}
    run.metric("existing_words_agree", round(agreement, 3))
    run.metric("existing_words_recognised", round(found.words, 3))
    if found.found is not None:
        known = [item for item in found.found.verdicts if item.words]
        in_time = [item for item in known if item.now and abs(item.now.start_ms - item.cue.start_ms) <= _IN_TIME_MS]
        run.metric("existing_shift", round(found.shift_ms) / 1000, "s")
        run.metric("existing_cues_recognised", len(known), "cues")
        run.metric("existing_cues_in_time", len(in_time), "cues")
        told["cues_in_time"] = f"{len(in_time)} of {len(known)} cues of which words were recognised"
    for name, stretches, what in (
        ("existing_not_recognised", lacking, "the film's own subtitles have text where nothing was recognised"),
        ("recognised_not_existing", more, "there is recognised text where the film's own subtitles have none"),
    ):
        run.metric(name, round(sum(end - start for start, end in stretches) / 1000, 1), "s")
        if stretches:
            told[name] = _in_words(stretches)
            run.warn(f"In {len(stretches)} places {what}: {told[name]}.")
    run.metadata("existing", told)


def terms(existing: ExistingSubtitles, known: Sequence[str]) -> list[str]:
    """Return names and rare words of subtitles, the most frequent first, for the recogniser's prompt.

    In letters that have capitals, names are words that have one within a sentence; in others, rare words that come
    more than once.

    Args:
        existing: the subtitles.
        known: terms that are told anyway.
    """
    there = {word.casefold() for term in known for word in term.split()}
    counts: Counter[str] = Counter()
    within: Counter[str] = Counter()
    for cue in existing.cues:
        for line in given_text.of_text(" ".join(cue.text.split("\n"))):
            for place, word in enumerate(matching.words(line.text)):
                plain = re.sub("['’]s$", "", word)
                counts[plain] += 1
                within[plain] += place > 0 and plain[:1].isupper() and not plain.isupper()

    def is_term(word: str) -> bool:
        if word.casefold() in there or len(word) < _SHORTEST_LETTERS or not _LETTERS.fullmatch(word):
            return False
        if scripts.of_first_letter(word) in _WITH_CAPITALS:
            return within[word] > 0 and counts[word.lower()] < counts[word]
        return counts[word] >= _OFTEN and _frequency(word, existing.language) < _RARE

    return [word for word, _ in counts.most_common() if is_term(word)][:_TERMS]


def _frequency(word: str, language: str) -> float:
    """Return how frequent a word is in a language, as the logarithm of its times in a thousand million words."""
    import wordfreq

    try:
        return float(wordfreq.zipf_frequency(word, language))
    except (LookupError, ImportError):
        # No list of that language, or nothing here that finds its words (Chinese, Japanese, Korean): what comes again
        # and again in one film counts.
        return 0.0


def _cues(existing: ExistingSubtitles) -> list[Cue]:
    return [Cue(cue.start_ms, cue.end_ms, tuple(cue.text.split("\n"))) for cue in existing.cues]


def _spans(segments: Sequence[Segment]) -> list[tuple[int, int]]:
    return [(segment.start_ms, segment.end_ms) for segment in segments]


def _stretches(whole: Sequence[tuple[int, int]], other: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return stretches of one text of which the other has little, those that are near each other as one."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(whole):
        covered = sum(max(0, min(end, last) - max(start, first)) for first, last in other)
        if covered >= _COVERED * (end - start):
            continue
        if found and start - found[-1][1] <= _JOINED_MS:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return [(start, end) for start, end in found if end - start >= _SHORTEST_MS]


def _in_words(stretches: Sequence[tuple[int, int]]) -> str:
    longest = sorted(sorted(stretches, key=lambda item: item[0] - item[1])[:_NAMED])
    shown = ", ".join(f"{clock(start)}–{clock(end)}" for start, end in longest)
    return shown + (f" and {len(stretches) - _NAMED} more" if len(stretches) > _NAMED else "")
