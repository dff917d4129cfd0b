"""Cues: every word in them, none overlapping, the rules kept wherever they can be, files that players read."""

from __future__ import annotations

import itertools
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samvad.documents.segments import Entity, Segment, SegmentsDocument, Translation, Word
from samvad.documents.subtitles import formats
from samvad.documents.subtitles.cues import Cue, Style
from samvad.settings.subtitle_rules import Rules, frames_ms
from samvad.stages.subtitle_gen import checking, timing
from samvad.stages.subtitle_gen.tracks import languages_of_tracks, make_track
from samvad.stages.subtitle_gen.units import units_of
from samvad.text import grammar, scripts
from samvad.text.sentence_ends import ends_sentence

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


def cues_of(
    *segments: Segment, language: str = "en", rules: Rules = RULES, shots: tuple[int, ...] = ()
) -> tuple[Cue, ...]:
    rules = replace(rules, language=language)
    return make_track(document(*segments, language=segments[0].language), rules, shots).cues


def broken(cues: tuple[Cue, ...], rules: Rules = RULES) -> set[str]:
    return {item.rule for item in checking.check(cues, rules)}


def words_of(cues: tuple[Cue, ...]) -> list[str]:
    return " ".join(line for cue in cues for line in cue.lines).split()


@pytest.mark.parametrize("text", ["● ● ● ●", "♪", "♪♪ ♫", "…", "- -", "?!", "🎬", "\u200d"])
@pytest.mark.parametrize("kind", ["dialogue", "song"])
def test_what_has_no_letter_or_digit_is_no_subtitle(text: str, kind: str) -> None:
    silent = replace(said(text, 4000, 6000), kind=kind)
    spoken = [said("Before.", 1000, 2000), said("After.", 8000, 9000)]
    assert words_of(cues_of(spoken[0], silent, spoken[1])) == ["Before.", "After."]
    assert cues_of(silent) == ()
    assert broken((Cue(1000, 3000, (text,)),)) == {"empty"}


def test_a_profile_for_the_deaf_may_tell_of_music_by_its_mark_alone() -> None:
    rules = Rules(hearing_impaired=True, songs="♪")
    music, beads = (replace(said(text, 1000, 3000), kind="song") for text in ("♪", "● ●"))
    assert [cue.text for cue in cues_of(music, rules=rules)] == ["♪"]
    assert cues_of(beads, rules=rules) == ()
    assert broken((Cue(1000, 3000, ("♪",)),), rules) == set()


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
    assert [ends_sentence(cue.lines[-1]) for cue in cues] == [True] * len(cues)
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
    assert broken(cues) == set()
    assert len(cues) == 2


def test_fast_speech_stays_longer_where_there_is_room() -> None:
    text = "I really did not want to say anything to anybody."
    cues = cues_of(said(text, 1000, 2500), said("So be it.", 9000, 10_000))
    assert cues[0].duration_ms >= len(text) * 1000 / 20
    assert cues[0].start_ms == 1000


def test_a_pause_of_a_few_frames_is_closed_to_the_smallest_gap() -> None:
    cues = cues_of(said("This is the first sentence of two.", 0, 3000), said("And this is the second one.", 3300, 6000))
    assert cues[1].start_ms - cues[0].end_ms == RULES.gap_ms


def test_a_word_that_is_sung_for_long_does_not_hold_its_cue_longer_than_allowed() -> None:
    (cue,) = cues_of(Segment(1, 0, 20_000, "Aaaah!", "en", (Word(0, 20_000, "Aaaah!"),), kind="song"))
    assert cue.duration_ms == RULES.max_cue_ms


def test_a_spoken_word_that_was_drawn_out_over_the_silence_is_not_believed() -> None:
    words = (Word(0, 6700, "So,"), *evenly("we went home that night.", 6700, 8500))
    cues = cues_of(Segment(1, 0, 8500, "So, we went home that night.", "en", words))
    assert cues[0].end_ms <= 1500


def test_a_word_longer_than_a_line_is_kept_whole() -> None:
    word = "a" * 60
    cues = cues_of(said(f"He shouted {word} and left the room at once.", 0, 6000))
    assert word in [line for cue in cues for line in cue.lines]
    assert broken(cues) == {"line length"}


def by(speaker: str, segment: Segment) -> Segment:
    return replace(segment, speaker=speaker)


def test_speakers_who_have_time_get_a_cue_each() -> None:
    first, second = by("A", said("Who is it?", 0, 1500)), by("B", said("It is me.", 2000, 3500))
    assert [cue.lines for cue in cues_of(first, second)] == [("Who is it?",), ("It is me.",)]


