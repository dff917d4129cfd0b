"""Films that say when it is: a chirp is heard and a flash is seen at the same moments, whatever the container does.

Pictures and sounds are encoded once and put together anew for each film. ``events`` looks for the chirps and flashes in
a file with ffmpeg alone, as a player decodes it: none of the project's code has a part in it.
"""

from __future__ import annotations

import fcntl
import functools
import itertools
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 48_000
#: What is looked for is heard in less, which takes a third of the time; stage 01's sound has as much.
HEARD_HZ = 16_000
SECONDS = 5
#: When a chirp and a flash begin, in seconds of their streams. No two chirps are the same.
MOMENTS = (1.0, 3.0)
_CHIRP_SECONDS = 0.25
_FREQUENCIES = ((400, 2400), (2600, 700))
_FLASH_SECONDS = 0.2

#: A sound is heard when its packets' times say: by itself, ffmpeg lets it be 0.1 s off.
_AS_TIMED = "async=1:min_hard_comp=0.01:first_pts=0"

#: How pictures are encoded.
PICTURES: dict[str, tuple[str, ...]] = {
    "h264": ("-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-bf", "2"),
    "h264-long": ("-c:v", "libx264", "-preset", "ultrafast", "-g", "250"),
    "hevc": ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:pools=1"),
    "mpeg4": ("-c:v", "mpeg4", "-q:v", "5"),
    "mpeg4-b": ("-c:v", "mpeg4", "-q:v", "5", "-bf", "2"),
    "mpeg2": ("-c:v", "mpeg2video", "-q:v", "5", "-bf", "2"),
    "vp8": ("-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "300k"),
    "vp9": ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "300k"),
    "theora": ("-c:v", "libtheora", "-q:v", "5"),
    "mjpeg": ("-c:v", "mjpeg", "-q:v", "5"),
    "prores": ("-c:v", "prores_ks", "-profile:v", "0"),
    "wmv2": ("-c:v", "wmv2", "-q:v", "5"),
    "flv1": ("-c:v", "flv", "-q:v", "5"),
    "h263": ("-c:v", "h263", "-q:v", "5", "-s", "128x96"),
    "av1": ("-c:v", "libaom-av1", "-cpu-used", "8", "-usage", "realtime", "-b:v", "100k", "-g", "50"),
    "mpeg1": ("-c:v", "mpeg1video", "-q:v", "5"),
    "ffv1": ("-c:v", "ffv1"),
    "msmpeg4": ("-c:v", "msmpeg4", "-q:v", "5"),
}

#: How a container is written, with ffmpeg's options: lists of edits or none, in one piece or in fragments.
SHAPES: dict[str, tuple[str, ...]] = {
    "": (),
    "no-edit-list": ("-use_editlist", "0"),
    "fragments": ("-movflags", "frag_keyframe+empty_moov+delay_moov"),
    "old-fragments": ("-movflags", "frag_keyframe+empty_moov"),
    "negative-offsets": ("-movflags", "negative_cts_offsets"),
    "faststart": ("-movflags", "faststart"),
    "below-zero": ("-avoid_negative_ts", "disabled"),
    "live": ("-live", "1"),
    "lacing-index": ("-cluster_time_limit", "500", "-reserve_index_space", "10000"),
}
_OTHER = ("-f", "lavfi", "-i", f"anoisesrc=duration={SECONDS}:amplitude=0.05:color=pink:seed=3")
_STILL = ("-f", "lavfi", "-i", "color=c=blue:size=96x64:rate=25:duration=0.04")
_STILL_IN_FRONT = ("-map", "2:v", "-map", "0:v", "-map", "1:a", "-c:v:0", "mjpeg", "-pix_fmt:v:0", "yuvj420p")
#: What else a film has: inputs, and how they and the film's own streams (picture 0, sound 1) are put together.
FLAGS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "": ((), ("-map", "0:v", "-map", "1:a")),
    "no-default": ((), ("-map", "0:v", "-map", "1:a", "-disposition:v", "0", "-disposition:a", "0")),
    "forced": ((), ("-map", "0:v", "-map", "1:a", "-disposition:a:0", "default+forced+original")),
    "commentary": (
        _OTHER,
        (
            *("-map", "0:v", "-map", "2:a", "-map", "1:a", "-metadata:s:a:0", "title=Commentary by the director"),
            *("-disposition:a:0", "default+comment", "-disposition:a:1", "0"),
        ),
    ),
    "described": (
        _OTHER,
        (
            *("-map", "0:v", "-map", "1:a", "-map", "2:a", "-metadata:s:a:1", "title=Audio description"),
            *("-disposition:a:0", "0", "-disposition:a:1", "default+visual_impaired"),
        ),
    ),
    "sound-first": ((), ("-map", "1:a", "-map", "0:v")),
    "thumbnail": (_STILL, _STILL_IN_FRONT),
    "cover": (_STILL, (*_STILL_IN_FRONT, "-disposition:v:0", "attached_pic", "-disposition:v:1", "default")),
}
_SOUND_IN_FRONT = frozenset({"commentary"})


