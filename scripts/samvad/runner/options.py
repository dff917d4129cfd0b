"""A stage's command line, out of its declaration: where it works, whose manifests it reads, and its own options."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, NoReturn, TypeVar

from samvad.core import console
from samvad.core.declarations import Option, Stage
from samvad.core.errors import ConfigurationError

Options = TypeVar("Options")

#: So many choices stand in place of the value in ``--help``; more stand in the text.
_SHOWN = 4


@dataclass(frozen=True)
class Invocation(Generic[Options]):
    """What a stage's command line says.

    Attributes:
        job_folder: the job's folder.
        film: the film's id.
        threads: CPU threads to use at most.
        memory_mb: memory in MiB that the stage may use; None: what is free.
        gpus: that the stage may use, where it can use several.
        verbose: whether what goes into the log is printed too.
        manifests: of the stages that this one reads, by their names.
        segments: manifest of the stage whose segments are read; None where it reads none.
        options: what the stage itself is told.
    """

    job_folder: Path
    film: str
    threads: int
    memory_mb: int | None
    gpus: int
    verbose: bool
    manifests: Mapping[str, Path]
    segments: Path | None
    options: Options


class _Parser(argparse.ArgumentParser):
    """Raises for what is wrong, so that it can be recorded."""

    def error(self, message: str) -> NoReturn:
        """Raise for a command line that is wrong.

        Raises:
            ConfigurationError: always.
        """
        raise ConfigurationError(
            f"The command line of {self.prog} is wrong: {message}.",
            "Is the rule that starts it of this version of Samvad? `--help` tells what it takes.",
        )


def parser(stage: Stage) -> argparse.ArgumentParser:
    """Return the parser of a stage's command line."""
    made = _Parser(
        description=f"{stage.summary}.",
        epilog=f"Writes <job folder>/{stage.folder}/manifest.json last, and only on success. Exit codes: 0 success, "
        "2 configuration, 3 media, 4 model, 5 network, 6 disk, 7 memory, 1 anything else.",
        allow_abbrev=False,
    )
    add = made.add_argument
    add("--job-folder", type=console.path, required=True, help="folder of the job: …/YYYY/MM/DD/USER/N")
    add("--film", required=True, help="film id, as in the film sheet")
    add("--threads", type=int, default=os.cpu_count() or 1, help="CPU threads to use at most")
    add("--memory-mb", type=int, help="memory that the stage may use, in MiB; without it, what is free")
    if stage.asks.many_gpus:
        add("--gpus", type=int, default=1, help="GPUs to use at most, where the device is no CPU")
    add("--verbose", action="store_true", help="print what goes into stage.log")
    for other in stage.needs:
        add(_flag(other), type=console.path, required=True, help=f"manifest.json of stage {other}")
    for other in stage.after:
        add(_flag(other), type=console.path, help=f"manifest.json of stage {other}, where it is on")
    if stage.reads_segments:
        add(
            "--segments",
            type=console.path,
            required=True,
            help="manifest.json of the stage whose segments are to be read",
        )
    own = made.add_argument_group("options of the stage")
    for item in stage.all_options:
        own.add_argument(item.flag, action=_Set, option=item, help=_help(item))
    return made


def parse(stage: Stage, argv: Sequence[str] | None = None) -> Invocation[Any]:
    """Return what a command line says, checked against the stage's declaration.

    Raises:
        ConfigurationError: it is wrong; says where.
    """
    given = vars(parser(stage).parse_args(argv))
    others = (*stage.needs, *stage.after)
    return Invocation(
        job_folder=given["job_folder"],
        film=given["film"],
        threads=given["threads"],
        memory_mb=given["memory_mb"],
        gpus=max(1, given.get("gpus", 1)),
        verbose=given["verbose"],
        manifests={name: given[name] for name in others if given[name] is not None},
        segments=given.get("segments"),
        options=stage.options(**{item.name: given[item.name] for item in stage.all_options}),
    )


class _Set(argparse.Action):
    """Take the value of an option; of a list, all values given, however often it is named."""

    def __init__(self, option_strings: Sequence[str], dest: str, *, option: Option, help: str) -> None:
        words = option.choices or (("true", "false") if option.kind == "boolean" else ())
        super().__init__(
            option_strings,
            dest,
            nargs="*" if option.many else None,
            default=None if option.required else option.default,
            required=option.required,
            metavar="|".join(words) if 0 < len(words) <= _SHOWN else _metavar(option),
            help=help,
        )
        self._option = option
        self._seen: tuple[Any, ...] = ()

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, flag: str | None = None
    ) -> None:
        try:
            if not self._option.many:
                setattr(namespace, self.dest, self._option.parse(values))
                return
            self._seen += tuple(self._option.parse(value) for value in values if value)
            if not self._seen and not self._option.empty:
                raise ValueError("at least one is needed")
        except ValueError as error:
            raise argparse.ArgumentError(self, str(error)) from None
        setattr(namespace, self.dest, self._seen)


def _metavar(item: Option) -> str:
    kinds = {"integer": "N", "number": "X", "path": "PATH"}
    return (f"{item.word}|" if item.word else "") + kinds.get(item.kind, item.name.upper())


def _help(item: Option) -> str:
    words = [item.unit * (item.unit not in item.range), item.range if not 0 < len(item.choices) <= _SHOWN else ""]
    shown = [word for word in words if word]
    default = "" if item.required or item.default in (None, "", ()) else f"default: {_shown(item)}"
    facts = "; ".join([*shown, *([default] if default else [])])
    return (item.help + (f" ({facts})" if facts else "")).replace("%", "%%")


def _shown(item: Option) -> str:
    value = item.as_json(item.default)
    return " ".join(value) if isinstance(value, list) else str(value).lower() if isinstance(value, bool) else str(value)


def _flag(stage: str) -> str:
    return f"--{stage.replace('_', '-')}"


def job_folder_of(argv: Sequence[str]) -> Path | None:
    """Return the job's folder by a command line that may be wrong otherwise."""
    named = [word.partition("=")[2] for word in argv if word.startswith("--job-folder=")]
    return Path(named[-1]) if named and named[-1] else None


def configuration(stage: Stage, options: Any) -> dict[str, Any]:
    """Return the options that say what a stage does, as its manifest has them: all but places."""
    return {
        item.name: item.as_json(getattr(options, item.name))
        for item in sorted(stage.all_options, key=lambda item: item.name)
        if not item.place
    }
