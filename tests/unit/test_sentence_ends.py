"""Where sentences end: the same for recognition, translation and subtitles."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samvad.stages.translation import sentences
from samvad.stages.translation.backends import Line
from samvad.text.sentence_ends import ends_sentence, split


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ठीक है। चलो! कहाँ?", ["ठीक है।", "चलो!", "कहाँ?"]),
        ("Mr. Sharma is here. Come in.", ["Mr. Sharma is here.", "Come in."]),
        ("डॉ. राव आए हैं। बैठिए।", ["डॉ. राव आए हैं।", "बैठिए।"]),
        ("“Dr. Rao?” K. L. Saigal sang.", ["“Dr. Rao?”", "K. L. Saigal sang."]),
        ("No. I will not.", ["No.", "I will not."]),
        ("There are 5. Take one.", ["There are 5.", "Take one."]),
        ("He costs 3.50 rupees", ["He costs 3.50 rupees"]),
        ("“Go.” She went…", ["“Go.”", "She went…"]),
        ("وہ آیا۔ کیا؟ ہاں", ["وہ آیا۔", "کیا؟", "ہاں"]),
        ("", []),
    ],
)
def test_a_text_is_split_where_its_sentences_end(text: str, expected: list[str]) -> None:
    assert split(text) == expected


@pytest.mark.parametrize("word", ["है।", "go.”", "(what?)", "well…", "ہے۔", "か？", "la. ♪"])
def test_a_sentence_ends_with_its_mark_whatever_closes_after_it(word: str) -> None:
    assert ends_sentence(word)


@pytest.mark.parametrize("word", ["Mr.", "(Dr.", "श्री.", "K.", "now,", "3.50", "", "”"])
def test_a_sentence_goes_on_after_an_abbreviation_an_initial_or_no_mark(word: str) -> None:
    assert not ends_sentence(word)


@given(st.text(alphabet='ab .?!।"', max_size=60))
def test_splitting_loses_nothing(text: str) -> None:
    assert "".join("".join(split(text)).split()) == "".join(text.split())


def test_a_line_that_stops_at_an_abbreviation_is_translated_with_the_next() -> None:
    said = ["This is Dr.", "Rao from Delhi.", "He is late."]
    times = [(1000 * number, 1000 * number + 900) for number in range(len(said))]
    lines = [Line(n, "en", text, *time, *time) for n, (text, time) in enumerate(zip(said, times, strict=True), 1)]
    assert [sentence.text for sentence in sentences.sentences_of(lines)] == [
        "This is Dr. Rao from Delhi.",
        "He is late.",
    ]
