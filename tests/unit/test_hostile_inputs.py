"""Whatever comes from outside: it is read, or refused in words; nothing waits, nothing ends as a defect."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hostile
import support
from samvad.core import checksums, files, outside, typed_json
from samvad.core.errors import SamvadError
from samvad.documents import job_folder, run_mark, stage_manifest
from samvad.documents import review as review_document
from samvad.documents.stage_entries import FileRecord
from samvad.documents.subtitles import formats
from samvad.film import metadata
from samvad.media import ffmpeg, film_file, film_headers
from samvad.reporting.logquery import sources
from samvad.reporting.metrics import totals
from samvad.settings import configuration, resource_requests, subtitle_profiles
from samvad.stages.ner import overrides
from samvad.stages.translation import memory
from samvad.text import phrases
from samvad.workflow import event_merging

#: What reads a path from outside.
READERS: dict[str, Callable[[Path], object]] = {
    "film": lambda path: film_file.check(path, ""),
    "ffprobe": film_headers.read,
    "ffmpeg": ffmpeg.source,
    "film's fingerprint": files.sampled_fingerprint,
    "checksum": files.sha256_of,
    "remembered checksum": checksums.checksum,
    "sheet": configuration.load_films,
    "TMDB file": lambda path: metadata.read_file(path, 10),
    "overrides": lambda path: overrides.read(path, "x"),
    "phrases": phrases.read,
    "decisions": review_document.read_verdicts,
    "shorter texts": review_document.read_shorter,
    "corrections": memory.read_corrections,
    "resources": lambda path: resource_requests.load(str(path)),
    "profile": lambda path: subtitle_profiles.load(str(path)),
    "subtitles": formats.read,
    "manifest": stage_manifest.read,
    "mark": run_mark.read,
    "text": outside.read_text,
}
ENDINGS = {"profile": "x.yaml", "subtitles": "x.srt"}


@pytest.mark.timeout(20)
@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("kind", ["pipe", "device", "folder", "socket", "endless"])
def test_only_regular_files_are_read_and_nothing_waits(tmp_path: Path, kind: str, name: str) -> None:
    path = tmp_path / ENDINGS.get(name, "x")
    match kind:
        case "pipe":
            os.mkfifo(path)
        case "device":
            path.symlink_to("/dev/zero")
        case "folder":
            path.mkdir()
        case "socket":
            os.mknod(path, 0o140644)
        case _:
            path.symlink_to("/dev/full")
    with pytest.raises((SamvadError, OSError)):
        READERS[name](path)


@pytest.mark.timeout(20)
def test_planning_waits_for_no_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "film.mkv")
    assert len(checksums.fingerprint(tmp_path / "film.mkv")) == 16
    log = support.make_job(tmp_path) / "01_demux/attempts/01/events.jsonl"
    log.parent.mkdir(parents=True)
    os.mkfifo(log)
    with pytest.raises(OSError):
        event_merging.run_of(log.parent)


@pytest.mark.timeout(20)
def test_a_log_that_is_a_pipe_or_endless_keeps_no_other_from_being_asked(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    job = support.make_job(tmp_path)
    (job / "logs").mkdir()
    attempt = job / "01_demux/attempts/01"
    attempt.mkdir(parents=True)
    (job / "logs/99_pipeline_1.jsonl").write_bytes(hostile.LINE)
    for path in (job / "logs/99_pipeline_2.jsonl", job / "logs/99_performance_2.jsonl", attempt / "events.jsonl"):
        os.mkfifo(path)
    (job / "logs/99_pipeline_3.jsonl").symlink_to("/dev/zero")
    with (job / "logs/99_pipeline_4.jsonl").open("wb") as file:
        file.truncate(1 << 40)
    found = sources.find([str(tmp_path)], performance=True)
    assert [Path(one.path).name for one in found] == ["99_pipeline_1.jsonl"]
    assert caplog.text.count("passed over") == 5
    assert totals.collect([tmp_path], datetime(2026, 1, 1, tzinfo=UTC), 7).lines == 1


def test_a_sparse_file_of_a_terabyte_is_too_large_for_a_table(tmp_path: Path) -> None:
    path = tmp_path / "films.tsv"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(SamvadError, match="larger than 32 MiB"):
        configuration.load_films(path)


SHAPES = st.sampled_from([("[", "]"), ('{"a":', "}")])


@given(shape=SHAPES, depth=st.integers(65, 3000))
def test_json_of_any_depth_is_refused_in_words(shape: tuple[str, str], depth: int) -> None:
    begin, end = shape
    with pytest.raises(ValueError, match="64 deep"):
        outside.json_value(begin * depth + "1" + end * depth)
    assert outside.json_value(begin * 64 + "1" + end * 64)


NUMBERS = st.integers(-(2**63) + 1, 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(value=VALUES)
def test_json_that_is_well_is_read_as_it_stands(value: object) -> None:
    assert outside.json_value(json.dumps(value)) == value
    assert outside.json_value(json.dumps(value, ensure_ascii=False).encode()) == value


@pytest.mark.parametrize(
    "text", ["NaN", "[Infinity]", "-Infinity", "1e999", "-1e400", "9" * 21, "1" + "0" * 400, "9" * 9999]
)
def test_numbers_that_no_document_holds_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        outside.json_value(text)


@given(half=st.integers(0xD800, 0xDFFF), key=st.booleans())
def test_half_a_character_is_refused_and_a_pair_is_a_character(half: int, key: bool) -> None:
    text = f'{{"\\u{half:04x}": 1}}' if key else f'["\\u{half:04x}"]'
    with pytest.raises(ValueError, match="half a character"):
        outside.json_value(text)
    assert outside.json_value('"\\ud83c\\udfac"') == "🎬"


@settings(deadline=None)
@given(width=st.integers(2, 9), depth=st.integers(7, 30), maps=st.booleans())
def test_aliases_of_yaml_make_nothing_explode(
    tmp_path_factory: pytest.TempPathFactory, width: int, depth: int, maps: bool
) -> None:
    lines = ["a0: &a0 [x, x, x]"]
    for number in range(1, depth):
        items = [f"*a{number - 1}"] * width
        body = ", ".join(f"k{at}: {item}" for at, item in enumerate(items)) if maps else ", ".join(items)
        lines.append(f"a{number}: &a{number} {'{' if maps else '['}{body}{'}' if maps else ']'}")
    path = tmp_path_factory.mktemp("yaml") / "x.yaml"
    path.write_text("\n".join(lines), encoding="utf-8")
    began = time.process_time()
    surely = width ** (depth - 1) > outside.MOST_YAML_VALUES
    with pytest.raises(ValueError, match="far more of it") if surely else contextlib.suppress(ValueError):
        outside.yaml_value(path)
    assert time.process_time() - began < 2


@pytest.mark.parametrize("text", ["asr:\n  model: large\t# a comment\n", "asr: [1,\n\t2]\n"])
def test_a_tab_that_snakemake_takes_ill_is_named_before_it_does(tmp_path: Path, text: str) -> None:
    """libyaml would take it, and Snakemake, which reads settings once more, names neither file nor line."""
    path = tmp_path / "x.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="at line 2"):
        outside.yaml_value(path)


PATHS = st.lists(st.sampled_from(["..", ".", "", "a", "b c", "नाम", "..."]), min_size=1, max_size=5).map("/".join)


@given(text=PATHS)
def test_a_path_out_of_a_document_stays_in_its_folder(text: str) -> None:
    parts = text.split("/")
    assert outside.is_inside(text) == (not {"", ".", ".."} & set(parts))
    assert outside.is_name(text) == (outside.is_inside(text) and len(parts) == 1)
    checksum = "sha256:" + "0" * 64
    if outside.is_inside(text):
        FileRecord("x", text, 1, 1, checksum, None)
    elif not text.startswith("/"):
        with pytest.raises(typed_json.ShapeError, match="inside the folder"):
            FileRecord("x", text, 1, 1, checksum, None)


def test_a_link_that_leads_out_of_the_folder_is_found(tmp_path: Path) -> None:
    (tmp_path / "job").mkdir()
    (tmp_path / "job" / "link").symlink_to(tmp_path)
    assert outside.inside(tmp_path / "job", "a/b") == tmp_path / "job/a/b"
    for text in ("link/x", "../x", "/x", "a/../../x", "a\0b"):
        with pytest.raises(ValueError, match="leads out"):
            outside.inside(tmp_path / "job", text)


@pytest.mark.parametrize("text", ["sha256:../../x", f"sha256:{'0' * 63}", f"sha256:{'G' * 64}", "0" * 64])
def test_a_checksum_has_64_digits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    assert not outside.is_checksum(text)
    with pytest.raises(typed_json.ShapeError, match="hexadecimal"):
        FileRecord("x", "a/b", 1, 1, text, None)
    monkeypatch.setenv("SAMVAD_CACHE", str(tmp_path / "cache"))
    film = tmp_path / "film.mkv"
    film.write_bytes(b"x")
    os.utime(film, (1, 1))
    memo = checksums._memo(film, film.stat())
    memo.parent.mkdir(parents=True)
    memo.write_text(text, encoding="utf-8")
    assert checksums.remembered(film) is None


@pytest.mark.parametrize("data", hostile.ODD_TEXTS, ids=lambda data: repr(data[:12]))
def test_a_damaged_record_is_set_aside_and_the_rest_goes_on(tmp_path: Path, data: bytes) -> None:
    job = support.make_job(tmp_path)
    support.finished_stage(job, "asr", {"segments": ("segments.json", b"x")})
    for name in ("manifest.json", "run.json", "03_glossary_load/manifest.json"):
        (job / name).parent.mkdir(exist_ok=True)
        (job / name).write_bytes(data)
    found = job_folder.load(job)
    assert found.final["asr"].valid is not None and found.final["glossary_load"].valid is None
    assert found.manifest is None and found.run is None and found.problems


def test_a_part_of_the_campaign_finds_nothing(tmp_path: Path) -> None:
    given_, found = hostile.campaign(400, 20250101, tmp_path)
    assert not found, "\n".join(f"{finding.reader}: {finding.said} {finding.data[:200]!r}" for finding in found)
    assert min(given_.values()) > 0, "all readers had a turn"


def test_the_campaign_sees_what_goes_wrong(tmp_path: Path) -> None:
    def fails(folder: Path, data: bytes) -> object:
        raise KeyError(data)

    reader = hostile.Reader("x", (b"a",), hostile.mutated, fails)
    finding = hostile.tried(reader, tmp_path, b"a")
    assert finding is not None and finding.said.startswith("KeyError")


#: Subtitle files in which a reader that is not linear is lost.
LONG_FILES = {
    "tabs.srt": "1\n00:00:01,000 --> 00:00:02,000\n" + "\t" * 300_000 + "x\n",
    "blanks.vtt": "WEBVTT\n\n00:01.000 --> 00:02.000\n" + " " * 300_000 + "x\n",
    "fonts.srt": "1\n00:00:01,000 --> 00:00:02,000\n" + "<font " * 30_000 + "\n",
    "tags.srt": "1\n00:00:01,000 --> 00:00:02,000\n" + "<i>" * 30_000 + "x\n",
    "tags.vtt": "WEBVTT\n\n00:01.000 --> 00:02.000\n" + "<b>" * 30_000 + "x\n",
    "braces.ass": "[Events]\nFormat: Start, End, Text\nDialogue: 0:00:01.00,0:00:02.00," + "{" * 100_000 + "\n",
    "cues.vtt": "WEBVTT\n\n" + "00:01.000 --> 00:02.000\nx\n\n" * 20_000,
    "cues.srt": "".join(f"{n}\n00:00:01,000 --> 00:00:02,000\nx\n\n" for n in range(20_000)),
    "arrows.srt": "-->" * 100_000,
    "digits.srt": "1" * 300_000,
    "entities.vtt": "WEBVTT\n\n00:01.000 --> 00:02.000\n" + "&amp" * 50_000 + "\n",
    "notes.vtt": "WEBVTT\n\n" + "NOTE x\n\n" * 30_000,
    "spans.ttml": '<tt xmlns="http://www.w3.org/ns/ttml"><body><div><p begin="1s" end="2s">'
    + "<span>x</span>" * 10_000
    + "</p></div></body></tt>",
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", LONG_FILES)
def test_a_reader_of_subtitles_takes_time_by_the_length_of_the_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text(LONG_FILES[name], encoding="utf-8")
    began = time.process_time()
    with contextlib.suppress(SamvadError):
        formats.read(path)
    assert time.process_time() - began < 5
