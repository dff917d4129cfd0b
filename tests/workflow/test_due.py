"""Which stages are due, by the records alone: every kind of change is seen, and nothing that is whole is done again."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from samvad.core import schemas, stages
from samvad.documents import stage_entries, stage_manifest
from samvad.runner import lacking
from samvad.settings import configuration
from samvad.workflow import done_list, due, looks
from workflow.project import Project

ALL = [stage.name for stage in stages.STAGES]
FOLDER = "2025/01/01/a/1"


def judged(project: Project, row: dict[str, Any] | None = None, **sections: dict[str, Any]) -> dict[str, due.Verdict]:
    """Return how the stages of the project's film stand, for itself each.

    Args:
        project: where.
        row: columns of the sheet that say something else now.
        sections: keys of the configuration that say something else now.
    """
    if row is not None:
        project.write_sheet({"user": "a", "media": "a.mkv", **row})
    config = yaml.safe_load((project.root / "config" / "config.yaml").read_text("utf-8"))
    config = configuration.check({**config, **{name: {**config[name], **keys} for name, keys in sections.items()}})
    films = configuration.load_films(project.root / project.sheet)
    on = {job: configuration.switches(config, film, {}) for job, film in films.items()}
    judge = due.Judge(
        config, films, project.root / project.output_root, lambda film: on[film.folder], mend=lambda: True
    )
    (job,) = films
    asked = [name for name in ALL if on[job][name]]
    listed = judge.is_settled(job, asked)  # by the list of what was done before, where that still holds
    judge.keep()
    found = judge.verdicts(job, asked)
    assert not (listed and any(verdict.due or verdict.away for verdict in found.values())), found
    return found


def stale(project: Project, row: dict[str, Any] | None = None, **sections: dict[str, Any]) -> dict[str, str]:
    """Return the stages that are due, with why."""
    return {name: found.due for name, found in judged(project, row, **sections).items() if found.due}


def record(project: Project, stage: str) -> Path:
    """Return a stage's manifest."""
    return project.job("a") / stages.BY_NAME[stage].folder / "manifest.json"


