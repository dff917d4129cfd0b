"""Each key of the configuration, each column of the film sheet and each file runs again what reads it, and no more."""

from __future__ import annotations

import csv
import os
import random
import shutil
import subprocess
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

import support
from samvad.core import stages
from samvad.core.declarations import Option
from workflow.project import Project, attempts, carry_out, environment, planned, said

ALL = tuple(stage.name for stage in stages.STAGES)
ON = dict.fromkeys(ALL, True)
#: The stages that a film cannot do without: switching one off is refused.
NEEDED = ("demux", "asr", "subtitle_gen", "mux")


class Change(NamedTuple):
    """A new value of a key, and the stages that read it."""

    value: Any
    read_by: tuple[str, ...]


#: Texts that are something else than any default, for every pattern that an option has.
TEXTS = ("bbc", "another", "hi-IN", "en", "left", "0123456789abcdef0123456789abcdef01234567")


def another(item: Option) -> Any:
    """Return a value of an option, as the configuration has it, that is not its default."""
    if item.kind == "boolean":
        return not item.default
    texts = item.choices or (TEXTS if item.kind in ("text", "path") else ("0", "0.1", "1", "1.5", "2", "4", "5", "28"))
    for text in texts:
        try:
            value = item.as_json(item.parse(text))
        except ValueError:
            continue
        if value not in (item.default, *(item.default if item.many else ())):
            return [value] if item.many else value
    raise AssertionError(f"say another value of {item.name}")


#: Every key of the configuration that says what a stage does, by the declarations; how it does it reruns nothing.
KEYS: dict[str, Change] = {
    f"{stage.key}.{item.name}": Change(another(item), () if item.place else (stage.name,))
    for stage in stages.STAGES
    for item in stage.config_options
}
KEYS["asr.model"] = Change("medium", ("asr",))  # one that is none is refused
#: Keys that have one value alone, or say where the films and jobs are: tests of their own look at them.
NOT_OF_STAGES: dict[str, Any] = {
    "cache.enabled": True,
    "cache.folder": "elsewhere",
    "cache.max_gb": 3,
    "network.timeout_seconds": 9,
    "network.attempts": 5,
    "network.first_pause_seconds": 2,
    "network.backoff_factor": 3,
    "network.breaker_failures": 7,
    "network.breaker_seconds": 30,
    "network.requests_per_second": 2,
    "network.cache_days": 1,
    "logs.view": "off",
    "machines.resources": "mine.yaml",
    "machines.scratch": "$TMPDIR",
    "machines.silence_seconds": 60,
    "machines.films": "elsewhere",
    "machines.give_back": True,
    "machines.container": "samvad.sif",
    "machines.wait_seconds": 5,
    "logs.per_stage_links": True,
    "cost.currency": "INR",
    "cost.core_hour": 2.5,
    "cost.gpu_hour": 90,
    "cost.gpu_hours": {"H200": 300},
    "cost.kwh": 8,
}
OTHERS = ("films", "output_root", *NOT_OF_STAGES, *(f"stages.{name}" for name in ALL))

#: Every column of the film sheet that a stage reads.
COLUMNS: dict[str, Change] = {
    "media": Change("another.mkv", ("demux",)),
    "title": Change("Another title", ("tmdb", "subtitle_gen", "mux")),
    "year": Change(1999, ("tmdb",)),
    "source": Change("es", ("demux", "asr", "translation")),
    "targets": Change("en,es", ("translation", "subtitle_gen", "mux")),
    "audio_track": Change(0, ("demux",)),
    "audio_channel": Change("left", ("demux",)),
    "tmdb_file": Change("mine.json", ("tmdb",)),
    "glossary": Change("mine.tsv", ("glossary_load",)),
    "tmdb_id": Change(19, ("tmdb",)),
    "name_overrides": Change("names.tsv", ("ner",)),
    "text": Change("said.txt", ("asr",)),
    "settings": Change("asr.beam_size=2; ner.consistent=false", ("asr", "ner")),
    "review": Change("decided", ()),
    "film": Change("renamed", ALL),
}
#: Whose job it is: another of these is another job, with nothing done. The last two are switches.
OTHER_COLUMNS = ("user", "date", "job", "workflow", "stages_off")

