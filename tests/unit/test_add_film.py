"""`samvad add-film`: rows of the film sheet, job numbers, what survives a round trip."""

from __future__ import annotations

import dataclasses
import getpass
import multiprocessing
import os
import re
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samvad.commands import add_film
from samvad.core import places, schemas, stages
from samvad.core.errors import ConfigurationError, MediaError
from samvad.settings import configuration, film_row, film_sheet, sheet_rows
from samvad.settings.stage_settings import StageSettings

FILM_BYTES = b"\x1a\x45\xdf\xa3\x00\x01 not really a film, but no text either"
DAY = "1990-01-02"  # a day on which nobody has jobs in the project's own output folder


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film.mkv"
    path.write_bytes(FILM_BYTES)
    return path


def add(folder: Path, media: Path | str, *options: str) -> int:
    fixed = [f"--media={media}", "--source=hi,en", "--targets=en", "--user=me", f"--sheet={folder / 'films.tsv'}"]
    return add_film.main([*fixed, *options])


def films(folder: Path) -> list[configuration.Film]:
    return list(configuration.load_films(folder / "films.tsv").values())


def test_a_film_is_added_and_the_sheet_is_made(tmp_path: Path, film: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done = add(tmp_path, film, "--title=Jaane Tu… Ya Jaane Na", "--year=2008", f"--date={DAY}", "--source=HIN, en-IN")
    assert done == 0
    (row,) = films(tmp_path)
    assert (row.film, row.media, row.title, row.year) == (
        "jaane-tu-ya-jaane-na", str(film), "Jaane Tu… Ya Jaane Na", 2008,
    )  # fmt: skip
    assert (row.source, row.targets, row.folder) == (("hi", "en"), ("en",), "1990/01/02/me/1")
    printed = capsys.readouterr().out
    assert "snakemake --profile profiles/local-cpu out/1990/01/02/me/1/10_mux/manifest.json" in printed
    assert [path.name for path in tmp_path.iterdir() if path != film] == ["films.tsv"]


@pytest.mark.parametrize(
    ("options", "last"),
    [
        (["--workflow=subtitle"], "10_mux"),
        (["--workflow=translate"], "08_translation"),
        (["--workflow=transcribe"], "07_hallucination_removal"),
        (["--workflow=transcribe", "--stages-off=hallucination_removal"], "06_lyrics_detection"),
    ],
)
def test_the_last_stages_manifest_is_printed_alone(
    tmp_path: Path, film: Path, capsys: pytest.CaptureFixture[str], options: list[str], last: str
) -> None:
    assert add(tmp_path, film, f"--date={DAY}", "--print=target", *options) == 0
    assert capsys.readouterr().out == f"out/1990/01/02/me/1/{last}/manifest.json\n"


def test_the_same_film_again_goes_on_with_its_job(
    tmp_path: Path, film: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        assert add(tmp_path, film, "--title=T", f"--date={DAY}", "--print=target") == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first == second
    assert add(tmp_path, film, "--title=T", "--print=target") == 0  # on another day, none being named
    assert capsys.readouterr().out.strip() == first
    assert len(films(tmp_path)) == 1


def test_another_day_another_target_or_a_new_job_is_another_row(tmp_path: Path, film: Path) -> None:
    for options in (
        [], ["--targets=hi"], ["--date=1990-01-03"], ["--new-job"], ["--user=you"], ["--workflow=translate"],
        ["--film=other"],
    ):  # fmt: skip
        assert add(tmp_path, film, f"--date={DAY}", *options) == 0
    assert [row.folder for row in films(tmp_path)] == [
        "1990/01/02/me/1", "1990/01/02/me/2", "1990/01/03/me/1", "1990/01/02/me/3", "1990/01/02/you/1",
        "1990/01/02/me/4", "1990/01/02/me/5",
    ]  # fmt: skip


def test_what_describes_a_film_is_corrected_in_its_row(tmp_path: Path, film: Path) -> None:
    (tmp_path / "g.tsv").write_text("term\ttarget\n")
    (tmp_path / "other.mkv").write_bytes(FILM_BYTES)
    (tmp_path / "films.tsv").write_text(
        "# mine\nuser\tfilm\tmedia\ttitle\tyear\tsource\ttargets\tdate\tjob\tworkflow\n"
        f'me\tx\t{film}\t"A ""wrong""\ntitle"\t\thi,en\ten\t{DAY}\t1\tsubtitle\n'
    )
    assert add(tmp_path, tmp_path / "other.mkv") == 0
    for options in (
        ["--title=Right\tone", "--year=2008"], ["--audio-track=1"], ["--stages-off=ner"],
        [f"--glossary={tmp_path / 'g.tsv'}"], ["--set=asr.beam_size=3", "--set", "asr.model=large-v3"], [],
    ):  # fmt: skip
        assert add(tmp_path, film, *options) == 0
    row, other = films(tmp_path)
    assert (row.title, row.year, row.audio_track, row.stages_off) == ("Right\tone", 2008, 1, ("ner",))
    assert row.glossary == str(tmp_path / "g.tsv")
    assert row.settings == (("asr", "beam_size", "3"), ("asr", "model", "large-v3"))
    assert (row.film, other.film, other.settings) == ("x", "other", ())
    assert (tmp_path / "films.tsv").read_text().startswith("# mine\nuser\tfilm\t")
    film_sheet.remove(tmp_path / "films.tsv", row.folder)
    film_sheet.remove(tmp_path / "films.tsv", row.folder)
    assert films(tmp_path) == [dataclasses.replace(other, line=other.line - 1)]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("asr.modle=x", "Did you mean asr.model?"),
        ("demux.shots=false", "It is called subtitle.shots now."),
        ("asr.model", "Write asr.model=VALUE"),
        ("asr.beam_size=0", "asr.beam_size: 0 is not from 1"),
        ("asr.device=cuda", "for all films"),
        ("subtitle.profile=nobody", "nobody"),
        ("asr.beam_size=3; asr.beam_size=4", "twice"),
    ],
)
def test_a_setting_that_no_stage_has_is_refused(
    given: str, said: str, tmp_path: Path, film: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert add(tmp_path, film, f"--set={given}") == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "films.tsv").exists()


