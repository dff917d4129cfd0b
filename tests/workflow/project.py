"""A copy of the project in a folder of its own, and Snakemake as a user runs it there.

The copy has its own ``.snakemake``: what the tests leave behind is not the project's, and they may change its code.
"""

from __future__ import annotations

import csv
import functools
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import support
from samvad.core import stages
from samvad.settings import configuration

PARTS = ("samvad", "Snakefile", "rules", "scripts", "envs", "config", "profiles")
#: A campaign of kills has the machine for itself no more than anybody else.
TIMEOUT_SECONDS = 5000 if os.environ.get("SAMVAD_KILLS") else 500
DATE = "2025-01-01"
#: As a setting of a run: the cache of results, in the project's own folder.
CACHE = '{"enabled": true, "folder": "results"}'
#: What Snakemake says when all is made.
NOTHING = "Nothing to be done"
OPTIONAL = ("tmdb", "glossary_load", "ner", "lyrics_detection", "hallucination_removal")


@dataclass(frozen=True)
class Project:
    """A project's folder, a film sheet in it, and the folder of its jobs (from the project's folder)."""

    root: Path
    sheet: str = "shelf.tsv"
    output_root: str = "made"

    def write_sheet(self, *rows: Mapping[str, object]) -> None:
        """Write the film sheet; what a row leaves out is empty, or the same for all films."""
        with (self.root / self.sheet).open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, configuration.COLUMNS, delimiter="\t", lineterminator="\n")
            writer.writeheader()
            writer.writerows(row(**values) for values in rows)

    def job(self, user: str) -> Path:
        """Return the job folder of a user's first film."""
        return self.root / self.output_root / DATE.replace("-", "/") / user / "1"

    def target(self, user: str, stage: str = "mux") -> str:
        """Return a stage's manifest, as it is asked for."""
        return f"{self.output_root}/{DATE.replace('-', '/')}/{user}/1/{stages.BY_NAME[stage].folder}/manifest.json"

    def command(self, *arguments: object, **settings: object) -> list[str]:
        """Return the command line: arguments first, for ``--config`` takes all words that follow it."""
        given = {"films": self.sheet, "output_root": self.output_root, **settings}
        return [
            *(".venv/bin/snakemake", "--profile", "profiles/local-cpu"),
            *(() if any(str(word).startswith("--retries") for word in arguments) else ("--retries", "0")),
            *map(str, arguments),
            *("--config", *(f"{key}={value}" for key, value in given.items())),
        ]

    def snakemake(
        self, *arguments: object, env: Mapping[str, str] | None = None, **settings: object
    ) -> subprocess.CompletedProcess[str]:
        """Run Snakemake to its end: a copy of one that has been started already."""
        return carry_out(self.command(*arguments, **settings), self.root, {**environment(), **(env or {})})

    def snakemake_itself(self, *arguments: object, **settings: object) -> subprocess.CompletedProcess[str]:
        """Run Snakemake to its end, by its command."""
        return subprocess.run(
            self.command(*arguments, **settings),
            cwd=self.root,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=TIMEOUT_SECONDS,
        )

    def samvad(self, command_name: str, *options: object) -> subprocess.CompletedProcess[str]:
        """Run one of the project's own commands."""
        command = ["./samvad", command_name, *map(str, options)]
        return subprocess.run(
            command, cwd=self.root, env=environment(), capture_output=True, text=True, check=False, timeout=300
        )

    def work_first(self, script: str, line: str) -> None:
        """Put a line before the work of a stage's script, with ``run``, ``os`` and ``time`` at hand."""
        path = self.root / "scripts" / script
        head, work, rest = path.read_text("utf-8").partition("def work(run: StageRun, options: Options) -> None:\n")
        assert work, f"{script} has no work function"
        path.write_text(f"{head}{work}    import os, time\n    {line}\n{rest}", encoding="utf-8")

    def copy(self, root: Path) -> Project:
        """Return a copy with all that was made in it, and with Snakemake's memory of how."""
        shutil.copytree(self.root, root, symlinks=True)
        return Project(root, self.sheet, self.output_root)


