"""The versions of libraries that records name are those that Python itself tells."""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from samvad.documents import provenance
from support import ROOT


def test_every_installed_package_has_the_version_that_python_tells() -> None:
    names = {found.metadata["Name"] for found in metadata.distributions()}
    assert len(names) > 20
    for name in names:
        assert provenance.library_versions(name) == {name: metadata.version(name)}, name
        other = name.replace("-", "_").upper()
        assert provenance.library_versions(other) == {other: metadata.version(other)}


def test_one_that_is_installed_otherwise_is_looked_up_and_one_that_is_not_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    old, damaged = tmp_path / "An_Old.One-1.5.egg-info", tmp_path / "half-2.0.dist-info"
    for folder in (old, damaged):
        folder.mkdir()
    (old / "PKG-INFO").write_text("Metadata-Version: 1.0\nName: An.Old-One\nVersion: 1.5\n\nVersion: 7\n", "utf-8")
    assert provenance.library_versions("an-old_one") == {"an-old_one": "1.5"}
    after = tmp_path / "after" / "An.Old_One-2.0.dist-info"  # not what is imported
    after.mkdir(parents=True)
    (after / "METADATA").write_text("Metadata-Version: 2.1\nName: An.Old-One\nVersion: 2.0\n\n", "utf-8")
    monkeypatch.setattr(sys, "path", [*sys.path, str(after.parent)])
    assert provenance.library_versions("an-old_one") == {"an-old_one": "1.5"}
    assert provenance.library_versions("half") == {"half": "unknown"}
    with monkeypatch.context() as patched:  # what importlib_metadata says, which some packages put in Python's place

        def lacking(_: str) -> str:
            raise FileNotFoundError("No package metadata was found.")

        patched.setattr(metadata, "version", lacking)
        assert provenance.library_versions("half") == {"half": "unknown"}
    with pytest.raises(metadata.PackageNotFoundError):
        provenance.library_versions("not-there-at-all")


def test_no_stage_imports_what_reads_all_that_packages_say() -> None:
    """It takes more than all else that a stage imports of Python."""
    code = (
        "import sys; from samvad.documents import provenance; print(provenance.library_versions('psutil'))\n"
        "assert 'importlib.metadata' not in sys.modules"
    )
    environment = {"PYTHONPATH": str(ROOT / "scripts"), "PATH": "/usr/bin:/bin"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert metadata.version("psutil") in done.stdout
