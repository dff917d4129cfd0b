"""What stage 01 hears and sees is as far apart as a player plays it, whatever the container does with times.

The films that are made here change their picture at 2 and 6 s, and sound a tone at the same moments.
"""

from __future__ import annotations

import shutil
import struct
import subprocess
import wave
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import support
from samvad.core.errors import MediaError
from samvad.documents.film_clock import FilmClock
from samvad.media import clock, shots
from samvad.stages.demux import extract, probe, tracks

pytestmark = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg makes the films")

TOLERANCE_MS = 40
EVENTS_MS = (2000, 6000)
#: A recording's parts follow each other by the picture's last frame or the sound's last packet: they end apart.
SEAM_MS = 60

PICTURE = (
    *("-f", "lavfi", "-i"),
    "testsrc=size=96x64:rate=25:duration=2[a];mandelbrot=size=96x64:rate=25,trim=duration=4[b];"
    "smptebars=size=96x64:rate=25:duration=2[c];[a][b][c]concat=n=3",
)
TONES = "aevalsrc='0.5*sin(2*PI*700*t)*(between(t,2,2.3)+between(t,6,6.3))':d=8:s=48000"
SOUND = ("-f", "lavfi", "-i", TONES)
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "2")
MPEG2 = ("-c:v", "mpeg2video", "-q:v", "3", "-bf", "2")
MPEG4 = ("-c:v", "mpeg4", "-q:v", "3")


@dataclass(frozen=True)
class Found:
    """What stage 01's steps find in a film: when tones begin, when the picture changes, its clock."""

    tones_ms: list[int]
    cuts_ms: list[int]
    clock: FilmClock
    warning: str


def ffmpeg(*options: object) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", *map(str, options)], check=True)


