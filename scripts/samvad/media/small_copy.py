"""A small copy of a film that every browser plays: made when somebody wants it, kept by the film's checksum.

It costs more than all else that is done with pictures, and most films never need one: a browser plays many as they are.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from samvad.core import files
from samvad.core.errors import ChangedFileError, MediaError
from samvad.media import clock, ffmpeg, shots
from samvad.media.clock import Film
from samvad.media.film_headers import Stream

#: Height in pixels where nobody says another.
HEIGHT = 240
_VIDEO: ffmpeg.Options = {"c:v": "libx264", "preset": "ultrafast", "crf": 31, "g": 48, "pix_fmt": "yuv420p"}
_AUDIO: ffmpeg.Options = {"c:a": "aac", "aac_coder": "fast"}
_AUDIO_HZ = 24_000
#: Sound that begins so soon after the film begins with it; MP4 states when that is.
_WITH_SECONDS = 0.05
#: What ffmpeg says of how far it is.
_DONE = "out_time_us="


def make(
    film: Film,
    sound: Stream | None,
    target: Path,
    height: int = HEIGHT,
    threads: int = 0,
    progress: Callable[[float], None] | None = None,
) -> None:
    """Write a small copy (MP4, H.264 and AAC) on the film's clock.

    Args:
        film: the film.
        sound: the sound that it is to have.
        target: the file to write.
        height: in pixels; a smaller film stays as it is.
        threads: CPU threads to decode with; 0 for as many as there are.
        progress: is told how many seconds of it are done.

    Raises:
        MediaError: the film cannot be read.
        DiskError: the disk is full.
        ToolError: ffmpeg is missing, or hung.
    """
    video = film.header.film_picture
    source = film.source(threads=threads, skip_loop_filter="noref")
    streams = [source[str(stream.index)] for stream in (video, sound) if stream]
    filters: ffmpeg.Options = {"vf": f"{ffmpeg.SHOWN},{shots.scale(height)}"} if video else {}
    # So small a picture is encoded faster than the film is decoded: more threads would only wait for each other.
    written: ffmpeg.Options = {"threads": 1, "movflags": "+faststart", "f": "mp4"}
    encoders: ffmpeg.Options = {**filters, **(_VIDEO if video else {}), **written}
    if sound is not None:
        # Two channels stay two: in opposite phase, nothing would be left of one.
        is_mono = sound.sound is not None and sound.sound.channels == 1
        channels: ffmpeg.Options = {"ac": 1, "b:a": "48k"} if is_mono else {"ac": 2, "b:a": "64k"}
        late = not _begins_with(film, sound)
        in_time: ffmpeg.Options = {"af": ffmpeg.sound_in_time(_AUDIO_HZ, film.off_seconds, from_zero=late)}
        encoders = {**encoders, **in_time, **_AUDIO, **channels}

    def hear(line: str) -> None:
        done = line.removeprefix(_DONE)
        if progress is not None and done != line and done.isdigit():
            progress(int(done) / 1e6)

    done = ffmpeg.run(streams, target, encoders, stdout_line=hear, read_along=film.read_along)
    if done.code:
        target.unlink(missing_ok=True)
        raise MediaError(
            f"No small copy of {str(film.path)!r} can be made: {done.last_line}.",
            "Play it to see whether it is whole.",
            path=str(film.path),
        )


def _begins_with(film: Film, sound: Stream) -> bool:
    """Return whether a sound begins where the film does, so that nothing is to be filled before it."""
    if sound.start_seconds is None:
        return False
    return 0 <= sound.start_seconds - film.start.zero_us / 1e6 < _WITH_SECONDS


def kept(checksum: str, height: int = HEIGHT) -> Path | None:
    """Return the small copy of the film of a checksum (``sha256:…``), where one is kept; else None."""
    path = _place(checksum, height)
    return path if path.is_file() else None


def on_demand(
    film: Path,
    checksum: str,
    sound_stream: int | None,
    height: int = HEIGHT,
    threads: int = 1,
    progress: Callable[[float], None] | None = None,
) -> Path:
    """Return a film's small copy, made now if none is kept.

    Args:
        film: where it lies.
        checksum: of the film (``sha256:…``), as stage 01 wrote it down.
        sound_stream: the number of the stream that it is to have for its sound; None for none.
        height: in pixels.
        threads: CPU threads to decode with: one leaves the machine to others.
        progress: is told how many seconds of it are done.

    Raises:
        MediaError: the film cannot be read.
        ChangedFileError: it was changed meanwhile; nothing is kept.
        DiskError: it cannot be written.
        ToolError: ffmpeg is missing, or hung.
    """
    place = _place(checksum, height)
    if place.is_file():
        return place
    before = _identity(film)
    opened = clock.opened(film)
    sound = None if sound_stream is None else opened.header.stream(sound_stream)
    with files.disk_errors(place, "written"):
        place.parent.mkdir(parents=True, exist_ok=True)
        made = place.with_name(f".{place.stem}-{os.getpid()}.mp4")
        try:
            make(opened, sound, made, height, threads, progress)
            if _identity(film) != before:  # whoever asks for the copy by the checksum would see another film
                raise ChangedFileError(f"{str(film)!r} was changed while it was read.", "Try again.", path=str(film))
            made.replace(place)
        finally:
            made.unlink(missing_ok=True)
    return place


def _identity(film: Path) -> tuple[int, int, int] | None:
    try:
        there = film.stat()
    except OSError:
        return None
    return there.st_ino, there.st_size, there.st_mtime_ns


def _place(checksum: str, height: int) -> Path:
    return files.cache_folder() / "small_copies" / f"{checksum.removeprefix('sha256:')}-{height}.mp4"