def test_two_speakers_without_time_share_a_cue_with_dashes_one_a_line() -> None:
    first, second = by("A", said("Who is it?", 0, 500)), by("B", said("It is me.", 520, 1000))
    third = by("A", said("Come in, then, and sit down.", 1300, 3200))
    cues = cues_of(first, second, third)
    assert [cue.lines for cue in cues] == [("-Who is it?", "-It is me."), ("Come in, then, and sit down.",)]
    assert broken(cues) == set()


def test_without_dashes_two_speakers_never_share_a_cue() -> None:
    first, second = by("A", said("Who is it?", 0, 500)), by("B", said("It is me.", 520, 1000))
    cues = cues_of(first, second, rules=replace(RULES, dialogue_dash=""))
    assert [cue.lines for cue in cues] == [("Who is it?",), ("It is me.",)]
    assert broken(cues) == set()


def test_three_speakers_in_a_second_each_get_the_shortest_time_and_none_is_lost() -> None:
    turns = [
        by(name, said(text, at, at + 250))
        for name, text, at in (("A", "No!", 0), ("B", "Yes!", 260), ("C", "Why?", 520))
    ]
    cues = cues_of(*turns)
    assert words_of(cues) in (["-No!", "-Yes!", "Why?"], ["No!", "-Yes!", "-Why?"])
    assert broken(cues) == set()


NOTES = replace(RULES, songs="♪")


def test_songs_stand_between_notes_of_our_own_and_not_of_the_recogniser() -> None:
    song = replace(said("♪ ये दोस्ती हम नहीं तोड़ेंगे ♪", 0, 4000, "hi"), kind="song")
    assert cues_of(song, language="hi", rules=NOTES)[0].lines == ("♪ ये दोस्ती हम नहीं तोड़ेंगे ♪",)


def test_songs_are_in_italics_where_the_profile_says_so() -> None:
    (cue,) = cues_of(replace(said("♪ This friendship we shall not break, never in our lives ♪", 0, 5000), kind="song"))
    assert "♪" not in cue.text
    assert cue.styles == (Style(0, 0, len(cue.lines[0]), "i"), Style(1, 0, len(cue.lines[1]), "i"))


def test_the_notes_of_a_song_count_in_the_line() -> None:
    text = "tum itna jo muskura rahe ho kya gham hai"  # 40 characters: fits in 42 without the notes only
    lines = cues_of(replace(said(text, 0, 6000, "hi"), kind="song"), language="hi", rules=NOTES)[0].lines
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
    assert broken(cues) == set()


def test_a_short_line_setting_and_three_lines_are_kept() -> None:
    rules = Rules(max_line_characters=16, max_lines=3)
    cues = cues_of(said("Tell your brother that we shall wait for him at the bridge.", 0, 6000), rules=rules)
    assert max(len(cue.lines) for cue in cues) == 3
    assert "line length" not in broken(cues, rules)


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
    track = make_track(both, RULES)
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
    track = make_track(film, RULES)
    assert (track.cues, track.translated) == ((), False)
    assert [formats.parse(formats.write(kind, track.cues, "en"), kind).cues for kind in formats.KINDS] == [
        (),
        (),
        (),
        (),
    ]


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


def bare(text: str) -> str:
    """Return a text without what cutting may add: the marks of songs, the dashes of speakers."""
    return text.replace("♪", "").replace("-", "")


@settings(max_examples=300, deadline=None)
@given(
    _documents(),
    st.sampled_from(
        [
            RULES,
            Rules(
                max_line_characters=20, max_lines=1, reading_speed_cps=12.0, min_cue_ms=500, max_cue_ms=3000, gap_ms=0
            ),
            Rules(max_line_characters=30, max_lines=3, songs="♪", dialogue_dash="- "),
        ]
    ),
    st.lists(st.integers(0, 90_000), max_size=20).map(sorted),
)
def test_whatever_the_input_no_word_is_lost_no_cue_overlaps_and_no_line_is_too_long(
    film: SegmentsDocument, rules: Rules, shots: list[int]
) -> None:
    track = make_track(film, rules, shots)
    shown = [segment for segment in film.shown() if segment.id not in track.left_out]
    expected = [
        segment.translations["en"].text
        if "en" in segment.translations and segment.translations["en"].text.strip()
        else segment.text
        for segment in shown
    ]
    words = "".join(text for text in expected if scripts.has_words(text))
    assert bare("".join(words_of(track.cues))) == bare("".join(words.split()))
    assert all(scripts.has_words(cue.text) for cue in track.cues)
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


# -- times -----------------------------------------------------------------------------------------------------------


def test_a_cue_that_begins_just_after_a_shot_change_comes_with_it() -> None:
    (cue,) = cues_of(said("I have come back from Mumbai.", 1300, 3300), shots=(1000,))
    assert cue.start_ms == 1000


