"""The probe document of stage 01: what is known of a film, and which of its audio tracks is heard."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from samvad.core import typed_json
from samvad.documents.film_clock import FilmClock
from samvad.documents.media_facts import MediaFacts


@dataclass(frozen=True)
class VideoStream:
    """The film's picture. The frame rate is exact: numerator / denominator frames a second."""

    codec: str
    width: int
    height: int
    frame_rate_numerator: int
    frame_rate_denominator: int
    variable_frame_rate: bool

    @property
    def frame_rate(self) -> Fraction | None:
        """Return the frames a second; None where the film says nonsense."""
        if not self.frame_rate_numerator or not self.frame_rate_denominator:
            return None
        return Fraction(self.frame_rate_numerator, self.frame_rate_denominator)


@dataclass(frozen=True)
class AudioTrack:
    """An audio track.

    ``track`` counts audio tracks from 0, ``stream`` all streams; times are from the film's start; ``flags`` are what
    the container says of it besides ``default``, in ffmpeg's words: ``comment``, ``visual_impaired``, ``original``.
    """

    track: int
    stream: int
    codec: str
    language: str | None
    channels: int
    layout: str
    sample_rate_hz: int
    title: str
    default: bool
    start_ms: int
    duration_ms: int | None
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class SubtitleTrack:
    """A subtitle track that the film has already."""

    track: int
    stream: int
    codec: str
    language: str | None
    title: str
    default: bool
    forced: bool


@dataclass(frozen=True, kw_only=True)
class Probe:
    """What stage 01 found out about a film.

    Attributes:
        checksum: of the film.
        container: ffmpeg's name of it.
        start_ms: the film's time zero on the container's own clock.
        duration_ms: the film's length, or that of its sound where that is longer.
        clock: when each of its streams plays; None in documents of earlier versions.
        video: None where the film has no picture.
        chosen_audio_track: number of the track that is recognised.
        chosen_because: why it is that one.
        chosen_channel: what was heard of it: ``mix``, ``left``, ``right``, ``centre``, ``side`` (half the difference of
            left and right), ``left and right``, ``all``, or a channel's number; None in documents of earlier versions.
        media: as the manifest records it.
        extra: keys that this version does not know.
    """

    schema_version: str = "1.0"
    size_bytes: int
    checksum: str
    container: str
    start_ms: int
    duration_ms: int
    video: VideoStream | None
    audio: tuple[AudioTrack, ...]
    subtitles: tuple[SubtitleTrack, ...]
    chosen_audio_track: int
    chosen_because: str
    media: MediaFacts
    clock: FilmClock | None = None
    chosen_channel: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)


def read(path: Path) -> Probe:
    """Read a probe document.

    Raises:
        SamvadError: it is missing or damaged; names the file and the key.
    """
    return typed_json.read(path, Probe, "probe document of stage 01", "Run stage 01 again.")


def write(path: Path, probe: Probe) -> None:
    """Write a probe document atomically."""
    typed_json.write(path, probe)
