"""The code of a stage's process is noted before anything else is imported, and is the same at the end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import samvad
import support
from samvad.core import schemas, stages
from samvad.core.errors import ChangedFileError
from samvad.runner import code_hash, own_code

STAGE = stages.BY_NAME["ner"]


def test_what_is_noted_is_what_the_rule_has(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = own_code.take(STAGE)
    assert taken.ran.code == code_hash.code_hash("ner")
    taken.check()


@pytest.mark.parametrize("name", ["scripts/samvad/core/files.py", "scripts/find_names.py"])
def test_code_that_was_another_when_the_process_began_is_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    path = schemas.ROOT / name
    now = samvad.file_state(path)
    assert now is not None
    monkeypatch.setattr(samvad, "FIRST_STATES", {str(path): now})
    own_code.take(STAGE)
    monkeypatch.setattr(samvad, "FIRST_STATES", {str(path): (*now[:3], now[3] - 1)})
    with pytest.raises(ChangedFileError, match=f"code of stage ner was changed while it ran .{name}.*Run the same"):
        own_code.take(STAGE)


def test_other_stages_code_is_no_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    path = schemas.ROOT / "scripts" / "samvad" / "stages" / "mux" / "burn.py"
    monkeypatch.setattr(samvad, "FIRST_STATES", {str(path): (1, 1, 1, 1)})
    own_code.take(STAGE)


@pytest.mark.parametrize("linked", [False, True])
def test_only_a_stages_process_notes_all_code_and_before_anything_is_imported(tmp_path: Path, linked: bool) -> None:
    root = tmp_path / "real"
    (root / "scripts" / "samvad" / "core").mkdir(parents=True)
    source = support.ROOT / "scripts" / "samvad" / "__init__.py"
    (root / "scripts" / "samvad" / "__init__.py").write_bytes(source.read_bytes())
    (root / "scripts" / "samvad" / "core" / "__init__.py").write_text("")
    first = "import samvad\nassert samvad.FIRST_STATES is not None\ndef begin():\n    pass\n"
    (root / "scripts" / "samvad" / "core" / "late_methods.py").write_text(first)  # the first that is imported
    text = "import sys, samvad\nprint(*samvad.FIRST_STATES, sep='\\n')\nassert 'samvad.core.files' not in sys.modules\n"
    for place in (root / "scripts" / "find_names.py", tmp_path / "other.py"):
        place.write_text(text)
    if linked:
        (tmp_path / "link").symlink_to(root)
    scripts = (tmp_path / "link" if linked else root) / "scripts"
    env = {**os.environ, "PYTHONPATH": str(scripts)}
    told = [
        subprocess.run([sys.executable, place], env=env, capture_output=True, text=True, check=True).stdout.split()
        for place in (scripts / "find_names.py", tmp_path / "other.py")
    ]
    real = root / "scripts"
    names = ("find_names.py", "samvad/__init__.py", "samvad/core/__init__.py", "samvad/core/late_methods.py")
    assert [sorted(found) for found in told] == [sorted(str(real / name) for name in names), []]
