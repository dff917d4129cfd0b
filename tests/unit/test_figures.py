"""`samvad figures`: tables of stages and of cues, as a spreadsheet or a statistics program reads them."""

from __future__ import annotations

import csv
import io
import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import support
from samvad.commands import figures
from samvad.core import typed_json
from samvad.documents import segments
from samvad.documents.subtitle_check import Checks
from samvad.documents.subtitles.cues import Cue
from samvad.settings import subtitle_profiles
from samvad.stages.subtitle_gen import checking, qc

CUES = ["Hello.", "A line that is far too long to be read by anybody at all, and so breaks a rule or two.", "Bye."]

RUN_ID = "roja_20250101T000000Z_abc123"


def change(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **changes}), encoding="utf-8")


def make_job(folder: Path, title: str = "रोजा") -> Path:
    """Make the folder of a job with a minute of sound, a stage that failed, and a track of three cues."""
    job = support.make_job(folder)
    (job / "run.json").write_text(json.dumps({"run_id": RUN_ID, "film": "roja", "title": title}), encoding="utf-8")
    rules = subtitle_profiles.load("netflix").rules("en", Fraction(24))
    cues = [Cue(5000 * number, 5000 * number + 1000, (text,)) for number, text in enumerate(CUES)]
    checks = Checks(profile="x", tracks=(qc.track_check(cues, rules, checking.check(cues, rules), ()),))
    found = json.dumps(typed_json.plain(checks)).encode()
    demux = support.finished_stage(job, "demux", {"audio": ("audio.wav", b"RIFF")}, [film_input()])
    outputs = json.loads(demux.read_text(encoding="utf-8"))["outputs"]
    media = {"container": "wav", "start_ms": 0, "duration_ms": 60_000, "duration_from": "header", "streams": []}
    usage = {**support.USAGE, "wall_seconds": 15.0, "peak_rss_mb": 512.5}
    change(demux, outputs=[{**outputs[0], "media": media}], resources=usage)
    support.finished_stage(job, "subtitle_gen", {"qc": ("qc.json", found)})
    asr = support.finished_stage(job, "asr", {"segments": ("segments.json", b"{}")})
    cached = {"key": f"sha256:{'0' * 64}", "hit": True, "made_by": "other_20250101T000000Z_abc123"}
    change(asr, cache=cached)
    return job


def film_input() -> dict[str, Any]:
    checksum = f"sha256:{'1' * 64}"
    return {"type": "film", "path": "f.mkv", "size_bytes": 1, "mtime_ns": 1, "checksum": checksum, "media": None}


def printed(capsys: pytest.CaptureFixture[str], *options: object) -> list[dict[str, str]]:
    assert figures.main([str(option) for option in options]) == 0
    return list(csv.DictReader(io.StringIO(capsys.readouterr().out)))


