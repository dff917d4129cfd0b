"""Looking back at the finished demo: it is as recorded, its history is told, and its crate is a valid one."""

from __future__ import annotations

import importlib.resources
import io
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import wcwidth

from samvad.core import files, stages

pytestmark = [pytest.mark.slow, pytest.mark.model]

CONTEXT = "https://w3id.org/ro/crate/1.1/context"


def test_the_finished_demo_is_as_recorded_from_the_mkv_back_to_the_film(demo: Any, sample: Any) -> None:
    done = demo.project.samvad("verify", demo.job, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    (report,) = json.loads(done.stdout)["jobs"]
    assert set(report["counts"]) == {"ok"}, report["findings"]
    read = {(step["read_by"], step["written_by"]) for step in report["lineage"]}
    folders = {stage.folder for stage in stages.STAGES} - {"02_tmdb"}
    assert {reader for reader, _ in read} == folders, "every stage that made something had a part in the film"
    ends = [step for step in report["lineage"] if step["read_by"] == "01_demux"]
    assert [step["checksum"] for step in ends] == [files.sha256_of(sample.film)]


def test_media_facts_of_film_sound_and_result_are_recorded(demo: Any, sample: Any) -> None:
    facts = {}
    for folder in ("01_demux", "10_mux"):
        manifest = json.loads((demo.job / folder / "manifest.json").read_text("utf-8"))
        facts |= {item["type"]: item["media"] for item in (*manifest["inputs"], *manifest["outputs"])}
    for kind in ("film", "audio", "subtitled_film"):
        assert facts[kind]["duration_ms"] == pytest.approx(sample.truth["duration_ms"], abs=100), kind
    assert [stream["kind"] for stream in facts["subtitled_film"]["streams"]] == ["video", "audio", "subtitle"]
    assert facts["audio"]["streams"][0]["audio"]["sample_rate_hz"] == 16_000
    assert facts["film"]["streams"][0]["video"]["variable_frame_rate"] is False


def test_one_command_tells_the_whole_history_in_100_columns(demo: Any) -> None:
    done = demo.project.samvad("history", demo.film, "--output-root", "made", "--width", 100)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert max(wcwidth.width(line) for line in lines) <= 100
    rows = [line.split()[:3] for line in lines if line[2:4].isdigit() and line[4:5] == "_"]
    assert sorted(row[0] for row in rows) == [stage.folder for stage in stages.STAGES]
    assert {row[2] for row in rows} == {"success", "skipped"}
    for told in ("whisperx ", "ffmpeg ", "whisper base ", "subtitled_film: 10_mux/demo.mkv", "Now success"):
        assert told in " ".join(done.stdout.split()), told


@pytest.fixture(scope="module")
def crate(demo: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("crates") / "crate"
    done = demo.project.samvad("export", demo.job, "--output", target)
    assert done.returncode == 0, done.stderr
    return target


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A validator's memory of the web that holds RO-Crate's JSON-LD context, from the library ``rocrate``."""
    import requests
    import requests_cache
    from urllib3 import HTTPResponse

    context = (importlib.resources.files("rocrate") / "data" / "ro-crate.jsonld").read_bytes()
    assert json.loads(context)["@id"] == CONTEXT
    memory = tmp_path_factory.mktemp("web") / "memory"
    session = requests_cache.CachedSession(str(memory))
    response = requests.Response()
    response.status_code, response.url, response._content = 200, CONTEXT, context
    response.headers["Content-Type"] = "application/ld+json"
    response.request = session.prepare_request(requests.Request("GET", CONTEXT))
    response.raw = HTTPResponse(body=io.BytesIO(context), headers=dict(response.headers), preload_content=False)
    session.cache.save_response(response)
    session.close()
    return memory


def faults(crate: Path, web: Path) -> list[str]:
    """What roc-validator finds wrong, by the profile and without a network."""
    from rocrate_validator import models, services

    settings = services.ValidationSettings(
        rocrate_uri=str(crate),
        profile_identifier="provenance-run-crate",
        requirement_severity=models.Severity.REQUIRED,
        offline=True,
        cache_path=web,
    )
    return [f"{issue.check.identifier}: {issue.message}" for issue in services.validate(settings).get_issues()]


def test_the_crate_is_a_valid_provenance_run_crate(crate: Path, web: Path) -> None:
    assert faults(crate, web) == []


def test_the_validator_would_have_found_a_fault(crate: Path, web: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(crate, tmp_path / "crate")
    document = json.loads((copy / "ro-crate-metadata.json").read_text("utf-8"))
    next(entity for entity in document["@graph"] if entity["@type"] == "ControlAction").pop("instrument")
    (copy / "ro-crate-metadata.json").write_text(json.dumps(document), encoding="utf-8")
    assert any("ControlAction must reference a HowToStep" in fault for fault in faults(copy, web))


def test_the_crate_carries_subtitles_records_and_the_workflow_but_no_film(crate: Path) -> None:
    names = {path.relative_to(crate).as_posix() for path in crate.rglob("*") if path.is_file()}
    assert {"results/09_subtitle_gen/demo.en.srt", "workflow/Snakefile", "workflow/rules/04_asr.smk"} <= names
    assert {"records/04_asr/attempts/01/manifest.json", "README.md", "workflow/scripts/recognize_speech.py"} <= names
    assert not [name for name in names if name.endswith((".mkv", ".mp4", ".wav"))]
