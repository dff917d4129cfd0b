"""What is decided on the page stands in the files that stages read; what a person writes into these comes back."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

import reviewing
from reviewing import edit, texts
from samvad.commands import correct
from samvad.core import files
from samvad.documents import approvals, review
from samvad.documents.subtitles import formats
from samvad.documents.subtitles.cues import Cue
from samvad.review import showing, tables
from samvad.review.film import FilmDocument
from samvad.review.keeping import Keeper
from samvad.review.lanes import in_order
from samvad.stages.ner import overrides
from samvad.stages.subtitle_gen import corrections
from samvad.stages.translation import memory


@pytest.fixture
def film(job: Path) -> FilmDocument:
    return FilmDocument(job)


@pytest.fixture
def keeper(film: FilmDocument) -> Keeper:
    return Keeper(film, None, {})


def corrected(film: FilmDocument) -> list[str]:
    return [cue.text for cue in formats.read(corrections.path_of(film.folder, "en")).cues]


def test_a_track_is_written_as_samvad_correct_writes_it_and_gone_when_all_is_undone(
    film: FilmDocument, keeper: Keeper
) -> None:
    keeper.write()
    assert not (film.folder / "corrections").exists(), "nobody has decided anything"
    edit(film, {"op": "set_text", "cue": "en-1", "text": "Ram <i>went</i> home.\nहाँ।"})
    edit(film, {"op": "delete", "cue": "en-2"})
    assert [path.name for path in keeper.write()] == ["en.srt"] and not keeper.is_due
    assert corrected(film)[:2] == ["Ram went home. हाँ।", "Ram number 3 had gone home."]
    found = memory.read_corrections(corrections.path_of(film.folder, "en").with_suffix(".tsv"))
    assert [(item.said, item.text) for item in found] == [("राम 1 घर गया था।", "Ram went home. हाँ।")]
    edit(film, {"op": "restore", "revision": 1})
    assert keeper.write() == [] and not corrections.path_of(film.folder, "en").exists()


def test_hostile_texts_are_in_the_file_what_they_are_on_the_page(film: FilmDocument, keeper: Keeper) -> None:
    lines = ["{\\an8}up", "<b>bold</b> <font>x", "00:00:01,000 --> 00:00:02,000", "7", "-->", "a\\Nb & <i>c", "﷽ שלום"]
    for number, text in enumerate(lines, start=1):
        cue = in_order(film.lanes["en"].cues.values())[number - 1].id
        edit(film, {"op": "set_text", "cue": cue, "text": text})
    keeper.write()
    wanted = [cue.cue for cue in in_order(film.lanes["en"].cues.values())]
    read = formats.read(corrections.path_of(film.folder, "en"))
    assert list(read.cues) == wanted and not read.lost


def rewrite(film: FilmDocument, change: Any) -> None:
    path = corrections.path_of(film.folder, "en")
    cues: list[Cue] = list(formats.read(path).cues)
    files.write_text(path, formats.write("srt", change(cues)))


def test_a_file_that_was_changed_by_hand_is_taken_in_and_can_be_undone(film: FilmDocument, keeper: Keeper) -> None:
    edit(film, {"op": "set_text", "cue": "en-1", "text": "Mine"})
    keeper.write()
    rewrite(film, lambda cues: [cues[0], Cue(cues[1].start_ms, cues[1].end_ms, ("By hand",)), *cues[3:]])
    keeper.take_in()
    assert texts(film)[:3] == ["Mine", "By hand", "Ram number 4 had gone home."]
    assert film.entries[-1].kind == "taken" and film.entries[-1].label == "en.srt was changed by hand"
    count = film.revision
    keeper.take_in()
    assert film.revision == count, "it is taken once"
    again = FilmDocument(film.folder)
    Keeper(again, None, {}).take_in()
    assert again.revision == count
    edit(film, {"op": "undo", "entry": count})
    keeper.write()
    assert corrected(film)[:3] == ["Mine", "Ram number 2 had gone home.", "Ram number 3 had gone home."]


def test_where_both_have_changed_a_cue_the_page_s_stays_and_the_other_is_shown(
    film: FilmDocument, keeper: Keeper
) -> None:
    edit(film, {"op": "set_text", "cue": "en-1", "text": "Mine"})
    keeper.write()
    edit(film, {"op": "set_text", "cue": "en-2", "text": "Mine, since then"})
    rewrite(
        film, lambda cues: [cues[0], *(Cue(cue.start_ms, cue.end_ms, ("By hand",)) for cue in cues[1:3]), *cues[3:]]
    )
    keeper.take_in()
    assert texts(film)[:3] == ["Mine", "Mine, since then", "By hand"]
    need = next(need for need in showing.document(film)["needs"] if need["kind"] == "conflict")
    assert need["text"] == "By hand" and need["cue"] == "en-2"
    keeper.write()
    assert corrected(film)[:3] == ["Mine", "Mine, since then", "By hand"]
    edit(film, need["choices"][0]["edit"])
    assert texts(film)[1] == "By hand"
    assert next(need for need in showing.document(film)["needs"] if need["kind"] == "conflict")["done"]


def test_a_file_that_a_person_has_deleted_is_not_written_again_behind_their_back(
    film: FilmDocument, keeper: Keeper
) -> None:
    first = texts(film)
    edit(film, {"op": "set_text", "cue": "en-1", "text": "Mine"})
    keeper.write()
    corrections.path_of(film.folder, "en").unlink()
    keeper.take_in()
    assert texts(film) == first and "was deleted" in film.entries[-1].label
    keeper.write()
    assert not corrections.path_of(film.folder, "en").exists()
    edit(film, {"op": "undo", "entry": film.revision})
    assert texts(film)[0] == "Mine"


def test_a_file_that_is_broken_is_told_and_nothing_is_lost(film: FilmDocument, keeper: Keeper) -> None:
    edit(film, {"op": "set_text", "cue": "en-1", "text": "Mine"})
    keeper.write()
    path = corrections.path_of(film.folder, "en")
    path.write_text("1\n00:00:09,000 --> 00:00:01,000\nbackwards\n", encoding="utf-8")
    keeper.take_in()
    assert texts(film)[0] == "Mine" and "backwards" in keeper.problems[0]
    with pytest.raises(Exception, match="backwards"):
        keeper.write()
    assert "backwards" in path.read_text("utf-8"), "a person's file is not written over"


DECISIONS: list[tuple[dict[str, Any], str, Any]] = [
    ({"op": "decide", "segment": 7, "verdict": "keep"}, "quarantine.tsv", review.read_verdicts),
    ({"op": "song", "start": 1000, "end": 2000, "kind": "song"}, "songs.tsv", review.read_songs),
    ({"op": "shorter", "start": 1, "end": 900, "text": "Ram", "take": "yes"}, "shorter.tsv", review.read_shorter),
]


@pytest.mark.parametrize(("asked", "name", "read"), DECISIONS, ids=[name for _, name, _ in DECISIONS])
def test_decisions_stand_in_the_review_folder_beside_what_people_wrote_there(
    film: FilmDocument, keeper: Keeper, asked: dict[str, Any], name: str, read: Any
) -> None:
    path = film.folder / "review" / name
    kind = next(kind for kind in tables.KINDS if kind.name == name)
    answer = kind.answer[0]
    cells = {"start": "00:00:50", "end": "51", answer: {"verdict": "whole", "kind": "dialogue", "take": "no"}[answer]}
    header = ["start", "end", answer, "mine"]
    files.write_text(path, "# a remark\n" + "\t".join(header) + "\n" + "\t".join([*cells.values(), "x"]) + "\n")
    edit(film, asked)
    keeper.write()
    values = [item.value for item in read(path)]
    assert len(values) == 2 and path.read_text("utf-8").startswith("# a remark\n") and "\tx" in path.read_text("utf-8")
    with path.open(encoding="utf-8", newline="") as file:
        lines = list(csv.reader(file, delimiter="\t"))
    at = lines[1].index(answer)
    lines[-1][at] = {"keep": "quarantine", "song": "dialogue", "yes": "no"}[lines[-1][at]]
    files.write_text(path, "\n".join("\t".join(line) for line in lines) + "\n")
    keeper.take_in()
    key = next(key for key in film.decided if key.startswith(kind.about))
    assert film.decided[key][kind.answer[1]] == lines[-1][at], "what a person changed there is on the page"
    edit(film, {"op": "restore", "revision": 0})
    keeper.write()
    assert [item.value for item in read(path)] == [cells[answer]], "the row of a person's own stays"


def test_names_and_terms_stand_in_files_that_the_stages_read(film: FilmDocument, keeper: Keeper) -> None:
    edit(film, {"op": "name", "from": "राम", "to": "राम्"}, {"op": "term", "source": "घर", "target": "home"})
    keeper.write()
    found = overrides.read(film.folder / "review" / "names.tsv", "names.tsv")
    assert [(item.old, item.new) for item in found] == [("राम", "राम्")]
    assert "घर\thome\ten" in (film.folder / "review" / "glossary.tsv").read_text("utf-8")


def test_an_approved_track_is_kept_though_nobody_has_edited_it_and_a_change_is_told(
    film: FilmDocument, keeper: Keeper
) -> None:
    edit(film, {"op": "approve"})
    keeper.write()
    kept = approvals.read_optional(film.folder).tracks["en"]
    assert kept.by == "me" and approvals.holds(film.folder, "en", kept) and len(corrected(film)) == 9
    reviewing.translated_anew(film.folder, {2: "Another text."})
    manifest = (film.folder / "09_subtitle_gen" / "manifest.json").read_text("utf-8")
    assert "would now write" in manifest and "Another text." not in (
        film.folder / "09_subtitle_gen" / "film.en.srt"
    ).read_text("utf-8")
    edit(film, {"op": "set_text", "cue": "en-1", "text": "Changed"})
    approved = film.approved("en")
    assert approved is not None and approved["changed"]
    keeper.write()
    assert not approvals.holds(film.folder, "en", kept)
    edit(film, {"op": "approve"})
    keeper.write()
    assert approvals.holds(film.folder, "en", approvals.read_optional(film.folder).tracks["en"])
    edit(film, {"op": "unapprove"})
    keeper.write()
    assert approvals.read_optional(film.folder).tracks == {}


def test_what_another_server_wrote_is_taken_back_by_this_one(film: FilmDocument, keeper: Keeper) -> None:
    other = FilmDocument(film.folder)
    theirs = Keeper(other, None, {})
    edit(other, {"op": "decide", "segment": 7, "verdict": "keep"}, {"op": "set_text", "cue": "en-1", "text": "One"})
    theirs.write()
    rows = film.folder / "review" / "quarantine.tsv"
    assert "keep" in rows.read_text("utf-8")
    edit(film, {"op": "decide", "segment": 7, "verdict": None}, {"op": "set_text", "cue": "en-1", "text": "Two"})
    keeper.write()
    assert "keep" not in rows.read_text("utf-8") and corrected(film)[0] == "Two"
    assert not [key for key in film.decided if key.startswith("conflict/")], "nobody wrote a file by hand"


def test_who_forgets_an_approved_track_by_command_has_it_forgotten(film: FilmDocument, keeper: Keeper) -> None:
    edit(film, {"op": "approve"})
    keeper.write()
    path = corrections.path_of(film.folder, "en")
    assert path.is_file() and "en" in approvals.read_optional(film.folder).tracks
    assert correct.main([str(film.folder), "--forget", "--language", "en"]) == 0
    again = FilmDocument(film.folder)
    Keeper(again, None, {}).write()
    assert not path.exists() and not approvals.read_optional(film.folder).tracks and not again.approved("en")
