"""What a stage says of itself, once: its place in the workflow, what it asks a machine for, and all of its options.

A stage's declaration lies in ``samvad/stages/<name>/options.py``: a frozen dataclass of options, and ``STAGE``. From it
come the stage's command line, its section of the configuration with schema and defaults, the flags and the parameters
of its rule, and the tables in the docs. So an option is named in its declaration and where it is used, nowhere else.

This module, and the declarations, are read by every command: they import nothing that takes time.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
import re
import types
import typing
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from samvad.core.errors import ConfigurationError

#: Languages of which a list of phrases that models make up comes with Samvad, and the lists.
_LISTED = (
    "ar", "cs", "da", "de", "el", "en", "es", "fi", "fr", "hi", "hu", "id", "it", "ja", "ko",
    "nl", "no", "pl", "pt", "ro", "ru", "sv", "ta", "te", "tr", "uk", "ur", "vi", "zh",
)  # fmt: skip
PHRASE_LISTS = tuple(Path(f"config/hallucinations/{language}.tsv") for language in _LISTED)
#: A commit of a model hub, in full, or nothing: the pinned one.
COMMIT = r"^([0-9a-f]{40})?$"
#: Workflows, each with all stages of those before it.
WORKFLOWS = ("transcribe", "translate", "subtitle")

_METADATA = "samvad"
_INTEGER = re.compile(r"[+-]?[0-9]+")
#: A number as people write one, with digits of ASCII alone.
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
#: No option is a number of more digits than this.
_DIGITS = 15
_Options = TypeVar("_Options")


@dataclass(frozen=True)
class Option:
    """One option of a stage, as its declaration has it.

    Attributes:
        name: name of the field, of the key in the stage's section, and, with dashes, of the flag.
        kind: ``boolean``, ``integer``, ``number``, ``text`` or ``path``.
        default: of the type that the field has.
        help: what it does, for ``--help`` and the schema.
        unit: of a number.
        choices: the only values allowed; empty: any.
        word: a word that is allowed in place of a number, such as ``auto``; empty: none.
        many: whether it is a list.
        one_or_many: whether the configuration may give one value where there is a list.
        empty: whether there may be none: None, or an empty list.
        minimum: least number allowed.
        maximum: greatest number allowed.
        above: every number allowed is greater.
        below: every number allowed is less.
        pattern: what a text looks like; empty: whatever it likes.
        column: column of the film sheet that says it, and wins; empty: none.
        sheet_only: whether the configuration has no such key.
        place: whether it says where the stage works, not what it does: no part of its recorded configuration.
        content: what a change of shows that the stage is to run again beside the value: ``file``, ``model``,
            ``profile``; empty: nothing.
    """

    name: str
    kind: str
    default: Any
    help: str
    unit: str = ""
    choices: tuple[str, ...] = ()
    word: str = ""
    many: bool = False
    one_or_many: bool = False
    empty: bool = False
    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None
    below: float | None = None
    pattern: str = ""
    column: str = ""
    sheet_only: bool = False
    place: bool = False
    content: str = ""

    @property
    def flag(self) -> str:
        """Return its flag on the command line."""
        return f"--{self.name.replace('_', '-')}"

    @property
    def required(self) -> bool:
        """Say whether the command line must have it: it has no default."""
        return self.default is dataclasses.MISSING

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of its key in the configuration."""
        one: dict[str, Any] = {"type": {"path": "string", "text": "string"}.get(self.kind, self.kind)}
        if self.choices:
            one = {"enum": list(self.choices)}
        one |= {"pattern": self.pattern} if self.pattern else {}
        may_be_empty = self.empty and not self.many
        if self.kind in ("text", "path") and not (may_be_empty or self.choices or self.pattern):
            one["minLength"] = 1
        limits = {"minimum": self.minimum, "maximum": self.maximum}
        limits |= {"exclusiveMinimum": self.above, "exclusiveMaximum": self.below}
        one |= {key: value for key, value in limits.items() if value is not None}
        if self.word:
            one = {"oneOf": [{"const": self.word}, one]}
        if self.many:
            several = {"type": "array", "uniqueItems": True, "items": one} | ({} if self.empty else {"minItems": 1})
            one = {"oneOf": [one, several]} if self.one_or_many else several
        return {**one, "description": self.help + (f" ({self.unit})" if self.unit else "")}

    def parse(self, text: str) -> Any:
        """Return the value that a text on the command line stands for; of a list, one item of it.

        Raises:
            ValueError: it is none of the values allowed; says which are.
        """
        if self.kind == "boolean":
            if text not in ("true", "false"):
                raise ValueError(f"{text!r} is neither true nor false")
            return text == "true"
        if self.word and text == self.word:
            return text
        if self.kind in ("integer", "number"):
            return self._number(text)
        if self.choices and text not in self.choices:
            raise ValueError(f"{text!r} is none of {', '.join(self.choices)}")
        if re.search("[\0\ud800-\udfff]", text):  # a path, too: records are UTF-8
            raise ValueError("it has a character that no text can have")
        if not re.fullmatch(self.pattern or ".*", text, re.DOTALL):
            raise ValueError(f"{text!r} is not allowed: {self.help}")
        if not text and not (self.empty or self.pattern):
            raise ValueError("it is empty")
        return text if self.kind == "text" else Path(text) if text else None

    def _number(self, text: str) -> int | float:
        wanted = f"{self.word}, or " * bool(self.word) + ("a whole number" if self.kind == "integer" else "a number")
        if not (_INTEGER if self.kind == "integer" else NUMBER).fullmatch(text):
            raise ValueError(f"{text!r} is not {wanted}")
        value = int(text) if self.kind == "integer" and len(text) <= _DIGITS else float(text)
        is_of_kind = isinstance(value, float) == (self.kind == "number")
        if not (math.isfinite(value) and self._is_within(value) and is_of_kind):
            raise ValueError(f"{text} is not {self.range or wanted}")
        return value

    def _is_within(self, value: float) -> bool:
        return (
            (self.minimum is None or value >= self.minimum)
            and (self.maximum is None or value <= self.maximum)
            and (self.above is None or value > self.above)
            and (self.below is None or value < self.below)
        )

    @property
    def range(self) -> str:
        """Return in words which values are allowed; empty: all of its type."""
        if self.choices:
            return ", ".join(self.choices)
        words = []
        words += [f"from {self.minimum:g}"] if self.minimum is not None else []
        words += [f"above {self.above:g}"] if self.above is not None else []
        words += [f"to {self.maximum:g}"] if self.maximum is not None else []
        words += [f"below {self.below:g}"] if self.below is not None else []
        return " ".join([*([f"{self.word}, or"] if self.word and words else [self.word] if self.word else []), *words])

    def words(self, value: Any) -> list[str]:
        """Return a value as words of a command line, none where it is the absence of one."""
        if self.many:
            return [f"{self.flag}={_word(item)}" for item in value] or [f"{self.flag}="]
        return [] if value is None else [f"{self.flag}={_word(value)}"]

    def of_config(self, value: Any) -> Any:
        """Return a value of the configuration, which is valid by the schema, as the field has it."""
        if self.many:
            items = value if isinstance(value, list | tuple) else [value]
            return tuple(Path(item) if self.kind == "path" else item for item in items)
        if self.kind == "path":
            return Path(value) if value else None
        if value == self.word or self.kind not in ("integer", "number"):
            return value
        return int(value) if self.kind == "integer" else float(value)  # the schema takes 4.0 for a whole number

    def as_json(self, value: Any) -> Any:
        """Return a value of the field as manifests and the configuration have it."""
        if isinstance(value, tuple):
            return [self.as_json(item) for item in value]
        return str(value) if isinstance(value, Path) else value


