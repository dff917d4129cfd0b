"""ffmpeg's commands: no name of a file means anything else to it, and every command is built in one place."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from samvad.media import clock, ffmpeg, film_headers, film_packets, shots
from samvad.stages.demux import picture
from samvad.stages.mux import burn, installed_fonts, matroska, media, mp4
from samvad.stages.mux.film import FilmFile
from support import make_film, modules_with, needs_ffmpeg

#: Each of them is something else to ffmpeg, to a shell or to a filter: an option, a pattern, a protocol, a filter.
HOSTILE = ("-y %03d", "concat:a|b 'q' \"d\"", "[s0];[s1],x=y:z\\", "two\nlines 🎬 नमस्ते")


@needs_ffmpeg
@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_of_a_film_or_folder_is_taken_for_anything_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    folder = tmp_path / name
    folder.mkdir()
    film = make_film(folder / f"{name}.mp4")
    lines = folder / f"{name}.srt"
    lines.write_text("1\n00:00:00,000 --> 00:00:01,000\nHello\n", encoding="utf-8")
    monkeypatch.chdir(folder)  # a relative path is the most dangerous one
    bare = Path(film.name)
    held = film_headers.read(bare)
    assert [stream.kind for stream in held.streams] == ["video", "audio"]
    assert film_packets.playing_span_ms(bare) >= 1900 and shots.frame_rate(bare) == 10
    assert shots.detect(bare) == []
    film_on_clock = clock.opened(bare, held)
    assert picture.poster(film_on_clock, 2000, Path(f"{name}.jpg"))
    whole = film_on_clock.source()
    media.write([whole["0"], whole["1"]], bare, Path(f"{name}.mkv"), {"c": "copy", "f": "matroska"})
    new = [matroska.NewTrack(lines, "en", name, True)]
    own = FilmFile(film_on_clock, leaps=False, duration_ms=2000)
    mp4.write(Path(f"{name}.out.mp4"), own, held.streams, new, name, folder, keep_default_subtitles=True)
    command = ["ffprobe", "-v", "error", "-show_entries", "format_tags:stream_tags", "-of", "json"]
    done = subprocess.run([*command, f"file:{name}.out.mp4"], capture_output=True, text=True, check=True)
    made = json.loads(done.stdout)
    assert made["format"]["tags"]["title"] == name
    assert made["streams"][-1]["tags"]["handler_name"] == name
    streams = (held.of_kind("video")[0], held.of_kind("audio")[0].index)
    burn.burn(
        film_on_clock, streams, lines, installed_fonts.drawing(["Hello"]), Path(f"{name}.burnt.mp4"), folder, 30, 1
    )
    assert [stream.kind for stream in film_headers.read(Path(f"{name}.burnt.mp4")).streams] == ["video", "audio"]


@needs_ffmpeg
def test_what_ffmpeg_says_of_a_failure_is_kept(tmp_path: Path) -> None:
    done = ffmpeg.run([ffmpeg.source(tmp_path / "no film.mp4")], tmp_path / "made.mp4", {})
    assert done.code and done.last_line.endswith("No such file or directory")


def test_the_film_is_the_first_input_and_options_may_come_several_times() -> None:
    film = ffmpeg.source(Path("film.mkv"), threads=2)
    streams = [film["2"], film["0"], ffmpeg.source(Path("a.srt"), f="srt")["0"]]
    options: ffmpeg.Options = {"metadata:s:2": ["language=hin", "title=x"], "c": "copy"}
    words = ffmpeg.command(streams, Path("made.mp4"), options, {"y": None})
    film_kinds = ["-format_whitelist", ",".join(ffmpeg.FILM_KINDS), "-protocol_whitelist", "file"]
    text_kinds = ["-f", "srt", "-format_whitelist", "srt", "-protocol_whitelist", "file"]
    inputs = [*film_kinds, "-threads", "2", "-i", "file:film.mkv", *text_kinds, "-i", "file:a.srt"]
    maps = ["-map", "0:2", "-map", "0:0", "-map", "1:0"]
    tags = ["-metadata:s:2", "language=hin", "-metadata:s:2", "title=x"]
    assert words == ["ffmpeg", *inputs, *maps, "-c", "copy", *tags, "-y", "file:made.mp4"]


def test_programs_are_started_and_commands_of_ffmpeg_built_in_one_module_each() -> None:
    starts = ("subprocess.run(", "subprocess.check", "subprocess.call(", "from subprocess import", "Popen(")
    starts += ("os.system", "os.exec", "os.spawn", "os.popen")
    assert modules_with(lambda text: any(sign in text for sign in starts)) == {
        "samvad/core/subprocesses.py",
        "samvad/workflow/snakemake_again.py",  # no program beside this one: Snakemake itself, in its place
    }
    assert modules_with(lambda text: "import ffmpeg\n" in text.replace("media import ffmpeg", "")) == {
        "samvad/media/ffmpeg.py"
    }
    assert not modules_with(lambda text: '["ffmpeg"' in text), "lists of arguments"
    assert modules_with(lambda text: '["ffprobe"' in text) == {"samvad/media/ffprobe.py"}
