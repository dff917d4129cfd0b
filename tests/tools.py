"""The programs and packages that only tests call; `envs/test-tools` installs them."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from pathlib import Path

import pytest

import support


def program(name: str) -> str:
    """Return the path of a program; skip the test where it is missing (in continuous integration: fail)."""
    return (
        shutil.which(name) or shutil.which(name, path=str(_cache() / "tools" / "prometheus" / "bin")) or missing(name)
    )


def nginx() -> str:
    """Return the path of nginx; skip the test where it is missing (in continuous integration: fail)."""
    return (
        shutil.which("nginx")
        or shutil.which("nginx", path=str(_cache() / "tools" / "nginx" / "sbin"))
        or missing("nginx")
    )


def logql_modules() -> Path:
    """Return the folder of Node's packages with Loki's grammar."""
    return _node_modules("logql", "the grammar of LogQL")


def browser_modules() -> Path:
    """Return the folder of Node's packages that drive a browser and read WebVTT."""
    return _node_modules("browser", "what drives a browser")


def imsc_modules() -> Path:
    """Return the folder of Node's packages that play TTML."""
    return _node_modules("imsc", "the player of TTML")


def _node_modules(name: str, what: str) -> Path:
    folder = Path(_ask(f"node_dir {name}"))
    if not (folder / ".complete").exists():
        missing(what)
    return folder / "node_modules"


def font(family: str) -> Path:
    """Return the file of a font; skip the test where it is not installed (in continuous integration: fail)."""
    from samvad.stages.mux import installed_fonts

    found = installed_fonts.find(family)
    return found.path if found else Path(missing(f"the font {family}"))


def missing(what: str) -> str:
    """Skip the test that wants ``what``, or fail it in continuous integration, where nothing may be missing."""
    text = f"{what} is not installed; run envs/test-tools, which installs it or says why not"
    if os.environ.get("CI"):
        pytest.fail(text)
    pytest.skip(text)


@functools.cache
def _cache() -> Path:
    return Path(_ask('echo "$cache_dir"'))


def _ask(command: str) -> str:
    """Return what a command of the set-up's library prints."""
    text = f"source envs/lib.bash; {command}"
    return subprocess.run(
        ["bash", "-c", text], cwd=support.ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()
