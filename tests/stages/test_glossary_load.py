"""Stage 03 as it is run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import support

HEADER = "term\ttarget\talternatives\tcontext\tnotes\n"
FILM = {
    "schema_version": "1.0", "source": "tmdb", "tmdb_id": 1, "title": "T", "original_title": "T", "year": 2008,
    "cast": [{"name": "Imran Khan", "character": "Jai Singh Rathore"}, {"name": "Ratna Pathak", "character": "Mother"}],
    "soundtrack": [],
}  # fmt: skip


def written(job: Path) -> dict[str, Any]:
    value: dict[str, Any] = json.loads((job / "03_glossary_load" / "glossary.json").read_text("utf-8"))
    assert value["schema_version"] == "1.0"
    return value


def test_the_built_in_glossary_the_cast_and_the_films_own_are_merged(tmp_path: Path) -> None:
    job = support.make_job(tmp_path)
    tmdb = support.finished_stage(job, "tmdb", {"film_metadata": ("film_metadata.json", json.dumps(FILM).encode())})
    (tmp_path / "own $1 'x'.tsv").write_text(HEADER + "yaar\tdude\nJai Singh Rathore\tJay\t\tname\t\n", "utf-8")
    done = support.run_script(
        "glossary_load", "--job-folder", job, "--film", "t", "--tmdb", tmdb,
        "--files", "config/glossary/hinglish.tsv", "--film-glossary", tmp_path / "own $1 'x'.tsv",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    by_term = {entry["term"]: entry for entry in written(job)["entries"]}
    assert by_term["yaar"]["target"] == "dude"
    assert by_term["यार"]["target"] == "man"
    assert by_term["यार"]["source"] == "config/glossary/hinglish.tsv"
    assert (by_term["Imran Khan"]["target"], by_term["Imran Khan"]["source"]) == ("Imran Khan", "tmdb")
    assert by_term["Jai Singh Rathore"]["target"] == "Jay"
    assert "Mother" not in by_term
    assert [conflict["term"] for conflict in written(job)["conflicts"]] == ["yaar", "Jai Singh Rathore"]
    manifest = support.manifest_of(job, "glossary_load")
    assert [item["type"] for item in manifest["inputs"]] == ["film_metadata", "glossary_file", "glossary_file"]
    assert {item["name"]: item["value"] for item in manifest["metrics"]}["conflicts"] == 2


def test_no_files_and_no_cast_make_an_empty_glossary(tmp_path: Path) -> None:
    job = support.make_job(tmp_path)
    done = support.run_script("glossary_load", "--job-folder", job, "--film", "t", "--film-glossary", "", "--files")
    assert done.returncode == 0, done.stderr
    assert written(job) == {"schema_version": "1.0", "entries": [], "conflicts": []}


def test_relative_files_lie_in_the_projects_folder_wherever_it_is_run(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    job = support.make_job(tmp_path)
    done = support.run_script(
        "glossary_load", "--job-folder", job, "--film", "t", "--files", "config/glossary/hinglish.tsv"
    )
    assert done.returncode == 0, done.stderr
    assert len(written(job)["entries"]) > 100


def test_a_wrong_row_fails_the_stage_with_file_and_line(tmp_path: Path) -> None:
    job = support.make_job(tmp_path)
    (tmp_path / "own.tsv").write_text(HEADER + "\tdude\n", "utf-8")
    done = support.run_script("glossary_load", "--job-folder", job, "--film", "t", "--files", tmp_path / "own.tsv")
    assert done.returncode == 2
    error = support.failed_manifest(job, "glossary_load")["errors"][0]
    assert error["category"] == "configuration"
    assert "own.tsv, line 2, column term" in error["message"]
    assert not (job / "03_glossary_load" / "glossary.json").exists()
