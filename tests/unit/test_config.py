from __future__ import annotations

import copy
import json
import re
from pathlib import Path

import pytest
import yaml

from samvad.core import schemas, stages
from samvad.core.errors import ConfigurationError
from samvad.settings import configuration, film_sheet
from support import ROOT

HEADER = "\t".join(configuration.COLUMNS)


@pytest.fixture
def values():
    return yaml.safe_load((ROOT / "config" / "config.yaml").read_text(encoding="utf-8"))


def sheet(folder: Path, *rows: str, header: str = HEADER) -> Path:
    path = folder / "films.tsv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


ROW = "demo\tfilm.mp4\tA film\t2008\thi,en\ten\tme\t2025-01-31\t1\tsubtitle"


def test_the_configuration_that_is_delivered_is_valid(values):
    assert configuration.check(values) == values


def keys_of(value: dict, prefix: str = "") -> list[str]:
    return [
        key
        for name, item in value.items()
        for key in (keys_of(item, f"{prefix}{name}.") if isinstance(item, dict) else [f"{prefix}{name}"])
    ]


def test_every_key_is_commented_and_described(values):
    text = (ROOT / "config" / "config.yaml").read_text(encoding="utf-8")
    for key in keys_of(values):
        if not key.startswith("stages."):
            line = next(line for line in text.splitlines() if re.match(rf" *{key.split('.')[-1]}:", line))
            assert "#" in line, key

    def described(schema: dict) -> None:
        for name, item in schema.get("properties", {}).items():
            assert item.get("description") or item.get("type") == "object", name
            # Closed, or a table whose keys are the reader's own, such as names of GPUs.
            values = item.get("additionalProperties", True)
            assert (
                item.get("type") != "object"
                or values is False
                or "type" in (values if isinstance(values, dict) else {})
            ), name
            described(item)

    described(schemas.schema("config"))


def test_every_key_of_no_stage_is_read_by_the_workflow(values):
    code = "".join(path.read_text(encoding="utf-8") for path in [ROOT / "Snakefile", *(ROOT / "rules").glob("*.smk")])
    for module in ("settings/configuration.py", "workflow/run_hooks.py"):
        code += (ROOT / "scripts" / "samvad" / module).read_text(encoding="utf-8")
    declared = {"stages", *(stage.key for stage in stages.STAGES)}
    for key in keys_of({name: item for name, item in values.items() if name not in declared}):
        section, _, name = key.rpartition(".")
        wanted = f'config["{section}"]["{name}"]' if section else f'config["{name}"]'
        assert wanted in code, f"no code reads {key}"


def test_the_file_says_the_keys_and_defaults_that_the_stages_declare(values):
    for stage in stages.STAGES:
        said = {item.name: item.of_config(values[stage.key][item.name]) for item in stage.config_options}
        assert said == {item.name: item.default for item in stage.config_options}, stage.name
        assert list(values[stage.key]) == [item.name for item in stage.config_options], "in the same order"
    assert values["stages"] == {stage.name: stage.on for stage in stages.STAGES}


def test_keys_that_a_file_leaves_out_have_what_the_stages_declare(values):
    whole = copy.deepcopy(values)
    del values["stages"]["mux"], values["asr"]["beam_size"], values["hallucination"]
    assert configuration.check(values) == whole


def test_an_unknown_key_is_named_with_a_suggestion(values):
    values["asr"]["modle"] = "base"
    with pytest.raises(ConfigurationError, match=r"unknown key 'asr.modle' \(did you mean 'model'\?\)"):
        configuration.check(values)


def test_a_key_that_has_another_name_now_is_named_with_it(values):
    values["demux"]["proxy_height"] = 240
    with pytest.raises(ConfigurationError, match=r"'demux.proxy_height' \(it is called 'subtitle.proxy_height' now\)"):
        configuration.check(values)


def test_a_wrong_value_names_the_key_and_what_is_allowed(values):
    values["asr"]["device"] = "gpu"
    with pytest.raises(ConfigurationError, match=r"asr.device is 'gpu', but must be one of 'auto', 'cpu', 'cuda'"):
        configuration.check(values)


def test_text_from_the_command_line_becomes_numbers_and_truth_values(values):
    wanted = copy.deepcopy(values)
    values["stages"]["tmdb"] = "false"
    values["asr"]["beam_size"] = "3"
    values["asr"]["vad_threshold"] = "0.4"
    values["demux"]["audio_track"] = "1"
    wanted["stages"]["tmdb"] = False
    wanted["asr"]["beam_size"] = 3
    wanted["asr"]["vad_threshold"] = 0.4
    wanted["demux"]["audio_track"] = 1
    assert configuration.check(values) == wanted


