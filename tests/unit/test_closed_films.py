"""A film opens no other file: lists of files, under whatever name, are refused by what they are, never followed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from pathlib import Path

import pytest

from samvad.core.errors import MediaError
from samvad.media import clock, ffmpeg, film_file, film_headers, film_packets, shots
from samvad.sample import harvest
from samvad.stages.mux import matroska, media
from support import make_film, modules_with, needs_ffmpeg

SECRET = "other.mp4"
#: Lists in which ``SECRET`` is named, by ffmpeg's name for their kind.
LISTS = {
    "hls": f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{SECRET}\n#EXT-X-ENDLIST\n",
    "concat": f"ffconcat version 1.0\nfile {SECRET}\n",
    "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
    'mediaPresentationDuration="PT2S" profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period><AdaptationSet '
    f'mimeType="video/mp4"><Representation id="1" bandwidth="1"><BaseURL>{SECRET}</BaseURL></Representation>'
    "</AdaptationSet></Period></MPD>",
    "imf": '<?xml version="1.0"?><CompositionPlaylist xmlns="http://www.smpte-ra.org/schemas/2067-3/2016">'
    "</CompositionPlaylist>",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n",
    "vobsub": "# VobSub index file, v7 (do not modify this line!)\nsize: 64x64\nid: en, index: 0\n"
    "timestamp: 00:00:00:000, filepos: 000000000\n",
}
NAMES = ("film.mkv", "film.ts", "list.m3u8", "film.idx", "%03d.png", "concat:other.mp4|other.mp4", "-i")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a film that the lists name."""
    made = tmp_path_factory.mktemp("lists")
    make_film(made / SECRET)
    return made


@needs_ffmpeg
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", LISTS)
def test_a_list_of_files_is_no_film_whatever_it_is_called(folder: Path, kind: str, name: str) -> None:
    film = folder / name
    film.write_text(LISTS[kind], encoding="utf-8")
    with pytest.raises(MediaError, match="not a film") as plain:
        film_file.check(film, "")
    assert film_file.LISTS[kind] in plain.value.what
    # With a byte that no text has, and behind something else, only ffmpeg can tell.
    film.write_bytes(LISTS[kind].encode() + b"\n\0\x01\n")
    with pytest.raises(MediaError):
        film_headers.read(film)
    target = folder / "made.mkv"
    done = ffmpeg.run([ffmpeg.source(film)], target, {"c": "copy"})
    assert done.code and not target.exists()


@needs_ffmpeg
def test_a_list_among_recordings_for_harvesting_leads_to_no_other_file(folder: Path, tmp_path: Path) -> None:
    shutil.copy(folder / SECRET, tmp_path / SECRET)
    assert [len(piece) for piece in harvest.own_sounds([tmp_path])], "the film itself is sound"
    for text in LISTS.values():
        (tmp_path / "list.wav").write_bytes(text.encode() + b"\n\0\x01\n")
        with pytest.raises(MediaError, match=r"list\.wav"):
            list(harvest.own_sounds([tmp_path / "list.wav"]))


@needs_ffmpeg
def test_the_kind_of_a_list_is_named(folder: Path) -> None:
    film = folder / "named.mkv"
    film.write_bytes(LISTS["hls"].encode() + b"\0")
    with pytest.raises(MediaError, match=r"a playlist \(HLS\), not a film.*'hls'"):
        film_headers.read(film)
    film.write_bytes(b"1\n00:00:00,000 --> 00:00:01,000\nHello\n\n")
    with pytest.raises(MediaError, match=r"is no film.*'srt'"):
        film_headers.read(film)


@needs_ffmpeg
def test_numbered_pictures_and_parts_are_not_read_for_a_film_of_such_a_name(folder: Path) -> None:
    film = folder / SECRET
    for part in ("part%d.mp4", "VTS_01_1.VOB", "VTS_01_2.VOB"):
        shutil.copy(film, folder / part)
    shutil.copy(film, folder / "part1.mp4")
    assert film_packets.playing_span_ms(folder / "part%d.mp4") < 2500
    assert film_packets.playing_span_ms(folder / "VTS_01_1.VOB") < 2500
    if shutil.which("mkvmerge"):
        found = matroska.identify(folder / "VTS_01_1.VOB", folder)
        assert found.readable and len(found.tracks) == 2


@pytest.mark.parametrize("named", ["disc", "disc/VIDEO_TS", "disc/VIDEO_TS/vts_01_2.vob", "disc/VIDEO_TS/VTS_01_1.VOB"])
def test_a_disc_or_a_part_of_one_is_told_what_to_do(tmp_path: Path, named: str) -> None:
    folder = tmp_path / "disc/VIDEO_TS"
    folder.mkdir(parents=True)
    for name in ("VTS_01_0.VOB", "VTS_01_1.VOB", "vts_01_2.vob", "VTS_02_1.VOB"):
        (folder / name).write_bytes(b"\0\0\1\xba" * 8)
    with pytest.raises(MediaError, match=r"a DVD") as caught:
        film_file.check(tmp_path / named, "x")
    assert "cat VTS_01_[1-9].VOB > film.vob" in caught.value.remedy.replace("vts", "VTS")
    film_file.check(folder / "VTS_02_1.VOB", "a film of one part")
    film_file.check(folder / "VTS_01_0.VOB", "a menu, which is asked for by its name")