def onsets(path: Path, loud: int, pause_ms: int) -> list[int]:
    """Return when a sound begins after a pause, in ms."""
    with wave.open(str(path), "rb") as file:
        samples = np.abs(np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").astype(int))
    times = np.flatnonzero(samples > loud) / 16
    steps = np.diff(times, prepend=-np.inf)
    return [round(time) for time in times[steps > pause_ms]]


def read(film: Path, folder: Path, wanted: Sequence[str] = (), loud: int = 2500, pause_ms: int = 800) -> Found:
    opened = clock.opened(film)
    track = tracks.choose(probe.probe(film, opened.header).audio, wanted, None, str(film)).track
    found = extract.extract(opened, track, "auto", "centre", folder / "audio.wav")
    times = clock.read(opened)
    warning = probe.check_whole(opened, track, times, found.duration_ms, found.cut_short, 0.95)
    cuts = shots.detect(film) if opened.header.film_picture else []
    return Found(onsets(folder / "audio.wav", loud, pause_ms), cuts, times, warning)


def film_of(*options: object, sound: Sequence[object] = (), picture: Sequence[object] = ()) -> Callable[[Path], None]:
    return lambda film: ffmpeg(*picture, *PICTURE, *sound, *SOUND, *options, film)


def delayed_avi(film: Path) -> None:
    """ffmpeg writes no start of a stream into AVI's header (``dwStart``), but obeys it; here it is 0.4 s of sound."""
    film_of(*MPEG4, "-c:a", "pcm_s16le")(film)
    data = bytearray(film.read_bytes())
    place = data.index(b"auds")
    scale, rate, start = struct.unpack_from("<III", data, place + 20)
    assert start == 0
    struct.pack_into("<I", data, place + 28, rate * 2 // (scale * 5))
    film.write_bytes(data)


LATE = ("-itsoffset", "0.4")
FROM_TEN = ("-output_ts_offset", "10")
HOLE = ("-af", "aselect='not(between(t,3,4))'")
#: name of the file, how it is made, how much later than the picture its sound is
KINDS: dict[str, tuple[str, Callable[[Path], None], int]] = {
    "late in Matroska from 10 s": ("a.mkv", film_of(*H264, "-c:a", "aac", *FROM_TEN, sound=LATE), 400),
    "Opus's pre-skip": ("a.mkv", film_of(*H264, "-c:a", "libopus"), 0),
    "late in MP4": ("a.mp4", film_of(*H264, "-c:a", "aac", sound=LATE), 400),
    "late picture in MP4": ("a.mp4", film_of(*H264, "-c:a", "aac", picture=LATE), -400),
    "fragmented MP4": ("a.mp4", film_of(*H264, "-c:a", "aac", "-movflags", "frag_keyframe+empty_moov"), 0),
    "ALAC in MOV": ("a.mov", film_of(*H264, "-c:a", "alac", sound=LATE), 400),
    "FLAC in MP4": ("a.mp4", film_of(*H264, "-c:a", "flac", "-strict", "-2"), 0),
    "late in a transport stream": ("a.ts", film_of(*H264, "-c:a", "aac", sound=LATE), 400),
    "late picture in a transport stream": ("a.ts", film_of(*H264, "-c:a", "ac3", picture=LATE), -400),
    "a clock that runs over": ("a.ts", film_of(*H264, "-c:a", "aac", "-output_ts_offset", "95440"), 0),
    "late in M2TS": ("a.m2ts", film_of(*H264, "-c:a", "ac3", sound=LATE), 400),
    "late in VOB": ("a.vob", film_of(*MPEG2, "-c:a", "ac3", sound=LATE), 400),
    "LPCM in VOB": ("a.vob", film_of(*MPEG2, "-c:a", "pcm_s16be", sound=LATE), 400),
    "late in Ogg": ("a.ogv", film_of("-c:v", "libtheora", "-c:a", "libvorbis", sound=LATE), 400),
    "late in Flash video": ("a.flv", film_of(*H264, "-c:a", "aac", sound=LATE), 400),
    "late in Windows Media": ("a.wmv", film_of("-c:v", "wmv2", "-c:a", "wmav2", sound=LATE), 400),
    "AVI": ("a.avi", film_of(*MPEG4, "-c:a", "ac3"), 0),
    "AVI with a start of its sound": ("a.avi", delayed_avi, 400),
    "MXF": ("a.mxf", film_of(*MPEG2, "-bf", "0", "-c:a", "pcm_s16le"), 0),
    "a hole in Matroska": ("a.mkv", film_of(*H264, "-c:a", "aac", *HOLE), 0),
    "a hole in a transport stream": ("a.ts", film_of(*H264, "-c:a", "ac3", *HOLE), 0),
    "a hole in MP4": ("a.mp4", film_of(*H264, "-c:a", "aac", *HOLE), 0),
    "drifting sound": (
        "a.mkv",
        film_of(*H264, "-af", "asetrate=48480,aresample=48000,asetpts='N/SR/TB*1.01'", "-c:a", "pcm_s16le"),
        0,
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_sound_and_picture_are_as_far_apart_as_in_the_film(tmp_path: Path, kind: str) -> None:
    name, make, late_ms = KINDS[kind]
    make(tmp_path / name)
    found = read(tmp_path / name, tmp_path)
    assert len(found.tones_ms) == len(found.cuts_ms) == 2, found
    for tone, cut in zip(found.tones_ms, found.cuts_ms, strict=True):
        assert tone - cut == pytest.approx(late_ms, abs=TOLERANCE_MS), found
    # From zero on: the earlier of the two is where it was, but for the priming of a codec that no header tells of.
    first = min(found.tones_ms[0], found.cuts_ms[0])
    assert first == pytest.approx(EVENTS_MS[0], abs=90 if "fragmented" in kind else TOLERANCE_MS)
    assert not found.clock.jumps


@pytest.mark.parametrize("kind", ["leaps", "other numbers", "program stream"])
def test_parts_of_a_recording_stay_together(tmp_path: Path, kind: str) -> None:
    ending = "vob" if kind == "program stream" else "ts"
    codecs = (*MPEG2, "-c:a", "ac3") if ending == "vob" else (*H264, "-c:a", "aac")
    second = {
        "leaps": ("-output_ts_offset", "50000"),
        "other numbers": ("-streamid", "0:0x200", "-streamid", "1:0x201"),
        "program stream": ("-output_ts_offset", "1"),
    }[kind]
    parts = [tmp_path / f"{number}.{ending}" for number in (1, 2)]
    film_of(*codecs)(parts[0])
    film_of(*codecs, *second)(parts[1])
    film = tmp_path / f"film.{ending}"
    film.write_bytes(b"".join(part.read_bytes() for part in parts))
    found = read(film, tmp_path)
    cuts = [cut for cut in found.cuts_ms if abs(cut - 8000) > 200]  # the seam is one, too
    assert found.tones_ms == pytest.approx([2000, 6000, 10_000, 14_000], abs=SEAM_MS)
    assert [tone - cut for tone, cut in zip(found.tones_ms, cuts, strict=True)] == pytest.approx(
        [0] * 4, abs=TOLERANCE_MS
    )
    assert found.clock.duration_ms == pytest.approx(16_000, abs=100) and not found.warning


@pytest.mark.parametrize(
    ("name", "codecs"), [("a.mp4", (*H264, "-c:a", "aac")), ("a.mov", (*MPEG4, "-c:a", "pcm_s16le"))]
)
def test_a_trimmed_film_begins_where_its_edit_list_says(tmp_path: Path, name: str, codecs: tuple[str, ...]) -> None:
    film_of(*codecs, "-bf", "0", "-g", "1000")(tmp_path / f"whole_{name}")
    ffmpeg("-ss", "1", "-i", tmp_path / f"whole_{name}", "-c", "copy", tmp_path / name)
    found = read(tmp_path / name, tmp_path)
    assert found.tones_ms == pytest.approx([1000, 5000], abs=TOLERANCE_MS)
    assert found.cuts_ms == pytest.approx([1000, 5000], abs=TOLERANCE_MS)
    assert found.clock.duration_ms == pytest.approx(7000, abs=TOLERANCE_MS)


@pytest.mark.parametrize("name", ["a.mkv", "a.wmv", "a.flv", "a.ts"])
def test_sound_that_ends_early_is_whole_and_a_film_that_is_cut_is_not(tmp_path: Path, name: str) -> None:
    codecs = ("-c:v", "wmv2", "-c:a", "wmav2") if name.endswith("wmv") else (*H264, "-c:a", "aac")
    film = tmp_path / name
    film_of(*codecs, "-af", "atrim=0:5")(film)
    assert "sound ends before the film does" in read(film, tmp_path).warning
    if name.endswith("ts"):  # a recording promises nothing: it ends where it ends
        return
    film.write_bytes(film.read_bytes()[: film.stat().st_size // 2])
    with pytest.raises(MediaError, match="is cut short"):
        read(film, tmp_path)


# -- films as people have them -----------------------------------------------------------------------------------------

CASES = support.ROOT.parent / "shared" / "cases" / "films"
BOTH = (1000, 6000)
#: When the two sentences begin, on the film's clock; those that are not named begin at 1 and 6 s.
SPOKEN = {
    "g1_trimmed.mp4": (2000,),
    "p1_late.ts": (2500, 7500),
    "p3_late04.ts": (1400, 6400),
    "h1_f32le.mov": (1000,),
    "h2_s8.mov": (1000,),
    "g2_wma.avi": (1043, 6043),  # WMA's priming, which AVI cannot tell of: players play it
}
LENGTHS_MS = {"g1_trimmed.mp4": 7000, "p1_late.ts": 14_000, "p3_late04.ts": 12_000, "q1_videolate.ts": 11_621}


@pytest.mark.parametrize("film", sorted(CASES.glob("*")) or [None], ids=lambda film: film.name if film else "none")
def test_speech_is_where_the_film_has_it(film: Path | None, tmp_path: Path) -> None:
    if film is None:
        pytest.skip(f"{CASES} is not on this machine")
    found = read(film, tmp_path, loud=300, pause_ms=900)
    spoken = SPOKEN.get(film.name, BOTH)
    heard = [time for time in found.tones_ms if time > 100]  # a cut film may begin within a word
    assert heard == pytest.approx(list(spoken), abs=TOLERANCE_MS)
    length = LENGTHS_MS.get(film.name, 3000 if film.name.startswith("h") else 11_000)
    assert found.clock.duration_ms == pytest.approx(length, abs=90)
    if film.name == "q1_videolate.ts":
        assert found.cuts_ms == [5621]


@pytest.mark.parametrize(("channel", "tone"), [("left", 400), ("right", 1000)])
def test_a_channel_that_is_asked_for_is_heard_though_the_channels_change(
    tmp_path: Path, channel: str, tone: int
) -> None:
    """Each channel of a broadcast has a tone of its own, in stereo and then in 5.1."""
    film, both = tmp_path / "film.ts", "[0][1]amerge=inputs=2"
    tones = [word for hertz in (400, 1000) for word in ("-f", "lavfi", "-i", f"sine={hertz}:duration=3")]
    for number, mixed in enumerate((f"{both}[a]", f"{both},pan=5.1|FL=c0|FR=c1[a]")):
        part = tmp_path / f"{number}.ts"
        coded = ("-c:a", "aac", "-output_ts_offset", 3 * number, "-muxdelay", 0)
        ffmpeg(*tones, "-filter_complex", mixed, "-map", "[a]", *coded, part)
        film.write_bytes(b"".join(one.read_bytes() for one in (film, part) if one.exists()))
    opened = clock.opened(film)
    track = tracks.choose(probe.probe(film, opened.header).audio, (), None, str(film)).track
    found = extract.extract(opened, track, channel, "centre", tmp_path / "audio.wav")
    assert found.channel == channel and "within the film: the channel that was asked for" in found.warning
    assert found.duration_ms == pytest.approx(6000, abs=60)
    with wave.open(str(tmp_path / "audio.wav"), "rb") as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").astype(float)
    for second in (1, 4):
        heard = np.abs(np.fft.rfft(samples[second * 16_000 : (second + 1) * 16_000]))
        assert heard.argmax() == tone
