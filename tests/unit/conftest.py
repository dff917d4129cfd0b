"""A shelf of made-up logs that several files of tests ask."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import synthetic_events

from asked_logs import Ask, Rows, events_of
from samvad.commands import query


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("jobs") / "मेरी 'films' [2025] $HOME"
    synthetic_events.make_shelf(root, films=80, events=6000, seed=7)
    return root


@pytest.fixture(scope="module")
def truth(shelf: Path) -> Rows:
    return events_of(shelf)


@pytest.fixture
def ask(shelf: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Ask:
    monkeypatch.setenv("SAMVAD_CACHE", str(tmp_path / "cache"))

    def answer(*words: object, place: Path | None = None) -> Any:
        code = query.main([*map(str, words), "--json", str(place or shelf)])
        said = capsys.readouterr()
        assert code == 0, said.err
        return json.loads(said.out)

    return answer
