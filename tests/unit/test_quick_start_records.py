"""envs/quick_start.py: what Snakemake remembers of jobs is the same with and without sqlmodel."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from pathlib import Path

import pytest

from support import ROOT

PYTHON = ROOT / ".venv" / "bin" / "python"
BEGIN = "import sys\nif sys.argv[1] == 'quick':\n    import samvad_quick_start as quick; quick.begin()\n"
#: What files of records may hold: those of other versions, of hands, of a disk that failed.
FOUND = (
    {},
    {"rule": "a", "input": ["x", "y"], "params": [1, "two", None, {"three": [4.5]}], "incomplete": True},
    {"starttime": 1.5, "endtime": None, "job_hash": -3, "shellcmd": "echo", "conda_env": ""},
    {"record_format_version": 3, "something": "of another version", "input_checksums": {"x": "sha256:1"}, "log": []},
    {"starttime": 1, "rule": "a number that is whole"},
    {"job_hash": "12"},
    {"rule": 5},
    {"input": "x"},
    {"input": ["x", 5]},
    {"input_checksums": [1]},
    [1],
    "x",
)
VALIDATE = f"""{BEGIN}
import json, snakemake.cli
from snakemake import persistence
from snakemake.persistence import file
assert ("sqlmodel" in sys.modules) == (sys.argv[1] != "quick")
def said(found):
    try:
        record = file.MetadataRecord.model_validate(found)
        record.endtime = 7.25
        return dict(record.items()), list(record.keys()), record.get("none", 3), record["endtime"], record.get("rule")
    except Exception as error:
        return type(error).__name__, str(error)
first, second = file.MetadataRecord(), file.MetadataRecord()
first.input_checksums["x"] = 1
print(json.dumps([said(found) for found in json.load(sys.stdin)] + [dict(second.items())]))
"""
RUN = f"{BEGIN}sys.argv = ['snakemake', *sys.argv[2:]]\nfrom snakemake.cli import main\nmain()\n"
RULE = """
rule one:
    output: "one.txt"
    params: number=5, words=["a", "b"]
    shell: "echo {params.words} > {output}"
"""


@pytest.fixture(autouse=True)
def _as_this_checkout_has_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the start of this checkout, not the one that the environment was built with."""
    (tmp_path / "start").mkdir()
    (tmp_path / "start" / "samvad_quick_start.py").symlink_to(ROOT / "envs" / "quick_start.py")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "start"))


def test_a_record_is_read_and_written_as_sqlmodel_does() -> None:
    said = [
        json.loads(
            subprocess.run(
                [PYTHON, "-c", VALIDATE, how], input=json.dumps(FOUND), capture_output=True, text=True, check=True
            ).stdout
        )
        for how in ("quick", "plain")
    ]
    assert len(said[0]) == len(FOUND) + 1
    for found, quick, plain in zip((*FOUND, "a second"), *said, strict=True):
        assert quick == plain, found


def run(folder: Path, how: str, *options: str) -> str:
    """Run one rule with Snakemake, and return what it said."""
    folder.mkdir(exist_ok=True)
    (folder / "Snakefile").write_text(RULE, "utf-8")
    command = [PYTHON, "-c", RUN, how, "--cores", "1", *options]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("SNAKEMAKE")}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True, timeout=120)
    return done.stderr


@pytest.mark.parametrize("backend", ["file", "db"])
def test_what_a_run_remembers_is_the_same(tmp_path: Path, backend: str) -> None:
    """Either start goes on with what the other has written, in a file and in a database."""
    for how, other in (("quick", "plain"), ("plain", "quick")):
        folder = tmp_path / how
        run(folder, how, "--persistence-backend", backend)
        assert "Nothing to be done" in run(folder, other, "--persistence-backend", backend)
        (folder / "Snakefile").write_text(RULE.replace("number=5", "number=6"), "utf-8")
    if backend == "db":
        assert all((tmp_path / how / ".snakemake" / "metadata.db").is_file() for how in ("quick", "plain"))
        return
    name = base64.urlsafe_b64encode(b"one.txt").decode()
    places = [tmp_path / how / ".snakemake" / "metadata" / name for how in ("quick", "plain")]
    kept = [json.loads(place.read_text("utf-8")) for place in places]
    for record in kept:
        assert record.pop("starttime") <= record.pop("endtime")
        assert record["rule"] == "one" and record["params"]
        assert isinstance(record.pop("job_hash"), int)  # of a process's own chance
    assert kept[0] == kept[1]
    assert list(kept[0]) == list(kept[1])


def test_changed_parameters_are_seen_by_what_was_remembered(tmp_path: Path) -> None:
    run(tmp_path, "quick")
    (tmp_path / "Snakefile").write_text(RULE.replace("number=5", "number=6"), "utf-8")
    command = [PYTHON, "-c", RUN, "quick", "--cores", "1", "-n"]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=120)
    assert "Params have changed" in said.stdout + said.stderr


def test_the_oldest_snakemake_starts_as_ever(tmp_path: Path) -> None:
    """It has no such record; nothing of it is loaded otherwise."""
    listed = subprocess.run(
        ["bash", "-c", ". envs/lib.bash && environment_dir oldest-snakemake"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    python = Path(listed.stdout) / "bin" / "python"
    if not python.exists():
        pytest.skip("the oldest supported Snakemake is not installed here")
    (tmp_path / "Snakefile").write_text(RULE, "utf-8")
    command = [python, "-c", RUN, "quick", "--cores", "1"]
    subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=120)
    assert (tmp_path / "one.txt").is_file()
