"""A folder of films: what is taken for a film, what it is called, and that each is known again by its bytes."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

import support
from samvad.commands import add_folder
from samvad.core import files
from samvad.settings import configuration
from samvad.settings.library import adding, finding, titles

DAY = "1990-01-02"  # a day on which nobody has jobs in the project's own output folder


@pytest.mark.parametrize(
    ("name", "title", "year"),
    [
        ("Jaane.Tu.Ya.Jaane.Na.2008.1080p.BluRay.x264-GROUP.mkv", "Jaane Tu Ya Jaane Na", "2008"),
        ("Sholay (1975).mkv", "Sholay", "1975"),
        ("शोले (1975).mkv", "शोले", "1975"),
        ("दिल चाहता है.mkv", "दिल चाहता है", ""),
        ("2.0 (2018).mkv", "2.0", "2018"),
        ("1917 (2019).mkv", "1917", "2019"),
        ("1942 A Love Story 1994.mkv", "1942 A Love Story", "1994"),
        ("Blade Runner 2049 (2017) 1080p.mkv", "Blade Runner 2049", "2017"),
        ("Jaane Bhi Do Yaaro [1983] Hindi 720p WEB-DL AAC ESub.mkv", "Jaane Bhi Do Yaaro", "1983"),
        ("3 Idiots.mkv", "3 Idiots", ""),
        ("film_of_my_uncle_1999.mp4", "film of my uncle", "1999"),
        ("two\nlines (1999).mkv", "two lines", "1999"),
        ("-rf.mkv", "rf", ""),
        ("720p.mkv", "720p", ""),
        ("….mkv", "…", ""),
    ],
)
def test_titles_and_years_are_guessed_from_names(name: str, title: str, year: str) -> None:
    assert titles.guess(Path("/films") / name) == (title, year)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make three short films, one without sound, and one sound without a picture."""
    folder = tmp_path_factory.mktemp("clips")
    tone, picture = ["-f", "lavfi", "-i", "sine=d=1"], ["-f", "lavfi", "-i", "color=s=64x64:d=1:r=5"]
    for name, inputs in {"a.mkv": [*tone, *picture], "mute.mkv": picture, "sound.mp4": tone}.items():
        subprocess.run(["ffmpeg", "-v", "error", *inputs, str(folder / name)], check=True)
    for name in ("b.mkv", "c.mkv"):
        copy = ["-i", str(folder / "a.mkv"), "-c", "copy", "-metadata", f"title={name}"]
        subprocess.run(["ffmpeg", "-v", "error", *copy, str(folder / name)], check=True)
    return folder


@pytest.fixture
def place(tmp_path: Path, clips: Path, monkeypatch: pytest.MonkeyPatch):
    """Return a function that puts a clip on the shelf under a name; it lies there since an hour ago."""
    monkeypatch.setenv("SAMVAD_CACHE", str(tmp_path / "cache"))

    def put(name: str, clip: str = "a.mkv", age_seconds: float = 3600) -> Path:
        path = tmp_path / "shelf" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(clips / clip, path)
        then = path.stat().st_mtime - age_seconds
        os.utime(path, (then, then))
        return path

    return put


def scan(folder: Path, *options: str) -> int:
    fixed = [f"--sheet={folder / 'films.tsv'}", "--source=hi", "--targets=en", "--user=me", f"--date={DAY}"]
    return add_folder.main([*fixed, f"--targets-file={folder / 'targets'}", *options, "--", str(folder / "shelf")])


def rows(folder: Path) -> list[configuration.Film]:
    return list(configuration.load_films(folder / "films.tsv").values())


def names(folder: Path) -> set[str]:
    return {Path(row.media).name for row in rows(folder)}


def test_new_films_are_added_once_and_known_the_next_time(
    tmp_path: Path, place, capsys: pytest.CaptureFixture[str]
) -> None:
    place("Sholay (1975).mkv")
    place("Old/Awaara.1951.avi", "b.mkv")
    place("Sholay (1975).srt")
    assert scan(tmp_path) == 0
    assert "2 jobs: 2 new, 0 in the sheet before" in capsys.readouterr().out
    assert [(row.title, row.year, row.job) for row in rows(tmp_path)] == [("Sholay", 1975, 1), ("Awaara", 1951, 2)]
    sheet = (tmp_path / "films.tsv").read_bytes()
    place("New (2020).mkv", "c.mkv")
    assert scan(tmp_path) == 0
    assert "3 jobs: 1 new, 2 in the sheet before" in capsys.readouterr().out
    assert (tmp_path / "films.tsv").read_bytes().startswith(sheet), "the rows that were there stay as they were"
    assert sorted((tmp_path / "targets").read_text(encoding="utf-8").splitlines()) == [
        f"out/1990/01/02/me/{number}/10_mux/manifest.json" for number in (1, 2, 3)
    ]


