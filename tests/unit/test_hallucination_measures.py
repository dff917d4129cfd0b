"""The values that verdicts rest on."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judged_text import HINDI, judge, said
from samvad.core.errors import SamvadError
from samvad.documents import speech_regions as regions
from samvad.stages.hallucination_removal.measures import Evidence
from samvad.text.repetition import compression_ratio, other_scripts, plain


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("तुम कहाँ हो", "hi", 0.0), ("तुम late हो यार", "hi", 0.0), ("Where are you", "hi", 0.0), ("یہ کیا ہے", "hi", 1.0),
        ("یہ کیا ہے", "ur", 0.0), ("привет", "en", 1.0), ("ありがとう", "es", 1.0), ("ありがとう 東京", "ja", 0.0),
        ("¿Qué?", "es", 0.0), ("123", "hi", None), ("नमस्ते Привет", "hi", 0.6),
    ],
)  # fmt: skip
def test_the_part_in_scripts_that_a_language_is_not_written_in(
    text: str, language: str, expected: float | None
) -> None:
    found = other_scripts(text, [language])
    assert found == expected if expected is None else found == pytest.approx(expected, abs=0.06)


def test_plain_form_keeps_the_vowels_of_hindi() -> None:
    assert plain("«हिन्दी»,  क्\u200dया?") == "हिन्दी क्या"
    assert plain("  I'm SORRY… ") == "i m sorry"
    assert plain("♪ ۔ !") == ""


@given(st.text())
def test_plain_form_is_its_own_plain_form(text: str) -> None:
    assert plain(plain(text)) == plain(text)


def test_hindi_does_not_seem_repetitive_because_of_its_bytes() -> None:
    utf8 = HINDI.encode()
    assert len(utf8) / len(zlib.compress(utf8)) > 2.4  # Whisper's own figure and limit would throw this text away
    assert compression_ratio(HINDI) < 1.8
    assert compression_ratio("पूद " * 80) > 5
    assert compression_ratio("") == 0.0


def test_speech_regions_are_read_in_order_and_a_faulty_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "speech_regions.json"
    path.write_text('{"regions": [{"start_ms": 5, "end_ms": 9}, {"start_ms": 1, "end_ms": 3}]}')
    assert regions.read(path) == ((1, 3), (5, 9))
    path.write_text('{"regions": [{"start": 5}]}')
    with pytest.raises(SamvadError, match=str(path)):
        regions.read(path)


def test_the_overlap_with_speech_is_the_part_of_the_segment_in_widened_regions() -> None:
    evidence = Evidence(regions=((0, 800), (2000, 2200), (3800, 9000)))
    value = judge(said("text", 1000, 4000), evidence=evidence).document.segments[0].signals["speech_overlap"]
    assert value == pytest.approx((600 + 400) / 3000, abs=0.001)  # regions reach 1000, 1800 to 2400, and from 3600