def test_a_films_own_settings_reach_its_stages_and_no_others() -> None:
    config = configuration.project()
    stage = stages.BY_NAME["asr"]
    row = dict.fromkeys(configuration.COLUMNS, "") | {"film": "f", "media": "m", "title": "T", "source": "hi"}
    row |= {"targets": "en", "user": "me", "date": DAY, "job": "1", "workflow": "subtitle"}
    row["settings"] = "asr.beam_size=3; subtitle.profile=bbc"
    own = StageSettings(stage, config)
    film = configuration.film_of_row(row, "here", 2)
    assert "--beam-size=3" in own.flags(film)
    assert own.values(film)["beam_size"] == 3
    plain = configuration.film_of_row({**row, "settings": ""}, "here", 2)
    assert f"--beam-size={config['asr']['beam_size']}" in own.flags(plain)


def test_a_number_with_a_folder_is_not_free(tmp_path: Path, film: Path) -> None:
    (tmp_path / "out" / "1990" / "01" / "02" / "me" / "7").mkdir(parents=True)
    row = {**dict.fromkeys(configuration.COLUMNS, ""), "film": "f", "media": str(film), "title": "T", "source": "hi"}
    row |= {"targets": "en", "user": "me", "date": DAY, "workflow": "subtitle"}
    assert film_sheet.add(tmp_path / "films.tsv", row, tmp_path / "out", [])[0].job == 8


