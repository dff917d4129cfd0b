"""Languages: the tables that spare the loading of the library say what it says."""

from __future__ import annotations

import sys

import langcodes
import pytest

from samvad.core.errors import ConfigurationError
from samvad.settings import film_values
from samvad.text import languages

#: Every language that Whisper's tokenizer has a token for, by its own code (openai/whisper, tokenizer.py).
WHISPER = (
    "af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fo fr gl gu ha haw he hi hr ht hu hy "
    "id is it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl ps pt ro ru "
    "sa sd si sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo yue zh"
)


def test_the_names_of_common_languages_are_the_librarys() -> None:
    assert {code: langcodes.Language.get(code).display_name("en") for code in languages.NAMES} == languages.NAMES
    assert languages.WHISPER | languages.INDICTRANS2.keys() <= languages.NAMES.keys()
    assert languages.name("ceb") == "Cebuano", "any other is asked for"


def test_codes_that_are_taken_as_they_are_are_the_shortest_ones() -> None:
    for code in languages.NLLB:
        assert str(langcodes.Language.get(code, normalize=True).language) == code


def sources(text: str) -> list[str]:
    return list(film_values.spoken_languages(text, "--source"))


@pytest.mark.parametrize("code", WHISPER.split())
def test_every_language_of_whispers_is_a_source_under_its_own_code_and_has_valid_tags(code: str) -> None:
    (ours,) = sources(code)
    assert languages.from_whisper(code) == ours
    assert languages.for_whisper(ours) == code
    assert langcodes.standardize_tag(ours) == ours and langcodes.Language.get(ours).is_valid(), "a BCP 47 tag"
    track = languages.iso_639_2(ours)
    assert len(track) == 3 and track.isalpha()
    assert languages.from_tag(track) == {"yue": "zh"}.get(ours, ours), "the track is known by its tag again"
    assert languages.name(ours)[0].isupper()


def test_tagalog_javanese_and_norwegian_are_recognised_by_whatever_code_they_are_given() -> None:
    assert sources("tl,fil,tgl,fil-PH") == ["fil"]
    assert sources("jw,jv,jav") == ["jv"]
    assert [languages.for_whisper(code) for code in sources("no,nb,nn")] == ["no", "no", "nn"]


def test_another_code_of_a_language_becomes_its_shortest() -> None:
    assert [languages.normalise(code, "test") for code in (" hin", "hi-IN", "HI", "hi")] == ["hi"] * 4
    for code in ("und", "xx", "hi_", "अ", ""):
        with pytest.raises(ConfigurationError, match="is not a language code"):
            languages.normalise(code, "test")


def test_a_language_without_a_name_at_hand_is_told_by_its_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "language_data", None)
    monkeypatch.setitem(sys.modules, "language_data.names", None)
    assert languages.name("ceb") == "ceb"
