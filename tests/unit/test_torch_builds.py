"""PyTorch's builds for processors alone: pinned from an index of their own, with checksums, and chosen by the machine.

The index is a stand-in on this machine, with wheels of a few lines; uv, the lists and the set-up are the project's own.
"""

from __future__ import annotations

import functools
import hashlib
import http.server
import os
import shutil
import subprocess
import threading
import urllib.parse
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from samvad.core import files
from support import ROOT

TOY = """\
channels:
  - conda-forge
dependencies:
  - python=3.11
  - pip
  - pip:
      - nvidia-cublas-cu12==12.8.4.1 ; sys_platform == 'linux'
          --hash=sha256:{zeros}
      - nvidia-ml-py==1.0
          --hash=sha256:{ml}
      - torch==2.8.0
          --hash=sha256:{zeros}
          --hash=sha256:{zeros}
      - triton==3.4.0 ; sys_platform == 'linux'
          --hash=sha256:{zeros}
"""


@dataclass
class Index:
    """A package index on this machine, and the folder that it shows."""

    address: str
    folder: Path

    @property
    def pypi(self) -> Index:
        """The index beside it, which has what everybody else publishes."""
        return Index(self.address.replace("torch-cpu", "pypi"), self.folder.with_name("pypi"))

    def add(self, name: str, version: str, says: str) -> str:
        """Put a wheel there, instead of one of that version; return its SHA-256."""
        module, own = name.replace("-", "_"), self.folder / name
        own.mkdir(exist_ok=True)
        wheel = own / f"{module}-{version}-py3-none-any.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            info = f"{module}-{version}.dist-info"
            needs = "Requires-Dist: triton>=3.3\n" if name == "torch" else ""
            archive.writestr(f"{module}/__init__.py", f"says = {says!r}\n")
            archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}")
            archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            archive.writestr(f"{info}/RECORD", "")
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        if not (own / "index.html").exists():  # what the index says stays: others may change the file
            link = f'<a href="{urllib.parse.quote(wheel.name)}#sha256={digest}">{wheel.name}</a>'
            (own / "index.html").write_text(f"<!DOCTYPE html><html><body>{link}</body></html>", encoding="ascii")
        return digest


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    folder = tmp_path / "index"
    (folder / "torch-cpu").mkdir(parents=True)
    (folder / "pypi").mkdir()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Index(f"http://127.0.0.1:{server.server_port}/torch-cpu", folder / "torch-cpu")
    server.shutdown()
    server.server_close()


@pytest.fixture
def envs(tmp_path: Path, index: Index) -> Path:
    """A project with one environment, which has PyTorch."""
    envs = tmp_path / "project" / "envs"
    envs.mkdir(parents=True)
    for name in ("compile_code.py", "lib.bash", "lock", "run", "setup", "uv.bash", "uv.txt"):
        shutil.copy2(ROOT / "envs" / name, envs / name)
    ml = index.pypi.add("nvidia-ml-py", "1.0", "stays")
    index.add("nvidia-ml-py", "1.0", "another build of it, as PyTorch's index may have of what is not its own")
    index.add("torch", "2.8.0+cpu", "for processors")
    (envs / "toy.yaml").write_text(TOY.format(zeros="0" * 64, ml=ml), encoding="ascii")
    return envs


def run(envs: Path, *words: str, path: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the project's with a cache of its own."""
    uv = next(iter(sorted((files.cache_folder() / "tools").glob("uv-*/bin"))), None)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("UV_", "PIP_", "SAMVAD_"))}
    own = {
        "SAMVAD_CACHE": str(envs.parent.parent / "cache"),
        "PATH": path or f"{uv}:{os.environ['PATH']}",
        "PIP_CONFIG_FILE": os.devnull,
    }
    return subprocess.run(
        words, cwd=envs.parent, env=kept | own | variables, capture_output=True, text=True, timeout=300, check=False
    )


def test_the_build_for_processors_is_pinned_installed_and_nothing_of_cuda_with_it(envs: Path, index: Index) -> None:
    locked = run(envs, "envs/lock", "--torch-cpu", SAMVAD_TORCH_INDEX=index.address)
    assert locked.returncode == 0, locked.stderr
    pins = (envs / "torch-cpu.txt").read_text("ascii")
    digest = hashlib.sha256((index.folder / "torch/torch-2.8.0+cpu-py3-none-any.whl").read_bytes()).hexdigest()
    assert f"# index: {index.address}\n" in pins and f"torch==2.8.0+cpu --hash=sha256:{digest}\n" in pins

    built = run(envs, "envs/setup", "toy", SAMVAD_TORCH="cpu", UV_DEFAULT_INDEX=index.pypi.address)
    assert built.returncode == 0, built.stderr
    (envs.parent / "scripts").mkdir()
    told = "import importlib.metadata as m, torch\n"
    told += "print(torch.says, m.version('torch'), [d.name for d in m.distributions()])"
    (envs.parent / "scripts" / "say.py").write_text(told, encoding="ascii")
    # Where nothing asks for another, the one that is built serves, on a machine with a GPU too.
    for variables in ({"SAMVAD_TORCH": "cpu"}, {}):
        said = run(envs, "envs/run", "toy", "say.py", **variables)
        assert said.stdout.startswith("for processors 2.8.0+cpu"), said.stderr
        assert "triton" not in said.stdout and "cublas" not in said.stdout and "nvidia-ml-py" in said.stdout
    refused = run(envs, "envs/run", "toy", "say.py", SAMVAD_TORCH="cuda")
    assert refused.returncode and "is not built yet" in refused.stderr


