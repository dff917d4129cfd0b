"""Each word that was heard, followed into a track: it is shown, or a record says who took it out, or it is named.

What stage 04 heard (``heard.json``) is held against the text that reaches stage 09, segment by segment: names that
stage 05 wrote anew, loops that stage 07 cut back and segments that it took out are records; so are, further on, shorter
texts that were taken and corrections by a person. Only where something does not come out even are the documents of the
stages between opened, to name the one at fault.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from samvad.core import cells, outside, stages
from samvad.core.errors import ChangedFileError
from samvad.documents.segments import AS_SAID, QUARANTINE, Segment, SegmentsDocument, Translation
from samvad.documents.subtitles.cues import Cue
from samvad.documents.word_account import Funnel, Heard, Said, Step, Taken, Unexplained
from samvad.stages.subtitle_gen import corrections, kept_words
from samvad.stages.subtitle_gen.corrections import Pair
from samvad.stages.subtitle_gen.tracks import Track
from samvad.stages.subtitle_gen.units import text_in
from samvad.text import languages, word_forms

#: The stages that the segments document goes through, in order; stage 04 writes it first.
CHAIN = ("ner", "lyrics_detection", "hallucination_removal", "translation")
_ASR, _NER, _SONGS, _VERDICTS, _TRANSLATION, _SUBTITLES = (
    stages.BY_NAME[name].folder for name in ("asr", *CHAIN, "subtitle_gen")
)
#: What stage 07 keeps of a text that it has cut, and what it writes first where a person has decided.
_ORIGINAL, _DECIDED = "original_text", "decided by a person"
#: ``Translation.backend`` of text that was passed on, and of what a person wrote.
_PASSED_ON, _PERSON = "same language", "person"

NOT_SPOKEN = "not spoken"
BY_A_PERSON = "a person's decision"
LOOP_CUT = "a loop, cut back to its first round"
IN_ANOTHER = "in another language, and no translation was asked for"
SHORTER = "a shorter text was taken"
CORRECTED = "a person's correction"
SEEN = "lost without a record, and a person has written there since"

Words = Counter[str]
#: Gives the texts of each segment that a stage wrote, by number; None where the stage made no document.
TextsOf = Callable[[str], Mapping[int, str] | None]


@dataclass(frozen=True)
class Renamed:
    """A name that stage 05 wrote anew in a segment."""

    segment: int
    old: str
    new: str


@dataclass(frozen=True)
class Spoken:
    """The way of a film's words up to stage 07, which all of its tracks share.

    Attributes:
        heard: what recognition wrote down.
        document: as it reaches stage 09.
        renamed: names that stage 05 wrote anew.
        texts_of: gives what the stages between wrote; it is asked where something does not come out even.
    """

    heard: Heard
    document: SegmentsDocument
    renamed: Sequence[Renamed]
    texts_of: TextsOf

    @cached_property
    def funnel(self) -> Funnel:
        """Return the way up to stage 07."""
        taken, wrong = list(self.heard.taken), list(self.heard.unexplained)
        now = {segment.id: segment for segment in self.document.segments}
        uneven: list[tuple[int, int, int, Words, Words]] = []
        for said in self.heard.said:
            segment = now.get(said.id)
            lost, added = self._difference(said, segment)
            if lost or added:
                uneven.append((said.id, said.start_ms, said.end_ms, lost, added))
        known = {said.id for said in self.heard.said}
        for segment in self.document.segments:
            if segment.id not in known:
                made = _words(_recognised(segment))
                uneven += [(segment.id, segment.start_ms, segment.end_ms, Counter(), made)] if made else []
            removed, came = _by_verdict(segment)
            taken += removed
            wrong += came
        wrong += self._blamed(uneven)
        heard, kept = self.heard, sum(_count(segment.text) for segment in self.document.shown())
        steps = [Step(_ASR, "heard", heard.words)]
        if heard.given:
            steps.append(Step(_ASR, "given and found in the film", heard.given))
        steps.append(Step(_ASR, "written down", sum(_count(said.text) for said in heard.said)))
        if self.renamed:
            named = sum(_count(_recognised(segment)) for segment in self.document.segments)
            steps.append(Step(_NER, "with names put right", named, f"{len(self.renamed)} names"))
        sung = sum(_count(segment.text) for segment in self.document.shown() if segment.kind == "song")
        steps.append(Step(_VERDICTS, "spoken or sung", kept, f"{sung} in songs" if sung else ""))
        return Funnel(steps=tuple(steps), taken=tuple(taken), unexplained=tuple(wrong))

    def _difference(self, said: Said, segment: Segment | None) -> tuple[Words, Words]:
        text = _recognised(segment) if segment else ""
        if text == said.text:
            return Counter(), Counter()
        return _differences(self._with_names(said.id, said.text), _words(text))

    def _with_names(self, number: int, text: str) -> Words:
        by_count, at = Counter[str](), 0
        for item in self.renamed:  # in order of place: what one has written is no name to another
            if item.segment == number:
                made = word_forms.with_other(text, item.old, item.new, at)
                if made is None:  # a name that another one has taken in
                    by_count.subtract(_words(item.old))
                    by_count.update(_words(item.new))
                text, at = made or (text, at)
        found = Counter(_words(text))
        found.update(by_count)
        return +found

    def _blamed(self, uneven: Sequence[tuple[int, int, int, Words, Words]]) -> list[Unexplained]:
        """Return what does not come out even, each with the first stage after which it does not."""
        if not uneven:
            return []
        texts = [(stages.BY_NAME[name].folder, found) for name in CHAIN if (found := self.texts_of(name)) is not None]
        before = {said.id: said.text for said in self.heard.said}
        wrong: list[Unexplained] = []
        for number, start_ms, end_ms, *both in uneven:
            expected = self._with_names(number, before.get(number, ""))
            for how, words in _both(*both):
                folder = _first_uneven(texts, number, expected, words, added=how == "added")
                wrong.append(_unexplained(folder, how, start_ms, end_ms, words))
        return wrong


def _first_uneven(
    texts: Sequence[tuple[str, Mapping[int, str]]], number: int, expected: Words, words: Words, *, added: bool
) -> str:
    """Return the folder of the first stage whose text lacks words, or has them where none should be."""
    for folder, found in texts:
        there = _words(found.get(number, ""))
        if words & ((there - expected) if added else (expected - there)):
            return folder
    return texts[-1][0] if texts else _ASR


def _by_verdict(segment: Segment) -> tuple[list[Taken], list[Unexplained]]:
    """Return what stage 07 took out of a segment, and what it left out without a reason."""
    taken: list[Taken] = []
    times = (segment.start_ms, segment.end_ms)
    why = "; ".join(segment.reasons)
    rule = BY_A_PERSON if why.startswith(_DECIDED) else f"{NOT_SPOKEN}: {_general(segment.reasons[:1])}"
    if _ORIGINAL in segment.extra:
        gone = _words(_recognised(segment)) - _words(segment.text)
        if gone:
            taken.append(Taken(_VERDICTS, LOOP_CUT, why, *times, gone.total(), _told(gone)))
    if segment.verdict != QUARANTINE or not (count := _count(segment.text)):
        return taken, []
    if not segment.reasons:
        return taken, [_unexplained(_VERDICTS, "lost", *times, _words(segment.text))]
    return [*taken, Taken(_VERDICTS, rule, why, *times, count, segment.text)], []


def _general(reasons: Sequence[str]) -> str:
    """Return stage 07's reasons without their figures, so that segments that were taken out alike go together."""
    return "; ".join(re.sub(r"\d+(?:\.\d+)?%?", "…", re.sub(r"\s*\([^)]*\)", "", reason)) for reason in reasons)


