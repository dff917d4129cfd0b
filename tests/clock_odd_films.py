"""Films that no plain use of ffmpeg makes: as other programs, cameras and recorders write them.

Each is made of the pieces of ``clock_films``: a chirp and a flash at the same moments, unless its function says by how
much a flash comes before its chirp.
"""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import clock_films
from clock_films import Recipe, ffmpeg

_MPEG2 = ("-c:v", "mpeg2video", "-q:v", "5", "-pix_fmt", "yuv420p")
_PAL = ("-vf", "scale=720:576,setsar=16/15", "-r", "25")
_TS_PACKET = 188
_X264 = ("-c:v", "libx264", "-preset", "ultrafast")


@dataclass(frozen=True)
class Odd:
    """A kind of films.

    Attributes:
        suffix: of a film's name.
        make: makes one of a plain film.
        sooner: how many seconds a flash comes before its chirp.
        searched_from: when (s) its first key picture is shown: before it, no shot changes are looked for.
        stills: whether it has pictures that do not move.
    """

    suffix: str
    make: Callable[[Path, Path], None]
    sooner: float = 0.0
    searched_from: float = 0.1
    stills: bool = False


def make(odd: Odd, folder: Path, pieces: Path) -> Path:
    """Make a film of a kind."""
    plain, film = folder / "plain", folder / f"film.{odd.suffix}"
    plain.mkdir()
    odd.make(clock_films.make(Recipe("mkv", "h264", "pcm_s16le"), plain, pieces), film)
    return film


