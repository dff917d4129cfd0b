"""Mending: what is mechanical is mended, never a word, never twice, and never for the worse."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samvad.documents.subtitles.cues import STYLE_KINDS, Cue, Ruby, Style, from_parts, pieces_of
from samvad.settings import subtitle_profiles
from samvad.settings.subtitle_rules import Rules
from samvad.stages.subtitle_gen import checking, mending

ENGLISH = subtitle_profiles.load("netflix").rules("en", Fraction(24))
HINDI = subtitle_profiles.load("netflix").rules("hi", Fraction(24))
BBC = subtitle_profiles.load("bbc").rules("en", Fraction(25))


def breaches(cues: list[Cue], rules: Rules = ENGLISH) -> list[str]:
    return [item.rule for item in checking.check(cues, rules)]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # Out of order.
        (
            [Cue(5000, 7000, ("So have I.",)), Cue(1000, 3000, ("I am back.",))],
            [Cue(1000, 3000, ("I am back.",)), Cue(5000, 7000, ("So have I.",))],
        ),
        # An overlap where the first has time to spare, one where the second has, and a gap of a frame.
        (
            [Cue(1000, 3500, ("I am back.",)), Cue(3000, 5000, ("So have I.",))],
            [Cue(1000, 2916, ("I am back.",)), Cue(3000, 5000, ("So have I.",))],
        ),
        (
            [Cue(1000, 2200, ("I have come back here.",)), Cue(1900, 4000, ("So have I.",))],
            [Cue(1000, 2100, ("I have come back here.",)), Cue(2184, 4000, ("So have I.",))],
        ),
        (
            [Cue(1000, 2990, ("I am back.",)), Cue(3000, 5000, ("So have I.",))],
            [Cue(1000, 2916, ("I am back.",)), Cue(3000, 5000, ("So have I.",))],
        ),
        # A gap that flickers; too short; too long; too fast to read.
        (
            [Cue(1000, 2700, ("I am back.",)), Cue(3000, 5000, ("So have I.",))],
            [Cue(1000, 2916, ("I am back.",)), Cue(3000, 5000, ("So have I.",))],
        ),
        ([Cue(1000, 1300, ("No.",))], [Cue(1000, 1833, ("No.",))]),
        ([Cue(1000, 9000, ("No.",))], [Cue(1000, 8000, ("No.",))]),
        ([Cue(1000, 2000, ("I have come back to you.",))], [Cue(1000, 2200, ("I have come back to you.",))]),
        # Line breaks.
        (
            [Cue(1000, 6000, ("When my father came home from the river, the old house was empty.",))],
            [Cue(1000, 6000, ("When my father came home from the river,", "the old house was empty."))],
        ),
        (
            [Cue(1000, 6000, ("When my father came home from the", "river, the old house was empty."))],
            [Cue(1000, 6000, ("When my father came home from the river,", "the old house was empty."))],
        ),
        ([Cue(1000, 3000, ("Come back,", "my friend."))], [Cue(1000, 3000, ("Come back, my friend.",))]),
        # Ellipses, spaces; and an ellipsis by which a text fits in a line.
        ([Cue(1000, 3000, ("I thought...",))], [Cue(1000, 3000, ("I thought…",))]),
        ([Cue(1000, 3000, ("I  thought   so.",))], [Cue(1000, 3000, ("I thought so.",))]),
        (
            [Cue(1000, 6000, ("Well... I have come back to the", "old house..."))],
            [Cue(1000, 6000, ("Well… I have come back to the old house…",))],
        ),
    ],
)
def test_each_mechanical_fault_is_mended(before: list[Cue], after: list[Cue]) -> None:
    assert breaches(before)
    assert mending.mend(before, ENGLISH) == after
    assert breaches(after) == []


def test_styles_and_ruby_stay_with_their_words() -> None:
    before = Cue(
        1000, 6000, ("When my father came home from the", "river..."), (Style(0, 8, 14, "i"), Style(1, 0, 8, "b"))
    )
    (after,) = mending.mend([before], ENGLISH)
    text = "When my father came home from the river…"
    assert after == Cue(1000, 6000, (text,), (Style(0, 8, 14, "i"), Style(0, 34, 40, "b")))
    (plain,) = mending.mend([replace(before, lines=("कुछ", "नहीं"), styles=(Style(0, 0, 3, "i"),))], HINDI)
    assert plain == Cue(1000, 6000, ("कुछ नहीं",))
    ruby = Cue(1000, 3000, ("漢字  です",), ruby=(Ruby(0, 0, 2, "かんじ"),))
    assert mending.mend([ruby], Rules(language="ja"))[0].ruby == ruby.ruby


def test_two_speakers_keep_their_lines() -> None:
    cue = Cue(1000, 3000, ("- Who is it?", "- Me..."))
    (after,) = mending.mend([cue], ENGLISH)
    assert after.lines == ("- Who is it?", "- Me…")


def test_what_no_machine_can_mend_is_left_alone() -> None:
    spoken_at_once = [
        Cue(1000, 3000, ("I have come back to the old house.",)),
        Cue(1000, 3000, ("So have I, at last.",)),
    ]
    assert mending.mend(spoken_at_once, ENGLISH) == spoken_at_once


_WORDS = st.lists(
    st.sampled_from(
        ["है", "the", "क्षत्रिय", "no.", "Yes!", "wait...", "to", "x" * 50, "-", "a,", "…", "♪", "映画は", "", "old"]
    ),
    max_size=14,
)


@st.composite
def _tracks(draw: st.DrawFn) -> list[Cue]:
    cues, at_ms = [], 0
    for _ in range(draw(st.integers(0, 7))):
        at_ms = max(0, at_ms + draw(st.sampled_from([-2000, -300, 0, 40, 84, 300, 2000])))
        duration_ms = draw(st.sampled_from([1, 300, 900, 2000, 9000]))
        lines = tuple(filter(None, (" ".join(draw(_WORDS)).strip() for _ in range(draw(st.integers(1, 3)))))) or ("x",)
        styles = (Style(0, 0, 1, draw(st.sampled_from(STYLE_KINDS))),) if draw(st.booleans()) else ()
        cues.append(Cue(at_ms, at_ms + duration_ms, lines, styles, draw(st.booleans())))
        at_ms += duration_ms
    return cues


@settings(max_examples=80, deadline=None)
@given(_tracks(), st.sampled_from([ENGLISH, HINDI, BBC]), st.lists(st.integers(0, 30_000), max_size=6).map(sorted))
def test_no_word_changes_fewer_rules_are_broken_and_nothing_is_mended_twice(
    cues: list[Cue], rules: Rules, shots: list[int]
) -> None:
    context = checking.Context(shots)
    mended = mending.mend(cues, rules, shots)
    assert mending.words_of(mended) == mending.words_of(cues)
    before, after = (checking.check(track, rules, context) for track in (cues, mended))
    assert len(after) <= len(before)
    assert mending.mend(mended, rules, shots) == mended
    for one, other in zip(sorted(cues, key=lambda cue: cue.start_ms), mended, strict=True):
        assert 0 <= other.start_ms - one.start_ms <= 500
        assert other.end_ms > other.start_ms


@settings(max_examples=40, deadline=None)
@given(_tracks())
def test_pieces_of_a_cue_make_it_again(cues: list[Cue]) -> None:
    for cue in cues:
        again = from_parts(cue.start_ms, cue.end_ms, pieces_of(cue), top=cue.top)
        assert again.lines == tuple(line.strip() for line in cue.lines)
        assert again.styles == cue.styles


def test_no_cue_goes_before_it_can_be_seen() -> None:
    crowded = [Cue(1000, 9500, ("I have come back.",)), Cue(1300, 2200, ("So have I, my friend.",))]
    assert mending.mend(crowded, ENGLISH)[0].duration_ms >= ENGLISH.min_cue_ms
