"""A shelf of made-up logs, and a film with subtitles, that several files of tests ask."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import synthetic_events

import reviewing
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


@pytest.fixture(scope="session")
def subtitled(once: Callable[[str, Callable[[Path], None]], Path]) -> Path:
    """Return a job whose subtitles are made, for all to copy."""
    return once("subtitled", lambda folder: reviewing.make_job(folder) and None) / "2025/01/01/tester/1"


@pytest.fixture
def job(subtitled: Path, tmp_path: Path) -> Path:
    """Return a job of one's own whose subtitles are made."""
    copied = tmp_path / "out" / "2025/01/01/tester/1"
    shutil.copytree(subtitled, copied)
    return copied
