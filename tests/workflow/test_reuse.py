"""A second job of a film: what was made for the first is taken from the cache, and only that."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from samvad.core import files, stages
from workflow.conftest import Demo
from workflow.project import CACHE, NOTHING, Project, attempts, planned, row, said

#: Stages whose results are kept, in order.
KEPT = ["demux", "asr", "ner", "lyrics_detection", "hallucination_removal", "translation"]


def manifests(job: Path) -> dict[str, dict[str, Any]]:
    found = {}
    for stage in stages.STAGES:
        path = job / stage.folder / "manifest.json"
        if path.is_file():
            found[stage.name] = json.loads(path.read_text(encoding="utf-8"))
    return found


def hits(job: Path) -> list[str]:
    return [name for name, manifest in manifests(job).items() if manifest["cache"]["hit"]]


def demo_row(demo: Demo, **changes: object) -> dict[str, object]:
    return row(user="demo", media=demo.film, title="Samvad sample film", year=2025, source="en,es") | changes


@pytest.fixture(scope="module")
def second(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Give the demo's film to another user, under another name; and once more for another language."""
    project = demo.project.copy(tmp_path_factory.mktemp("reuse") / "copy")
    project.write_sheet(
        demo_row(demo),
        demo_row(demo, user="anna", film="anna", title="Again", job=1),
        demo_row(demo, user="hindi", film="hindi", targets="en,hi", stages_off="ner", job=1),
    )
    done = project.snakemake(project.target("anna"), project.target("hindi", "lyrics_detection"), cache=CACHE)
    assert done.returncode == 0, said(done)
    return project


def test_the_first_job_of_a_film_finds_nothing(demo: Demo) -> None:
    assert hits(demo.job) == []
    assert [name for name, manifest in manifests(demo.job).items() if manifest["cache"]["key"]] == KEPT


def test_a_second_job_of_a_film_is_not_demuxed_recognised_and_translated_again(second: Project, demo: Demo) -> None:
    assert hits(second.job("anna")) == KEPT
    run_id = manifests(demo.job)["asr"]["run_id"]
    assert {manifests(second.job("anna"))[name]["cache"]["made_by"] for name in KEPT} == {run_id}


def test_another_target_language_reuses_what_does_not_hang_on_it(second: Project) -> None:
    assert hits(second.job("hindi")) == ["demux", "asr"]


def test_what_is_reused_is_what_was_made(second: Project, demo: Demo) -> None:
    ours, theirs = manifests(second.job("anna")), manifests(demo.job)
    for name in KEPT:
        for key in ("metrics", "intermediate_files"):
            assert ours[name][key] == theirs[name][key], name
        assert [item["message"] for item in ours[name]["warnings"]] == [
            item["message"] for item in theirs[name]["warnings"]
        ]
        for key in ("tools", "models", "device_actual", "engines"):
            assert ours[name]["software"][key] == theirs[name]["software"][key], name
        for output in ours[name]["outputs"]:
            path = second.job("anna") / output["path"]
            assert files.sha256_of(path) == output["checksum"]
        assert [(o["path"], o["checksum"], o["media"]) for o in ours[name]["outputs"]] == [
            (o["path"], o["checksum"], o["media"]) for o in theirs[name]["outputs"]
        ]
    facts = "04_asr/metadata.json"
    assert (second.job("anna") / facts).read_text("utf-8") == (demo.job / facts).read_text("utf-8")
    assert ours["demux"]["inputs"][0]["media"] == theirs["demux"]["inputs"][0]["media"]


def test_the_subtitles_of_a_reused_film_are_the_same(second: Project, demo: Demo) -> None:
    ours = second.job("anna") / "09_subtitle_gen" / "anna.en.srt"
    assert ours.read_text("utf-8") == (demo.job / "09_subtitle_gen" / "demo.en.srt").read_text("utf-8")


def test_a_film_is_hashed_once_for_all_its_jobs_and_stages(second: Project, demo: Demo) -> None:
    def hashed(job: Path) -> int:
        lines = [line for log in job.glob("*/attempts/*/stage.log") for line in log.read_text("utf-8").splitlines()]
        return sum("Hashed" in line and "/config/" not in line for line in lines)

    logs = [log.read_text("utf-8") for log in demo.job.glob("*/attempts/*/stage.log")]
    assert sum(log.count(f"Hashed {demo.film}:") for log in logs) == 1
    assert hashed(second.job("anna")) + hashed(second.job("hindi")) == 0


