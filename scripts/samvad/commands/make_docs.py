"""Write what is made of the code: docs/configuration.md, the docs' pictures, what `samvad COMMAND --help` says."""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import sys
from pathlib import Path
from typing import Any
from unittest import mock

from samvad.commands import _parsing
from samvad.core import files, schemas, stages
from samvad.core.declarations import Option, Stage
from samvad.reporting.pages import pictures

#: The environment that the command runs in.
ENVIRONMENT = "workflow"

PAGE = schemas.ROOT / "docs" / "configuration.md"
PICTURES = schemas.ROOT / "docs" / "pictures"
#: What commands say for --help, so that bash can show it: Python would need most of a second to begin.
HELP = Path(__file__).parent / "help"
_HELP_COLUMNS = "100"

_HEAD = """# Every key of the configuration

Made by `./samvad make-docs` from the stages' declarations (`scripts/samvad/stages/*/options.py`) and
`config/schemas/config.schema.json`; a test fails where it is out of date. `config/config.yaml` says more of each key.
The flag of a stage's own command is the key with dashes: `asr.beam_size` is `--beam-size`.
"""


def page() -> str:
    """Return the page."""
    parts = [_HEAD, *(_stage(stage) for stage in stages.STAGES), _requests(), _of_no_stage()]
    return "\n".join(parts)


def made() -> dict[Path, str]:
    """Return all that the command writes, by where it lies."""
    drawn = {PICTURES / "stages.svg": pictures.of_stages(), PICTURES / "logs.svg": pictures.of_logs()}
    return {PAGE: page(), **drawn, **help_texts()}


def help_texts() -> dict[Path, str]:
    """Return what each command says for ``--help``, by the file that bash shows."""
    names = sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))
    return {HELP / f"{name}.txt": _help_text(name) for name in names}


def _help_text(name: str) -> str:
    command = importlib.import_module(f"samvad.commands.{name}")
    said = io.StringIO()
    words = [f"samvad {name.replace('_', '-')}", "--help"]
    with (
        mock.patch.object(sys, "argv", words),
        mock.patch.dict(os.environ, {"COLUMNS": _HELP_COLUMNS}),
        contextlib.redirect_stdout(said),
        contextlib.suppress(SystemExit),
    ):
        command.main()
    return said.getvalue()


def _stage(stage: Stage) -> str:
    found = [f"## {stage.number:02d} {stage.name}: section `{stage.key}`\n", f"{stage.summary}.\n"]
    if stage.config_options:
        found.append("| key | default | values | what it does |\n|---|---|---|---|")
        found += [_row(item) for item in stage.config_options]
    else:
        found.append("It has no key.")
    return "\n".join(found) + "\n"


def _row(item: Option) -> str:
    default = item.as_json(item.default)
    shown = ", ".join(default) if isinstance(default, list) else _yaml(default)
    kind = {"boolean": "true, false", "integer": "whole number", "number": "number", "path": "path"}
    values = [item.range or kind.get(item.kind, "text"), item.unit * (item.unit not in item.range)]
    many = "a list of: " if item.many else ""
    column = f". A film's row wins (column `{item.column}`)." if item.column else ""
    return _cells(
        f"`{item.name}`", f"`{shown}`" if shown else "", many + "; ".join(filter(None, values)), item.help + column
    )


def _requests() -> str:
    rows = [
        _cells(
            f"{stage.number:02d} {stage.name}",
            *(f"{value:g}" for value in (stage.asks.cores, stage.asks.mem_mb, stage.asks.mem_mb_per_hour)),
            *(f"{value:g}" for value in (stage.asks.runtime, stage.asks.runtime_per_hour)),
            "unless `device` is `cpu`" if stage.asks.gpu else "",
        )
        for stage in stages.STAGES
    ]
    head = "| stage | cores | memory (MiB) | and for each hour of film | minutes | and for each hour of film | a GPU |"
    return (
        "## What a stage asks a machine for\n\nA file named in `machines.resources` goes over this; "
        f"`config/resources.yaml` says how.\n\n{head}\n|---|---|---|---|---|---|---|\n" + "\n".join(rows) + "\n"
    )


def _of_no_stage() -> str:
    found = ["## Keys of no stage\n", "| key | what it does |\n|---|---|"]
    declared = {"stages", *(stage.key for stage in stages.STAGES)}
    for name, item in schemas.schema("config")["properties"].items():
        if name not in declared:
            keys: dict[str, Any] = item.get("properties", {"": item})
            found += [
                _cells(f"`{'.'.join(filter(None, (name, key)))}`", value["description"]) for key, value in keys.items()
            ]
    found.append(_cells("`stages.<name>`", "whether a stage is on"))
    return "\n".join(found) + "\n"


def _cells(*texts: str) -> str:
    return "| " + " | ".join(text.replace("|", "\\|") for text in texts) + " |"


def _yaml(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)


def main(argv: list[str] | None = None) -> int:
    """Write the page and the pictures."""
    _parsing.Parser(description=__doc__).parse_args(argv)
    for path, text in made().items():
        files.write_text(path, text)
        print(path.relative_to(schemas.ROOT))
    return 0
