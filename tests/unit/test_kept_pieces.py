"""Pieces of a stage's work that an earlier attempt has left: taken where they are of the same work, and whole."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from samvad.runner.kept_pieces import KeptPieces, key_of


def test_what_was_kept_is_there_after_a_kill_that_tears_the_last_line(tmp_path: Path) -> None:
    path = tmp_path / "attempts" / "pieces.jsonl"
    first = KeptPieces(path, "sha256:work")
    first.put({"a": ["रात", 0.1 + 0.2], "b": [1]})
    assert first.said() is None and (first.taken, first.made) == (0, 2)
    with path.open("ab") as file:
        file.write('["c", ["रा'.encode()[:-1])
    second = KeptPieces(path, "sha256:work")
    assert second.get("a") == ["रात", 0.1 + 0.2] and second.get("b") == [1] and second.get("c") is None
    second.put({"c": [2]})
    assert second.said() == "2 of 3 pieces"
    assert [KeptPieces(path, "sha256:work").get(key) for key in "abc"] == [["रात", 0.1 + 0.2], [1], [2]]


@pytest.mark.parametrize("begun", [b"", b"nonsense", b'["sha256:other"]\n["a", 1]\n', b"\xff\xfe", b"[1, 2]\n"])
def test_pieces_of_other_work_or_of_a_damaged_file_are_not_taken(tmp_path: Path, begun: bytes) -> None:
    path = tmp_path / "pieces.jsonl"
    path.write_bytes(begun)
    kept = KeptPieces(path, "sha256:work")
    assert kept.get("a") is None
    kept.put({"b": 5})
    first, second = map(json.loads, path.read_text("utf-8").splitlines())
    assert first == ["sha256:work"] and second[:2] == ["b", 5]


def test_what_an_attempt_of_other_work_still_writes_is_not_taken(tmp_path: Path) -> None:
    path = tmp_path / "pieces.jsonl"
    outlived = KeptPieces(path, "sha256:small model")
    KeptPieces(path, "sha256:large model").put({"a": "large"})
    outlived.put({"a": "small", "b": "small"})
    found = KeptPieces(path, "sha256:large model")
    assert (found.get("a"), found.get("b")) == ("large", None)


def test_a_disk_that_keeps_nothing_stops_no_work(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("in the way")
    kept = KeptPieces(tmp_path / "file" / "pieces.jsonl", "sha256:work")
    kept.put({"a": 1})
    assert kept.get("a") is None and kept.made == 1
    assert "not kept any more" in caplog.text


def test_a_key_is_of_all_that_makes_a_piece() -> None:
    one = key_of([[0, 1000]], "hi", {"temperature": 0.0})
    assert one == key_of([[0, 1000]], "hi", {"temperature": 0.0})
    assert len({one, key_of([[0, 1001]], "hi", {"temperature": 0.0}), key_of([[0, 1000]], "hi", {})}) == 3
