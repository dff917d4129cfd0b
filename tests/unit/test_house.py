"""The plan of the house holds: rooms import from the floors below them, and nothing goes round in a circle."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

import support
from samvad.core import stages

COMMANDS = sorted((support.ROOT / "scripts" / "samvad" / "commands").glob("[a-z]*.py"))


def lint(root: Path) -> subprocess.CompletedProcess[str]:
    """Check the contracts of ``pyproject.toml`` on the code of a folder."""
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root / "scripts")},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copy2(support.ROOT / "pyproject.toml", tmp_path)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(support.ROOT / "scripts", tmp_path / "scripts", ignore=ignored)
    return tmp_path


def test_every_import_goes_down_a_floor_and_none_in_a_circle() -> None:
    done = lint(support.ROOT)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("room", "line", "contract"),
    [
        ("core/times.py", "from samvad.documents import segments", "The floors of the house"),
        ("stages/asr/windows.py", "from samvad.stages.mux import plan", "A stage imports nothing of another stage's"),
        ("stages/mux/media.py", "from samvad.stages.mux import plan", "No cycle between"),
        ("attic.py", "", "The floors of the house"),
    ],
)
def test_an_import_that_breaks_the_plan_is_found(copy: Path, room: str, line: str, contract: str) -> None:
    path = copy / "scripts" / "samvad" / room
    path.write_text(f"{path.read_text('utf-8') if path.exists() else ''}\n{line}\n", encoding="utf-8")
    done = lint(copy)
    assert done.returncode != 0
    broken = re.sub(r"\x1b\[\d+m", "", done.stdout)
    assert re.search(rf"{contract}.*BROKEN", broken), broken


def test_a_stage_s_script_uses_the_room_of_its_stage_alone() -> None:
    for stage in stages.STAGES:
        text = (support.ROOT / "scripts" / stage.script).read_text(encoding="utf-8")
        used = set(re.findall(r"from samvad\.stages\.?(\w*)", text))
        assert used <= {stage.name}, stage.script


def test_the_page_on_design_has_every_room_on_its_floor() -> None:
    contracts = tomllib.loads((support.ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    floors = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    kept = {(len(floors) - at, room) for at, floor in enumerate(floors) for room in floor.split(" | ")}
    page = (support.ROOT / "docs" / "design.md").read_text("utf-8")
    assert {(int(floor), room) for floor, room in re.findall(r"^\| (\d) \| `(\w+)` \|", page, re.MULTILINE)} == kept


@pytest.mark.parametrize("path", COMMANDS, ids=lambda path: path.stem)
def test_a_command_says_what_it_does_and_where_it_runs(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.match(r'"""[A-Z].*\.("""|\n)', text), "its first line is what `samvad --help` says"
    found = re.findall(r'^ENVIRONMENT = "([a-z]+)"$', text, re.MULTILINE)
    assert len(found) == 1 and (support.ROOT / "envs" / f"{found[0]}.yaml").is_file()
    assert re.search(r"^def main\(argv: list\[str\] \| None = None\) -> int:", text, re.MULTILINE)


@pytest.mark.parametrize("words", [["qurey"], ["../x"], ["--version"]])
def test_an_unknown_command_is_refused_with_the_known_ones(words: list[str]) -> None:
    done = subprocess.run([support.ROOT / "samvad", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "there is no command" in done.stderr and "verify" in done.stderr


def test_continuous_integration_asks_for_parts_that_there_are() -> None:
    jobs = yaml.safe_load((support.ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8"))["jobs"]
    parts = jobs["run"]["strategy"]["matrix"]["part"]
    script = (support.ROOT / ".ci" / "run").read_text("utf-8")
    known = re.search(r"^    ([a-z |]+)\) ;;$", script, re.MULTILINE)
    assert known is not None and set(parts) <= set(known[1].split(" | "))
    assert any(step.get("run") == ".ci/run ${{ matrix.part }}" for step in jobs["run"]["steps"])
    done = subprocess.run([support.ROOT / ".ci" / "run", "lunch"], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "there is no part lunch" in done.stderr
