"""One clock in stages 01, 09 and 10, in films as people have them: trimmed, late, leaping, rotated, mislabelled."""

from __future__ import annotations

from pathlib import Path

import pytest

import clock_matrix
import support

_FILMS = sorted((support.CASES / "films").glob("*.*"))


@pytest.mark.skipif(not _FILMS, reason="the folder shared/cases/films is not beside this checkout")
@pytest.mark.usefixtures("own_cache")
@pytest.mark.parametrize("film", _FILMS, ids=lambda film: film.name)
def test_speech_and_pictures_stay_where_a_player_has_them(film: Path, tmp_path: Path) -> None:
    clock_matrix.check_speech(film, tmp_path)


def test_the_tests_have_each_container_and_the_choice_by_pairs_every_two_features() -> None:
    films, chosen = clock_matrix.every(), clock_matrix.chosen()
    assert set().union(*map(clock_matrix.pairs, films)) == set().union(*map(clock_matrix.pairs, chosen))
    names = {str(film): film.suffix for film in films}
    assert clock_matrix.choice() <= names.keys()
    assert {names[name] for name in clock_matrix.choice()} == set(clock_matrix.PAIRS)
