"""Text that is given with a film: its words on the sound, what nobody says left out, what it lacks kept."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from samvad.core.errors import ConfigurationError, MediaError
from samvad.documents.segments import Segment, SegmentsDocument, Word
from samvad.stages.asr import given_text
from samvad.stages.asr.given_text import GIVEN, HEARD, KEY, UNHEARD, Line

SAID = (
    "The train to the city leaves at nine.",
    "My sister is waiting by the river with two baskets of mangoes.",
    "Nobody told the captain about the broken lantern.",
    "We shall walk home through the old market before it rains.",
    "Then the monkey stole my grandfather's spectacles!",
    "What a wonderful evening this has been.",
)


def recognised(lines: tuple[str, ...] = SAID, wrong: float = 0.0, seed: int = 2) -> SegmentsDocument:
    """Return what a recogniser made of lines, one segment each, with some words wrong."""
    dice = random.Random(seed)
    made, at = [], 1000
    for number, line in enumerate(lines, start=1):
        words = []
        for text in line.split():
            length = 80 * len(text)
            heard = "blah" if dice.random() < wrong else text
            words.append(Word(at, at + length, heard, 0.9))
            at += length + 60
        made.append(
            Segment(number, words[0].start_ms, words[-1].end_ms, " ".join(w.text for w in words), "en", tuple(words))
        )
        at += 1500
    return SegmentsDocument("en", at, tuple(made))


def lines(*texts: str) -> list[Line]:
    return [Line(text) for text in texts or SAID]


def test_each_word_of_the_text_gets_the_time_of_the_word_that_was_recognised() -> None:
    document = recognised(wrong=0.3)
    right = recognised()
    placed = given_text.place(document, lines())
    assert [segment.text for segment in placed.document.segments] == list(SAID)
    assert not placed.left_out and not placed.heard
    words = [word for segment in placed.document.segments for word in segment.words]
    true = [word for segment in right.segments for word in segment.words]
    assert [word.text for word in words] == [word.text for word in true]
    off = sorted(abs(one.start_ms - two.start_ms) for one, two in zip(words, true, strict=True))
    assert off[len(off) // 2] == 0 and off[-1] < 400


def test_what_nobody_says_is_left_out_and_named() -> None:
    extra = "Meanwhile the emperor counts his elephants in silence."
    placed = given_text.place(recognised(), lines(*SAID[:3], extra, *SAID[3:]))
    assert [line.text for line in placed.left_out] == [extra]
    assert [segment.text for segment in placed.document.segments] == list(SAID)


def test_what_the_text_lacks_stays_as_it_was_recognised() -> None:
    """A whole line, and a few words in the middle of others."""
    placed = given_text.place(recognised(), lines(*SAID[:2], *SAID[3:]))
    found = {segment.text: segment.extra[KEY] for segment in placed.document.segments}
    assert found == {**dict.fromkeys(SAID, GIVEN), SAID[2]: HEARD}
    assert [segment.start_ms for segment in placed.document.segments] == sorted(
        segment.start_ms for segment in placed.document.segments
    )


def test_what_is_placed_by_its_sounds_stays_in_the_film() -> None:
    dice = random.Random(1)
    words = " ".join(SAID).split()
    for _ in range(60):
        text = dice.choices(words, k=12)
        heard = [
            Word(at * 300, at * 300 + 280, word if dice.random() < 0.6 else word[::-1]) for at, word in enumerate(text)
        ]
        whole = Segment(1, 0, heard[-1].end_ms, " ".join(word.text for word in heard), "hi", tuple(heard))
        document = SegmentsDocument("hi", heard[-1].end_ms, (whole,))
        placed = given_text.place(document, lines(" ".join(text[:5]), " ".join(text[5:])))
        assert max(segment.end_ms for segment in placed.document.segments) <= document.duration_ms


def test_a_line_that_was_misheard_letter_by_letter_is_placed_by_its_sounds() -> None:
    heard = (*SAID[:2], "no body toll the cap tin a bout the bro ken lan tern", *SAID[3:])
    placed = given_text.place(recognised(heard), lines())
    assert [segment.text for segment in placed.document.segments] == list(SAID)
    assert abs(placed.document.segments[2].start_ms - recognised(heard).segments[2].start_ms) < 300


def test_a_line_of_which_nothing_was_recognised_stands_where_somebody_speaks() -> None:
    whole = recognised()
    deaf = SegmentsDocument("en", whole.duration_ms, tuple(one for one in whole.segments if one.id != 3))
    speech = [(segment.start_ms, segment.end_ms) for segment in whole.segments]
    placed = given_text.place(deaf, lines(), speech)
    third = placed.document.segments[2]
    assert (third.text, third.extra[KEY]) == (SAID[2], UNHEARD)
    assert abs(third.start_ms - whole.segments[2].start_ms) < 50
    assert placed.guessed == 1
    assert not given_text.place(deaf, lines(), ()).guessed  # without speech there it is left out
    placed = given_text.place(deaf, lines(), [*speech[:2], *speech[3:]], speech[2:3])  # somebody perhaps speaks there
    assert placed.document.segments[2] == third and placed.guessed == 1


def test_another_films_text_is_not_laid_over_this_one() -> None:
    other = lines("Quantum physics needs complicated mathematics.", "Please hand over those documents immediately.")
    placed = given_text.place(recognised(), other)
    assert len(placed.left_out) == 2
    assert [segment.text for segment in placed.document.segments] == list(SAID)
    assert {segment.extra[KEY] for segment in placed.document.segments} == {HEARD}


def test_words_are_in_order_and_inside_their_segments() -> None:
    """As segments.write asks, whatever the recogniser made of it."""
    for seed in range(20):
        dice = random.Random(seed)
        given = lines(*(line for line in SAID if dice.random() < 0.8))
        document = recognised(tuple(line for line in SAID if dice.random() < 0.8), wrong=0.4, seed=seed)
        for segment in given_text.place(document, given).document.segments:
            before = segment.start_ms
            for word in segment.words:
                assert before <= word.start_ms <= word.end_ms <= segment.end_ms
                before = word.end_ms


def test_a_script_is_read_without_its_directions(tmp_path: Path) -> None:
    path = tmp_path / "film.txt"
    path.write_text(
        "\ufeff[Night. A station.]\nRAJ: The train leaves. (He runs.) Come!\nराज: चलो। जल्दी करो।\n♪\n", "utf-8"
    )
    assert given_text.read(path, "film.txt") == [
        Line("The train leaves.", "RAJ"),
        Line("Come!", "RAJ"),
        Line("चलो।", "राज"),
        Line("जल्दी करो।", "राज"),
    ]


def test_subtitles_are_read_as_text(tmp_path: Path) -> None:
    path = tmp_path / "film.en.srt"
    path.write_text("1\n00:00:01,000 --> 00:00:02,000\n<i>The train\nleaves.</i>\n", "utf-8")
    assert given_text.read(path, "film.en.srt") == [Line("The train leaves.")]


@pytest.mark.parametrize("data", [b"", b"\n \n", b"[Night.]\n", b"\xff\xfe\x00caf\xe9"])
def test_a_text_that_says_nothing_is_refused(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "film.txt"
    path.write_bytes(data)
    with pytest.raises((ConfigurationError, MediaError)) as found:
        given_text.read(path, "film.txt")
    assert "film.txt" in str(found.value)


def test_lines_that_are_placed_by_their_sounds_do_not_run_into_each_other() -> None:
    """Their first and last sounds are guesses: both lines are said to take 100 ms of the same time."""
    one = [Word(1000, 1400, "Mangoes"), Word(1400, 2100, "again")]
    other = [Word(2000, 2500, "Nobody"), Word(2500, 3000, "knows")]
    apart = given_text._apart([one, [], other])
    assert [(word.start_ms, word.end_ms) for own in apart for word in own] == [
        (1000, 1400), (1400, 2050), (2050, 2500), (2500, 3000),
    ]  # fmt: skip
    assert given_text._apart([one[:1], other]) == [one[:1], other], "what is apart stays"
