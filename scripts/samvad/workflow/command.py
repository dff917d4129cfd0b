"""The snakemake command that a wish comes to: printed, so that anybody can run it alone, and run."""

from __future__ import annotations

import hashlib
import os
import shlex
from collections.abc import Sequence
from pathlib import Path

from samvad.core import files, outside, places, schemas, subprocesses, variables
from samvad.core.console import printable
from samvad.core.errors import ConfigurationError

_PROFILES = schemas.ROOT / "profiles"
#: Where nothing is said: one machine without a GPU.
_DEFAULT = "local-cpu"
#: More targets than this are named by a file: a system takes some 30,000 in a command, and nobody reads so long a line.
_MANY = 100
#: So many of these files are kept: a command that was printed can be run again for a while.
_KEPT = 10


def profile(named: str) -> str:
    """Return the path of a profile, as Snakemake is given it: from the folder of work, or absolute.

    Args:
        named: a folder of ``profiles/``, or any folder's path; empty for the one that SAMVAD_PROFILE names, or
            ``local-cpu``.

    Raises:
        ConfigurationError: there is none.
    """
    named = named or os.environ.get(variables.PROFILE, "") or _DEFAULT
    if "/" not in named and (_PROFILES / named / "config.yaml").is_file():
        return f"profiles/{named}" if places.work() == schemas.ROOT else str(_PROFILES / named)
    path = Path(named).expanduser().absolute()
    if (path / "config.yaml").is_file() or path.is_file():
        return str(path.relative_to(places.work()) if path.is_relative_to(places.work()) else path)
    known = sorted(path.parent.name for path in _PROFILES.glob("*/config.yaml"))
    raise ConfigurationError(
        f"There is no profile {named!r}.", f"The profiles are {', '.join(known)}, or a folder with a config.yaml."
    )


def run(profile_path: str, targets: Sequence[str], more: Sequence[str]) -> int:
    """Print a snakemake command, run it in the folder of work, and return its exit code.

    Args:
        profile_path: from ``profile``.
        targets: manifests to ask for.
        more: other words for Snakemake.

    Raises:
        MissingToolError: the workflow's environment is not set up.
        DiskError: the list of many targets cannot be written.
    """
    given = words(profile_path, _as_list(targets) if len(targets) > _MANY else targets, more)
    print(printable(shown(given)), flush=True)
    return subprocesses.hand_over(given, places.work(), {**os.environ, variables.SUMMARY: "no"})


def _as_list(targets: Sequence[str]) -> list[str]:
    """Write targets into a file of Snakemake's folder; return the one word that names it."""
    text = "".join(f"{target}\n" for target in targets)
    path = places.work() / ".snakemake" / "samvad_targets" / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.txt"
    with files.disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        for old in sorted(path.parent.glob("*.txt"), key=lambda other: other.stat().st_mtime)[:-_KEPT]:
            old.unlink(missing_ok=True)
        files.write_text(path, text)
    return [f"@{path.relative_to(places.work())}"]


def listed(word: str) -> list[str]:
    """Return what a word of a snakemake command asks for: itself, or for ``@PATH`` each line of that file.

    Raises:
        ConfigurationError: the file cannot be read, or names nothing: without a word Snakemake makes all films.
    """
    if not word.startswith("@"):
        return [word]
    path = Path(word[1:])
    try:
        lines = [line for line in outside.read_text(path, "utf-8-sig").splitlines() if line.strip()]
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path}, a list of what is asked for, cannot be read: {error}.") from None
    if not lines:
        raise ConfigurationError(f"{path}, a list of what is asked for, names nothing.", "Write a name in each line.")
    return lines


def shown(given: Sequence[str]) -> str:
    """Return the words of a command as a line that can be pasted where somebody stands."""
    work = places.work()
    line = shlex.join([".venv/bin/snakemake" if work == schemas.ROOT else given[0], *given[1:]])
    return line if Path.cwd() == work.resolve() else f"cd {shlex.quote(str(work))} && {line}"


def words(profile_path: str, targets: Sequence[str], more: Sequence[str]) -> list[str]:
    """Return the words of a snakemake command, with the program's whole path; the arguments are as for ``run``."""
    # The targets stand first: options of several words, such as --forcerun and --config, would take them for theirs.
    given = ["--profile", profile_path, *targets, *more]
    if places.work() != schemas.ROOT:
        given = ["--snakefile", str(schemas.ROOT / "Snakefile"), *given]
    return [str(schemas.ROOT / ".venv/bin/snakemake"), *given]