@pytest.mark.parametrize("begin", [b"DVDVIDEO-VMG", b"DVDVIDEO-VTS", b"MPLS0200", b"INDX0300"])
def test_a_list_that_is_no_text_is_told_by_how_it_begins(tmp_path: Path, begin: bytes) -> None:
    (tmp_path / "film.mkv").write_bytes(begin + bytes(range(200)))
    with pytest.raises(MediaError, match="it names other files"):
        film_file.check(tmp_path / "film.mkv", "x")


@needs_ffmpeg
def test_a_film_whose_tracks_lie_in_another_file_is_not_followed_there(folder: Path) -> None:
    """QuickTime's data references: the table says that the samples are in a file beside, by a path."""
    whole = (folder / SECRET).read_bytes()
    fifo = folder / "elsewhere"
    os.mkfifo(fifo)
    opened = threading.Event()

    def wait() -> None:
        with fifo.open("wb"):  # returns when somebody opens it for reading
            opened.set()

    waiting = threading.Thread(target=wait, daemon=True)
    waiting.start()
    film = folder / "reference.mov"
    film.write_bytes(whole.replace(b"url \0\0\0\x01", b"url \0\0\0\0"))
    assert film.read_bytes() != whole
    film_headers.read(film)
    ffmpeg.run([ffmpeg.source(film)], None, {"f": "null"})
    assert not opened.wait(0.2)
    with fifo.open("rb"):
        waiting.join(5)


@pytest.mark.skipif(shutil.which("mkvmerge") is None, reason="mkvmerge is what is asked")
def test_mkvmerge_is_given_nothing_that_leads_it_to_other_files(tmp_path: Path) -> None:
    index = tmp_path / "film.mkv"
    index.write_text(LISTS["vobsub"], encoding="utf-8")
    (tmp_path / "film.sub").write_bytes(b"\0\0\1\xba" * 600)
    assert not matroska.identify(index, tmp_path).readable


@needs_ffmpeg
@pytest.mark.skipif(shutil.which("mkvmerge") is None, reason="mkvmerge writes the film")
@pytest.mark.parametrize("title", ["-V", "--help", "-J", "--", "@list.json", "--title", "-- नमस्ते\n=", "=x"])
def test_a_title_is_a_title_to_mkvmerge(tmp_path: Path, title: str) -> None:
    film, target = make_film(tmp_path / "film.mp4"), tmp_path / "made.mkv"
    tracks = [matroska.SourceTrack(0, "video", True, False), matroska.SourceTrack(1, "audio", True, False)]
    matroska.multiplex(matroska.options(target, title, [(film, tracks)], []), tmp_path, film)
    matroska.write_title(target, title)
    command = ["ffprobe", "-v", "error", "-show_entries", "format_tags=title", "-of", "json", f"file:{target}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["format"]["tags"]["title"] == title


@needs_ffmpeg
def test_every_kind_that_is_let_in_holds_its_film_itself() -> None:
    assert not set(ffmpeg.FILM_KINDS) & set(film_file.LISTS)
    assert {"hls", "concat", "dash", "imf", "sdp", "vobsub", "image2"} <= set(film_file.LISTS)


def test_every_file_that_ffmpeg_reads_is_closed_to_others() -> None:
    """The one module that builds commands lets no input pass without the two options, and no other builds any."""
    streams = [ffmpeg.source(Path("a.mkv"))["0"], ffmpeg.source(Path("b"), f="srt")["0"], ffmpeg.source(Path("c"))["1"]]
    words = ffmpeg.command(streams, Path("made.mkv"), {}, {})
    at = [number for number, word in enumerate(words) if word == "-i"]
    assert len(at) == 3
    for begin, end in zip([0, *at], at, strict=False):
        assert {"-format_whitelist", "-protocol_whitelist"} <= set(words[begin:end])
    assert modules_with(lambda text: "ffmpeg.input(" in text) == {"samvad/media/ffmpeg.py"}
    text = Path(ffmpeg.__file__).read_text(encoding="utf-8")
    assert text.count("ffmpeg.input(") == 2, "a film or a text (closed), and what ffmpeg makes itself"
    for program in (
        "ffplay",
        "load_audio(",
        "decode_audio(",
        "av.open(",
        "torchaudio.load(",
        "librosa.load(",
        "soundfile.read(",
    ):
        assert not modules_with(lambda text, program=program: program in text), "others that open films by themselves"


@needs_ffmpeg
def test_a_whole_film_is_read_as_before(tmp_path: Path) -> None:
    film = make_film(tmp_path / "film.mp4")
    held = film_headers.read(film)
    whole = clock.opened(film, held).source()
    media.write([whole["0"], whole["1"]], film, tmp_path / "copy.mkv", {"c": "copy", "f": "matroska"})
    assert shots.frame_rate(tmp_path / "copy.mkv") == 10
