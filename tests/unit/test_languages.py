"""Languages: the tables that spare the loading of the library say what it says."""

from __future__ import annotations

import langcodes
import pytest

from samvad.core.errors import ConfigurationError
from samvad.text import languages


def test_the_names_of_common_languages_are_the_librarys() -> None:
    assert {code: langcodes.Language.get(code).display_name("en") for code in languages.NAMES} == languages.NAMES
    assert set(languages.INDICTRANS2) <= set(languages.NAMES)
    assert languages.name("eu") == "Basque", "any other is asked for"


def test_codes_that_are_taken_as_they_are_are_the_shortest_ones() -> None:
    for code in languages.NLLB:
        assert str(langcodes.Language.get(code, normalize=True).language) == code


def test_another_code_of_a_language_becomes_its_shortest() -> None:
    assert [languages.normalise(code, "test") for code in (" hin", "hi-IN", "HI", "hi")] == ["hi"] * 4
    for code in ("und", "xx", "hi_", "अ", ""):
        with pytest.raises(ConfigurationError, match="is not a language code"):
            languages.normalise(code, "test")