#: Files that stages read besides the film, and the stages that do. None: nobody.
FILES: dict[str, tuple[str, ...]] = {
    "config/schemas/segments.schema.json": ("tmdb", *ALL[3:9]),
    "config/schemas/stage_manifest.schema.json": ALL,
    "config/schemas/film.schema.json": (),
    "config/glossary/hinglish.tsv": ("glossary_load",),
    "config/hallucinations/en.tsv": ("hallucination_removal", "translation"),
    "config/hallucination_topics.tsv": ("asr", "translation"),
    "config/number_words.tsv": ("translation",),
    "config/subtitle_profiles/netflix.yaml": ("subtitle_gen",),
    "config/subtitle_profiles/netflix-sdh.yaml": ("subtitle_gen",),
    "config/sound_labels.tsv": ("subtitle_gen",),
    "config/subtitle_profiles/bbc.yaml": (),
    "scripts/samvad/reporting/pages/film/page.css": ("subtitle_gen",),
    "scripts/samvad/reporting/pages/shelf/page.css": (),
    "scripts/mux_subtitles.py": ("mux",),
    "scripts/samvad/documents/subtitles/__init__.py": ("demux", *ALL[3:]),
    "scripts/samvad/documents/segments.py": ("tmdb", *ALL[3:9]),
    "scripts/samvad/core/files.py": ALL,
    "scripts/samvad/sample/story.py": (),
    "scripts/samvad/commands/add_film.py": (),
    "rules/common.smk": (),
    "config/config.yaml": (),
    "config/resources.yaml": (),
    "config/schemas/resources.schema.json": (),
}


def and_what_follows(first: Iterable[str], on: dict[str, bool] = ON) -> dict[str, int]:
    """Return stages and all that take something from them, directly or not, by the table of the stages."""
    found = {name for name in first if on[name]}
    for stage in stages.STAGES:  # in the order of their numbers: what a stage takes comes before it
        if on[stage.name] and found & set(stages.inputs_of(stage.name, on, {})):
            found.add(stage.name)
    return {name: 1 for name in ALL if name in found}


def plans(
    project: Project, settings: dict[str, dict[str, Any]], roots: dict[str, Path] | None = None
) -> dict[str, subprocess.CompletedProcess[str]]:
    """Return what dry runs of the demo's film print, each with settings of its own, by the same names.

    Args:
        project: where.
        settings: what each run's configuration says other than the project's.
        roots: for each run, the folder of its own copy of the project, where it has one.
    """
    folder = project.root / "settings"
    folder.mkdir(exist_ok=True)

    def plan(number: int, name: str) -> subprocess.CompletedProcess[str]:
        path = folder / f"{number}.yaml"
        given = {"films": project.sheet, "output_root": project.output_root, **settings[name]}
        path.write_text(yaml.safe_dump(given, allow_unicode=True), encoding="utf-8")
        target = f"{given['output_root']}/{Path(project.target('a')).relative_to(project.output_root)}"
        command = [".venv/bin/snakemake", "--profile", "profiles/local-cpu", target, "-n", "--configfile", str(path)]
        return carry_out(command, (roots or {}).get(name, project.root), environment())

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return dict(zip(settings, pool.map(plan, *zip(*enumerate(settings), strict=True)), strict=True))


def nested(key: str, value: Any) -> dict[str, Any]:
    section, _, name = key.partition(".")
    return {section: {name: value}} if name else {section: value}


def leaves(config: dict[str, Any]) -> set[str]:
    inner = {f"{section}.{name}" for section, keys in config.items() if isinstance(keys, dict) for name in keys}
    return inner | {key for key, value in config.items() if not isinstance(value, dict)}


def configured() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((support.ROOT / "config" / "config.yaml").read_text("utf-8"))
    return found


def sheet_with(project: Project, name: str, **values: object) -> str:
    """Write the demo's sheet once more with other values in its one row; return its name."""
    with (project.root / project.sheet).open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file, delimiter="\t")
    with (project.root / name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, row, delimiter="\t", lineterminator="\n")
        writer.writeheader()
        writer.writerow({**row, **values})
    return name


def test_every_key_is_in_the_table() -> None:
    missing = leaves(configured()) - set(KEYS) - set(OTHERS)
    assert not missing, f"say in NOT_OF_STAGES of {Path(__file__).name} what {sorted(missing)} may be"
    assert set(KEYS) | set(OTHERS) == leaves(configured()), "a key of the table is gone"


def test_every_value_in_the_table_is_another_one() -> None:
    config = configured()
    for key, change in KEYS.items():
        section, _, name = key.partition(".")
        assert config[section][name] != change.value, key


@pytest.mark.usefixtures("hub")  # a model that is not here is fetched
def test_every_key_runs_again_the_stages_that_read_it_and_what_follows_and_no_more(stood_in: Project) -> None:
    (stood_in.root / "bbc").touch()  # a path, where a key wants one
    found = plans(stood_in, {key: nested(key, change.value) for key, change in KEYS.items()})
    wrong = {
        key: (planned(found[key]), expected)
        for key, change in KEYS.items()
        if planned(found[key]) != (expected := and_what_follows(change.read_by))
    }
    assert wrong == {}


def test_settings_of_the_cache_and_the_logs_run_nothing_again(stood_in: Project) -> None:
    (stood_in.root / "mine.yaml").write_text("growth: 3\nstages: {asr: {cores: 2, mem_mb: 9}}\n", encoding="utf-8")
    found = plans(stood_in, {key: nested(key, value) for key, value in NOT_OF_STAGES.items()})
    assert {key: planned(done) for key, done in found.items()} == {key: {} for key in NOT_OF_STAGES}


