"""Stage 03's own logic: reading glossary files, merging them, and the built-in one."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import support
from samvad.core import schemas
from samvad.core.errors import ConfigurationError
from samvad.film import glossary
from samvad.film.glossary import Entry

HEADER = "term\ttarget\talternatives\tcontext\tnotes\n"
BUILT_IN = schemas.ROOT / "config" / "glossary" / "hinglish.tsv"


def table(folder: Path, text: str | bytes, name: str = "g.tsv") -> tuple[Entry, ...]:
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    return glossary.read_table(folder / name, name)


def test_a_row_becomes_an_entry(tmp_path: Path) -> None:
    found = table(tmp_path, HEADER + "yaar\tman\tmate| buddy |mate|\taddress\tbetween friends\n")
    assert found == (Entry("yaar", "man", ("mate", "buddy"), "address", "between friends", "g.tsv"),)


def test_remarks_empty_lines_short_rows_and_any_order_of_columns_are_fine(tmp_path: Path) -> None:
    text = "\ufeff# remark\r\n\r\nTarget\tterm\tnotes\r\n\t\t\r\nMumbai\tमुंबई\r\n#x\ty\r\nBombay\tबंबई\told\r\n"
    found = table(tmp_path, text)
    assert [(entry.term, entry.target, entry.notes) for entry in found] == [
        ("मुंबई", "Mumbai", ""),
        ("बंबई", "Bombay", "old"),
    ]


def test_words_that_look_like_missing_values_are_words(tmp_path: Path) -> None:
    assert [entry.term for entry in table(tmp_path, HEADER + "NA\tno\nnull\tzero\nNone\tnobody\n")] == [
        "NA",
        "null",
        "None",
    ]


def test_an_empty_target_keeps_the_term(tmp_path: Path) -> None:
    assert table(tmp_path, HEADER + "Kabir\t\t\tname\t\n")[0].target == "Kabir"


def test_quotes_hold_tabs_and_line_ends_and_the_lines_are_still_counted(tmp_path: Path) -> None:
    text = HEADER + '"a\tb"\tx\t\t\t"one\ntwo ""three"""\n'
    assert [(entry.term, entry.notes) for entry in table(tmp_path, text)] == [("a b", 'one two "three"')]
    with pytest.raises(ConfigurationError, match=r"g\.tsv, line 4, column term"):
        table(tmp_path, text + "\tno term\n")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (HEADER + "yaar\tman\n \tfriend\n", "line 3, column term"),
        (HEADER + "a\tb\tc\td\te\tf\n", "line 2, column 6"),
        ("term\ttarget\tcolour\n", "line 1, column 3: unknown column 'colour'"),
        ("term\tnotes\n", "line 1: column 'target' is missing"),
        ("term\ttarget\tterm\n", "line 1: column 'term' is there twice"),
        ("yaar\tman\n", "line 1, column 1: unknown column 'yaar'"),
        ("", "no header"),
        ("# nothing\n", "no header"),
        (HEADER + 'a\t"b\n', "line 2"),
        (HEADER.encode() + b"a\tb\n\xff\xfe\tc\n", "line 3: it is not UTF-8"),
    ],
)
def test_a_wrong_table_is_refused_with_file_line_and_column(tmp_path: Path, text: str | bytes, named: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        table(tmp_path, text)
    assert "g.tsv" in str(caught.value)
    assert named in str(caught.value)


def test_a_missing_file_and_a_folder_are_refused_by_name(tmp_path: Path) -> None:
    for path in (tmp_path / "gone.tsv", tmp_path):
        with pytest.raises(ConfigurationError, match=re.escape(str(path))):
            glossary.read_table(path, str(path))


def test_the_later_entry_wins_and_the_conflict_is_recorded() -> None:
    merged = glossary.merge([[Entry("Puja", "Puja", source="tmdb")], [Entry("puja", "prayer", source="g.tsv")]])
    assert [entry.target for entry in merged.entries] == ["prayer"]
    assert merged.conflicts == (glossary.Conflict("puja", "prayer (g.tsv)", "Puja (tmdb)"),)


def test_the_same_target_twice_is_no_conflict() -> None:
    merged = glossary.merge([[Entry("chai", "tea")], [Entry("CHAI", "tea", notes="better")]])
    assert merged.conflicts == ()
    assert [entry.notes for entry in merged.entries] == ["better"]


def test_composed_and_decomposed_terms_are_the_same_term(tmp_path: Path) -> None:
    first = table(tmp_path, HEADER + "\u095bरूर\tone\n")
    second = table(tmp_path, HEADER + "\u091c\u093cरूर\ttwo\n")
    assert len(glossary.merge([first, second]).entries) == 1


@given(
    st.lists(
        st.builds(
            Entry,
            term=st.text(min_size=1),
            target=st.text(),
            alternatives=st.lists(st.text()).map(tuple),
            context=st.text(),
            notes=st.text(),
            source=st.text(),
        )
    )
)
def test_what_is_written_is_read_back(tmp_path_factory: pytest.TempPathFactory, rows: list[Entry]) -> None:
    path = tmp_path_factory.mktemp("g") / "glossary.json"
    merged = glossary.merge([rows])
    glossary.write(path, merged)
    assert glossary.read(path) == merged


def test_the_built_in_glossary_is_sound() -> None:
    rows = glossary.read_table(BUILT_IN, "hinglish.tsv")
    assert len(rows) >= 600
    assert glossary.merge([rows]).conflicts == ()
    assert len(glossary.merge([rows]).entries) == len(rows)
    for entry in rows:
        scripts = {unicodedata.name(letter).split()[0] for letter in entry.term if letter.isalpha()}
        assert len(scripts) == 1, entry.term
        assert scripts <= {"LATIN", "DEVANAGARI"}
        assert entry.target.isascii() or entry.rule == "keep", entry.term
        assert all(form != entry.term for form in entry.forms), entry.term
        assert entry.context
        assert entry.target not in entry.alternatives


WIDE = "term\ttarget\talternatives\tlanguage\trule\tforms\n"


def test_rows_for_several_languages_make_one_entry(tmp_path: Path) -> None:
    (entry,) = table(tmp_path, WIDE + "yaar\tman\tmate\t\t\tyar\nyaar\tamigo\t\tes\t\t\nYaar\tdost\t\thi-IN\t\t\n")
    assert (entry.target, entry.targets) == ("man", {"es": "amigo", "hi": "dost"})
    assert (entry.alternatives, entry.forms) == (("mate",), ("yar",))


def test_a_later_file_wins_language_by_language_and_the_conflict_says_who(tmp_path: Path) -> None:
    first = table(tmp_path, WIDE + "yaar\tman\t\t\t\tyar|yaara\nyaar\tamigo\t\tes\t\t\n", "first.tsv")
    second = table(tmp_path, WIDE + "yaar\tcolega\t\tes\t\t\n", "second.tsv")
    merged = glossary.merge([first, second])
    (entry,) = merged.entries
    assert (entry.target, entry.targets["es"], entry.forms) == ("man", "colega", ("yar", "yaara"))
    assert merged.conflicts == (glossary.Conflict("yaar", "colega (second.tsv)", "amigo (first.tsv)"),)


def test_alternatives_may_hold_in_one_context_only(tmp_path: Path) -> None:
    (entry,) = table(tmp_path, WIDE + "beta\tson\tchild|to a daughter: dear\t\t\t\n")
    assert entry.alternatives == ("child", "dear")
    assert entry.senses == (glossary.Sense("to a daughter", "dear"),)


def test_a_form_that_is_another_terms_own_is_dropped_and_told(tmp_path: Path) -> None:
    merged = glossary.merge([table(tmp_path, WIDE + "a\tone\t\t\t\tb|c\nb\ttwo\t\t\t\t\n")])
    assert [entry.forms for entry in merged.entries] == [("c",), ()]
    assert merged.conflicts == (glossary.Conflict("b", "two (g.tsv)", "one (g.tsv)"),)


def test_a_term_twice_in_a_file_names_both_lines(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"line 3, column target: 'A' has the target 'x' on line 2"):
        table(tmp_path, HEADER + "a\tx\nA\ty\n")


def test_only_ten_problems_are_listed(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"line 11, column term.*; and 5 more") as caught:
        table(tmp_path, HEADER + "\tx\n" * 15)
    assert "line 12" not in str(caught.value)


def test_a_glossary_is_read_as_spreadsheets_write_it(tmp_path: Path) -> None:
    """Headings as people write them, empty cells at the end, commas, quotes, Excel's Unicode text, and workbooks."""
    right = [("yaar", "man"), ("A B", "c, d")]  # a line separator in a cell is a space of the term
    rows = [[" Term ", '"Target"', "", ""], ["yaar", "man", "", ""], ["A\u2028B", "c, d", "", ""], ["", "", "", ""]]
    tabs = "\r\n".join("\t".join(row) for row in rows)
    commas = '"Term",Target,,\r\nyaar,man,,\r\nA\u2028B,"c, d",,\r\n,,,\r\n'
    made = {"a.tsv": tabs.encode(), "b.csv": commas.encode(), "c.txt": tabs.encode("utf-16")}
    for name, data in made.items():
        assert [(entry.term, entry.target) for entry in table(tmp_path, data, name)] == right, name
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append([cell or None for cell in row])
    book.save(tmp_path / "d.xlsx")
    assert [(entry.term, entry.target) for entry in glossary.read_table(tmp_path / "d.xlsx", "d.xlsx")] == right
    (tmp_path / "e.ods").write_bytes(b"no workbook")
    with pytest.raises(ConfigurationError, match=r"e\.ods is no workbook"):
        glossary.read_table(tmp_path / "e.ods", "e.ods")


@pytest.mark.parametrize("kind", ["csv", "xlsx", "ods", "xls"])
def test_a_glossary_is_read_as_libreoffice_has_written_it(kind: str) -> None:
    path = support.ROOT / "tests" / "spreadsheets" / f"glossary.{kind}"
    assert [(entry.term, entry.target) for entry in glossary.read_table(path, path.name)] == [
        ("yaar", "man"),
        ("A B", "c, d"),
        ("chaubees", "24"),
    ]
