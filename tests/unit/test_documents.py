"""Documents between stages: what is written is read again, and what is damaged is named, wherever the damage is."""

from __future__ import annotations

import copy
import dataclasses
import json
import types
import typing
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import support
from samvad.core import typed_json
from samvad.core.errors import SamvadError
from samvad.documents import (
    job_manifest,
    live_run,
    machine_cues,
    names,
    probe,
    run_record,
    segments,
    shots,
    songs,
    stage_manifest,
    subtitle_check,
    tracks,
    waveform,
    word_account,
)
from samvad.documents.headline import Headline
from samvad.documents.job_manifest import ResultFile
from samvad.documents.machine_cues import MachineCue, Origin
from samvad.documents.segments import Entity, Segment, SegmentsDocument, Translation, Word
from samvad.documents.stage_entries import FileRecord, IntermediateFile
from samvad.documents.subtitle_check import CheckedRule, Doubt, Finding, TrackCheck
from samvad.documents.subtitles.cues import Cue, Style
from samvad.documents.tracks import FurtherTrack, SubtitleFiles, Tracks
from samvad.film import glossary, metadata

Read = Callable[[Path], Any]
Write = Callable[[Path, Any], None]


def in_folder(read: Read) -> Read:
    """Read a document that is known by its job's folder."""
    return lambda path: read(path.parent)


#: Each document: its class, its file's name, its reader, and its writer (of those with a schema, without its check).
DOCUMENTS: dict[str, tuple[type[Any], str, Read, Write]] = {
    "stage manifest": (stage_manifest.StageManifest, "manifest.json", stage_manifest.read, typed_json.write),
    "job manifest": (job_manifest.JobManifest, "manifest.json", in_folder(job_manifest.read), typed_json.write),
    "run record": (run_record.RunRecord, "run.json", in_folder(run_record.read), typed_json.write),
    "probe": (probe.Probe, "probe.json", probe.read, probe.write),
    "shots": (shots.Shots, "shots.json", shots.read, shots.write),
    "songs": (songs.Songs, "songs.json", songs.read, songs.write),
    "tracks": (tracks.Tracks, "tracks.json", tracks.read, tracks.write),
    "names": (names.Names, "names.json", names.read, names.write),
    "check": (subtitle_check.Checks, "qc.json", subtitle_check.read, subtitle_check.write),
    "cues": (machine_cues.MachineCues, "cues.json", machine_cues.read, machine_cues.write),
    "waveform": (waveform.Waveform, "waveform.json", waveform.read, waveform.write),
    "glossary": (glossary.Glossary, "glossary.json", glossary.read, glossary.write),
    "film metadata": (metadata.FilmMetadata, "film_metadata.json", metadata.read, metadata.write),
    "heard words": (word_account.Heard, "heard.json", word_account.read_heard, word_account.write_heard),
    "segments": (SegmentsDocument, "segments.json", segments.read, segments.write),
}
WHOLE = st.integers(-(2**62), 2**62)
UNKNOWN = st.dictionaries(st.from_regex(r"x_[a-z]{1,3}", fullmatch=True), st.none() | WHOLE | st.text())
PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    str: st.text(st.characters(codec="utf-8"), max_size=8),
    int: WHOLE,
    float: st.floats(allow_nan=False, allow_infinity=False) | st.integers(0, 2**40),
    bool: st.booleans(),
    types.NoneType: st.none(),
}


def values(kind: Any) -> st.SearchStrategy[Any]:
    """Return a strategy for what a field of a document may hold."""
    if kind in PLAIN:
        return PLAIN[kind]
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        return st.one_of([values(member) for member in arguments])
    if origin is tuple:
        return st.lists(values(arguments[0]), max_size=2).map(tuple)
    if origin is list:
        return st.lists(values(arguments[0]), max_size=2)
    if origin is dict:
        return st.dictionaries(PLAIN[str], values(arguments[1]), max_size=2)
    hints = typing.get_type_hints(kind)
    more = {"extra": UNKNOWN} if "extra" in hints else {}
    known = {name: values(hint) for name, hint in hints.items() if name != "extra"}
    # What leads to files has a form of its own, which readers insist on.
    if kind in (FileRecord, IntermediateFile, ResultFile):
        known["path"] = st.from_regex(r"[0-9]{2}_[a-zऀ-ॿ ]{1,8}/[^/\0]{0,8}x", fullmatch=True)
    if kind in (FileRecord, ResultFile):
        known["checksum"] = st.from_regex(r"sha256:[0-9a-f]{64}", fullmatch=True)
    if kind in (SubtitleFiles, FurtherTrack, Tracks):
        known["transcripts" if kind is Tracks else "files"] = st.dictionaries(
            st.text(max_size=8), st.from_regex(r"[^/\0]{0,8}x", fullmatch=True), max_size=2
        )
    if "schema_version" in known:
        known["schema_version"] = st.sampled_from(["1.0", "1.9"])
    return st.builds(kind, **known, **more)


