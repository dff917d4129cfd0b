"""One clock in stages 01, 09 and 10, in films that other programs than ffmpeg make, or few people have."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import clock_matrix
import clock_odd_films
import extract_audio
import support
from clock_odd_films import ODD, Odd
from samvad.media import clock, moments


@pytest.mark.usefixtures("own_cache")
@pytest.mark.parametrize("name", ODD)
def test_cue_sound_and_picture_come_together(name: str, tmp_path: Path, pieces: Path) -> None:
    odd = ODD[name]
    film = clock_odd_films.make(odd, tmp_path, pieces)
    clock_matrix.follow(film, tmp_path, odd.sooner, searched_from=odd.searched_from, stills=odd.stills)


@pytest.mark.usefixtures("own_cache")
def test_a_film_of_which_ffmpeg_reads_the_first_part_alone_is_refused(tmp_path: Path, pieces: Path) -> None:
    film = clock_odd_films.make(Odd("ogv", clock_odd_films.chained), tmp_path, pieces)
    job = support.make_job(tmp_path)
    assert extract_audio.main(["--job-folder", str(job), "--film", "test", f"--media={film}"]) != 0
    (error,) = support.failed_manifest(job, "demux")["errors"]
    assert "only 2.0 of 5.0 s" in error["message"]


@pytest.mark.usefixtures("own_cache")
@pytest.mark.parametrize("ordered", [True, False])
def test_chapters_that_players_show_in_their_own_order_are_told(tmp_path: Path, pieces: Path, ordered: bool) -> None:
    film = clock_odd_films.with_chapters(tmp_path, pieces, ordered=ordered)
    clock_matrix.extracted(support.make_job(tmp_path / "job"), film)
    (manifest,) = (tmp_path / "job").rglob("01_demux/manifest.json")
    warnings = [item["message"] for item in json.loads(manifest.read_bytes())["warnings"]]
    assert [warning for warning in warnings if "chapters are ordered" in warning] == warnings
    assert bool(warnings) == ordered


@pytest.mark.parametrize("name", ["avi-mp3-variable", "dv"])
def test_what_is_heard_and_seen_from_a_moment_on_is_that_of_this_moment(
    name: str, tmp_path: Path, pieces: Path
) -> None:
    film = clock.opened(clock_odd_films.make(ODD[name], tmp_path, pieces))
    (picture,), (sound,) = film.header.moving, film.header.of_kind("audio")
    whole = moments.sound(film, sound)
    starts = [1.9 + 0.007 * step for step in range(8)]  # a tick of the container is longer than three steps
    for piece in moments.sounds(film, sound, starts, 1.5):
        match = moments.find(piece.piece(piece.start + 0.2, 1.2), whole)
        assert match is not None and match.likeness > 0.99
        assert match.shift == pytest.approx(0, abs=0.002)
    looks = [moments.Look(start, 0.5, 4) for start in starts]
    (seen,) = moments.pictures(film, picture, [moments.Look(0.0, 5.0, 200)])
    if name == "dv":  # after a seek in AVI, pictures are counted
        for found in moments.pictures(film, picture, looks):
            for shown in found:
                (same,) = [item for item in seen if abs(item.time - shown.time) < 0.001]
                assert same.unlike(shown) == 0
