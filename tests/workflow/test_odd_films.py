"""A shelf as people have it: films that cannot be subtitled beside odd ones that can, in one run."""

from __future__ import annotations

import dataclasses
import json
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import jiwer
import pysubs2
import pytest

import odd_films
import support
from samvad.core import stages
from workflow.project import OPTIONAL, Project, planned, said

pytestmark = [pytest.mark.slow, pytest.mark.model]

TITLE = '-it\'s "दिल से" $HOME `id` 🎬 100%'
BAD = {
    "missing": ("missing.mkv", "does not exist"),
    "directory": ("a folder", "is a folder, not a film"),
    "empty": ("zero_bytes.mkv", "is empty (0 bytes)"),
    "text": ("text.mp4", "is text, not a film"),
    "truncated": ("truncated.mp4", "is cut short"),
    "mute": ("no_audio.mp4", "has no audio track"),
}
GOOD = {
    "sound": odd_films.audio_only,
    "surround": odd_films.surround_5_1,
    "late": odd_films.audio_offset_5s_mkv,
}
TRACKS = {"spoken": {"source": "hi"}, "chosen": {"source": "hi", "audio_track": 0}}


class Shelf(NamedTuple):
    """The run of the whole shelf."""

    project: Project
    done: subprocess.CompletedProcess[str]
    hostile: Path


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory, project: Project) -> Shelf:
    """Subtitle every film, as far as its test needs, in one run."""
    films = tmp_path_factory.mktemp("films")
    (films / "a folder").mkdir()
    for make in (odd_films.zero_bytes, odd_films.text_named_mp4, odd_films.truncated, odd_films.no_audio):
        make(films)
    # The key output_root of config.yaml, so that what `samvad add-film` prints is what is asked for.
    ours = dataclasses.replace(project, sheet="odd.tsv", output_root="out")
    off = ",".join(OPTIONAL)
    two = odd_films.two_audio_languages(films)
    ours.write_sheet(
        *({"user": user, "media": films / name} for user, (name, _) in BAD.items()),
        *({"user": user, "media": make(films), "stages_off": off} for user, make in GOOD.items()),
        *({"user": user, "media": two, **row} for user, row in TRACKS.items()),
    )
    options = (f"--title={TITLE}", "--source=en", "--targets=en", "--user=hostile", "--date=2025-01-01")
    added = ours.samvad(
        *("add-film", f"--media={odd_films.hostile_name(films)}", *options),
        *("--sheet", ours.sheet, "--print", "target"),
    )
    assert added.returncode == 0, added.stderr
    target = added.stdout.rstrip("\n")
    done = ours.snakemake(
        *(ours.target(user) for user in (*BAD, *GOOD)), *(ours.target(user, "demux") for user in TRACKS), target
    )
    return Shelf(ours, done, (ours.root / target).parents[1])


def cues(job: Path) -> list[pysubs2.SSAEvent]:
    (srt,) = (job / "09_subtitle_gen").glob("*.en.srt")
    return list(pysubs2.load(str(srt), encoding="utf-8"))


def error_rate(job: Path) -> float:
    found = " ".join(cue.plaintext for cue in cues(job))
    return float(jiwer.wer(*(" ".join(text.casefold().split()) for text in (odd_films.ENGLISH, found))))


def probe(path: Path) -> dict[str, Any]:
    command = ["ffprobe", "-v", "error", "-show_format", "-show_streams", "-of", "json", path]
    found: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return found


def test_films_that_fail_make_the_run_fail(shelf: Shelf) -> None:
    assert shelf.done.returncode != 0


@pytest.mark.parametrize("user", BAD)
def test_a_film_that_cannot_be_read_is_named_with_the_reason(shelf: Shelf, user: str) -> None:
    name, reason = BAD[user]
    job = shelf.project.job(user)
    assert not (job / "01_demux" / "manifest.json").exists()
    assert not (job / "04_asr").exists()
    record = support.failed_manifest(job, "demux")["errors"][0]
    assert reason in record["message"] and name in record["message"]
    assert Path(record["file"] or "").name == name
    summary = said(shelf.done).partition("\nFailed:\n")[2]
    (line,) = [line for line in summary.splitlines() if record["message"] in line]
    assert user in line and "01_demux" in line, "said once at the end, with the film and the stage"
    manifest = json.loads((job / "manifest.json").read_text("utf-8"))
    assert (manifest["pipeline"]["status"], manifest["pipeline"]["failed_stages"]) == ("failed", ["demux"])


@pytest.mark.parametrize("user", BAD)
def test_the_reason_is_in_the_pipelines_log_too(shelf: Shelf, user: str) -> None:
    (log,) = (shelf.project.job(user) / "logs").glob("*.log")
    assert "[ERROR] Stage demux: failed: " in log.read_text("utf-8")
    assert BAD[user][1] in log.read_text("utf-8")


