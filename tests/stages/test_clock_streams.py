"""One clock in stages 01, 09 and 10, in MPEG-TS, M2TS, VOB, MPEG-PS and Ogg, whose times may leap."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import clock_films
import clock_matrix
import support
from clock_films import Recipe
from samvad.documents.subtitles.cues import Cue


@pytest.mark.usefixtures("own_cache")
@pytest.mark.parametrize("recipe", clock_matrix.recipes("ts", "m2ts", "vob", "mpg", "ogv"), ids=str)
def test_cue_sound_and_picture_come_together(recipe: Recipe, tmp_path: Path, pieces: Path) -> None:
    clock_matrix.check(recipe, tmp_path, pieces)


def test_sound_is_as_near_to_its_picture_after_a_leap_as_before(tmp_path: Path, pieces: Path) -> None:
    whole = clock_films.make(Recipe("mkv", "h264", "pcm_s16le"), tmp_path, pieces)
    first, second, film = (tmp_path / f"{name}.ts" for name in ("first", "second", "leaping"))
    for part, begin, end, late in ((first, 0, 2, 0), (second, 2, 5, 50_000)):
        encoded = ("-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", "-output_ts_offset", late)
        clock_films.ffmpeg("-ss", begin, "-to", end, "-i", whole, *encoded, part)
    film.write_bytes(first.read_bytes() + second.read_bytes())
    truth = clock_films.events(film)
    demux, audio = clock_matrix.extracted(support.make_job(tmp_path), film)
    heard = clock_films.chirps(np.asarray(audio[:]))
    assert heard == pytest.approx(truth.chirps[0], abs=0.012)
    cues = [Cue(round((at or 0) * 1000), round((at or 0) * 1000) + 500, ("chirp",)) for at in heard]
    found = clock_films.events(clock_matrix.muxed(demux.parents[1], demux, clock_matrix.given(demux.parents[1], cues)))
    assert found.chirps[0] == pytest.approx(heard, abs=0.012)
    assert found.flashes == pytest.approx(truth.flashes, abs=0.001)
