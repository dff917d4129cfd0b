"""One clock from stage 01 to stage 10, in QuickTime: sound of every kind, edit lists."""

from __future__ import annotations

from pathlib import Path

import pytest

import clock_films
import clock_matrix
from clock_films import Recipe
from samvad.media import clock
from samvad.stages.demux import picture, probe


@pytest.mark.parametrize("recipe", clock_matrix.recipes("mov"), ids=str)
def test_cue_sound_and_picture_come_together(recipe: Recipe, tmp_path: Path, pieces: Path) -> None:
    clock_matrix.check(recipe, tmp_path, pieces)


def test_pictures_that_a_list_of_edits_hides_are_not_in_the_small_copy(tmp_path: Path, pieces: Path) -> None:
    film = clock.opened(clock_films.make(Recipe("mov", "mjpeg", "pcm_u8", cut=0.5), tmp_path, pieces))
    track, copy = probe.probe(film.path, film.header).audio[0], tmp_path / "proxy.mp4"
    look = picture.look_through(film, track, copy, 64, 1, cuts=True)
    truth, made = clock_films.events(film.path), clock_films.events(copy)
    assert made.flashes == pytest.approx(truth.flashes, abs=0.03)
    assert look.cuts_ms is not None and look.cuts_ms[0] == pytest.approx(1000 * truth.flashes[0], abs=30)