# Segments and what is known of a film have tests of their own: their readers refuse, or tidy, more than types do.
@pytest.mark.parametrize("name", [name for name in DOCUMENTS if name not in ("segments", "film metadata")])
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(data=st.data())
def test_a_document_is_read_as_it_was_written(name: str, data: st.DataObject, tmp_path: Path) -> None:
    kind, file, read, write = DOCUMENTS[name]
    document = data.draw(values(kind))
    write(tmp_path / file, document)
    assert read(tmp_path / file) == document


TEXT = Segment(
    id=1,
    start_ms=0,
    end_ms=900,
    text="नमस्ते Asha",
    language="hi",
    words=(Word(0, 400, "नमस्ते", 0.9), Word(400, 900, "Asha")),
    decoding={"avg_logprob": -0.2},
    reasons=("loop",),
    signals={"loop": 1.0},
    entities=(Entity("Asha", "person", 7, 11, "tmdb"),),
    translations={"en": Translation("Hello Asha", "whisper", -0.1, ("low probability",))},
)


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """One of each document with something in every list."""
    folder = tmp_path_factory.mktemp("whole")
    media_file = folder / "film.mkv"
    media_file.write_bytes(b"film")
    job = support.make_job(folder)
    made = support.finished_stage(
        job, "demux", {"probe": ("probe.json", support.probe_document())}, [support.file_record(media_file, "film")]
    )
    media = json.loads(support.probe_document())["media"]
    manifest = json.loads(made.read_text("utf-8"))
    manifest["inputs"][0]["media"] = media
    manifest["config"] = {"languages": ["hi", None], "beam_size": 5, "file": None}
    manifest["config_hash"] = stage_manifest.config_hash(manifest["config"])
    manifest["software"] |= {"tools": {"ffmpeg": "5"}, "models": [{"name": "m", "revision": None, "checksum": None}]}
    manifest["metrics"] = [{"name": "film_duration", "value": 6, "unit": "s"}]
    manifest["warnings"] = [{"timestamp": "2025-01-01T00:00:00.000Z", "message": "it is dark"}]
    manifest["intermediate_files"] = [{"path": "copy.mkv", "size_bytes": 1, "retained": False, "reason": "a copy"}]
    made.write_text(json.dumps(manifest), "utf-8")
    cache = run_record.CacheSettings("/cache", 10)
    run = run_record.RunRecord(run_id="a_run", stamp="20250101_000000", film="test", title="दिल से", cache=cache)
    run_record.write(job, run)
    job_manifest.write(job, ["demux", "asr"], live_run.RunState(process=live_run.Process("h", 1, "/mark")))
    shots.write(folder / "shots.json", shots.Shots(method="scdet", cuts_ms=(1000, 2000)))
    songs.write(folder / "songs.json", songs.Songs(songs=(songs.Song(0, 10, 0.9),)))
    track = tracks.SubtitleFiles("en", True, 3, {"srt": "a.en.srt"})
    tracks.write(folder / "tracks.json", tracks.Tracks(tracks=(track,)))
    segments.write(folder / "segments.json", SegmentsDocument("hi", 1000, (TEXT,)))
    named = names.FilmName("Asha", "person", "tmdb", 1, 0, {"Asha": 1}, {"Aasha": 1}, {"Latn": "Asha"}, "Asha")
    cast, undecided = names.CastCount("Asha", "K", 1, 0), names.Undecided("Ash", 2, "Asha", 0.8, "too unlike")
    names.write(folder / "names.json", names.Names(names=(named,), cast=(cast,), undecided=(undecided,)))
    finding = Finding(1, "reading speed", "error", 25.0, 20.0, "characters/s", "too fast")
    rules = (CheckedRule("reading speed", "error", "a page"),)
    taken = (word_account.Taken("07_hallucination_removal", "a rule", "why", None, 900, 1, "Hm"),)
    lost = (word_account.Unexplained("05_ner", "lost", 0, 900, 1, "asha"),)
    way = word_account.Funnel(steps=(word_account.Step("04_asr", "heard", 2),), taken=taken, unexplained=lost)
    worth = {"doubts": (Doubt(1, ("made up",)),), "headline": Headline(1, 10.0, 0.8, None, 1, 0, 0.0), "words": way}
    said = (word_account.Said(1, 0, 900, "Asha"),)
    heard = word_account.Heard(words=2, taken=taken, unexplained=lost, said=said)
    word_account.write_heard(folder / "heard.json", heard)
    check = TrackCheck("en", 1, rules, {"max_lines": 2}, {"hard": 0.0}, (finding,), missing=((0, 1200),), **worth)
    subtitle_check.write(folder / "qc.json", subtitle_check.Checks(profile="A profile", tracks=(check,)))
    cue = MachineCue.of(Cue(0, 900, ("Hello",), (Style(0, 0, 5, "i"),)), Origin(0, 900, (1,), True))
    machine_cues.write(folder / "cues.json", machine_cues.MachineCues(tracks={"en": (cue,)}))
    waveform.write(folder / "waveform.json", waveform.Waveform(peaks_a_second=25, peaks="AA=="))
    entry = glossary.Entry("yaar", "friend", ("mate",), senses=(glossary.Sense("to a man", "mate"),))
    conflict = glossary.Conflict("yaar", "friend", "man")
    glossary.write(folder / "glossary.json", glossary.Glossary((entry,), (conflict,)))
    film = metadata.FilmMetadata("tmdb", 1, "A film", "A film", 1975, (metadata.CastMember("K", "Asha"),), ("A song",))
    metadata.write(folder / "film_metadata.json", film)
    found = {name: job / DOCUMENTS[name][1] for name in ("job manifest", "run record")}
    found |= {"stage manifest": made, "probe": made.with_name("probe.json")}
    found |= {name: folder / file for name, (_, file, _, _) in DOCUMENTS.items() if name not in found}
    return {name: path.read_text("utf-8") for name, path in found.items()}


