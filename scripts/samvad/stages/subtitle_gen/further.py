"""The tracks that are made of a film's others: forced, for the deaf and hard of hearing, in two languages at once."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from samvad.core import stages
from samvad.documents import tracks as tracks_document
from samvad.documents.machine_cues import Origin
from samvad.documents.segments import Segment, SegmentsDocument
from samvad.documents.subtitle_check import TrackCheck
from samvad.documents.subtitles.cues import Cue
from samvad.documents.word_account import Funnel, Step, Unexplained
from samvad.media.sound_curve import SoundCurve
from samvad.settings.subtitle_rules import Rules
from samvad.stages.subtitle_gen import bilingual, checking, foreign, kept_words, qc, sdh, turns
from samvad.stages.subtitle_gen.tracks import make_track
from samvad.stages.subtitle_gen.units import Unit, text_in
from samvad.text import languages, word_forms


@dataclass(frozen=True)
class Shown:
    """A track as viewers see it: its cues, where they come from, and whether a person has corrected it."""

    cues: Sequence[Cue]
    origins: Sequence[Origin | None]
    corrected: bool = False


@dataclass(frozen=True)
class Film:
    """What tracks are made of.

    Attributes:
        document: the film's segments.
        shots: times of its shot changes in ms.
        listen: gives the voice between two times; None without sound.
        tracks: the film's tracks by language.
    """

    document: SegmentsDocument
    shots: Sequence[int]
    listen: turns.Listen | None
    tracks: Mapping[str, Shown]


@dataclass(frozen=True)
class Further:
    """A further track: its purpose and languages, its cues, its check, and what is to be said of it."""

    purpose: str
    language: str
    cues: tuple[Cue, ...]
    check: TrackCheck
    second: str = ""
    remarks: tuple[str, ...] = ()


def forced(film: Film, rules: Rules) -> Further | None:
    """Return the forced track in the language of the rules; None where nothing that is shown is foreign to it."""
    found = foreign.segments_for(film.document, rules.language)
    if not found:
        return None
    own = film.tracks[rules.language]
    wrong: list[Unexplained] = []
    if own.corrected:
        cues: Sequence[Cue] = foreign.among(own.cues, own.origins, found)
    else:
        document = foreign.document_of(film.document, found)
        track = make_track(document, rules, film.shots, film.listen)
        cues, wrong = track.cues, kept_words.lost_and_added(document, track)
    if not cues:
        return None
    said = [segment for segment in found if _is_as_said(segment, rules.language)]
    remarks = (
        (f"{len(said)} of {len(found)} segments stand as they were said: nothing translates them",) if said else ()
    )
    check = replace(_check(cues, rules, film), words=_way(cues, wrong))
    return Further(tracks_document.FORCED, rules.language, tuple(cues), check, remarks=remarks)


def _is_as_said(segment: Segment, language: str) -> bool:
    made = segment.translations.get(language)
    return made is not None and made.text == segment.text


def hearing_impaired(film: Film, rules: Rules, curve: SoundCurve | None) -> Further:
    """Return the track for the deaf and hard of hearing, with the names of speakers and of sounds.

    Args:
        film: what it is made of.
        rules: those of its profile.
        curve: what stage 06 heard; None where it heard nothing.
    """
    own = film.tracks[rules.language]
    names = sdh.names_of(list(film.document.shown()), rules.language)
    remarks = []
    labels = [sdh.in_brackets(name, rules) for name in names.values()]
    if own.corrected:
        cues: Sequence[Cue]
        cues, left = sdh.named_cues(own.cues, own.origins, film.document, names, rules)
        wrong = kept_words.changed(own.cues, cues, labels)
        remarks += [f"{left} names of speakers have no room in the lines of the corrected track"] if left else []
    else:

        def name(units: list[Unit]) -> list[Unit]:
            return sdh.with_names(units, names, rules)

        track = make_track(film.document, rules, film.shots, film.listen, prepare=name)
        cues, wrong = track.cues, kept_words.lost_and_added(film.document, track, labels)
    sounds = sdh.sounds(curve, rules) if curve else []
    made = sdh.labelled(cues, sounds, rules, film.shots)
    if sounds and rules.language not in sdh.words():
        remarks.append(f"config/sound_labels.tsv has no words for sounds in {languages.name(rules.language)}")
    if curve is None:
        remarks.append("sounds are not named: stage 06 has not listened for them")
    if made.without_room:
        remarks.append(f"{made.without_room} sounds are not named: dialogue leaves no room")
    labels += [sdh.in_brackets(word, rules) for word in sdh.words().get(rules.language, {}).values()]
    wrong += kept_words.changed(cues, made.cues, labels)
    check = replace(_check(made.cues, rules, film), words=_way(made.cues, wrong))
    return Further(tracks_document.SDH, rules.language, made.cues, check, remarks=tuple(remarks))


def in_two(film: Film, upper: Rules, lower: Rules) -> Further:
    """Return the track in two languages, the upper one's lines first."""
    # What nothing translates stands as it was said in both: once is enough.
    kept = [
        segment
        for segment in film.document.segments
        if (text := text_in(segment, lower.language)) is None or text != text_in(segment, upper.language)
    ]
    below = replace(film, document=foreign.document_of(film.document, kept))
    (above, wrong), (under, wrong_under) = _in_few_lines(film, upper), _in_few_lines(below, lower)
    found = bilingual.pairs(above, under, lower)
    cues, breaches = bilingual.cues_of(found), bilingual.check(found, upper, lower)
    wrong = [*wrong, *wrong_under]
    for before, after in ((above, [pair.upper for pair in found]), (under, [pair.lower for pair in found])):
        # A text that stands in several pairs in a row is shown once.
        once = [cue for cue, _ in itertools.groupby(after) if cue is not None]
        wrong += kept_words.changed(before, once)
    check = replace(
        qc.track_check(cues, upper, breaches, []),
        limits={**upper.facts(), "max_lines": upper.bilingual_max_lines + lower.bilingual_max_lines},
        words=_way(cues, wrong),
    )
    return Further(tracks_document.BILINGUAL, upper.language, tuple(cues), check, second=lower.language)


