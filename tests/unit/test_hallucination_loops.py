"""Loops in a text: how they are found, and how they are cut back."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judged_text import judge, spoken_words
from samvad.documents.segments import Word
from samvad.stages.hallucination_removal import loops
from samvad.stages.hallucination_removal.measures import Evidence
from samvad.text.repetition import loop, loop_span


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("where are you now " + "I got a helmet " * 8 + "all right", "where are you now I got a helmet all right"),
        ("मैं घर जा रहा हूँ " + "आपना " * 12, "मैं घर जा रहा हूँ आपना"),
        ("चलो अब चलते हैं " + "हा" * 40, "चलो अब चलते हैं हा"),
        ("Come in, come in, " * 6 + "please sit down there", "Come in, please sit down there"),
    ],
)
def test_a_loop_over_real_speech_is_cut_back_to_one_round_and_the_original_is_kept(text: str, left: str) -> None:
    judged = judge(spoken_words(text)).document.segments[0]
    assert (judged.text, judged.verdict) == (left, "suspect")
    assert [word.text for word in judged.words] == left.split()
    assert judged.end_ms == judged.words[-1].end_ms
    assert judged.extra[loops.ORIGINAL_TEXT] == text
    assert len(judged.extra[loops.ORIGINAL_WORDS]) == len(text.split())
    assert judged.extra["unknown"] == 1
    assert any("cut back" in reason for reason in judged.reasons)


def test_a_loop_where_nobody_speaks_is_not_cut_back_but_taken_out() -> None:
    text = "where are you now " + "I got a helmet " * 8
    judged = judge(spoken_words(text), evidence=Evidence(regions=())).document.segments[0]
    assert (judged.text, judged.verdict) == (text, "quarantine")
    assert loops.ORIGINAL_TEXT not in judged.extra


def test_a_loop_of_a_single_word_and_nothing_else_is_taken_out() -> None:
    assert judge(spoken_words("पूद " * 30)).document.segments[0].verdict == "quarantine"


@pytest.mark.parametrize("text", ["अपाँ " + "पाँ" * 12, "अपेपाभी " + "पाभी " * 16 + "\N{REPLACEMENT CHARACTER}"])
def test_a_loop_beside_a_single_word_is_taken_out(text: str) -> None:
    assert judge(spoken_words(text)).document.segments[0].verdict == "quarantine"


def test_a_sentence_that_loops_as_a_whole_is_cut_back_to_its_first_round() -> None:
    judged = judge(spoken_words("I got a helmet " * 8)).document.segments[0]
    assert (judged.text, judged.verdict) == ("I got a helmet", "suspect")


@pytest.mark.parametrize(("rounds", "word_ms", "whole"), [(5, 300, True), (6, 300, False), (5, 60, False)])
def test_who_says_a_thing_a_few_times_with_time_for_each_has_said_it(rounds: int, word_ms: int, whole: bool) -> None:
    text = " ".join(["Run away!"] * rounds)
    words = tuple(Word(word_ms * n, word_ms * (n + 1), word, 0.9) for n, word in enumerate(text.split()))
    said = dataclasses.replace(spoken_words(text), text=text, words=words, start_ms=0, end_ms=words[-1].end_ms)
    judged = judge(said).document.segments[0]
    assert (judged.text == text and judged.verdict == "suspect") is whole


def test_a_loop_in_a_song_is_left_alone() -> None:
    text = "la la la la " * 8
    judged = judge(dataclasses.replace(spoken_words(text), kind="song")).document.segments[0]
    assert (judged.text, judged.verdict) == (text, "keep")


def slow_loop(text: str, at_least: int) -> tuple[int, int]:
    """Return what ``loop`` has to: every character of every period is looked at."""
    best, closed = (0, 0), text + " "
    for period in range(1, min(80, len(closed) // at_least) + 1):
        runs = "".join("y" if left == right else "n" for left, right in zip(closed, closed[period:], strict=False))
        covered = max(map(len, runs.split("n"))) + period
        if covered >= at_least * period and covered > best[0]:
            best = (covered, covered // period)
    return min(best[0], len(text)), best[1]


@given(
    st.lists(st.text(alphabet="ab c", max_size=12).flatmap(lambda t: st.integers(1, 6).map(lambda n: t * n))),
    st.integers(2, 5),
)
def test_a_loop_is_found_as_by_looking_at_every_character(parts: list[str], at_least: int) -> None:
    text = "".join(parts)
    assert loop(text, at_least) == slow_loop(text, at_least)


@given(st.text(alphabet="ab ", max_size=60), st.integers(2, 5))
def test_the_span_of_a_loop_is_one(text: str, at_least: int) -> None:
    found = loop_span(text, at_least)
    if found is not None:
        first, period, end = found
        assert end - first >= at_least * period
        assert all(text[n] == text[n + period] for n in range(first, end - period))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no no no no", (11, 4)),
        ("no no no", (0, 0)),
        ("aaaaaaaa", (8, 8)),
        ("शाशाशाशा", (8, 4)),
        ("well abcabcabcabc then", (12, 4)),
        ("i am here i am here i am here i am here", (39, 4)),
        ("", (0, 0)),
        ("a plain sentence without any loop", (0, 0)),
    ],
)
def test_a_loop_is_found_with_its_length_and_its_count(text: str, expected: tuple[int, int]) -> None:
    assert loop(text, 4) == expected
