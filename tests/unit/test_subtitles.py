"""Cues: every word in them, none overlapping, the rules kept wherever they can be, files that players read."""

from __future__ import annotations

import html
import itertools
from dataclasses import replace
from fractions import Fraction

import pysubs2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samvad.errors import ConfigurationError
from samvad.segments import Entity, Segment, SegmentsDocument, Translation, Word
from samvad.subtitles import formats, grammar
from samvad.subtitles.rules import Cue, Rules, breaches, frames_ms, shares_within
from samvad.subtitles.tracks import languages_of_tracks, make_track
from samvad.subtitles.units import units_of

RULES = Rules()


def evenly(text: str, start_ms: int, end_ms: int) -> tuple[Word, ...]:
    """Return the words of a text, spoken without a pause at an even rate."""
    words = text.split()
    whole = sum(len(word) + 1 for word in words)
    edges = list(itertools.accumulate((len(word) + 1 for word in words), initial=0))
    times = [start_ms + (end_ms - start_ms) * edge // max(1, whole) for edge in edges]
    return tuple(Word(first, last, word) for word, (first, last) in zip(words, itertools.pairwise(times), strict=True))


def said(text: str, start_ms: int, end_ms: int, language: str = "en", number: int = 1) -> Segment:
    return Segment(number, start_ms, end_ms, text, language, evenly(text, start_ms, end_ms))


def document(*segments: Segment, language: str = "en", duration_ms: int = 600_000) -> SegmentsDocument:
    numbered = tuple(replace(segment, id=number) for number, segment in enumerate(segments, start=1))
    return SegmentsDocument(language, duration_ms, numbered)


def cues_of(*segments: Segment, language: str = "en", rules: Rules = RULES) -> tuple[Cue, ...]:
    return make_track(document(*segments, language=segments[0].language), language, rules).cues


def words_of(cues: tuple[Cue, ...]) -> list[str]:
    return " ".join(line for cue in cues for line in cue.lines).split()


# -- cutting ---------------------------------------------------------------------------------------------------------


def test_a_sentence_that_fits_is_one_line_and_lasts_as_long_as_it_is_spoken() -> None:
    assert cues_of(said("I have come back from Mumbai.", 1000, 3000)) == (
        Cue(1000, 3000, ("I have come back from Mumbai.",)),
    )


def test_two_lines_break_after_the_comma_and_not_after_the_article() -> None:
    (cue,) = cues_of(said("When my father came home from the river, the old house was empty.", 0, 5000))
    assert cue.lines == ("When my father came home from the river,", "the old house was empty.")


def test_a_long_text_is_cut_where_sentences_end() -> None:
    text = (
        "The train was late again that night. My brother waited for us at the station. "
        "Nobody had told him that we were not coming. He slept on a bench."
    )
    cues = cues_of(said(text, 0, 11_000))
    assert [grammar.ends_sentence(cue.lines[-1]) for cue in cues] == [True] * len(cues)
    assert len(cues) >= 2


def test_no_line_of_hindi_begins_with_a_postposition_or_an_auxiliary() -> None:
    text = "राजधानी के सबसे पुराने बाज़ार में आज सुबह से बहुत ज़्यादा भीड़ हो गई थी क्योंकि त्योहार के लिए लोग मिठाई खरीद रहे थे"
    cues = cues_of(said(text, 0, 9000, "hi"), language="hi")
    leaning = grammar.GRAMMARS["hi"].leans_left
    assert [line.split()[0] for cue in cues for line in cue.lines if line.split()[0] in leaning] == []
    assert words_of(cues) == text.split()


def test_a_name_that_was_found_is_not_torn_apart() -> None:
    text = "कल शाम को मैंने बाज़ार में देखा था अमिताभ बच्चन साहब भी वहाँ पर आए"
    start = text.index("अमिताभ")
    name = Entity("अमिताभ बच्चन", "person", start, start + len("अमिताभ बच्चन"), "glossary")
    cues = cues_of(replace(said(text, 0, 6000, "hi"), entities=(name,)), language="hi")
    assert any("अमिताभ बच्चन" in line for cue in cues for line in cue.lines)


def test_a_pause_ends_a_cue() -> None:
    words = (*evenly("I told you", 0, 700), *evenly("never to come here", 3000, 4000))
    segment = Segment(1, 0, 4000, "I told you never to come here", "en", words)
    assert [cue.lines for cue in cues_of(segment)] == [("I told you",), ("never to come here",)]


def test_no_short_word_is_left_alone_on_a_line() -> None:
    (cue,) = cues_of(said("I thought that you would never come back to us.", 0, 4000))
    assert all(len(line.split()) > 1 for line in cue.lines)


def test_short_sentences_share_a_cue_rather_than_flash() -> None:
    cues = cues_of(said("Who? Everybody. I know. Yes.", 0, 1600), said("Come with me now, quickly.", 1650, 3500))
    assert breaches(cues, RULES) == []
    assert len(cues) == 2


def test_fast_speech_stays_longer_where_there_is_room() -> None:
    text = "I really did not want to say anything to anybody."
    cues = cues_of(said(text, 1000, 2500), said("So be it.", 9000, 10_000))
    assert cues[0].duration_ms >= len(text) * 1000 / RULES.reading_speed_cps
    assert cues[0].start_ms == 1000


def test_a_pause_of_a_few_frames_is_closed_to_the_smallest_gap() -> None:
    cues = cues_of(said("This is the first sentence of two.", 0, 3000), said("And this is the second one.", 3300, 6000))
    assert cues[1].start_ms - cues[0].end_ms == RULES.gap_ms


def test_a_word_held_for_long_does_not_hold_its_cue_longer_than_allowed() -> None:
    (cue,) = cues_of(Segment(1, 0, 20_000, "Aaaah!", "en", (Word(0, 20_000, "Aaaah!"),)))
    assert cue.duration_ms == RULES.max_cue_ms


def test_a_word_longer_than_a_line_is_kept_whole() -> None:
    word = "a" * 60
    cues = cues_of(said(f"He shouted {word} and left the room at once.", 0, 6000))
    assert word in [line for cue in cues for line in cue.lines]
    assert {item.rule for item in breaches(cues, RULES)} == {"line length"}


def test_speakers_do_not_share_a_cue() -> None:
    first = replace(said("Who is it?", 0, 800), speaker="A")
    second = replace(said("It is me.", 820, 1600), speaker="B")
    assert [cue.lines for cue in cues_of(first, second)] == [("Who is it?",), ("It is me.",)]


def test_songs_stand_between_notes_of_our_own_and_not_of_the_recogniser() -> None:
    song = replace(said("♪ ये दोस्ती हम नहीं तोड़ेंगे ♪", 0, 4000, "hi"), kind="song")
    assert cues_of(song, language="hi")[0].lines == ("♪ ये दोस्ती हम नहीं तोड़ेंगे ♪",)


def test_the_notes_of_a_song_count_in_the_line() -> None:
    text = "tum itna jo muskura rahe ho kya gham hai"  # 40 characters: fits in 42 without the notes only
    lines = cues_of(replace(said(text, 0, 6000, "hi"), kind="song"), language="hi")[0].lines
    assert len(lines) == 2
    assert all(len(line) <= RULES.max_line_characters for line in lines)


def test_a_mark_set_off_by_a_space_never_begins_a_line() -> None:
    cues = cues_of(said("Qu'est-ce que tu fais ici à cette heure de la nuit ? Réponds !", 0, 6000, "fr"), language="fr")
    assert [line for cue in cues for line in cue.lines if line[0] in "?!"] == []


def test_japanese_is_broken_between_characters_and_written_without_spaces() -> None:
    text = "私はあなたがここに来るとは思っていませんでした。" * 3
    words = tuple(Word(index * 200, index * 200 + 200, character) for index, character in enumerate(text))
    cues = cues_of(Segment(1, 0, len(text) * 200, text, "ja", words), language="ja")
    assert "".join(line for cue in cues for line in cue.lines) == text
    assert breaches(cues, RULES) == []


def test_a_short_line_setting_and_three_lines_are_kept() -> None:
    rules = Rules(max_line_characters=16, max_lines=3)
    cues = cues_of(said("Tell your brother that we shall wait for him at the bridge.", 0, 6000), rules=rules)
    assert max(len(cue.lines) for cue in cues) == 3
    assert "line length" not in {item.rule for item in breaches(cues, rules)}


# -- text and times --------------------------------------------------------------------------------------------------


def test_a_word_that_an_earlier_stage_changed_takes_the_time_of_the_old_one() -> None:
    words = (Word(0, 400, "मैं"), Word(400, 900, "अमीताब"), Word(1000, 1500, "हूँ"))
    units = units_of(Segment(1, 0, 1500, "मैं अमिताभ जी हूँ", "hi", words), "hi")
    assert [(unit.text, unit.start_ms, unit.end_ms) for unit in units] == [
        ("मैं", 0, 400),
        ("अमिताभ", 400, 775),
        ("जी", 775, 900),
        ("हूँ", 1000, 1500),
    ]


def test_words_without_times_are_spread_over_their_segment() -> None:
    units = units_of(Segment(1, 1000, 3000, "ab cd", "en"), "en")
    assert [(unit.start_ms, unit.end_ms) for unit in units] == [(1000, 2000), (2000, 3000)]


def test_a_translation_keeps_the_pause_of_the_speech() -> None:
    words = (*evenly("मैं घर जा", 0, 1000), *evenly("रहा हूँ अब", 5000, 6000))
    segment = Segment(1, 0, 6000, "मैं घर जा रहा हूँ अब", "hi", words, translations={"en": Translation("aa bb cc dd", "x")})
    starts = [unit.start_ms for unit in units_of(segment, "en")]
    assert starts[0] == 0
    assert all(start <= 1000 or start >= 5000 for start in starts)


def test_a_long_translation_is_cut_at_punctuation_within_the_time_of_its_segment() -> None:
    translated = (
        "I went to the market yesterday to buy some flour, but the shop was closed, "
        "so I came back home with nothing and went to bed hungry."
    )
    source = "मैं कल आटा लेने बाज़ार गया था लेकिन दुकान बंद थी इसलिए मैं खाली हाथ घर आया और भूखा सो गया"
    segment = replace(said(source, 2000, 11_000, "hi"), translations={"en": Translation(translated, "x")})
    cues = cues_of(segment, language="en")
    assert words_of(cues) == translated.split()
    assert cues[0].lines[-1].endswith(",")
    assert cues[0].start_ms == 2000
    assert cues[-1].end_ms <= 11_000


def test_a_segment_spoken_in_the_target_language_needs_no_translation() -> None:
    both = document(said("तुम कहाँ थे?", 0, 1000, "hi"), said("Nowhere, sir.", 2000, 3000, "en"), language="hi")
    track = make_track(both, "en", RULES)
    assert [cue.lines for cue in track.cues] == [("Nowhere, sir.",)]
    assert track.left_out == (1,)
    assert track.translated


def test_quarantined_text_is_never_shown() -> None:
    bad = replace(said("Thanks for watching!", 3000, 4000), verdict="quarantine")
    suspect = replace(said("You", 5000, 6000), verdict="suspect")
    assert words_of(cues_of(said("Stay here.", 0, 1000), bad, suspect)) == ["Stay", "here.", "You"]


def test_a_film_without_translation_gets_a_track_of_the_language_spoken() -> None:
    film = document(said("कुछ नहीं", 0, 1000, "hi"), language="hi")
    assert languages_of_tracks(film, ["en", "ta"]) == (["hi"], ["en", "ta"])
    assert languages_of_tracks(film, ["hi", "en"]) == (["hi"], ["en"])


def test_a_film_in_which_nothing_is_said_gets_an_empty_track_for_each_target() -> None:
    film = document(language="und")
    assert languages_of_tracks(film, ["hi", "en", "hi"]) == (["hi", "en"], [])
    track = make_track(film, "en", RULES)
    assert (track.cues, track.translated) == ((), False)
    assert (formats.srt(track.cues), formats.vtt(track.cues)) == ("", "WEBVTT\n\n")


# -- what must hold for any text -------------------------------------------------------------------------------------

_TEXT = st.lists(
    st.sampled_from(
        ["है", "the", "क्षत्रिय", "no.", "Yes!", "और", "to", "x" * 50, "?", "-", "a,", "किताबें।", "♪", "{b}", "映画は"]
    ),
    min_size=0,
    max_size=30,
).map(" ".join)


@st.composite
def _documents(draw: st.DrawFn) -> SegmentsDocument:
    segments, start_ms = [], 0
    for _ in range(draw(st.integers(0, 6))):
        start_ms += draw(st.integers(0, 3000))
        text = draw(_TEXT)
        end_ms = start_ms + draw(st.sampled_from([0, 1, 300, 2000, 9000, 60_000]))
        words = evenly(text, start_ms, end_ms) if draw(st.booleans()) else ()
        translations = {"en": Translation(draw(_TEXT), "x")} if draw(st.booleans()) else {}
        kind = draw(st.sampled_from(["dialogue", "song"]))
        speaker = draw(st.sampled_from([None, "A", "B"]))
        language = draw(st.sampled_from(["en", "hi"]))
        segments.append(
            Segment(1, start_ms, end_ms, text, language, words, speaker, kind=kind, translations=translations)
        )
    return document(*segments, duration_ms=draw(st.integers(0, 90_000)))


@settings(max_examples=300, deadline=None)
@given(_documents(), st.sampled_from([RULES, Rules(20, 1, 12.0, 500, 3000, 0, 400), Rules(30, 3)]))
def test_whatever_the_input_no_word_is_lost_no_cue_overlaps_and_no_line_is_too_long(
    film: SegmentsDocument, rules: Rules
) -> None:
    track = make_track(film, "en", rules)
    shown = [segment for segment in film.shown() if segment.id not in track.left_out]
    expected = [
        segment.translations["en"].text
        if "en" in segment.translations and segment.translations["en"].text.strip()
        else segment.text
        for segment in shown
    ]
    assert "".join(words_of(track.cues)).replace("♪", "") == "".join("".join(expected).split()).replace("♪", "")
    for cue, following in itertools.pairwise(track.cues):
        assert following.start_ms - cue.end_ms >= rules.gap_ms
    for cue in track.cues:
        assert isinstance(cue.start_ms, int)
        assert cue.start_ms >= 0
        assert 0 < cue.duration_ms <= rules.max_cue_ms
        assert 1 <= len(cue.lines) <= rules.max_lines
        for line in cue.lines:
            is_one_word = sum(any(map(str.isalnum, word)) for word in line.split()) <= 1
            assert len(line) <= rules.max_line_characters or is_one_word
    for kind in ("srt", "vtt"):
        assert _read_back(formats.WRITERS[kind](track.cues), kind) == list(track.cues)


# -- files -----------------------------------------------------------------------------------------------------------


def _read_back(text: str, kind: str) -> list[Cue]:
    """Read a file with pysubs2, an independent reader that leaves markup as it is."""
    if not text.strip() or text.strip() == "WEBVTT":
        return []
    subtitles = pysubs2.SSAFile.from_string(text, format_=kind, keep_html_tags=True, keep_unknown_html_tags=True)
    unescape = html.unescape if kind == "vtt" else str
    return [Cue(event.start, event.end, tuple(unescape(event.text).split("\\N"))) for event in subtitles]


CUES = [
    Cue(0, 1500, ("Tom & Jerry <3 {laughs}", "a --> b")),
    Cue(3_599_999, 3_601_001, ("नमस्ते, क्ष‍त्र", "&amp; 100 %")),
    Cue(36_000_000, 36_000_833, ("♪ ये दोस्ती ♪",)),
]


@pytest.mark.parametrize("kind", ["srt", "vtt"])
def test_what_is_written_is_read_back_the_same(kind: str) -> None:
    assert _read_back(formats.WRITERS[kind](CUES), kind) == CUES


def test_webvtt_turned_into_subrip_is_the_subrip_of_the_same_cues() -> None:
    assert formats.srt_from_vtt(formats.vtt(CUES)) == formats.srt(CUES)
    assert formats.srt_from_vtt(formats.vtt([])) == ""


def test_srt_is_numbered_from_one_with_commas_in_its_times() -> None:
    assert formats.srt(CUES[:1]) == "1\n00:00:00,000 --> 00:00:01,500\nTom & Jerry <3 {laughs}\na --> b\n\n"


def test_vtt_escapes_what_would_be_markup() -> None:
    body = formats.vtt(CUES[:2])
    assert body.startswith("WEBVTT\n\n1\n00:00:00.000 --> 00:00:01.500\nTom &amp; Jerry &lt;3 {laughs}\na --&gt; b\n\n")
    assert "&amp;amp; 100 %" in body


# -- rules -----------------------------------------------------------------------------------------------------------


def test_gaps_are_whole_frames_of_the_film_or_a_little_more() -> None:
    assert frames_ms(2, Fraction(24)) == 84
    assert frames_ms(2, Fraction(24_000, 1001)) == 84
    assert frames_ms(2, Fraction(25)) == 80
    assert frames_ms(0, Fraction(25)) == 0


def test_every_breach_is_counted_once_under_its_rule() -> None:
    cues = [Cue(0, 500, ("a" * 43,)), Cue(520, 8000, ("ab",)), Cue(9000, 10_000, ("fine",))]
    found = breaches(cues, RULES)
    assert [(item.cue, item.rule, item.value) for item in found] == [
        (1, "line length", 43),
        (1, "reading speed", 86.0),
        (1, "duration", 500),
        (1, "gap", 20),
        (2, "duration", 7480),
    ]
    shares = shares_within(len(cues), found)
    assert shares["duration"] == pytest.approx(1 / 3)
    assert shares["all rules"] == pytest.approx(1 / 3)
    assert shares["gap"] == pytest.approx(2 / 3)


def test_rules_that_contradict_each_other_are_refused_by_name() -> None:
    with pytest.raises(ConfigurationError, match=r"max_cue_ms.*min_cue_ms"):
        Rules(min_cue_ms=2000, max_cue_ms=1000)
    with pytest.raises(ConfigurationError, match="reading_speed_cps"):
        Rules(reading_speed_cps=0)
