"""Every word that was to be shown is in a cue, or is named: counted on real files and on texts of any kind."""

from __future__ import annotations

import itertools
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import support
from samvad.core.errors import SamvadError
from samvad.documents.segments import QUARANTINE, Segment, SegmentsDocument, Translation, Word
from samvad.documents.subtitles import formats
from samvad.documents.subtitles.cues import Cue
from samvad.settings import subtitle_profiles
from samvad.settings.subtitle_rules import FILM_FRAME_RATE
from samvad.stages.subtitle_gen import kept_words
from samvad.stages.subtitle_gen.tracks import make_track

PROFILES = ("netflix", "netflix-sdh", "bbc", "children")


def document_of(texts: list[tuple[int, int, str]], language: str) -> SegmentsDocument:
    """Return a document that says these texts at these times, its words spread evenly over them."""
    made = []
    for number, (start_ms, end_ms, text) in enumerate(texts, start=1):
        spoken = text.split()
        edges = [start_ms + (end_ms - start_ms) * place // max(1, len(spoken)) for place in range(len(spoken) + 1)]
        words = tuple(Word(*times, word) for word, times in zip(spoken, itertools.pairwise(edges), strict=True))
        made.append(Segment(number, start_ms, end_ms, " ".join(spoken), language, words))
    return SegmentsDocument(language, max((end for _, end, _ in texts), default=0) + 5_000, tuple(made))


def balance_of(document: SegmentsDocument, profile: str, language: str, *, take: bool = False) -> kept_words.Balance:
    rules = subtitle_profiles.load(profile).rules(language, FILM_FRAME_RATE)
    shorten = (lambda found: [replace(item, taken=True) for item in found]) if take else None
    track = make_track(document, rules, shorten=shorten)
    return kept_words.of(document, track.cues, language, track.shorter)


def real_files() -> list[Path]:
    return sorted([*(support.MEDIA / "refs").glob("*.srt"), *(support.CASES / "subtitles").glob("*.*")])


@pytest.mark.skipif(not real_files(), reason=f"no subtitle files beside {support.MEDIA}")
@pytest.mark.parametrize("profile", ["netflix", "bbc"])
def test_the_words_of_real_subtitle_files_are_all_in_the_cues_that_are_made_of_them(profile: str) -> None:
    words = 0
    for path in real_files():
        language = next((part for part in path.name.split(".") if part in ("hi", "es")), "en")
        language = "hi" if "_hi" in path.name else language
        try:
            cues = formats.read(path).cues
        except SamvadError:  # files that are broken on purpose
            continue
        texts, latest = [], 0
        for cue in sorted(cues, key=lambda cue: cue.start_ms):
            latest = max(latest, cue.start_ms)
            texts.append((latest, max(latest + 1, cue.end_ms), cue.text))
        found = balance_of(document_of(texts, language), profile, language, take=profile == "netflix")
        assert not found.lost and not found.added, (path.name, found)
        words += found.expected
    assert words > 500


SIGNS = st.text(st.sampled_from("abcé Iहिनदी़कषत्र।.,?!—-–'’\"“ 日本語。ン３५09♪…()\u200d\n"), max_size=60)


@given(st.lists(SIGNS, max_size=6), st.sampled_from(PROFILES), st.sampled_from(("en", "hi", "es", "ja")))
@settings(max_examples=60, deadline=None)
def test_no_text_however_odd_loses_or_gains_a_word(texts: list[str], profile: str, language: str) -> None:
    timed = [(at * 4_000, at * 4_000 + 2_500, text) for at, text in enumerate(texts)]
    found = balance_of(document_of(timed, language), profile, language)
    assert not found.lost and not found.added


def test_numbers_may_be_written_otherwise_and_words_beside_them_count() -> None:
    document = document_of([(0, 3_000, "3 आदमी 2500000 रुपये"), (4_000, 7_000, "वे तीन थे")], "hi")
    found = balance_of(document, "netflix", "hi")
    assert (found.lost, found.added, found.expected) == ((), (), 4)


def test_a_word_that_is_in_no_cue_and_one_that_was_in_no_text_are_told() -> None:
    document = document_of([(0, 3_000, "Where were you last night?")], "en")
    found = kept_words.of(document, [Cue(0, 3_000, ("Where were you,", "you fool?"))], "en")
    assert [word for _, word in found.lost] == ["last", "night"]
    assert [word for _, word in found.added] == ["you", "fool"]
    whole = kept_words.of(document, [Cue(0, 3_000, ("Where were you last night?",))], "en")
    assert not whole.lost and not whole.added


def test_what_is_left_out_by_name_is_not_expected() -> None:
    document = document_of([(0, 2_000, "Said."), (3_000, 5_000, "Made up."), (6_000, 8_000, "Dicho.")], "en")
    said, made_up, spanish = document.segments
    spanish = replace(spanish, language="es")
    document = replace(document, segments=(said, replace(made_up, verdict=QUARANTINE), spanish))
    cues = [Cue(0, 2_000, ("Said.",))]
    assert not kept_words.of(document, cues, "en").lost
    translated = replace(spanish, translations={"en": Translation("It is said.", "test")})
    lost = kept_words.of(replace(document, segments=(said, translated)), cues, "en").lost
    assert [word for _, word in lost] == ["it", "is", "said"]


def test_a_word_that_one_cue_lost_is_missed_though_another_has_it_twice() -> None:
    document = document_of([(0, 2_000, "I saw the man."), (4_000, 6_000, "He saw the dog.")], "en")
    cues = [Cue(0, 2_000, ("I saw man.",)), Cue(4_000, 6_000, ("He saw the the dog.",))]
    found = kept_words.of(document, cues, "en")
    assert [(segment.id, word) for segment, word in found.lost] == [(1, "the")]
    assert [(cue.start_ms, word) for cue, word in found.added] == [(4_000, "the")]
    assert kept_words.of(document, cues[::-1], "en").lost  # nor may the cues say it in another order


def test_a_word_that_is_moved_to_a_cue_of_the_same_time_is_neither_lost_nor_added() -> None:
    document = document_of([(0, 3_000, "I saw the man."), (500, 2_500, "So did we.")], "en")
    cues = [Cue(0, 1_400, ("So did we.",)), Cue(1_400, 3_000, ("I saw the man.",))]
    assert kept_words.of(document, cues, "en") == kept_words.Balance(7)
    gone = [cues[0], replace(cues[1], lines=("I saw man.",))]
    found = kept_words.of(document, gone, "en")
    assert ([word for _, word in found.lost], found.added) == (["the"], ())


def test_the_number_of_an_item_is_not_lost_where_notes_of_music_stand_before_its_text() -> None:
    document = document_of([(0, 500, "1."), (600, 900, "♪"), (1_000, 2_500, "Go home now.")], "en")
    track = make_track(document, subtitle_profiles.load("netflix").rules("en", FILM_FRAME_RATE))
    assert track.cues[0].text.startswith("1.")
    assert kept_words.lost_and_added(document, track) == []


def test_a_number_that_was_left_out_of_a_line_shown_beyond_its_speech_is_not_lost() -> None:
    text = (
        "They all came in and took what was there for them. He saw 12 men, 12 men there and left them all for a while."
    )
    spoken = Segment(1, 0, 500, "Ya.", "es", (Word(0, 500, "Ya."),), translations={"en": Translation(text, "test")})
    document = SegmentsDocument("es", 2_600, (spoken,))
    rules = subtitle_profiles.load("netflix").rules("en", FILM_FRAME_RATE)
    track = make_track(document, rules, shorten=lambda found: [replace(item, taken=True) for item in found])
    assert [(item.start_ms > 500, item.text.count("12"), item.shorter.count("12")) for item in track.shorter] == [
        (True, 2, 1)
    ]
    assert kept_words.lost_and_added(document, track) == []


def test_a_number_that_is_lost_beside_a_shorter_text_is_told() -> None:
    text = (
        "They all came in and took what was there for them. He saw the men, the men there, and left all 12 for a while."
    )
    spoken = Segment(1, 0, 2_500, "Ya.", "es", (Word(0, 2_500, "Ya."),), translations={"en": Translation(text, "test")})
    document = SegmentsDocument("es", 2_600, (spoken,))
    rules = subtitle_profiles.load("netflix").rules("en", FILM_FRAME_RATE)
    track = make_track(document, rules, shorten=lambda found: [replace(item, taken=True) for item in found])
    assert any(item.taken for item in track.shorter) and kept_words.lost_and_added(document, track) == []
    cues = tuple(replace(cue, lines=tuple(line.replace("12 ", "") for line in cue.lines)) for cue in track.cues)
    found = kept_words.lost_and_added(document, replace(track, cues=cues))
    assert [(item.how, item.text) for item in found] == [("lost", "12")]


def test_the_words_of_a_long_film_are_compared_in_little_time() -> None:
    # A word in three is the same, as "the" is in real speech.
    spoken = [f"w{chr(97 + at % 26)}{chr(97 + at // 26 % 26)}" if at % 3 else "the" for at in range(20_000)]
    texts = [(at * 100, at * 100 + 900, " ".join(spoken[at : at + 10])) for at in range(0, 20_000, 10)]
    document = document_of(texts, "en")
    cues = [Cue(start_ms, end_ms, (text,)) for start_ms, end_ms, text in texts]
    for at in (0, 1_000, 1_999):
        cues[at] = replace(cues[at], lines=(cues[at].lines[0].split(maxsplit=1)[1],))
    kept_words.of(document, cues, "en")  # what words are is remembered
    before = time.process_time()
    found = kept_words.of(document, cues, "en")
    assert time.process_time() - before < 3
    assert [segment.id for segment, _ in found.lost] == [1, 1_001, 2_000] and not found.added