def test_a_film_is_read_from_the_sheet(tmp_path):
    films = configuration.load_films(sheet(tmp_path, ROW))
    film = films["2025/01/31/me/1"]
    assert (film.film, film.year, film.source, film.targets, film.line) == ("demo", 2008, ("hi", "en"), ("en",), 2)


@pytest.mark.parametrize(("given", "source"), [("tl", "fil"), ("fil", "fil"), ("jw", "jv"), ("jv", "jv"), ("nb", "nb")])
def test_a_language_that_whisper_calls_otherwise_is_a_source(tmp_path, given, source):
    values = dict(zip(configuration.COLUMNS, ROW.split("\t") + [""] * 10, strict=True)) | {"source": given}
    (film,) = configuration.load_films(sheet(tmp_path, "\t".join(values.values()))).values()
    assert film.source == (source,)


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("year", "20x8", r"line 2: year is '20x8', but must be: year of release in four digits, such as 2008"),
        ("source", "klingonish", r"line 2, column source: 'klingonish' is not a language code"),
        ("source", "tlh", r"line 2, column source: speech in 'tlh' cannot be recognised"),
        ("targets", "xx", r"line 2, column targets: 'xx' is not a language code"),
        ("user", "../me", r"line 2: user is '../me'"),
        ("date", "2025-13-01", r"line 2: date is '2025-13-01'"),
        ("date", "2025-02-30", r"line 2, column date: '2025-02-30' is no day"),
        ("job", "0", r"line 2: job is '0'"),
        ("workflow", "everything", r"line 2: workflow is 'everything', but must be one of"),
        ("stages_off", "songs", r"there is no stage 'songs'"),
        ("media", "", r"line 2: media"),
    ],
)
def test_a_wrong_value_names_the_line_and_the_column(tmp_path, column, value, said):
    values = dict(zip(configuration.COLUMNS, ROW.split("\t") + [""] * 10, strict=True)) | {column: value}
    with pytest.raises(ConfigurationError, match=said):
        configuration.load_films(sheet(tmp_path, "\t".join(values.values())))


def test_a_duplicate_job_names_both_lines(tmp_path):
    with pytest.raises(ConfigurationError, match=r"line 3: job 2025/01/31/me/1 is in the sheet already, on line 2"):
        configuration.load_films(sheet(tmp_path, ROW, ROW))


def test_rows_that_are_wrong_are_told_apart_from_those_that_are_right(tmp_path):
    rows = [ROW.replace("\t1\t", f"\t{number}\t") for number in range(1, 7)]
    rows[1] = rows[1].replace("2008", "20x8")
    rows[2] += "\t" * 20 + "x"
    rows[4] = rows[3]
    films, bad = configuration.read_sheet(sheet(tmp_path, *rows))
    assert [film.job for film in films.values()] == [1, 6], "of a job that is there twice, neither row counts"
    assert {row.folder for row in bad} == {"", "2025/01/31/me/2", "2025/01/31/me/4"}
    assert sorted(str(row.error).partition(":")[0].partition(", ")[2] for row in bad) == ["line 3", "line 4", "line 6"]


def test_an_unknown_column_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match="unknown column 'colour'"):
        configuration.load_films(sheet(tmp_path, header=HEADER + "\tcolour"))


def test_names_with_tabs_newlines_and_quotes_survive_the_sheet(tmp_path):
    name = 'a\t"b"\n$c हिन्दी 🎬'
    row = ROW.replace("film.mp4", '"' + name.replace('"', '""') + '"')
    films = configuration.load_films(sheet(tmp_path, row, ROW.replace("\t1\t", "\t2\t")))
    assert [film.media for film in films.values()] == [name, "film.mp4"]
    assert [film.line for film in films.values()] == [2, 4]


def test_switches_come_from_the_config_then_the_environment_then_the_row(tmp_path, values):
    film = configuration.load_films(sheet(tmp_path, ROW + "\t\t\t\tner"))["2025/01/31/me/1"]
    values["stages"]["tmdb"] = False
    on = configuration.switches(values, film, {"STAGE_06_LYRICS_ENABLED": "false", "STAGE_02_TMDB_ENABLED": "TRUE"})
    assert [name for name, state in on.items() if not state] == ["ner", "lyrics_detection"]
    origins = configuration.switch_origins(values, film, {"STAGE_06_LYRICS_ENABLED": "false"})
    assert origins["lyrics_detection"] == "the variable STAGE_06_LYRICS_ENABLED"
    assert "stages_off" in origins["ner"]


