"""What a film and a result hold, as ffprobe tells, and copies of streams by ffmpeg."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samvad.core.errors import DiskError, MediaError
from samvad.core.times import seconds_to_ms
from samvad.media import ffmpeg, ffprobe

#: Streams that a Matroska file has tracks for; data streams (time codes, telemetry) are none of them.
KINDS = ("video", "audio", "subtitle")


@dataclass(frozen=True)
class Stream:
    """A stream of a film.

    Attributes:
        index: its number among all streams.
        kind: ``video``, ``audio``, ``subtitle``, ``data`` or ``attachment``; a cover picture is an attachment.
        codec: ffmpeg's name.
        language: the tag as it stands, such as ``hin``, or None.
        title: the track's name, or empty.
        default: whether players choose it by themselves.
        forced: whether it is to be shown even when subtitles are off.
        hearing_impaired: whether it is for the deaf and hard of hearing.
    """

    index: int
    kind: str
    codec: str
    language: str | None
    title: str
    default: bool
    forced: bool
    hearing_impaired: bool = False


@dataclass(frozen=True)
class Media:
    """A film's streams and number of chapters; ``duration_ms`` is None where the container does not say.

    Attributes:
        header: what it was made of, for whoever wants to know more without asking ffprobe again.
    """

    duration_ms: int | None
    start_ms: int
    streams: tuple[Stream, ...]
    chapters: int = 0
    header: ffprobe.Header | None = None

    def of_kind(self, kind: str) -> list[Stream]:
        """Return the streams of a kind, in order."""
        return [stream for stream in self.streams if stream.kind == kind]


def probe(path: Path) -> Media:
    """Ask ffprobe what a file holds.

    Raises:
        MediaError: ffprobe cannot read it.
        ToolError: ffprobe is missing.
    """
    header = ffprobe.read_header(path)
    form = header.found["format"]
    return Media(
        duration_ms=seconds_to_ms(float(form["duration"])) if "duration" in form else None,
        start_ms=seconds_to_ms(header.start_seconds),
        streams=tuple(_stream(stream) for stream in header.streams),
        chapters=len(header.found.get("chapters", [])),
        header=header,
    )


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
    if ffmpeg.is_disk_full(done):
        raise DiskError(
            f"No space was left on the disk while {str(film)!r} was copied.",
            "Free some space, or set output_root to a folder on another disk, and run again.",
        )
    raise MediaError(
        f"ffmpeg cannot read or copy {str(film)!r} (exit code {done.code}): {done.last_line}.",
        "Play the film to see whether it is whole; if it is not, copy it again.",
        path=str(film),
        stderr_tail=done.tail,
    )


def _stream(found: dict[str, Any]) -> Stream:
    disposition = found.get("disposition", {})
    tags = {key.lower(): str(value) for key, value in found.get("tags", {}).items()}
    kind = str(found.get("codec_type", "data"))
    return Stream(
        index=int(found["index"]),
        kind="attachment" if disposition.get("attached_pic") else kind,
        codec=str(found.get("codec_name", "unknown")),
        language=tags.get("language"),
        title=tags.get("title", ""),
        default=bool(disposition.get("default")),
        forced=bool(disposition.get("forced")),
        hearing_impaired=bool(disposition.get("hearing_impaired")),
    )