HOSTILE = [
    'it\'s "quoted" & $HOME `id` ; rm -rf / \\',
    "two\nlines\tand a tab",
    "दिल चाहता है",
    "🎬🎥",
    "-rf",
    "--help",
    "../../up",
    "#1",
    '"',
    "'",
    "{film} * ? [x] %s",
    "line\u2028separator\x85and\x0bmore\x1c.",
    "\u202eright to left",
    "a" * 200,
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_titles_and_paths_survive(tmp_path: Path, text: str) -> None:
    folder = tmp_path / text.replace("/", "∕")
    folder.mkdir()
    media = folder / text.replace("/", "∕")
    media.write_bytes(FILM_BYTES)
    assert add(tmp_path, media, f"--title={text}", f"--date={DAY}") == 0
    assert add(tmp_path, media, "--title=after", f"--date={DAY}", "--new-job") == 0
    first, second = films(tmp_path)
    assert (first.title, first.media) == (text, str(media))
    assert (second.title, second.media, second.job) == ("after", str(media), 2)
    assert add(tmp_path, media, f"--title={text}") == 0
    assert [row.title for row in films(tmp_path)] == [text, text]


@given(st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\r\0")), max_size=3))
def test_whatever_the_values_are_the_sheet_gives_them_back(
    tmp_path_factory: pytest.TempPathFactory, titles: list[str]
) -> None:
    path = tmp_path_factory.mktemp("s") / "films.tsv"
    text = ""
    for title in titles:
        text = film_sheet.with_rows(
            text, [{**dict.fromkeys(configuration.COLUMNS, ""), "film": "f", "title": title, "media": title}]
        )
    path.write_text(text, encoding="utf-8", newline="")
    rows = list(sheet_rows.read(path))
    assert [(row["title"], row["media"]) for _, row in rows] == [(title, title) for title in titles]


def test_remarks_order_and_line_ends_of_the_sheet_stay(tmp_path: Path, film: Path) -> None:
    before = (
        "\ufeff# my films\r\n\r\ntitle\tfilm\tmedia\tyear\tsource\ttargets\tuser\tdate\tjob\tworkflow\r\n"
        "# the first\r\nOne\tone\tone.mkv\t\thi\ten\tme\t1990-01-02\t4\tsubtitle"
    )
    path = tmp_path / "films.tsv"
    path.write_bytes(before.encode())
    assert add(tmp_path, film, "--title=Two", f"--date={DAY}") == 0
    after = path.read_bytes().decode()
    assert after == f"{before}\r\nTwo\ttwo\t{film}\t\thi,en\ten\tme\t{DAY}\t5\tsubtitle\r\n"


def test_a_column_that_the_sheet_lacks_is_added(tmp_path: Path, film: Path) -> None:
    path = tmp_path / "films.tsv"
    header = "film\tmedia\ttitle\tyear\tsource\ttargets\tuser\tdate\tjob\tworkflow\n"
    path.write_text(f"# films\n{header}one\tone.mkv\tOne\t\thi\ten\tme\t{DAY}\t1\tsubtitle\n")
    assert add(tmp_path, film, "--title=Two", f"--date={DAY}", "--stages-off=tmdb,ner") == 0
    one, two = films(tmp_path)
    assert (one.stages_off, two.stages_off) == ((), ("tmdb", "ner"))


def test_a_wrong_sheet_is_left_as_it_is(tmp_path: Path, film: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "films.tsv").write_text("film\tcolour\n")
    assert add(tmp_path, film) == 2
    assert "colour" in capsys.readouterr().err
    assert (tmp_path / "films.tsv").read_text() == "film\tcolour\n"


@pytest.mark.parametrize("media", ["https://films.example/sholay.mkv", "films/sholay.mkv"])
def test_a_film_whose_row_is_wrong_gets_no_second_one_wherever_it_lies(
    tmp_path: Path, film: Path, media: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "work", lambda: tmp_path)
    assert add(tmp_path, film, f"--date={DAY}") == 0
    sheet = tmp_path / "films.tsv"
    new = {**film_sheet.text_of(films(tmp_path)[0]), "media": media, "job": ""}
    with sheet.open("a", encoding="utf-8") as file:
        columns = sheet.read_text("utf-8").splitlines()[0].split("\t")
        file.write("\t".join({**new, "job": "2", "date": "1990-13-02"}[name] for name in columns) + "\n")
    before = sheet.read_text("utf-8")
    with pytest.raises(ConfigurationError, match="1990-13-02"):
        film_sheet.add(sheet, new, tmp_path / "out", own=[])
    assert sheet.read_text("utf-8") == before


def _add_in_process(folder: Path, number: int) -> None:
    os._exit(add(folder, folder / "film.mkv", f"--title=Film {number}", f"--date={DAY}", "--new-job"))


def test_several_at_once_get_numbers_of_their_own(tmp_path: Path, film: Path) -> None:
    context = multiprocessing.get_context("fork")
    at_work = [context.Process(target=_add_in_process, args=(tmp_path, number)) for number in range(8)]
    for process in at_work:
        process.start()
    for process in at_work:
        process.join()
    assert [process.exitcode for process in at_work] == [0] * 8
    assert sorted(row.job for row in films(tmp_path)) == list(range(1, 9))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["film.mkv", "films.tsv"]


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"", "empty"),
        (b"1\n00:00:01,000 --> 00:00:02,000\nHello\n", "text"),
        ("नमस्ते ".encode() * 1000, "text"),
        ("hello".encode("utf-16"), "text"),
    ],
)
def test_what_is_no_film_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, named: str
) -> None:
    (tmp_path / "film.mkv").write_bytes(content)
    assert add(tmp_path, tmp_path / "film.mkv") == MediaError.exit_code
    message = capsys.readouterr().err
    assert "film.mkv" in message
    assert named in message
    assert not (tmp_path / "films.tsv").exists()