def option(default: Any, help: str, **facts: Any) -> Any:
    """Declare an option: a field of a stage's dataclass of options.

    Args:
        default: of the field's type.
        help: what it does.
        facts: what else ``Option`` has, such as ``unit``, ``minimum``, ``pattern`` or ``column``.
    """
    given = {} if default is dataclasses.MISSING else {"default": default}
    return dataclasses.field(**given, metadata={_METADATA: {"help": help, **facts}})


def sheet_option(help: str, *, default: Any = dataclasses.MISSING, column: str = "", **facts: Any) -> Any:
    """Declare an option that the film sheet, or the rule, alone says: the configuration has no such key."""
    return option(default, help, column=column, sheet_only=True, **facts)


@functools.cache
def options_of(declared: type) -> tuple[Option, ...]:
    """Return the options of a stage's dataclass, in their order.

    Raises:
        TypeError: a field is of no type that an option can have, or of a number no unit is told. A defect.
    """
    hints = typing.get_type_hints(declared)
    found = []
    for item in dataclasses.fields(declared):
        facts = dict(item.metadata[_METADATA])
        made = Option(name=item.name, default=item.default, **{**_type_facts(hints[item.name]), **facts})
        if not made.help or (made.kind in ("integer", "number") and not made.unit):
            raise TypeError(f"{declared.__module__}.{item.name} has no help, or no unit")
        found.append(made)
    return tuple(found)


