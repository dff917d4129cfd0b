"""What tests of several folders use and is costly to make: it is made once a session."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from xdist.scheduler import LoadFileScheduling

import support
from translating import SILENCE_MS, in_environment, wav

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Whoever is started in the background by a script hears no Ctrl-C, nor does what it starts; some tests send it.
    signal.signal(signal.SIGINT, signal.default_int_handler)


class Sample(NamedTuple):
    """The sample film, and what is true of it."""

    film: Path
    truth: dict[str, Any]


class _ByFile(LoadFileScheduling):
    """Each file goes to one of pytest's processes, and all that want the machine's only SLURM go to the same one.

    On several, all but one would wait for their turn, and run no other tests meanwhile.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = str(super()._split_scope(nodeid))
        return "slurm" if _wants_slurm(file) else file


def _wants_slurm(file: str) -> bool:
    return Path(file).name.startswith("test_slurm") and "workflow" in Path(file).parts


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling | None:
    """Say which of pytest's processes gets which tests."""
    return _ByFile(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_xdist_auto_num_workers() -> int:
    """Return one process more than there are cores: the tests of SLURM, and those of clocks, mostly wait."""
    return len(os.sched_getaffinity(0)) + 1


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests of SLURM: they take longest, and the others find room beside them."""
    items.sort(key=lambda item: not _wants_slurm(item.nodeid.partition("::")[0]))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Make what a test logged fit to be sent from one of pytest's processes to another: some log hostile names."""
    report = yield
    report.sections = [(name, text.encode("utf-8", "replace").decode()) for name, text in report.sections]
    return report


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable[[Path], None]], Path]:
    """Return a function that gives a folder which the first of pytest's processes fills, for all of them to look at."""
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if base.name.startswith("popen-") else base) / "made-once"
    shared.mkdir(exist_ok=True)

    def made(name: str, make: Callable[[Path], None]) -> Path:
        folder = shared / name
        with (shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (folder / ".made").exists():
                folder.mkdir()  # fails where another process has failed at it
                make(folder)
                (folder / ".made").touch()
        return folder

    return made


@pytest.fixture(scope="session")
def sample(once: Callable[[str, Callable[[Path], None]], Path]) -> Sample:
    """Make the sample film."""

    def make(folder: Path) -> None:
        command = [support.ROOT / "samvad", "make-sample-film"]
        command += ["--output", folder / "sample.mp4", "--truth", folder / "sample.truth.json"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    folder = once("sample", make)
    return Sample(folder / "sample.mp4", json.loads((folder / "sample.truth.json").read_text("utf-8")))


@pytest.fixture(scope="session")
def toy_models(once: Callable[[str, Callable[[Path], None]], Path]) -> Path:
    """Train the toy IndicTrans2; return its folder."""

    def make(folder: Path) -> None:
        done = in_environment(support.ROOT / "tests" / "toy_translation_model.py", folder / "models")
        assert done.returncode == 0, done.stderr

    return once("toy", make) / "models"


@pytest.fixture
def silence(tmp_path: Path) -> bytes:
    """Return a WAV in which nothing is heard."""
    return wav(tmp_path / "silence.wav", bytes(32 * SILENCE_MS))


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Return a function that mounts a disk of so many bytes (and inodes) on a folder, or gives it another size."""
    mounted: list[Path] = []

    def mount(folder: Path, size: int, inodes: int = 0) -> Path:
        options = f"remount,size={size}" if folder in mounted else f"size={size},nr_inodes={inodes}"
        folder.mkdir(exist_ok=True)
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "samvad-test", folder], capture_output=True, text=True, check=False
        )
        if done.returncode:
            pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")
        if folder not in mounted:
            mounted.append(folder)
        return folder

    yield mount
    for folder in mounted:
        subprocess.run(["umount", "-l", folder], check=True)
