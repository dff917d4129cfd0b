"""Stage 05's own logic: known names in any script, overlaps, the film's list of names."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samvad.documents.names import FilmName
from samvad.documents.segments import Entity, Segment, SegmentsDocument
from samvad.film import known_names
from samvad.film.glossary import Entry, Glossary
from samvad.film.known_names import Gazetteer, Name
from samvad.film.metadata import CastMember, FilmMetadata
from samvad.stages.ner import merge


def person(*texts: str) -> Gazetteer:
    return Gazetteer(Name(text, "person", "glossary") for text in texts)


def found(known: Gazetteer, text: str) -> list[str]:
    entities = known.find(text)
    assert all(text[entity.start : entity.end] == entity.text for entity in entities)
    return [entity.text for entity in entities]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Jai, come here. JAI! jai's car", ["Jai", "JAI", "jai"]),
        ("Jaipur and Sanjai are no Jai2", []),
        ("(Jai)-Jai…Jai", ["Jai", "Jai", "Jai"]),
        ("", []),
    ],
)
def test_whole_words_are_found_whatever_their_case(text: str, names: list[str]) -> None:
    assert found(person("Jai"), text) == names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("राम ने कहा।", ["राम"]),
        ("रामा और आराम", []),  # a vowel sign, or a letter before, makes it another word
        ("रामः", []),
        ("“राम”!", ["राम"]),
    ],
)
def test_a_hindi_word_ends_after_its_vowel_signs(text: str, names: list[str]) -> None:
    assert found(person("राम"), text) == names


def test_composed_decomposed_and_joined_letters_are_the_same() -> None:
    known = person("ज़ोया", "José", "रक्षा")
    for form in ("NFC", "NFD"):
        text = unicodedata.normalize(form, "ज़ोया, JOSÉ!")
        assert len(found(known, text)) == 2
    assert found(known, "रक्\u200dषा") == ["रक्\u200dषा"]


def test_the_longest_name_wins() -> None:
    known = person("Jai", "Jai Singh", "Jai Singh Rathore", "Rathore")
    assert found(known, "Jai Singh Rathore met Jai Singh and Jai, not Rathore") == [
        "Jai Singh Rathore",
        "Jai Singh",
        "Jai",
        "Rathore",
    ]


@pytest.mark.parametrize("text", ["Jai-Singh", "Jai  Singh", "Jai\nSingh"])
def test_a_name_may_have_spaces_and_hyphens_between_its_words(text: str) -> None:
    assert found(person("Jai Singh"), text) == [text]


@pytest.mark.parametrize("text", ["Jai, Singh", "Kabir? Singh", "Kabir. Singh is here"])
def test_a_name_does_not_go_on_over_the_end_of_a_sentence(text: str) -> None:
    assert found(person("Jai Singh", "Kabir Singh"), text) == []


def test_the_dot_of_an_abbreviation_is_part_of_a_name() -> None:
    assert found(person("Dr Rao", "K. L. Saigal"), "Dr. Rao sang K. L. Saigal and K L Saigal") == [
        "Dr. Rao",
        "K. L. Saigal",
        "K L Saigal",
    ]


def test_a_part_of_a_name_needs_a_capital_where_there_are_capitals() -> None:
    known = Gazetteer([Name("Hope", "person", "tmdb", True), Name("आशा", "person", "tmdb", True)])
    assert found(known, "I hope that Hope is here, HOPE, आशा") == ["Hope", "HOPE", "आशा"]


@given(st.text(), st.lists(st.text(min_size=1), max_size=5))
def test_whatever_the_text_places_are_right_and_apart(text: str, names: list[str]) -> None:
    entities = person(*names).find(text)
    last = 0
    for entity in entities:
        assert last <= entity.start < entity.end <= len(text)
        assert text[entity.start : entity.end] == entity.text
        last = entity.end


@given(st.text(alphabet="abcकखिाé ", min_size=1).filter(str.strip))
def test_a_name_is_found_where_it_stands_between_others(name: str) -> None:
    if known_names.split(name):
        assert found(person(name), f"x, {name.strip()}. x")


FILM = FilmMetadata("tmdb", 1, "T", "T", 2008, (CastMember("Imran Khan", "Jai Singh Rathore / Police Inspector"),))


def test_only_what_the_glossary_calls_a_name_is_looked_for() -> None:
    glossary = Glossary(
        (
            Entry("yaar", "man", context="address"),
            Entry("बंबई", "Bombay", ("Bambai",), " Place "),
            Entry("अदिति", "Aditi", context="name"),
            Entry("Imran Khan", "Imran Khan", context="person", source="tmdb"),
        )
    )
    names = {name.text: (name.label, name.source) for name in known_names.known_names(glossary, None)}
    assert names == {
        "बंबई": ("place", "glossary"), "Bombay": ("place", "glossary"), "Bambai": ("place", "glossary"),
        "अदिति": ("person", "glossary"), "Aditi": ("person", "glossary"), "Imran Khan": ("person", "tmdb"),
    }  # fmt: skip


def test_characters_are_known_by_parts_of_their_names_and_actors_by_the_whole() -> None:
    known = Gazetteer(known_names.known_names(None, FILM))
    assert found(known, "Jai and Rathore met Imran Khan, not Imran; inspector Singh, jai ho") == [
        "Jai",
        "Rathore",
        "Imran Khan",
        "Singh",
    ]


def test_without_a_glossary_and_a_cast_nothing_is_found() -> None:
    known = Gazetteer(known_names.known_names(None, None))
    assert len(known) == 0
    assert known.find("Jai") == []


def entity(text: str, start: int, source: str = "m", label: str = "person") -> Entity:
    return Entity(text, label, start, start + len(text), source)


def test_known_names_win_over_the_models_and_longer_ones_over_shorter() -> None:
    glossary = [entity("Jai", 0, "glossary")]
    model = [entity("Jai Singh", 0), entity("Aditi Mahant", 20), entity("Mahant", 26), entity("Rotlu", 3)]
    kept = merge.without_overlaps(glossary, model)
    assert [(item.text, item.start) for item in kept] == [("Jai", 0), ("Rotlu", 3), ("Aditi Mahant", 20)]


def test_the_films_names_are_counted_once_each() -> None:
    def segment(number: int, *entities: Entity) -> Segment:
        return Segment(number, number * 1000, number * 1000 + 500, "text", "en", entities=entities)

    document = SegmentsDocument(
        "en",
        9000,
        (
            segment(1, entity("Mumbai", 0, "en_model", "place")),
            segment(2, entity("jai", 0, "tmdb"), entity("Jai", 5, "en_model", "place")),
            segment(3, entity("Jai", 0, "en_model", "place")),
        ),
    )
    assert merge.film_names(document) == [
        FilmName(
            "Jai", "person", "tmdb", 3, 2000, variants={"Jai": 2, "jai": 1}, spellings={"Latn": "Jai"}, target="Jai"
        ),
        FilmName(
            "Mumbai",
            "place",
            "en_model",
            1,
            1000,
            variants={"Mumbai": 1},
            spellings={"Latn": "Mumbai"},
            target="Mumbai",
        ),
    ]
