"""Stage 03 as it is run."""

from __future__ import annotations

import json
import subprocess
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
    assert value["schema_version"] == "1.1"
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
    assert written(job) == {"schema_version": "1.1", "entries": [], "conflicts": []}


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


def test_the_recogniser_gets_the_films_names_the_most_important_first(tmp_path: Path) -> None:
    job = support.make_job(tmp_path)
    tmdb = support.finished_stage(job, "tmdb", {"film_metadata": ("film_metadata.json", json.dumps(FILM).encode())})
    (tmp_path / "own.tsv").write_text(HEADER + "Bholu\t\t\tname\t\nyaar\tdude\t\t\t\nरघु\tRaghu\t\tname\t\n", "utf-8")
    (tmp_path / "house.tsv").write_text("term\ttarget\trule\nSamvad\t\tkeep\nchai\ttea\t\n", "utf-8")
    done = support.run_script(
        "glossary_load", "--job-folder", job, "--film", "t", "--tmdb", tmdb,
        "--files", "config/glossary/hinglish.tsv", tmp_path / "house.tsv", "--film-glossary", tmp_path / "own.tsv",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    value = json.loads((job / "03_glossary_load" / "prompt_terms.json").read_text("utf-8"))
    assert value == {
        "schema_version": "1.0",
        "terms": ["Bholu", "रघु", "Jai", "Singh", "Rathore", "Samvad", "Jai Singh Rathore", "T"],
    }
    outputs = {item["type"] for item in support.manifest_of(job, "glossary_load")["outputs"]}
    assert outputs == {"glossary", "prompt_terms", "metadata"}


def test_every_wrong_row_of_a_file_is_told_at_once(tmp_path: Path) -> None:
    job = support.make_job(tmp_path)
    rows = [
        "term\ttarget\trule\tlanguage\talternatives",
        "\tx\t\t\t",
        "a\tb\tnever\t\t",
        "c\td\t\txx\t",
        "e\tf\tkeep\t\tg",
    ]
    (tmp_path / "own.tsv").write_text("\n".join(rows), "utf-8")
    done = support.run_script("glossary_load", "--job-folder", job, "--film", "t", "--files", tmp_path / "own.tsv")
    assert done.returncode == 2
    message = support.failed_manifest(job, "glossary_load")["errors"][0]["message"]
    for said in (
        "line 2, column term",
        "line 3, column rule",
        "line 4, column language",
        "line 5, column alternatives",
    ):
        assert said in message


def test_names_of_a_series_are_collected_promoted_and_used(tmp_path: Path) -> None:
    def learn(*options: object) -> subprocess.CompletedProcess[str]:
        command = [support.ROOT / "samvad", "learn-terms", "--folder", tmp_path / "learned", *options]
        return subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)

    def name(text: str, source: str, count: int, heard: dict[str, int]) -> dict[str, Any]:
        known = {"text": text, "label": "person", "source": source, "count": count, "first_ms": 0}
        return {**known, "variants": {text: count}, "heard": heard, "spellings": {"latin": text}, "target": text}

    names = [
        name("Chulbul", "tmdb", 9, {"Chulbull": 2}),
        name("Makkhi", "en_model", 3, {}),
        name("Delhi", "glossary", 1, {}),
    ]
    jobs = []
    for number, film in enumerate(("first", "second"), 1):
        job = support.make_job(tmp_path, f"2025/01/01/tester/{number}")
        content = json.dumps({"schema_version": "1.1", "names": names}).encode()
        manifest = support.finished_stage(job, "ner", {"names": ("names.json", content)})
        manifest.write_text(manifest.read_text("utf-8").replace('"film": "test"', f'"film": "{film}"'), "utf-8")
        jobs.append(job)
    assert learn("collect", "dabangg", jobs[0]).returncode == 0
    assert learn("collect", "dabangg", *jobs).returncode == 0  # the first film is not counted twice
    assert learn("list", "dabangg").stdout.splitlines() == [
        "Chulbul\tperson\t18\tfirst, second\tChulbull",
        "Makkhi\tperson\t6\tfirst, second\t",
    ]
    into = tmp_path / "series.tsv"
    assert learn("promote", "dabangg", "chulbul", "--into", into).returncode == 0
    assert learn("promote", "dabangg", "Chulbul", "--into", into).stdout.endswith("0 terms added\n")
    assert learn("reject", "dabangg", "Makkhi").returncode == 0
    assert learn("list", "dabangg").stdout == ""
    wrong = learn("promote", "dabangg", "Nobody", "--into", into)
    assert wrong.returncode == 2
    assert "no term nobody" in wrong.stderr
    assert learn("collect", "../up", jobs[0]).returncode == 2
    assert learn("collect", "dabangg", tmp_path).returncode == 2

    job = support.make_job(tmp_path, "2025/01/01/tester/3")
    assert support.run_script("glossary_load", "--job-folder", job, "--film", "t", "--files", into).returncode == 0
    (entry,) = written(job)["entries"]
    assert (entry["term"], entry["context"], entry["forms"], entry["rule"]) == (
        "Chulbul", "person", ["Chulbull"], "spelling",
    )  # fmt: skip
