"""Tracks that are made of others have each word of them: a planted loss is named, and the headline tells of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from samvad.documents.headline import Headline
from samvad.documents.segments import Segment, SegmentsDocument, Translation, Word
from samvad.documents.subtitle_check import TrackCheck
from samvad.documents.subtitles.cues import Cue
from samvad.documents.word_account import Unexplained
from samvad.media.sound_curve import SoundCurve
from samvad.settings import subtitle_profiles
from samvad.settings.subtitle_rules import FILM_FRAME_RATE, Rules
from samvad.stages.subtitle_gen import bilingual, further, worth
from samvad.stages.subtitle_gen.further import Film, Further, Shown
from samvad.stages.subtitle_gen.tracks import Track, make_track

LABELLED = SoundCurve(500, (0.0,) * 80, (0.0,) * 80, tuple(0.9 if 18 <= step < 32 else 0.0 for step in range(80)))


def said(number: int, text: str, language: str, speaker: str, **made: str) -> Segment:
    start = 5_000 * number
    words = tuple(Word(start + 400 * at, start + 400 * at + 400, word) for at, word in enumerate(text.split()))
    texts = {code: Translation(translated, "test") for code, translated in made.items()}
    return Segment(number, start, words[-1].end_ms, text, language, words, speaker, translations=texts)


DOCUMENT = SegmentsDocument(
    "hi",
    40_000,
    (
        said(1, "तुम कल रात कहाँ थे, आशा?", "hi", "Asha", en="Where were you last night, Asha?"),
        said(2, "घर पर थी।", "hi", "SPEAKER_00", en="I was at home."),
        said(3, "Nobody believes you, no, no.", "en", "Asha", hi="कोई तुम पर यक़ीन नहीं करता।"),
        said(
            4, "Vamos a casa, 12 veces.", "es", "SPEAKER_00", hi="चलो अभी 12 बार घर चलें।", en="Let us go home 12 times."
        ),
    ),
)


def rules(language: str, profile: str = "netflix") -> Rules:
    return subtitle_profiles.load(profile).rules(language, FILM_FRAME_RATE)


def film() -> Film:
    tracks = {code: make_track(DOCUMENT, rules(code)) for code in ("hi", "en")}
    return Film(DOCUMENT, (), None, {code: Shown(one.cues, one.origins) for code, one in tracks.items()})


MAKERS: dict[str, Callable[[], Further | None]] = {
    "forced": lambda: further.forced(film(), rules("en")),
    "sdh": lambda: further.hearing_impaired(film(), rules("en", "netflix-sdh"), LABELLED),
    "two": lambda: further.in_two(film(), rules("hi"), rules("en")),
}


@pytest.mark.parametrize("kind", MAKERS)
def test_a_further_track_has_each_word_of_what_it_is_made_of(kind: str) -> None:
    made = MAKERS[kind]()
    assert made is not None and made.check.words is not None
    assert made.check.words.unexplained == () and made.check.words.steps[0].words > 4


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("word", ["home", "12"])
def test_a_word_that_its_cutting_loses_is_named_with_its_time(
    kind: str, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def losing(*given: Any, **more: Any) -> Track:
        track = make_track(*given, **more)
        return replace(track, cues=tuple(_without(cue, word) for cue in track.cues))

    whole = film()
    monkeypatch.setitem(globals(), "film", lambda: whole)
    monkeypatch.setattr(further, "make_track", losing)
    made = MAKERS[kind]()
    assert made is not None and made.check.words is not None
    found = [(item.how, item.start_ms, item.text) for item in made.check.words.unexplained]
    assert ("lost", 20_000, word) in found
    assert {item[2] for item in found} == {word}


def _without(cue: Cue, word: str) -> Cue:
    return replace(cue, lines=tuple(" ".join(part for part in line.split() if word not in part) for line in cue.lines))


def test_a_pair_of_two_languages_that_loses_a_cue_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = bilingual.pairs
    monkeypatch.setattr(bilingual, "pairs", lambda *given: [replace(one, lower=None) for one in real(*given)][:-1])
    made = further.in_two(film(), rules("hi"), rules("en"))
    assert made.check.words is not None
    assert any("home" in item.text for item in made.check.words.unexplained)
    assert any("चलो" in item.text for item in made.check.words.unexplained)


def test_a_loss_of_a_further_track_makes_the_track_of_its_language_red() -> None:
    made = MAKERS["sdh"]()
    assert made is not None and made.check.words is not None
    loss = replace(made.check, words=replace(made.check.words, unexplained=(_loss(),)))
    own: TrackCheck = replace(made.check, headline=Headline(4, 8.0, 1.0, 0.9, 0, 0, 1.0), words=None)
    assert worth.with_further(own, [made.check]).headline == own.headline
    told = worth.with_further(own, [loss]).headline
    assert told is not None and told.grade == "bad" and "2 words lost" in told.told()
    assert worth.with_further(replace(own, language="hi"), [loss]).headline == own.headline


def test_what_several_tracks_lack_alike_is_told_once() -> None:
    made = MAKERS["sdh"]()
    assert made is not None and made.check.words is not None
    loss = replace(made.check, words=replace(made.check.words, unexplained=(_loss(),)))
    own = replace(loss, headline=Headline(4, 8.0, 1.0, 0.9, 0, 0, 1.0, unexplained=2))
    assert worth.with_further(own, [loss, loss]).headline == own.headline
    assert worth.unexplained_beside("en", [loss, loss]) == 2


@pytest.mark.parametrize("profile", ["netflix-sdh", "bbc"])
def test_a_name_or_a_sound_in_brackets_that_was_in_the_text_already_is_not_lost(profile: str) -> None:
    given = (replace(DOCUMENT.segments[0], language="en"), said(2, "[Asha] I was [music] at home.", "en", "SPEAKER_00"))
    document = SegmentsDocument("en", 40_000, given)
    track = make_track(document, rules("en"))
    made = Film(document, (), None, {"en": Shown(track.cues, track.origins)})
    found = further.hearing_impaired(made, rules("en", profile), LABELLED).check.words
    assert found is not None and found.unexplained == ()


def test_lines_of_a_person_that_stand_over_each_other_are_not_lost_where_they_change_places() -> None:
    cues = (Cue(1_000, 4_000, ("I was at home.",)), Cue(1_000, 2_000, ("Nobody believes you.",)))
    document = SegmentsDocument("en", 40_000, (said(1, "Nobody believes you.", "en", "Asha"),))
    made = Film(document, (), None, {"en": Shown(cues, (None, None), corrected=True)})
    found = further.hearing_impaired(made, rules("en", "netflix-sdh"), LABELLED).check.words
    assert found is not None and found.unexplained == ()


def _loss() -> Unexplained:
    return Unexplained("09_subtitle_gen", "lost", 0, 1_000, 2, "at home")