def _type_facts(hint: Any) -> dict[str, Any]:
    """Return what the type of a field says of its option."""
    simple = {bool: "boolean", int: "integer", float: "number", str: "text", Path: "path"}
    if hint in simple:
        return {"kind": simple[hint]}
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is Literal:
        return {"kind": "text", "choices": inner}
    if origin is tuple and inner[1:] == (Ellipsis,):
        return {**_type_facts(inner[0]), "many": True}
    if origin in (types.UnionType, typing.Union) and len(inner) == 2:
        if inner[1] is type(None):
            return {**_type_facts(inner[0]), "empty": True}
        if typing.get_origin(inner[0]) is Literal and inner[1] in simple:
            return {**_type_facts(inner[1]), "word": typing.get_args(inner[0])[0]}
    raise TypeError(f"an option cannot be of the type {hint}")


@dataclass(frozen=True)
class ResourceRequest:
    """What an attempt of a stage asks a cluster for, and counts for on one machine.

    Generous figures, for films that nobody has measured; ``samvad propose-resources`` takes those of past runs.

    Attributes:
        cores: CPU cores.
        mem_mb: memory in MiB (Snakemake and SLURM call it MB), for a film of no length.
        mem_mb_per_hour: so much more for each hour of film.
        runtime: minutes, for a film of no length.
        runtime_per_hour: so many more for each hour of film.
        gpu: whether it takes a GPU unless its option ``device`` is ``cpu``.
        many_gpus: whether it can share its work out over several.
    """

    cores: int = 1
    mem_mb: float = 1000
    mem_mb_per_hour: float = 0
    runtime: float = 10
    runtime_per_hour: float = 0
    gpu: bool = False
    many_gpus: bool = False


@dataclass(frozen=True)
class Stage:
    """One stage of the workflow.

    Attributes:
        number: its place; the order of the folders.
        name: the name used in rules, configuration and manifests.
        summary: what it does, in a sentence without an end, for ``--help`` and the schema.
        script: the file in ``scripts/`` that does the work.
        environment: the file in ``envs/`` (without ``.yaml``) that it runs in.
        options: the dataclass of its options.
        writes: types of the files that it makes; ``*`` stands for a language.
        section: its section of the configuration; empty: its name.
        needs: stages without which this one cannot run.
        after: stages that are used when they are on and passed over when they are off.
        reads_segments: whether it takes the segments document of the nearest earlier stage that is on.
        writes_segments: whether it carries that document on.
        workflow: the shortest workflow that it is a stage of.
        asks: what it asks a machine for.
        computes: whether a model computes in it: its result then differs a little from processor to processor.
        on: whether it is on where nobody says.
        results: those of ``writes`` that are for people: where one is gone, the stage is made again. What is made for
            other stages alone may be deleted when the film is done.
        decisions: name of the file with a person's decisions that it obeys; empty: none.
        corrected: whether it puts tracks that a person has corrected in place of its own.
        refuses: the module of its folder whose function ``refusal`` says, when a run is planned, why it could not do
            its work for a film's languages: of its options by name, the languages spoken and those wanted; and whose
            function ``models`` returns, of the same, the Whisper models that it cannot do without; empty: none.
        milestones: the metrics that its events carry when it begins and ends, ``*`` for a language.
    """

    number: int
    name: str
    summary: str
    script: str
    environment: str
    options: type
    writes: tuple[str, ...]
    section: str = ""
    needs: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    reads_segments: bool = False
    writes_segments: bool = False
    workflow: Literal["transcribe", "translate", "subtitle"] = "subtitle"
    asks: ResourceRequest = ResourceRequest()
    computes: bool = False
    on: bool = True
    results: tuple[str, ...] = ()
    decisions: str = ""
    corrected: bool = False
    milestones: tuple[str, ...] = ()
    refuses: str = ""

    @property
    def folder(self) -> str:
        """Return the stage's folder inside a job folder, such as ``04_asr``."""
        return f"{self.number:02d}_{self.name}"

    @property
    def key(self) -> str:
        """Return the name of its section of the configuration."""
        return self.section or self.name

    @property
    def all_options(self) -> tuple[Option, ...]:
        """Return its options, in the order in which they are declared."""
        return options_of(self.options)

    @property
    def config_options(self) -> tuple[Option, ...]:
        """Return the options that are keys of the configuration."""
        return tuple(item for item in self.all_options if not item.sheet_only)

    def may_write(self, kind: str) -> bool:
        """Say whether a type of file is one that the stage makes."""
        return _is_one_of(kind, self.writes)

    def is_result(self, kind: str) -> bool:
        """Say whether a type of file is for people."""
        return _is_one_of(kind, self.results)

    def is_milestone(self, metric: str) -> bool:
        """Say whether a metric is one that the stage's events carry."""
        return _is_one_of(metric, self.milestones)


