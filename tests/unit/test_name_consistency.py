"""Stage 05's own logic: misheard names written in one spelling, common words left alone, a person's overrides."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samvad.core.errors import ConfigurationError
from samvad.documents.names import FilmName
from samvad.documents.segments import Entity, Segment, SegmentsDocument, Word
from samvad.film.known_names import Name
from samvad.film.metadata import CastMember, FilmMetadata
from samvad.stages.ner import consistency, merge, overrides, rewrite
from samvad.stages.ner.overrides import Override
from samvad.stages.ner.rewrite import Change


def spoken(number: int, text: str, language: str = "hi", words: str | None = None) -> Segment:
    start_ms = number * 10_000
    parts = (text if words is None else words).split()
    timed = tuple(Word(start_ms + 100 * at, start_ms + 100 * at + 90, part, 0.9) for at, part in enumerate(parts))
    return Segment(number, start_ms, start_ms + 9_000, text, language, timed)


def film(*texts: str, language: str = "hi") -> SegmentsDocument:
    return SegmentsDocument(language, 999_000, tuple(spoken(at, text, language) for at, text in enumerate(texts, 1)))


def cast(*names: str) -> list[Name]:
    return [Name(name, "person", "tmdb", capitalised=" " not in name, heard=True) for name in names]


MUMBAI = [
    Name("Mumbai", "place", "glossary", target="Mumbai", heard=True),
    Name("मुंबई", "place", "glossary", target="Mumbai", heard=True),
]


def texts(outcome: consistency.Outcome) -> list[str]:
    return [segment.text for segment in outcome.document.segments]


def test_a_misheard_name_is_written_as_the_cast_has_it_and_logged() -> None:
    outcome = consistency.make_consistent(film("Kal Simrun aayi thi.", "Simran, ruko!"), cast("Simran"), {})
    assert texts(outcome) == ["Kal Simran aayi thi.", "Simran, ruko!"]
    (made,) = outcome.replacements
    assert (made.segment_id, made.start_ms, made.end_ms, made.old, made.new) == (1, 10_100, 10_190, "Simrun", "Simran")
    assert 0.9 < made.score < 1
    assert made.evidence == "capital, spoken"
    word = outcome.document.segments[0].words[1]
    assert (word.text, word.start_ms, word.end_ms) == ("Simran", 10_100, 10_190)


def test_punctuation_and_the_words_around_stay() -> None:
    outcome = consistency.make_consistent(film('Suno "Simrun"... Simrun\'s ghar?'), cast("Simran"), {})
    assert texts(outcome) == ['Suno "Simran"... Simran\'s ghar?']
    assert [word.text for word in outcome.document.segments[0].words] == ["Suno", '"Simran"...', "Simran's", "ghar?"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Main khana kha raha hoon, khana do", ("Khanna",)),
        ("Unki Aasha thi ki Will aayega", ("Asha", "Bill")),
        ("woh simrun dekho", ("Simran",)),  # in small letters, once, and the name is not spoken
        ("मुझे कहना है कि रखा है", ("Khanna", "Rekha")),
        ("Rose laya hoon", ("Rosa",)),
    ],
)
def test_what_may_be_an_ordinary_word_is_left_alone(text: str, names: tuple[str, ...]) -> None:
    outcome = consistency.make_consistent(film("Haan, theek hai.", text), cast(*names), {})
    assert texts(outcome)[1] == text
    assert outcome.replacements == ()


def test_names_that_are_words_need_more_evidence() -> None:
    known = cast("Asha")
    left = consistency.make_consistent(film("Kya Ashaa hai?"), known, {})
    assert left.replacements == ()
    outcome = consistency.make_consistent(film("Kya Ashaa hai?", "Kahan hai Asha?"), known, {})
    assert texts(outcome)[0] == "Kya Asha hai?"


def test_a_word_of_respect_a_model_and_recurrence_are_evidence_too() -> None:
    known = cast("Simran")
    for document, by_model in (
        (film("ok.", "kal simrun ji aayi"), {}),
        (film("ok.", "kal simrun aayi", "phir simrun gayi"), {}),
        (film("ok.", "kal simrun aayi"), {2: [Entity("simrun", "person", 4, 10, "m")]}),
        (film("ok.", "simrun, idhar aao"), {}),
    ):
        outcome = consistency.make_consistent(document, known, by_model)
        assert [item.new for item in outcome.replacements] == ["Simran"] * len(outcome.replacements), document
        assert outcome.replacements, document


def test_another_name_of_the_cast_is_never_replaced() -> None:
    outcome = consistency.make_consistent(film("Phir Karan aaya.", "Phir Kiran gayi."), cast("Karan", "Kiran"), {})
    assert outcome.replacements == ()


def test_a_name_as_frequent_as_its_like_is_left_to_a_person() -> None:
    document = film("Phir Sanjay aaya.", "Kal Sanjay gaya.", "Aur Sanjay hai.", "Phir Sanjai gaya.")
    outcome = consistency.make_consistent(document, cast("Sanjai"), {})
    assert outcome.replacements == ()
    assert [(item.text, item.count, item.like) for item in outcome.undecided] == [("Sanjay", 3, "Sanjai")]


def test_accents_that_the_cast_has_are_written() -> None:
    outcome = consistency.make_consistent(film("Phir Raul aaya, Rahul."), cast("Rahul", "Raúl"), {})
    assert texts(outcome) == ["Phir Raúl aaya, Rahul."]


def test_a_name_heard_as_two_words_and_two_names_heard_as_one() -> None:
    outcome = consistency.make_consistent(
        film("Wahan Uday pur mein tha.", "Phir Dilsher Singh aaya", "Kal Dilshersingh gaya"),
        [*cast("Dilsher Singh"), Name("Udaipur", "place", "glossary", heard=True)],
        {},
    )
    assert texts(outcome)[0] == "Wahan Udaipur mein tha."
    words = outcome.document.segments[0].words
    assert [(word.text, word.start_ms, word.end_ms) for word in words[:2]] == [
        ("Wahan", 10_000, 10_090),
        ("Udaipur", 10_100, 10_290),
    ]
    assert texts(outcome)[2] == "Kal Dilsher Singh gaya"
    assert [word.text for word in outcome.document.segments[2].words] == ["Kal", "Dilsher", "Singh", "gaya"]


def test_each_script_keeps_its_own_spelling_and_they_are_one_name() -> None:
    document = film("सिमरन आई।", "सिमरण, रुको!", "सिमरन कहाँ है?", "Phir Simran aayi.", "मूंबई में, हाँ मूंबई में")
    outcome = consistency.make_consistent(document, [*cast("Simran"), *MUMBAI], {})
    assert texts(outcome) == ["सिमरन आई।", "सिमरन, रुको!", "सिमरन कहाँ है?", "Phir Simran aayi.", "मुंबई में, हाँ मुंबई में"]


def test_the_case_before_a_postposition_is_no_misspelling() -> None:
    agra = [Name("आगरा", "place", "glossary", target="Agra", heard=True)]
    outcome = consistency.make_consistent(film("आगरा गया था", "आगरे में, आगरे से"), agra, {})
    assert outcome.replacements == ()


def test_a_transcript_without_capitals_gets_those_of_names() -> None:
    outcome = consistency.make_consistent(
        film("kal simran aayi", "simrun ne kaha", "asha hai ki jai ho"), cast("Simran", "Asha", "Jai"), {}
    )
    assert texts(outcome) == ["kal Simran aayi", "Simran ne kaha", "asha hai ki jai ho"]


def test_without_a_cast_the_models_frequent_name_sets_the_spelling_in_its_own_language() -> None:
    said = ["Where is Rahul?", "I saw Rahul.", "Call Rahul now.", "And Rahool came."]
    segments = [spoken(at, text, "en") for at, text in enumerate(said, 1)] + [spoken(5, "Está Raúl aquí", "es")]
    document = SegmentsDocument("en", 99_000, tuple(segments))
    by_model = {
        at: [Entity(name, "person", text.index(name), text.index(name) + len(name), "m")]
        for at, text in enumerate(said, 1)
        for name in (("Rahul",) if at < 4 else ("Rahool",))
    }
    outcome = consistency.make_consistent(document, [], by_model)
    assert texts(outcome)[3:] == ["And Rahul came.", "Está Raúl aquí"]


def test_an_override_wins_over_everything() -> None:
    document = film("Phir Simrun aayi.", "Kal Simrun gayi, ek baar", "Wahan Bhola tha.")
    wanted = [
        Override("Simrun", "Simrun"),
        Override("simrun", "Simi", time_ms=25_000),
        Override("Bhola", "Bholu"),
    ]
    outcome = consistency.make_consistent(document, cast("Simran", "Bhola"), {}, wanted)
    assert texts(outcome) == ["Phir Simrun aayi.", "Kal Simi gayi, ek baar", "Wahan Bholu tha."]
    assert [item.evidence for item in outcome.replacements] == ["override", "override"]


def test_a_segment_whose_words_are_not_its_text_is_left_and_counted() -> None:
    segment = spoken(1, "Phir Simrun ji aayi.", words="quite other words")
    outcome = consistency.make_consistent(SegmentsDocument("hi", 99_000, (segment,)), cast("Simran"), {})
    assert (texts(outcome), outcome.unaligned, outcome.replacements) == (["Phir Simrun ji aayi."], 1, ())


def test_a_segment_without_words_is_changed_too() -> None:
    segment = spoken(1, "Phir Simrun ji aayi.", words="")
    outcome = consistency.make_consistent(SegmentsDocument("hi", 99_000, (segment,)), cast("Simran"), {})
    assert texts(outcome) == ["Phir Simran ji aayi."]
    assert (outcome.replacements[0].start_ms, outcome.replacements[0].end_ms) == (10_000, 19_000)


def test_entities_move_with_the_text() -> None:
    changes = [Change(0, 2, "Simran"), Change(7, 10, "K")]
    text = "Simran and K met"
    found = rewrite.moved([Entity("Si", "person", 0, 2, "m"), Entity("Kay", "person", 7, 10, "m")], changes, text)
    assert [(item.text, text[item.start : item.end]) for item in found] == [("Simran", "Simran"), ("K", "K")]


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(["Simrun", "simran", "Simran,", "kal", "ghar", "(Simrun)", "सिमरण", "Raj-Simrun", "x"]),
        max_size=8,
    )
)
def test_whatever_is_said_words_and_text_stay_together(said: list[str]) -> None:
    document = film("Simran hai.", " ".join(said))
    outcome = consistency.make_consistent(document, cast("Simran", "Raj"), {})
    for before, after in zip(document.segments, outcome.document.segments, strict=True):
        assert " ".join(word.text for word in after.words) == after.text
        assert [word.start_ms for word in after.words] == sorted(word.start_ms for word in after.words)
        assert (after.words[:1] or [None])[0] is None or after.words[0].start_ms == before.words[0].start_ms
    again = consistency.make_consistent(outcome.document, cast("Simran", "Raj"), {})
    assert [item for item in again.replacements if item.old != "simran"] == []


def test_the_films_names_keep_their_spellings_and_what_was_heard() -> None:
    document = film("Simran", "सिमरन")
    marked = tuple(
        replace(item, entities=(Entity(item.text, "person", 0, len(item.text), "tmdb"),)) for item in document.segments
    )
    known = [*cast("Simran"), Name("सिमरन", "person", "tmdb", target="Simran")]
    (name,) = merge.film_names(replace(document, segments=marked), known, {"Simran": Counter({"Simrun": 2})})
    assert (name.text, name.count, name.target) == ("Simran", 2, "Simran")
    assert name.spellings == {"Latn": "Simran", "Deva": "सिमरन"}
    assert name.heard == {"Simrun": 2}
    assert set(name.variants) == {"Simran", "सिमरन"}


def test_the_cast_list_counts_how_often_each_character_is_named() -> None:
    metadata = FilmMetadata(
        "tmdb",
        1,
        "T",
        "T",
        1995,
        (CastMember("A", "Simran Singh"), CastMember("B", "Baldev Singh"), CastMember("C", "Raj")),
    )
    names = [
        FilmName("Simran", "person", "tmdb", 3, 500, {"Simran": 3}, target="Simran"),
        FilmName("Singh", "person", "tmdb", 4, 100, {"Singh": 4}, target="Singh"),
        FilmName("Baldev Singh", "person", "tmdb", 1, 900, {"Baldev Singh": 1}, target="Baldev Singh"),
    ]
    counted = [(item.character, item.actor, item.count, item.first_ms) for item in merge.cast_counts(names, metadata)]
    assert counted == [("Simran Singh", "A", 3, 500), ("Baldev Singh", "B", 1, 900), ("Raj", "C", 0, None)]


def test_a_file_of_overrides_is_read(tmp_path: Path) -> None:
    path = tmp_path / "o.tsv"
    path.write_text("# mine\nold\tnew\ttime\nSimrun\tSimran\t\nKaran\t\t0:01:02.5\n", "utf-8")
    assert overrides.read(path, "o.tsv") == (Override("Simrun", "Simran"), Override("Karan", "Karan", 62_500))


def test_a_wrong_file_of_overrides_is_refused_with_every_line(tmp_path: Path) -> None:
    path = tmp_path / "o.tsv"
    path.write_text("old\tnew\ttime\n\tSimran\t\n--\tx\t\nA\tB\tlater\n", "utf-8")
    with pytest.raises(ConfigurationError) as caught:
        overrides.read(path, "o.tsv")
    for said in ("line 2, column old", "line 3, column old", "line 4, column time"):
        assert said in str(caught.value)