@dataclass(frozen=True)
class Recipe:
    """A film: its container (the suffix of its name), its codecs, and when its streams start, in seconds.

    Attributes:
        sound: codecs of its sounds, joined by ``+``; they are the same sound but for that.
        cut: seconds that ``-ss`` with copied streams takes off its beginning: an edit list, in MP4.
        clock: added to all of its times.
        shape: how its container is written (``SHAPES``).
        flags: what tracks and flags it has beside one picture and one sound (``FLAGS``).
    """

    suffix: str
    picture: str
    sound: str
    picture_late: float = 0.0
    sound_late: float = 0.0
    cut: float = 0.0
    clock: float = 0.0
    shape: str = ""
    flags: str = ""

    @property
    def sound_tracks(self) -> list[int]:
        """Return which of its sounds have the chirps."""
        first = 1 if self.flags in _SOUND_IN_FRONT else 0
        return list(range(first, first + len(self.sound.split("+"))))

    def __str__(self) -> str:
        """Return its name."""
        times = (("v", self.picture_late), ("a", self.sound_late), ("cut", self.cut), ("clock", self.clock))
        late = (f"{name}{time:g}" for name, time in times if time)
        return "-".join(filter(None, [self.suffix, self.picture, self.sound, *late, self.shape, self.flags]))


@functools.cache
def _chirps(rate_hz: int) -> NDArray[np.float64]:
    """Return each chirp's samples."""
    time = np.arange(round(_CHIRP_SECONDS * rate_hz)) / rate_hz
    shape = np.hanning(len(time))
    sweeps = (low * time + (high - low) * time**2 / (2 * _CHIRP_SECONDS) for low, high in _FREQUENCIES)
    return np.stack([np.sin(2 * np.pi * sweep) * shape for sweep in sweeps])


def _sound() -> NDArray[np.float64]:
    """Return the film's sound: chirps over soft noise, which is another in each place."""
    made = np.random.default_rng(7).normal(0, 0.01, SECONDS * RATE_HZ)
    for moment, chirp in zip(MOMENTS, _chirps(RATE_HZ), strict=True):
        begin = round(moment * RATE_HZ)
        made[begin : begin + len(chirp)] += 0.5 * chirp
    return made


def make(recipe: Recipe, folder: Path, pieces: Path) -> Path:
    """Make a film from pieces that are encoded once.

    Args:
        recipe: the film.
        folder: where it is to lie.
        pieces: where the pieces lie, for all films.
    """
    picture = _piece(pieces, f"{recipe.picture}.nut", _encode_picture, recipe.picture)
    wav = _piece(pieces, "sound.wav", _write_sound, "")
    film = folder / f"film.{recipe.suffix}"
    offset = ("-itsoffset", f"{recipe.picture_late}") if recipe.picture_late else ()
    late = ("-itsoffset", f"{recipe.sound_late}") if recipe.sound_late else ()
    clock = ("-output_ts_offset", f"{recipe.clock}") if recipe.clock else ()
    into = folder / f"whole.{recipe.suffix}" if recipe.cut else film
    more, mapped = FLAGS[recipe.flags]
    sounds = recipe.sound.split("+")
    besides = ("-map", "1:a") * (len(sounds) - 1)
    options = [word for place, sound in enumerate(sounds) for word in _sound_options(sound, place, len(sounds))]
    streams = ("-c:v", "copy", *mapped, *besides, *options)
    written = (*_container(recipe), *SHAPES[recipe.shape])
    ffmpeg(*offset, "-i", picture, *late, "-i", wav, *more, *streams, *clock, *written, into)
    if recipe.cut:
        ffmpeg("-ss", recipe.cut, "-i", into, "-map", "0", "-c", "copy", *written, film)
        into.unlink()
    return film


def _container(recipe: Recipe) -> tuple[str, ...]:
    return {"vob": ("-f", "vob"), "m2ts": ("-f", "mpegts", "-mpegts_m2ts_mode", "1")}.get(recipe.suffix, ())