def test_each_stage_of_each_film_is_a_row_with_what_it_took(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_job(tmp_path / "out")
    demux, asr, subtitles = printed(capsys, tmp_path / "out")
    assert [row["stage"] for row in (demux, asr, subtitles)] == ["demux", "asr", "subtitle_gen"]
    assert (demux["film"], demux["title"], demux["status"]) == ("roja", "रोजा", "success")
    assert (demux["wall_seconds"], demux["peak_memory_mb"], demux["audio_seconds"]) == ("15.0", "512.5", "60")
    assert (demux["real_time_factor"], demux["cache_hit"]) == ("0.25", "False")
    assert (asr["cache_hit"], asr["real_time_factor"]) == ("True", ""), "what was not done took no time"


def test_the_last_attempt_of_a_stage_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    job = make_job(tmp_path / "out")
    done = json.loads((job / "04_asr" / "manifest.json").read_text(encoding="utf-8"))
    error = {"timestamp": done["timestamp"], "type": "MediaError", "category": "media", "message": "No sound."}
    later = {
        "attempt": 2,
        "status": "failed",
        "exit_code": 3,
        "outputs": [],
        "errors": [{**error, "file": None, "traceback": ""}],
    }
    folder = job / "04_asr" / "attempts" / "02"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(json.dumps({**done, **later}), encoding="utf-8")
    row = printed(capsys, job)[1]
    assert (row["attempt"], row["status"], row["error"]) == ("2", "failed", "media")


def test_each_cue_is_a_row_with_its_breaches_by_rule(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_job(tmp_path / "out")
    first, long, last = printed(capsys, tmp_path / "out", "--table", "cues")
    assert [row["cue"] for row in (first, long, last)] == ["1", "2", "3"]
    assert long["line length"] == "1" and long["reading speed"] == "1" and int(long["errors"]) >= 2
    assert set(checking.RULES) <= set(first)
    assert {first[rule] for rule in ("line length", "reading speed", "overlap")} == {"0"}


def test_tables_are_written_as_files_and_a_film_without_subtitles_has_no_cues(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    support.finished_stage(support.make_job(tmp_path / "out"), "asr", {"segments": ("segments.json", b"{}")})
    assert figures.main([str(tmp_path / "out"), "--csv", str(tmp_path / "for R")]) == 0
    assert "tester" in (tmp_path / "for R" / "stages.csv").read_text(encoding="utf-8")
    assert (
        (tmp_path / "for R" / "cues.csv").read_text(encoding="utf-8").startswith("film,title,job_folder,language,cue")
    )
    assert "cues.csv" in capsys.readouterr().out


@pytest.mark.parametrize("title", ["=HYPERLINK(1)", "+1", "-2", "@SUM(A1)", "\t=1"])
def test_a_title_that_a_spreadsheet_would_run_is_made_harmless(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], title: str
) -> None:
    make_job(tmp_path / "out", title)
    for table in ("stages", "cues"):
        assert {row["title"] for row in printed(capsys, tmp_path / "out", "--table", table)} == {f"'{title}"}


def test_a_manifest_that_cannot_be_relied_upon_is_left_out_and_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    job = make_job(tmp_path / "out")
    change(job / "04_asr" / "manifest.json", status="splendid")
    assert figures.main([str(job)]) == 0
    told = capsys.readouterr()
    assert "splendid" not in told.out and "1 manifests are left out" in told.err and "samvad verify" in told.err


def test_a_place_without_jobs_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert figures.main([str(tmp_path)]) == 2
    assert f"There is no job at or below {tmp_path}" in capsys.readouterr().err


def test_words_are_rows_and_all_tables_are_written_for_a_spreadsheet_and_with_their_types(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import duckdb
    import pandas as pd

    job = make_job(tmp_path / "out", title="=1+1")
    words = (segments.Word(0, 400, "Hello,", 0.9), segments.Word(400, 800, "you."))
    said = segments.SegmentsDocument(
        language="en", duration_ms=60_000, segments=(segments.Segment(1, 0, 800, "Hello, you.", "en", words),)
    )
    support.finished_stage(job, "ner", {"segments": ("segments.json", json.dumps(typed_json.plain(said)).encode())})
    first, second = printed(capsys, tmp_path / "out", "--table", "words")
    assert (first["text"], first["start_ms"], second["score"], second["word"]) == ("Hello,", "0", "", "2")
    book, folder = tmp_path / "figures.xlsx", tmp_path / "tables"
    assert figures.main([str(tmp_path / "out"), "--xlsx", str(book), "--parquet", str(folder)]) == 0
    sheets = pd.read_excel(book, sheet_name=None, engine="openpyxl")
    assert list(sheets["words"]["text"]) == ["Hello,", "you."] and set(sheets["words"]["title"]) == {"'=1+1"}
    found = duckdb.sql(f"SELECT title, end_ms, typeof(end_ms) FROM '{folder}/words.parquet' ORDER BY word").fetchall()
    assert found == [("=1+1", 400, "BIGINT"), ("=1+1", 800, "BIGINT")]
    page = (support.ROOT / "docs/figures.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in page for name in {*sheets["stages"], *sheets["words"], "language", "cue"})
