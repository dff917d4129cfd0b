"""What is in a film: its streams, durations, frame rate and languages, as ffprobe tells."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from samvad.core.errors import MediaError
from samvad.core.times import seconds_to_ms
from samvad.media import ffprobe
from samvad.media.ffprobe import Header, is_picture, rate, tags
from samvad.text import languages


@dataclass(frozen=True)
class VideoStream:
    """The film's picture. The frame rate is exact: numerator / denominator frames a second."""

    codec: str
    width: int
    height: int
    frame_rate_numerator: int
    frame_rate_denominator: int
    variable_frame_rate: bool


@dataclass(frozen=True)
class AudioTrack:
    """An audio track. ``track`` counts audio tracks from 0, ``stream`` all streams; times are from the film's start."""

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


@dataclass(frozen=True)
class Probe:
    """All that is known of a film before it is decoded.

    Attributes:
        start_ms: the container's own first time, which is the film's time 0 here; MPEG-TS seldom begins at 0.
        duration_ms: None where the header does not say.
    """

    container: str
    start_ms: int
    duration_ms: int | None
    video: VideoStream | None
    audio: tuple[AudioTrack, ...]
    subtitles: tuple[SubtitleTrack, ...]


def check_readable(path: Path) -> None:
    """Check that there is a file to read.

    Raises:
        MediaError: it is missing, a folder, empty, or may not be read.
    """
    shown = str(path)
    remedy = "Correct the column media of the film sheet."
    if path.is_dir():
        raise MediaError(f"{shown!r} is a folder, not a film.", remedy, path=shown)
    if not path.exists():
        raise MediaError(f"The film {shown!r} does not exist.", remedy, path=shown)
    if not path.is_file():
        raise MediaError(f"{shown!r} is not a regular file.", remedy, path=shown)
    if not os.access(path, os.R_OK):
        raise MediaError(f"The film {shown!r} may not be read.", "Change its permissions.", path=shown)
    if path.stat().st_size == 0:
        raise MediaError(f"The film {shown!r} is empty (0 bytes).", "Copy it again.", path=shown)


def probe(path: Path, header: Header) -> Probe:
    """Return what a film's headers say.

    Args:
        path: the film.
        header: from ``media_facts.read_header``.

    Raises:
        MediaError: it holds neither sound nor picture.
    """
    result = _parse(header)
    if not result.audio and result.video is None:
        raise MediaError(f"{str(path)!r} holds neither sound nor picture.", "Is it a film?", path=str(path))
    return result


def choose_audio(
    tracks: Sequence[AudioTrack], wanted: Sequence[str], number: int | None, film: str
) -> tuple[AudioTrack, str]:
    """Choose the audio track to recognise: by number, else by language tag, else the default flag, else the first.

    Args:
        tracks: the film's audio tracks.
        wanted: languages spoken in the film, most important first; may be empty.
        number: a track's number that a user gave, or None.
        film: the film's path, for messages.

    Returns:
        The track, and why it was chosen.

    Raises:
        MediaError: there is no audio, or no track of that number.
    """
    if not tracks:
        raise MediaError(
            f"{film!r} has no audio track, so there is no speech to subtitle.", "Choose another file.", path=film
        )
    if number is not None:
        for track in tracks:
            if track.track == number:
                return track, "its number was given"
        raise MediaError(
            f"{film!r} has no audio track {number}; it has {len(tracks)}, counted from 0.",
            "Correct audio_track in the film sheet or demux.audio_track in the configuration.",
            path=film,
        )
    for language in wanted:
        tagged = [track for track in tracks if track.language == language]
        if tagged:
            best = next((track for track in tagged if track.default), tagged[0])
            return best, f"its language tag is {language}"
    for track in tracks:
        if track.default and len(tracks) > 1:
            return track, "it is flagged as default"
    return tracks[0], "it is the first" if len(tracks) > 1 else "it is the only one"