def test_a_cue_never_comes_while_the_one_before_is_still_spoken() -> None:
    first = by("A", said("I have come back from the river.", 0, 2200))
    second = by("B", said("You are late again, my friend.", 2300, 4300))
    cues = cues_of(first, second, shots=(2000,))
    assert cues[1].start_ms == 2300


@pytest.mark.parametrize(("before_ms", "moved_ms"), [(100, 100), (333, 333), (400, -100), (499, -1), (600, 0)])
def test_a_cue_that_begins_before_a_shot_change_goes_onto_it_or_half_a_second_before(
    before_ms: int, moved_ms: int
) -> None:
    assert timing.in_time(5000 - before_ms, 0, (5000,), RULES) == 5000 - before_ms + moved_ms


def test_a_cue_that_ends_near_a_shot_change_goes_two_frames_before_it() -> None:
    (cue,) = cues_of(said("I have come back from Mumbai.", 1000, 3000), shots=(3400,))
    assert cue.end_ms == 3400 - RULES.gap_ms


def test_a_cue_that_crosses_a_shot_change_by_less_than_half_a_second_goes_before_it() -> None:
    (cue,) = cues_of(said("I have come back from Mumbai.", 1000, 3000), shots=(2800,))
    assert cue.end_ms == 2800 - RULES.shot_gap_ms


def test_one_that_could_not_be_read_by_then_stays_for_half_a_second() -> None:
    (cue,) = cues_of(said("I have come back from Mumbai to tell you all of it.", 1000, 3500), shots=(3300,))
    assert cue.end_ms == 3800


def test_a_shot_change_within_a_cue_is_avoided_where_the_text_can_be_cut_there() -> None:
    text = "We waited for the train, and nobody came to the station."
    cues = cues_of(said(text, 0, 4000), shots=(1750,))
    assert [cue.lines[-1][-1] for cue in cues] == [",", "."]


def test_translations_that_are_too_long_for_their_speech_take_the_silence_after_it() -> None:
    translated = "I really did not want to say anything to anybody about what happened in the old house that night."
    segment = replace(said("मैं चुप था", 1000, 2500, "hi"), translations={"en": Translation(translated, "x")})
    following = replace(said("अच्छा", 9000, 10_000, "hi"), translations={"en": Translation("All right.", "x")})
    cues = cues_of(segment, following)
    assert "reading speed" not in broken(cues)
    assert cues[0].start_ms == 1000
    assert words_of(cues) == [*translated.split(), "All", "right."]


_TIGHT = ((0, 2000, 500), (2100, 2200, 500), (2300, 5000, 500))


def test_settling_gives_every_cue_its_time_by_moving_neighbours_as_little_as_can_be() -> None:
    wishes = [timing.Wish(*times, early_ms=0, said_ms=times[1]) for times in _TIGHT]
    times = timing.settle(wishes, 10_000, RULES)
    assert [end - start >= RULES.min_cue_ms for start, end in times] == [True] * 3
    assert all(two[0] - one[1] >= RULES.gap_ms for one, two in itertools.pairwise(times))
    assert times[1][0] < 2100
    assert times[2] == (2300, 5000)


def test_two_frames_are_never_less_than_two_frames() -> None:
    assert frames_ms(2, Fraction(24)) == 84
    assert frames_ms(2, Fraction(24_000, 1001)) == 84
    assert frames_ms(2, Fraction(25)) == 80
    assert frames_ms(0, Fraction(25)) == 0


def test_a_pause_ends_no_cue_after_a_word_that_the_next_one_shows_to_go_on() -> None:
    """ "in" may end what is said, but not before "the"; "you" may, but not where it is the subject of "could"."""
    assert grammar.may_end("in", "en", "Then") and grammar.may_end("you", "en", "and")
    assert not grammar.may_end("in", "en", "the") and not grammar.may_end("you", "en", "could")
    assert grammar.may_end("you", "en", "Could"), "a sentence begins there"
    before = ["I", "had", "said", "that", "they", "were", "going", "to", "live", "in"]
    after = ["the", "old", "house", "by", "the", "river", "with", "all", "of", "them"]
    words, now_ms = [], 0
    for word in [*before, *after]:
        now_ms += 900 if word == "the" and words[-1].text == "in" else 0
        words.append(Word(now_ms, now_ms + 220, word))
        now_ms += 240
    segment = Segment(1, 0, now_ms, " ".join([*before, *after]), "en", tuple(words))
    cues = cues_of(segment)
    assert len(cues) > 1 and not cues[0].text.endswith(" in"), [cue.lines for cue in cues]
    assert "break" not in broken(cues)
