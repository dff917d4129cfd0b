"""What runs again after a change, and what does not."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pysubs2
import pytest

import support
from samvad.core import stages
from workflow.project import NOTHING, Project, files_of, planned, said

pytestmark = pytest.mark.model

ALL = {stage.name: 1 for stage in stages.STAGES}


def plan(project: Project, *arguments: object, **settings: object) -> dict[str, int]:
    """Return the stages that asking for the demo's film once more would run."""
    return planned(project.snakemake(project.target("demo"), "-n", *arguments, **settings))


def after(stage: str) -> dict[str, int]:
    """Return a stage and all after it."""
    return {name: 1 for name in ALL if stages.BY_NAME[name].number >= stages.BY_NAME[stage].number}


def test_a_second_run_does_nothing_says_so_and_leaves_every_file_alone(demo: Any) -> None:
    before = files_of(demo.project.root / demo.project.output_root)
    done = demo.project.snakemake(demo.project.target("demo"))
    assert done.returncode == 0
    assert NOTHING in said(done)
    assert files_of(demo.project.root / demo.project.output_root) == before


def test_another_film_in_its_place_begins_the_job_anew(demo_copy: Project, sample: Any) -> None:
    film = demo_copy.root / "film.mp4"
    film.write_bytes(sample.film.read_bytes() + b"\0")
    demo_copy.write_sheet(
        {"user": "demo", "media": film, "title": "Samvad sample film", "year": 2025, "source": "en,es"}
    )
    assert plan(demo_copy) == {name: 1 for name in ALL if name not in ("tmdb", "glossary_load")}, "which read no film"


def test_a_nested_key_can_be_given_on_the_command_line(demo: Any) -> None:
    assert plan(demo.project, subtitle='{"profile":"bbc"}') == after("subtitle_gen")


def test_the_changed_key_is_obeyed_and_the_stages_before_keep_their_results(demo_copy: Project) -> None:
    job = demo_copy.job("demo")
    before = {name: value for name, value in files_of(job).items() if name < "09"}
    profile = demo_copy.root / "ours.yaml"
    text = "title: Ours\nextends: netflix\nrules: {max_line_characters: {value: 30, source: ours}}\n"
    profile.write_text(text, encoding="utf-8")
    done = demo_copy.snakemake(demo_copy.target("demo"), subtitle='{"profile":"ours.yaml"}')
    assert done.returncode == 0, done.stderr
    cues = pysubs2.load(str(job / "09_subtitle_gen" / "demo.en.srt"))
    assert max(len(line) for cue in cues for line in cue.plaintext.splitlines()) <= 30
    profile.write_text(text.replace("30", "31"), encoding="utf-8")
    assert plan(demo_copy, subtitle='{"profile":"ours.yaml"}') == after("subtitle_gen"), "a rule was changed"
    assert {name: value for name, value in files_of(job).items() if name < "09"} == before
    assert support.manifest_of(job, "subtitle_gen")["attempt"] == 2
    assert json.loads((job / "manifest.json").read_text("utf-8"))["pipeline"]["status"] == "success"
    # Back to the old value: both run again, and only both.
    assert plan(demo_copy) == after("subtitle_gen")


def test_a_corrected_track_goes_into_the_film_and_stays_there(demo_copy: Project) -> None:
    job = demo_copy.job("demo")
    made = (job / "09_subtitle_gen" / "demo.en.srt").read_text("utf-8")
    edited = demo_copy.root / "edited.en.srt"
    first, gap, rest = made.partition("\n\n")
    edited.write_text(f"{first} Darling!{gap}{rest}", encoding="utf-8")
    done = demo_copy.samvad("correct", job, edited, "--memory-file", edited.with_suffix(".sqlite"))
    assert done.returncode == 0, done.stderr
    assert plan(demo_copy) == after("subtitle_gen")
    done = demo_copy.snakemake(demo_copy.target("demo"))
    assert done.returncode == 0, done.stderr
    command = ["ffmpeg", "-v", "error", "-i", job / "10_mux" / "demo.mkv", "-map", "0:s:0", "-f", "srt", "-"]
    assert "Darling!" in subprocess.run(command, capture_output=True, text=True, check=True).stdout
    # Whatever changes before it, the correction stays.
    done = demo_copy.snakemake(demo_copy.target("demo", "subtitle_gen"), subtitle='{"profile":"bbc"}')
    assert done.returncode == 0, done.stderr
    assert "Darling!" in (job / "09_subtitle_gen" / "demo.en.srt").read_text("utf-8")
    index = (demo_copy.root / demo_copy.output_root / "index.html").read_text("utf-8")
    assert "09_subtitle_gen/report.html" in index and '"corrected":true' in index


def test_large_intermediates_of_a_finished_film_can_be_deleted(demo_copy: Project) -> None:
    (demo_copy.job("demo") / "01_demux" / "audio.wav").unlink()
    assert plan(demo_copy) == {}


def test_a_file_that_was_deleted_and_is_needed_is_made_again_by_the_same_command(demo_copy: Project) -> None:
    job, asked = demo_copy.job("demo"), demo_copy.target("demo", "lyrics_detection")
    (job / "01_demux" / "audio.wav").unlink()
    done = demo_copy.snakemake(asked, lyrics='{"min_song_seconds":20}')
    assert done.returncode != 0
    reason = support.failed_manifest(job, "lyrics_detection", 2)["errors"][0]["message"]
    assert f"{job / '01_demux' / 'audio.wav'}, made by stage demux, is gone" in reason
    assert "Run the same command again" in reason and reason in said(done)
    again = planned(demo_copy.snakemake(asked, "-n", lyrics='{"min_song_seconds":20}'))
    assert {"demux", "lyrics_detection"} <= again.keys()
    done = demo_copy.snakemake(asked, "--until", "demux", lyrics='{"min_song_seconds":20}')
    assert "demux success" in said(done)
    assert (job / "01_demux" / "audio.wav").is_file()
    # The same bytes: what was made of them stands.
    assert planned(demo_copy.snakemake(asked, "-n", lyrics='{"min_song_seconds":20}')) == {"lyrics_detection": 1}


def test_a_person_s_decisions_run_again_the_stage_that_obeys_them_and_what_follows(demo_copy: Project) -> None:
    folder = demo_copy.job("demo") / "review"
    folder.mkdir()
    assert plan(demo_copy) == {}
    (folder / "quarantine.tsv").write_text("start\tend\tverdict\n0:00\t0:01\tkeep\n", encoding="utf-8")
    assert plan(demo_copy) == after("hallucination_removal")
    (folder / "songs.tsv").write_text("start\tend\tkind\n0:00\t0:01\tsong\n", encoding="utf-8")
    assert plan(demo_copy) == after("lyrics_detection")
    done = demo_copy.snakemake(demo_copy.target("demo"))
    assert done.returncode == 0, done.stderr
    assert plan(demo_copy) == {}
    (folder / "quarantine.tsv").write_text("start\tend\tverdict\n0:00\t0:01\tsuspect\n", encoding="utf-8")
    assert plan(demo_copy) == after("hallucination_removal")
    inputs = support.manifest_of(demo_copy.job("demo"), "lyrics_detection")["inputs"]
    assert "review" in {item["type"] for item in inputs}