def test_a_missing_film_a_folder_and_a_device_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for media in (tmp_path / "gone.mkv", tmp_path, "/dev/null", tmp_path / ("x" * 300), "a\0b"):
        assert add(tmp_path, media) == MediaError.exit_code
    assert "gone.mkv' does not exist" in capsys.readouterr().err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_film_is_refused(tmp_path: Path, film: Path) -> None:
    film.chmod(0)
    assert add(tmp_path, film) == MediaError.exit_code


def test_a_path_that_the_sheet_cannot_hold_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in (b"caf\xe9.mkv", b"a\rb.mkv"):
        path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
        path.write_bytes(FILM_BYTES)
        assert add(tmp_path, path, "--title=T") == ConfigurationError.exit_code
        assert "Rename the file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "named"),
    [
        ("--source=klingon", "--source"),
        ("--source=", "--source"),
        ("--source=sat", "'sat' cannot be recognised"),
        ("--targets=xx-unknown", "--targets"),
        ("--targets=auto", "--targets"),
        ("--year=08", "year"),
        ("--year=MMVIII", "year"),
        ("--user=a/b", "user"),
        ("--user=../me", "user"),
        ("--date=2025-02-30", "--date"),
        ("--date=tomorrow", "date"),
        ("--film=My Film", "film"),
        ("--audio-track=first", "audio_track"),
        ("--audio-channel=up", "audio_channel"),
        ("--stages-off=songs", "'songs'"),
        ("--glossary=/nowhere/g.tsv", "--glossary"),
        ("--tmdb-file=/nowhere/t.json", "--tmdb-file"),
    ],
)
def test_a_wrong_option_is_refused_by_name(
    tmp_path: Path, film: Path, capsys: pytest.CaptureFixture[str], option: str, named: str
) -> None:
    assert add(tmp_path, film, option) == ConfigurationError.exit_code
    assert named in capsys.readouterr().err
    assert not (tmp_path / "films.tsv").exists()


def test_languages_that_are_not_named_can_be_detected(tmp_path: Path, film: Path) -> None:
    for _ in range(2):
        assert add(tmp_path, film, "--source=auto", f"--date={DAY}") == 0
    assert [row.source for row in films(tmp_path)] == [()]


def test_title_user_and_day_have_defaults(tmp_path: Path, film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USER", "Ünal Öz@corp")
    options = ["--media", str(film), "--source", "hi", "--targets", "en", "--sheet", str(tmp_path / "films.tsv")]
    assert add_film.main(options) == 0
    (row,) = films(tmp_path)
    assert (row.title, row.user, row.year) == ("film", "Unal-Oz-corp", None)
    assert row.date == date.today().isoformat()


@pytest.mark.parametrize("name", ["", "..", "-x-", "ख़ान", "🎬", "root", "a" * 99])
def test_the_users_name_is_always_fit_for_a_folder(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: "")
    pattern = schemas.schema("film")["properties"]["user"]["pattern"]
    assert re.search(pattern, film_row.default_user({"USER": name}))


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Jaane Tu... Ya Jaane Na", "jaane-tu-ya-jaane-na"),
        ("Amélie & Søren's Łódź", "amelie-sorens-lodz"),
        ("1917", "1917"),
        ("83 🎬", "83"),
        ("Dil दिल", "dil"),
    ],
)
def test_a_film_id_is_made_of_the_titles_latin_letters(title: str, slug: str) -> None:
    assert film_sheet.film_id(title, "x") == slug


@pytest.mark.parametrize("title", ["दिल", "दिल 2", "🎬", "???", "- -"])
def test_a_title_without_latin_letters_gets_an_id_from_its_path(title: str) -> None:
    first, second = film_sheet.film_id(title, "a.mkv"), film_sheet.film_id(title, "b.mkv")
    assert re.fullmatch("film-[0-9a-f]{6}", first)
    assert first != second


@given(st.text())
def test_a_film_id_always_fits_its_pattern(title: str) -> None:
    assert re.search(schemas.schema("film")["properties"]["film"]["pattern"], film_sheet.film_id(title, "x"))


def test_a_path_in_the_project_is_relative_and_another_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(schemas.ROOT / "config")
    assert film_sheet.stored_path("../film.mkv") == "film.mkv"
    assert film_sheet.stored_path("films/../film.mkv") == "config/film.mkv"
    assert film_sheet.stored_path("../-film.mkv") == str(schemas.ROOT / "-film.mkv")
    monkeypatch.chdir(tmp_path)
    assert film_sheet.stored_path("film.mkv") == str(tmp_path.resolve() / "film.mkv")
