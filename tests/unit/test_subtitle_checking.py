"""The checker: each rule is broken by a cue that breaks it, and by nothing else."""

from __future__ import annotations

from fractions import Fraction

import pytest
import regex

from samvad.documents.subtitles.cues import Cue, Style, graphemes
from samvad.settings import subtitle_profiles
from samvad.stages.subtitle_gen import checking

ENGLISH = subtitle_profiles.load("netflix").rules("en", Fraction(24))
HINDI = subtitle_profiles.load("netflix").rules("hi", Fraction(24))
BBC = subtitle_profiles.load("bbc").rules("en", Fraction(25))

GOOD = Cue(1000, 3000, ("I have come back.",))
NEXT = Cue(5000, 7000, ("So have I.",))


def rules_broken(*cues: Cue, rules=ENGLISH, shots=None, said=None) -> list[tuple[int, str]]:
    found = checking.check(cues, rules, checking.Context(shots, said))
    return [(item.cue, item.rule) for item in found]


def test_good_cues_break_nothing() -> None:
    assert rules_broken(GOOD, NEXT, shots=[1000, 5000], said=[(1100, 2900), (5000, 6500)]) == []


@pytest.mark.parametrize(
    ("cue", "rule"),
    [
        (Cue(1000, 1000, ("So.",)), "order"),
        (Cue(1000, 3000, ("",)), "empty"),
        (Cue(1000, 6000, ("I have come back to the old house by the river.",)), "line length"),
        (Cue(1000, 6000, ("I have come back,", "and so have you,", "and so has she, at last and for good.")), "lines"),
        (Cue(1000, 1700, ("No.",)), "shortest"),
        (Cue(1000, 8100, ("No.",)), "longest"),
        (Cue(1000, 2000, ("I have come back to you.",)), "reading speed"),
        (Cue(1000, 4000, ("I have come back to the", "old house, where we were happy.")), "break"),
        (Cue(1000, 3000, ("Come back,", "my friend.")), "one line"),
        (Cue(1000, 3000, ("- Who is it?", "-Me.")), "two speakers"),
        (Cue(1000, 3000, ("I thought...",)), "ellipsis"),
        (Cue(1000, 3000, ("♪ La la la ♪",)), "songs"),
        (Cue(1000, 3000, ("I have  come",)), "characters"),
        (Cue(1000, 3000, ("I h\ufffdve come",)), "characters"),
    ],
)
def test_each_rule_is_broken_alone(cue: Cue, rule: str) -> None:
    with_it = {"shortest", "reading speed"} if rule == "order" else set()
    assert {found for _, found in rules_broken(cue)} == {rule} | with_it


@pytest.mark.parametrize(
    ("second", "rule"),
    [
        (Cue(500, 2500, ("So have I.",)), "order"),
        (Cue(2900, 4900, ("So have I.",)), "overlap"),
        (Cue(3050, 5000, ("So have I.",)), "gap"),
        (Cue(3300, 5000, ("So have I.",)), "gap to close"),
        (Cue(3084, 5000, ("So have I.",)), None),
        (Cue(3500, 5000, ("So have I.",)), None),
    ],
)
def test_cues_are_checked_against_their_neighbours(second: Cue, rule: str | None) -> None:
    assert {found for _, found in rules_broken(GOOD, second)} == ({rule} if rule else set())


@pytest.mark.parametrize(
    ("cue", "rule"),
    [
        (Cue(1000, 3000, ("I have come back.",)), None),
        (Cue(1200, 3000, ("I have come back.",)), "in at shot"),
        (Cue(800, 3000, ("I have come back.",)), "in at shot"),
        (Cue(500, 3000, ("I have come back.",)), None),
        (Cue(2000, 3700, ("I have come back.",)), "out at shot"),
        (Cue(2000, 4200, ("I have come back.",)), "out at shot"),
        (Cue(2000, 3916, ("I have come back.",)), None),
        (Cue(2000, 4500, ("I have come back.",)), None),
    ],
)
def test_times_keep_to_shot_changes(cue: Cue, rule: str | None) -> None:
    assert {found for _, found in rules_broken(cue, shots=[1000, 4000])} == ({rule} if rule else set())


def test_an_in_time_away_from_its_first_word_is_found_unless_a_shot_change_drew_it() -> None:
    assert rules_broken(GOOD, said=[(1100, 2900)]) == [(1, "first word")]
    assert rules_broken(GOOD, said=[(1080, 2900)]) == []
    assert rules_broken(GOOD, said=[(1400, 2900)], shots=[1000]) == []


def test_hindi_lines_do_not_begin_with_a_postposition() -> None:
    bad = Cue(1000, 5000, ("राजधानी के सबसे पुराने और बड़े बाज़ार", "में आज सुबह से बहुत ज़्यादा भीड़ थी"))
    good = Cue(1000, 5000, ("राजधानी के सबसे पुराने और बड़े बाज़ार में", "आज सुबह से बहुत ज़्यादा भीड़ थी"))
    assert rules_broken(bad, rules=HINDI) == [(1, "break")]
    assert rules_broken(good, rules=HINDI) == []


def test_italics_are_an_offence_in_hindi_alone() -> None:
    cue = Cue(1000, 3000, ("कुछ नहीं",), (Style(0, 0, 4, "i"),))
    assert rules_broken(cue, rules=HINDI) == [(1, "italics")]
    assert rules_broken(Cue(1000, 3000, ("Nothing",), (Style(0, 0, 4, "i"),))) == []


def test_words_are_counted_where_the_profile_counts_words() -> None:
    cue = Cue(1000, 3000, ("One two three four five six seven",))
    (finding,) = checking.check([cue], BBC)
    assert (finding.rule, finding.value, finding.unit) == ("reading speed", 210.0, "words/min")


def test_letters_that_stand_alone_are_counted_as_the_standard_has_it() -> None:
    alone = [*map(chr, range(0x20, 0x7F)), *map(chr, range(0xA0, 0x300)), *map(chr, range(0x2010, 0x2028))]
    for neighbour in "e\u00ad\u00a9\u2026":
        text = "".join(neighbour + letter for letter in alone)
        assert graphemes(text) == len(text) == len(regex.findall(r"\X", text))
    assert (graphemes("e\u0301"), graphemes("\r\n"), graphemes("\u200d"), graphemes("")) == (1, 1, 1, 0)


def test_code_points_are_counted_and_graphemes_told() -> None:
    text = "क्षत्रिय"
    assert (Cue(0, 1000, (text,)).characters, graphemes(text)) == (8, 3)


def test_shares_count_cues_not_breaches() -> None:
    bad = Cue(1000, 1500, ("I have come back to the old house by the river, and so have you.",))
    shares = checking.shares_within(2, checking.check([bad, NEXT], ENGLISH))
    assert (shares["line length"], shares["hard"], shares["hard but speed"], shares["overlap"]) == (0.5, 0.5, 0.5, 1)
    assert checking.shares_within(0, [])["all rules"] == 1


def test_levels_come_from_the_profile() -> None:
    levels = {
        item.rule: item.level for item in checking.check([Cue(1000, 1200, ("Come back,", "my friend..."))], ENGLISH)
    }
    assert levels == {"shortest": "error", "reading speed": "error", "one line": "warning", "ellipsis": "warning"}
    assert checking.source_of("line length", ENGLISH).startswith("en, ")