def test_a_switch_variable_that_says_neither_yes_nor_no_is_refused(values):
    for wrong in (
        "STAGE_05_ASR_ENABLED",
        "STAGE_05_N_ENABLED",
        "STAGE_5_NER_ENABLED",
        "STAGE_05_ENABLED",
        "STAGE_NER_ENABLED",
    ):
        with pytest.raises(ConfigurationError, match=wrong):
            configuration.switches(values, None, {wrong: "false"})
    assert configuration.switches(values, None, {"STAGE_FRIGHT_ENABLED": "false"})["ner"], "somebody else's"
    with pytest.raises(ConfigurationError, match="STAGE_06_LYRICS_ENABLED is 'perhaps'"):
        configuration.switches(values, None, {"STAGE_06_LYRICS_ENABLED": "perhaps"})


def test_the_schemas_are_json_schema_2020_12():
    from jsonschema import Draft202012Validator

    for path in sorted((ROOT / "config" / "schemas").glob("*.json")):
        schema = json.loads(path.read_text(encoding="utf-8"))
        Draft202012Validator.check_schema(schema)
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_a_sheet_as_spreadsheets_write_it_is_read(tmp_path):
    heading = 'Film\tMedia\t"Title"\tYear\tSource\tTargets\tUser\tDate\tJob\tWorkflow\tStages off\t\t'
    rows = [
        "one\ta.mkv\tOne\u2028Two\t2008.0\thi\ten\tme\t27/11/2025\t1\tsubtitle\t\t\t",
        "two\tb.mkv\tCafé\t\thi\ten\tme\t2025-11-27 00:00:00\t2.0\tsubtitle\tner\t\t\t\t",
        "three\tc.mkv\tC\t\thi\ten\tme\t11/12/2025\t3\tsubtitle",
    ]
    text = "\r\n".join([heading, *rows, "\t\t\t\t", ""])
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        (tmp_path / "films.tsv").write_bytes(text.encode(encoding))
        films, bad = configuration.read_sheet(tmp_path / "films.tsv")
        assert [(film.title, film.date, film.job) for film in films.values()] == [
            ("One\u2028Two", "2025-11-27", 1),
            ("Café", "2025-11-27", 2),
        ]
        assert films["2025/11/27/me/2"].stages_off == ("ner",)
        assert len(bad) == 1 and "date is '11/12/2025'" in str(bad[0].error), "it may be two days"
    for name, between in (("films.csv", ";"), ("films.csv", ",")):
        (tmp_path / name).write_bytes(text.replace("\u2028", " ").replace("\t", between).encode("cp1252"))
        films = configuration.read_sheet(tmp_path / name)[0]
        assert [film.title for film in films.values()] == ["One Two", "Café"]


@pytest.mark.parametrize("kind", ["csv", "xlsx", "ods", "xls"])
def test_a_film_sheet_is_read_as_libreoffice_has_written_it(kind: str) -> None:
    """Real days and numbers, capitals, an empty row between; tests/spreadsheets/make says how they were made."""
    films, bad = configuration.read_sheet(ROOT / "tests" / "spreadsheets" / f"films.{kind}")
    assert [(film.media, film.title, film.year, film.targets, film.audio_track) for film in films.values()] == [
        ('films/It\'s "b".mkv', "Pyaasa (a\u2028b)", 1957, ("en", "hi"), 0),
        ("films/क ख.mkv", "Do Bigha, Zamin", 1953, ("en",), None),
    ]
    assert list(films) == ["2025/12/31/ann/1", "2025/12/31/ben/2"] and bad == []


def test_a_workbook_is_a_film_sheet_and_no_command_writes_into_it(tmp_path):
    import datetime

    import pandas as pd

    values = dict(zip(configuration.COLUMNS, ROW.split("\t") + [""] * 10, strict=True))
    values |= {"year": 2008, "job": 1, "date": datetime.datetime(2025, 1, 31), "title": "दिल चाहता है"}
    table = pd.DataFrame([values]).rename(columns={"stages_off": "Stages Off", "film": " Film "})
    table.to_excel(tmp_path / "films.xlsx", index=False)
    (film,) = configuration.load_films(tmp_path / "films.xlsx").values()
    assert (film.title, film.year, film.folder) == ("दिल चाहता है", 2008, "2025/01/31/me/1")
    with pytest.raises(ConfigurationError, match="commands write no rows"):
        film_sheet.add_all(tmp_path / "films.xlsx", [], tmp_path)
    (tmp_path / "films.ods").write_bytes(b"PK\x03\x04 nothing")
    with pytest.raises(ConfigurationError, match="no workbook that can be read"):
        configuration.load_films(tmp_path / "films.ods")
