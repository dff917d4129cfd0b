"""Films that say when it is: a chirp is heard and a flash is seen at the same moments, whatever the container does.

Pictures and sounds are encoded once and put together anew for each film. ``events`` looks for the chirps and flashes in
a file with ffmpeg alone, as a player decodes it: none of the project's code has a part in it.
"""

from __future__ import annotations

import functools
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 48_000
SECONDS = 5
#: When a chirp and a flash begin, in seconds of their streams. No two chirps are the same.
MOMENTS = (1.0, 3.0)
_CHIRP_SECONDS = 0.25
_FREQUENCIES = ((400, 2400), (2600, 700))
_FLASH_SECONDS = 0.2

#: How pictures are encoded.
PICTURES: dict[str, tuple[str, ...]] = {
    "h264": ("-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-bf", "2"),
    "h264-long": ("-c:v", "libx264", "-preset", "ultrafast", "-g", "250"),
    "hevc": ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:pools=1"),
    "mpeg4": ("-c:v", "mpeg4", "-q:v", "5"),
    "mpeg2": ("-c:v", "mpeg2video", "-q:v", "5", "-bf", "2"),
    "vp8": ("-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "300k"),
    "vp9": ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "300k"),
    "theora": ("-c:v", "libtheora", "-q:v", "5"),
    "mjpeg": ("-c:v", "mjpeg", "-q:v", "5"),
    "prores": ("-c:v", "prores_ks", "-profile:v", "0"),
    "wmv2": ("-c:v", "wmv2", "-q:v", "5"),
    "flv1": ("-c:v", "flv", "-q:v", "5"),
    "h263": ("-c:v", "h263", "-q:v", "5", "-s", "128x96"),
}


@dataclass(frozen=True)
class Recipe:
    """A film: its container (the suffix of its name), its codecs, and when its streams start, in seconds.

    Attributes:
        cut: seconds that ``-ss`` with copied streams takes off its beginning: an edit list, in MP4.
        clock: added to all of its times.
    """

    suffix: str
    picture: str
    sound: str
    picture_late: float = 0.0
    sound_late: float = 0.0
    cut: float = 0.0
    clock: float = 0.0

    def __str__(self) -> str:
        """Return its name."""
        times = (("v", self.picture_late), ("a", self.sound_late), ("cut", self.cut), ("clock", self.clock))
        return "-".join([self.suffix, self.picture, self.sound, *(f"{name}{time:g}" for name, time in times if time)])


@functools.cache
def _chirps() -> NDArray[np.float64]:
    """Return each chirp's samples."""
    time = np.arange(round(_CHIRP_SECONDS * RATE_HZ)) / RATE_HZ
    shape = np.hanning(len(time))
    sweeps = (low * time + (high - low) * time**2 / (2 * _CHIRP_SECONDS) for low, high in _FREQUENCIES)
    return np.stack([np.sin(2 * np.pi * sweep) * shape for sweep in sweeps])


def _sound() -> NDArray[np.float64]:
    """Return the film's sound: chirps over soft noise, which is another in each place."""
    made = np.random.default_rng(7).normal(0, 0.01, SECONDS * RATE_HZ)
    for moment, chirp in zip(MOMENTS, _chirps(), strict=True):
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
    streams = ("-map", "0:v", "-map", "1:a", "-c:v", "copy", *_sound_options(recipe))
    _ffmpeg(*offset, "-i", picture, *late, "-i", wav, *streams, *clock, *_container(recipe), into)
    if recipe.cut:
        _ffmpeg("-ss", recipe.cut, "-i", into, "-c", "copy", film)
        into.unlink()
    return film


def _container(recipe: Recipe) -> tuple[str, ...]:
    if recipe.suffix == "mxf":
        return ()
    return ("-f", "vob") if recipe.suffix == "vob" else ()


def _sound_options(recipe: Recipe) -> tuple[str, ...]:
    codec = {"opus": "libopus", "vorbis": "libvorbis", "mp3": "libmp3lame"}.get(recipe.sound, recipe.sound)
    rate = {"nellymoser": ("-ar", "44100"), "wmav2": ("-ar", "44100"), "mp3": ("-ar", "44100")}.get(recipe.sound, ())
    channels = ("-ac", "2") if recipe.sound in ("pcm_bluray", "pcm_dvd") else ()
    return ("-c:a", codec, *rate, *channels, "-strict", "-2")


