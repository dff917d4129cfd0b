"""Write the first draft of a stage: its folder, command, rule and test, and its keys; it runs at once."""

from __future__ import annotations

import argparse
import contextlib
import keyword
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from string import Template

from samvad.commands import _parsing
from samvad.core import console, files, stages
from samvad.core.declarations import RESERVED
from samvad.core.errors import ConfigurationError, SamvadError
from samvad.core.schemas import ROOT

#: The environment that the command runs in.
ENVIRONMENT = "workflow"

_TEMPLATES = Path(__file__).parent / "templates"


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    made = _parsing.Parser(
        description=__doc__,
        epilog="The draft reads the segments and writes how much is said. docs/add-a-stage.md goes on from there.",
    )
    made.add_argument("name", help="name of the stage: small letters, digits and _, such as word_count")
    made.add_argument(
        "--summary", default="Count what is said", help="what it does, in a few words without a full stop at the end"
    )
    made.add_argument("--environment", default="text", help="the environment that it runs in, a file of envs/")
    return made


def main(argv: list[str] | None = None) -> int:
    """Write the files; say which, and what comes next."""
    options = parser().parse_args(argv)
    try:
        made = draft(ROOT, options.name, options.summary.strip().rstrip("."), options.environment)
    except SamvadError as error:
        console.complain("samvad new-stage", error)
        return error.exit_code
    print("\n".join(os.path.relpath(path, ROOT) for path in made))
    number = max(stage.number for stage in stages.STAGES) + 1
    print(
        f"\nStage {number:02d} is ready: .venv/bin/snakemake --profile profiles/local-cpu "
        f"out/2025/01/01/demo/1/{number:02d}_{options.name}/manifest.json\nThen: ./samvad make-docs"
    )
    return 0


def draft(root: Path, name: str, summary: str, environment: str) -> list[Path]:
    """Write a stage's first draft below the project's folder; return the files, those that were changed among them.

    Raises:
        ConfigurationError: the name is none, or is taken, or the environment is not there. Nothing is written then.
    """
    _check(root, name, summary, environment)
    number = max(stage.number for stage in stages.STAGES) + 1
    values: dict[str, object] = {"name": name, "folder": f"{number:02d}_{name}", "number": number, "summary": summary}
    values |= {"environment": environment}
    room = root / "scripts" / "samvad" / "stages" / name
    targets = {
        root / "scripts" / f"make_{name}.py": "command.py",
        root / "rules" / f"{values['folder']}.smk": "rule.smk",
        root / "tests" / "stages" / f"test_{name}.py": "test.py",
        room / "__init__.py": "init.py",
        room / "options.py": "options.py",  # the last: with it the stage is there
    }
    texts = {
        path: Template((_TEMPLATES / f"{source}.txt").read_text(encoding="utf-8")).substitute(values)
        for path, source in targets.items()
    }
    taken = [path for path in texts if path.exists()]
    if taken:
        raise ConfigurationError(f"{taken[0]} exists already.", "Choose another name, or remove it.")
    config, page = (root / "config" / "config.yaml").resolve(), root / "docs" / "stages.md"
    edited = {config: _with_keys(config.read_bytes().decode("utf-8"), name, f"{number:02d} {name}", summary)}
    if page.is_file():
        paragraph = f"**{number:02d} {name}**: {summary[0].lower()}{summary[1:]}."
        edited[page] = f"{page.read_text(encoding='utf-8').rstrip()}\n\n{paragraph}\n"
    before = {path: path.read_bytes() for path in edited}
    try:
        for path, text in {**texts, **edited}.items():
            files.write_text(path, text)
    except BaseException:  # half a stage would stop every run
        _undo(texts, before)
        raise
    return [*texts, *edited]


def _undo(made: Iterable[Path], before: Mapping[Path, bytes]) -> None:
    for path in made:
        path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            path.parent.rmdir()  # the stage's own folder, when it is empty
    for path, data in before.items():
        if path.read_bytes() != data:
            files.write_bytes(path, data)


def _check(root: Path, name: str, summary: str, environment: str) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9_]{1,23}", name) or keyword.iskeyword(name):
        raise ConfigurationError(
            f"{name!r} is no name of a stage.", "Use up to 24 small letters, digits and _, such as word_count."
        )
    sections = {stage.key for stage in stages.STAGES} | {"films", "output_root", "logs", "cache", "machines", "network"}
    if name in stages.BY_NAME or name in {*sections, *RESERVED}:
        raise ConfigurationError(f"{name} is taken.", "Choose another name.")
    if not summary.isprintable() or not summary or '"' in summary or "\\" in summary or len(summary) > 60:
        raise ConfigurationError(
            "The summary is no short text in one line.", "Say it in up to 60 characters, unquoted."
        )
    if not re.fullmatch(r"[a-z]+", environment) or not (root / "envs" / f"{environment}.yaml").is_file():
        known = ", ".join(sorted(path.stem for path in (root / "envs").glob("*.yaml")))
        raise ConfigurationError(f"There is no environment {environment!r}.", f"The environments are {known}.")


def _with_keys(text: str, name: str, title: str, summary: str) -> str:
    """Return the configuration with the switch of a stage and its section; all that people wrote stays as it is."""
    last = stages.STAGES[-1].name
    switch = re.search(rf"^  {last}: \w+.*\n", text, re.MULTILINE)
    if switch:  # without it the stage is on, as it declares
        text = f"{text[: switch.end()]}  {name}: true\n{text[switch.end() :]}"
    section = f"# {title}: {summary[0].lower()}{summary[1:]}.\n{name}:\n"
    key = f"  {'min_words: 1':25} # segments of fewer words are not counted\n"
    return f"{text.rstrip()}\n\n{section}{key}"