def of_track(spoken: Spoken, track: Track, cues: Sequence[Cue], *, corrected: bool) -> Funnel:
    """Return the way of the film's words into a track.

    Args:
        spoken: the way up to stage 07.
        track: as the machine made it.
        cues: that viewers see; a person may have corrected them.
        corrected: whether that is so.
    """
    document, language = spoken.document, track.language
    found = spoken.funnel
    steps, taken, wrong = list(found.steps), list(found.taken), list(found.unexplained)
    shown = list(document.shown())
    asked = any(language in segment.translations for segment in document.segments)
    said, own = 0, 0
    kinds: Counter[str] = Counter()
    for segment in shown:
        count, text = _count(segment.text), text_in(segment, language)
        if text is None or (count and not _count(text)):  # "…" is no cue, and nobody would miss it
            out, lost = _untranslated(segment, language, asked=asked)
            taken += out
            wrong += lost
            continue
        said += count
        own += _count(text)
        made = segment.translations.get(language)
        kinds[_kind(made)] += count
        if made is not None and made.text.strip() and (made.backend == _PASSED_ON or AS_SAID in made.flags):
            out, lost = _passed_on(segment, made)
            taken += out
            wrong += lost
    steps.append(Step(_TRANSLATION, f"with text in {languages.name(language)}", said, _note(kinds)))
    if own != said:
        steps.append(Step(_TRANSLATION, f"words of it in {languages.name(language)}", own))
    wrong += kept_words.lost_and_added(document, track)
    taken += _shorter(track)
    steps.append(Step(_SUBTITLES, "in cues", _in_cues(track.cues), f"{len(track.cues)} cues"))
    if corrected:
        pairs = [pair for pair in corrections.pair(track.cues, cues) if pair.how in ("text", "deleted", "added")]
        taken += _corrected(track.cues, cues, pairs)
        touched = [track.cues[number] for pair in pairs for number in pair.machine]
        touched += [cues[number] for pair in pairs for number in pair.corrected]
        seen = [item for item in wrong if any(c.start_ms < item.end_ms and item.start_ms < c.end_ms for c in touched)]
        wrong = [item for item in wrong if item not in seen]
        taken += [Taken(item.stage, SEEN, item.how, item.start_ms, item.end_ms, item.words, item.text) for item in seen]
        steps.append(Step(_SUBTITLES, "as a person left them", _in_cues(cues), f"{len(cues)} cues"))
    return Funnel(
        steps=tuple(steps),
        taken=tuple(sorted(taken, key=lambda item: (item.stage, item.start_ms or 0))),
        unexplained=tuple(sorted(wrong, key=lambda item: (item.start_ms, item.stage))),
    )


