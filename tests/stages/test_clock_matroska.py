"""One clock in stages 01, 09 and 10, in Matroska and WebM: clocks that begin elsewhere, flags."""

from __future__ import annotations

from pathlib import Path

import pytest

import clock_matrix
from clock_films import Recipe


@pytest.mark.usefixtures("own_cache")
@pytest.mark.parametrize("recipe", clock_matrix.recipes("mkv", "webm"), ids=str)
def test_cue_sound_and_picture_come_together(recipe: Recipe, tmp_path: Path, pieces: Path) -> None:
    clock_matrix.check(recipe, tmp_path, pieces)
