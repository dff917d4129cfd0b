"""The index of `samvad query`."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from asked_logs import Rows, count, event, events_of
from samvad.reporting.logquery import store


@pytest.fixture
def indexed(shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Return a copy of the shelf, and the folder of its index, which holds all of it."""
    monkeypatch.setenv("SAMVAD_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(store, "_WORTH_KEEPING_BYTES", 1)
    copy = tmp_path / "copy"
    shutil.copytree(shelf, copy)
    count(copy)
    return copy, store.index_folder([str(copy)])


def test_the_index_is_used_and_what_changed_is_read_anew(indexed: tuple[Path, Path], truth: Rows) -> None:
    place, index = indexed
    parts = sorted(path.name for path in index.glob("*.parquet"))
    assert parts and count(place) == len(truth)
    assert sorted(path.name for path in index.glob("*.parquet")) == parts, "nothing was read anew"
    log = next(iter(sorted(place.rglob("logs/*.jsonl"))))
    with log.open("a", encoding="utf-8") as file:
        file.write(json.dumps(event(message="later")) + "\n")
    assert count(place) == count(place) == len(truth) + 1
    log.unlink()
    assert count(place) == len(events_of(place)) < len(truth)


@pytest.mark.parametrize("damage", ["catalog", "parts", "empty catalog", "no parts"])
def test_a_damaged_index_gives_the_same_answers(indexed: tuple[Path, Path], truth: Rows, damage: str) -> None:
    place, index = indexed
    if "catalog" in damage:
        (index / "catalog.json").write_text("{" if damage == "catalog" else "{}", encoding="utf-8")
    for part in index.glob("*.parquet") if "parts" in damage else ():
        if damage == "parts":
            part.write_bytes(part.read_bytes()[:100])
        else:
            part.unlink()
    assert count(place) == len(truth)


def test_an_index_that_cannot_be_written_costs_only_time(
    indexed: tuple[Path, Path], truth: Rows, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    place, _ = indexed
    (tmp_path / "file").write_text("not a folder", encoding="utf-8")
    monkeypatch.setenv("SAMVAD_CACHE", str(tmp_path / "file"))
    assert count(place) == len(truth)
