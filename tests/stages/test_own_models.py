"""``samvad model``: IndicTrans2 from a hub, or a folder, to what stage 08 reads; a stand-in hub on this machine."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import support
from samvad.stages.translation import own_models
from translating import in_environment

NAME = "indictrans2-en-indic-dist"
MODEL = own_models.published()[NAME]


@pytest.fixture(scope="module")
def repository(once: Callable[[str, Callable[[Path], None]], Path]) -> Path:
    """Return a folder with what a repository of the hub holds: random weights, a vocabulary with languages' tags."""

    def make(folder: Path) -> None:
        done = in_environment(support.ROOT / "tests" / "indictrans2_reference.py", folder)
        assert done.returncode == 0, done.stderr
        hub = folder / "hub torch.float32"
        for side in ("SRC", "TGT"):
            path = hub / f"dict.{side}.json"
            words = json.loads(path.read_text("utf-8"))
            names = dict(
                zip([word for word in words if word not in ("<s>", "<pad>", "</s>", "<unk>")], TAGS, strict=False)
            )
            path.write_text(json.dumps({names.get(word, word): number for word, number in words.items()}), "utf-8")

    return once("indictrans2-repository", make) / "hub torch.float32"


TAGS = ("eng_Latn", "hin_Deva")


@dataclass
class Hub:
    """A hub on this machine: what it has, how it answers, what it was asked."""

    files: dict[str, bytes]
    status: int = 200
    damage: str = ""
    asked: list[str] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def hub(repository: Path) -> Iterator[Hub]:
    found = Hub({path.name: path.read_bytes() for path in repository.iterdir()} | {"modeling_indictrans.py": b"boom"})

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self.answer(body=False)

        def do_GET(self) -> None:
            self.answer(body=True)

        def answer(self, *, body: bool) -> None:
            found.asked.append(self.path)
            name = self.path.rsplit("/", 1)[-1]
            data, status = found.files.get(name, b""), found.status
            if self.path.startswith("/api/models/"):
                listed = [{"rfilename": file} for file in found.files]
                data = json.dumps({"id": MODEL.hub, "sha": MODEL.revision, "siblings": listed}).encode()
            elif name not in found.files:
                status = 404
            self.send_response(status)
            if status in (401, 403):
                self.send_header("X-Error-Code", "GatedRepo")
            self.send_header("ETag", f'"{hashlib.sha256(data).hexdigest()}"')
            self.send_header("X-Repo-Commit", MODEL.revision or "")
            sent = data[:-1] + bytes([data[-1] ^ 1]) if name == found.damage else data
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            if body:
                self.wfile.write(sent)

        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        found.url = f"http://127.0.0.1:{server.server_address[1]}"
        yield found
        server.shutdown()


def model(cache: Path, url: str, *words: object) -> subprocess.CompletedProcess[str]:
    """Run ``samvad model`` in its environment, with a cache of its own."""
    start = "import sys; from samvad.commands import model; sys.exit(model.main(sys.argv[1:]))"
    shell = 'source envs/lib.bash; python=$(environment_dir asr)/bin/python; SAMVAD_CACHE=$OWN exec "$python" "$@"'
    line = ["bash", "-c", shell]
    own = {
        "OWN": str(cache),
        "HF_ENDPOINT": url,
        "HF_HUB_OFFLINE": "",
        "no_proxy": "127.0.0.1",
        "HF_HUB_DISABLE_XET": "1",
    }
    own |= {"PYTHONPATH": str(support.ROOT / "scripts"), "HF_HOME": str(cache / "hf"), "HF_TOKEN": ""}
    return subprocess.run(
        [*line, "-", "-c", start, *map(str, words)], cwd=support.ROOT, capture_output=True, text=True, check=False,
        env={**os.environ, **own},
    )  # fmt: skip


def test_a_model_comes_from_the_hub_at_its_commit_converted_checked_and_once(hub: Hub, tmp_path: Path) -> None:
    done = model(tmp_path, hub.url, NAME)
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "models" / "indictrans2" / "en-indic"
    assert (folder / "model.bin").is_file() and (folder / "vocab" / "model.SRC").read_bytes() == hub.files["model.SRC"]
    assert f"Model {NAME}: {folder}" in done.stdout and "licence MIT" in done.stdout
    asked = [path for path in hub.asked if "/resolve/" in path]
    assert asked and all(f"/{MODEL.hub}/resolve/{MODEL.revision}/" in path for path in asked)
    assert not any("modeling_indictrans.py" in path for path in asked), "no code of the hub's is fetched"
    assert [path.name for path in (tmp_path / "models").iterdir() if path.is_dir()] == ["indictrans2"], (
        "nothing is left"
    )
    before = len(hub.asked)
    again = model(tmp_path, hub.url, NAME)
    assert again.returncode == 0 and len(hub.asked) == before, "it is there"
    assert model(tmp_path, hub.url, NAME, "--cached-only").returncode == 0


def test_what_is_not_as_the_hub_said_is_not_kept(hub: Hub, tmp_path: Path) -> None:
    hub.damage = "model.safetensors"
    done = model(tmp_path, hub.url, NAME)
    assert done.returncode != 0 and "is not what was published" in done.stderr
    assert not (tmp_path / "models" / "indictrans2" / "en-indic").exists()


def test_of_a_gated_repository_it_is_said_what_to_do(hub: Hub, tmp_path: Path) -> None:
    hub.status = 401
    done = model(tmp_path, hub.url, NAME)
    assert done.returncode == 5 and "accept its terms" in done.stderr and "HF_TOKEN" in done.stderr


def test_a_folder_does_in_place_of_the_hub_and_another_direction_s_model_is_refused(
    repository: Path, tmp_path: Path
) -> None:
    done = model(tmp_path, "http://127.0.0.1:9", NAME, "--from", repository, "--quantization", "float32")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "models" / "indictrans2" / "en-indic" / "model.bin").is_file()
    wrong = model(tmp_path, "http://127.0.0.1:9", "indictrans2-indic-indic-dist", "--from", repository)
    assert wrong.returncode == 4 and "does not know tam_Taml" in wrong.stderr
    unpinned = model(tmp_path, "http://127.0.0.1:9", "indictrans2-indic-indic")
    assert unpinned.returncode == 4 and "pins no commit" in unpinned.stderr


def test_automatic_means_indictrans2_where_it_is_at_hand_and_whisper_for_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAMVAD_CACHE", str(tmp_path))
    assert own_models.backends(("auto",)) == ("whisper",)
    weights = own_models.root() / "indic-en" / "ct2_int8_model" / "model.bin"
    weights.parent.mkdir(parents=True)
    weights.touch()
    assert own_models.at_hand() == {"indic-en"}
    assert own_models.backends(("auto",)) == ("indictrans2", "whisper")
    assert own_models.backends(("nllb", "auto", "whisper")) == ("nllb", "indictrans2", "whisper")
    assert own_models.backends(("whisper",)) == ("whisper",), "what is named is what is taken"
