"""An option is declared once: its command line, its key, its schema and its rule's flags say the same."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest

import support
from samvad.core import schemas, stages
from samvad.core.declarations import Option, Stage, in_order, option, options_of, sheet_option
from samvad.core.errors import ConfigurationError
from samvad.runner import options
from samvad.settings import configuration
from samvad.settings.stage_settings import StageSettings

ROOMS = support.ROOT / "scripts" / "samvad" / "stages"
PLACE = ["--job-folder=/out/2025/01/01/me/1", "--film=film"]
ALL = [(stage, item) for stage in stages.STAGES for item in stage.all_options]


@dataclass(frozen=True, kw_only=True)
class Everything:
    """An option of every type."""

    needed: Path = sheet_option("a file")
    switch: bool = option(False, "whether")
    count: int = option(3, "how many", unit="pieces", minimum=1, maximum=9)
    share: float = option(0.5, "how much", unit="0 to 1", above=0, below=1)
    size: Literal["auto"] | int = option("auto", "how large", unit="pieces", minimum=1)
    way: Literal["here", "there"] = option("here", "which way")
    name: str = option("a name", "a name", pattern=r"^[a-z ]+$")
    names: tuple[str, ...] = option(("x",), "names", empty=True)
    ways: tuple[Literal["here", "there"], ...] = option(("here",), "ways", one_or_many=True)
    year: int | None = sheet_option("a year", unit="years", default=None)


STAGE = Stage(
    number=1, name="every", summary="Do it", script="x.py", environment="text", options=Everything, writes=("made_*",)
)


def parsed(*words: str) -> Any:
    return options.parse(STAGE, [*PLACE, *words]).options


def test_a_command_line_becomes_values_of_the_declared_types() -> None:
    found = parsed(
        *("--needed=-a file", "--switch=true", "--count=4", "--share=.25", "--size=7", "--way=there", "--name=b"),
        *("--names=-y", "--names=z", "--ways", "there", "here", "--year=1999"),
    )
    assert found == Everything(
        needed=Path("-a file"), switch=True, count=4, share=0.25, size=7, way="there", name="b",
        names=("-y", "z"), ways=("there", "here"), year=1999,
    )  # fmt: skip


def test_what_is_not_said_is_what_was_declared() -> None:
    assert parsed("--needed=f") == Everything(needed=Path("f"))
    assert parsed("--needed=f", "--names=").names == ()


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("--switch=True", "'True' is neither true nor false"),
        ("--switch=yes", "'yes' is neither true nor false"),
        ("--count=0", "0 is not from 1 to 9"),
        ("--count=1.0", "'1.0' is not a whole number"),
        ("--share=1", "1 is not above 0 below 1"),
        ("--share=nan", "'nan' is not a number"),
        ("--share=1e999", "1e999 is not above 0 below 1"),
        ("--size=many", "'many' is not auto, or a whole number"),
        ("--size=0", "0 is not auto, or from 1"),
        ("--way=up", "'up' is none of here, there"),
        ("--name=B\n", "is not allowed: a name"),
        ("--ways=", "at least one is needed"),
        ("--needed=", "it is empty"),
        ("--wa=here", "unrecognized arguments: --wa=here"),
    ],
)
def test_a_wrong_value_is_refused_with_what_is_allowed(word: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        parsed("--needed=f", word)
    assert refused.value.exit_code == 2 and said in str(refused.value)


@pytest.mark.parametrize("item", options_of(Everything), ids=lambda item: item.name)
def test_schema_and_command_line_allow_the_same(item: Option) -> None:
    from jsonschema import Draft202012Validator

    validator = Draft202012Validator(item.schema())
    texts = ["", "true", "0", "1", "9", "10", "0.5", "1.5", "auto", "here", "up", "a b", "B", "-3", "1999"]
    for text in texts[item.many :]:  # no text at all is an empty list
        value: Any = True if text == "true" and item.kind == "boolean" else text
        if re.fullmatch(r"-?\d+(\.\d+)?", text) and item.kind in ("integer", "number"):
            value = float(text) if "." in text else int(text)
        try:
            item.parse(text)
            allowed = True
        except ValueError:
            allowed = False
        assert validator.is_valid([value] if item.many else value) == allowed, (item.name, text)


@pytest.mark.parametrize("fields", [{"number": int}, {"things": list}, {"both": int | str}])
def test_a_declaration_without_a_unit_or_of_no_known_type_is_a_defect(fields: dict[str, Any]) -> None:
    made = dataclass(type("Wrong", (), {"__annotations__": fields, **dict.fromkeys(fields, option(1, "help"))}))
    with pytest.raises(TypeError):
        options_of(made)


@pytest.mark.parametrize(("stage", "item"), ALL, ids=lambda value: value.name)
def test_every_option_is_used_by_its_stage(stage: Stage, item: Option) -> None:
    paths = {support.ROOT / "scripts" / stage.script, *(ROOMS / stage.name).glob("*.py")}
    nodes = [
        node
        for path in paths - {ROOMS / stage.name / "options.py"}
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    ]
    read = {node.attr for node in nodes if isinstance(node, ast.Attribute) and _is_options(node.value)}
    read |= {node.value for node in nodes if isinstance(node, ast.Constant)}  # a key that a backend is told by its name
    assert item.name in read, f"no code of stage {stage.name} reads options.{item.name}"


def _is_options(node: ast.expr) -> bool:
    return getattr(node, "id", getattr(node, "attr", "")) == "options"


@pytest.mark.parametrize("stage", stages.STAGES, ids=lambda stage: stage.name)
def test_the_defaults_are_valid_by_their_own_schema(stage: Stage) -> None:
    section = {item.name: item.as_json(item.default) for item in stage.config_options}
    assert configuration.stage_defaults()[stage.key] == section
    found = [line for line in schemas.problems({stage.key: section}, "config") if stage.key in line.split()[0]]
    assert found == []


@pytest.mark.parametrize("path", sorted(ROOMS.glob("*/options.py")), ids=lambda path: path.parent.name)
def test_a_declaration_imports_nothing_that_takes_time(path: Path) -> None:
    found = re.findall(r"^(?:from|import) (\S+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    own = f"samvad.stages.{path.parent.name}"  # its table of backends
    assert set(found) <= {"__future__", "dataclasses", "pathlib", "typing", "samvad.core.declarations", own}


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> configuration.Film:
    folder = tmp_path_factory.mktemp("sheet")
    row = {"film": "a", "media": "a.mp4", "title": "-30- $(x) 'y'", "targets": "en,hi", "user": "me", "job": "1"}
    row |= {"source": "hi,en", "date": "2025-01-01", "workflow": "subtitle", "audio_track": "2", "year": "1999"}
    lines = ["\t".join(configuration.COLUMNS), "\t".join(row.get(name, "") for name in configuration.COLUMNS)]
    (folder / "films.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return next(iter(configuration.load_films(folder / "films.tsv").values()))


@pytest.mark.parametrize("stage", stages.STAGES, ids=lambda stage: stage.name)
def test_the_flags_of_a_rule_become_what_configuration_and_sheet_say(stage: Stage, film: configuration.Film) -> None:
    config = configuration.check({"films": "f", "output_root": "out", **_rest()})
    words = StageSettings(stage, config).flags(film)
    others = [f"--{name.replace('_', '-')}=/m.json" for name in stage.needs]
    others += ["--segments=/m.json"] if stage.reads_segments else []
    others += ["--media=/f.mp4"] if stage.name == "demux" else []
    found = options.parse(stage, [*PLACE, *others, *words]).options
    for item in stage.config_options:
        if not item.column:
            assert getattr(found, item.name) == item.default
    if stage.name == "demux":
        assert (found.audio_track, found.languages) == (2, ("hi", "en"))
    if stage.name == "tmdb":
        assert (found.title, found.year) == ("-30- $(x) 'y'", 1999)


def _rest() -> dict[str, Any]:
    import yaml

    values = yaml.safe_load((support.ROOT / "config" / "config.yaml").read_text(encoding="utf-8"))
    return {name: values[name] for name in ("logs", "cache", "machines", "network")}


def test_stages_that_do_not_fit_together_are_refused() -> None:
    def made(number: int, name: str, **facts: Any) -> Stage:
        return Stage(number, name, "Do it", "x.py", "text", Everything, (), **facts)

    assert [stage.name for stage in in_order([made(2, "b", needs=("a",)), made(1, "a")])] == ["a", "b"]
    for wrong in (
        [made(1, "a"), made(1, "b")],
        [made(1, "a", needs=("b",)), made(2, "b")],
        [made(1, "a", after=("c",))],
        [made(1, "a", section="s"), made(2, "b", section="s")],
    ):
        with pytest.raises(ConfigurationError, match=r"samvad/stages|section"):
            in_order(wrong)


def test_a_file_of_an_undeclared_type_is_no_output() -> None:
    assert STAGE.may_write("made_en") and not STAGE.may_write("made") and not STAGE.may_write("other")


def test_the_page_of_all_keys_and_the_pictures_are_what_the_declarations_say() -> None:
    from samvad.commands import make_docs

    for path, text in make_docs.made().items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name}: run ./samvad make-docs"


def test_the_picture_of_the_stages_has_all_that_stages_declare_to_read() -> None:
    """A stage that reads from another without a wire, or a wire that nobody declares, would be a picture that lies."""
    from samvad.reporting.pages import pictures

    drawn: dict[int, set[int]] = {}
    for flow in pictures.flows():
        for reader in flow.readers:
            drawn.setdefault(reader, set()).update({flow.maker} if flow.maker else set())
    for stage in stages.STAGES:
        declared = {stages.BY_NAME[name].number for name in (*stage.needs, *stage.after)}
        chain = {stages.BY_NAME[name].number for name in stages.SEGMENT_CHAIN} if stage.reads_segments else set()
        assert drawn.get(stage.number, set()) <= declared | chain, stage.name
        assert declared - drawn.get(stage.number, set()) <= chain, stage.name