def test_values_that_change_places_are_a_change(stood_in: Project) -> None:
    ours = configured()["translation"]
    swapped = {"batch_size": ours["beam_size"], "beam_size": ours["batch_size"]}
    found = plans(stood_in, {"swapped": {"translation": swapped}})
    assert planned(found["swapped"]) == and_what_follows(["translation"])


def test_switching_a_stage_off_runs_again_what_took_something_from_it(stood_in: Project) -> None:
    found = plans(stood_in, {name: nested(f"stages.{name}", False) for name in ALL})
    for name in ALL:
        if name in NEEDED:
            assert found[name].returncode != 0 and "switched off by the key" in said(found[name])
            continue
        on = {**ON, name: False}
        changed = [
            other for other in ALL if on[other] and stages.inputs_of(other, on, {}) != stages.inputs_of(other, ON, {})
        ]
        assert planned(found[name]) == and_what_follows(changed, on), name


def test_every_column_of_the_sheet_runs_again_the_stages_that_read_it(stood_in: Project) -> None:
    with (stood_in.root / stood_in.sheet).open(encoding="utf-8") as file:
        assert set(file.readline().strip("\n").split("\t")) == set(COLUMNS) | set(OTHER_COLUMNS)
    for name in ("another.mkv", "mine.json", "mine.tsv", "names.tsv", "said.txt"):
        (stood_in.root / name).write_bytes(b"another")
    settings = {
        name: {"films": sheet_with(stood_in, f"{name}.tsv", **{name: change.value})} for name, change in COLUMNS.items()
    }
    found = plans(stood_in, settings)
    wrong = {
        name: (planned(found[name]), expected)
        for name, change in COLUMNS.items()
        if planned(found[name]) != (expected := and_what_follows(change.read_by))
    }
    assert wrong == {}


def test_every_file_that_a_stage_reads_runs_it_again_and_remarks_elsewhere_do_not(
    stood_in: Project, tmp_path: Path
) -> None:
    roots = {}
    for number, name in enumerate(FILES):
        roots[name] = tmp_path / str(number)
        subprocess.run(["cp", "-al", stood_in.root, roots[name]], check=True)
        path = roots[name] / name
        edited = path.read_bytes() + (b"\n" if name.endswith(".json") else b"\n# A remark.\n")
        path.unlink()  # its other names keep what it was
        path.write_bytes(edited)
    found = plans(stood_in, {name: {} for name in FILES}, roots)
    wrong = {
        name: (planned(found[name]), expected)
        for name, readers in FILES.items()
        if planned(found[name]) != (expected := and_what_follows(readers))
    }
    assert wrong == {}


def test_another_commit_of_a_model_is_another_model(stood_in_copy: Project) -> None:
    path = stood_in_copy.root / "config" / "models.yaml"
    models = yaml.safe_load(path.read_text("utf-8"))
    models["whisper"]["medium"]["revision"] = "0" * 40
    path.write_text(yaml.safe_dump(models), encoding="utf-8")
    assert planned(stood_in_copy.snakemake(stood_in_copy.target("a"), "-n")) == {}
    models["whisper"]["base"]["revision"] = "0" * 40
    path.write_text(yaml.safe_dump(models), encoding="utf-8")
    assert planned(stood_in_copy.snakemake(stood_in_copy.target("a"), "-n")) == and_what_follows(["asr"])


def test_touching_and_copying_files_runs_nothing_again(stood_in_copy: Project) -> None:
    made = stood_in_copy.root / stood_in_copy.output_root
    subprocess.run(["cp", "-a", made, stood_in_copy.root / "moved"], check=True)
    every = [path for path in stood_in_copy.root.rglob("*") if path.is_file() and ".venv" not in path.parts]
    random.Random(1).shuffle(every)
    for path in every:
        if ".snakemake" in path.parts or "moved" in path.parts:
            continue
        if made in path.parents:  # another file with the same bytes, and a later one at that
            copy = path.with_name(f"{path.name}.copy")
            shutil.copyfile(path, copy)
            copy.replace(path)
        else:
            os.utime(path)
    sheet_with(stood_in_copy, "same.tsv")
    settings = {"touched and copied": {}, "moved": {"output_root": "moved"}, "sheet copied": {"films": "same.tsv"}}
    found = plans(stood_in_copy, settings)
    assert {name: planned(done) for name, done in found.items()} == {name: {} for name in settings}


def test_touched_files_are_read_by_a_stage_that_runs_and_the_others_stay(stood_in_copy: Project) -> None:
    job = stood_in_copy.job("a")
    for path in job.rglob("*"):
        os.utime(path)
    done = stood_in_copy.snakemake(stood_in_copy.target("a"), subtitle='{"profile":"bbc"}')
    assert done.returncode == 0, said(done)
    again = [name for name in ALL if attempts(job, name) != ["01"]]
    assert again == ["subtitle_gen", "mux"]
