"""What README and docs/ show is so: commands are taken as they stand, links lead somewhere, files are there."""

from __future__ import annotations

import argparse
import ast
import importlib
import json
import re
import runpy
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml
from snakemake import cli

import shown_commands
from samvad.core import stages
from samvad.reporting.logquery import command as command_of_logs
from shown_commands import ROOT, Command

#: Options of others' programs that the pages name.
OTHERS_OPTIONS = {
    "--build-arg": "docker",
    "--collector.textfile.directory": "node_exporter",
    "--storage.path": "alloy",
}

#: What commands read their options by.
READERS = ((argparse.ArgumentParser, "parse_args"), (command_of_logs, "parse"))

#: Files that pages name and that commands make, or people.
MADE = re.compile(
    "config/glossary/learned/dabangg.tsv|config/local.yaml|config/films.local.tsv|word_count|shout_backend|NAME"
)


class OptionsReadError(Exception):
    """A command has read its options."""


def of_program(*names: str) -> list[Command]:
    found = [command for command in shown_commands.shown() if command.program in names]
    assert found, f"the pages show no command of {names}"
    return found


def refusal(
    start: Callable[[], object], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> str | None:
    """Let a command read its options and go no further; return what it has against them."""

    def stops(read: Callable[..., object]) -> Callable[..., None]:
        def read_only(*arguments: object) -> None:
            read(*arguments)
            raise OptionsReadError

        return read_only

    with monkeypatch.context() as patch:
        for owner, name in READERS:
            patch.setattr(owner, name, stops(getattr(owner, name)))
        try:
            start()
        except OptionsReadError:
            return None
        except SystemExit as end:
            return capsys.readouterr().err if end.code else None
    return "it read no options"


def samvad_command(name: str) -> Path:
    return ROOT / "scripts" / "samvad" / "commands" / f"{name.replace('-', '_')}.py"


def refused_by_samvad(
    command: Command, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> str | None:
    name, *arguments = command.arguments or ["--help"]
    if name == "--help":
        return None
    if name == "completion":  # bash answers it, without a module
        done = subprocess.run([ROOT / "samvad", *command.arguments], capture_output=True, text=True, check=False)
        return done.stderr if done.returncode else None
    if not samvad_command(name).is_file():
        return "there is no such command"
    if command.in_prose and not arguments:
        return None  # a sentence about the command
    main = importlib.import_module(f"samvad.commands.{name.replace('-', '_')}").main
    return refusal(lambda: main(arguments), monkeypatch, capsys)


def refused_by_benchmark(
    command: Command, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> str | None:
    script, *arguments = command.arguments
    if script == "-m":
        return None if arguments[0] == "pytest" and all((ROOT / path).exists() for path in arguments[1:]) else "no"
    with monkeypatch.context() as patch:
        patch.setattr(sys, "argv", [script, *arguments])
        return refusal(lambda: runpy.run_path(str(ROOT / script), run_name="__main__"), monkeypatch, capsys)


def refused_by_make(command: Command) -> str | None:
    code = re.sub(r"^#.*", "", (ROOT / "Makefile").read_text("utf-8"), flags=re.MULTILINE)
    known = set(re.findall(r"[A-Z][A-Z_]+", code))
    unknown = [word for word in command.arguments if "=" in word and word.partition("=")[0] not in known]
    if unknown:
        return f"the Makefile reads no {unknown}"
    done = subprocess.run(["make", "-n", *command.arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stderr if done.returncode else None


def refused_by_envs(command: Command) -> str | None:
    file = ROOT / command.words[0]
    if not file.is_file():
        return None if file.with_suffix(".yaml").is_file() else "there is no such file"
    environment, *script = [*command.arguments, ""]
    if not environment or environment.isupper():
        return None  # a sentence about the program
    if not (ROOT / "envs" / f"{environment}.yaml").is_file():
        return "there is no such environment"
    if script[0] and not (ROOT / "scripts" / script[0]).exists():
        return "there is no such script"
    if "--help" in script:
        done = subprocess.run([file, *command.arguments], cwd=ROOT, capture_output=True, text=True, check=False)
        return done.stderr if done.returncode else None
    return None


def complaints(commands: Iterable[Command], judge: Callable[[Command], str | None]) -> list[str]:
    return [f"{command}\n    {said.strip()}" for command in commands if (said := judge(command)) is not None]


def test_every_block_says_whether_it_holds_commands() -> None:
    known = (shown_commands.COMMANDS, shown_commands.SESSION, *shown_commands.OTHERS)
    assert [fence.where for fence in shown_commands.fences() if fence.kind not in known] == []


def test_every_command_is_of_a_program_that_a_test_runs_or_that_is_listed_with_a_reason() -> None:
    others = [command for command in shown_commands.shown() if command.program is None]
    assert [str(command) for command in others if command.words[0] not in shown_commands.NOT_RUN] == []
    assert set(shown_commands.NOT_RUN) == {command.words[0] for command in others}


def test_samvad_is_called_so_that_the_line_can_be_pasted() -> None:
    assert [str(command) for command in of_program("samvad") if command.words[0] != "./samvad"] == []


def test_commands_of_samvad_take_the_options_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = of_program("samvad")
    assert complaints(shown, lambda command: refused_by_samvad(command, monkeypatch, capsys)) == []


def test_benchmarks_take_the_options_shown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    shown = of_program("python")
    assert complaints(shown, lambda command: refused_by_benchmark(command, monkeypatch, capsys)) == []


def test_make_knows_the_targets_and_variables_shown() -> None:
    assert complaints(of_program("make"), refused_by_make) == []


def test_scripts_of_the_environments_are_there() -> None:
    assert complaints(of_program("envs"), refused_by_envs) == []


@pytest.mark.parametrize("line", ["./samvad show", "./samvad shows out", "./samvad query why --sinse 7d x"])
def test_a_command_that_would_be_refused_is_found(
    line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (command,) = shown_commands.commands("here", line)
    assert refused_by_samvad(command, monkeypatch, capsys)


def test_options_that_sentences_name_are_options_of_some_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    options: set[str] = set()
    add = argparse._ActionsContainer.add_argument

    def note(self: argparse._ActionsContainer, *names: str, **how: Any) -> argparse.Action:
        options.update(names)
        return add(self, *names, **how)

    monkeypatch.setattr(argparse._ActionsContainer, "add_argument", note)
    cli.get_argument_parser()
    for path in sorted(samvad_command("show").parent.glob("[a-z]*.py")):
        main = importlib.import_module(f"samvad.commands.{path.stem}").main
        refusal(lambda main=main: main([]), monkeypatch, capsys)
    for path in [*ROOT.glob("benchmarks/*.py"), *ROOT.glob("scripts/*.py")]:
        if "parse_args" in path.read_text("utf-8") or path.parent.name == "scripts":
            monkeypatch.setattr(sys, "argv", [path.name])
            refusal(lambda path=path: runpy.run_path(str(path), run_name="__main__"), monkeypatch, capsys)
    named = {
        (where, text.split()[0].partition("=")[0])
        for where, text in shown_commands.spans()
        if re.match(r"--[a-z]", text) and text != "--option=value"
    }
    assert len(named) > 20
    assert sorted(pair for pair in named if pair[1] not in options and pair[1] not in OTHERS_OPTIONS) == []


def test_links_lead_to_files_and_headings_that_are_there() -> None:
    dead = []
    for where, page, target in shown_commands.links():
        file, _, anchor = target.partition("#")
        path = (ROOT / page).parent / file if file else ROOT / page
        if not path.exists() or (anchor and anchor not in shown_commands.anchors(path.resolve().relative_to(ROOT))):
            dead.append(f"{where}: {target}")
    assert dead == []


def test_the_page_of_the_commands_has_each_once() -> None:
    text = (ROOT / "docs/commands.md").read_text("utf-8")
    rows = [line.split("|")[2] for line in text.splitlines() if line.startswith("| ") and "commands" not in line]
    commands = {path.stem.replace("_", "-") for path in samvad_command("show").parent.glob("[a-z]*.py")}
    assert sorted(name for row in rows for name in re.findall("`([^`]+)`", row)) == sorted(commands)


def test_the_site_of_the_pages_leads_to_every_page() -> None:
    def named(part: Any) -> list[str]:
        return [part] if isinstance(part, str) else [name for inner in part for name in named(inner)]

    menu = yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))["nav"]
    shown = named([list(part.values()) if isinstance(part, dict) else part for part in menu])
    pages = {str(path.relative_to(ROOT / "docs")) for path in (ROOT / "docs").rglob("*.md")}
    elsewhere = {"index.md", "contributing.md", "changelog.md", "security.md", "observability.md"}
    assert sorted(shown) == sorted(pages | elsewhere)


def test_files_of_the_project_that_pages_name_are_there() -> None:
    folders = r"(?:scripts|rules|envs|config|tests|benchmarks|docs|observability|profiles)/[\w./-]+"
    programs = {
        path.name for folder in ("scripts", "tests", "benchmarks", "envs") for path in (ROOT / folder).rglob("*.py")
    }
    gone = [
        f"{where}: {text}"
        for where, text in shown_commands.spans()
        if (re.fullmatch(folders, text) and not MADE.search(text) and not (ROOT / text).exists())
        or (re.fullmatch(r"[\w/]+\.py", text) and Path(text).name not in programs and not MADE.search(text))
    ]
    assert gone == []


def read_python(text: str) -> None:
    is_line_of_a_table = re.match(r'"\w+":', text)
    ast.parse(f"{{{text}}}" if is_line_of_a_table else text)


def test_examples_in_python_yaml_and_json_can_be_read() -> None:
    readers: dict[str, Callable[[str], object]] = {
        "python": read_python,
        "yaml": yaml.safe_load,
        "json": lambda text: json.loads(text.replace("[…]", "[]")),
    }
    for fence in shown_commands.fences():
        if fence.kind in readers:
            readers[fence.kind](textwrap.dedent(fence.text))


def test_every_stage_has_its_paragraph() -> None:
    page = (ROOT / "docs" / "stages.md").read_text("utf-8")
    assert [stage.name for stage in stages.STAGES if f"**{stage.number:02d} {stage.name}**" not in page] == []
