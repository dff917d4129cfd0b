"""`--sdm conda`: the files of `envs/` are what conda reads, and a stage runs in the environment that comes of them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

import local_conda
import support
from workflow.project import environment, new_project, said

NAMES = sorted(path.stem for path in (support.ROOT / "envs").glob("*.yaml"))


@pytest.fixture(scope="module")
def channel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a channel whose packages bring this machine's programs."""
    return local_conda.make_channel(tmp_path_factory.mktemp("conda") / "channel")


@pytest.mark.parametrize("name", NAMES)
def test_what_an_environment_asks_of_a_channel_can_be_read_and_solved(channel: Path, name: str) -> None:
    specs, _ = local_conda.read(support.ROOT / "envs" / f"{name}.yaml")
    found = {record.name.normalized: str(record.version) for record in local_conda.solve(channel, specs)}
    assert set(found) == {spec.split("=")[0] for spec in specs}
    assert found["python"].startswith("3.11."), "the locks are made for it"


def test_what_no_channel_has_is_not_solved(channel: Path) -> None:
    with pytest.raises(Exception, match="ffmpeg"):
        local_conda.solve(channel, ["ffmpeg >=99"])


def test_a_stage_runs_in_the_environment_that_conda_makes(channel: Path, tmp_path: Path) -> None:
    project = new_project(tmp_path / "project")
    film = tmp_path / "film.mkv"
    inputs = ["-f", "lavfi", "-i", "sine=d=3", "-f", "lavfi", "-i", "testsrc=s=64x64:d=3:r=5"]
    subprocess.run(["ffmpeg", "-v", "error", *inputs, str(film)], check=True)
    project.write_sheet({"user": "me", "media": film})
    programs = local_conda.put_on_path(channel.parent)
    done = project.snakemake(
        *("--sdm", "conda", "--conda-prefix", tmp_path / "made", project.target("me", "demux")),
        env={
            "PATH": f"{programs}:{environment()['PATH']}",
            "LOCAL_CHANNEL": str(channel),
            "SAMVAD_CACHE": cache(tmp_path),
        },
    )
    assert done.returncode == 0, said(done)
    (prefix,) = (path for path in (tmp_path / "made").iterdir() if path.is_dir())
    assert {path.name.rsplit("-", 2)[0] for path in (prefix / "conda-meta").glob("*.json")} == {
        "python", "pip", "espeak-ng", "ffmpeg", "font-ttf-noto", "fontconfig", "mkvtoolnix",
    }  # fmt: skip
    assert list(prefix.glob("lib/python3.*/site-packages/ffmpeg")), "what pip was asked for is there"
    assert support.manifest_of(project.job("me"), "demux")["status"] == "success"


def cache(folder: Path) -> str:
    """Return a cache without the environments that `make setup` built: only conda's can be used."""
    (folder / "cache").mkdir()
    return os.fspath(folder / "cache")