def test_what_is_no_film_is_named_with_the_reason(tmp_path: Path, place, capsys: pytest.CaptureFixture[str]) -> None:
    place("good.mkv")
    place("mute.mkv", "mute.mkv")
    place("sound.mp4", "sound.mp4")
    place("broken.mkv").write_bytes(b"\x1aE\xdf\xa3" * 300)
    os.utime(tmp_path / "shelf" / "broken.mkv", (1, 1))
    place("code.ts").write_text("export const film = 1;\n" * 99, encoding="utf-8")
    os.utime(tmp_path / "shelf" / "code.ts", (1, 1))
    (tmp_path / "shelf" / "dvd" / "VIDEO_TS").mkdir(parents=True)
    (tmp_path / "shelf" / "nowhere.mkv").symlink_to("gone.mkv")
    with (tmp_path / "shelf" / "film.iso").open("wb") as image:
        image.truncate(200_000_000)
    bad = os.fsencode(tmp_path / "shelf") + b"/caf\xe9.mkv"
    Path(os.fsdecode(bad)).symlink_to("good.mkv")
    assert scan(tmp_path) == 0
    said = capsys.readouterr().out
    assert names(tmp_path) == {"good.mkv"}
    for file, why in {
        "mute.mkv": "no sound", "sound.mp4": "no moving pictures", "broken.mkv": "not a film", "code.ts": "not a film",
        "VIDEO_TS": "a DVD", "nowhere.mkv": "link to nothing", "film.iso": "name does not end", "caf": "not UTF-8",
    }.items():  # fmt: skip
        assert any(file in line and why in line for line in said.splitlines()), (file, said)


def test_films_of_discs_and_cameras_are_found_whatever_their_size(tmp_path: Path, place) -> None:
    packs = b"\x00\x00\x01\xba" + bytes(60)
    for name in ("old.vob", "tape.DV", "clip.mod", "AVSEQ01.DAT", "disc.dat", "tv.wtv"):
        path = tmp_path / "shelf" / name
        path.parent.mkdir(exist_ok=True)
        riff = b"RIFF" + bytes(60) if name == "disc.dat" else packs
        path.write_bytes(riff + name.encode())
        os.utime(path, (1, 1))
    for name in ("settings.dat", "tune.mod"):
        (tmp_path / "shelf" / name).write_bytes(b"M.K. and other things")
    (tmp_path / "shelf" / "VTS_01_1.VOB").write_bytes(packs)
    look = finding.look(tmp_path / "shelf", (), 60)
    found = {film.path.name for film in look.films}
    assert found == {"old.vob", "tape.DV", "clip.mod", "AVSEQ01.DAT", "disc.dat", "tv.wtv"}
    assert {path.name: "part of a DVD" in why for path, why in look.unknown.items()} == {"VTS_01_1.VOB": True}