def places(value: Any, *above: Any) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every value in a document."""
    yield above
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, *above, key)


def changed(document: Any, steps: tuple[Any, ...], value: Any) -> Any:
    """Return a copy in which the value at a path is another one, or is gone (``...``)."""
    made = copy.deepcopy(document)
    if not steps:
        return None if value is ... else value
    place = made
    for step in steps[:-1]:
        place = place[step]
    if value is ...:
        del place[steps[-1]]
    else:
        place[steps[-1]] = value
    return made


@pytest.mark.parametrize("name", DOCUMENTS)
def test_damage_anywhere_is_named_with_the_file_and_never_ends_in_a_defect(
    name: str, texts: dict[str, str], tmp_path: Path
) -> None:
    _, file, read, _ = DOCUMENTS[name]
    path, whole = tmp_path / file, json.loads(texts[name])
    path.write_text(texts[name], "utf-8")
    assert read(path) is not None
    refused = 0
    for steps in places(whole):
        for value in (..., None, [], {}, [[]], {"x": 1}, "text", "", 5, -1, 0.5, True):
            path.write_text(json.dumps(changed(whole, steps, value)), "utf-8")
            try:
                read(path)
            except SamvadError as error:
                refused += 1
                assert str(path) in str(error) and error.remedy, (steps, value)
    assert refused > 20


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize("content", [b"", b"null", b"[]", b"5", b'"x"', b"{", b"\xff\xfe{}", b"[" * 100_000, b"{}"])
def test_what_is_no_such_document_is_refused_with_its_name(name: str, content: bytes, tmp_path: Path) -> None:
    _, file, read, _ = DOCUMENTS[name]
    path = tmp_path / file
    path.write_bytes(content)
    with pytest.raises(SamvadError) as caught:
        read(path)
    assert str(path) in str(caught.value) and caught.value.remedy


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_that_is_not_there_is_named(name: str, tmp_path: Path) -> None:
    _, file, read, _ = DOCUMENTS[name]
    with pytest.raises(SamvadError, match="does not exist") as caught:
        read(tmp_path / file)
    assert str(tmp_path / file) in str(caught.value)


def test_the_message_names_the_key_at_any_depth(texts: dict[str, str], tmp_path: Path) -> None:
    path, whole = tmp_path / "manifest.json", json.loads(texts["stage manifest"])
    for steps, value, said in [
        (("outputs", 0, "size_bytes"), "5", "outputs[0].size_bytes is '5', but must be a whole number"),
        (("outputs", 0, "path"), ..., "outputs[0] lacks 'path'"),
        (("software", "tools", "ffmpeg"), 5, "software.tools.ffmpeg is 5, but must be a text"),
        (("cache", "hit"), 1, "cache.hit is 1, but must be true or false"),
        (("inputs",), {}, "inputs is {}, but must be a list"),
        (("exit_code",), True, "exit_code is True, but must be a whole number or null"),
    ]:
        path.write_text(json.dumps(changed(whole, steps, value)), "utf-8")
        with pytest.raises(SamvadError) as caught:
            stage_manifest.read(path)
        assert said in str(caught.value)


def test_a_manifest_of_a_later_minor_version_is_read_and_one_of_another_major_version_is_not(
    texts: dict[str, str], tmp_path: Path
) -> None:
    path, whole = tmp_path / "manifest.json", json.loads(texts["stage manifest"])
    path.write_text(json.dumps({**whole, "schema_version": "1.1", "mood": "glad"}), "utf-8")
    assert stage_manifest.read(path).stage == "demux"
    path.write_text(json.dumps({**whole, "schema_version": "2.0"}), "utf-8")
    with pytest.raises(SamvadError, match=r"version 2\.0"):
        stage_manifest.read(path)


@pytest.mark.parametrize("name", ["probe", "shots", "songs", "tracks", "segments"])
def test_keys_of_a_later_version_stay_where_a_document_is_written_again(
    name: str, texts: dict[str, str], tmp_path: Path
) -> None:
    _, file, read, write = DOCUMENTS[name]
    path = tmp_path / file
    path.write_text(json.dumps({**json.loads(texts[name]), "mood": {"glad": [1, 2]}}), "utf-8")
    write(path, dataclasses.replace(read(path)))
    assert json.loads(path.read_text("utf-8"))["mood"] == {"glad": [1, 2]}
