"""`samvad`: a film by whatever it is called, the command that runs, settings of one's own, words that were meant."""

from __future__ import annotations

import argparse
import json
import os
import pwd
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import support
from samvad.commands import _running, config, correct, doctor, film, remove, rerun, shelf, watch
from samvad.commands import list as list_films
from samvad.core import places, schemas
from samvad.core.errors import ConfigurationError
from samvad.documents import beside_files, job_manifest, live_run, run_record
from samvad.documents.run_record import RunRecord
from samvad.settings import configuration, naming
from samvad.workflow import command

HEADER = "film\tmedia\ttitle\tyear\tsource\ttargets\tuser\tdate\tjob\tworkflow\n"


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project's folder with two films in three jobs."""
    (tmp_path / "config").mkdir()
    whole = (schemas.ROOT / "config" / "config.yaml").read_text("utf-8")
    (tmp_path / "config" / "config.yaml").write_text(whole, "utf-8")
    shutil.copy(schemas.ROOT / "config" / "models.yaml", tmp_path / "config")
    (tmp_path / "config" / "films.tsv").write_text(
        HEADER + "sholay\t/films/a.mkv\tशोले Sholay\t1975\thi\ten\tme\t2025-01-01\t1\tsubtitle\n"
        "don\t/films/b.mkv\tDon\t1978\thi\ten\tme\t2025-01-01\t2\tsubtitle\n"
        "don\t/films/b.mkv\tDon\t1978\thi\tta\tme\t2025-01-02\t1\tsubtitle\n",
        "utf-8",
    )
    for job in ("01/me/1", "01/me/2", "02/me/1"):
        (tmp_path / "out/2025/01" / job).mkdir(parents=True)
    monkeypatch.setattr(schemas, "ROOT", tmp_path)
    return tmp_path