def test_samples_trailers_hidden_files_and_our_own_results_are_left_out(
    tmp_path: Path, place, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    place("The Sample Of Life (2001).mkv")
    for name in ("film-trailer.mkv", "Sample/x.mkv", "film.sample.mkv", "Behind the Scenes/y.mkv"):
        place(name, "b.mkv")
    for name in (".film.mkv", ".hidden/film.mkv", "out/2025/01/01/me/1/10_mux/film.mkv"):
        place(name, "c.mkv")
    for name in ("10_mux/film.mkv", "01_demux/proxy.mp4", "01_demux/attempts/01/x.mkv"):
        copied = place(f"a copied job/{name}", "c.mkv")
        (tmp_path / "shelf" / "a copied job" / name.split("/")[0] / "manifest.json").touch()
    track = tmp_path / "en.srt"
    track.write_text("1\n00:00:00,000 --> 00:00:00,900\nHello\n")
    for name, codec in (("done.mkv", "srt"), ("done.mp4", "mov_text")):
        named = ["-metadata:s:s", "title=English (Samvad)", "-metadata:s:s", "handler_name=English (Samvad)"]
        streams = ["-i", copied, "-i", track, "-map", "0", "-map", "1", "-c:s", codec, "-movflags", "+faststart"]
        subprocess.run(["ffmpeg", "-v", "error", *streams, *named, tmp_path / "shelf" / name], check=True)
        os.utime(tmp_path / "shelf" / name, (1e9, 1e9))
    place("done.en.burned.mp4", "sound.mp4")
    look = finding.look(tmp_path / "shelf", {(tmp_path / "shelf" / "out").resolve()}, 60)
    assert [found.path.name for found in look.films] == ["The Sample Of Life (2001).mkv"]
    assert len(look.extras) == 4
    assert [path.name for path in look.own] == ["done.en.burned.mp4", "done.mkv", "done.mp4"]


def test_a_film_that_is_still_being_copied_waits_for_the_next_time(
    tmp_path: Path, place, capsys: pytest.CaptureFixture[str]
) -> None:
    place("ready.mkv")
    place("copying.mkv", "b.mkv", age_seconds=0)
    assert scan(tmp_path) == 0
    assert names(tmp_path) == {"ready.mkv"}
    assert "Changed just now" in capsys.readouterr().out
    assert scan(tmp_path, "--settle-seconds=0") == 0
    assert names(tmp_path) == {"ready.mkv", "copying.mkv"}


def test_links_are_followed_once_and_loops_end(tmp_path: Path, place) -> None:
    film = place("a/film.mkv")
    (tmp_path / "shelf" / "z link.mkv").symlink_to(film)
    os.link(film, tmp_path / "shelf" / "hard.mkv")
    (tmp_path / "shelf" / "a" / "loop").symlink_to(tmp_path / "shelf")
    elsewhere = tmp_path / "disk"
    elsewhere.mkdir()
    shutil.copy2(place("b.mkv", "b.mkv"), elsewhere / "other.mkv")
    (tmp_path / "shelf" / "b.mkv").unlink()
    (tmp_path / "shelf" / "disk").symlink_to(elsewhere)
    look = finding.look(tmp_path / "shelf", set(), 60)
    assert len(look.films) == 2
    assert len(look.doubled) == 2


def test_two_equal_copies_are_one_job(tmp_path: Path, place, capsys: pytest.CaptureFixture[str]) -> None:
    place("one.mkv")
    place("two.mkv")
    assert scan(tmp_path) == 0
    assert names(tmp_path) == {"one.mkv"}
    assert "two.mkv is the same as" in capsys.readouterr().out
    place("three.mkv")
    assert scan(tmp_path) == 0
    assert names(tmp_path) == {"one.mkv"}
    assert "three.mkv is the same as job 1990/01/02/me/1" in capsys.readouterr().out


def test_a_film_that_was_moved_keeps_its_job(tmp_path: Path, place) -> None:
    options = add_folder.parser().parse_args(["x", "--source=hi", "--targets=en", "--user=me", f"--date={DAY}"])
    sheet, out = tmp_path / "films.tsv", tmp_path / "out"

    def add() -> adding.Shelf:
        return adding.add(finding.look(tmp_path / "shelf", set(), 60), sheet, options, out)

    film = place("Old.mkv")
    place("Other.mkv", "b.mkv")
    add()
    before = {row.title: row for row in rows(tmp_path)}
    record = support.file_record(film, "film")
    support.finished_stage(out / before["Old"].folder, "demux", {"audio": ("audio.wav", b"RIFF")}, [record])
    new = film.rename(tmp_path / "shelf" / "नया\tनाम $x.mkv")
    copy = place("ह.mkv")
    found = add()
    assert (found.moved, list(found.copies)) == ({new: str(film)}, [copy])
    after = {row.title: row for row in rows(tmp_path)}
    assert after["Old"].media == str(new)
    assert {row.folder for row in after.values()} == {row.folder for row in before.values()}, "no job is new"
    assert after["Other"] == before["Other"]
    assert add().moved == {}
    (tmp_path / "shelf" / "Other.mkv").rename(tmp_path / "elsewhere.mkv")
    assert [row.title for row in add().gone] == ["Other"], "the one that was moved is there"
    (tmp_path / "elsewhere.mkv").rename(tmp_path / "shelf" / "Other.mkv")
    assert add().gone == []


def test_hostile_names_reach_the_sheet_as_they_are(tmp_path: Path, place) -> None:
    hostile = [
        "-rf.mkv",
        'it\'s "q" $HOME `id`;.mkv',
        "two\nlines.mkv",
        "दिल चाहता है.mkv",
        "#1.mkv",
        "{x}*?[y].mkv",
        "a\tb.mkv",
    ]
    for number, name in enumerate(hostile):
        path = place(name)
        with path.open("ab") as file:  # another film each time: EBML void elements
            file.write(b"\xec\x80" * (number + 1))
        os.utime(path, (1, 1))
    assert scan(tmp_path) == 0
    assert names(tmp_path) == set(hostile)


def test_films_that_ask_for_something_else_are_told_and_stay_as_they_are(
    tmp_path: Path, place, capsys: pytest.CaptureFixture[str]
) -> None:
    place("one.mkv")
    assert scan(tmp_path) == 0
    capsys.readouterr()
    sheet = (tmp_path / "films.tsv").read_bytes()
    assert scan(tmp_path, "--targets=en,hi") == 0
    assert "other languages" in capsys.readouterr().out
    assert (tmp_path / "films.tsv").read_bytes() == sheet


@pytest.mark.parametrize(
    ("options", "said"),
    [(["--source=xx"], "--source"), (["--glossary=/nowhere.tsv"], "--glossary"), (["--stages-off=songs"], "songs")],
)
def test_a_wrong_option_is_told_once_and_nothing_is_added(
    tmp_path: Path, place, capsys: pytest.CaptureFixture[str], options: list[str], said: str
) -> None:
    place("one.mkv")
    assert scan(tmp_path, *options) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "films.tsv").exists()


def test_a_thousand_films_of_other_sizes_are_not_read(tmp_path: Path, place, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        with place(f"{number}.mkv").open("ab") as file:
            file.write(b"\xec\x80" * (number + 1))
        os.utime(tmp_path / "shelf" / f"{number}.mkv", (1, 1))
    read: list[Path] = []
    real = files.sampled_fingerprint
    monkeypatch.setattr(files, "sampled_fingerprint", lambda path: read.append(path) or real(path))
    assert scan(tmp_path) == 0
    assert len(rows(tmp_path)) == 3
    assert read == []
