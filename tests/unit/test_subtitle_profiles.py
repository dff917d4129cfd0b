"""Profiles: data that is checked, that extend each other, and that say where each rule is written."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
import yaml

from samvad.core.errors import ConfigurationError
from samvad.settings import subtitle_profiles

FILM = Fraction(24)


def own(folder: Path, text: str, name: str = "mine.yaml") -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_the_profiles_that_come_with_samvad_are_those_that_the_documentation_names() -> None:
    assert subtitle_profiles.names() == ["bbc", "children", "netflix", "netflix-sdh"]


@pytest.mark.parametrize("name", ["bbc", "children", "netflix", "netflix-sdh"])
def test_every_rule_of_a_profile_names_a_document_of_the_profile(name: str) -> None:
    profile = subtitle_profiles.load(name)
    for language, layer in profile.layers:
        for key, rule in layer.items():
            document = rule["source"].split(",")[0].split(":")[0]
            assert document in profile.documents, (name, language, key)
    urls = [document["url"] for document in profile.documents.values() if document["url"]]
    assert urls and all(url.startswith("https://") for url in urls)


@pytest.mark.parametrize(
    ("name", "language", "speed"),
    [
        ("netflix", "en", 20),
        ("netflix", "hi", 22),
        ("netflix", "ta", 22),
        ("netflix", "fr", 17),
        ("children", "en", 17),
        ("children", "hi", 18),
        ("children", "fr", 13),
        ("netflix-sdh", "hi", 25),
        ("netflix-sdh", "te", 22),
    ],
)
def test_reading_speeds_are_those_that_netflix_publishes(name: str, language: str, speed: float) -> None:
    assert subtitle_profiles.load(name).rules(language, FILM).reading_speed_cps == speed


def test_a_rule_for_a_language_wins_over_the_one_for_all() -> None:
    netflix = subtitle_profiles.load("netflix")
    assert (netflix.rules("en", FILM).songs, netflix.rules("hi", FILM).songs) == ("italics", "♪")
    assert not netflix.rules("hi", FILM).italics


def test_frames_become_milliseconds_of_the_films_own_rate() -> None:
    netflix = subtitle_profiles.load("netflix")
    assert [netflix.rules("en", rate).gap_ms for rate in (FILM, Fraction(25), Fraction(24_000, 1001))] == [84, 80, 84]


def test_the_bbc_counts_words_a_minute() -> None:
    rules = subtitle_profiles.load("bbc").rules("en", FILM)
    assert (rules.reading_speed_cps, rules.reading_speed_wpm) == (None, 180)
    assert rules.reading_ms(characters=100, words=9) == 3000


def test_a_profile_of_ones_own_says_only_what_differs(tmp_path: Path) -> None:
    text = """
title: Our channel
extends: netflix
sources: {ours: {title: House rules, url: null}}
rules:
  max_line_characters: {value: 38, source: "ours, page 3"}
  reading_speed_wpm: {value: 170, source: "ours, page 4", level: warning}
"""
    rules = subtitle_profiles.load(own(tmp_path, text)).rules("hi", FILM)
    assert (rules.max_line_characters, rules.max_lines, rules.reading_speed_wpm) == (38, 2, 170)
    assert rules.reading_speed_cps is None, "its own measure of speed takes the place of the other"
    assert rules.levels["reading_speed_wpm"] == "warning"
    assert rules.sources["max_line_characters"] == "ours, page 3"


def test_a_profile_may_extend_one_beside_it(tmp_path: Path) -> None:
    own(tmp_path, "title: Base\nextends: bbc\nrules: {max_lines: {value: 3, source: samvad}}\n", "base.yaml")
    top = own(tmp_path, "title: Top\nextends: base.yaml\nrules: {}\n")
    profile = subtitle_profiles.load(top)
    assert profile.rules("en", FILM).max_lines == 3
    assert [path.name for path in profile.files] == ["bbc.yaml", "base.yaml", "mine.yaml"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("title: A\nextends: netflix\nrules: {max_linse: {value: 3, source: x}}", "max_linse"),
        ("title: A\nextends: netflix\nrules: {max_lines: {value: 3}}", "source"),
        ("title: A\nextends: netflix\nrules: {max_lines: {value: two, source: x}}", "max_lines"),
        ("title: A\nextends: null\nrules: {}", "does not say break_syntax"),
        ("title: A\nextends: nothing\nrules: {}", "no subtitle profile 'nothing'"),
        ("title: A\nextends: mine.yaml\nrules: {}", "extends itself"),
        ("title: [A\n", "not YAML"),
    ],
)
def test_a_profile_that_is_wrong_is_refused_with_the_key(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        subtitle_profiles.load(own(tmp_path, text)).rules("en", FILM)


def test_a_shortest_time_above_the_longest_is_refused(tmp_path: Path) -> None:
    text = "title: A\nextends: netflix\nrules: {min_duration_seconds: {value: 8, source: x}}"
    with pytest.raises(ConfigurationError, match="min_duration_seconds is above"):
        subtitle_profiles.load(own(tmp_path, text)).rules("en", FILM)


def test_the_files_are_plain_yaml_with_each_value_beside_its_source() -> None:
    for name in subtitle_profiles.names():
        value = yaml.safe_load((subtitle_profiles.FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
        assert all(set(rule) <= {"value", "source", "level"} for rule in value["rules"].values())
