"""What a run asks of the disk before its first stage is what stage 10 asks of it."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from samvad.core.errors import DiskError
from samvad.stages.mux import plan
from samvad.workflow import looks

_FILM_BYTES = 1_000_000


@pytest.mark.parametrize("copies", [1, 2])
@pytest.mark.parametrize(("missing_bytes", "fits"), [(0, True), (1, False)])
def test_a_run_begins_only_where_its_last_stage_will_have_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, copies: int, missing_bytes: int, fits: bool
) -> None:
    """A disk between the film's size and what stage 10 needs besides had nine stages work in vain."""
    film = tmp_path / "film.mkv"
    film.write_bytes(bytes(_FILM_BYTES))
    free = copies * _FILM_BYTES + (64 << 20) - missing_bytes
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    assert (looks.lacking_room(str(film), tmp_path, copies) == "") == fits
    if fits:
        plan.check_space(tmp_path, film, copies)
    else:
        with pytest.raises(DiskError, match="needs"):
            plan.check_space(tmp_path, film, copies)
