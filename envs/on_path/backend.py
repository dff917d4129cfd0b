"""Builds the package behind `uv tool install .`: one module, which knows the folder that it was built in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import on_path_module
from setuptools import build_meta

_ROOT = Path(__file__).resolve().parents[2]


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
        (folder / "samvad_on_path.py").write_text(on_path_module.text(_ROOT), encoding="utf-8")
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
