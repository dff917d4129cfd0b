"""Which script a letter is of, and which scripts a language is written in."""

from __future__ import annotations

import sys
import unicodedata

import pytest

from samvad.text import languages, scripts

#: First words of the names of a script's letters in Unicode. Chinese characters are Japan's and Korea's as well.
NAMED = {
    "Arab": "ARABIC",
    "Armn": "ARMENIAN",
    "Beng": "BENGALI",
    "Cyrl": "CYRILLIC",
    "Deva": "DEVANAGARI",
    "Ethi": "ETHIOPIC",
    "Geor": "GEORGIAN",
    "Grek": "GREEK",
    "Gujr": "GUJARATI",
    "Guru": "GURMUKHI",
    "Hang": "HANGUL",
    "Hani": "CJK",
    "Hebr": "HEBREW",
    "Jpan": "HIRAGANA KATAKANA KATAKANA-HIRAGANA",
    "Khmr": "KHMER",
    "Knda": "KANNADA",
    "Laoo": "LAO",
    "Latn": "LATIN",
    "Mlym": "MALAYALAM",
    "Mtei": "MEETEI",
    "Mymr": "MYANMAR",
    "Olck": "OL",
    "Orya": "ORIYA",
    "Sinh": "SINHALA",
    "Taml": "TAMIL",
    "Telu": "TELUGU",
    "Tfng": "TIFINAGH",
    "Thai": "THAI",
    "Tibt": "TIBETAN",
}


def test_the_table_of_blocks_knows_every_letter_by_the_script_that_unicode_names() -> None:
    script_named = {word: script for script, words in NAMED.items() for word in words.split()}
    wrong = []
    for code in range(sys.maxunicode + 1):
        letter = chr(code)
        named = script_named.get(unicodedata.name(letter, "").split(" ")[0])
        if letter.isalpha() and named and scripts.script_of(letter) != named:
            wrong.append(f"U+{code:04X} {unicodedata.name(letter)}")
    assert wrong == []


def test_every_language_that_is_recognised_or_translated_has_a_script() -> None:
    for code in languages.WHISPER | languages.NLLB.keys() | languages.INDICTRANS2.keys():
        assert scripts.scripts_of(code), code


@pytest.mark.parametrize(
    ("text", "language", "written"),
    [
        ("नमस्ते, 5!", "hi", True),
        ("नमस्ते", "en", False),
        ("東京タワー", "ja", True),
        ("Oʻahu", "haw", True),
        ("Đurđević", "sr", False),
        ("ꯃꯅꯤꯄꯨꯔ", "mni", True),
        ("ᱥᱟᱱᱛᱟᱲ", "sat", True),
        ("anything", "tlh", True),
    ],
)
def test_a_text_is_held_against_the_script_of_its_language(text: str, language: str, written: bool) -> None:
    assert scripts.is_written_in(text, language) is written