def _mkvmerge(*options: object) -> None:
    done = subprocess.run(["mkvmerge", "--quiet", *map(str, options)], capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stdout


def with_chapters(folder: Path, pieces: Path, *, ordered: bool) -> Path:
    """Make a Matroska film with two chapters, of which some players show nothing else if they are ordered."""
    atoms = "".join(
        f"<ChapterAtom><ChapterTimeStart>{start}</ChapterTimeStart><ChapterTimeEnd>{end}</ChapterTimeEnd></ChapterAtom>"
        for start, end in (("00:00:00.5", "00:00:02.0"), ("00:00:02.5", "00:00:05.0"))
    )
    flags = f"<EditionFlagOrdered>{int(ordered)}</EditionFlagOrdered>"
    chapters, film = folder / "chapters.xml", folder / "film.mkv"
    edition = f"<EditionEntry>{flags}{atoms}</EditionEntry>"
    chapters.write_text(f'<?xml version="1.0"?><Chapters>{edition}</Chapters>', encoding="utf-8")
    plain = folder / "plain"
    plain.mkdir()
    _mkvmerge("--output", film, "--chapters", chapters, clock_films.make(Recipe("mkv", "h264", "flac"), plain, pieces))
    return film


def _written(*options: str) -> Callable[[Path, Path], None]:
    return lambda plain, film: ffmpeg("-i", plain, *options, film)


def _negative_delay(plain: Path, film: Path) -> None:
    """Let sound come 0.3 s early, as a number below zero in mkvmerge's ``--sync`` does."""
    _mkvmerge("--output", film, "--sync", "1:-300", "--compression", "0:zlib", plain)


def _fine_clock(plain: Path, film: Path) -> None:
    """Count in steps of 0.1 ms; the picture comes half a second late."""
    _mkvmerge("--output", film, "--timestamp-scale", "100000", "--sync", "0:500", plain)


def _boxes(data: bytes, begin: int, end: int) -> list[tuple[bytes, int, int]]:
    found, place = [], begin
    while place + 8 <= end:
        length, kind = struct.unpack_from(">I4s", data, place)
        found.append((kind, place, place + length))
        place += length
    return found


def _with_edits(film: Path, edits: dict[int, list[tuple[int, int]]]) -> None:
    """Give tracks of an MP4 file, whose index is at its end, other lists of edits: lengths (ms), media times (ms)."""
    data = film.read_bytes()
    ((_, begin, end),) = [box for box in _boxes(data, 0, len(data)) if box[0] == b"moov"]
    made = []
    number = 0
    for kind, first, last in _boxes(data, begin + 8, end):
        content = data[first:last]
        if kind == b"trak":
            content = _with_list(content, edits[number])
            number += 1
        made.append(content)
    body = b"".join(made)
    film.write_bytes(data[:begin] + struct.pack(">I4s", len(body) + 8, b"moov") + body + data[end:])


def _with_list(track: bytes, edits: list[tuple[int, int]]) -> bytes:
    inner = _boxes(track, 8, len(track))
    ((_, media, _),) = [box for box in inner if box[0] == b"mdia"]
    head = track.index(b"mdhd", media)
    (scale,) = struct.unpack_from(">I", track, head + 4 + 12)
    entries = b"".join(struct.pack(">IiHH", length, at if at < 0 else at * scale // 1000, 1, 0) for length, at in edits)
    table = struct.pack(">I4sII", 16 + len(entries), b"elst", 0, len(edits)) + entries
    new = struct.pack(">I4s", 8 + len(table), b"edts") + table
    kept = [track[first:last] for kind, first, last in inner if kind != b"edts"]
    body = b"".join([kept[0], new, *kept[1:]])
    return struct.pack(">I4s", len(body) + 8, b"trak") + body


def _two_edits(plain: Path, film: Path) -> None:
    """Show nothing for half a second, then two stretches of the film with a second left out between them."""
    ffmpeg("-i", plain, *_X264, "-bf", "0", "-g", "5", "-c:a", "pcm_s16le", film)
    edits = [(500, -1), (1600, 0), (2000, 2600)]
    _with_edits(film, {0: edits, 1: edits})


def _two_programs(plain: Path, film: Path) -> None:
    """Broadcast two programmes in one stream; the second one's picture is still and its sound another."""
    other = ("-f", "lavfi", "-i", "color=c=blue:size=96x64:rate=25:duration=5", "-f", "lavfi", "-i", "sine=duration=5")
    maps = ("-map", "0:v", "-map", "0:a", "-map", "1:v", "-map", "2:a")
    programs = ("-program", "title=one:st=0:st=1", "-program", "title=two:st=2:st=3")
    ffmpeg("-i", plain, *other, *maps, *_MPEG2, "-c:a", "mp2", *programs, film)


def _screen(plain: Path, film: Path) -> None:
    """Record a screen: a picture comes only where something has changed, at uneven times."""
    kept = "select='lt(t,0.5)+not(mod(n,7))+between(t,0.99,1.3)+between(t,2.99,3.3)',setpts=PTS+0.011*sin(N)/TB"
    ffmpeg("-i", plain, "-vf", kept, "-fps_mode", "vfr", *_X264, "-c:a", "aac", "-video_track_timescale", 90000, film)


def _turned_and_stretched(plain: Path, film: Path) -> None:
    """Hold the phone upright, with pixels that are no squares."""
    first = film.with_name("unturned.mp4")
    ffmpeg("-i", plain, "-vf", "setsar=4/3", *_X264, "-c:a", "aac", first)
    ffmpeg("-i", first, "-c", "copy", "-metadata:s:v", "rotate=270", film)


def _cover_in_fragments(plain: Path, film: Path) -> None:
    """Write fragments with a cover: ffmpeg makes a track of it, besides, that has a size and no codec."""
    still = film.with_name("cover.png")
    ffmpeg("-f", "lavfi", "-i", "testsrc2=size=64x64", "-frames:v", 1, still)
    maps = ("-map", "1:v", "-map", "0:v", "-map", "0:a", "-c:v:0", "copy", "-disposition:v:0", "attached_pic")
    coded = ("-c:v:1", "libx264", "-preset", "ultrafast", "-c:a", "aac", "-movflags", "+frag_keyframe+delay_moov")
    ffmpeg("-i", plain, "-i", still, *maps, *coded, film)


def _back(plain: Path, film: Path) -> None:
    """Go on recording three seconds back on the clock."""
    parts = [film.with_name(f"part{number}.ts") for number in (1, 2)]
    for part, begin, end, offset in ((parts[0], 0, 2, 20), (parts[1], 2, 5, 17)):
        ffmpeg("-ss", begin, "-to", end, "-i", plain, *_MPEG2, "-c:a", "mp2", "-output_ts_offset", offset, part)
    film.write_bytes(b"".join(part.read_bytes() for part in parts))


def chained(plain: Path, film: Path) -> None:
    """Chain two Ogg files, as a radio's recorder does: each has numbers and a clock of its own."""
    parts = [film.with_name(f"part{number}.ogv") for number in (1, 2)]
    for part, begin, end in ((parts[0], 0, 2), (parts[1], 2, 5)):
        ffmpeg("-ss", begin, "-to", end, "-i", plain, "-c:v", "libtheora", "-c:a", "libvorbis", "-ac", 2, part)
    film.write_bytes(b"".join(part.read_bytes() for part in parts))


def _cut_open(plain: Path, film: Path) -> None:
    """Cut between two key pictures of open groups, without encoding: what comes first cannot be decoded."""
    whole = film.with_name("whole.ts")
    open_groups = ("-x264-params", "open-gop=1:keyint=25:bframes=3:b-pyramid=normal")
    ffmpeg("-i", plain, *_X264, *open_groups, "-c:a", "ac3", whole)
    ffmpeg("-ss", 0.6, "-i", whole, "-c", "copy", "-copyinkf", film)


def _recorded(plain: Path, film: Path) -> bytes:
    """Return what a recorder keeps of a broadcast: packets of 188 bytes, two key pictures a second."""
    ffmpeg("-i", plain, *_X264, "-g", "12", "-c:a", "ac3", "-muxdelay", "0", film)
    return film.read_bytes()


def _moment(data: bytes, seconds: float) -> int:
    """Return the place in a film of five seconds and some 200 bytes a picture that is near a moment."""
    return round(len(data) * seconds / clock_films.SECONDS) // _TS_PACKET * _TS_PACKET


def _begun_between(plain: Path, film: Path) -> None:
    """Begin to record between two key pictures: sound is heard before anything is seen."""
    data = _recorded(plain, film)
    film.write_bytes(data[: 2 * _TS_PACKET + _TS_PACKET] + data[_moment(data, 0.3) :])


def _with_hole(plain: Path, film: Path) -> None:
    """Lose most of a second in the middle, sound and picture."""
    data = _recorded(plain, film)
    film.write_bytes(data[: _moment(data, 1.6)] + data[_moment(data, 2.4) :])


def _damaged(plain: Path, film: Path) -> None:
    """Lose single packets, as in a storm."""
    data = _recorded(plain, film)
    packets = [data[place : place + _TS_PACKET] for place in range(0, len(data), _TS_PACKET)]
    kept = [packet for number, packet in enumerate(packets) if number < 40 or number % 97]
    film.write_bytes(b"".join(kept))


def _parts_of_a_dvd(plain: Path, film: Path) -> None:
    """Put two parts together, each with a clock from zero, as ``cat VTS_01_1.VOB VTS_02_1.VOB`` does."""
    parts = [film.with_name(f"part{number}.vob") for number in (1, 2)]
    for part, begin, end in ((parts[0], 0, 2), (parts[1], 2, 5)):
        ffmpeg("-ss", begin, "-to", end, "-i", plain, *_MPEG2, "-c:a", "ac3", "-f", "vob", part)
    film.write_bytes(b"".join(part.read_bytes() for part in parts))


ODD: dict[str, Odd] = {
    "mkv-negative-delay-zlib": Odd("mkv", _negative_delay, -0.3),
    "mkv-fine-clock-late-picture": Odd("mkv", _fine_clock, -0.5),
    "mov-two-edits": Odd("mov", _two_edits),
    "ts-two-programs": Odd("ts", _two_programs),
    "ts-back-three-seconds": Odd("ts", _back),
    "ts-eac3-anew": Odd("ts", _written(*_X264, "-c:a", "eac3", "-output_ts_offset", "95442.2")),
    "ts-interlaced": Odd("ts", _written(*_PAL, *_X264, "-flags", "+ildct+ilme", "-top", "1", "-c:a", "mp2")),
    "mp4-fragments-cover": Odd("mp4", _cover_in_fragments, stills=True),
    "mp4-screen": Odd("mp4", _screen),
    "mp4-turned-stretched": Odd("mp4", _turned_and_stretched),
    "avi-mp3-variable": Odd("avi", _written("-c:v", "mpeg4", "-c:a", "libmp3lame", "-q:a", "5")),
    "mov-alaw": Odd("mov", _written("-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-c:a", "pcm_alaw", "-ar", "8000")),
    "mov-ima4": Odd("mov", _written("-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-c:a", "adpcm_ima_qt", "-ar", "44100")),
    "dv": Odd("dv", _written(*_PAL, "-c:v", "dvvideo", "-pix_fmt", "yuv420p", "-ac", "2", "-ar", "48000")),
    "gxf": Odd("gxf", _written(*_PAL, *_MPEG2, "-c:a", "pcm_s16le")),
    "wtv": Odd("wtv", _written(*_MPEG2, "-c:a", "mp2")),
    "nut": Odd("nut", _written("-c:v", "mpeg4", "-bf", "2", "-c:a", "flac")),
    "rm": Odd("rm", _written("-c:v", "rv20", "-s", "176x144", "-c:a", "ac3")),
    "flv-clock": Odd("flv", _written("-c:v", "flv", "-c:a", "libmp3lame", "-ar", "44100", "-output_ts_offset", "5")),
    "ts-begun-between-keys": Odd("ts", _begun_between),
    "ts-hole": Odd("ts", _with_hole),
    "ts-damaged": Odd("ts", _damaged),
    "vob-two-parts": Odd("vob", _parts_of_a_dvd),
    "mkv-cut-open-groups": Odd("mkv", _cut_open, searched_from=0.9),
    "asf-mp3-adpcm": Odd("asf", _written("-c:v", "wmv1", "-c:a", "adpcm_ima_wav", "-ar", "22050")),
    "mxf-d10": Odd("mxf", _written(*_PAL, "-c:v", "mpeg2video", "-pix_fmt", "yuv422p", "-b:v", "30000k",
        "-minrate", "30000k", "-maxrate", "30000k", "-bufsize", "1200000", "-intra_vlc", "1", "-g", "1", "-qmin", "1",
        "-qmax", "12", "-rc_init_occupancy", "1200000", "-ar", "48000", "-ac", "2", "-f", "mxf_d10")),
}  # fmt: skip