def test_a_message_names_the_command_as_it_was_called(tmp_path: Path) -> None:
    on_path, work = tmp_path / "bin", tmp_path / "my films"
    on_path.mkdir(), (work / "config").mkdir(parents=True)
    (work / "config" / "films.tsv").write_text(HEADER, "utf-8")
    (on_path / "samvad").symlink_to(support.ROOT / "samvad")
    paths = os.environ["PATH"]

    def typed(*words: str, folder: Path = tmp_path, path: str = paths) -> str:
        given = {key: value for key, value in os.environ.items() if not key.startswith("SAMVAD_")}
        done = subprocess.run(
            [*words, "-d", "my films" if folder == tmp_path else work, "why", "no film"], cwd=folder,
            env={**given, "PATH": path}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode != 0
        return done.stderr

    assert "`./samvad -d " in typed("./samvad", folder=support.ROOT)
    assert f"`{support.ROOT}/samvad -d my\\ films list`" in typed(str(support.ROOT / "samvad"))
    assert "`samvad -d my\\ films list`" in typed("samvad", path=f"{on_path}:{paths}")


def test_where_snakemake_was_called_a_message_names_the_command_as_the_shell_finds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SAMVAD_CALLED", raising=False)
    monkeypatch.delenv("SAMVAD_WORK", raising=False)
    monkeypatch.chdir(support.ROOT)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    assert places.own_command() == "./samvad"
    monkeypatch.chdir(tmp_path)
    assert places.own_command() == f"{support.ROOT}/samvad"
    monkeypatch.setenv("SAMVAD_WORK", f"{tmp_path}/a b")
    assert places.own_command() == f"{support.ROOT}/samvad -d '{tmp_path}/a b'"
    (tmp_path / "samvad").symlink_to(support.ROOT / "samvad")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert places.own_command() == f"samvad -d '{tmp_path}/a b'"


@pytest.mark.parametrize(
    ("named", "folder"),
    [
        ("sholay", "2025/01/01/me/1"),
        ("शोले  sholay", "2025/01/01/me/1"),
        ("/films/a.mkv", "2025/01/01/me/1"),
        ("DON (1978)", "2025/01/02/me/1"),
        ("don", "2025/01/02/me/1"),
        ("2025/01/01/me/2", "2025/01/01/me/2"),
        ("out/2025/01/01/me/2/10_mux/manifest.json", "2025/01/01/me/2"),
    ],
)
def test_a_film_is_found_by_whatever_it_is_called(named: str, folder: str, own: Path) -> None:
    os.chdir(own)
    job = naming.find(named, configuration.project())
    assert job.folder == own / "out" / folder
    assert job.film is not None
    assert job.film.folder == folder


def test_a_folder_of_jobs_that_is_a_link_to_nothing_is_named_with_what_may_be_away(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "away")
    (tmp_path / "file").touch()
    for place in (tmp_path / "link", tmp_path / "link" / "films"):
        with pytest.raises(ConfigurationError, match=r"link to .*away, where nothing is.* Is its disk away"):
            naming.look_at_output_root(place)
    with pytest.raises(ConfigurationError, match="file is no folder"):
        naming.look_at_output_root(tmp_path / "file" / "out")
    for place in (tmp_path, tmp_path / "new" / "out", Path("out")):
        naming.look_at_output_root(place)


def test_films_are_found_though_a_row_of_the_sheet_is_wrong(own: Path) -> None:
    known = naming.films(configuration.project())
    with (own / "config" / "films.tsv").open("a", encoding="utf-8") as file:
        file.write("wrong\t/films/c.mkv\tWrong\t1978\thi\ten\tme\t2025-13-01\t1\tsubtitle\n")
    assert naming.films(configuration.project()) == known
    assert naming.find("sholay", configuration.project()).folder == own / "out/2025/01/01/me/1"


@pytest.mark.parametrize("named", ["", " ", "sholai", "2025/01/01/me/9", "/films/c.mkv"])
def test_what_is_no_film_is_refused_with_those_that_are_called_nearly_so(named: str, own: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        naming.find(named, configuration.project())
    assert "'sholay'" in str(caught.value) if named == "sholai" else "samvad list`" in str(caught.value)


def test_films_can_be_listed_by_every_state_that_a_manifest_has(own: Path) -> None:
    states = schemas.schema("job_manifest")["properties"]["pipeline"]["properties"]["status"]["enum"]
    for state in states:
        assert list_films.main(["--state", state]) == 0


def test_a_film_whose_records_were_deleted_is_not_called_done(tmp_path: Path) -> None:
    job = support.make_job(tmp_path)
    run_record.write(job, RunRecord(run_id="film_run1", stamp="20250101_120000", film="film"))
    support.finished_stage(job, "demux", {"audio": ("audio.wav", b"RIFF"), "probe": ("probe.json", b"{}")})
    made = job_manifest.write(job, ["demux"], live_run.RunState())
    assert made.pipeline.status == job_manifest.status(job) == "success"
    (job / "01_demux" / "manifest.json").unlink()
    assert job_manifest.status(job) == job_manifest.GONE


def test_films_are_listed_for_people_and_for_programs(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert list_films.main([]) == 0
    assert capsys.readouterr().out.splitlines()[0].split() == [
        "sholay", "not", "begun", "hi", ">", "en", "2025/01/01/me/1", "शोले", "Sholay",
    ]  # fmt: skip
    assert list_films.main(["--json", "--state", "not begun"]) == 0
    assert [one["job"] for one in json.loads(capsys.readouterr().out)][2] == "2025/01/02/me/1"


def test_a_removed_film_is_gone_with_its_results_and_its_other_job_stays(
    own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ConfigurationError, match="several jobs"):
        remove.main(["don", "--yes"])
    assert remove.main(["2025/01/01/me/2"]) == 1  # nobody is there to agree
    assert len(naming.films(configuration.project())) == 3
    assert remove.main(["2025/01/01/me/2", "--yes"]) == 0
    assert list(naming.films(configuration.project())) == ["2025/01/01/me/1", "2025/01/02/me/1"]
    assert not (own / "out/2025/01/01/me/2").exists()
    assert (own / "out/2025/01/02/me/1").is_dir()


def test_a_folder_that_is_called_like_a_jobs_is_not_removed(own: Path) -> None:
    photos, empty = own / "photos/2024/01/02/holiday/1", own / "out/2024/01/02/me/1"
    for folder in (photos, empty):
        folder.mkdir(parents=True)
        (folder / "kept.jpg").touch()
        with pytest.raises(ConfigurationError, match=r"no job's folder of this project|There is no film"):
            remove.main([str(folder / "kept.jpg"), "--yes"])
        assert (folder / "kept.jpg").is_file()


def test_a_job_elsewhere_is_shown_and_never_removed_and_no_path_leads_to_another_job(own: Path) -> None:
    foreign = own / "other/2024/01/02/me/1"
    foreign.mkdir(parents=True)
    (foreign / "manifest.json").write_text("{}")
    settings = configuration.project()
    assert naming.find(str(foreign), settings) == naming.Job(foreign, None)
    with pytest.raises(ConfigurationError, match="no job's folder of this project"):
        remove.main([str(foreign), "--yes"])
    for named in ("/nowhere/2025/01/01/me/1", "99992025/01/01/me/1"):
        with pytest.raises(ConfigurationError, match="There is no film"):
            naming.find(named, settings)
    up = naming.find(str(own / "out/2025/01/01/me/1/../2"), settings)
    assert up.folder == own / "out/2025/01/01/me/2"
    link = own / "out/2025/01/01/me/5"
    link.symlink_to(foreign)
    with pytest.raises(ConfigurationError, match="no job's folder"):
        remove.main([str(link), "--yes"])
    assert (foreign / "manifest.json").is_file()


def test_targets_stand_before_options_of_several_words(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[list[str]] = []
    monkeypatch.setattr(command.subprocesses, "hand_over", lambda words, *_: given.append(words) or 0)
    command.run("profiles/local-cpu", ["out/manifest.json"], ["--forcerun", "asr"])
    assert given[0][-3:] == ["out/manifest.json", "--forcerun", "asr"]


def test_many_targets_are_named_by_a_file_that_is_read_again(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[list[str]] = []
    monkeypatch.setattr(command.subprocesses, "hand_over", lambda words, *_: given.append(words) or 0)
    monkeypatch.chdir(places.work())
    targets = [f"out/2025/01/01/me/{number}/10_mux/manifest.json" for number in range(40_000)]
    command.run("profiles/local-cpu", targets, ["-n"])
    (word,) = (word for word in given[0] if word.startswith("@"))
    assert len(given[0]) < 10 and command.listed(word) == targets
    assert command.listed("subtitle") == ["subtitle"]
    for number in range(20):
        command.run("profiles/local-cpu", targets[number:], [])
    lists = list((places.work() / ".snakemake" / "samvad_targets").iterdir())
    assert 10 <= len(lists) <= 11, lists
    (places.work() / "bad.txt").write_bytes(b"\xff")
    with pytest.raises(ConfigurationError, match=r"bad\.txt, a list of what is asked for, cannot be read"):
        command.listed("@bad.txt")
    with pytest.raises(
        ConfigurationError, match=r"none\.txt, a list of what is asked for, cannot be read: .*No such file"
    ):
        command.listed("@none.txt")


@pytest.mark.parametrize("text", ["", "\n", " \r\n\n", "\ufeff"])
def test_a_list_that_names_nothing_is_refused_for_without_a_word_all_films_are_made(tmp_path: Path, text: str) -> None:
    (tmp_path / "list.txt").write_text(text, "utf-8")
    with pytest.raises(ConfigurationError, match=r"list\.txt, a list of what is asked for, names nothing"):
        command.listed(f"@{tmp_path / 'list.txt'}")


def test_a_list_may_be_written_by_any_editor(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_bytes("\ufeffout/a/manifest.json\r\n\r\nout/फ़िल्म/manifest.json".encode())
    assert command.listed(f"@{tmp_path / 'list.txt'}") == ["out/a/manifest.json", "out/फ़िल्म/manifest.json"]


def test_the_command_that_is_printed_can_be_pasted_where_somebody_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = command.words("profiles/local-cpu", ["out/a b/manifest.json"], [])
    monkeypatch.chdir(schemas.ROOT)
    here = command.shown(given)
    assert here == ".venv/bin/snakemake --profile profiles/local-cpu 'out/a b/manifest.json'"
    monkeypatch.chdir(tmp_path)
    assert command.shown(given) == f"cd {schemas.ROOT} && {here}"


def test_ones_own_settings_lie_over_the_projects_and_wrong_ones_are_not_written(
    own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    local = own / "config/local.yaml"
    local.write_text("# mine\noutput_root: elsewhere\n")
    assert config.main(["set", "asr.beam_size", "3"]) == 0
    assert configuration.project()["asr"]["beam_size"] == 3
    assert configuration.project()["output_root"] == "elsewhere"
    before = local.read_bytes()
    assert before.startswith(b"# mine\n")
    for key, value, said in (("asr.beam_size", "many", "beam_size"), ("asr.beamsize", "3", "asr.beam_size?")):
        with pytest.raises(ConfigurationError) as caught:
            config.main(["set", key, value])
        assert said in str(caught.value)
    assert local.read_bytes() == before
    assert config.main(["show", "asr.beam_size"]) == 0
    assert "asr.beam_size: 3    # config/local.yaml" in capsys.readouterr().out
    assert config.main(["unset", "asr.beam_size"]) == 0
    assert config.main(["unset", "output_root"]) == 0
    assert not local.exists()


def test_a_wrong_file_of_settings_is_mended_key_by_key_and_a_section_is_no_key(
    own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    local = own / "config/local.yaml"
    local.write_text("asr: {modle: large, beam_size: 99999}\n")
    with pytest.raises(ConfigurationError, match="asr is a section"):
        config.main(["set", "asr", "{}"])
    assert config.main(["set", "asr.beam_size", "3"]) == 2
    assert "still wrong" in capsys.readouterr().out
    assert config.main(["unset", "asr.modle"]) == 0
    assert local.read_text() == "asr:\n  beam_size: 3\n"
    capsys.readouterr()
    assert config.main(["show", "asr.beam_size", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"asr.beam_size": {"value": 3, "file": "config/local.yaml"}}


def test_a_dry_run_writes_no_row_and_ones_own_rows_leave_the_projects_sheet(
    own: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (own / "film.mkv").write_bytes(b"\x1a\x45\xdf\xa3\x00\x01 no text")
    sheet, mine = own / "config/films.tsv", own / "config/films.local.tsv"
    demo = "demo\tsample.mp4\tDemo\t2025\ten\ten\tdemo\t2025-01-01\t1\tsubtitle\n"
    sheet.write_text(sheet.read_text("utf-8") + demo, "utf-8")
    before = sheet.read_bytes()
    planned: list[tuple[list[str], str]] = []

    def look(words: list[str], *_: object) -> int:
        name = next((word.removeprefix("films=") for word in words if word.startswith("films=")), "")
        planned.append((words, Path(name).read_text("utf-8") if name else ""))
        return 0

    monkeypatch.setattr(command.subprocesses, "hand_over", look)
    assert film.main([str(own / "film.mkv"), "--source", "hi", "-n", "--", "--config", "output_root=made"]) == 0
    words, rows = planned.pop()
    assert words[-1] == "output_root=made" and words[-3] == "--config", "two of --config would not do"
    assert "film.mkv" in rows and "sholay" in rows and not Path(words[-2].removeprefix("films=")).exists()
    assert sheet.read_bytes() == before and not mine.exists()
    film.main([str(own / "film.mkv"), "--source", "hi"])
    assert sheet.read_text("utf-8") == HEADER + demo
    assert "3 rows of yours are in" in capsys.readouterr().out
    found = naming.films(configuration.project()).values()
    assert sorted(one.film for one in found) == ["demo", "don", "don", "film", "sholay"]
    assert film.main([str(own / "film.mkv"), "--source", "hi", "--title", "Another"]) == 1
    assert [one.title for one in naming.films(configuration.project()).values() if one.film == "film"] == ["Another"]


def test_films_with_subtitles_are_passed_over_get_no_row_and_the_others_say_why_not(
    own: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    films = own / "films"
    films.mkdir()
    for number, name in enumerate(("With.mkv", "Forced.mkv")):
        made = [
            "-f",
            "lavfi",
            "-i",
            f"testsrc2=size=64x64:duration={2 + number}",
            "-f",
            "lavfi",
            "-i",
            "sine=duration=2",
        ]
        subprocess.run(["ffmpeg", "-v", "error", "-nostdin", *made, films / name], check=True)
        os.utime(films / name, (1, 1))
    for name in ("With.en.srt", "Forced.en.forced.srt"):
        (films / name).write_text("1\n00:00:00,100 --> 00:00:01,900\nWhere are you going?\n", encoding="utf-8")
    planned: list[list[str]] = []
    monkeypatch.setattr(command.subprocesses, "hand_over", lambda words, *_, **__: planned.append(words) or 0)

    def rows() -> list[str]:
        known = naming.films(configuration.project()).values()
        return sorted(one.title for one in known if one.title in ("With", "Forced"))

    asked = ["--source", "hi", "--targets", "en", "--skip-existing"]
    assert film.main([str(films / "With.mkv"), *asked]) == 0
    assert "'With' is skipped, for it has subtitles: With.en.srt: English (srt)." in capsys.readouterr().out
    assert (rows(), planned) == ([], [])
    read: list[Path] = []
    of_all = beside_files.of_all
    monkeypatch.setattr(beside_files, "of_all", lambda root: read.append(root) or of_all(root))
    shelf.main([str(films), *asked, "--settle-seconds", "0"])
    assert len(read) == 1, "the records of all jobs are not read for each film"
    said = capsys.readouterr().out
    assert "Skipped: they have subtitles already (1):" in said and "With.mkv: With.en.srt: English (srt)" in said
    assert "no subtitles in English; Forced.en.forced.srt: English, forced (srt) does not count" in said
    assert rows() == ["Forced"] and len(planned) == 1
    watch.main([str(films), *asked, "--settle-seconds", "0", "--once"])
    assert rows() == ["Forced"]
    assert film.main([str(films / "With.mkv"), "--source", "hi", "--targets", "en,hi", "--skip-existing", "-n"]) == 0
    said = capsys.readouterr().out
    assert "'With' has these subtitles already:\n  With.en.srt: English (srt)" in said
    assert "'With' is not skipped: no subtitles in Hindi." in said
    (films / "With.en.srt").unlink()
    assert film.main([str(films / "With.mkv"), "-n"]) == 0
    assert "'With' has no subtitles yet, in it or beside it.\n" in capsys.readouterr().out


@pytest.mark.parametrize("main", [film.main, shelf.main])
def test_a_mistyped_model_is_refused_before_any_row_is_written(main: Any, own: Path) -> None:
    (own / "films").mkdir()
    path = own / "films" / "one.mkv"
    path.write_bytes(b"never looked at")
    given = path if main is film.main else path.parent
    with pytest.raises(ConfigurationError, match=r"--model: No model is called 'medum'. Did you mean medium\?") as said:
        main([str(given), "--source", "hi", "--model", "medum"])
    assert said.value.exit_code == 2 and not (own / "config" / "films.local.tsv").exists()


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("asr.model", "large-v9", "asr.model: No model is called 'large-v9'. Did you mean large-v3?"),
        ("translation.whisper_model", "./nowhere", "holds no model.bin"),
        ("subtitle.profile", "netflx", "netflx"),
        ("subtitle.max_line_chars", "30", "The keys of subtitle are formats, profile, "),
        ("subtitle.profil", "bbc", "Did you mean subtitle.profile?"),
        ("subtitles", "{}", "Did you mean subtitle?"),
        ("nothing.like.it", "1", "`./samvad config show` has all."),
    ],
)
def test_a_setting_that_names_what_is_not_there_is_refused_with_what_there_is(
    own: Path, key: str, value: str, said: str
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        config.main(["set", key, value])
    assert said in str(refused.value)
    assert not (own / "config" / "local.yaml").exists()


def test_a_film_that_nobody_knows_is_not_asked_for_as_a_folder(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert correct.main(["nobody", str(own / "one.en.srt")]) == 2
    assert "nobody is no film of the sheet, and no job's folder. `samvad list` has the films" in capsys.readouterr().err


def test_a_model_that_may_be_fetched_or_lies_in_a_folder_is_taken(own: Path) -> None:
    (own / "mine").mkdir()
    (own / "mine" / "model.bin").touch()
    for model in ("large-v3", "somebody/a-model", str(own / "mine")):
        assert config.main(["set", "asr.model", model]) == 0


@pytest.mark.parametrize("main", [film.main, shelf.main, rerun.main])
def test_a_mistyped_option_is_refused_with_the_one_that_was_meant(
    main: object, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["x", "--profil", "slurm", *(["--from", "asr"] if main is rerun.main else [])])  # type: ignore[operator]
    assert caught.value.code == 2
    assert "did you mean --profile?" in capsys.readouterr().err


def test_a_profile_is_named_or_a_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("cores: 1\n")
    assert command.profile("") == "profiles/local-cpu"
    assert command.profile("slurm") == "profiles/slurm"
    assert command.profile(str(tmp_path)) == str(tmp_path)
    monkeypatch.setenv("SAMVAD_PROFILE", "local-gpu")
    assert command.profile("") == "profiles/local-gpu"
    with pytest.raises(ConfigurationError, match="local-cpu, local-gpu, slurm"):
        command.profile("local-gpus")


@pytest.mark.parametrize(
    "wrong", [["--only", "asrr"], ["--cores", "some"], ["--gpu", "--profile", "slurm"], ["--set", "asr.model"]]
)
def test_what_cannot_be_is_refused_before_a_row_is_written(wrong: list[str], own: Path) -> None:
    (own / "film.mkv").write_bytes(b"\x1a\x45\xdf\xa3\x00\x01 no text")
    before = (own / "config/films.tsv").read_bytes()
    with pytest.raises(ConfigurationError):
        film.main([str(own / "film.mkv"), *wrong])
    with pytest.raises(ConfigurationError, match="one film"):
        film.main([str(own / "film.mkv"), str(own / "film.mkv"), "--title", "T"])
    assert (own / "config/films.tsv").read_bytes() == before


def test_the_doctor_names_what_is_missing_and_what_to_do(
    own: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(own))
    (own / "envs").mkdir()
    for name in doctor._ENVIRONMENTS:
        (own / "envs" / f"{name}.yaml").write_text("other\n")
    monkeypatch.setenv("TMDB_API_KEY", "sesame")
    assert doctor.main(["--offline", "--json"]) == 1
    printed = capsys.readouterr().out
    found = {one["what"]: one for one in json.loads(printed)}
    assert found["ffmpeg"]["state"] == found["environment asr"]["state"] == "FAULT"
    assert "make setup" in found["ffmpeg"]["remedy"]
    assert found["configuration"]["state"] == "ok"
    assert "sesame" not in printed


def test_the_command_that_uv_or_pipx_installs_runs_the_folder_that_it_was_installed_from(tmp_path: Path) -> None:
    """From anywhere, with a home folder in which nothing is, whatever the project's folder is called."""
    project = tmp_path / """a 'project' "of" $(mine)"""
    for part in ("envs", "scripts"):
        (project / part).mkdir(parents=True)
        for path in (schemas.ROOT / part).iterdir():
            (project / part / path.name).symlink_to(path)
    shutil.copy2(schemas.ROOT / "samvad", project)
    write = "import sys, pathlib, on_path_module; print(on_path_module.text(pathlib.Path(sys.argv[1])))"
    made = subprocess.run(
        [sys.executable, "-c", write, project],
        env={**os.environ, "PYTHONPATH": str(schemas.ROOT / "envs" / "on_path")},
        capture_output=True,
        text=True,
        check=True,
    )
    (tmp_path / "samvad_on_path.py").write_text(made.stdout, "utf-8")
    (tmp_path / "home").mkdir()

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        own = {"HOME": str(tmp_path / "home"), "PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path)}
        command = [sys.executable, "-c", "import samvad_on_path; samvad_on_path.main()", *words]
        return subprocess.run(command, cwd=tmp_path, env=own, capture_output=True, text=True, check=False)

    helped = run("film", "--help")
    assert helped.returncode == 0 and helped.stdout.startswith("usage: samvad film"), helped.stderr
    unset = run("list")
    assert unset.returncode == 1 and "The environment 'workflow' is not built yet. Run: make -C " in unset.stderr
    assert shlex.split(unset.stderr.partition("Run: ")[2]) == ["make", "-C", str(project), "setup"]
    (project / "samvad").unlink()
    gone = run("list")
    assert gone.returncode == 1 and gone.stderr.startswith("samvad: the project is no longer in ")


@pytest.mark.parametrize("home", [None, ""])
def test_without_a_home_folder_the_users_own_is_taken(home: str | None) -> None:
    given = {"PATH": os.environ["PATH"], **({} if home is None else {"HOME": home})}
    script = (
        f'set -euo pipefail; source {shlex.quote(str(schemas.ROOT / "envs" / "lib.bash"))}; echo "$HOME:$cache_dir"'
    )
    told = subprocess.run(["bash", "-c", script], env=given, capture_output=True, text=True, check=True).stdout
    own = pwd.getpwuid(os.getuid()).pw_dir
    assert told == f"{own}:{own}/.cache/samvad\n"


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_command_whose_streams_are_closed_works_as_ever(closed: str, tmp_path: Path) -> None:
    """No file that it opens becomes its standard output, and there is no traceback where somebody looks."""
    words = [str(schemas.ROOT / "samvad"), "-d", str(tmp_path), "config", "set", "cache.max_gb", "7"]
    script = f"{shlex.join(words)} {closed}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "max_gb: 7" in (tmp_path / "config" / "local.yaml").read_text("utf-8")
    assert "is 7 now" not in (tmp_path / "config" / "local.yaml").read_text("utf-8")


def test_a_shelf_with_a_file_that_only_looks_like_a_film_says_so_by_its_exit_code(
    own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = own / "films"
    folder.mkdir()
    (folder / "broken.mkv").write_bytes(bytes(range(256)) * 64)
    (folder / "notes.txt").write_text("no film, and nobody says so", "utf-8")
    asked = [str(folder), "--source", "hi", "--settle-seconds", "0"]
    assert shelf.main([*asked, "--dry-run"]) == 0, "a plan does nothing, and has failed at nothing"
    assert shelf.main(asked) == 1
    told = capsys.readouterr()
    assert "No film is in it" not in told.out, "one is told of"
    assert "broken.mkv" in told.out and "1 file with a film's ending cannot be subtitled" in told.err
    (folder / "broken.mkv").unlink()
    assert shelf.main(asked) == 0
    assert "No film is in it, nor in a folder of it: no file with one of the endings .3g2, " in capsys.readouterr().out


@pytest.mark.parametrize("asked", [{"beside": True}, {"deliver": "s3://bucket/films"}])
def test_what_was_to_be_written_elsewhere_and_was_not_is_no_success(
    own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], asked: dict
) -> None:
    monkeypatch.chdir(own)
    settings = configuration.project()
    films = list(naming.films(settings).values())[:1]
    monkeypatch.setattr(command, "run", lambda *_: 0)
    monkeypatch.setattr(_running, "_fetch_models", lambda *_, **__: None)
    options = argparse.Namespace(only="asr", dry_run=False, profile="", cores="", beside=False, deliver="")
    assert _running.run(settings, films, options, []) == 0
    assert _running.run(settings, films, argparse.Namespace(**{**vars(options), **asked}), []) == 1
    assert "Not done, so that nothing is" in capsys.readouterr().err