def _sound_options(sound: str, place: int, of: int) -> tuple[str, ...]:
    codec = {"opus": "libopus", "vorbis": "libvorbis", "mp3": "libmp3lame"}.get(sound, sound)
    which = f":{place}" if of > 1 else ""
    rate = (f"-ar:a{which}", "44100") if sound in ("nellymoser", "wmav2", "mp3") else ()
    channels = (f"-ac:a{which}", "2") if sound in ("pcm_bluray", "pcm_dvd", "truehd") else ()
    return (f"-c:a{which}", codec, *rate, *channels, "-strict", "-2")


def _encode_picture(path: Path, name: str) -> None:
    flashes = "+".join(f"between(t\\,{moment}\\,{moment + _FLASH_SECONDS - 0.02:.2f})" for moment in MOMENTS)
    size = {"h263": "128x96"}.get(name, "96x64")
    picture = f"testsrc2=size={size}:rate=25:duration={SECONDS},eq=contrast=0.6:brightness=-0.25"
    flash = f"{picture},drawbox=color=white:thickness=fill:enable='{flashes}'"
    ffmpeg("-f", "lavfi", "-i", flash, "-pix_fmt", _pixels(name), *PICTURES[name], "-threads", "1", path)


def _pixels(name: str) -> str:
    return {"prores": "yuv422p10le", "mjpeg": "yuvj420p"}.get(name, "yuv420p")


def _write_sound(path: Path, _: str) -> None:
    samples = (_sound() * 32767).astype("<i2")
    ffmpeg("-f", "s16le", "-ar", RATE_HZ, "-ac", 1, "-i", "pipe:0", path, data=samples.tobytes())


def _piece(folder: Path, name: str, write: Callable[[Path, str], None], argument: str) -> Path:
    """Return a piece that is made the first time; several processes may ask for it at a time."""
    path = folder / name
    if not path.exists():
        with (folder / f"{name}.lock").open("w") as lock, tempfile.TemporaryDirectory(dir=folder) as work:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not path.exists():
                made = Path(work) / name
                write(made, argument)
                made.replace(path)
    return path


@dataclass(frozen=True)
class Events:
    """When things happen, in seconds as a player plays a file, None where they do not; and its pictures' checksums.

    Attributes:
        chirps: of each sound that was asked for.
        flashes: when they begin.
        pictures: their checksums.
    """

    chirps: tuple[tuple[float | None, ...], ...]
    flashes: tuple[float, ...]
    pictures: frozenset[str]


def events(film: Path, sound_tracks: Sequence[int] = (0,), picture: int | None = None) -> Events:
    """Find chirps and flashes in a file, decoded by one ffmpeg command, so that all are on one clock.

    Args:
        film: the file.
        sound_tracks: which of its sounds have the chirps.
        picture: number of the stream that has the flashes; None for the first that moves.
    """
    with tempfile.TemporaryDirectory() as work:
        bright, sums = (Path(work) / name for name in ("bright", "sums"))
        sounds = [Path(work) / f"sound{number}" for number in sound_tracks]
        as_timed = ("-af", f"aresample={_AS_TIMED}", "-ac", 1, "-ar", HEARD_HZ, "-f", "f32le")
        heard = [
            word
            for number, samples in zip(sound_tracks, sounds, strict=True)
            for word in ("-map", f"0:a:{number}", *as_timed, samples)
        ]
        measure = f"scale=4:4,format=gray,signalstats,metadata=print:key=lavfi.signalstats.YAVG:file={bright}"
        shown = ("-map", "0:V:0" if picture is None else f"0:{picture}", "-fps_mode", "passthrough")
        seen = (*shown, "-vf", measure, "-f", "null", "-")
        ffmpeg("-threads", 1, "-i", film, *heard, *seen, *shown, "-f", "framemd5", sums)
        checksums = [line.rpartition(",")[2] for line in sums.read_text("utf-8").splitlines() if line[0] != "#"]
        return Events(
            tuple(chirps(np.fromfile(samples, dtype="<f4")) for samples in sounds),
            _flashes(bright.read_text("utf-8")),
            frozenset(checksums),
        )


def chirps(samples: NDArray[np.float32]) -> tuple[float | None, ...]:
    """Return when each chirp begins in a sound (16,000 samples a second), in seconds from its first sample."""
    found: list[float | None] = []
    for chirp in _chirps(HEARD_HZ):
        if len(samples) < len(chirp):
            return (None,) * len(MOMENTS)
        size = 1 << (len(samples) - 1).bit_length()
        product = np.fft.irfft(np.fft.rfft(samples, size) * np.conj(np.fft.rfft(chirp, size)), size)[: len(samples)]
        place = int(np.argmax(np.abs(product)))
        heard = samples[place : place + len(chirp)]
        likeness = abs(product[place]) / np.sqrt(max(1e-9, float((heard**2).sum())) * float((chirp**2).sum()))
        found.append(place / HEARD_HZ if likeness > 0.8 else None)
    return tuple(found)