def _is_one_of(kind: str, patterns: Sequence[str]) -> bool:
    return any(kind == pattern or ("*" in pattern and kind.startswith(pattern.split("*")[0])) for pattern in patterns)


#: Flags that every stage's command line has, and names that Snakemake or YAML would take for something else.
_TAKEN = frozenset({"job_folder", "film", "threads", "memory_mb", "verbose", "segments", "help"})
RESERVED = frozenset({*WORKFLOWS, *_TAKEN, "on", "off", "yes", "no", "true", "false", "null", "y", "n", "stages"})
_CONTENTS = ("", "file", "model", "profile")


def faults(stage: Stage) -> list[str]:
    """Return what is wrong with a declaration in itself, in words; empty when nothing is."""
    found = []
    if stage.name in RESERVED or not re.fullmatch(r"[a-z][a-z0-9_]*", stage.name):
        found.append(f"{stage.name!r} cannot be a stage's name")
    if stage.workflow not in WORKFLOWS:
        found.append(f"workflow is {stage.workflow!r}, but must be one of {', '.join(WORKFLOWS)}")
    for name in ("needs", "after", "writes", "results", "milestones"):
        if not isinstance(getattr(stage, name), tuple):
            found.append(f"{name} is no tuple, such as ('asr',)")
    try:
        declared = stage.all_options
    except (TypeError, KeyError, AttributeError, NameError) as error:
        return [*found, f"an option is not declared as one: {error}"]
    taken = {*_TAKEN, *stage.needs, *stage.after}
    for item in declared:
        if item.name in taken:
            found.append(f"the option {item.name} has the flag of something else")
        if item.content not in _CONTENTS:
            found.append(f"content of {item.name} is {item.content!r}, but must be one of {', '.join(_CONTENTS[1:])}")
        if item.sheet_only is False and item.required:
            found.append(f"the option {item.name} has no default")
    return found


def in_order(found: Sequence[Stage]) -> tuple[Stage, ...]:
    """Return declared stages by their numbers, after a look at whether they fit together.

    Raises:
        ConfigurationError: two have the same number or section, or one needs a stage that comes later or is not there.
    """
    ordered = tuple(sorted(found, key=lambda stage: stage.number))
    number_of = {stage.name: stage.number for stage in ordered}
    for earlier, later in itertools.pairwise(ordered):
        if earlier.number == later.number:
            raise ConfigurationError(
                f"Stages {earlier.name} and {later.name} both have the number {later.number}.",
                f"Give one another number in scripts/samvad/stages/{later.name}/options.py.",
            )
    if len({stage.key for stage in ordered}) < len(ordered):
        raise ConfigurationError(
            "Two stages have the same section of the configuration.", "Give one another `section`."
        )
    for stage in ordered:
        for other in (*stage.needs, *stage.after):
            if number_of.get(other, stage.number) >= stage.number:
                raise ConfigurationError(
                    f"Stage {stage.name} needs {other}, which is no stage before it.",
                    f"Correct scripts/samvad/stages/{stage.name}/options.py.",
                )
    return ordered


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
