"""Weights: what is loaded is what was published, wherever it lies; a hub's answer fills neither memory nor disk."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from samvad.core import checksums
from samvad.core.errors import ModelError, NetworkError
from samvad.models import http, origins, weights

WEIGHTS = b"weights" * 1000
CONFIG = b'{"a": 1}'


def git_digits(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAMVAD_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("SAMVAD_MODELS", raising=False)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    """The hub's own cache, as its library lays it out: blobs by checksum, and links to them."""
    repository = tmp_path / "hub" / "models--pyannote--some-model"
    folder = repository / "snapshots" / ("0" * 40)
    folder.mkdir(parents=True)
    (repository / "blobs").mkdir()
    for name, data, digits in (
        ("model.bin", WEIGHTS, hashlib.sha256(WEIGHTS).hexdigest()),
        ("config.json", CONFIG, git_digits(CONFIG)),
    ):
        (repository / "blobs" / digits).write_bytes(data)
        (folder / name).symlink_to(Path("../../blobs") / digits)
    return folder


@pytest.mark.parametrize("changed", ["model.bin", "config.json"])
def test_a_byte_that_is_another_in_the_hubs_own_cache_is_refused_by_name(snapshot: Path, changed: str) -> None:
    assert weights.find_whisper(str(snapshot)) is not None
    origins.check_cached("pyannote/*")
    flip((snapshot / changed).resolve())
    with pytest.raises(ModelError, match=f"{changed} is not what was published"):
        weights.find_whisper(str(snapshot))
    with pytest.raises(ModelError, match=r"is not what was published.*Delete .*models--pyannote--some-model"):
        origins.check_cached("pyannote/*")
    origins.check_cached("other/model")


def test_what_the_hubs_tool_fetched_into_a_folder_is_held_against_its_notes(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    notes = folder / ".cache" / "huggingface" / "download"
    notes.mkdir(parents=True)
    (folder / "model.bin").write_bytes(WEIGHTS)
    (notes / "model.bin.metadata").write_text(f"{'1' * 40}\n{hashlib.sha256(WEIGHTS).hexdigest()}\n1.0\n")
    assert weights.find_whisper(str(folder)) is not None
    flip(folder / "model.bin")
    with pytest.raises(ModelError, match=r"model\.bin is not what was published"):
        weights.find_whisper(str(folder))


def test_what_samvad_fetched_is_held_against_what_the_hub_told_then(tmp_path: Path) -> None:
    folder = weights.hub_folder("owner/name", "2" * 40)
    notes = folder / ".cache" / "huggingface" / "download"
    notes.mkdir(parents=True)
    (folder / "model.bin").write_bytes(WEIGHTS)
    (folder / "config.json").write_bytes(CONFIG)
    (notes / "model.bin.metadata").write_text(f"{'2' * 40}\n{hashlib.sha256(WEIGHTS).hexdigest()}\n1.0\n")
    (notes / "config.json.metadata").write_text(f"{'2' * 40}\n{git_digits(CONFIG)}\n1.0\n")
    origins.note(folder)
    for path in sorted((folder / ".cache").rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    assert weights.find_whisper("owner/name", "2" * 40) is not None
    flip(folder / "config.json")
    with pytest.raises(ModelError, match=r"config\.json is not what was published.*make model MODEL=owner/name"):
        weights.find_whisper("owner/name", "2" * 40)
    with pytest.raises(ModelError, match=r"config\.json is not what was published"):
        weights.hub_snapshot("owner/name", "2" * 40, [], ("model.bin",))
    (folder / origins.CHECKSUMS).write_text("[1")
    with pytest.raises(ModelError, match="is damaged"):
        weights.find_whisper("owner/name", "2" * 40)


def test_what_was_changed_on_its_way_is_not_kept(tmp_path: Path) -> None:
    notes = tmp_path / ".cache" / "huggingface" / "download"
    notes.mkdir(parents=True)
    (tmp_path / "model.bin").write_bytes(WEIGHTS + b"x")
    (notes / "model.bin.metadata").write_text(f"{'2' * 40}\n{hashlib.sha256(WEIGHTS).hexdigest()}\n1.0\n")
    with pytest.raises(ModelError, match="changed on its way"):
        origins.note(tmp_path)
    assert not (tmp_path / origins.CHECKSUMS).exists()


@pytest.mark.parametrize("place", ["registry", "copy"])
def test_a_copy_of_a_model_whose_checksum_is_known_is_held_against_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """The copy from the registry, and one of a user's own that is named as the model is."""
    known = {"model.bin": checksums.take(_written(tmp_path / "published", WEIGHTS))}
    monkeypatch.setattr(
        weights,
        "known_models",
        lambda: {"base": {"hub": "o/n", "revision": "3" * 40, "registry": {"checksums": known}}},
    )
    folder = weights.registry_folder("base") if place == "registry" else tmp_path / "models" / "faster-whisper-base"
    if place == "copy":
        monkeypatch.setenv("SAMVAD_MODELS", str(tmp_path / "models"))
    _written(folder / "model.bin", WEIGHTS)
    found = weights.find_whisper("base")
    assert found is not None and found.folder == folder.resolve()
    flip(folder / "model.bin")
    with pytest.raises(ModelError, match=r"model\.bin is not what was published.*(make model|under another name)"):
        weights.find_whisper("base")


def test_a_folder_of_ones_own_has_nothing_to_be_held_against_and_its_checksum_is_recorded(tmp_path: Path) -> None:
    _written(tmp_path / "mine" / "model.bin", WEIGHTS)
    first = weights.find_whisper(str(tmp_path / "mine"))
    flip(tmp_path / "mine" / "model.bin")
    second = weights.find_whisper(str(tmp_path / "mine"))
    assert first is not None and second is not None and first.checksum != second.checksum


def test_large_files_are_hashed_once(snapshot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Path] = []
    monkeypatch.setattr(checksums, "take", asked.append)
    monkeypatch.setattr(checksums, "remembered", lambda path: f"sha256:{hashlib.sha256(WEIGHTS).hexdigest()}")
    origins.check(snapshot, "")
    assert not asked


def _written(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


@pytest.fixture
def hub() -> Iterator[str]:
    """A server that sends as much as its address says, announced or in pieces without end."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.close_connection = True
            self.send_response(200)
            if self.path.startswith("/announced"):
                self.send_header("Content-Length", str(2 << 30))
            elif self.path.startswith("/small"):
                data = json.dumps({"a": "x" * 1000}).encode()
                self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            try:
                if self.path.startswith("/small"):
                    self.wfile.write(data)
                    return
                while True:
                    self.wfile.write(b"x" * 100_000)
            except OSError:
                return

        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.mark.parametrize("path", ["announced", "without-end"])
def test_a_hubs_answer_without_measure_is_not_taken(hub: str, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with pytest.raises(NetworkError, match="larger than 16 MiB"):
        http.capped_session().get(f"{hub}/{path}", timeout=5)
    monkeypatch.setattr(http.outside, "LARGEST_BYTES", 1 << 20)
    with pytest.raises(NetworkError, match="larger than 1 MiB"):
        answer = http.capped_session().get(f"{hub}/{path}/config.json", stream=True, timeout=5)
        for _ in answer.iter_content(1000):
            pass
    assert len(http.capped_session().get(f"{hub}/small", timeout=5).json()["a"]) == 1000