def rewrite(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change a manifest."""
    value = json.loads(path.read_text("utf-8"))
    change(value)
    path.write_text(json.dumps(value), encoding="utf-8")


@pytest.fixture(autouse=True)
def here(stood_in_copy: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in the project's folder, as Snakemake does, with nothing known of files."""
    monkeypatch.chdir(stood_in_copy.root)
    monkeypatch.setattr(done_list, "_SETTLED_NS", 0)  # what the tests change, they change at once
    forget()


def forget() -> None:
    """Forget what a process keeps in mind of files that may change between two."""
    for remembered in (due._place, looks.checksum, looks._fingerprint, looks._profile, lacking.answers):
        remembered.cache_clear()


def test_what_was_made_is_whole_without_snakemakes_memory(stood_in_copy: Project) -> None:
    shutil.rmtree(stood_in_copy.root / ".snakemake")
    assert stale(stood_in_copy) == {}


@pytest.mark.parametrize("stage", ALL)
def test_a_stage_without_a_whole_record_is_due(stood_in_copy: Project, stage: str) -> None:
    for damage in ("", "[]", "null", "{}", '{"status": 1}', "\0\0"):
        record(stood_in_copy, stage).write_text(damage, encoding="utf-8")
        assert list(stale(stood_in_copy)) == [stage], damage
    record(stood_in_copy, stage).unlink()
    assert list(stale(stood_in_copy)) == [stage]


def test_a_film_that_was_done_is_known_by_what_was_looked_at_and_no_manifest_is_read(
    stood_in_copy: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert stale(stood_in_copy) == {}
    (listed,) = (stood_in_copy.root / ".snakemake" / "samvad_done").iterdir()
    monkeypatch.setattr(due.Record, "of", lambda value: pytest.fail("a manifest is read"))
    films = configuration.load_films(stood_in_copy.root / stood_in_copy.sheet)
    config = configuration.check(yaml.safe_load(Path("config/config.yaml").read_text("utf-8")))

    def is_settled(**more: Any) -> bool:
        judge = due.Judge({**config, **more}, films, Path("made"), lambda film: dict.fromkeys(ALL, True), mend=bool)
        return judge.is_settled(FOLDER, ALL)

    assert is_settled()
    os.utime(record(stood_in_copy, "mux"))  # whatever is not as it was, is judged
    with pytest.raises(pytest.fail.Exception, match="a manifest is read"):
        is_settled()
    for damage in ("", "[]", '{"version": 1}', listed.read_text("utf-8")[:-9]):
        listed.write_text(damage, encoding="utf-8")
        with pytest.raises(pytest.fail.Exception, match="a manifest is read"):
            is_settled()


def test_a_film_that_is_asked_for_twice_is_not_listed_without_what_it_was_judged_by(
    stood_in_copy: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    films = configuration.load_films(stood_in_copy.root / stood_in_copy.sheet)
    config = configuration.check(yaml.safe_load(Path("config/config.yaml").read_text("utf-8")))
    judge = due.Judge(config, films, Path("made"), lambda film: dict.fromkeys(ALL, True), mend=lambda: True)
    for settled_ns in (1 << 62, 0):  # at first something has changed just now
        monkeypatch.setattr(done_list, "_SETTLED_NS", settled_ns)
        assert judge.is_settled(FOLDER, ALL)
    judge.keep()
    assert not list((stood_in_copy.root / ".snakemake").glob("samvad_done/*"))


def test_a_profile_of_many_files_and_a_file_that_takes_the_place_of_another_are_looked_at(
    stood_in_copy: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    for own, above in (("one", "netflix-sdh"), ("two", "one.yaml")):
        Path(f"{own}.yaml").write_text(f"title: {own}\nextends: {above}\nrules: {{}}\n", encoding="utf-8")
    monkeypatch.setenv("SAMVAD_WORK", str(stood_in_copy.root))
    name = "config/subtitle_profiles/bbc.yaml"
    Path(name).unlink(missing_ok=True)
    with looks.noting() as notes:
        assert len(looks.profile("two.yaml")) == 4
        assert looks.place(name) == schemas.ROOT / name
    films = configuration.load_films(stood_in_copy.root / stood_in_copy.sheet)
    listed = done_list.DoneList(Path("made"), "")
    listed.add(films[FOLDER], ALL, notes)
    assert listed.holds(films[FOLDER], ALL)
    Path(name).parent.mkdir(exist_ok=True, parents=True)
    Path(name).write_text("extends: netflix\n", encoding="utf-8")
    assert not listed.holds(films[FOLDER], ALL)


def test_every_key_is_seen(stood_in_copy: Project) -> None:
    for stage in stages.STAGES:
        for item in stage.config_options:
            if item.place:
                continue  # it says where or by how many the work is done, and changes no result
            if item.kind == "boolean" or item.minimum is not None or item.above is not None:
                least = item.minimum if item.minimum is not None else (item.above or 0) + 0.125
                value = (not item.default) if item.kind == "boolean" else least if least != item.default else least + 1
                assert stale(stood_in_copy, **{stage.key: {item.name: value}}).keys() == {stage.name}, item.name


def test_a_number_that_is_written_in_another_way_is_no_change(stood_in_copy: Project) -> None:
    assert stale(stood_in_copy, asr={"max_sentence_seconds": 14}) == {}


def test_another_code_is_seen_and_code_that_nobody_recorded_too(stood_in_copy: Project) -> None:
    rewrite(record(stood_in_copy, "ner"), lambda value: value["software"].update(code="0" * 16))
    rewrite(record(stood_in_copy, "mux"), lambda value: value["software"].pop("code"))
    assert stale(stood_in_copy) == dict.fromkeys(["ner", "mux"], "its code has changed")


def test_other_packages_in_an_environment_are_seen_unless_snakemake_is_told_not_to_heed_them(
    stood_in_copy: Project,
) -> None:
    rewrite(record(stood_in_copy, "ner"), lambda value: value["software"].update(lock_hash="sha256:" + "0" * 64))
    assert stale(stood_in_copy) == {"ner": "envs/asr.yaml has other packages"}


@pytest.mark.parametrize(
    ("stage", "section", "key"),
    [
        ("asr", "asr", "model"),
        ("asr", "asr", "align_model"),
        ("translation", "translation", "indictrans2_dir"),
        ("translation", "translation", "nllb_dir"),
        ("translation", "translation", "whisper_model"),
        ("ner", "ner", "indic_model"),
        ("lyrics_detection", "lyrics", "yamnet_model"),
    ],
)
def test_other_weights_in_a_folder_are_seen_whatever_their_size(
    stood_in_copy: Project, stage: str, section: str, key: str
) -> None:
    folder = stood_in_copy.root / "weights"
    (folder / "inner").mkdir(parents=True)
    weights = folder / "inner" / "model.bin"
    weights.write_bytes(bytes(1 << 19))
    option = next(item for item in stages.BY_NAME[stage].all_options if item.name == key)
    told = {section: {key: str(folder)}}
    contents = {"option": option.name, "path": str(folder), "fingerprint": looks._fingerprint(str(folder))}

    def as_run(value: dict[str, Any]) -> None:
        value["config"][key] = str(folder)
        value["contents"] = [*value["contents"], {**contents, "checksum": looks.checksum(str(folder))}]

    rewrite(record(stood_in_copy, stage), as_run)
    assert stale(stood_in_copy, **told) == {}
    with weights.open("r+b") as file:  # neither its size nor what a sample would look at
        file.seek(100_000)
        file.write(b"\1")
    forget()
    assert stale(stood_in_copy, **told) == {stage: f"{key}: {folder} holds something else"}
    shutil.rmtree(folder)
    found = judged(stood_in_copy, **told)[stage]
    assert (found.due, found.away) == ("", [f"{key} {folder}"]), "what cannot be looked at is no change"


def test_another_pinned_commit_is_another_model(stood_in_copy: Project) -> None:
    rewrite(record(stood_in_copy, "asr"), lambda value: value["pinned"].update(model="0" * 40))
    assert stale(stood_in_copy) == {"asr": "config/models.yaml pins another commit of base"}


def test_a_film_that_was_edited_in_place_is_another_film(stood_in_copy: Project) -> None:
    film = stood_in_copy.root / "a.mkv"
    film.write_bytes(b"A film")
    assert list(stale(stood_in_copy)) == ["demux"]


def test_a_film_that_was_touched_copied_or_moved_is_the_same(stood_in_copy: Project) -> None:
    film = stood_in_copy.root / "a.mkv"
    os.utime(film)
    assert stale(stood_in_copy) == {}
    shutil.copyfile(film, stood_in_copy.root / "b.mkv")
    assert stale(stood_in_copy, {"media": "b.mkv"}) == {}
    film.rename(stood_in_copy.root / "c.mkv")
    assert stale(stood_in_copy, {"media": "c.mkv"}) == {}


def test_subtitles_that_were_read_beside_a_film_are_seen_when_they_change_and_go(stood_in_copy: Project) -> None:
    path = stood_in_copy.root / "a.hi.srt"
    path.write_text("said", encoding="utf-8")
    (film,) = (item for item in json.loads(record(stood_in_copy, "demux").read_text("utf-8"))["inputs"])
    shown = str(Path(film["path"]).with_name(path.name))  # the project is a copy: its records name another folder
    read = stage_entries.file_record(path, "existing_subtitles", shown=shown, outside=True)
    rewrite(record(stood_in_copy, "demux"), lambda value: value["inputs"].append(vars(read)))
    assert stale(stood_in_copy) == {}
    path.write_text("another", encoding="utf-8")
    assert stale(stood_in_copy) == {"demux": f"{path} has changed"}
    path.write_text("said", encoding="utf-8")
    (stood_in_copy.root / "films").mkdir()
    for name in ("a.mkv", "a.hi.srt"):
        (stood_in_copy.root / name).rename(stood_in_copy.root / "films" / name)
    assert stale(stood_in_copy, {"media": "films/a.mkv"}) == {}
    (stood_in_copy.root / "films" / "a.hi.srt").unlink()
    gone = f"{stood_in_copy.root / 'films' / 'a.hi.srt'} is there no more"
    assert stale(stood_in_copy, {"media": "films/a.mkv"}) == {"demux": gone}


def test_what_is_away_is_named_and_no_change(stood_in_copy: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schemas, "ROOT", stood_in_copy.root)  # what a folder has not, the project has
    (stood_in_copy.root / "a.mkv").unlink()
    (stood_in_copy.root / "config" / "glossary" / "hinglish.tsv").unlink()
    (stood_in_copy.root / "config" / "hallucinations" / "hi.tsv").unlink()
    found = judged(stood_in_copy)
    assert {name: verdict.away for name, verdict in found.items() if verdict.away} == {
        "demux": ["the film a.mkv"],
        "glossary_load": ["files config/glossary/hinglish.tsv"],
        "hallucination_removal": ["phrases config/hallucinations/hi.tsv"],
        "translation": ["phrases config/hallucinations/hi.tsv"],
    }
    assert not any(verdict.due for verdict in found.values())


def test_a_glossary_that_was_edited_is_seen(stood_in_copy: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schemas, "ROOT", stood_in_copy.root)
    with (stood_in_copy.root / "config" / "glossary" / "hinglish.tsv").open("a", encoding="utf-8") as file:
        file.write("\n")
    assert list(stale(stood_in_copy)) == ["glossary_load"]


def test_a_result_that_is_gone_or_was_cut_short_is_made_again_and_what_is_for_stages_may_go(
    stood_in_copy: Project,
) -> None:
    job = stood_in_copy.job("a")
    (job / "01_demux" / "audio.json").unlink()
    assert stale(stood_in_copy) == {}
    (job / "10_mux" / "subtitled_film.json").unlink()
    (job / "09_subtitle_gen" / "srt_en.json").write_bytes(b"")
    assert stale(stood_in_copy) == {
        "subtitle_gen": "09_subtitle_gen/srt_en.json is not what it wrote",
        "mux": "10_mux/subtitled_film.json is gone",
    }


def test_a_file_for_stages_that_is_gone_is_made_again_when_one_of_them_has_missed_it(stood_in_copy: Project) -> None:
    audio, reader = stood_in_copy.job("a") / "01_demux" / "audio.json", record(stood_in_copy, "lyrics_detection")
    audio.unlink()
    done, tried = json.loads(reader.read_text("utf-8")), reader.parent / "attempts" / "10"
    error = {"timestamp": done["timestamp"], "type": "ChangedFileError", "category": "changed", "traceback": ""}
    errors = [{**error, "message": "It is gone.", "file": str(audio)}]
    tried.mkdir()
    (tried / "manifest.json").write_text(json.dumps({**done, "status": "failed", "errors": errors}), encoding="utf-8")
    assert stale(stood_in_copy) == {}, "it is done all the same"
    reader.unlink()
    found = stale(stood_in_copy)
    assert found.keys() == {"demux", "lyrics_detection"} and found["demux"] == "01_demux/audio.json is gone"


def test_files_that_were_copied_without_their_times_are_what_they_were(stood_in_copy: Project) -> None:
    for path in stood_in_copy.job("a").rglob("*.json"):
        os.utime(path)
    assert stale(stood_in_copy) == {}


def test_decisions_and_corrections_are_seen_when_they_come_change_and_go(stood_in_copy: Project) -> None:
    job = stood_in_copy.job("a")
    for place, stage in (
        ("review/songs.tsv", "lyrics_detection"),
        ("review/quarantine.tsv", "hallucination_removal"),
        ("review/shorter.tsv", "subtitle_gen"),
        ("corrections/en.srt", "subtitle_gen"),
    ):
        path = job / place
        path.parent.mkdir(exist_ok=True)
        path.write_text("decided", encoding="utf-8")
        assert stale(stood_in_copy) == {stage: f"{path} is there now"}
        kind = "correction_en" if place.startswith("corrections") else "review"
        read = stage_entries.file_record(path, kind, shown=str(path), outside=True)
        rewrite(record(stood_in_copy, stage), lambda value, read=read: value["inputs"].append(vars(read)))
        assert stale(stood_in_copy) == {}
        path.write_text("another", encoding="utf-8")
        assert stale(stood_in_copy) == {stage: f"{path} has changed"}
        path.unlink()
        assert stale(stood_in_copy) == {stage: f"{path} is there no more"}
        rewrite(record(stood_in_copy, stage), lambda value: value["inputs"].pop())


def test_decisions_in_a_folder_that_is_away_are_no_change(stood_in_copy: Project) -> None:
    read = {"type": "review", "path": "/away/songs.tsv", "size_bytes": 1, "mtime_ns": 1, "checksum": "sha256:"}
    rewrite(record(stood_in_copy, "lyrics_detection"), lambda value: value["inputs"].append({**read, "media": None}))
    found = judged(stood_in_copy, {"review": "/away"})
    assert found["lyrics_detection"].away == ["/away/songs.tsv"] and not found["lyrics_detection"].due


def test_a_stage_that_was_switched_off_is_a_change_for_those_that_took_something_from_it(
    stood_in_copy: Project,
) -> None:
    assert list(stale(stood_in_copy, {"stages_off": "ner"})) == ["lyrics_detection", "subtitle_gen"]


def test_what_a_stage_before_it_made_anew_is_seen_and_the_same_made_anew_is_no_change(stood_in_copy: Project) -> None:
    later = {"started_at": "2030-01-01T00:00:00.000Z", "attempt": 7}
    rewrite(record(stood_in_copy, "tmdb"), lambda value: value.update(later))
    assert stale(stood_in_copy) == {}
    rewrite(record(stood_in_copy, "tmdb"), lambda value: value.update(status="skipped", outputs=[]))
    assert set(stale(stood_in_copy)) == {"glossary_load", "ner", "lyrics_detection"}


def skipped(project: Project, **why: str | None) -> None:
    """Let stage 02 have been skipped, and the stages after it have been given that."""
    nothing = {"because": "unset", "variable": None, "reason": "r", "value": None, "endpoint": None, "url": None}
    rewrite(record(project, "tmdb"), lambda value: value.update(status="skipped", outputs=[], skip={**nothing, **why}))
    result = stage_manifest.result_hash("skipped", ())
    for stage in ("glossary_load", "ner", "lyrics_detection"):
        rewrite(
            record(project, stage),
            lambda value: [item.update(result=result) for item in value["given"] if item["option"] == "tmdb"],
        )


def test_a_key_that_is_set_after_a_run_without_one_makes_its_stage_due(
    stood_in_copy: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TMDB_API_KEY", raising=False)
    skipped(stood_in_copy, variable="TMDB_API_KEY", value="")
    assert stale(stood_in_copy) == {}
    monkeypatch.setenv("TMDB_API_KEY", "a key")
    assert list(stale(stood_in_copy)) == ["tmdb"]
    skipped(stood_in_copy, variable="TMDB_API_KEY", value=stage_entries.variable_value("TMDB_API_KEY"))
    assert stale(stood_in_copy) == {}, "the same key was refused before"


def test_a_skip_because_a_service_was_away_is_tried_again_when_it_answers_and_not_before(
    stood_in_copy: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SAMVAD_CACHE", str(tmp_path / "cache"))
    skipped(stood_in_copy, because="unanswered", endpoint="test", url="http://127.0.0.1:9/")
    assert stale(stood_in_copy) == {}
    lacking.answers.cache_clear()
    monkeypatch.setattr(lacking.http, "probe", lambda *given: 404)
    assert list(stale(stood_in_copy)) == ["tmdb"]


def test_a_second_best_result_is_due_when_what_it_lacked_is_to_be_had_on_the_machine_that_made_it(
    stood_in_copy: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SAMVAD_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "aligner"
    lack = {"what": "the aligner for hi", "place": str(folder), "endpoint": "hub", "url": "http://127.0.0.1:9/"}
    rewrite(record(stood_in_copy, "asr"), lambda value: value.update(lacks=[lack]))
    assert stale(stood_in_copy) == {}
    folder.mkdir()
    assert stale(stood_in_copy) == {"asr": "the aligner for hi, is there now"}
    rewrite(record(stood_in_copy, "asr"), lambda value: value["host"].update(name="another machine"))
    assert stale(stood_in_copy) == {}
    lacking.answers.cache_clear()
    monkeypatch.setattr(lacking.http, "probe", lambda *given: 200)
    assert stale(stood_in_copy) == {"asr": "http://127.0.0.1:9/ answers again (the aligner for hi)"}


def test_manifests_from_a_clock_that_was_ahead_get_the_time_of_now(stood_in_copy: Project) -> None:
    ahead = time.time() + 3600
    os.utime(record(stood_in_copy, "asr"), (ahead, ahead))
    assert stale(stood_in_copy) == {}
    assert record(stood_in_copy, "asr").stat().st_mtime <= time.time()


def test_a_copy_of_the_jobs_elsewhere_keeps_what_it_is(stood_in_copy: Project) -> None:
    shutil.copytree(stood_in_copy.root / "made", stood_in_copy.root / "moved")
    shutil.rmtree(stood_in_copy.root / "made")
    assert stale(Project(stood_in_copy.root, stood_in_copy.sheet, "moved")) == {}
