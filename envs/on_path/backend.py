"""Builds the package behind `uv tool install .`: one module, which knows the folder that it was built in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from setuptools import build_meta

_ROOT = Path(__file__).resolve().parents[2]
_MODULE = '''"""The command `samvad`, which runs the workflow in the folder that it was installed from."""

import os
import sys

ROOT = {root!r}


def main() -> None:
    """Hand over to the folder's own command."""
    command = os.path.join(ROOT, "samvad")
    if not os.access(command, os.X_OK):
        sys.exit(f"samvad: the project is no longer in {{ROOT}}. Run `uv tool install .` where it is now.")
    os.execv(command, [command, *sys.argv[1:]])
'''


def build_wheel(wheel_directory: str, config_settings: Any = None, metadata_directory: str | None = None) -> str:
    """Build the wheel, with the module written for this folder."""
    return _with_module(build_meta.build_wheel, wheel_directory, config_settings)


def build_editable(wheel_directory: str, config_settings: Any = None, metadata_directory: str | None = None) -> str:
    """Build the same: there is nothing that could be edited."""
    return build_wheel(wheel_directory, config_settings)


def _with_module(build: Any, *given: Any) -> str:
    """Build in a folder of its own: the project's may be one that nobody may write into, and is not changed."""
    import os
    import tempfile

    before = Path.cwd()
    with tempfile.TemporaryDirectory() as away:
        folder = Path(away)
        (folder / "samvad_on_path.py").write_text(_MODULE.format(root=str(_ROOT)), encoding="utf-8")
        head = (_ROOT / "pyproject.toml").read_text(encoding="utf-8")
        tools = head.partition("\n[tool.")[0].partition("\n[build-system]")[0]
        (folder / "pyproject.toml").write_text(
            f'{tools}\n[tool.setuptools]\npy-modules = ["samvad_on_path"]\n', encoding="utf-8"
        )
        os.chdir(folder)
        try:
            name: str = build(*given)
        finally:
            os.chdir(before)
    return name
