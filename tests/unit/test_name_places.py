"""Places, titles and everyday names beside the names of a film: what must stay, and what is mended."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from samvad.core import schemas
from samvad.documents.segments import Entity, Segment, SegmentsDocument
from samvad.film import matcher
from samvad.film.known_names import Name
from samvad.stages.ner import consistency

CASES = schemas.ROOT / "benchmarks" / "data" / "places_beside_names.tsv"
GLOSSARY = schemas.ROOT / "config" / "glossary" / "hinglish.tsv"
#: What is mended to a place needs the place in a glossary.
MENDED = {"Kal Kanpoor mein baarish thi.", "Kal hum Kaanpur gaye, Kanpur mein.", "Woh Naagpur gaya tha, Nagpur mein."}


def rows(path: Path) -> list[list[str]]:
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return list(csv.reader(lines[1:], delimiter="\t"))


def written(said: str, cast: str, places: list[Name]) -> str:
    names = [Name(name, "person", "tmdb", " " not in name, heard=True) for name in cast.strip("- ").split("|") if name]
    document = SegmentsDocument("hi", 9000, (Segment(1, 0, 5000, said, "hi"),))
    return consistency.make_consistent(document, [*places, *names], {}).document.segments[0].text


@pytest.mark.parametrize("with_glossary", [True, False])
def test_a_place_a_title_or_another_name_is_not_pulled_to_the_cast(with_glossary: bool) -> None:
    listed = [row for row in rows(GLOSSARY) if len(row) > 3 and row[3] == "place"]
    places = [Name(row[0], "place", "glossary", target=row[1] or row[0], heard=True) for row in listed]
    wrong = []
    cases = [row for row in rows(CASES) if with_glossary or row[1] not in MENDED]
    for cast, said, right in cases:
        made = written(said, cast, places if with_glossary else [])
        if made != right:
            wrong.append(f"{cast}: {said} {made}")
    assert len(cases) >= 190
    assert wrong == []


def test_a_word_is_beaten_by_a_name_that_it_is_more_like_and_not_by_another_spelling_of_the_films() -> None:
    def beaten(word: str, name: str, *, is_person: bool = False) -> str | None:
        (match,) = matcher.Matcher([name]).matches(word)
        found = matcher.beating(word, match, is_person=is_person)
        return found.name if found else None

    assert beaten("Kanpur", "Kapoor") == "Kanpur"
    assert beaten("Kappur", "Kanpur") == "Kapoor"
    assert beaten("Kapur", "Kapoor") is None
    assert beaten("Varma", "Verma") is None
    assert beaten("Kanpur", "Kapoor", is_person=True) == "Kanpur", "spelled as the place is, whatever stands before"
    assert beaten("Kanpoor", "Kapoor", is_person=True) is None
    assert beaten("Shimla", "Shyamla") == "Shimla", "spelled as the place is"
    assert beaten("Shimlaa", "Shyamla") is None
    assert beaten("Patil", "Patel", is_person=True) == "Patil"
    assert beaten("Meera", "Mira") is None, "one name in two spellings"


def test_what_is_spoken_of_as_a_place_is_no_person_unless_it_is_all_but_spelled_so() -> None:
    assert written("Kal Madhubani mein mela tha.", "Madhuban", []) == "Kal Madhubani mein mela tha."
    assert written("Kal Madhubani aayi thi, Madhubani.", "Madhuban", []) != "Kal Madhubani aayi thi, Madhubani."
    assert written("Yeh Raahul mein hai.", "Rahul", []) == "Yeh Rahul mein hai."
    # A place once, and a person twice; a comma parts them ("mein" is "I" too).
    assert written("Woh Simren mein hai. Kal Simren, Simren!", "Simran", []).count("Simran") == 3
    assert written("Suno Madhubani, mein jaata hoon.", "Madhuban", []) == "Suno Madhuban, mein jaata hoon."


def test_a_title_before_a_place_makes_no_person_of_it_and_says_so() -> None:
    names = [Name("Kapoor", "person", "tmdb", True, heard=True)]
    for said in ("Mr. Kanpur aaye hain.", "Kanpur sahab, suniye.", "I met Mr. Kanpur, Kanpur sahab."):
        document = SegmentsDocument("hi", 9000, (Segment(1, 0, 5000, said, "hi"),))
        outcome = consistency.make_consistent(document, names, {})
        assert outcome.document.segments[0].text == said
        assert [(item.like, item.reason) for item in outcome.undecided] == [
            ("Kapoor", "spelled as a place, with a title beside it")
        ]
    assert written("I met Mr. Nagpur, Nagpur sahab.", "Kapoor", []) == "I met Mr. Nagpur, Nagpur sahab."
    assert written("Mr. Kappur aaye hain.", "Kapoor", []) == "Mr. Kapoor aaye hain."


@pytest.mark.parametrize(("label", "right"), [("place", "Wairma"), ("person", "Verma")])
def test_what_a_model_calls_a_place_speaks_for_no_person(label: str, right: str) -> None:
    # No capital inside a sentence, no title: the model's word alone.
    document = SegmentsDocument("en", 9000, (Segment(1, 0, 5000, "Wairma was there last year.", "en"),))
    model = {1: [Entity("Wairma", label, 0, 6, "spacy")]}
    names = [Name("Verma", "person", "tmdb", heard=True)]
    made = consistency.make_consistent(document, names, model).document.segments[0].text
    assert made == f"{right} was there last year."