def _encode_picture(path: Path, name: str) -> None:
    flashes = "+".join(f"between(t\\,{moment}\\,{moment + _FLASH_SECONDS - 0.02:.2f})" for moment in MOMENTS)
    size = "128x96" if name == "h263" else "96x64"
    picture = f"testsrc2=size={size}:rate=25:duration={SECONDS},eq=contrast=0.6:brightness=-0.25"
    flash = f"{picture},drawbox=color=white:thickness=fill:enable='{flashes}'"
    _ffmpeg("-f", "lavfi", "-i", flash, "-pix_fmt", _pixels(name), *PICTURES[name], "-threads", "1", path)


def _pixels(name: str) -> str:
    return {"prores": "yuv422p10le", "mjpeg": "yuvj420p"}.get(name, "yuv420p")


def _write_sound(path: Path, _: str) -> None:
    samples = (_sound() * 32767).astype("<i2")
    _ffmpeg("-f", "s16le", "-ar", RATE_HZ, "-ac", 1, "-i", "pipe:0", path, data=samples.tobytes())


def _piece(folder: Path, name: str, write: object, argument: str) -> Path:
    """Return a piece that is made the first time; several processes may ask for it at a time."""
    path = folder / name
    if not path.exists():
        with tempfile.TemporaryDirectory(dir=folder) as work:
            made = Path(work) / name
            write(made, argument)  # type: ignore[operator]
            made.replace(path)
    return path


@dataclass(frozen=True)
class Events:
    """When things happen in a file, in seconds as a player plays it; None where they do not."""

    chirps: tuple[float | None, ...]
    flashes: tuple[float, ...]


def events(film: Path) -> Events:
    """Find chirps and flashes in a file, decoded by one ffmpeg command, so that both are on one clock."""
    with tempfile.TemporaryDirectory() as work:
        samples, bright = Path(work) / "sound", Path(work) / "bright"
        sound = (
            "-map",
            "0:a:0",
            "-af",
            "aresample=async=1:first_pts=0",
            "-ac",
            1,
            "-ar",
            RATE_HZ,
            "-f",
            "f32le",
            samples,
        )
        measure = f"scale=4:4,format=gray,signalstats,metadata=print:key=lavfi.signalstats.YAVG:file={bright}"
        picture = ("-map", "0:V:0", "-vf", measure, "-fps_mode", "passthrough", "-f", "null", "-")
        _ffmpeg("-i", film, *sound, *picture)
        return Events(chirps(np.fromfile(samples, dtype="<f4")), _flashes(bright.read_text("utf-8")))


def chirps(samples: NDArray[np.float32], rate_hz: int = RATE_HZ) -> tuple[float | None, ...]:
    """Return when each chirp begins in a sound, in seconds from its first sample."""
    if rate_hz != RATE_HZ:
        count = round(len(samples) * RATE_HZ / rate_hz)
        samples = np.interp(np.arange(count) / RATE_HZ, np.arange(len(samples)) / rate_hz, samples).astype(np.float32)
    found: list[float | None] = []
    for chirp in _chirps():
        if len(samples) < len(chirp):
            return (None,) * len(MOMENTS)
        size = 1 << (len(samples) - 1).bit_length()
        product = np.fft.irfft(np.fft.rfft(samples, size) * np.conj(np.fft.rfft(chirp, size)), size)[: len(samples)]
        place = int(np.argmax(np.abs(product)))
        heard = samples[place : place + len(chirp)]
        likeness = abs(product[place]) / np.sqrt(max(1e-9, float((heard**2).sum())) * float((chirp**2).sum()))
        found.append(place / RATE_HZ if likeness > 0.8 else None)
    return tuple(found)


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


def _ffmpeg(*options: object, data: bytes | None = None) -> None:
    command = ["ffmpeg", "-v", "error", "-y", *([] if data else ["-nostdin"]), *map(str, options)]
    done = subprocess.run(command, input=data, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