def carry_out(command: list[str], folder: Path, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Carry out a command of the project's own Snakemake in its folder; several threads may do so at once."""
    return _started((folder / command[0]).resolve().parent).carry_out(command, folder, env)


class _Started:
    """Snakemake, started in a process that waits for commands; it ends when this process does."""

    def __init__(self, programs: Path) -> None:
        self._socket, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [programs / "python", Path(__file__).with_name("started_snakemake.py"), programs / "snakemake"],
                stdin=theirs,
                stdout=subprocess.DEVNULL,
                env=environment(),
            )

    def carry_out(self, command: list[str], folder: Path, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Carry out a command as ``subprocess.run`` does: to its end, and to that of whoever writes for it."""
        (out, their_out), (err, their_err), (answer, theirs) = os.pipe(), os.pipe(), socket.socketpair()
        with theirs:
            message = json.dumps([command, str(folder), dict(env)]).encode()
            socket.send_fds(self._socket, [message], [their_out, their_err, theirs.fileno()])
        os.close(their_out)
        os.close(their_err)
        texts: dict[int, str] = {}
        readers = [threading.Thread(target=_read, args=(handle, texts), daemon=True) for handle in (out, err)]
        for reader in readers:
            reader.start()
        until = time.monotonic() + TIMEOUT_SECONDS
        with answer, answer.makefile() as told:
            process = told.readline()
            assert process, "Snakemake could not be started: standard error of this process says why"
            try:
                for reader in readers:
                    reader.join(max(0, until - time.monotonic()))
                if len(texts) < len(readers):
                    raise subprocess.TimeoutExpired(command, TIMEOUT_SECONDS)
            except BaseException:
                os.kill(int(process), signal.SIGKILL)
                raise
            return subprocess.CompletedProcess(command, int(told.readline()), texts[out], texts[err])


def _read(handle: int, texts: dict[int, str]) -> None:
    with open(handle, encoding="utf-8", errors="backslashreplace") as file:
        texts[handle] = file.read()


_started = functools.cache(_Started)


def new_project(root: Path) -> Project:
    """Copy the project into a new folder, with what `make setup` compiled: else each of many processes does so anew."""
    root.mkdir()
    for name in PARTS:
        source = support.ROOT / name
        if source.is_dir():
            shutil.copytree(source, root / name, ignore=shutil.ignore_patterns("local.yaml"))
        else:
            shutil.copy2(source, root / name)
    settings = root / "config" / "config.yaml"
    text = settings.read_text(encoding="utf-8")
    assert "  enabled: true" in text
    # A test that counts what runs again must not find it done by another test.
    settings.write_text(text.replace("  enabled: true", "  enabled: false"), encoding="utf-8")
    for profile in (root / "profiles").iterdir():
        (root / profile.name).symlink_to(Path("profiles", profile.name))
    (root / ".venv").symlink_to((support.ROOT / ".venv").resolve())
    return Project(root)


def row(**values: object) -> dict[str, object]:
    """Return a row of the sheet."""
    defaults = {"title": "A film", "source": "en", "targets": "en", "date": DATE, "job": 1, "workflow": "subtitle"}
    named = {"film": values.get("user", "film")}
    return {**dict.fromkeys(configuration.COLUMNS, ""), **defaults, **named, **values}


def environment() -> dict[str, str]:
    """Return the environment without what could change a run, or what it prints: switches, a TMDB key, a width."""
    return {
        key: value
        for key, value in os.environ.items()
        if not re.match(r"STAGE_|TMDB_|SAMVAD_(SUMMARY|DEPLOYMENT|MODELS)|COLUMNS$|LINES$", key)
    }


def said(done: subprocess.CompletedProcess[str]) -> str:
    """Return all that a command printed: Snakemake's messages go here or there by its mood."""
    return done.stdout + done.stderr


def planned(done: subprocess.CompletedProcess[str]) -> dict[str, int]:
    """Return the stages that a dry run planned, with the number of films for each."""
    assert done.returncode == 0, said(done)
    counts = re.findall(r"^(\w+) +(\d+)$", said(done), re.MULTILINE)
    return {name: int(count) for name, count in counts if name in stages.BY_NAME}


def files_of(folder: Path) -> dict[str, tuple[int, int]]:
    """Return every file below a folder with its size and the time of its last change."""
    return {
        str(path.relative_to(folder)): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


def attempts(job: Path, stage: str) -> list[str]:
    """Return the numbers of a stage's attempts."""
    return sorted(path.name for path in (job / stages.BY_NAME[stage].folder / "attempts").iterdir())