def test_a_changed_option_or_film_finds_nothing_and_a_deleted_cache_costs_only_time(
    second: Project, demo: Demo, tmp_path: Path
) -> None:
    project = second.copy(tmp_path / "copy")
    film = tmp_path / "film.mp4"
    shutil.copyfile(demo.film, film)
    with film.open("ab") as file:
        file.write(b"\0")
    off = "tmdb,glossary_load,ner,hallucination_removal,lyrics_detection"
    project.write_sheet(
        demo_row(demo, user="plain", film="f", job=1, stages_off=off),
        demo_row(demo, user="byte", film="f", job=1, stages_off=off, media=film),
    )
    target = project.target("plain", "demux")
    done = project.snakemake(target, cache=CACHE, demux='{"downmix": "plain"}')
    assert done.returncode == 0, said(done)
    assert hits(project.job("plain")) == [], "another option"
    done = project.snakemake(project.target("byte", "demux"), cache=CACHE)
    assert done.returncode == 0, said(done)
    assert hits(project.job("byte")) == [], "another film"
    done = project.snakemake(target, cache=CACHE)
    assert done.returncode == 0, said(done)
    assert hits(project.job("plain")) == ["demux"]
    shutil.rmtree(project.root / "results")
    done = project.snakemake(target, "--forcerun", "demux", cache=CACHE)
    assert done.returncode == 0, said(done)
    assert hits(project.job("plain")) == []


def test_a_deleted_intermediate_comes_back_when_a_stage_needs_it(second: Project, tmp_path: Path) -> None:
    project = second.copy(tmp_path / "copy")
    job, target = project.job("anna"), project.target("anna", "lyrics_detection")
    audio = job / "01_demux" / "audio.wav"
    checksum = files.sha256_of(audio)
    audio.unlink()
    assert NOTHING in said(project.snakemake(target, "-n", cache=CACHE)), "nothing needs it"
    done = project.snakemake(target, cache=CACHE, lyrics='{"min_song_seconds": 20}')
    assert done.returncode == 0, said(done)
    assert files.sha256_of(audio) == checksum
    assert (attempts(job, "demux"), attempts(job, "lyrics_detection")) == (["01"], ["01", "02"])
    log = (job / "06_lyrics_detection" / "stage.log").read_text("utf-8")
    assert f"{audio}, made by stage demux, was gone: brought back" in log


def test_the_command_shows_checks_and_clears_the_cache(second: Project, tmp_path: Path) -> None:
    project = second.copy(tmp_path / "copy")
    folder = project.root / "results"
    shown = project.samvad("cache", "show", "--folder", folder)
    assert shown.returncode == 0, said(shown)
    for name in KEPT:
        assert name in shown.stdout
    next(folder.glob("*/*/segments.json")).write_text("{}")
    checked = project.samvad("cache", "check", "--folder", folder)
    assert checked.returncode == 1
    assert "1 were damaged" in checked.stdout
    assert project.samvad("cache", "check", "--folder", folder).returncode == 0
    before = project.samvad("cache", "show", "--folder", folder).stdout
    chosen = project.samvad("cache", "shrink", "--stage", "asr", "--max-gb", "0", "--folder", folder)
    assert (chosen.returncode, "shrink takes no --stage" in chosen.stderr) == (2, True)
    assert project.samvad("cache", "show", "--folder", folder).stdout == before
    cleared = project.samvad("cache", "clear", "--stage", "asr", "--folder", folder)
    assert cleared.returncode == 0, said(cleared)
    left = project.samvad("cache", "show", "--folder", folder).stdout
    assert "demux" in left
    assert "asr" not in left.replace("transcri", "")


# The two tests that touch the film stand after those that count how often it is hashed, in one file: pytest's processes
# share it.


def test_touching_the_film_reruns_nothing(demo: Any) -> None:
    os.utime(demo.film)
    done = demo.project.snakemake(demo.project.target("demo"), "-n")
    assert planned(done) == {}
    assert NOTHING in said(done)


def test_a_film_that_was_touched_can_still_be_muxed(demo: Any, demo_copy: Project) -> None:
    os.utime(demo.film)
    done = demo_copy.snakemake(demo_copy.target("demo"), mux='{"default_track":"first"}')
    assert done.returncode == 0, done.stderr
    assert attempts(demo_copy.job("demo"), "mux") == ["01", "02"]
    assert attempts(demo_copy.job("demo"), "subtitle_gen") == ["01"]
