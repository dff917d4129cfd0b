"""A hash of the code that a stage runs: script, room, all modules of the project that these import, the data they name.

Snakemake sees a rule's command, not the modules behind it. The hash is a parameter of each rule, so that editing a
stage, or shared code that it imports, runs that stage again, and no other. Data that a module names as a path from the
project's folder, and schemas that it names, count as its code.

To find that out, every module is parsed, which takes longer than all else that a small run does. So what a module says
is kept by the checksum of its text: a module that was parsed once, in whichever clone, is not parsed again.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import json
import os
from pathlib import Path
from typing import Any, NamedTuple

from samvad.core import files, outside, stages
from samvad.core.errors import SamvadError
from samvad.core.schemas import ROOT

_SCRIPTS = ROOT / "scripts"
_ROOMS = _SCRIPTS / "samvad" / "stages"
_SCHEMAS = ROOT / "config" / "schemas"
#: What modules name but each rule has as parameters of its own: the keys that it reads, the model that it uses,
#: the subtitle profile.
_BY_PARAMETER = frozenset(
    {ROOT, _SCRIPTS, _SCHEMAS}
    | {ROOT / "config" / name for name in ("config.yaml", "models.yaml", "subtitle_profiles")}
)
_SCHEMA_READERS = frozenset({"schema", "problems", "check_record", "check_config"})
#: More modules than this are not remembered; the project has some 200, and each edit of one is another.
_REMEMBERED = 5000


class _Module(NamedTuple):
    """What a module says: the project's modules that it imports, and the paths from the project's folder it names."""

    imports: list[str]
    paths: list[str]


@functools.cache
def code_hash(stage: str) -> str:
    """Return 16 hexadecimal digits that change when the stage's code does."""
    digest = hashlib.sha256()
    for path in [*code_files(stage), *data_files(stage)]:
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + _checksum(path))
    _remember()
    return digest.hexdigest()[:16]


@functools.cache
def code_files(stage: str) -> tuple[Path, ...]:
    """Return the stage's script, its whole room, and the project's modules that these import, directly or not, sorted.

    The whole room, because a table in it may name modules that no import does, as the table of backends does.
    """
    found: set[Path] = set()
    declared = stages.find(stage)
    if declared is None:
        raise KeyError(stage)
    waiting = [_SCRIPTS / declared.script, *(_ROOMS / stage).glob("*.py")]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += _imports(path)
    return tuple(sorted(found))


@functools.cache
def data_files(stage: str) -> tuple[Path, ...]:
    """Return the project's data that the stage's code names, with all in a folder, and what lies in its room."""
    own = {file for file in (_ROOMS / stage).rglob("*") if file.is_file() and file.suffix not in (".py", ".pyc")}
    return tuple(sorted(own | {file for module in code_files(stage) for file in _named(module)}))


@functools.cache
def _imports(path: Path) -> tuple[Path, ...]:
    """Return the files of the project's modules that a module imports."""
    return tuple({module for name in _module(path).imports for module in _module_files(name)})


@functools.cache
def _named(path: Path) -> tuple[Path, ...]:
    """Return the files that a module names: ``ROOT / "config" / …``, schemas by their names, all in a folder."""
    named = [ROOT / name for name in _module(path).paths]
    return tuple(
        file
        for place in named
        if place not in _BY_PARAMETER
        for file in ([place] if place.is_file() else place.rglob("*"))
        if file.is_file()
    )


@functools.cache
def _module_files(name: str) -> tuple[Path, ...]:
    """Return the files of a dotted name: the module, and the packages that it lies in."""
    module = f"{_SCRIPTS}/{name.replace('.', '/')}.py"
    return (*_package_files(name), *([Path(module)] if os.path.isfile(module) else []))  # noqa: PTH113


@functools.cache
def _package_files(name: str) -> tuple[Path, ...]:
    """Return the files of the packages of a dotted name, itself among them if it is one.

    Modules are told by a thousand names: pathlib would take longer than all else of the hash.
    """
    if not name:
        return ()
    package = f"{_SCRIPTS}/{name.replace('.', '/')}/__init__.py"
    above = _package_files(name.rpartition(".")[0])
    return (*above, Path(package)) if os.path.isfile(package) else above  # noqa: PTH113


@functools.cache
def _checksum(path: Path) -> bytes:
    return hashlib.sha256(path.read_bytes()).digest()


@functools.cache
def _module(path: Path) -> _Module:
    """Return what a module says, from memory where its text was read before."""
    key = _checksum(path).hex()
    known, new = _memory()
    module = _remembered(known.get(key))
    if module is None:
        module = _parse(path.read_text(encoding="utf-8"))
        known[key] = new[key] = module
    return module


def _remembered(value: Any) -> _Module | None:
    """Return what is remembered of a module; None where the memory holds nothing of it, or something else."""
    match value:
        case [list(imports), list(paths)] if all(isinstance(item, str) for item in (*imports, *paths)):
            return _Module(imports, paths)
    return None


def _parse(text: str) -> _Module:
    imports: set[str] = set()
    paths: set[str | None] = set()
    inner: set[ast.AST] = set()
    for node in ast.walk(ast.parse(text)):  # from the outside in
        if isinstance(node, ast.Import):
            imports |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            imports |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.BinOp):
            if node not in inner:
                paths.add(_joined(node))
            inner.add(node.left)
        elif isinstance(node, ast.Call):
            paths |= {f"config/schemas/{name}.schema.json" for name in _schemas(node)}
    return _Module(sorted(name for name in imports if name.split(".")[0] == "samvad"), sorted(filter(None, paths)))


def _schemas(call: ast.Call) -> list[str]:
    """Return the schemas that a call names: to a function that reads them, or as the argument ``schema``."""
    reads = getattr(call.func, "attr", getattr(call.func, "id", "")) in _SCHEMA_READERS
    given = [*(call.args if reads else ()), *(item.value for item in call.keywords if item.arg == "schema")]
    return [str(item.value) for item in given if isinstance(item, ast.Constant)]


def _joined(node: ast.AST) -> str | None:
    """Return the path from the project's folder that an expression makes from ROOT and texts alone, or None."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        left = _joined(node.left)
        right = node.right.value if isinstance(node.right, ast.Constant) else None
        return f"{left}/{right}" if left and isinstance(right, str) else None
    return "." if getattr(node, "attr", getattr(node, "id", "")) == "ROOT" else None


@functools.cache
def _memory() -> tuple[dict[str, Any], dict[str, _Module]]:
    """Return what is remembered of modules by the checksum of their text, and what this process has added to it."""
    try:
        kept = outside.json_value(outside.read_bytes(_memory_file()))
    except (OSError, ValueError):  # none yet, or no memory: everything is parsed
        kept = None
    return kept if isinstance(kept, dict) else {}, {}


def _memory_file() -> Path:
    """Return where modules are remembered: another version of this module knows other things about them."""
    return files.cache_folder() / f"modules-{_checksum(Path(__file__)).hex()[:16]}.json"


def _remember() -> None:
    """Keep what was parsed. Where that cannot be, the next run parses again."""
    known, new = _memory()
    if not new:
        return
    try:
        files.write_text(_memory_file(), json.dumps(known if len(known) <= _REMEMBERED else new))
    except (OSError, SamvadError):
        return
    new.clear()