@pytest.mark.parametrize("user", GOOD)
def test_odd_films_are_subtitled_though_others_fail(shelf: Shelf, user: str) -> None:
    job = shelf.project.job(user)
    assert support.manifest_of(job, "mux")["status"] == ("skipped" if user == "sound" else "success"), said(shelf.done)
    assert json.loads((job / "manifest.json").read_text("utf-8"))["pipeline"]["status"] == "success"
    assert error_rate(job) <= 0.45, [cue.plaintext for cue in cues(job)]


def test_sound_alone_goes_all_the_way_but_for_the_film(shelf: Shelf) -> None:
    job = shelf.project.job("sound")
    manifest = support.manifest_of(job, "mux")
    assert manifest["outputs"] == []
    assert any("no video stream" in warning["message"] for warning in manifest["warnings"])
    assert not list(job.rglob("*.mkv"))


def test_cues_are_on_the_films_clock_when_the_sound_starts_late(shelf: Shelf) -> None:
    assert cues(shelf.project.job("late"))[0].start == pytest.approx(odd_films.LATE_SPEECH_MS, abs=1500)


@pytest.mark.parametrize(("user", "track"), [("spoken", 1), ("chosen", 0)])
def test_the_track_of_the_films_language_is_heard_unless_another_is_named(shelf: Shelf, user: str, track: int) -> None:
    found = json.loads((shelf.project.job(user) / "01_demux" / "probe.json").read_text("utf-8"))
    assert found["chosen_audio_track"] == track
    assert found["chosen_because"] == ("its language tag is hi" if track else "its number was given")
    warnings = support.manifest_of(shelf.project.job(user), "demux")["warnings"]
    assert any("tagged en" in warning["message"] for warning in warnings) == (track == 0)


def test_a_hostile_name_comes_through_to_a_subtitled_film(shelf: Shelf) -> None:
    (film,) = (shelf.hostile / "10_mux").glob("*.mkv")
    found = probe(film)
    assert [stream["codec_type"] for stream in found["streams"]] == ["video", "audio", "subtitle"]
    assert found["format"]["tags"]["title"] == TITLE
    assert error_rate(shelf.hostile) <= 0.45
    for stage in stages.STAGES:
        assert support.manifest_of(shelf.hostile, stage.name)["status"] in ("success", "skipped")
    read = support.manifest_of(shelf.hostile, "demux")["inputs"]
    assert Path(read[0]["path"]).name == odd_films.HOSTILE_NAME
    assert json.loads((shelf.hostile / "manifest.json").read_text("utf-8"))["input"]["title"] == TITLE


def test_only_the_films_that_failed_are_tried_again(shelf: Shelf) -> None:
    again = [shelf.project.target(user) for user in ("text", "surround", "sound")]
    done = shelf.project.snakemake(*again, "-n")
    left = [stage.name for stage in stages.STAGES if stage.name not in ("tmdb", "glossary_load")]  # these need no film
    assert planned(done) == dict.fromkeys(left, 1), "what is left of the text, nothing of the others"


FILM = {"user": "a", "media": "film.mp4"}
WRONG_ROWS = {
    "language": ([{**FILM, "source": "klingon"}], ["wrong.tsv, line 2", "column source", "'klingon'"]),
    "year": ([{**FILM, "year": "20x8"}], ["wrong.tsv, line 2", "year", "20x8"]),
    "twice": ([FILM, FILM], ["wrong.tsv, line 3", "2025/01/01/a/1", "line 2"]),
}


@pytest.mark.parametrize("fault", WRONG_ROWS)
def test_a_wrong_row_is_named_by_line_and_column(project: Project, fault: str) -> None:
    rows, named = WRONG_ROWS[fault]
    ours = dataclasses.replace(project, sheet="wrong.tsv")
    ours.write_sheet(*rows)
    done = ours.snakemake(ours.target("a"))
    assert done.returncode != 0
    assert [text for text in named if text not in said(done)] == [], said(done)
    assert "Traceback (most recent call last)" not in said(done)
    assert not ours.job("a").exists()


@pytest.mark.parametrize(
    ("settings", "named"),
    [({"subtitle": '{"max_line_charcters":37}'}, "max_line_charcters"), ({"asr": '{"beam_size":"many"}'}, "beam_size")],
)
def test_a_wrong_key_is_named(project: Project, settings: dict[str, str], named: str) -> None:
    ours = dataclasses.replace(project, sheet="wrong.tsv")
    ours.write_sheet(FILM)
    done = ours.snakemake(ours.target("a"), **settings)
    assert done.returncode != 0
    assert named in said(done) and next(iter(settings)) in said(done)
    assert "Traceback (most recent call last)" not in said(done)
    assert not ours.job("a").exists()
