"""Copies of streams by ffmpeg."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from samvad.core.errors import MediaError
from samvad.media import ffmpeg
from samvad.media.ffprobe import Stream

#: Streams that a Matroska file has tracks for; data streams (time codes, telemetry) are none of them.
KINDS = ("video", "audio", "subtitle")


def copy_streams(film: Path, target: Path, streams: Sequence[Stream]) -> None:
    """Copy streams as they are into a new Matroska file; MP4's text (which Matroska has no code for) becomes SubRip.

    Raises:
        MediaError: ffmpeg cannot.
        DiskError: the disk is full.
        ToolError: ffmpeg is missing, or hung.
    """
    source = ffmpeg.source(film)
    codecs: ffmpeg.Options = {
        f"c:{place}": "srt" if stream.codec == "mov_text" else "copy" for place, stream in enumerate(streams)
    }
    write([source[str(stream.index)] for stream in streams], film, target, {**codecs, "f": "matroska"})


def write(
    streams: Sequence[ffmpeg.Stream],
    film: Path,
    target: Path,
    options: ffmpeg.Options,
    global_options: ffmpeg.Options = ffmpeg.NO_OPTIONS,
) -> None:
    """Write streams of a film into a file, with ffmpeg's options.

    Raises:
        MediaError: ffmpeg cannot do it.
        DiskError: the disk is full.
        ToolError: ffmpeg is missing, or hung.
    """
    # Without "bitexact" every file bears numbers made by chance.
    done = ffmpeg.run(streams, target, {**options, "fflags": "+bitexact"}, global_options=global_options)
    if done.code == 0:
        return
    raise MediaError(
        f"ffmpeg cannot read or copy {str(film)!r} (exit code {done.code}): {done.last_line}.",
        "Play the film to see whether it is whole; if it is not, copy it again.",
        path=str(film),
        stderr_tail=done.tail,
    )
