"""Two machines at one job on a disk that they share: it shows changes late, and its locks hold on one machine alone.

Each machine has a name of its own and its own mount of the disk, by sshfs, which asks the other side for sizes and
names only every so many seconds, as NFS does.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import odd_films
import support
import tools
from samvad.core import variables
from samvad.runner import attempts

_SERVER = Path("/usr/lib/openssh/sftp-server")
JOB = "2025/01/01/tester/1"


class SharedDisk(NamedTuple):
    """The folder of the disk, and the folder in which each machine sees it."""

    folder: Path
    seen: dict[str, Path]

    def command(self, machine: str, environment: str, script: str, *options: object) -> list[str]:
        """Return the command of a stage's script on a machine."""
        named = ["unshare", "--uts", "sh", "-c", 'hostname "$0"; exec "$@"', machine]
        run = [support.ROOT / "envs" / "run", environment, script, f"--job-folder={self.seen[machine] / JOB}"]
        return [*named, *map(str, [*run, "--film=test", *options])]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SharedDisk]:
    """Mount a shared disk on two machines."""
    sshfs = tools.program("sshfs")
    if not _SERVER.exists():
        tools.missing("sftp-server")
    folder = tmp_path / "disk"
    folder.mkdir()
    serve = tmp_path / "serve"  # in place of ssh, whose options the server does not know
    serve.write_text(f"#!/bin/sh\nexec {_SERVER}\n", encoding="utf-8")
    serve.chmod(0o755)
    seen = {name: tmp_path / name for name in ("node1", "node2")}
    mounted = []
    try:
        for place in seen.values():
            place.mkdir()
            command = [sshfs, "-o", f"ssh_command={serve},dcache_timeout=5", f"here:{folder}", place]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                pytest.skip(f"no shared disk can be mounted here: {done.stderr.strip()}")
            mounted.append(place)
        yield SharedDisk(folder, seen)
    finally:
        for place in mounted:
            subprocess.run(["umount", "-l", place], check=False)


def manifest(disk: SharedDisk, folder: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((disk.folder / JOB / folder / "manifest.json").read_text("utf-8"))
    return found


def test_what_another_machine_has_made_anew_is_read_as_it_is_now(disk: SharedDisk, tmp_path: Path) -> None:
    tmdb = disk.seen["node2"] / JOB / "02_tmdb" / "manifest.json"
    metadata = tmdb.with_name("film_metadata.json")
    texts = [json.dumps({"title": title}).encode() for title in ("A film", "A longer film")]
    for text in texts:
        support.finished_stage(tmp_path / "made" / str(len(text)), "tmdb", {"film_metadata": (metadata.name, text)})
        made = tmp_path / "made" / str(len(text)) / "02_tmdb"
        target = disk.seen["node1"] / JOB / "02_tmdb"
        target.mkdir(parents=True, exist_ok=True)
        copied = [made / metadata.name, made / "manifest.json"]
        subprocess.run(["cp", "--preserve=timestamps", *copied, target], check=True)
        size = metadata.stat().st_size  # the other machine knows it for five seconds
    assert size == len(texts[0]), "this disk shows a new file's size late"
    command = disk.command("node2", "text", "load_glossary.py", f"--tmdb={tmdb}")
    subprocess.run(["env", f"{variables.WAIT_SECONDS}=30", *command], check=True)
    read = next(item for item in manifest(disk, "03_glossary_load")["inputs"] if item["type"] == "film_metadata")
    assert read["size_bytes"] == len(texts[1])
    assert read["checksum"] == manifest(disk, "02_tmdb")["outputs"][0]["checksum"]
    assert manifest(disk, "03_glossary_load")["host"]["name"] == "node2"


def test_of_two_machines_at_one_stage_the_later_makes_the_result_without_any_lock(
    disk: SharedDisk, tmp_path: Path
) -> None:
    (disk.folder / JOB).mkdir(parents=True)
    film = odd_films.no_duration_header(tmp_path)
    scratch = tmp_path / "own disk"
    options = [f"--media={film}"]
    commands = [
        ["env", f"{variables.SCRATCH}={scratch}", *disk.command(machine, "media", "extract_audio.py", *options)]
        for machine in ("node1", "node2", "node1")
    ]
    with ThreadPoolExecutor(3) as pool:
        done = list(
            pool.map(lambda command: subprocess.run(command, capture_output=True, text=True, check=False), commands)
        )
    attempts = sorted((disk.folder / JOB / "01_demux" / "attempts").glob("[0-9]*"))
    assert [path.name for path in attempts] == ["01", "02", "03"], "each attempt has a folder of its own"
    assert manifest(disk, "01_demux")["attempt"] == 3
    assert {one.returncode for one in done} <= {0, 1}, done
    for output in manifest(disk, "01_demux")["outputs"]:
        assert (disk.folder / JOB / output["path"]).stat().st_size == output["size_bytes"]
    assert not list((disk.folder / JOB).rglob(".moving-*")), "nothing half-moved is left"


def test_tries_that_begin_at_once_without_a_lock_have_different_numbers(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        numbers = list(pool.map(lambda _: attempts.next_attempt(tmp_path)[0], range(64)))
    assert sorted(numbers) == list(range(1, 65))
