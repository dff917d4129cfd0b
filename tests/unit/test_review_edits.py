"""Edits of the page: each does what its name says, is on the disk before it is told, and can be taken back for ever."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import reviewing
import support
from reviewing import ME, SHE, edit, texts
from samvad.core import outside
from samvad.core.errors import ChangedFileError, ConfigurationError, DiskError
from samvad.review import carrying, needs, showing, text_edits
from samvad.review.edit_log import EditLog
from samvad.review.film import ConflictError, FilmDocument
from samvad.review.lanes import Change, in_order


@pytest.fixture
def film(job: Path) -> FilmDocument:
    return FilmDocument(job)


def times(film: FilmDocument, cue: str) -> tuple[int, int]:
    found = film.lanes["en"].cues[cue]
    return found.start_ms, found.end_ms


def test_nothing_is_written_before_the_first_edit(film: FilmDocument) -> None:
    assert len(texts(film)) == 9 and film.revision == 0
    assert not (film.folder / "corrections").exists()


#: Of each operation: the edit, and what the first cues of the lane say, or when they are shown, afterwards.
TEXTS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "set_text": ({"cue": "en-1", "text": "One\n<i>two</i>\u2028three\x00"}, ["One\n<i>two</i>\nthree"]),
    "split": ({"cue": "en-1", "head": "Ram number 1", "tail": "had gone home."}, ["Ram number 1", "had gone home."]),
    "merge": ({"cue": "en-1", "with": "en-2"}, ["Ram number 1 had gone home.\nRam number 2 had gone home."]),
    "insert": ({"start": 10, "end": 400, "text": "New"}, ["New", "Ram number 1 had gone home."]),
    "delete": ({"cues": ["en-1", "en-2"]}, ["Ram number 3 had gone home."]),
    "move_word": ({"cue": "en-1", "to": "next"}, ["Ram number 1 had gone", "home. Ram number 2 had gone home."]),
    "italics": ({"cues": ["en-1"]}, ["<i>Ram number 1 had gone home.</i>"]),
}


@pytest.mark.parametrize("name", TEXTS)
def test_an_edit_of_text_does_what_it_is_called(film: FilmDocument, name: str) -> None:
    asked, wanted = TEXTS[name]
    edit(film, {"op": name, **asked})
    assert texts(film)[: len(wanted)] == wanted


TIMES: dict[str, tuple[dict[str, Any], tuple[int, int]]] = {
    "set_times": ({"cue": "en-2", "start": 6000, "end": 7000}, (6000, 7000)),
    "shift": ({"cues": ["en-1", "en-2"], "ms": 100}, (6600, 8600)),
    "stretch": ({"cues": ["en-2"], "factor": 2, "pivot": 6500}, (6500, 10500)),
    "snap": ({"cues": ["en-2"]}, (6400, 8500)),
    "extend": ({"cue": "en-2", "to": "next"}, (6500, 12416)),
}


@pytest.mark.parametrize("name", TIMES)
def test_an_edit_of_times_does_what_it_is_called(film: FilmDocument, name: str) -> None:
    edit(film, {"op": "set_times", "cue": "en-2", "start": 6500, "end": 8500})
    asked, wanted = TIMES[name]
    edit(film, {"op": name, **asked})
    assert times(film, "en-2") == wanted


@pytest.mark.parametrize(
    "asked",
    [
        {"op": "set_text", "cue": "en-99", "text": "x"},
        {"op": "set_text", "cue": "en-1", "text": 7},
        {"op": "set_text", "cue": "en-1", "text": "x" * 3000},
        {"op": "set_times", "cue": "en-1", "start": 5, "end": 5},
        {"op": "set_times", "cue": "en-1", "start": 0, "end": 70_000},
        {"op": "set_times", "cue": "en-1", "start": float("nan"), "end": 70},
        {"op": "insert", "start": 1, "end": 500, "text": "", "new": "en-1"},
        {"op": "insert", "start": 1, "end": 500, "text": "", "new": "../x"},
        {"op": "delete", "lane": "fr", "cue": "fr-1"},
        {"op": "fly"},
        {"op": "undo", "entry": 4},
    ],
)
def test_a_wrong_edit_is_refused_and_its_whole_step_with_it(film: FilmDocument, asked: dict[str, Any]) -> None:
    before = texts(film)
    with pytest.raises(ConfigurationError):
        edit(film, {"op": "set_text", "cue": "en-2", "text": "not kept"}, asked)
    assert texts(film) == before and film.revision == 0


def test_undo_redo_and_restore_go_over_any_number_of_steps_and_reloads(film: FilmDocument) -> None:
    first = texts(film)
    steps = [edit(film, {"op": "set_text", "cue": "en-1", "text": f"Text {number}"}).entry for number in range(30)]
    last = texts(film)
    for entry in reversed(steps):
        edit(film, {"op": "undo", "entry": entry.revision})
    assert texts(film) == first
    again = FilmDocument(film.folder)
    assert texts(again) == first
    for entry in steps:
        edit(again, {"op": "redo", "entry": entry.revision})
    assert texts(again) == last
    edit(again, {"op": "restore", "revision": steps[10].revision})
    assert texts(again)[0] == "Text 10"
    edit(again, {"op": "undo", "entry": again.revision})
    assert texts(again) == last == texts(FilmDocument(film.folder))


def test_a_step_is_not_undone_under_somebody_else_s_change(film: FilmDocument) -> None:
    entry = edit(film, {"op": "set_text", "cue": "en-1", "text": "Mine"}).entry
    edit(film, {"op": "set_text", "cue": "en-1", "text": "Hers"}, who=SHE)
    with pytest.raises(ConflictError):
        edit(film, {"op": "undo", "entry": entry.revision})
    assert texts(film)[0] == "Hers"


def test_of_two_people_each_sees_the_other_s_change_of_the_same_cue_and_none_of_others(film: FilmDocument) -> None:
    base = film.revision
    edit(film, {"op": "set_text", "cue": "en-1", "text": "Mine"}, base=base)
    edit(film, {"op": "set_text", "cue": "en-2", "text": "Hers"}, base=base, who=SHE)
    edit(film, {"op": "set_text", "cue": "en-1", "text": "Mine, again"}, base=base)  # my own is no conflict
    with pytest.raises(ConflictError) as refused:
        edit(film, {"op": "set_text", "cue": "en-1", "text": "Hers"}, base=base, who=SHE)
    told = showing.conflict(film, refused.value)["conflicts"][0]
    assert told["by"] == "me" and told["theirs"]["cue"]["text"] == "Mine, again"
    edit(film, {"op": "set_text", "cue": "en-1", "text": "Hers"}, base=base, who=SHE, force=True)
    assert texts(film)[:2] == ["Hers", "Hers"]


def test_a_step_that_is_sent_twice_is_made_once_also_after_a_crash(film: FilmDocument) -> None:
    asked = {"op": "insert", "start": 10, "end": 400, "text": "Once", "new": "mine-1"}
    edit(film, asked, key="k1")
    again = FilmDocument(film.folder)
    done = edit(again, asked, key="k1")
    assert texts(again).count("Once") == 1 and "mine-1" in done.told["en"]


@pytest.mark.parametrize("lost", range(1, 120, 17))
def test_half_a_line_that_a_kill_left_is_cut_off_and_all_before_it_stays(film: FilmDocument, lost: int) -> None:
    edit(film, {"op": "set_text", "cue": "en-1", "text": "Saved"})
    edit(film, {"op": "set_text", "cue": "en-2", "text": "Not yet answered"})
    path = film.folder / "corrections" / "log.jsonl"
    os.truncate(path, path.stat().st_size - lost)
    again = FilmDocument(film.folder)
    assert texts(again)[:2] == ["Saved", "Ram number 2 had gone home."]
    edit(again, {"op": "set_text", "cue": "en-2", "text": "Saved, too"})
    assert texts(FilmDocument(film.folder))[:2] == ["Saved", "Saved, too"]


def test_a_log_that_is_damaged_in_its_middle_is_named_and_not_cut(film: FilmDocument) -> None:
    for number in range(3):
        edit(film, {"op": "set_text", "cue": "en-1", "text": f"Text {number}"})
    path = film.folder / "corrections" / "log.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], b"{}\n", *lines[2:]]))
    with pytest.raises(ChangedFileError, match=r"log\.jsonl, line 2"):
        FilmDocument(film.folder)
    assert len(path.read_bytes().splitlines()) == 4


def test_what_was_answered_outlives_kill_9(film: FilmDocument) -> None:
    """A process makes edits, tells each when it was answered, and is killed in the midst of them."""
    program = (
        "import sys; from pathlib import Path; from samvad.review.film import FilmDocument, Who\n"
        "film = FilmDocument(Path(sys.argv[1]))\n"
        "for number in range(10_000):\n"
        "    edits = [{'op': 'set_text', 'lane': 'en', 'cue': 'en-1', 'text': f'Text {number}'}]\n"
        "    film.edit({'edits': edits}, Who('me', 'w')); print(number, flush=True)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(support.ROOT / "scripts")}
    command = [sys.executable, "-c", program, str(film.folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) as process:
        assert process.stdout is not None
        told = [int(process.stdout.readline()) for _ in range(25)]
        process.kill()
        told += [int(line) for line in process.stdout.read().split()]
    number = int(texts(FilmDocument(film.folder))[0].removeprefix("Text "))
    assert number in (told[-1], told[-1] + 1)


@pytest.mark.parametrize("room", [0, 1, 25, 4096])
def test_a_disk_that_is_full_in_the_middle_of_a_write_leaves_nothing_of_the_step_and_all_before_it(
    film: FilmDocument, room: int
) -> None:
    edit(film, {"op": "set_text", "cue": "en-1", "text": "Before."})
    log = film.folder / "corrections" / "log.jsonl"
    before, (soft, hard) = log.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + room, hard))
    try:
        with pytest.raises(DiskError):
            edit(film, {"op": "set_text", "cue": "en-2", "text": "full " * 390})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert log.read_bytes() == before
    assert texts(film)[:2] == ["Before.", "Ram number 2 had gone home."]
    edit(film, {"op": "set_text", "cue": "en-2", "text": "After."})
    assert texts(FilmDocument(film.folder))[:2] == ["Before.", "After."]


def test_two_servers_at_one_log_lose_nothing(film: FilmDocument) -> None:
    other = FilmDocument(film.folder)
    edit(film, {"op": "set_text", "cue": "en-1", "text": "Mine"})
    edit(other, {"op": "set_text", "cue": "en-2", "text": "Hers"}, who=SHE)
    edit(film, {"op": "set_text", "cue": "en-3", "text": "Mine"})
    assert texts(FilmDocument(film.folder))[:3] == ["Mine", "Hers", "Mine"]


def test_flags_near_an_edit_are_those_of_the_whole_track(film: FilmDocument) -> None:
    asked: list[dict[str, Any]] = [
        {"op": "set_times", "cue": "en-2", "start": 2000, "end": 3000},
        {
            "op": "set_text",
            "cue": "en-3",
            "text": "A line that is far too long for any subtitle of this profile, is it",
        },
        {"op": "delete", "cue": "en-4"},
        {"op": "set_text", "cue": "en-5", "text": "..."},
        {"op": "insert", "start": 2900, "end": 3100, "text": "Between"},
        {"op": "shift", "cues": ["en-6", "en-8"], "ms": -3000},
    ]
    for one in asked:
        edit(film, one)
        whole = FilmDocument(film.folder)
        lane, anew = film.lanes["en"], whole.judged("en")
        for cue in in_order(lane.cues.values()):
            assert film.judged("en").flags(cue) == anew.flags(cue), (one, cue)


def test_edits_are_carried_over_to_what_the_machine_makes_now(film: FilmDocument) -> None:
    edit(film, {"op": "set_text", "cue": "en-1", "text": "Mine"})
    edit(film, {"op": "set_text", "cue": "en-2", "text": "Mine, too"})
    edit(film, {"op": "delete", "cue": "en-3"})
    edit(film, {"op": "delete", "cue": "en-4"})
    edit(film, {"op": "insert", "start": 3500, "end": 4500, "text": "Added"})
    reviewing.translated_anew(film.folder, {2: "Another text.", 4: "Another, too.", 6: "Six anew."})
    assert film.refresh()
    now = texts(film)
    assert now[:5] == ["Mine", "Added", "Mine, too", "Another, too.", "Ram number 5 had gone home."]
    assert now[5] == "Six anew." and len(now) == 9
    left = film.entries[-1].left
    assert len(left) == 2 and "'Another text.' now: yours is kept" in left[0] and "it is there again" in left[1]
    assert texts(FilmDocument(film.folder)) == now
    edit(film, {"op": "undo", "entry": 2})  # its cue is as it left it
    assert texts(film)[0] == "Ram number 1 had gone home."


def test_the_document_is_json_with_what_a_page_needs(film: FilmDocument) -> None:
    document = json.loads(json.dumps(showing.document(film)))
    assert [lane["id"] for lane in document["lanes"]] == ["hi", "en"]
    kinds = {need["kind"] for need in document["needs"]}
    assert {"missing", "perhaps", "unsure", "translation", "quarantine"} <= kinds
    covered = next(need for need in document["needs"] if need["kind"] == "perhaps" and need["lane"] == "en")
    assert (covered["start"], covered["end"]) == (51_500, 53_500) and "perhaps speech" in covered["reasons"][0]
    gains = [need["gain"] for need in document["needs"]]
    assert gains == sorted(gains, reverse=True)
    cue = document["lanes"][1]["cues"][0]
    assert cue["said"] == "राम 1 घर गया था।" and cue["words"][0] == [500, 850, "राम", 0.9]
    assert document["lanes"][1]["headline"]["coverage"] < 1
    assert document["lanes"][1]["headline"]["loud_seconds"] == 2.9, "the rest has text"
    assert len(document["lanes"][1]["loud"]) == 1, "the page draws it"
    bare = [need for need in document["needs"] if need["kind"] in ("missing", "perhaps")]
    assert bare, "there are some"
    assert all(not need["choices"] for need in bare), "an empty cue is no text: the page opens one to write in"
    assert all(need["start"] != 54_000 for need in document["needs"]), "that nobody could be heard is no task"


def test_a_need_is_done_when_somebody_decides_and_open_again_when_they_undo_it(film: FilmDocument) -> None:
    def of(kind: str) -> dict[str, Any]:
        found: dict[str, Any] = next(n for n in showing.document(film)["needs"] if n["kind"] == kind)
        return found

    need = of("quarantine")
    edit(film, need["choices"][0]["edit"])
    assert of("quarantine")["done"] and showing.document(film)["segments"][7]["verdict"] == "keep"
    edit(film, {"op": "undo", "entry": film.revision})
    assert not of("quarantine")["done"]
    told = showing.done(film, edit(film, need["choices"][0]["edit"]))["needs"]["all"]
    assert {one["id"]: one["done"] for one in told}[need["id"]], "the answer says so to all windows"
    told = showing.done(film, edit(film, {"op": "undo", "entry": film.revision}))["needs"]["all"]
    assert not {one["id"]: one["done"] for one in told}[need["id"]], "and that it is open again"
    edit(film, {"op": "reject", "need": of("unsure")["id"]}, who=ME)
    assert of("unsure")["done"]
    cue = of("unsure")["cue"]
    times = {"cue": cue, "start": film.lanes["hi"].cues[cue].start_ms + 10, "end": film.lanes["hi"].cues[cue].end_ms}
    near = film.edit({"edits": [{"op": "set_times", "lane": "hi", **times}]}, ME)
    assert all(one["done"] for one in showing.done(film, near)["needs"]["found"] if one["kind"] == "unsure")


def test_what_is_written_where_somebody_speaks_settles_that_in_the_answer(film: FilmDocument) -> None:
    def missing(answer: Any) -> dict[str, bool]:
        return {
            one["id"]: one["done"] for one in showing.done(film, answer)["needs"]["found"] if one["kind"] == "missing"
        }

    every = [one for one in showing.document(film)["needs"] if one["kind"] == "missing" and one["lane"] == "en"]
    need, *others = every
    written = edit(film, {"op": "insert", "start": need["start"], "end": need["end"], "text": "He laughs."})
    assert missing(written) == {need["id"]: True, **{one["id"]: False for one in others}}
    assert not any(missing(edit(film, {"op": "undo", "entry": film.revision})).values())


def test_words_that_are_lost_without_a_record_are_listed_and_settled_by_what_is_written_there(job: Path) -> None:
    lost = {"stage": "05_ner", "how": "lost", "start_ms": 51_500, "end_ms": 52_500, "words": 2, "text": "my brother"}
    path = job / "09_subtitle_gen" / "qc.json"
    check = json.loads(path.read_text("utf-8"))
    for track in check["tracks"]:
        track["words"] = {"schema_version": "1.0", "steps": [], "taken": [], "unexplained": [lost]}
    path.write_text(json.dumps(check), encoding="utf-8")
    film = FilmDocument(job)

    def shown() -> tuple[dict[str, Any], dict[str, Any]]:
        page = showing.document(film)
        (need,) = (one for one in page["needs"] if one["kind"] == "lost" and one["lane"] == "en")
        (lane,) = (one for one in page["lanes"] if one["id"] == "en")
        return need, lane["headline"]

    need, headline = shown()
    assert (need["done"], need["start"], need["text"]) == (False, 51_500, "my brother")
    assert need["reasons"] == ["lost in 05_ner without a record"]
    assert headline["grade"] == "bad" and "2 words lost" in headline["told"]
    edit(film, need["choices"][0]["edit"])
    need, headline = shown()
    assert need["done"] and headline["unexplained"] == 0
    edit(film, {"op": "undo", "entry": film.revision})
    assert not shown()[0]["done"]
    made = edit(film, {"op": "accept", "need": need["id"]})
    need, headline = shown()
    assert need["done"] and (headline["unexplained"], headline["accepted"]) == (0, 2)
    assert "2 lost or added words accepted by a person" in headline["told"] and "2 words lost" not in headline["told"]
    assert showing.done(film, made)["headline"]["en"] == headline, "the answer has it, too"
    lost["text"] = "my father"  # another loss at the same time is open
    for track in check["tracks"]:
        track["words"]["unexplained"] = [lost]
    path.write_text(json.dumps(check), encoding="utf-8")
    film.files = FilmDocument(job).files
    assert not shown()[0]["done"] and shown()[1]["unexplained"] == 2


def test_what_the_translator_would_have_written_instead_is_there_to_pick_from(film: FilmDocument) -> None:
    def doubtful() -> list[dict[str, Any]]:
        return [n for n in showing.document(film)["needs"] if n["kind"] == "translation" and not n["done"]]

    (need,) = doubtful()
    assert need["reasons"] == ["low probability"]
    labels = [(choice["label"], choice["reasons"]) for choice in need["choices"]]
    assert labels == [("Ram 5 went home.", ["nothing wrong is known of it"]), ("Ram had", ["negation lost"])]
    edit(film, *need["choices"][0]["edits"])
    assert film.lanes["en"].cues[need["cue"]].text == "Ram 5 went home." and doubtful() == []
    edit(film, {"op": "undo", "entry": film.revision})
    assert len(doubtful()) == 1


@pytest.mark.parametrize(
    ("text", "old", "made"),
    [
        ("- Where?\n- Home.", "Where?", "- Anew.\n- Home."),
        ("<i>Where is\nhe?</i> Here.", "Where is he?", "<i>Anew.</i> Here."),
        ("<i>Where is</i>\n<i>he?</i>", "Where is he?", "<i>Anew.</i>"),
        ("“No.” And go.", "No.", "“Anew.” And go."),
        ("Casino. Go.", "no. Go.", None),
        ("राम. घर", "रा", None),
        ("はい。そうです。", "そうです。", "はい。Anew."),
        ("Where?", "", None),
        ("a.c", "abc", None),
    ],
)
def test_words_are_replaced_where_they_stand_and_all_else_stays(text: str, old: str, made: str | None) -> None:
    assert text_edits.replaced(text, old, "Anew.") == made


@pytest.mark.parametrize(
    ("songs", "text", "made"),
    [("italics", "<i>La\nla</i>", "<i>Anew.</i>"), ("♪", "♪ La la ♪", "♪ Anew. ♪"), ("♪", "La", "Anew.")],
)
def test_another_text_of_a_song_is_shown_as_sung(film: FilmDocument, songs: str, text: str, made: str) -> None:
    cue = replace(film.lanes["en"].cues["en-1"], text=text)
    assert text_edits.dressed(cue, "Anew.", replace(film.rules("en"), songs=songs)) == made


def test_a_hypothesis_is_shared_out_to_all_cues_of_its_segment(film: FilmDocument) -> None:
    (need,) = [n for n in showing.document(film)["needs"] if n["kind"] == "translation"]
    lane = film.lanes["en"]
    cue = lane.cues[need["cue"]]
    cut = (cue.start_ms + cue.end_ms) // 2
    first, second = replace(cue, end_ms=cut, text="Ram number"), replace(cue, id="en-900", start_ms=cut, text="5 went.")
    lane.put(Change(put=(first, second), was=(cue,)), 0, "")
    assert "Ram 5 went home." in {choice["label"] for choice in next(needs.of_cue(film, lane, first))["choices"]}
    edits = next(needs.of_cue(film, lane, second))["choices"][0]["edits"]
    texts = {one["cue"]: one["text"] for one in edits if one["op"] == "set_text"}
    assert list(texts) == [first.id, second.id] and " ".join(texts.values()) == "Ram 5 went home."
    lane.put(Change(put=(replace(second, hand=True),), was=(second,)), 0, "")
    assert next(needs.of_cue(film, lane, first))["choices"] == [], "what a person has written there stays"


def test_a_line_that_another_server_is_writing_is_not_cut_off(
    film: FilmDocument, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(film, {"op": "set_text", "cue": "en-1", "text": "Saved"})
    path, read = film.folder / "corrections" / "log.jsonl", outside.read_bytes

    def half_written(asked: Path, *more: int) -> bytes:
        monkeypatch.setattr(outside, "read_bytes", read)
        before = read(asked, *more)
        edit(film, {"op": "set_text", "cue": "en-2", "text": "Answered"})
        return before + read(asked, *more)[len(before) :][:20]

    monkeypatch.setattr(outside, "read_bytes", half_written)
    assert len(EditLog(path.parent).read()) == len(film.entries)
    assert texts(FilmDocument(film.folder))[:2] == ["Saved", "Answered"]


def test_a_step_that_others_have_written_over_is_taken_back_once_a_person_has_seen_both(film: FilmDocument) -> None:
    before = texts(film)
    mine = edit(film, {"op": "set_text", "cue": "en-1", "text": "Mine"}, {"op": "delete", "cue": "en-2"})
    edit(film, {"op": "set_text", "cue": "en-1", "text": "Hers"}, who=SHE)
    step = {"op": "undo", "entry": mine.entry.revision}
    with pytest.raises(ConflictError):
        edit(film, step)
    forced = edit(film, step, force=True)
    assert texts(film) == before == texts(FilmDocument(film.folder))
    edit(film, {"op": "undo", "entry": film.revision - 1}, force=True)
    assert film.state_at(forced.entry.revision - 1)[0]["en"]["en-1"].text == "Hers"


def test_what_a_person_has_deleted_and_the_machine_says_no_more_is_gone(film: FilmDocument) -> None:
    lane = film.lanes["en"]
    machine = list(lane.cues.values())
    edit(film, {"op": "delete", "cue": "en-2"})
    change, lost = carrying.carried(lane, machine, [cue for cue in machine if cue.id != "en-2"])
    assert not change.put and not change.gone and not lost
