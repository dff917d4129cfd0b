"""Copies of streams by ffmpeg."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from samvad.core.errors import MediaError
from samvad.media import ffmpeg
from samvad.media.clock import Film
from samvad.media.film_headers import Stream

#: Streams that a Matroska file has tracks for; data streams (time codes, telemetry) are none of them.
KINDS = ("video", "audio", "subtitle")
#: Subtitles that are pictures.
_PICTURES = frozenset({"dvd_subtitle", "dvb_subtitle", "hdmv_pgs_subtitle", "xsub"})
#: No subtitle is shown for longer: some tracks of pictures state no end, which is written as 49 days.
LONGEST_SUBTITLE_SECONDS = 60


def named(streams: Iterable[Stream]) -> str:
    """Return streams in words, for a message: their numbers, kinds and codecs."""
    return ", ".join(f"{stream.index} ({stream.kind}, {stream.codec})" for stream in streams)


def copy_subtitles(film: Film, target: Path, streams: Sequence[Stream], end_ms: int) -> None:
    """Copy subtitle tracks into a new Matroska file, on the film's clock; MP4's text, which it has not, becomes SubRip.

    What would be shown beyond the film's end ends with it, MP4's text apart: players would show a film as long as that.

    Args:
        film: the film.
        target: the file to write.
        streams: the tracks.
        end_ms: how long the film is; 0 where nobody knows.

    Raises:
        MediaError: ffmpeg cannot.
        DiskError: the disk is full.
        ToolError: ffmpeg is missing, or hung.
    """
    source = film.source()
    codecs: dict[str, str | int | list[str] | None] = {}
    # Without a length, mkvmerge would take the one in a picture's own bytes: twelve minutes at the most.
    left = f"max(0.001/TB\\,{end_ms / 1000:.3f}/TB-PTS)" if end_ms else "DURATION"
    for place, stream in enumerate(streams):
        if stream.codec in ("mov_text", "ttml", "text"):
            # Its times have an end, and what ffmpeg 5 encodes does not come through a filter of packets.
            codecs[f"c:{place}"] = "srt"
            continue
        codecs[f"c:{place}"] = "copy"
        shown = f"min(DURATION\\,{left})"
        if stream.codec in _PICTURES:
            longest = f"min({LONGEST_SUBTITLE_SECONDS}/TB\\,{left})"
            shown = f"if(gt(DURATION*TB\\,{LONGEST_SUBTITLE_SECONDS})\\,{longest}\\,{shown})"
        codecs[f"bsf:{place}"] = f"setts=duration={shown}"
    taken = [source[str(stream.index)] for stream in streams]
    write(
        taken,
        film.path,
        target,
        {**codecs, "f": "matroska", "map_chapters": 0},
        read_along=film.read_along,
    )


def write(
    streams: Sequence[ffmpeg.Stream],
    film: Path,
    target: Path,
    options: ffmpeg.Options,
    global_options: ffmpeg.Options = ffmpeg.NO_OPTIONS,
    read_along: Sequence[int] = (),
) -> None:
    """Write streams of a film into a file, with ffmpeg's options.

    Raises:
        MediaError: ffmpeg cannot do it.
        DiskError: the disk is full.
        ToolError: ffmpeg is missing, or hung.
    """
    # Without "bitexact" every file bears numbers made by chance.
    done = ffmpeg.run(
        streams,
        target,
        {**options, "fflags": "+bitexact"},
        global_options=global_options,
        read_along=read_along,
    )
    if done.code == 0:
        return
    raise MediaError(
        f"ffmpeg cannot read or copy {str(film)!r} (exit code {done.code}): {done.last_line}.",
        "Play the film to see whether it is whole; if it is not, copy it again.",
        path=str(film),
        stderr_tail=done.tail,
    )
