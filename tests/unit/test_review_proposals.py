"""Proposals change nothing until they are taken, and are taken in one step; a track more goes into the film."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import reviewing
import support
from reviewing import edit, texts
from samvad.core.errors import ChangedFileError, ConfigurationError
from samvad.documents import added_tracks, second_reading, stage_manifest, tracks
from samvad.documents.second_reading import Proposal
from samvad.documents.segments import Segment, Translation, Word
from samvad.documents.subtitles import formats
from samvad.review import again, proposals
from samvad.review.film import FilmDocument
from samvad.review.keeping import Keeper
from samvad.review.proposals import Proposals
from samvad.stages.asr import prompts


@pytest.fixture
def film(job: Path) -> FilmDocument:
    return FilmDocument(job)


def propose(film: FilmDocument, kind: str, **asked: Any) -> list[dict[str, Any]]:
    before, count = texts(film), film.revision
    made = Proposals().start("film", film, {"kind": kind, "lane": "en", **asked})
    assert made.state == "done" and (texts(film), film.revision) == (before, count)
    return made.items


def test_find_and_replace_names_every_place_and_ticks_whole_words(film: FilmDocument) -> None:
    found = propose(film, "replace", find="number", **{"with": "no."})
    assert len(found) == 9 and all(item["ticked"] for item in found)
    assert found[0]["after"]["text"] == "Ram no. 1 had gone home."
    edit(film, *(one for item in found for one in item["edits"]))
    assert texts(film)[8] == "Ram no. 10 had gone home."
    edit(film, {"op": "undo", "entry": film.revision})
    assert texts(film)[8] == "Ram number 10 had gone home."
    inside = propose(film, "replace", find="om", **{"with": "um"})
    assert len(inside) == 9 and not any(item["ticked"] for item in inside)
    capitals = propose(film, "replace", find="om", **{"with": "OM"})
    assert len(capitals) == 9 and not any(item["ticked"] for item in capitals), "hOMe is another word, too"
    swapped = propose(film, "replace", find=r"(\w+) number (\d+)", regex=True, **{"with": r"\2: \1"})
    assert swapped[1]["after"]["text"] == "2: Ram had gone home."
    assert propose(film, "replace", find="ram", case=True, **{"with": "x"}) == []


@pytest.mark.parametrize(
    "asked", [{"find": ""}, {"find": "(", "regex": True}, {"find": "a", "with": r"\9", "regex": True}]
)
def test_a_pattern_that_is_none_is_refused(film: FilmDocument, asked: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        propose(film, "replace", **asked)


def test_a_pattern_that_never_ends_is_stopped(film: FilmDocument) -> None:
    edit(film, {"op": "set_text", "cue": "en-1", "text": "a" * 200})
    with pytest.raises(ConfigurationError, match="too long"):
        propose(film, "replace", find="(a|a|aa)+$b", regex=True, **{"with": "x"})


def test_mending_changes_no_word_and_only_what_lies_in_the_stretch(film: FilmDocument) -> None:
    for number in (1, 5):
        text = f"Ram...  {number} had gone home, as he always did in the evening."
        edit(film, {"op": "set_text", "cue": f"en-{number}", "text": text})
    found = propose(film, "mend", start=0, end=5000)
    assert [item["before"]["cue"] for item in found] == ["en-1"]
    after = found[0]["after"]["text"]
    assert "\n" in after and after.replace("…", "...").split() == found[0]["before"]["text"].split()
    edit(film, *found[0]["edits"])
    assert propose(film, "mend", start=0, end=5000) == []


def test_what_says_nothing_may_go_where_a_cue_cannot_be_read(film: FilmDocument) -> None:
    edit(
        film,
        {"op": "set_text", "cue": "en-1", "text": "Um, you know, Ram had gone, um, home, I mean, long before."},
    )
    found = propose(film, "shorten")
    assert [item["after"]["text"] for item in found] == ["Ram had gone, home, long before."]
    assert not found[0]["ticked"]


def test_what_is_heard_again_is_cut_as_stage_09_does_and_taken_in_one_step(film: FilmDocument) -> None:
    """What the recogniser gives is given here; benchmarks and the demo have the real one."""
    words = tuple(
        Word(500 + 300 * at, 780 + 300 * at, text, 0.9) for at, text in enumerate(["राम", "आज", "घर", "गया।"])
    )
    heard = Segment(1, 500, words[-1].end_ms, "राम आज घर गया।", "hi", words)
    heard = Segment(**{**vars(heard), "translations": {"en": Translation("Ram went home today.", "test")}})
    for language, wanted in (("hi", "राम आज घर गया।"), ("en", "Ram went home today.")):
        (item,) = proposals._cut(film, film.lanes[language], (0, 5000), [heard], "heard again")
        assert item["after"]["text"] == wanted and not item["ticked"]
        film.edit({"edits": item["edits"]}, reviewing.ME)
        assert texts(film, language)[0] == wanted


def test_what_a_second_reader_has_written_down_is_proposed_where_its_translation_still_stands(job: Path) -> None:
    rows = [
        Proposal(2, "en", "राम 2 घर गया था।", "Ram number 2 had gone home.", "Ram 2 went home.", "no pluperfect"),
        Proposal(3, "en", "राम 3 घर गया था।", "what stood there once", "Ram 3 went home.", "no pluperfect"),
        Proposal(4, "hi", "राम 4 घर गया था।", "राम 4 घर गया था।", "राम 4 घर गया।", "of another lane"),
    ]
    made = {"second_reading": ("second_reading.tsv", second_reading.table(rows).encode())}
    support.finished_stage(job, "translation", made)
    film = FilmDocument(job)
    (item,) = propose(film, "second_reading")
    assert (item["after"]["text"], item["reason"], item["ticked"]) == ("Ram 2 went home.", "no pluperfect", False)
    edit(film, *item["edits"])
    assert texts(film)[1] == "Ram 2 went home."
    assert propose(film, "second_reading") == []
    (job / "08_translation" / "second_reading.tsv").write_text("segment\tother\n1\tx\n", "utf-8")
    with pytest.raises(ChangedFileError, match="no table of a second reader"):
        propose(film, "second_reading")


@pytest.mark.parametrize("asked", [{"model": "x", "end": 300_000}, {"engine": "magic"}, {"prompt": "perhaps"}])
def test_what_cannot_be_heard_again_so_is_refused_before_it_begins(film: FilmDocument, asked: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        again.wish_of(asked, 0, asked.get("end", 1000))


def test_a_translation_again_is_told_how_and_not_by_the_recogniser_s_names() -> None:
    wish = again.wish_of({"model": "small", "backend": "whisper"}, 0, 1000, stage="translation")
    assert wish.changes == {"whisper_model": "small", "whisper_revision": "", "backend": "whisper"}
    with pytest.raises(ConfigurationError, match="backend"):
        again.wish_of({"backend": "magic"}, 0, 1000, stage="translation")


def test_words_that_are_told_beforehand_come_before_those_of_the_film_and_change_nothing_of_it(
    film: FilmDocument, tmp_path: Path
) -> None:
    wish = again.wish_of({"words": " Zubeida , Mr  Roshan\nZubeida;", "language": "Hin"}, 0, 1000)
    assert wish.words == ("Zubeida", "Mr Roshan") and wish.language == "hi"
    for odd in ("a" * 81, ",".join(map(str, range(61))), 5):
        with pytest.raises(ConfigurationError):
            again.wish_of({"words": odd}, 0, 1000)
    options = again._glossary(film.files, tmp_path, wish.words)
    made = stage_manifest.read(Path(options[1]))
    record = made.output("prompt_terms")
    assert made.stage == "glossary_load" and record is not None
    assert prompts.read_terms(tmp_path / record.path) == ["Zubeida", "Mr Roshan"]
    assert again._glossary(film.files, tmp_path / "other") == [], "the film has none of its own"


def test_a_track_in_another_language_goes_into_the_film_and_out_of_it(film: FilmDocument) -> None:
    job = film.folder
    keeper = Keeper(film, None, {})
    added = {"edits": [{"op": "add_lane", "language": "es", "from": "en"}]}
    first = film.edit(added, reviewing.ME).entry.revision
    film.edit({"edits": [{"op": "undo", "entry": first}]}, reviewing.ME)
    film.edit(added, reviewing.ME)
    assert "es-1" not in film.lanes["es"].cues, "an id is never given again"
    edits = [{"op": "set_text", "lane": "es", "cue": "es-10", "text": "Ram se fue a casa."}]
    film.edit({"edits": edits}, reviewing.ME)
    keeper.write()
    assert added_tracks.read_optional(job) == ("es",)
    reviewing.subtitle(job)
    made = {track.language: track for track in tracks.read(job / "09_subtitle_gen" / "tracks.json").tracks}
    assert list(made) == ["en", "hi", "es"] and made["es"].corrected and made["es"].cues == 9
    shown = formats.read(job / "09_subtitle_gen" / made["es"].files["srt"])
    assert shown.cues[0].text == "Ram se fue a casa."
    assert film.refresh() and texts(film, "es")[0] == "Ram se fue a casa.", "it is no language of the machine's"
    edit(film, {"op": "restore", "revision": 0})
    keeper.write()
    assert added_tracks.read_optional(job) == () and not (job / "corrections" / "es.srt").exists()
    reviewing.subtitle(job)
    qc = json.loads((job / "09_subtitle_gen" / "qc.json").read_text("utf-8"))
    assert [track["language"] for track in qc["tracks"]] == ["en", "hi"]


def test_the_tags_of_a_cue_are_no_letters_of_it() -> None:
    pattern = proposals.pattern_of({"find": "i"})
    assert proposals._outside_tags(pattern, "<i>hi</i> it", "y") == ("<i>hy</i> yt", 2)
    across = proposals.pattern_of({"find": "a <i>b</i>"})
    assert proposals._outside_tags(across, "a <i>b</i>", "<i>c</i>") == ("<i>c</i>", 1)
