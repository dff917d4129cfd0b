"""A hash of the code that a stage runs: its script, every module of the project that it imports, the data they name.

Snakemake sees a rule's command, not the modules behind it. The hash is a parameter of each rule, so that editing a
stage, or shared code that it imports, runs that stage again, and no other. Data that a module names as a path from the
project's folder, and schemas that it names, count as its code.
"""

from __future__ import annotations

import ast
import functools
import hashlib
from pathlib import Path

from samvad import stages
from samvad.schemas import ROOT

_SCRIPTS = ROOT / "scripts"
_SCHEMAS = ROOT / "config" / "schemas"
#: What modules name but each rule has as parameters of its own: the keys that it reads, the model that it uses,
#: the subtitle profile.
_BY_PARAMETER = frozenset(
    {ROOT, _SCRIPTS, _SCHEMAS}
    | {ROOT / "config" / name for name in ("config.yaml", "models.yaml", "subtitle_profiles")}
)
_SCHEMA_READERS = frozenset({"schema", "problems", "check_record", "check_config"})


@functools.cache
def code_hash(stage: str) -> str:
    """Return 16 hexadecimal digits that change when the stage's code does."""
    digest = hashlib.sha256()
    for path in [*code_files(stage), *data_files(stage)]:
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
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


def data_files(stage: str) -> list[Path]:
    """Return the project's data that the stage's code names, also inside folders that it names, sorted."""
    found = {path for module in code_files(stage) for path in _named(module)}
    return sorted(file for path in found for file in ([path] if path.is_file() else path.rglob("*")) if file.is_file())


@functools.cache
def _named(path: Path) -> tuple[Path, ...]:
    """Return the files and folders that a module names: ``ROOT / "config" / …``, and schemas by their names."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found: set[Path | None] = set()
    inner: set[ast.AST] = set()
    for node in ast.walk(tree):  # from the outside in
        if isinstance(node, ast.BinOp):
            if node not in inner:
                found.add(_joined(node))
            inner.add(node.left)
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in _SCHEMA_READERS:
            names = [str(item.value) for item in node.args if isinstance(item, ast.Constant)]
            found |= {_SCHEMAS / f"{name}.schema.json" for name in names}
    return tuple(sorted(path for path in found if path and path not in _BY_PARAMETER and path.exists()))


def _joined(node: ast.AST) -> Path | None:
    """Return the path that an expression makes from ROOT and texts alone, or None."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        left = _joined(node.left)
        right = node.right.value if isinstance(node.right, ast.Constant) else None
        return left / right if left and isinstance(right, str) else None
    return ROOT if getattr(node, "attr", getattr(node, "id", "")) == "ROOT" else None


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
