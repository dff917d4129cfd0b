"""One clock in stages 01, 09 and 10, in QuickTime: sound of every kind, edit lists."""

from __future__ import annotations

from pathlib import Path

import pytest

import clock_films
import clock_matrix
from clock_films import Recipe
from samvad.media import clock, shots, small_copy


@pytest.mark.usefixtures("own_cache")
@pytest.mark.parametrize("recipe", clock_matrix.recipes("mov"), ids=str)
def test_cue_sound_and_picture_come_together(recipe: Recipe, tmp_path: Path, pieces: Path) -> None:
    clock_matrix.check(recipe, tmp_path, pieces)


def test_pictures_that_a_list_of_edits_hides_are_not_in_the_small_copy(tmp_path: Path, pieces: Path) -> None:
    film = clock.opened(clock_films.make(Recipe("mov", "mjpeg", "pcm_u8", cut=0.5), tmp_path, pieces))
    copy = tmp_path / "proxy.mp4"
    small_copy.make(film, film.header.of_kind("audio")[0], copy, 64, 1)
    cuts = shots.search(film, 1).cuts_ms
    truth, made = clock_films.events(film.path), clock_films.events(copy)
    assert made.flashes == pytest.approx(truth.flashes, abs=0.03)
    assert cuts[0] == pytest.approx(1000 * truth.flashes[0], abs=30)