def test_the_name_of_the_folder_above_chooses_no_build(envs: Path, index: Index) -> None:
    pin = next(
        line for line in (envs / "toy.yaml").read_text("ascii").split("      - ") if line.startswith("nvidia-ml")
    )
    (envs / "small.yaml").write_text(f"dependencies:\n  - pip:\n      - {pin}", encoding="ascii")
    cache = envs.parent.parent / "node-cpu-1"
    built = run(envs, "envs/setup", "small", SAMVAD_CACHE=str(cache), UV_DEFAULT_INDEX=index.pypi.address)
    assert built.returncode == 0, built.stderr
    assert len(list(cache.glob("envs/small-*/.complete"))) == 1


def test_a_build_that_is_not_the_pinned_one_is_not_installed(envs: Path, index: Index) -> None:
    assert run(envs, "envs/lock", "--torch-cpu", SAMVAD_TORCH_INDEX=index.address).returncode == 0
    index.add("torch", "2.8.0+cpu", "somebody else's")
    shutil.rmtree(envs.parent.parent / "cache")  # what uv has kept of the first
    built = run(envs, "envs/setup", "toy", SAMVAD_TORCH="cpu", UV_DEFAULT_INDEX=index.pypi.address)
    assert built.returncode and "hash" in built.stderr.lower() and "could not be built" in built.stderr


def test_without_the_list_the_build_for_processors_is_refused_with_what_to_do(envs: Path) -> None:
    refused = run(envs, "envs/setup", "toy", SAMVAD_TORCH="cpu")
    assert refused.returncode and "envs/lock --torch-cpu" in refused.stderr
    wrong = run(envs, "envs/setup", "toy", SAMVAD_TORCH="gpu")
    assert wrong.returncode and "Set it to cpu or cuda" in wrong.stderr


@pytest.mark.parametrize(
    ("programs", "variable", "build"),
    [
        ((), "", "cpu"),
        (("nvidia-smi",), "", "cuda"),
        (("sbatch",), "", "cuda"),
        (("nvidia-smi",), "cpu", "cpu"),
        ((), "cuda", "cuda"),
    ],
)
def test_the_machine_decides_unless_somebody_does(
    envs: Path, tmp_path: Path, programs: tuple[str, ...], variable: str, build: str
) -> None:
    if Path("/dev/nvidiactl").exists() or Path("/dev/dxg").exists():
        pytest.skip("this machine has a GPU")
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    for name in ("bash", "dirname", "grep", "sha256sum", "uname"):
        (bin_folder / name).symlink_to(str(shutil.which(name)))
    for name in programs:
        (bin_folder / name).symlink_to("/bin/true")
    (envs / "torch-cpu.txt").write_text("# index: http://127.0.0.1:1\ntorch==2.8.0+cpu\n", encoding="ascii")
    asked = run(
        envs,
        "bash",
        "-c",
        "source envs/lib.bash; environment_dir toy",
        path=str(bin_folder),
        **({"SAMVAD_TORCH": variable} if variable else {}),
    )
    assert asked.returncode == 0, asked.stderr
    assert ("-cpu-" in asked.stdout) == (build == "cpu")


def test_the_lists_of_the_environments_agree_on_pytorch() -> None:
    """One list of builds serves all; and a list that is there is of the versions that are locked."""
    code = "source envs/lib.bash; for name in asr translation; do pip_list $name; done"
    pins = subprocess.run(["bash", "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    torch = {
        line.split(" ")[0]
        for line in pins.splitlines()
        if line.startswith(("torch==", "torchaudio==", "torchvision=="))
    }
    assert len({pin.split("==")[0] for pin in torch}) == len(torch) == 3
    pinned = ROOT / "envs" / "torch-cpu.txt"
    if pinned.exists():
        lines = pinned.read_text("ascii").splitlines()
        assert {line.split("+cpu")[0] for line in lines if not line.startswith("#")} == torch
