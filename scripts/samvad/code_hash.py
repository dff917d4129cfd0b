"""A hash of the code that a stage runs: its script and every module of the project that it imports.

Snakemake sees a rule's command, not the modules behind it. The hash is a parameter of each rule, so that editing a
stage, or shared code that it imports, runs that stage again, and no other.
"""

from __future__ import annotations

import ast
import functools
import hashlib
from pathlib import Path

from samvad import stages
from samvad.schemas import ROOT

_SCRIPTS = ROOT / "scripts"


@functools.cache
def code_hash(stage: str) -> str:
    """Return 16 hexadecimal digits that change when the stage's code does."""
    digest = hashlib.sha256()
    for path in code_files(stage):
        digest.update(path.relative_to(_SCRIPTS).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def code_files(stage: str) -> list[Path]:
    """Return the stage's script and the project's modules that it imports, directly or not, sorted."""
    found: set[Path] = set()
    waiting = [_SCRIPTS / stages.BY_NAME[stage].script]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += _imports(path)
    return sorted(found)


@functools.cache
def _imports(path: Path) -> tuple[Path, ...]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    modules = {module for name in names if name.split(".")[0] == "samvad" for module in _module_files(name)}
    return tuple(sorted(modules))


def _module_files(name: str) -> list[Path]:
    """Return the files of a dotted name: the module, and the packages that it lies in."""
    parts = name.split(".")
    candidates = [_SCRIPTS.joinpath(*parts[:length], "__init__.py") for length in range(1, len(parts) + 1)]
    candidates.append(_SCRIPTS.joinpath(*parts).with_suffix(".py"))
    return [path for path in candidates if path.is_file()]
