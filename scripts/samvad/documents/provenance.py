"""What a stage ran with, as its manifest records it: code, environment, programs, weights and the machine."""

from __future__ import annotations

import logging
import os
import re
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from samvad import __version__
from samvad.core import checksums, computing, files, outside, schemas, subprocesses, this_machine
from samvad.core.errors import MissingToolError, SamvadError, ToolError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RanCode:
    """The code of a stage's process, as it was when the process began.

    Attributes:
        code: 16 digits from ``runner.code_hash``; None where it was not recorded.
        git_commit: None: it is no clone.
        git_dirty: whether files differed from the commit.
        lock_hash: checksum of the list of all packages of its environment.
    """

    code: str | None
    git_commit: str | None
    git_dirty: bool | None
    lock_hash: str


@dataclass(frozen=True)
class Model:
    """Weights that a stage used: name, commit (where known) and checksum of the main file (where it has one)."""

    name: str
    revision: str | None
    checksum: str | None


@dataclass(frozen=True)
class Software:
    """Everything that was run.

    Attributes:
        samvad: its version.
        git_commit: when the process began, as all that is said of the code.
        git_dirty: whether files differed from the commit.
        environment: name of the file in ``envs/``.
        lock_hash: checksum of the list of all its packages.
        tools: versions of programs and libraries by name.
        device_requested: ``cpu``, ``cuda`` or ``auto``; None where the stage has no choice.
        device_actual: the one that was used; of a GPU its number and name.
        engines: what ran the models; none in manifests of before that was recorded.
        code: 16 digits that stand for all the code and data of the stage, as in its rule's parameter; None likewise.
    """

    samvad: str
    git_commit: str | None
    git_dirty: bool | None
    environment: str
    lock_hash: str
    python: str
    tools: dict[str, str]
    models: tuple[Model, ...]
    device_requested: str | None
    device_actual: str | None
    engines: tuple[computing.Engine, ...] = ()
    code: str | None = None


@dataclass(frozen=True)
class Host:
    """The machine; its memory in MiB. Manifests of before its processor was recorded do not name that."""

    name: str
    system: str
    processor: str = field(default="unknown", kw_only=True)
    cpus: int
    memory_mb: float


def ran_code(environment: str, code: str | None = None) -> RanCode:
    """Return what code stands in the project's folder now.

    Args:
        environment: name of the file in ``envs/``.
        code: its hash, where that is known.
    """
    commit, dirty = _git_state()
    return RanCode(code, commit, dirty, lock_hash(environment))


def lock_hash(environment: str) -> str:
    """Return the checksum of the list of all packages of an environment, by the name of its file in ``envs/``."""
    return files.sha256_of(schemas.ROOT / "envs" / f"{environment}.yaml")


def software(
    environment: str,
    ran: RanCode,
    tools: dict[str, str],
    models: list[Model],
    devices: tuple[str | None, str | None],
    engines: Sequence[computing.Engine] = (),
) -> Software:
    """Return the manifest's record of everything that was run.

    Args:
        environment: name of the file in ``envs/``.
        ran: its code.
        tools: versions by name.
        models: weights used.
        devices: requested and actual, the latter as it is shown to people.
        engines: what ran the models.
    """
    return Software(
        samvad=__version__,
        git_commit=ran.git_commit,
        git_dirty=ran.git_dirty,
        environment=environment,
        lock_hash=ran.lock_hash,
        python=sys.version.split()[0],
        tools=tools,
        models=tuple(models),
        device_requested=devices[0],
        device_actual=devices[1],
        engines=tuple(engines),
        code=ran.code,
    )


def host() -> Host:
    """Return the manifest's record of the machine."""
    memory_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return Host(
        name=this_machine.node() or "unknown",
        system=this_machine.system(),
        processor=computing.processor(),
        cpus=os.cpu_count() or 1,
        memory_mb=round(memory_bytes / (1 << 20), 1),
    )