def measured(film: Path, header: Header, found: Probe, chosen: int) -> tuple[Probe, dict[str, Any]]:
    """Put what can be measured in the place of what headers say wrongly.

    Args:
        film: the film.
        header: from ``media_facts.read_header``.
        found: what ``probe`` made of it.
        chosen: number of the audio track that is to be heard; its start is searched for however late it comes.

    Returns:
        The film's facts with true starts of its audio tracks, its true length and whether its frame rate varies; and
        the same as a manifest records it.
    """
    first = ffprobe.first_times(film)
    stream = found.audio[chosen].stream
    if stream not in first:
        first |= ffprobe.first_times(film, stream)
    length_ms = found.duration_ms or ffprobe.playing_span_ms(film)
    varies = ffprobe.is_variable_frame_rate(film, header, length_ms)
    video = found.video and replace(found.video, variable_frame_rate=bool(varies))
    audio = tuple(_with_true_start(track, first.get(track.stream), found.start_ms) for track in found.audio)
    facts = ffprobe.describe(header, length_ms, first, varies)
    return replace(found, duration_ms=length_ms, video=video, audio=audio), facts


def _with_true_start(track: AudioTrack, first_seconds: float | None, film_start_ms: int) -> AudioTrack:
    start_ms = 0 if first_seconds is None else max(0, seconds_to_ms(first_seconds) - film_start_ms)
    # An encoder's priming samples come a little before the track's start; a start that is later is the true one.
    if start_ms <= track.start_ms:
        return track
    late_ms = start_ms - track.start_ms
    duration_ms = None if track.duration_ms is None else max(0, track.duration_ms - late_ms)
    return replace(track, start_ms=start_ms, duration_ms=duration_ms)


def _parse(header: Header) -> Probe:
    pictures = [stream for stream in header.streams if is_picture(stream)]
    sounds = [stream for stream in header.streams if stream.get("codec_type") == "audio"]
    texts = [stream for stream in header.streams if stream.get("codec_type") == "subtitle"]
    return Probe(
        container=str(header.found.get("format", {}).get("format_name", "unknown")),
        start_ms=seconds_to_ms(header.start_seconds),
        duration_ms=header.duration_ms,
        video=_video(pictures[0]) if pictures else None,
        audio=tuple(_audio(number, stream, header) for number, stream in enumerate(sounds)),
        subtitles=tuple(_subtitle(number, stream) for number, stream in enumerate(texts)),
    )


def _video(stream: dict[str, Any]) -> VideoStream:
    frames = rate(stream.get("avg_frame_rate")) or rate(stream.get("r_frame_rate")) or Fraction(24)
    return VideoStream(
        codec=str(stream.get("codec_name", "unknown")),
        width=int(stream.get("width", 0)),
        height=int(stream.get("height", 0)),
        frame_rate_numerator=frames.numerator,
        frame_rate_denominator=frames.denominator,
        variable_frame_rate=False,  # until it is measured
    )


def _audio(number: int, stream: dict[str, Any], header: Header) -> AudioTrack:
    tagged = tags(stream)
    start = header.start_seconds
    start_ms = max(0, seconds_to_ms(float(stream.get("start_time") or start) - start))
    # Matroska's tag tells when the track ends; the stream's own duration there is that of the film.
    end_ms = ffprobe.duration_ms(tagged.get("duration"))
    duration_ms = ffprobe.duration_ms(stream.get("duration")) if end_ms is None else max(0, end_ms - start_ms)
    return AudioTrack(
        track=number,
        stream=int(stream["index"]),
        codec=str(stream.get("codec_name", "unknown")),
        language=languages.from_tag(tagged.get("language")),
        channels=int(stream.get("channels", 0)),
        layout=str(stream.get("channel_layout", "")),
        sample_rate_hz=int(stream.get("sample_rate", 0)),
        title=tagged.get("title", ""),
        default=bool(stream.get("disposition", {}).get("default")),
        start_ms=start_ms,
        duration_ms=None if header.estimated else duration_ms,
    )


def _subtitle(number: int, stream: dict[str, Any]) -> SubtitleTrack:
    tagged = tags(stream)
    return SubtitleTrack(
        track=number,
        stream=int(stream["index"]),
        codec=str(stream.get("codec_name", "unknown")),
        language=languages.from_tag(tagged.get("language")),
        title=tagged.get("title", ""),
        default=bool(stream.get("disposition", {}).get("default")),
        forced=bool(stream.get("disposition", {}).get("forced")),
    )