def _untranslated(segment: Segment, language: str, *, asked: bool) -> tuple[list[Taken], list[Unexplained]]:
    """Return what becomes of a segment that has no text in a language: nobody asked for one, or it is lost."""
    words = _words(segment.text)
    made = segment.translations.get(language)
    times = (segment.start_ms, segment.end_ms)
    if not words:
        return [], []
    if made is not None and made.backend == _PERSON:
        return [Taken(_TRANSLATION, BY_A_PERSON, "an empty translation", *times, words.total(), segment.text)], []
    if not asked:
        return [Taken(_TRANSLATION, IN_ANOTHER, "", *times, words.total(), segment.text)], []
    return [], [_unexplained(_TRANSLATION, "lost", *times, words)]


def _passed_on(segment: Segment, made: Translation) -> tuple[list[Taken], list[Unexplained]]:
    """Return what is missing, or new, in text that is passed on as it was said, but for loops that were cut.

    Of a segment of several sentences one may stand as it was said, and the others be translated: then no word can be
    held against another.
    """
    lost, added = _differences(_words(segment.text), _words(made.text))
    times = (segment.start_ms, segment.end_ms)
    if AS_SAID in made.flags and added:
        return [], []
    taken: list[Taken] = []
    if AS_SAID in made.flags and lost and not lost.keys() - _words(made.text).keys():
        taken.append(Taken(_TRANSLATION, LOOP_CUT, "", *times, lost.total(), _told(lost)))
        lost = Counter()
    return taken, [_unexplained(_TRANSLATION, how, *times, words) for how, words in _both(lost, added)]


def _kind(made: Translation | None) -> str:
    if made is None or made.backend == _PASSED_ON:
        return "in it already"
    if AS_SAID in made.flags:
        return "as they were said"
    return "by a person" if made.backend == _PERSON else "translated"


def _note(kinds: Mapping[str, int]) -> str:
    return ", ".join(f"{kinds[kind]} {kind}" for kind in sorted(kinds, reverse=True) if kinds[kind])


def _shorter(track: Track) -> list[Taken]:
    found = []
    for item in track.shorter:
        gone = _words(item.text) - _words(item.shorter) if item.taken else Counter[str]()
        if gone:
            times = (item.start_ms, item.end_ms)
            found.append(Taken(_SUBTITLES, SHORTER, item.why, *times, gone.total(), _told(gone)))
    return found


def _corrected(machine: Sequence[Cue], cues: Sequence[Cue], pairs: Sequence[Pair]) -> list[Taken]:
    """Return what a person took out of the machine's cues, or wrote otherwise; what is but moved is still there."""
    found, left = [], _of_cues(machine) - _of_cues(cues)
    for pair in pairs:
        before = [machine[number] for number in pair.machine]
        gone = left & (_of_cues(before) - _of_cues([cues[number] for number in pair.corrected]))
        left -= gone
        if before and gone:
            times = (before[0].start_ms, before[-1].end_ms)
            found.append(Taken(_SUBTITLES, CORRECTED, "", *times, gone.total(), _told(gone)))
    return found


def _recognised(segment: Segment) -> str:
    """Return a segment's text as it was before stage 07 cut it."""
    return str(segment.extra.get(_ORIGINAL, segment.text))


def _words(text: str) -> Words:
    return Counter(word_forms.of(text))


def _count(text: str) -> int:
    return len(word_forms.of(text))


def _of_cues(cues: Iterable[Cue]) -> Words:
    return Counter(word for cue in cues for word in word_forms.of(cue.text))


def _in_cues(cues: Iterable[Cue]) -> int:
    return sum(_count(cue.text) for cue in cues)


def _differences(before: Words, after: Words) -> tuple[Words, Words]:
    return before - after, after - before


def _both(lost: Words, added: Words) -> list[tuple[str, Words]]:
    found: list[tuple[str, Words]] = [("lost", lost), ("added", added)]
    return [(how, words) for how, words in found if words]


def _told(words: Words) -> str:
    return " ".join(words.elements())


def _unexplained(stage: str, how: str, start_ms: int, end_ms: int, words: Words) -> Unexplained:
    return Unexplained(stage, how, start_ms, end_ms, words.total(), _told(words))


def read_renamed(path: Path | None) -> list[Renamed]:
    """Read the names that stage 05 wrote anew; none where it made no table.

    Raises:
        ChangedFileError: it cannot be read, or is no such table.
    """
    if path is None:
        return []
    try:
        head, *rows = csv.reader(cells.lines_of(outside.read_text(path)), delimiter="\t")
        found = (dict(zip(head, row, strict=True)) for row in rows)
        return [Renamed(int(row["segment"]), row["old"], row["new"]) for row in found]
    except (OSError, ValueError, KeyError, csv.Error) as error:
        what = f"{path} is no table of names that were written anew ({error})."
        raise ChangedFileError(what, "Run stage ner again.", path=str(path)) from None