@dataclass(frozen=True)
class Speech:
    """When speech begins in a file, and its pictures, small and grey; in seconds as a player plays it."""

    onset: float
    pictures: list[tuple[float, NDArray[np.float32]]]


def speech(film: Path, sound_track: int) -> Speech:
    """Find the first word and the pictures of a file, decoded by one ffmpeg command, so that both are on one clock."""
    with tempfile.TemporaryDirectory() as work:
        samples, shades, times = (Path(work) / name for name in ("sound", "shades", "times"))
        one = f"aresample={_AS_TIMED},pan=mono|c0=c0"
        sound = ("-map", f"0:a:{sound_track}", "-af", one, "-ar", RATE_HZ, "-f", "f32le", samples)
        small = f"scale=16:16:flags=area,format=gray,metadata=add:key=a:value=b,metadata=print:key=a:file={times}"
        picture = (
            "-map",
            f"0:{moving_picture(film)}",
            "-vf",
            small,
            "-fps_mode",
            "passthrough",
            "-f",
            "rawvideo",
            shades,
        )
        ffmpeg("-i", film, *sound, *picture)
        lines = times.read_text("utf-8").splitlines()
        moments = [float(line.rpartition("pts_time:")[2]) for line in lines if line.startswith("frame:")]
        thumbs = np.fromfile(shades, dtype=np.uint8).reshape(-1, 256).astype(np.float32)
        onset_seconds = onset(np.fromfile(samples, dtype="<f4"), RATE_HZ)
        return Speech(onset_seconds, list(zip(moments, thumbs, strict=True)))


def moving_picture(film: Path) -> int:
    """Return the number of the stream with the most pictures."""
    entries = ("-select_streams", "v", "-count_packets", "-show_entries", "stream=index,nb_read_packets")
    command = ["ffprobe", "-v", "error", *entries, "-of", "csv=p=0", str(film)]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    counted = [line.strip(",").split(",")[:2] for line in found]
    return max(((int(count), int(index)) for index, count in counted if count.isdigit()), key=lambda pair: pair[0])[1]


def onset(samples: NDArray[np.float32], rate_hz: int) -> float:
    """Return when a sound first gets loud, in seconds."""
    loud = np.abs(samples)
    return int(np.argmax(loud > 0.1 * loud.max())) / rate_hz


def shift_of_pictures(
    film: list[tuple[float, NDArray[np.float32]]], result: list[tuple[float, NDArray[np.float32]]]
) -> float:
    """Return how much later pictures are in a result than in a film: the median of those that are like no other."""
    shades = np.stack([shade for _, shade in result])
    shifts = []
    for time, shade in film[:: max(1, len(film) // 40)]:
        unlike = np.abs(shades - shade).mean(axis=1)
        best = int(np.argmin(unlike))
        if np.sum(unlike <= unlike[best] + 0.05) == 1:
            shifts.append(result[best][0] - time)
    if shifts:
        return float(np.median(shifts))
    one, other = changes(film), changes(result)  # all stand still: the first of each scene tells
    assert len(one) == len(other)
    return max((late - time for time, late in zip(one, other, strict=True)), key=abs)


def changes(pictures: list[tuple[float, NDArray[np.float32]]]) -> list[float]:
    """Return when a picture is unlike the one before, with the first."""
    beside = itertools.pairwise(pictures)
    return [pictures[0][0], *(time for (_, one), (time, other) in beside if np.abs(one - other).mean() > 2)]


def _flashes(text: str) -> tuple[float, ...]:
    """Return when white pictures begin, from what the filter ``metadata=print`` writes."""
    found, white, time = [], False, 0.0
    for line in text.splitlines():
        if line.startswith("frame:"):
            time = float(line.rpartition("pts_time:")[2])
        elif line.startswith("lavfi.signalstats.YAVG="):
            now = float(line.partition("=")[2]) > 200
            if now and not white:
                found.append(time)
            white = now
    return tuple(found)


def ffmpeg(*options: object, data: bytes | None = None) -> None:
    command = ["ffmpeg", "-v", "error", "-y", *([] if data else ["-nostdin"]), *map(str, options)]
    done = subprocess.run(command, input=data, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
