"""Subtitles beside the film: named as media servers read them, and never over a file that is somebody's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import support
from samvad.core import variables
from samvad.core.errors import ConfigurationError, DiskError, MediaError, SamvadError
from samvad.documents import job_manifest, tracks
from samvad.documents.tracks import SubtitleFiles, Tracks
from samvad.reporting import beside

SRT = b"1\n00:00:01,000 --> 00:00:02,000\nGood morning.\n"


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "films" / "My $film; x [1983].mkv"
    path.parent.mkdir()
    path.write_bytes(b"film")
    return path


@pytest.fixture
def job(tmp_path: Path, film: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = support.make_job(tmp_path)
    made = (
        SubtitleFiles("en", True, 1, {"srt": "film.en.srt"}),
        SubtitleFiles("hi", False, 1, {"srt": "film.hi.srt"}, hearing_impaired=True),
    )
    tracks.write(tmp_path / "tracks.json", Tracks(tracks=made))
    support.finished_stage(
        folder,
        "subtitle_gen",
        {
            "tracks": ("tracks.json", (tmp_path / "tracks.json").read_bytes()),
            "srt_en": ("film.en.srt", SRT),
            "srt_hi": ("film.hi.srt", SRT),
        },
    )

    class Known:
        input = job_manifest.Input(str(film), "My film", 1983, None)

    monkeypatch.setattr(job_manifest, "read", lambda _: Known)
    return folder


def names(film: Path) -> list[str]:
    return sorted(path.name for path in film.parent.iterdir() if path != film)


def test_each_track_lies_beside_the_film_under_the_name_that_players_know(job: Path, film: Path) -> None:
    beside.write(job)
    assert names(film) == [f"{film.stem}.en.srt", f"{film.stem}.hi.sdh.srt"]
    assert film.with_name(f"{film.stem}.en.srt").read_bytes() == SRT


def test_a_film_is_looked_for_in_the_folder_of_work(job: Path, film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variables.WORK, str(film.parent))

    class Known:
        input = job_manifest.Input(film.name, "My film", 1983, None)

    monkeypatch.setattr(job_manifest, "read", lambda _: Known)
    beside.write(job)
    assert names(film) == [f"{film.stem}.en.srt", f"{film.stem}.hi.sdh.srt"]


def test_what_samvad_wrote_is_renewed(job: Path, film: Path) -> None:
    beside.write(job)
    new = SRT.replace(b"morning", b"evening")
    (job / "09_subtitle_gen" / "film.en.srt").write_bytes(new)
    beside.write(job)
    assert film.with_name(f"{film.stem}.en.srt").read_bytes() == new


@pytest.mark.parametrize("edited", [False, True])
def test_a_file_that_is_somebodys_is_never_written_over(job: Path, film: Path, edited: bool) -> None:
    """Nor is any other track written then: it is all or nothing."""
    if edited:
        beside.write(job)
        film.with_name(f"{film.stem}.hi.sdh.srt").unlink()
    theirs = film.with_name(f"{film.stem}.en.srt")
    theirs.write_bytes(b"mine")
    with pytest.raises(ConfigurationError, match=r"did not write it"):
        beside.write(job)
    assert theirs.read_bytes() == b"mine"
    assert names(film) == [theirs.name]


def test_a_link_is_not_followed(job: Path, film: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.srt"
    other.write_bytes(SRT)
    film.with_name(f"{film.stem}.en.srt").symlink_to(other)
    with pytest.raises(ConfigurationError):
        beside.write(job)
    assert other.read_bytes() == SRT


def test_a_film_that_is_away_and_a_folder_that_cannot_be_written_are_told(
    job: Path, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> tuple[int, str]:
        raise OSError(30, "Read-only file system")

    with monkeypatch.context() as patched:
        patched.setattr("tempfile.mkstemp", refuse)
        with pytest.raises(DiskError, match=r"[Rr]ead-only"):
            beside.write(job)
    assert names(film) == []
    film.rename(film.with_name("gone.mkv"))
    with pytest.raises(MediaError, match="not there"):
        beside.write(job)


def test_a_film_without_subtitles_is_told(tmp_path: Path, job: Path) -> None:
    manifest = job / "09_subtitle_gen" / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "status": "skipped"}))
    with pytest.raises(SamvadError, match="no subtitles yet"):
        beside.write(job)
