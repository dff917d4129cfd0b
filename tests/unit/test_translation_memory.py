"""The glossary's terms and routes between languages; the memory: exact hits, corrections that win, damaged files."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

import hostile
from samvad.core.errors import ChangedFileError, ConfigurationError
from samvad.documents.segments import Entity, Segment, SegmentsDocument, Translation
from samvad.stages.translation import backends, guards, memory, routes, terms
from samvad.stages.translation.backends import Line
from samvad.stages.translation.memory import Correction, Memory, Remembered
from samvad.stages.translation.routes import NoBackend, Router
from samvad.stages.translation.terms import Glossary, Term
from samvad.text import languages, scripts

KEY = {"source": "hi", "target": "en", "model": "m", "glossary": "g", "preparation": "1"}


# -- memory ----------------------------------------------------------------------------------------------------------


def test_what_was_kept_is_found_by_another_process_and_only_exactly(tmp_path: Path) -> None:
    value = Remembered("Yes.", -0.5, 2, ("x",), (("a", "b", "placeholder"),))
    first = Memory(tmp_path / "m.sqlite")
    first.keep(KEY, "हाँ।", value)
    first.save()
    second = Memory(tmp_path / "m.sqlite")
    assert second.find(KEY, " हाँ। ") == value
    assert second.find(KEY, "हाँ") is None
    assert all(second.find({**KEY, name: "other"}, "हाँ।") is None for name in KEY)


def test_what_weights_made_that_have_changed_since_is_not_kept(tmp_path: Path) -> None:
    def changed() -> None:
        raise ChangedFileError("The weights were changed.")

    store = Memory(tmp_path / "m.sqlite", changed)
    store.save()  # nothing to write, nothing to ask
    store.keep(KEY, "हाँ।", Remembered("Yes.", -0.5, 2))
    with pytest.raises(ChangedFileError):
        store.save()
    store.save()
    assert Memory(tmp_path / "m.sqlite").find(KEY, "हाँ।") is None


def test_the_file_uses_no_write_ahead_log(tmp_path: Path) -> None:
    store = Memory(tmp_path / "m.sqlite")
    store.keep(KEY, "हाँ।", Remembered("Yes.", -0.5, 2))
    store.save()
    assert [path.name for path in tmp_path.iterdir()] == ["m.sqlite"]
    assert sqlite3.connect(tmp_path / "m.sqlite").execute("PRAGMA journal_mode").fetchone() == ("delete",)


def test_a_later_correction_wins_and_changes_the_fingerprint(tmp_path: Path) -> None:
    store = Memory(tmp_path / "m.sqlite")
    pair = [("hi", "en")]
    prints = [store.fingerprint(pair)]
    for text in ("Yes.", "Yeah."):
        store.learn([Correction("hi", "en", "हाँ।", text)], "hand.tsv")
        prints.append(store.fingerprint(pair))
    assert store.correction("हाँ।", "hi", "en") == "Yeah."
    assert store.correction("हाँ।", "hi", "fr") is None
    assert len(set(prints)) == 3


def test_without_a_file_nothing_is_remembered_and_nothing_fails(tmp_path: Path) -> None:
    store = Memory(None)
    store.keep(KEY, "हाँ।", Remembered("Yes.", -0.5, 2))
    store.save()
    assert store.find(KEY, "हाँ।") is None
    missing = Memory(tmp_path / "none.sqlite")
    assert missing.find(KEY, "x") is None
    assert not (tmp_path / "none.sqlite").exists(), "looking makes no file"


def test_a_file_that_is_no_database_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "m.sqlite").write_bytes(b"x" * 5000)
    store = Memory(tmp_path / "m.sqlite")
    assert store.find(KEY, "x") is None
    assert "cannot be used" in store.problem


def said(*texts: str) -> list[Line]:
    return [Line(at + 1, "hi", text, 1000 * at, 1000 * at + 900, 0, 0) for at, text in enumerate(texts)]


def test_a_row_of_other_types_is_no_translation_and_fails_nothing(tmp_path: Path) -> None:
    store = Memory(tmp_path / "m.sqlite")
    store.keep(KEY, "हाँ।", Remembered("Yes.", -0.5, 2))
    store.save()
    store.learn([Correction("hi", "en", "हाँ।", "Yes!")], "x")
    details = [None, 1, 1.5, b"\xff\x00", "", "null", "[]", "{}", "NaN", "[" * 100_000]
    details += [
        json.dumps({"log_probability": odd, "tokens": 2, "flags": [], "uses": []}) for odd in hostile.ODD_VALUES
    ]
    details += [json.dumps({"log_probability": -1.0, "tokens": 2, "flags": [], "uses": odd}) for odd in ([["a"]], [1])]
    with closing(sqlite3.connect(tmp_path / "m.sqlite")) as database:
        database.executescript("DROP TABLE translations; CREATE TABLE translations (key, made, detail)")
        for odd in (None, 1, b"\xff", "Yes."):
            for detail in details if odd == "Yes." else ['{"log_probability": -0.5, "tokens": 2}']:
                database.execute("DELETE FROM translations")
                key = memory._hash(KEY, "हाँ।")
                database.execute("INSERT INTO translations VALUES (?, ?, ?)", (key, odd, detail))
                database.commit()
                found = Memory(tmp_path / "m.sqlite").find(KEY, "हाँ।")
                assert found is None or isinstance(found.log_probability, int | float)
        database.executescript("DROP TABLE corrections; CREATE TABLE corrections (source, target, text, made)")
        database.executemany("INSERT INTO corrections VALUES ('hi', 'en', ?, ?)", [(1, "x"), ("y", b"z"), (None, None)])
        database.commit()
    assert Memory(tmp_path / "m.sqlite").correction("y", "hi", "en") is None


def test_a_memory_that_goes_on_for_ever_is_done_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_LONGEST_SECONDS", 0.2)
    endless = (
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x AS key, x AS made, x AS detail FROM n"
    )
    with closing(sqlite3.connect(tmp_path / "m.sqlite")) as database:
        database.executescript(f"CREATE VIEW translations AS {endless}")
    store = Memory(tmp_path / "m.sqlite")
    assert store.find(KEY, "हाँ।") is None and "interrupted" in store.problem


def test_lines_that_were_corrected_together_are_found_together(tmp_path: Path) -> None:
    store = Memory(tmp_path / "m.sqlite")
    store.learn([Correction("hi", "en", "मैं कल घर जाऊँगा", "I go home tomorrow")], "x")
    found = memory.corrected(store, said("हाँ", "मैं कल", "घर जाऊँगा"), "en")
    assert set(found) == {2, 3}
    assert f"{found[2]} {found[3]}" == "I go home tomorrow"


def test_what_says_nothing_is_never_learned_and_never_found(tmp_path: Path) -> None:
    path = tmp_path / "m.sqlite"
    store = Memory(path)
    silent = ["", " ", "♪", "● ● ● ●", "…", "- -", "?!"]
    assert store.learn([Correction("hi", "en", f"उफ़ {text}", text) for text in silent], "x") == 0
    assert store.learn([Correction("hi", "en", text, "Oof") for text in silent], "x") == 0
    assert store.learn([Correction("hi", "en", "उफ़", "Oof"), Correction("hi", "en", "हाँ", "")], "x") == 1
    with closing(sqlite3.connect(path)) as database, database:  # as a memory of before may hold it
        database.execute("INSERT INTO corrections VALUES ('hi', 'en', 'नहीं', '', 'x', 'y')")
    again = Memory(path)
    assert [again.correction(text, "hi", "en") for text in ("उफ़", "हाँ", "नहीं", "उफ़ ♪")] == ["Oof", None, None, None]
    assert memory.corrected(again, said("नहीं", "हाँ"), "en") == {}


HEADER = "how\tsegments\tsource_language\tsource_text\tlanguage\tmachine_text\tcorrected_text\n"


def test_a_table_teaches_whole_segments_that_were_changed_and_nothing_else(tmp_path: Path) -> None:
    rows = [
        "same\t1\thi\tएक\ten\tOne\tOne",
        "times\t2\thi\tदो\ten\tTwo\tTwo",
        "same\t3\thi\tतीन चार\ten\tThree\tThree",
        "text\t3\thi\tतीन चार\ten\tfive\tfour",
        "text\t4 5\thi\tपाँच छह\ten\tx\tFive, six",
        "text\t5 6\thi\tछह सात\ten\tx\tSix, seven",
        "deleted\t7\thi\tउफ़\ten\tOof\t",
        "text\t9\thi\tदस ग्यारह\ten\tTen eleven\tTenth",
        "deleted\t9\thi\tदस ग्यारह\ten\ttwelve\t",
        "added\t\t\t\ten\t\tNew",
        "text\t8\ten\tHello\ten\tHello\tHi",
    ]
    (tmp_path / "en.tsv").write_text(HEADER + "\n".join(rows) + "\n", "utf-8")
    assert memory.read_corrections(tmp_path / "en.tsv") == [
        Correction("hi", "en", "तीन चार", "Three four"),
    ], "and no row of which a part was deleted"


def test_a_table_of_a_translator_needs_four_columns(tmp_path: Path) -> None:
    table = tmp_path / "t.tsv"
    table.write_text("source_language\tsource_text\tlanguage\tcorrected_text\nhi\tहाँ\ten\tYes\n", "utf-8")
    assert memory.read_corrections(table) == [Correction("hi", "en", "हाँ", "Yes")]
    table.write_text("source\ttarget\nहाँ\tYes\n", "utf-8")
    with pytest.raises(ConfigurationError, match="source_language"):
        memory.read_corrections(table)


# -- glossary --------------------------------------------------------------------------------------------------------


def found(glossary: Glossary, text: str) -> list[tuple[str, str]]:
    return [(text[span.start : span.end], span.wanted) for span in glossary.find(text)]


def test_the_longest_term_wins_and_words_are_whole() -> None:
    glossary = Glossary((Term("भाई", ("brother",)), Term("भाई साहब", ("sir",)), Term("bhai", ("bro",))))
    assert found(glossary, "भाई साहब, मेरे भाई। भाईचारा Bhai bhaiya") == [
        ("भाई साहब", "sir"), ("भाई", "brother"), ("Bhai", "bro"),
    ]  # fmt: skip


def test_oblique_and_plural_forms_and_any_nukta_are_the_term() -> None:
    glossary = Glossary(
        (Term("लड़का", ("boy",)), Term("बेटी", ("daughter",)), Term("किताब", ("book",)), Term("ज़मीन", ("land",)))
    )
    assert found(glossary, "लड़के लड़कों लडका बेटियाँ किताबें जमीन ज़मीन") == [
        ("लड़के", "boy"), ("लड़कों", "boys"), ("लडका", "boy"), ("बेटियाँ", "daughters"), ("किताबें", "books"),
        ("जमीन", "land"), ("ज़मीन", "land"),
    ]  # fmt: skip


def test_a_form_of_its_own_wins_over_one_that_is_derived_and_names_have_no_plural() -> None:
    glossary = Glossary((Term("राजा", ("king",)), Term("राजों", ("masons",)), Term("मुन्ना", ("Munna",), is_name=True)))
    assert found(glossary, "राजों मुन्ने मुन्नों") == [("राजों", "masons"), ("मुन्ने", "Munna"), ("मुन्नों", "Munna")]


def entry(term: str, target: str, **more: object) -> dict[str, object]:
    return {"term": term, "target": target, "alternatives": [], "context": "", "notes": "", "source": "", **more}


def read(tmp_path: Path, target: str, *entries: dict[str, object]) -> list[Term]:
    path = tmp_path / "glossary.json"
    path.write_text(json.dumps({"schema_version": "1.0", "entries": entries, "conflicts": []}), "utf-8")
    return terms.read_terms(path, target)


def test_terms_are_read_from_a_glossary_with_and_without_languages_forms_and_rules(tmp_path: Path) -> None:
    entries = [
        entry("yaar", "friend", alternatives=["dude"]),
        entry("भाई", "brother", targets={"en": "brother", "ta": "அண்ணா"}, forms=["भाइयों"]),
        entry("राम", "Ram", context="person", rule="keep"),
        entry("raam", "Ram", rule="spelling"),
    ]
    assert read(tmp_path, "en", *entries) == [
        Term("yaar", ("friend", "dude")), Term("भाई", ("brother",), ("भाइयों",)), Term("राम", ("Ram",), is_name=True),
    ]  # fmt: skip
    assert [term.allowed for term in read(tmp_path, "ta", *entries)] == [("அண்ணா",), ("राम",)]


def test_names_of_stage_5_are_kept_where_the_target_has_their_script() -> None:
    entities = (
        Entity("Ram", "person", 0, 3, "tmdb"),
        Entity("राम", "person", 4, 7, "x"),
        Entity("yaar", "term", 0, 1, "x"),
    )
    document = SegmentsDocument("hi", 9000, (Segment(1, 0, 900, "Ram राम", "hi", entities=entities),))
    assert terms.names_of(document, "en", []) == [Term("Ram", ("Ram",), is_name=True)]
    assert terms.names_of(document, "en", [Term("ram", ("Ramu",))]) == []
    assert terms.names_of(document, "hi", []) == [Term("राम", ("राम",), is_name=True)]


def test_a_translation_from_sound_that_lacks_a_term_is_flagged() -> None:
    said = (("भाई, चलो", "Brother, go"), ("मेरे भाई।", "My friend"), ("भाईचारा", "Love"))
    made = SegmentsDocument("hi", 9000, tuple(
        Segment(at, at * 1000, at * 1000 + 900, text, "hi", translations={"en": Translation(english, "whisper")})
        for at, (text, english) in enumerate(said, 1)
    ))  # fmt: skip
    checked, uses = terms.check_terms(made, "en", Glossary((Term("भाई", ("bro", "brother")),)))
    assert [(use.segment, use.how) for use in uses] == [(1, terms.BY_MODEL), (2, terms.MISSING)]
    assert [terms.TERM_MISSING in item.translations["en"].flags for item in checked.segments] == [False, True, False]


def test_uses_are_written_with_where_and_how() -> None:
    use = terms.Use(7, "en", "भाई", "भाइयों", "brothers", terms.REPAIRED)
    assert terms.table([use]).splitlines()[1] == "7\ten\tभाई\tभाइयों\tbrothers\trepaired"


# -- routes ----------------------------------------------------------------------------------------------------------


class Fake(NoBackend):
    """Serves the pairs that it is told to, and writes its name before each text."""

    def __init__(self, name: str, *pairs: tuple[str, str]) -> None:
        self.name = name
        self.pairs = pairs
        self.found: frozenset[tuple[str, str]] = frozenset()

    def refusal(self, source: str, target: str) -> str | None:
        return None if (source, target) in self.pairs else f"{self.name} cannot"

    def find(self, pairs: frozenset[tuple[str, str]]) -> None:
        self.found = pairs

    def translate(self, lines: Sequence[Line], target: str) -> list[Translation]:
        return [Translation(f"{self.name}({line.text})", self.name, flags=(self.name,)) for line in lines]


def router(*, pivot: bool) -> Router:
    return Router([Fake("a", ("hi", "en"), ("en", "ta")), Fake("b", ("hi", "en"), ("en", "fr"))], pivot=pivot)


def test_a_pair_is_refused_with_every_reason_before_anything_is_loaded() -> None:
    document = SegmentsDocument("hi", 9000, (Segment(1, 0, 900, "x", "hi"),))
    with pytest.raises(ConfigurationError, match=r"hi to fr: a: a cannot; b: b cannot; .*pivot") as caught:
        backends.plan(document, "fr", router(pivot=False))
    assert "nllb" in str(caught.value), "what serves the pair is named"


def test_pivots_go_through_english_and_carry_both_steps_flags() -> None:
    chosen = router(pivot=True)
    chosen.find(frozenset([("hi", "fr"), ("hi", "en")]))
    assert {name: member.found for name, member in chosen.members.items()} == {  # type: ignore[attr-defined]
        "a": {("hi", "en")}, "b": {("en", "fr")},
    }  # fmt: skip
    made = chosen.translate(said("x"), "fr")
    assert made == [Translation("b(a(x))", "a, b", flags=("a", "b"))]
    assert chosen.translate(said("x"), "en")[0].text == "a(x)"


def test_where_the_second_step_fails_the_line_is_shown_as_it_was_said_not_in_english() -> None:
    class Unfit(Fake):
        def translate(self, lines: Sequence[Line], target: str) -> list[Translation]:
            return [Translation(line.text, self.name, flags=(guards.FAILED, guards.AS_SAID)) for line in lines]

    chosen = Router([Fake("a", ("hi", "en")), Unfit("b", ("en", "fr"))], pivot=True)
    (made,) = chosen.translate(said("चलो"), "fr")
    assert made.text == "चलो" and {guards.FAILED, guards.AS_SAID} <= set(made.flags)


def test_none_passes_on_what_was_said_marked() -> None:
    assert NoBackend().translate(said("हाँ"), "fr") == [Translation("हाँ", "none", flags=(routes.NOT_TRANSLATED,))]


# -- languages -------------------------------------------------------------------------------------------------------


def test_every_tag_has_a_script_and_every_code_is_a_language() -> None:
    for table in (languages.INDICTRANS2, languages.NLLB):
        for code in table:
            assert scripts.scripts_of(code), code
            if code != "no":
                assert languages.normalise(code, "test") == code
    assert len(languages.INDICTRANS2) == 23


def test_letters_are_told_apart_by_script() -> None:
    assert scripts.is_written_in("नमस्ते, 5!", "hi")
    assert not scripts.is_written_in("नमस्ते", "en")
    assert scripts.script_of("5") == ""
