"""What MP4 can hold, by ffmpeg 5.1's muxer, and players then find in it."""

from __future__ import annotations

from samvad.core.errors import MediaError
from samvad.media.film_headers import Header, Stream

#: Sounds (ffmpeg's names) that stay as they are; all others become FLAC.
SOUNDS = frozenset({"aac", "mp3", "mp2", "ac3", "eac3", "alac", "flac", "opus", "dts"})
_PICTURES = frozenset({"h264", "hevc", "av1", "vp9", "mpeg4", "mpeg2video", "mpeg1video", "vc1", "mjpeg"})
#: FLAC holds so many channels.
FLAC_CHANNELS = 8


def check(header: Header, film: str) -> None:
    """Refuse a film that cannot become MP4: its picture has to stay as it is, and its sounds without loss.

    Args:
        header: of the film.
        film: its path, for the message.

    Raises:
        MediaError: it cannot; says which stream, and what to do.
    """
    unfit = [stream for stream in (*header.moving, *header.of_kind("audio")) if not _fits(stream)]
    if unfit:
        names = ", ".join(f"{_told(stream)} (stream {stream.index})" for stream in unfit)
        raise MediaError(
            f"MP4 cannot hold {names} of {film!r}.",
            "Set mux.container to mkv; for this film alone: ./samvad film with --set mux.container=mkv.",
            path=film,
        )


def _fits(stream: Stream) -> bool:
    if stream.kind == "video":
        return stream.codec in _PICTURES
    return stream.codec in SOUNDS or not stream.sound or stream.sound.channels <= FLAC_CHANNELS


def _told(stream: Stream) -> str:
    if stream.kind == "video":
        return f"the picture {stream.codec}"
    return f"the {stream.sound.channels if stream.sound else 0} channels of the sound {stream.codec}"
