"""Runs of the workflow that many tests look at."""

from __future__ import annotations

import shutil
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import support
from workflow.project import CACHE, Project, new_project, said


class Demo(NamedTuple):
    """A project in which the sample film has been subtitled."""

    project: Project
    film: Path
    job: Path
    said: str


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let a hub of models be reached, as who follows the pages has one: planning asks for no more than that."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.getsockname()[1]}")
        monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
        yield


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Make a copy of the project that has made nothing yet."""
    return new_project(tmp_path_factory.mktemp("projects") / "new")


@pytest.fixture(scope="session")
def demo(once: Any, tmp_path_factory: pytest.TempPathFactory, sample: Any) -> Demo:
    """Subtitle the sample film; to be looked at, not changed. Each of pytest's processes has a copy."""

    def make(folder: Path) -> None:
        project = new_project(folder / "demo")
        film = folder / "sample.mp4"  # a file of its own: no other test has hashed it
        shutil.copyfile(sample.film, film)
        project.write_sheet(
            {"user": "demo", "media": film, "title": "Samvad sample film", "year": 2025, "source": "en,es"}
        )
        time.sleep(3)  # the checksum of a film that was written just now is not remembered
        done = project.snakemake_itself(project.target("demo"), cache=CACHE)
        assert done.returncode == 0, said(done)
        (folder / "said.txt").write_text(said(done), encoding="utf-8")

    folder = once("demo", make)
    project = Project(folder / "demo").copy(tmp_path_factory.mktemp("projects") / "demo")
    return Demo(project, folder / "sample.mp4", project.job("demo"), (folder / "said.txt").read_text("utf-8"))


@pytest.fixture
def demo_copy(demo: Demo, tmp_path: Path) -> Project:
    """Return a copy of the demo's project, to be changed."""
    return demo.project.copy(tmp_path / "copy")


@pytest.fixture
def shelf(project: Project) -> Callable[..., Project]:
    """Return a function that gives the project that has made nothing a film sheet."""

    def with_films(*rows: dict[str, object]) -> Project:
        project.write_sheet(*rows)
        return project

    return with_films


@pytest.fixture(scope="session")
def stood_in(once: Any, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Make a film by stages that do no work; to be looked at, not changed. Each of pytest's processes has a copy."""

    def make(folder: Path) -> None:
        project = new_project(folder / "stood in")
        support.leave_out_work(project.root)
        (project.root / "a.mkv").write_bytes(b"a film")
        project.write_sheet({"user": "a", "media": "a.mkv"})
        time.sleep(2.5)  # the checksum of a film that was written just now is not remembered
        done = project.snakemake(project.target("a"))
        assert done.returncode == 0, said(done)

    folder = once("stood-in", make)
    return Project(folder / "stood in").copy(tmp_path_factory.mktemp("projects") / "stood in")


@pytest.fixture
def stood_in_copy(stood_in: Project, tmp_path: Path) -> Project:
    """Return a copy of that project, to be changed."""
    return stood_in.copy(tmp_path / "stood in")
