"""What a manifest records of a film, a sound or a result: its container and streams, times in ms from its start."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class VideoFacts:
    """A picture.

    Attributes:
        width: in pixels, as coded, before any rotation.
        height: in pixels.
        pixel_aspect: width:height of a pixel.
        frame_rate: frames a second as an exact fraction, such as ``24000/1001``.
        variable_frame_rate: measured; None where it cannot be.
        interlaced: None where the stream does not say.
    """

    width: int
    height: int
    pixel_aspect: str | None
    frame_rate: str | None
    variable_frame_rate: bool | None
    interlaced: bool | None
    rotation_degrees: int


@dataclass(frozen=True)
class AudioFacts:
    """A sound; ``layout`` is None where the stream does not say."""

    channels: int
    layout: str | None
    sample_rate_hz: int


@dataclass(frozen=True)
class StreamFacts:
    """A stream.

    Attributes:
        index: its number among all streams.
        kind: ``video``, ``audio``, ``subtitle``, ``data`` or ``attachment``, which a cover is too.
        language: the tag as it stands, such as ``hin``; None where there is none.
        start_ms: of its first packet.
        duration_ms: None where it is not known.
    """

    index: int
    kind: str
    codec: str
    language: str | None
    title: str
    default: bool
    forced: bool
    start_ms: int | None
    duration_ms: int | None
    video: VideoFacts | None
    audio: AudioFacts | None


@dataclass(frozen=True)
class MediaFacts:
    """A file.

    Attributes:
        container: ffmpeg's name of it, whatever the file is called.
        start_ms: the container's first time, which is the film's time 0.
        duration_ms: None where it is not known.
        duration_from: ``header``, or ``packets`` where it was measured.
    """

    container: str
    start_ms: int
    duration_ms: int | None
    duration_from: str
    streams: tuple[StreamFacts, ...]