def _in_few_lines(film: Film, rules: Rules) -> tuple[Sequence[Cue], list[Unexplained]]:
    """Return a track's cues in as few lines as two languages leave each, and what they lack; a person's stay."""
    own = film.tracks[rules.language]
    if own.corrected:
        return own.cues, []
    track = make_track(film.document, bilingual.of_each(rules), film.shots, film.listen)
    return track.cues, kept_words.lost_and_added(film.document, track)


def _way(cues: Sequence[Cue], wrong: Sequence[Unexplained]) -> Funnel:
    """Return the last step of the way of words into a track, and what is not explained of it."""
    words = sum(len(word_forms.of(cue.text)) for cue in cues)
    step = Step(stages.BY_NAME["subtitle_gen"].folder, "in cues", words, f"{len(cues)} cues")
    return Funnel(steps=(step,), unexplained=tuple(sorted(wrong, key=lambda item: item.start_ms)))


def _check(cues: Sequence[Cue], rules: Rules, film: Film) -> TrackCheck:
    found = checking.check(cues, rules, checking.Context(list(film.shots) or None))
    return qc.track_check(cues, rules, found, [])


def make(
    film: Film,
    also: Sequence[str],
    two: Sequence[str],
    rules_of: Callable[[str, str], Rules],
    curve: Callable[[], SoundCurve | None],
    tell: Callable[[str], None],
) -> list[Further]:
    """Return all further tracks that are asked for.

    Args:
        film: what they are made of.
        also: ``forced``, ``sdh``.
        two: the languages of a track in two, the upper one first; empty: none.
        rules_of: returns the rules of a purpose and a language.
        curve: returns what stage 06 heard.
        tell: takes what a person should know.
    """
    made: list[Further] = []
    for language in film.tracks:
        if tracks_document.FORCED in also:
            found = forced(film, rules_of(tracks_document.FORCED, language))
            made += [found] if found else []
            name = languages.name(language)
            if found and found.remarks:
                tell(f"Forced track in {name}: {'; '.join(found.remarks)}.")
            if found is None:
                tell(f"There is no forced track in {name}: nothing that is shown is foreign to who follows the film.")
        if tracks_document.SDH in also:
            found = hearing_impaired(film, rules_of(tracks_document.SDH, language), curve())
            made += [found] if found.cues else []
            if found.remarks:
                tell(f"SDH track in {languages.name(language)}: {'; '.join(found.remarks)}.")
    if two:
        missing = [language for language in two if language not in film.tracks]
        if missing:
            named = ", ".join(map(languages.name, missing))
            tell(f"There is no track in two languages: the film has no subtitles in {named}.")
        else:
            found = in_two(film, *(rules_of(tracks_document.BILINGUAL, language) for language in two))
            made += [found] if found.cues else []
    return made