def tool_version(command: str) -> str:
    """Return the version that a program prints of itself.

    Raises:
        MissingToolError: it is not installed.
    """
    executable = shutil.which(command)
    if executable is None:
        raise MissingToolError(
            f"The program {command} is not installed.", "Run `make setup`, which installs it or says how."
        )
    memo = checksums.version_memo(Path(executable))
    # ffmpeg takes a tenth of a second to say it, in every stage that uses it.
    if memo is not None and memo.is_file() and (known := outside.read_text(memo).strip()):
        return known
    flag = "-version" if command in ("ffmpeg", "ffprobe") else "--version"
    done = subprocesses.run([executable, flag], silence_seconds=60)
    match = re.search(r"\d+(\.\d+)+\S*", done.stdout)
    version = match.group(0) if match else done.stdout.strip().splitlines()[0] if done.stdout.strip() else "unknown"
    if memo is not None and done.code == 0 and match:
        try:
            files.write_text(memo, version + "\n")
        except (OSError, SamvadError) as error:
            log.debug("The version of %s is not remembered: %s", executable, error)
    return version


def library_versions(*names: str) -> dict[str, str]:
    """Return the versions of installed Python packages; of one whose own record of it is gone, ``unknown``.

    Raises:
        importlib.metadata.PackageNotFoundError: one is not installed.
    """
    return {name: _installed(name) or _looked_up(name) for name in names}


def _installed(name: str) -> str | None:
    """Return what the folder says that an installer keeps of a package; None where there is none such.

    ``importlib.metadata`` says the same, and takes 30 ms of CPU time to be imported: a fifth of a small stage.
    """
    wanted = re.sub(r"[-_.]+", "_", name).lower()
    for place in sys.path:
        try:
            kept = {
                entry.suffix: entry
                for entry in reversed(list(Path(place or ".").iterdir()))
                if entry.suffix in (".dist-info", ".egg-info")
                and re.sub(r"[-_.]+", "_", entry.stem.partition("-")[0]).lower() == wanted
            }
            if folder := kept.get(".dist-info"):
                head = outside.read_text(folder / "METADATA").partition("\n\n")[0]
                versions = re.findall(r"^Version: *(\S+)$", head, re.MULTILINE)
                return versions[0] if len(versions) == 1 else None
            if kept:  # of an older kind, which hides what lies in later places
                return None
        except (OSError, ValueError, SamvadError):  # an archive, or nothing; a package that is half removed
            continue
    return None


def _looked_up(name: str) -> str:
    from importlib.metadata import version

    try:
        found: str | None = version(name)
    except FileNotFoundError:  # what importlib_metadata says, where something has imported it: it takes its place
        found = None
    return found or "unknown"


#: Files of the project that its own commands write, and that are no code: the film sheet, by ``make film``.
_STATE = ("config/films.tsv",)
#: How git says the commit that is checked out, and that there is none yet.
_COMMIT, _NO_COMMIT = "# branch.oid ", "(initial)"


def _git_state() -> tuple[str | None, bool | None]:
    """Return the commit that is checked out, and whether the code differs from it; None for what git does not say."""
    chosen = ("--untracked-files=no", "--", ".", *(f":(exclude){path}" for path in _STATE))
    # Both by one start of git (2.17 and later); how far the branch is from another would take long to count.
    said = _git("status", "--porcelain=v2", "--branch", "--no-ahead-behind", *chosen)
    if said is not None:
        heads = [line for line in said.splitlines() if line.startswith("# ")]
        commit = next((line.removeprefix(_COMMIT) for line in heads if line.startswith(_COMMIT)), "")
        if commit:
            return None if commit == _NO_COMMIT else commit, len(heads) < len(said.splitlines())
    status = _git("status", "--porcelain", *chosen)
    return _git("rev-parse", "HEAD"), None if status is None else bool(status)


def _git(*arguments: str) -> str | None:
    try:
        return subprocesses.ask(["git", "-C", str(schemas.ROOT), *arguments]).strip()
    except ToolError:
        return None
